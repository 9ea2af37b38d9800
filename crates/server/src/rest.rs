//! A caller of the IM REST surface, as an app's back end is one: for the demo and whoever tries things by hand.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use contract::{Failure, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The contract advises clients to wait longer than three seconds.
const WAIT: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A back end that calls as one administrator.
#[derive(Debug, Clone)]
pub struct Rest {
    /// Where plain HTTP is.
    pub address: SocketAddr,
    /// The query of every call: app, identifier, UserSig.
    pub query: String,
}

impl Rest {
    /// A caller with a UserSig.
    pub fn new(address: SocketAddr, app: i64, identifier: &str, user_sig: &str) -> Self {
        let query = format!("sdkappid={app}&identifier={identifier}&usersig={user_sig}&random=1&contenttype=json");
        Self { address, query }
    }

    /// Calls a command; answers the body whatever its code is.
    pub async fn call(&self, command: &str, body: &Value) -> Result<Value> {
        let path = format!("/v4/{command}?{}", self.query);
        let answer = self.post(&path, body.to_string().into()).await?;
        Ok(serde_json::from_slice(&answer).map_err(Failure::internal)?)
    }

    /// Posts to a path of any plain HTTP service on the same address; answers the body whatever its status is.
    pub async fn post(&self, path: &str, body: Bytes) -> Result<Bytes> {
        let late = || {
            let path = path.split('?').next().unwrap_or_default();
            Failure::Timeout(format!("{path} was not answered in time"))
        };
        tokio::time::timeout(WAIT, self.exchange("POST", path, body)).await.map_err(|_| late())?
    }

    /// Reads a path of any plain HTTP service on the same address.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        self.exchange("GET", path, Bytes::new()).await
    }

    async fn exchange(&self, method: &str, path: &str, body: Bytes) -> Result<Bytes> {
        let away = |error: &dyn std::fmt::Display| Failure::Unavailable(format!("{}: {error}", self.address));
        let stream = TcpStream::connect(self.address).await.map_err(|error| away(&error))?;
        let (mut requests, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| away(&error))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .body(Full::new(body))
            .map_err(Failure::internal)?;
        let response = requests.send_request(request).await.map_err(|error| away(&error))?;
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|error| away(&error))?;
        Ok(body.to_bytes())
    }
}
