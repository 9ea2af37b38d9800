//! A PostgreSQL of our own for the tests: made empty, on a free port of the loopback, gone afterwards.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::run::{Outcome, has, install, is_root, output, run};

/// A running server; dropping it stops it and removes its data.
pub(crate) struct Postgres {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts a server, after installing one if the machine has none.
    pub(crate) fn start() -> Outcome<Self> {
        if binaries().is_none() {
            install(&["postgresql"])?;
        }
        let bin = binaries().ok_or("PostgreSQL was installed, but its binaries are nowhere")?;
        let folder = std::env::temp_dir().join(format!("noroshi-postgres-{}", std::process::id()));
        let port = free_port()?;
        let server = Self { folder, bin, port };
        server.prepare()?;
        Ok(server)
    }

    /// Where tests find it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn prepare(&self) -> Outcome {
        std::fs::create_dir_all(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&self.folder))?;
        }
        let data = self.folder.join("data");
        output(
            self.program("initdb")
                .args(["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"])
                .arg("--pgdata")
                .arg(&data),
        )?;
        // Tests make and drop a schema each; what they write need not outlive the machine.
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c max_connections=500 -c shared_buffers=256MB \
             -c autovacuum=off",
            self.port,
            self.folder.display(),
        );
        let log = self.folder.join("log");
        run(self
            .program("pg_ctl")
            .args(["--silent", "--wait", "--pgdata"])
            .arg(&data)
            .arg("--log")
            .arg(&log)
            .args(["--options", &options, "start"])
            .stdout(Stdio::null()))
    }

    /// A program of the server, as a user that it accepts.
    fn program(&self, name: &str) -> Command {
        let path = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        let stopped = output(self.program("pg_ctl").args(["--mode", "immediate", "--pgdata"]).arg(&data).arg("stop"));
        if let Err(error) = stopped {
            crate::run::say(&error);
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Where the server's binaries are: Debian keeps them off the path.
fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        has("initdb").then(|| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
        })?
    })
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}
