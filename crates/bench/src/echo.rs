//! The raw limit of a request: the same HTTP stack, the same body, and nothing done.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use contract::limit;
use http_body_util::{BodyExt, Limited};
use server::listen::Listener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::{Outcome, worker};

/// Serves until it is asked to end, on the listener that the product uses.
pub(crate) struct Echo {
    /// Where it is.
    pub(crate) address: SocketAddr,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Echo {
    /// Starts on a free port.
    pub(crate) fn start(tls: Option<Arc<rustls::ServerConfig>>) -> Outcome<Self> {
        let router = Router::new().route("/v4/{*command}", any(echo));
        let places = Arc::new(Semaphore::new(20_000));
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), tls, router, places)?;
        let address = listener.address()?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(listener.serve(stopped, Duration::from_secs(1)));
        Ok(Self { address, tasks, stop })
    }

    /// Ends.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn echo(body: Body) -> Response {
    match Limited::new(body, limit::BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes().into_response(),
        Err(_) => axum::http::StatusCode::BAD_REQUEST.into_response(),
    }
}

/// The echo as a process of its own, as the server is one.
pub(crate) async fn part() -> Outcome {
    let echo = Echo::start(None)?;
    worker::say(&echo.address.to_string())?;
    while worker::listen().await?.is_some() {}
    echo.stop().await;
    Ok(())
}
