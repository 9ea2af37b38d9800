//! Sockets: accept, shake hands, serve, stop. Every count and every wait has a bound, so that slow and half-open
//! clients cost little and never a place for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use contract::{Failure, Result};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

/// A TLS handshake, which costs more than a request.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// A request's head, unless another bound is set.
const HEAD_WAIT: Duration = Duration::from_mins(1);
/// Bytes of a request's head, and of what is read ahead: the longest URL, which carries a push, and its headers.
const HEAD_BYTES: usize = 96 * 1024;
/// Bytes that are not taken: a peer that does not read loses its connection, unless another bound is set.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// Connections of one listener that wait for a task.
const BACKLOG: i32 = 4_096;

/// One listening socket.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    places: Arc<Semaphore>,
    head_wait: Duration,
    write_wait: Duration,
}

impl Listener {
    /// Binds a socket. `places` bounds the connections, together with other listeners that share it.
    pub fn bind(
        address: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        router: Router,
        places: Arc<Semaphore>,
    ) -> Result<Self> {
        let socket = open(address).map_err(|error| Failure::Unavailable(format!("listen on {address}: {error}")))?;
        let tls = tls.map(TlsAcceptor::from);
        Ok(Self { socket, tls, router, places, head_wait: HEAD_WAIT, write_wait: WRITE_WAIT })
    }

    /// Bounds the time for a request's head, and the pause before the next request of a connection that is kept open.
    pub fn with_head_wait(mut self, head_wait: Duration) -> Self {
        self.head_wait = head_wait;
        self
    }

    /// Bounds the time for which a peer may leave bytes unread.
    pub fn with_write_wait(mut self, write_wait: Duration) -> Self {
        self.write_wait = write_wait;
        self
    }

    /// The address that it really has.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr().map_err(Failure::internal)?)
    }

    /// Serves until `stop` says so, then lets what is under way end within `wait`.
    pub async fn serve(self, mut stop: watch::Receiver<bool>, wait: Duration) {
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                () = ended(&mut stop) => break,
            };
            let Some((stream, from, place)) = accepted else { continue };
            let (tls, router, stop) = (self.tls.clone(), self.router.clone(), stop.clone());
            let head_wait = self.head_wait;
            tasks.spawn(async move {
                match tls {
                    None => serve_one(stream, from, router, head_wait, stop).await,
                    Some(tls) => match tokio::time::timeout(HANDSHAKE_WAIT, tls.accept(stream)).await {
                        Ok(Ok(stream)) => serve_one(stream, from, router, head_wait, stop).await,
                        Ok(Err(error)) => debug!(%from, %error, "a TLS handshake failed"),
                        Err(_) => debug!(%from, "a TLS handshake took too long"),
                    },
                }
                drop(place);
            });
        }
        drop(self.socket);
        let ending = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(wait, ending).await.is_err() {
            warn!("requests were still under way at the end of the shutdown");
        }
        tasks.shutdown().await;
    }

    async fn accept(&self) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        match self.socket.accept().await {
            Ok((stream, from)) => {
                let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                    debug!(%from, "a connection was refused: no place is left");
                    return None;
                };
                if let Err(error) = prepare(&stream, self.write_wait) {
                    debug!(%from, %error, "a connection went before it began");
                    return None;
                }
                Some((stream, from, place))
            }
            Err(error) => {
                // Mostly too many open files: a short pause instead of a loop that burns the processor.
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                None
            }
        }
    }
}

/// Waits until a stop is asked for; a sender that is gone has stopped as well.
pub async fn ended(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let domain = if address.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn prepare(stream: &TcpStream, write_wait: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(write_wait))
}

async fn serve_one<S>(stream: S, from: SocketAddr, router: Router, head_wait: Duration, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        let mut router = router.clone();
        async move { tower_service::Service::call(&mut router, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_wait)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = ended(&mut stop) => {
            // The request under way is answered, then the connection closes.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        debug!(%from, %error, "a connection ended early");
    }
}
