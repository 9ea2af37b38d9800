//! A bare HTTP client for the rooms over HTTP: one request a connection, HTTP/1.1 or HTTP/2 over TLS, or plain.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::wire::{DEADLINE, Got, tls};

/// A sandbox and the base URL of one of its rooms.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) room: &'static str,
    pub(crate) url: String,
}

impl House {
    pub(crate) async fn open(room: &'static str) -> Self {
        let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
        let url = sandbox.urls().into_iter().find(|(name, _)| *name == room).unwrap().1;
        Self { sandbox, room, url }
    }

    /// A call of the control API under the room's name.
    pub(crate) fn control(&self, method: &str, path: &str, body: Value) -> Value {
        self.sandbox.control(method, &format!("/{}/{path}", self.room), &body).unwrap()
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.sandbox.control(method, path, &body).unwrap()
    }

    /// Adds a phone and says its token.
    pub(crate) fn phone(&self, body: Value) -> String {
        self.control("POST", "devices", body)["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn inbox(&self, token: &str) -> Vec<Value> {
        let path = format!("devices/{token}/inbox");
        self.control("GET", &path, json!({}))["notifications"].as_array().unwrap().clone()
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        self.ask("POST", path, headers, body).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let stream = tls(&self.sandbox, &self.url, None, false).await;
        exchange(TokioIo::new(stream), request).await.expect("an answer")
    }

    /// The same over HTTP/2.
    pub(crate) async fn ask_h2(&self, path: &str, headers: &[(&str, &str)], body: &str) -> hyper::Result<Got> {
        let mut request = Request::post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let stream = tls(&self.sandbox, &self.url, None, true).await;
        let (mut send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let response = tokio::time::timeout(DEADLINE, send.send_request(request)).await.expect("an answer in time")?;
        Ok(read(response).await)
    }

    /// The same without TLS.
    pub(crate) async fn ask_plain(&self, path: &str, body: &str) -> hyper::Result<Got> {
        let request = Request::post(path).header("host", "localhost");
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let socket = TcpStream::connect(self.url.trim_start_matches("https://")).await.unwrap();
        exchange(TokioIo::new(socket), request).await
    }
}

async fn exchange<T>(io: T, request: Request<Full<Bytes>>) -> hyper::Result<Got>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut send, connection) = hyper::client::conn::http1::handshake(io).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = tokio::time::timeout(DEADLINE, send.send_request(request)).await.expect("an answer in time")?;
    Ok(read(response).await)
}

async fn read(response: Response<Incoming>) -> Got {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Got { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body).unwrap() }
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A form's body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut done, byte| {
            if byte.is_ascii_alphanumeric() {
                done.push(char::from(byte));
            } else {
                done.push_str(&format!("%{byte:02X}"));
            }
            done
        })
    };
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
