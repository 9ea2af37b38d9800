//! The doctor: silent about what is sound, clear about what is not.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use server::clock::Clock;
use server::doctor::{Finding, Level, examine};
use store::testing::{TestEngine, TestStore, permissive};

use crate::ops::office::{Installation, stderr};

async fn findings(installation: &Installation) -> Vec<Finding> {
    examine(&installation.file, &Clock::default()).await
}

/// The findings that are not in order; the limit of open files is the machine's own affair.
async fn complaints(installation: &Installation) -> Vec<Finding> {
    let all = findings(installation).await;
    all.into_iter().filter(|finding| finding.level != Level::Ok && finding.subject != "open files").collect()
}

#[tokio::test]
async fn a_sound_installation_gets_no_complaint() {
    let installation = Installation::new();
    assert_eq!(complaints(&installation).await, []);
    assert!(!installation.path().join("data").exists(), "the doctor changes nothing");
    installation.ok(&["app", "create"]);
    assert_eq!(complaints(&installation).await, []);
    let output = installation.run(&["doctor"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .all(|line| line.starts_with("ok ") || line.starts_with("warning "))
    );
}

/// Checks that an installation has one complaint with these words.
async fn complains(installation: &Installation, level: Level, subject: &str, words: &[&str]) {
    let all = complaints(installation).await;
    let found = all.iter().find(|finding| finding.subject == subject && finding.level == level);
    let text = found.map_or_else(|| panic!("nothing about {subject}: {all:?}"), ToString::to_string);
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(text.lines().count(), 1, "{text}");
    if level == Level::Problem {
        assert_eq!(installation.run(&["doctor"]).status.code(), Some(1), "{text}");
    }
}

#[tokio::test]
async fn a_secret_that_others_read_is_a_problem() {
    let installation = Installation::new();
    let file = installation.path().join("master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("the mode is set");
    complains(&installation, Level::Problem, "secrets", &["master.key", "mode 644", "chmod 600"]).await;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("the mode is set");
    complains(&installation, Level::Warning, "secrets", &["open to its group"]).await;
}

#[tokio::test]
async fn a_missing_or_malformed_secret_is_a_problem() {
    let installation = Installation::new();
    std::fs::write(installation.path().join("master.key"), "abc").expect("written");
    complains(&installation, Level::Problem, "secrets", &["64 hex digits"]).await;
    std::fs::remove_file(installation.path().join("master.key")).expect("removed");
    complains(&installation, Level::Problem, "secrets", &["master.key"]).await;
}

#[tokio::test]
async fn an_unknown_setting_is_a_problem() {
    let installation = Installation::new();
    installation.edit("threads = 8", "treads = 8");
    complains(&installation, Level::Problem, "configuration", &["there is no setting store.treads"]).await;
}

/// Puts a certificate and a key into an installation that serves HTTPS.
fn secure(installation: &Installation, certificate: &str, key: &str) {
    let (own, private) = (installation.path().join("own.pem"), installation.path().join("own.key"));
    std::fs::write(&own, certificate).expect("written");
    std::fs::write(&private, key).expect("written");
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o600)).expect("the mode is set");
    installation
        .edit("# certificate = \"/etc/noroshi/certificate.pem\"", &format!("certificate = \"{}\"", own.display()));
    installation.edit("# key = \"/etc/noroshi/key.pem\"", &format!("key = \"{}\"", private.display()));
    installation.edit("# https = \"0.0.0.0:8443\"", "https = \"127.0.0.1:0\"");
}

/// A certificate that ends at a day.
fn ending(year: i32, month: u8, day: u8) -> (String, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_a_problem() {
    let installation = Installation::new();
    secure(&installation, "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n", "no key");
    complains(&installation, Level::Problem, "certificate", &["own.pem"]).await;
    let installation = Installation::new();
    secure(&installation, &ending(2090, 1, 1).0, &ending(2090, 1, 1).1);
    complains(&installation, Level::Problem, "certificate", &["own.pem", "own.key"]).await;
    std::fs::remove_file(installation.path().join("own.pem")).expect("removed");
    complains(&installation, Level::Problem, "certificate", &["own.pem"]).await;
}

#[tokio::test]
async fn a_certificate_is_judged_by_its_days() {
    let (certificate, key) = ending(2090, 1, 1);
    let installation = Installation::new();
    secure(&installation, &certificate, &key);
    assert_eq!(complaints(&installation).await, []);
    let (certificate, key) = ending(2024, 1, 1);
    let installation = Installation::new();
    secure(&installation, &certificate, &key);
    complains(&installation, Level::Problem, "certificate", &["it ended", "renew"]).await;
}

#[tokio::test]
async fn a_postgres_that_is_not_reached_is_a_problem_without_its_password() {
    let installation = Installation::new();
    installation.edit("url = \"sqlite\"", "url = \"postgres://me:hidden@127.0.0.1:1/x\"");
    complains(&installation, Level::Problem, "store", &["postgres://…@127.0.0.1:1/x", "connecting to the database"])
        .await;
    let all = findings(&installation).await;
    assert!(!format!("{all:?}").contains("hidden"), "{all:?}");
}

#[tokio::test]
async fn a_postgres_is_asked_for_its_schema_its_durability_and_its_clock() {
    let Some(place) = TestStore::open(TestEngine::Postgres, permissive()).await else { return };
    let store::Settings::Postgres { url, .. } = place.settings() else { panic!("a store on PostgreSQL") };
    let installation = Installation::new();
    installation.edit("url = \"sqlite\"", &format!("url = \"{url}\""));
    let all = findings(&installation).await;
    let texts: Vec<_> =
        all.iter().filter(|one| ["store", "clock"].contains(&one.subject)).map(ToString::to_string).collect();
    for words in ["PostgreSQL", "synchronous_commit is", "fsync is", "clock and ours are"] {
        assert!(texts.iter().any(|text| text.contains(words)), "{words}: {texts:?}");
    }
    let apart = examine(&installation.file, &Clock::standing(contract::Millis(1_700_000_000_000))).await;
    assert!(apart.iter().any(|one| one.subject == "clock" && one.level == Level::Problem), "{apart:?}");
    place.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_store_is_a_problem() {
    let installation = Installation::new();
    std::fs::create_dir(installation.path().join("data")).expect("made");
    std::fs::write(installation.path().join("data/noroshi.db"), b"not a store").expect("written");
    complains(&installation, Level::Problem, "store", &["sqlite"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_free_or_held_by_the_node_or_a_problem() {
    let installation = Installation::new();
    let running = super::command::start(&installation).await;
    assert_eq!(complaints(&installation).await, []);
    let texts: Vec<_> = findings(&installation).await.iter().map(ToString::to_string).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("is held by a node that answers")).count(), 2, "{texts:?}");
    running.stop().await;

    let installation = Installation::new();
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = stranger.local_addr().expect("an address").to_string();
    installation.edit("http = \"127.0.0.1:0\"", &format!("http = \"{address}\""));
    complains(&installation, Level::Problem, "addresses", &[&address, "does not answer as a node"]).await;
}
