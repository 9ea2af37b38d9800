//! Takes the receipts that the sandbox sends, over plain HTTP on the loopback.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::wire::DEADLINE;

pub(crate) struct Receiver {
    address: std::net::SocketAddr,
    receipts: Mutex<mpsc::Receiver<Receipt>>,
    _tasks: JoinSet<()>,
}

pub(crate) struct Receipt {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Receipt {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receipts) = mpsc::channel(100);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let sender = sender.clone();
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes().to_vec();
                        let receipt = Receipt { headers: head.headers, body: String::from_utf8(body).unwrap() };
                        sender.send(receipt).await.unwrap();
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
                    }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                connections.spawn(async move { drop(connection.await) });
            }
        });
        Self { address, receipts: Mutex::new(receipts), _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/receipts", self.address)
    }

    pub(crate) async fn next(&self) -> Receipt {
        let mut receipts = self.receipts.lock().await;
        tokio::time::timeout(DEADLINE, receipts.recv()).await.expect("a receipt in time").unwrap()
    }
}

pub(crate) fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
