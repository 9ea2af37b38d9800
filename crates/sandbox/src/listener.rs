//! Accepts connections: a bounded number at a time, each in a task that ends with the sandbox.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::debug;

/// Connections of one listener at a time. Others wait in the kernel's backlog.
const SEATS: usize = 1_024;
/// How long connections may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For TLS and the first words of the protocol.
    pub handshake: Duration,
    /// For a request that has begun.
    pub body: Duration,
    /// Between requests; then the connection says goodbye.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(10), body: Duration::from_secs(10), idle: Duration::from_mins(10) }
    }
}

/// Says `true` once, when the sandbox stops.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until the sandbox stops; a sandbox that was dropped has stopped too.
pub(crate) async fn stopped(stop: &mut Stop) {
    let _gone = stop.wait_for(|stop| *stop).await;
}

/// Serves a listener until the sandbox stops, then waits for its connections.
pub(crate) async fn serve<F, Fut>(listener: TcpListener, mut stop: Stop, connect: F)
where
    F: Fn(TcpStream, SocketAddr) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut seats = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = seats.join_next(), if !seats.is_empty() => {}
            accepted = listener.accept(), if seats.len() < SEATS => match accepted {
                Ok((socket, from)) => {
                    seats.spawn(connect(socket, from));
                }
                Err(error) => {
                    // Out of descriptors, mostly: accepting again at once would spin.
                    debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    let ended = tokio::time::timeout(GOODBYE, async { while seats.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        seats.shutdown().await;
    }
}
