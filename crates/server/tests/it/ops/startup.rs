//! The start of a node: what keeps it from serving is one clear line, and its log holds no secret.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use axum::http::Method;
use bytes::Bytes;
use contract::{AppId, user_sig};
use server::admin::client;
use server::clock::Clock;

use crate::ops::office::{Installation, binary, noroshi, stderr};

/// Checks that a node does not start, and says why in one line with these words.
fn fails(installation: &Installation, words: &[&str]) {
    let output = installation.run(&["serve"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{words:?}: {text}");
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("noroshi: ")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    for word in words {
        assert!(lines[0].contains(word), "{word}: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn whatever_keeps_a_node_from_starting_is_one_clear_line() {
    let check = |line: &str, other: &str, words: &[&str]| {
        let installation = Installation::new();
        installation.edit(line, other);
        fails(&installation, words);
    };
    check("name = \"noroshi\"", "nam = \"noroshi\"", &["there is no setting nam"]);
    check("threads = 8", "thread = 8", &["there is no setting store.thread"]);
    check("threads = 8", "threads = \"many\"", &["store.threads"]);
    check("name = \"noroshi\"", "name = ", &["configuration"]);
    check("http = \"127.0.0.1:0\"", "http = \"localhost\"", &["listen.http", "localhost"]);
    check("http = \"127.0.0.1:0\"", "http = \"off\"", &["listen.http and listen.https are both off"]);
    check("level = \"info\"", "level = \"a=b=c\"", &["log.level"]);
    check("url = \"sqlite\"", "url = \"mysql://host\"", &["store.url"]);
    check("# https = \"0.0.0.0:8443\"", "https = \"127.0.0.1:0\"", &["tls.certificate"]);
    check("master_key_file = ", "# master_key_file = ", &["secrets.master_key is not set", "noroshi init"]);
    check("admin_token_file = ", "# admin_token_file = ", &["secrets.admin_token is not set"]);
    check(
        "url = \"sqlite\"",
        "url = \"postgres://me:hidden@127.0.0.1:1/x\"",
        &["connecting to the database", "refused"],
    );
    check("data = ", "data = \"/proc/nowhere\"\n# data = ", &["the folder /proc/nowhere cannot be made"]);
    let missing = noroshi(&["serve", "--config", "/nowhere/noroshi.toml"]);
    assert_eq!((missing.status.code(), stderr(&missing).lines().count()), (Some(1), 1));
}

#[test]
fn files_of_tls_that_hold_something_else_are_told_apart() {
    let installation = Installation::new();
    let own = installation.path().join("own.pem");
    let (_, pem) = server::tls::for_development().expect("a certificate");
    let file = own.display();
    installation.edit("# https = \"0.0.0.0:8443\"", "https = \"127.0.0.1:0\"");
    installation.edit("# certificate = ", &format!("certificate = \"{file}\"\n# certificate = "));
    installation.edit("# key = ", &format!("key = \"{file}\"\n# key = "));
    for (held, word) in [("nothing", "tls.certificate"), (pem.certificate.as_str(), "tls.key")] {
        std::fs::write(&own, held).expect("written");
        fails(&installation, &[word, "holds no"]);
    }
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated() {
    let installation = Installation::new();
    installation.edit("master_key_file = ", "master_key = 4242424242424242\n# master_key_file = ");
    let output = installation.run(&["serve"]);
    assert!(!stderr(&output).contains("42424242"), "{}", stderr(&output));
    fails(&installation, &["secrets.master_key", "quotation marks"]);
    installation.edit("master_key = 4242424242424242", "master_key = \"4242424242424242");
    let output = installation.run(&["serve"]);
    assert!(!stderr(&output).contains("42424242"), "{}", stderr(&output));
    fails(&installation, &["configuration"]);
}

#[test]
fn an_address_that_is_taken_keeps_a_node_from_starting() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    for line in ["http = \"127.0.0.1:0\"", "admin = \"127.0.0.1:0\""] {
        let installation = Installation::new();
        installation.edit(line, &line.replace("127.0.0.1:0", &address.to_string()));
        fails(&installation, &["listen on", &address.to_string()]);
    }
}

#[test]
fn a_token_that_could_be_guessed_keeps_a_node_from_starting() {
    let installation = Installation::new();
    std::fs::write(installation.path().join("admin.token"), "secret\n").expect("written");
    fails(&installation, &["fewer than 32 characters"]);
}

#[test]
fn another_master_key_keeps_a_node_from_starting() {
    let installation = Installation::new();
    installation.ok(&["app", "create"]);
    std::fs::write(installation.path().join("master.key"), "00".repeat(32)).expect("written");
    fails(&installation, &["another master key"]);
}

/// A node in a process of its own; dropping it ends the process.
struct Served {
    child: Child,
    http: String,
}

impl Served {
    async fn start(installation: &Installation) -> Self {
        // The port is free when it is chosen; nothing else on this machine takes ports by number.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        installation.edit("http = \"127.0.0.1:0\"", &format!("http = \"{free}\""));
        let child = binary()
            .args(["serve", "--config"])
            .arg(&installation.file)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let served = Self { child, http: free.to_string() };
        let deadline = Instant::now() + Duration::from_secs(30);
        while client::call(&served.http, None, Method::GET, "/readyz", Bytes::new()).await.is_err() {
            assert!(Instant::now() < deadline, "the node does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        served
    }

    /// Asks the process to stop and reads all that it logged.
    fn stop(mut self) -> String {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("the process is asked");
        let mut log = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut log).expect("the log is text");
        let status = self.child.wait().expect("the process ends");
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails where the process ended already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_logged_with_its_id_and_without_its_query() {
    let installation = Installation::new();
    installation.edit("level = \"info\"", "level = \"debug\"");
    let key = "a-key-for-the-log-test";
    installation.ok(&["app", "create", "--sdk-app-id", "1400000001", "--secret-key", key]);
    let served = Served::start(&installation).await;
    let now = Clock::default().now();
    let sig = user_sig::sign(AppId(1_400_000_001), key, "administrator", now.plus(-5_000), 3_600);
    let text = format!(
        "POST /v4/im_open_login_svc/account_import?sdkappid=1400000001&identifier=administrator&usersig={sig} HTTP/1.1\r\n\
         host: x\r\ncontent-length: 18\r\nconnection: close\r\n\r\n{{\"UserID\":\"alice\"}}"
    );
    let answer = super::raw(&served.http, &text).await;
    assert!(answer.contains("\"ErrorCode\":0"), "{answer}");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").to_owned();
    let log = served.stop();
    let line = log.lines().find(|line| line.contains(&id)).unwrap_or_else(|| panic!("no line has {id}: {log}"));
    for word in ["answered", "command=\"im_open_login_svc/account_import\"", "code=0", "from=127.0.0.1"] {
        assert!(line.contains(word), "{word}: {line}");
    }
    let token = std::fs::read_to_string(installation.path().join("admin.token")).expect("the token is read");
    for secret in [sig.as_str(), &sig[..20], key, token.trim(), "usersig"] {
        assert!(!log.contains(secret), "a secret is in the log: {log}");
    }
}
