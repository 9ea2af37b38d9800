//! The server as a process of its own, and what the kernel says of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use server::rest::Rest;
use tempfile::TempDir;

use crate::{Outcome, hand_postgres, hand_sqlite};

/// How long the server may take to be ready.
const START_WAIT: Duration = Duration::from_secs(20);
/// Ticks of the kernel's processor accounting; Linux has had 100 a second for ever.
const TICKS: f64 = 100.0;

/// A server in development mode with a data folder of its own; dropping it stops it.
pub(crate) struct Server {
    process: Child,
    /// Where everything is, as development mode writes it.
    pub(crate) credentials: Value,
    folder: TempDir,
    store: String,
}

impl Server {
    /// Starts the release binary that was built beside this one, on the embedded store.
    pub(crate) fn start() -> Outcome<Self> {
        Self::start_on("sqlite")
    }

    /// Starts it on a store, as the configuration names it.
    pub(crate) fn start_on(store: &str) -> Outcome<Self> {
        let folder = folder()?;
        let (process, credentials) = launch(&folder, store)?;
        Ok(Self { process, credentials, folder, store: store.into() })
    }

    /// Stops it and starts another one on the same data.
    pub(crate) fn restart(&mut self) -> Outcome {
        self.process.kill()?;
        self.process.wait()?;
        let file = self.folder.path().join("credentials.json");
        if file.is_file() {
            std::fs::remove_file(file)?;
        }
        (self.process, self.credentials) = launch(&self.folder, &self.store)?;
        Ok(())
    }

    /// A text of the credentials.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.credentials[name].as_str().unwrap_or_default()
    }

    /// The app.
    pub(crate) fn app(&self) -> i64 {
        self.credentials["sdk_app_id"].as_i64().unwrap_or_default()
    }

    /// A back end that calls this server.
    pub(crate) fn rest(&self) -> Outcome<Rest> {
        let address = self.address("http")?;
        Ok(Rest::new(address, self.app(), self.text("admin"), self.text("admin_user_sig")))
    }

    /// Where `http` or `https` is.
    pub(crate) fn address(&self, scheme: &str) -> Outcome<std::net::SocketAddr> {
        let url = self.text(scheme);
        Ok(url.rsplit('/').next().unwrap_or_default().parse()?)
    }

    /// Imports accounts `u0` to `u{count - 1}`.
    pub(crate) async fn import(&self, count: usize) -> Outcome {
        let rest = self.rest()?;
        let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
        for some in names.chunks(100) {
            let body = serde_json::json!({ "Accounts": some });
            let answer = rest.call("im_open_login_svc/multiaccount_import", &body).await?;
            if answer["ErrorCode"] != 0 {
                return Err(format!("import: {answer}").into());
            }
        }
        Ok(())
    }

    /// Bytes of the pages that its rows and their indexes take.
    pub(crate) async fn data_bytes(&self) -> Outcome<u64> {
        match self.store.as_str() {
            "sqlite" => hand_sqlite::bytes(&self.folder.path().join("data").join("noroshi.db")),
            url => hand_postgres::bytes(url).await,
        }
    }

    /// What the kernel says of the process.
    pub(crate) fn usage(&self) -> Outcome<Usage> {
        Usage::of(self.process.id())
    }
}

/// Starts the release binary that was built beside this one, on the data of a folder.
fn launch(folder: &TempDir, store: &str) -> Outcome<(Child, Value)> {
    let file = folder.path().join("credentials.json");
    let any = "127.0.0.1:0";
    let mut command = with_many_files(&beside("noroshi")?);
    command.args(["dev", "--store", store, "--http", any, "--https", any, "--admin", any]);
    command.arg("--data").arg(folder.path().join("data")).arg("--credentials").arg(&file);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let deadline = Instant::now() + START_WAIT;
    while !file.is_file() {
        if process.try_wait()?.is_some() || Instant::now() > deadline {
            drop(process.kill());
            return Err("the server did not get ready".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let credentials = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    Ok((process, credentials))
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Memory of its own in KB: neither file pages nor what others share.
    pub(crate) anonymous_kb: f64,
    /// Processor time in seconds.
    pub(crate) cpu_s: f64,
}

impl Usage {
    /// Looks at a process.
    pub(crate) fn of(process: u32) -> Outcome<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
        let anonymous_kb = line.split_whitespace().next().ok_or("no RssAnon")?.parse()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name in parentheses may hold anything; user and system time are the 12th and 13th word after it.
        let words: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let tick = |index: usize| words.get(index).and_then(|word| word.parse::<f64>().ok()).ok_or("no time");
        Ok(Self { anonymous_kb, cpu_s: (tick(11)? + tick(12)?) / TICKS })
    }
}

/// A program that was built beside this one.
pub(crate) fn beside(name: &str) -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}

/// A command that may open as many files as the system allows.
pub(crate) fn with_many_files(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -H -n) && exec \"$0\" \"$@\""]).arg(program);
    command
}

/// A folder on a real disk: the one for temporary files may be memory, which syncs in no time.
pub(crate) fn folder() -> Outcome<TempDir> {
    let base = std::env::current_exe()?.parent().ok_or("no folder")?.join("bench-data");
    std::fs::create_dir_all(&base)?;
    Ok(tempfile::Builder::new().prefix("run-").tempdir_in(base)?)
}
