//! What a connected device costs that does nothing: memory and processor time of the server, for each.
//!
//! The server is a process of its own; this one holds the other ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use contract::{AppId, user_sig};
use rustls_pki_types::ServerName;
use server::clock::Clock;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::figure::Figure;
use crate::login::connector;
use crate::process::{Server, Usage};
use crate::socket::Socket;
use crate::{Effort, Outcome};

/// Logins under way at a time.
const UNDER_WAY: usize = 64;
/// Loopback addresses that connections come from, so that ports do not run out.
const SOURCES: usize = 8;
/// How long the server is left alone before its memory is looked at: allocators give back what they do not need.
const SETTLE: Duration = Duration::from_secs(5);

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    let wait = Duration::from_secs(effort.idle_seconds);
    for is_tls in [false, true] {
        let server = Server::start()?;
        tokio::time::sleep(SETTLE).await;
        let rest = server.usage()?;
        if !is_tls {
            figures.push(at_rest(&rest));
        }
        let plan = Arc::new(Plan {
            address: server.address(if is_tls { "https" } else { "http" })?,
            tls: is_tls.then(|| connector(server.text("ca_file"))).transpose()?,
            app: server.app(),
            key: server.text("secret_key").to_owned(),
        });
        let held = connect_all(&plan, effort.idle).await?;
        tokio::time::sleep(SETTLE).await;
        let before = server.usage()?;
        tokio::time::sleep(wait).await;
        let after = server.usage()?;
        figures.push(held_figure(is_tls, held.len(), [&rest, &before, &after], wait));
    }
    Ok(figures)
}

fn at_rest(rest: &Usage) -> Figure {
    Figure {
        name: "the process at rest (development mode, with its sandbox)".into(),
        figure: format!("{:.1} MB", rest.anonymous_kb / 1024.0),
        goal: "≤ 40 MB".into(),
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: String::new(),
    }
}

fn held_figure(is_tls: bool, count: usize, [rest, before, after]: [&Usage; 3], wait: Duration) -> Figure {
    let each = (after.anonymous_kb - rest.anonymous_kb) / count as f64;
    let busy_us = (after.cpu_s - before.cpu_s) * 1e6 / count as f64 / wait.as_secs_f64();
    let kind = if is_tls { "TLS" } else { "plain" };
    Figure {
        name: format!("user memory of an idle logged-in connection, {count} {kind}"),
        figure: format!("{each:.1} KB"),
        goal: if is_tls { "stated".into() } else { "≤ 8 KB".into() },
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: format!("{busy_us:.2} µs of CPU a second each, all of the process counted"),
    }
}

struct Plan {
    address: SocketAddr,
    tls: Option<TlsConnector>,
    app: i64,
    key: String,
}

/// A connection that is held open.
#[expect(dead_code, reason = "what it holds is only held")]
enum Held {
    Plain(Socket<TcpStream>),
    Tls(Box<Socket<TlsStream<TcpStream>>>),
}

async fn connect_all(plan: &Arc<Plan>, count: usize) -> Outcome<Vec<Held>> {
    let mut held = Vec::with_capacity(count);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        if tasks.len() >= UNDER_WAY
            && let Some(ended) = tasks.join_next().await
        {
            held.push(ended??);
        }
        let plan = Arc::clone(plan);
        tasks.spawn(async move { connect(&plan, number).await });
    }
    while let Some(ended) = tasks.join_next().await {
        held.push(ended??);
    }
    Ok(held)
}

async fn connect(plan: &Plan, number: usize) -> Outcome<Held> {
    let user = format!("idle{number}");
    let sig = user_sig::sign(AppId(plan.app), &plan.key, &user, Clock::default().now(), 86_400);
    let source = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + (number % SOURCES) as u8));
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source, 0)))?;
    let stream = socket.connect(plan.address).await?;
    stream.set_nodelay(true)?;
    match &plan.tls {
        None => {
            let mut socket = Socket::open(stream).await?;
            socket.log_in(plan.app, &user, &user, &sig).await?;
            Ok(Held::Plain(socket))
        }
        Some(tls) => {
            let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
            let mut socket = Socket::open(stream).await?;
            socket.log_in(plan.app, &user, &user, &sig).await?;
            Ok(Held::Tls(Box::new(socket)))
        }
    }
}
