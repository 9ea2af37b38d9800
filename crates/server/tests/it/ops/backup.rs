//! Copies of the embedded store: whole, made while it serves, put back only where nothing is.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;
use serde_json::{Value, json};
use server::clock::Clock;
use server::config::{Config, Secrets};
use server::node::Node;
use store::testing::TestEngine;
use tempfile::TempDir;

use crate::harness::APP;
use crate::ops::office::Office;

const PAIRS: usize = 6;
const MESSAGES: usize = 24;

/// Reads what a receiver holds, straight from a store that was put back.
async fn texts(node: &Node, sender: &str, receiver: &str) -> Vec<String> {
    use contract::{ConversationId, UserId};
    let (viewer, peer) = (UserId::trusted(receiver), UserId::trusted(sender));
    let pair = ConversationId::pair(&viewer, &peer);
    let read = node.store.read(APP, move |snapshot| {
        let rows: Vec<(String,)> = snapshot.all(
            store::sql!("SELECT body FROM messages WHERE app = $1 AND conversation = $2 ORDER BY seq"),
            (APP, pair),
        )?;
        Ok(rows.into_iter().map(|(body,)| body).collect())
    });
    read.await.expect("the restored store is read")
}

async fn restored(folder: &Path, backup: &Path) -> std::sync::Arc<Node> {
    // A restore checks the integrity of every page before it puts the copy in place.
    store::restore(backup, &folder.join("noroshi.db")).expect("the backup is sound");
    let config = Config {
        data: folder.to_owned(),
        secrets: Secrets { master_key: Some("42".repeat(32)), ..Secrets::default() },
        ..Config::default()
    };
    Node::open(&config, Clock::default()).await.expect("the restored store opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_while_serving_holds_every_message_acknowledged_before_it_began() {
    let office = Office::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    let users: Vec<String> = (0..PAIRS).flat_map(|pair| [format!("s{pair}"), format!("r{pair}")]).collect();
    office.im.import(&users.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let acknowledged: Vec<AtomicUsize> = (0..PAIRS).map(|_| AtomicUsize::new(0)).collect();
    let send = |pair: usize| {
        let (office, acknowledged) = (&office, &acknowledged);
        async move {
            for number in 0..MESSAGES {
                let text = format!("text {number}");
                office.im.text(&format!("s{pair}"), &format!("r{pair}"), number as u32 + 1, &text).await;
                acknowledged[pair].fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    let copy = async {
        let sum = || acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).sum::<usize>();
        while sum() < PAIRS * MESSAGES / 3 {
            tokio::task::yield_now().await;
        }
        let before: Vec<usize> = acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect();
        let made = office.ok(Method::POST, "backup", json!({ "file": "while-serving.db" })).await;
        (before, made)
    };
    let (_, (before, made)) = tokio::join!(futures_util::future::join_all((0..PAIRS).map(send)), copy);
    assert!(before.iter().sum::<usize>() < PAIRS * MESSAGES, "messages were sent while the copy was made");

    let folder = TempDir::new().expect("a folder");
    let file = made["file"].as_str().expect("a path");
    let node = restored(folder.path(), Path::new(file)).await;
    for (pair, least) in before.iter().enumerate() {
        let held = texts(&node, &format!("s{pair}"), &format!("r{pair}")).await;
        assert!(held.len() >= *least, "pair {pair}: {} of {least} acknowledged", held.len());
        for (number, body) in held.iter().enumerate() {
            assert!(body.contains(&format!("\"text {number}\"")), "in order, each once: {body}");
        }
    }
    assert!(node.apps.get(APP).is_some_and(|app| !app.signing_keys().is_empty()), "secrets open under the same key");
    node.store.close().await;
}

#[tokio::test]
async fn a_backup_goes_into_its_folder_and_over_nothing() {
    let office = Office::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    for name in ["../noroshi.db", "/tmp/x.db", "a/b.db", "", ".hidden"] {
        office.refused(Method::POST, "backup", json!({ "file": name }), 400, "ValueInvalid").await;
    }
    office.refused(Method::POST, "backup", Value::Null, 400, "BodyMalformed").await;
    let made = office.ok(Method::POST, "backup", json!({ "file": "one.db" })).await;
    let file = Path::new(made["file"].as_str().expect("a path"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().expect("the file is there").permissions());
    assert_eq!((mode & 0o777, file.parent().and_then(Path::file_name)), (0o600, Some("backups".as_ref())));
    office.refused(Method::POST, "backup", json!({ "file": "one.db" }), 409, "FileTaken").await;
    let entries = office.audit().await;
    assert_eq!((&entries[0]["action"], &entries[0]["target"]), (&json!("backup"), &json!("one.db")));
}

#[tokio::test]
async fn a_postgres_store_is_backed_up_with_its_own_tools() {
    if let Some(office) = Office::start(TestEngine::Postgres).await {
        office.refused(Method::POST, "backup", json!({ "file": "one.db" }), 409, "BackupElsewhere").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_copy_and_restore_with_and_without_a_node() {
    let installation = super::office::Installation::new();
    let id = installation.json(&["app", "create", "--name", "Shop"])["sdk_app_id"].as_i64().expect("an id");
    let own = installation.path().join("own.db");
    installation.ok(&["backup", own.to_str().expect("UTF-8")]);

    let running = super::command::start(&installation).await;
    let serving = installation.path().join("serving.db");
    installation.ok(&["backup", serving.to_str().expect("UTF-8")]);
    let again = installation.run(&["backup", serving.to_str().expect("UTF-8")]);
    assert!(!again.status.success() && super::office::stderr(&again).contains("is not overwritten"));
    let onto = installation.run(&["restore", serving.to_str().expect("UTF-8")]);
    assert!(!onto.status.success() && super::office::stderr(&onto).contains("is not overwritten"));
    let left = std::fs::read_dir(installation.path().join("data/backups")).expect("the folder is there").count();
    assert_eq!(left, 0, "the copies were moved");
    running.stop().await;

    for (number, backup) in [own, serving].iter().enumerate() {
        std::fs::rename(installation.path().join("data"), installation.path().join(format!("old-{number}")))
            .expect("the data are moved away");
        installation.ok(&["restore", backup.to_str().expect("UTF-8")]);
        assert!(installation.ok(&["app", "list"]).starts_with(&format!("{id}\tShop\t")));
    }
    // What was put back by other means is told so.
    let life = async || {
        let settings = store::Settings::sqlite(installation.path().join("data/noroshi.db"));
        let store = store::Store::open(&settings, store::testing::permissive()).await.expect("the store opens");
        let life = store.read(contract::AppId::PLATFORM, store::platform::life).await.expect("a number");
        store.close().await;
        life
    };
    let before = life().await;
    assert!(installation.ok(&["restore", "--elsewhere"]).contains("begin anew"));
    let after = life().await;
    assert!(before > 0 && after > 0 && after != before, "{before} {after}");
    assert!(!installation.run(&["restore"]).status.success(), "it names neither a file nor other means");
    std::fs::rename(installation.path().join("data"), installation.path().join("old")).expect("moved");
    let damaged = installation.path().join("damaged.db");
    std::fs::write(&damaged, b"not a store").expect("written");
    let output = installation.run(&["restore", damaged.to_str().expect("UTF-8")]);
    assert!(!output.status.success());
    assert!(!installation.path().join("data/noroshi.db").exists());
}
