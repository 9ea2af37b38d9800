//! The machine: its clock, its limits, its addresses.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use contract::Millis;

use super::Finding;
use crate::admin::{PREFIX, client};
use crate::cli::reachable;
use crate::config::Config;

/// 2026-01-01: no build of this program is older.
const EARLIEST_S: i64 = 1_767_225_600;
/// 2100-01-01.
const LATEST_S: i64 = 4_102_444_800;
/// Files besides connections: the store, its threads' connections, listeners, logs.
const OTHER_FILES: u64 = 256;
/// How long whoever holds an address may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

pub(super) fn clock(now: Millis) -> Finding {
    if (EARLIEST_S..LATEST_S).contains(&now.secs()) {
        return Finding::ok("clock", "the system's time is plausible");
    }
    let found = format!("the system's time is {} s after 1970", now.secs());
    Finding::problem("clock", found, "set it, and let NTP keep it: UserSigs and certificates depend on it")
}

/// The limit of this process stands for that of the node: both are started by the same hands, or the advice tells.
pub(super) fn open_files(connections: usize) -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let needed = connections as u64 + OTHER_FILES;
    match limit {
        Some(limit) if limit < needed => Finding::warning(
            "open files",
            format!("{limit} may be open here, {needed} are needed for bounds.connections"),
            format!("raise the limit (LimitNOFILE={needed} in a systemd unit), or lower the bound"),
        ),
        Some(limit) => Finding::ok("open files", format!("{limit} may be open, {needed} are needed")),
        None => Finding::ok("open files", "no limit"),
    }
}

/// What became of an attempt to take an address.
enum Place {
    Free,
    Held,
    Impossible(String),
}

/// Whether the addresses are free, or held by the node that they belong to.
pub(super) async fn addresses(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A node that answers on one address is taken to hold those next to it.
    let mut answers = false;
    let listen = &config.listen;
    for (name, address) in [("http", listen.http), ("admin", listen.admin), ("https", listen.https)] {
        let Some(address) = address else { continue };
        let what = format!("listen.{name} {address}");
        findings.push(match place(address) {
            Place::Free => Finding::ok("addresses", format!("{what} is free")),
            Place::Impossible(why) => Finding::problem(
                "addresses",
                format!("{what} cannot be taken: {why}"),
                "take an address of this machine; ports under 1024 need CAP_NET_BIND_SERVICE",
            ),
            Place::Held => {
                let is_ours = match name {
                    "http" => says_ok(address, None, "/healthz").await,
                    "admin" => match config.secrets.admin_token() {
                        Ok(token) => says_ok(address, Some(&token), &format!("{PREFIX}node")).await,
                        Err(_) => false,
                    },
                    _ => answers,
                };
                answers |= is_ours;
                held(&what, is_ours)
            }
        });
    }
    if listen.admin.is_some_and(|address| !address.ip().is_loopback()) {
        findings.push(Finding::warning(
            "addresses",
            "listen.admin is not on loopback and speaks plain HTTP",
            "keep it on 127.0.0.1 and reach it through a tunnel or a proxy with TLS",
        ));
    }
    findings
}

fn held(what: &str, is_ours: bool) -> Finding {
    if is_ours {
        return Finding::ok("addresses", format!("{what} is held by a node that answers"));
    }
    Finding::problem(
        "addresses",
        format!("{what} is held by a process that does not answer as a node"),
        "stop that process, or take another address",
    )
}

fn place(address: SocketAddr) -> Place {
    match TcpListener::bind(address) {
        Ok(_) => Place::Free,
        Err(error) if error.kind() == ErrorKind::AddrInUse => Place::Held,
        Err(error) => Place::Impossible(error.to_string()),
    }
}

async fn says_ok(address: SocketAddr, token: Option<&str>, path: &str) -> bool {
    let authority = reachable(address).to_string();
    let asked = client::call(&authority, token, Method::GET, path, Bytes::new());
    matches!(tokio::time::timeout(ANSWER_WAIT, asked).await, Ok(Ok((status, _))) if status.is_success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_clock_from_before_the_program_is_a_problem() {
        let check = |secs: i64, expected: Level| assert_eq!(clock(Millis::from_secs(secs)).level, expected, "{secs}");
        check(0, Level::Problem);
        check(EARLIEST_S - 1, Level::Problem);
        check(EARLIEST_S, Level::Ok);
        check(LATEST_S, Level::Problem);
    }

    #[test]
    fn more_connections_than_files_are_warned_of() {
        assert_eq!(open_files(usize::MAX / 2).level, Level::Warning);
        assert_eq!(open_files(0).level, Level::Ok);
    }
}
