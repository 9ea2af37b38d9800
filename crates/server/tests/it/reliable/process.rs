//! The binary as a process: prepared by hand, started with a configuration file, killed or told to stop.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use server::clock::Clock;
use server::config::Config;
use server::node::Node;
use store::apps::{AppSecrets, AppSettings, SigningKey};
use store::testing::{TestEngine, TestStore, permissive};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::say;
use crate::harness::{APP, KEY};

/// How long a start, a stop or an answer may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A place for data, and the configuration that names it.
pub(crate) struct Site {
    /// The configuration, as the process reads it.
    pub(crate) config: Config,
    file: PathBuf,
    _place: TestStore,
    _folder: tempfile::TempDir,
}

impl Site {
    /// An empty store with the app; none if this engine is not to be tested here.
    pub(crate) async fn make(engine: TestEngine) -> Option<Self> {
        let place = TestStore::open(engine, permissive()).await?;
        place.close().await;
        let folder = tempfile::TempDir::with_prefix("noroshi-site-").expect("a folder");
        let (url, data) = match place.settings() {
            store::Settings::Postgres { url, .. } => (url.clone(), folder.path().to_owned()),
            store::Settings::Sqlite { path, .. } => ("sqlite".into(), path.parent().expect("a folder").to_owned()),
        };
        let file = folder.path().join("noroshi.toml");
        let mut text = String::new();
        let written = writeln!(
            text,
            "data = {:?}\n[store]\nurl = {url:?}\nthreads = 4\ncache_mb = 16\n\
             [listen]\nhttp = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
             [outbound]\nnetworks = [\"127.0.0.1\"]\n\
             [secrets]\nmaster_key = {:?}\nadmin_token = {:?}\n[log]\nformat = \"json\"\nlevel = \"info\"",
            data.to_str().expect("a path of letters"),
            "42".repeat(32),
            "17".repeat(24)
        );
        written.expect("a string takes text");
        std::fs::write(&file, text).expect("the configuration is written");
        // The variables of the tests are no settings of a node.
        let config = Config {
            data,
            name: "site".into(),
            store: server::config::StoreConfig { url, threads: 4, cache_mb: 16 },
            secrets: server::config::Secrets {
                master_key: Some("42".repeat(32)),
                ..server::config::Secrets::default()
            },
            ..Config::default()
        };
        let site = Self { config, file, _place: place, _folder: folder };
        site.visit(async |node| {
            let secrets = AppSecrets {
                signing_keys: vec![SigningKey { secret: KEY.into(), added_at: 0 }],
                ..AppSecrets::default()
            };
            let added = node.apps.add(node.clock.now(), APP, AppSettings::default(), secrets).await;
            assert!(added.expect("the app is added"), "the store is not empty");
        })
        .await;
        Some(site)
    }

    /// Opens the store while no process does, as a node that serves nobody.
    pub(crate) async fn visit<T>(&self, work: impl AsyncFnOnce(Arc<Node>) -> T) -> T {
        let node = Node::open(&self.config, Clock::default()).await.expect("the node opens");
        let done = work(Arc::clone(&node)).await;
        node.store.close().await;
        done
    }

    /// Starts the binary and waits until it serves.
    pub(crate) async fn start(&self) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_noroshi"))
            .args(["serve", "--config"])
            .arg(&self.file)
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut seen = Vec::new();
        let listening = async {
            while let Some(line) = lines.next_line().await.expect("the log is text") {
                if let Some(address) = address_in(&line) {
                    return Some(address);
                }
                seen.push(line);
            }
            None
        };
        let address = tokio::time::timeout(PATIENCE, listening).await;
        let Ok(Some(address)) = address else { panic!("the node does not serve: {seen:#?}") };
        let mut log = JoinSet::new();
        // The rest is read, because a full pipe would hold the process up, and its errors are shown.
        log.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("\"ERROR\"") || line.contains("panicked") {
                    say(&line);
                }
            }
        });
        Process { child, address, log }
    }
}

/// Reads where HTTP is from the line that says so.
fn address_in(line: &str) -> Option<SocketAddr> {
    let entry: Value = serde_json::from_str(line).ok()?;
    if entry["fields"]["message"] != "serving" {
        return None;
    }
    entry["fields"]["http"].as_str()?.strip_prefix("Some(")?.strip_suffix(')')?.parse().ok()
}

/// A node in a process of its own.
pub(crate) struct Process {
    child: Child,
    /// Where HTTP is.
    pub(crate) address: SocketAddr,
    log: JoinSet<()>,
}

impl Process {
    /// Ends it with SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().expect("the process is there to be killed");
        let status = self.child.wait().await.expect("the process ends");
        assert!(!status.success(), "it ended by itself: {status}");
        while self.log.join_next().await.is_some() {}
    }

    /// Asks it to stop, by SIGTERM.
    pub(crate) async fn ask_to_stop(&self) {
        let id = self.child.id().expect("the process is there").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(sent.success(), "the signal is sent");
    }

    /// Waits until it has ended.
    pub(crate) async fn wait(mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("a stop takes less than 30 seconds").expect("the process ends");
        while self.log.join_next().await.is_some() {}
        status
    }
}
