//! A node with its operators' listener, and an installation on disk for the binary.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use contract::{AppId, user_sig};
use serde_json::{Value, json};
use server::admin::client;
use server::config::Config;
use server::init::init;
use store::testing::TestEngine;
use tempfile::TempDir;

use crate::harness::{Im, query};

/// The admin token of every test.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// A port of loopback that is free.
pub(crate) const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Makes one test into two, one per engine.
macro_rules! operated {
    ($(async fn $name:ident($office:ident: Office) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn check($office: $crate::ops::office::Office) $body

            #[tokio::test]
            async fn sqlite() {
                let office = $crate::ops::office::Office::start(store::testing::TestEngine::Sqlite).await;
                check(office.expect("SQLite is always tested")).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(office) = $crate::ops::office::Office::start(store::testing::TestEngine::Postgres).await {
                    check(office).await;
                }
            }
        }
    )+};
}

/// A node whose operators are listened to.
pub(crate) struct Office {
    pub(crate) im: Im,
}

impl Office {
    /// Starts it on an empty store; none if this engine is not to be tested here.
    pub(crate) async fn start(engine: TestEngine) -> Option<Self> {
        let open = |config: &mut Config| {
            config.listen.admin = Some(ANY);
            config.secrets.admin_token = Some(TOKEN.into());
        };
        Some(Self { im: Im::start_with(engine, open).await? })
    }

    /// Where the admin API is.
    pub(crate) fn address(&self) -> String {
        self.im.running.admin.expect("operators are listened to").to_string()
    }

    /// Asks with the token.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let path = format!("/admin/v1/{path}");
        let answer = client::call(&self.address(), Some(TOKEN), method, &path, body).await;
        let (status, body) = answer.expect("the listener answers");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// Asks for what must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, method: Method, path: &str, body: Value) -> impl Future<Output = Value> {
        let asked = path.to_owned();
        let answer = self.ask(method, path, body);
        async move {
            let (status, body) = answer.await;
            assert!(status.is_success(), "{asked}: {status} {body}");
            body
        }
    }

    /// Asks for what must be refused under a name.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value, status: u16, name: &str) {
        let (got, answer) = self.ask(method, path, body).await;
        assert_eq!((got.as_u16(), answer["code"].as_str()), (status, Some(name)), "{path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
        assert!(answer["request_id"].as_str().is_some_and(|id| id.len() == 16), "{answer}");
    }

    /// Calls a command that needs an administrator, with a UserSig made of a key; answers the code.
    pub(crate) async fn code_with_key(&self, app: i64, key: &str) -> i64 {
        let sig = user_sig::sign(AppId(app), key, "administrator", self.im.clock.now().plus(-60_000), 86_400);
        let own = query("administrator", &sig).replacen(&format!("sdkappid={}", crate::harness::APP), "", 1);
        let answer = self
            .im
            .ask(
                "im_open_login_svc/account_import",
                &format!("sdkappid={app}{own}"),
                json!({ "UserID": "a" }).to_string(),
            )
            .await;
        answer.value()["ErrorCode"].as_i64().expect("a code")
    }

    /// All entries of the audit log, newest first.
    pub(crate) async fn audit(&self) -> Vec<Value> {
        self.ok(Method::GET, "audit?limit=1000", Value::Null).await["entries"].as_array().expect("a list").clone()
    }
}

/// An installation as `noroshi init` makes it, on ports that are free.
pub(crate) struct Installation {
    folder: TempDir,
    pub(crate) file: PathBuf,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("noroshi-ops-").expect("a folder for the test");
        let made = init(folder.path()).expect("the files are made");
        let installation = Self { folder, file: made.config };
        installation.edit("http = \"127.0.0.1:8080\"", "http = \"127.0.0.1:0\"");
        installation.edit("admin = \"127.0.0.1:8081\"", "admin = \"127.0.0.1:0\"");
        installation
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Changes a line of the configuration.
    pub(crate) fn edit(&self, line: &str, other: &str) {
        let text = std::fs::read_to_string(&self.file).expect("the file is read");
        assert!(text.contains(line), "no {line} in the configuration");
        std::fs::write(&self.file, text.replacen(line, other, 1)).expect("the file is written");
    }

    pub(crate) fn config(&self) -> Config {
        Config::read(&self.file).expect("the configuration is read")
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut all = args.to_vec();
        let file = self.file.to_str().expect("UTF-8");
        all.extend(["--config", file]);
        noroshi(&all)
    }

    /// Runs a command that must succeed; answers what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that prints JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).expect("JSON")
    }
}

/// The binary with nothing of our environment in its settings.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_noroshi"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOROSHI_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn noroshi(args: &[&str]) -> Output {
    binary().args(args).output().expect("the binary runs")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
