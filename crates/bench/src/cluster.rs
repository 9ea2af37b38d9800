//! A PostgreSQL of our own that keeps what it says: fsync on, synchronous commits, on a free port of the loopback.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Outcome;
use crate::process::folder;

/// A running server; dropping it stops it and removes its data.
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: TempDir,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Cluster {
    /// Makes and starts a server.
    pub(crate) fn start() -> Outcome<Self> {
        let bin = binaries().ok_or("no PostgreSQL in /usr/lib/postgresql: install the package postgresql")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { bin, folder: folder()?, port };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        }
        let data = cluster.data();
        run(cluster
            .program("initdb")
            .args(["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--pgdata"])
            .arg(&data))?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=on \
             -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=2GB -c max_wal_size=8GB \
             -c max_connections=100"
        );
        run(cluster
            .program("pg_ctl")
            .args(["--silent", "--wait", "--log"])
            .arg(cluster.folder.path().join("log"))
            .args(["--options", &options, "--pgdata"])
            .arg(&data)
            .arg("start"))?;
        Ok(cluster)
    }

    /// Its URL by some port: its own, or that of a proxy.
    pub(crate) fn url(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
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
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        // What is left of it goes with its folder.
        drop(run(self.program("pg_ctl").args(["--silent", "--mode", "immediate", "--pgdata"]).arg(&data).arg("stop")));
    }
}

fn run(command: &mut Command) -> Outcome {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", command.get_program().display()).into())
    }
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").is_file()).collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}
