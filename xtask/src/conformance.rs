//! Other people's clients against this build: each brings its lock file, we bring a server.
//!
//! A suite is a folder in `conformance/` with a `package.json` (npm) or a `requirements.txt` (pip) and a script
//! `check.mjs` or `check.py`. The script finds the server's credentials in the file that `NOROSHI_CREDENTIALS` names;
//! its exit code is its verdict.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{self, Outcome, cargo, has, install, root, say};

/// How long the server may take to be ready.
const START_WAIT: Duration = Duration::from_secs(20);

/// Runs every suite.
pub(crate) fn run() -> Outcome {
    let suites = suites()?;
    if suites.is_empty() {
        return Err("there is no suite in conformance/".into());
    }
    // As the tests build it, so that nothing is built twice.
    run::run(cargo().args(["build", "--workspace", "--all-targets", "--quiet"]))?;
    let mut failed = Vec::new();
    for suite in &suites {
        let name = suite.strip_prefix(root()).unwrap_or(suite).display().to_string();
        say(&format!("== {name}"));
        if let Err(error) = run_one(suite) {
            say(&error);
            failed.push(name);
        }
    }
    say(&format!("{} passed, {} failed", suites.len() - failed.len(), failed.len()));
    if failed.is_empty() { Ok(()) } else { Err(format!("conformance: {}", failed.join(", "))) }
}

fn suites() -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("conformance")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
            let is_suite = entry.join("check.mjs").is_file() || entry.join("check.py").is_file();
            if is_suite {
                found.push(entry);
            } else if entry.file_name().is_some_and(|name| name != "node_modules") {
                folders.push(entry);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn run_one(suite: &Path) -> Outcome {
    let server = Server::start()?;
    let mut check = if suite.join("check.mjs").is_file() { node(suite)? } else { python(suite)? };
    run::run(check.env("NOROSHI_CREDENTIALS", &server.credentials).current_dir(suite))
}

fn node(suite: &Path) -> Outcome<Command> {
    if !has("npm") {
        install(&["nodejs", "npm"])?;
    }
    run::run(
        Command::new("npm")
            .args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(suite)
            .stdin(Stdio::null()),
    )?;
    let mut check = Command::new("node");
    check.arg("check.mjs");
    Ok(check)
}

fn python(suite: &Path) -> Outcome<Command> {
    let name = suite.strip_prefix(root().join("conformance")).unwrap_or(suite).to_string_lossy().replace('/', "-");
    let venv = root().join("target").join("venv").join(name);
    let python = venv.join("bin").join("python");
    let make = || run::run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    if !python.is_file() && (!has("python3") || make().is_err()) {
        install(&["python3", "python3-venv"])?;
        make()?;
    }
    run::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
                "requirements.txt",
            ])
            .current_dir(suite),
    )?;
    let mut check = Command::new(&python);
    check.arg("check.py");
    Ok(check)
}

/// A server in development mode, with a data folder of its own; dropping it stops it.
struct Server {
    process: Child,
    folder: PathBuf,
    credentials: PathBuf,
}

impl Server {
    fn start() -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("noroshi-conformance-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let credentials = folder.join("credentials.json");
        let any = "127.0.0.1:0";
        let mut process = Command::new(root().join("target").join("debug").join("noroshi"))
            .args(["dev", "--http", any, "--https", any, "--admin", any])
            .arg("--data")
            .arg(folder.join("data"))
            .arg("--credentials")
            .arg(&credentials)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server could not be started: {error}"))?;
        let deadline = Instant::now() + START_WAIT;
        while !credentials.is_file() {
            let ended = process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > deadline {
                drop(process.kill());
                let said: Vec<String> = process
                    .stderr
                    .take()
                    .map(|out| BufReader::new(out).lines().map_while(Result::ok).collect())
                    .unwrap_or_default();
                return Err(format!("the server did not get ready: {}", said.join("\n")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { process, folder, credentials })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
