//! A client that does what no decent client does: sends by halves, stops, says nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::Im;

/// What a test waits for, at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection of bytes.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn open(im: &Im) -> Self {
        Self(TcpStream::connect(im.address()).await.expect("the server accepts"))
    }

    pub(crate) async fn write(mut self, bytes: &[u8]) -> Self {
        self.0.write_all(bytes).await.expect("the server takes bytes");
        self
    }

    /// Reads up to the end of the first answer's envelope.
    pub(crate) async fn read_answer(&mut self) -> String {
        let mut text = Vec::new();
        let mut part = [0; 4_096];
        let read = async {
            loop {
                let count = self.0.read(&mut part).await.expect("the server does not reset");
                text.extend(&part[..count]);
                if count == 0 || text.ends_with(b"}") {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the server answers");
        String::from_utf8(text).expect("the answer is text")
    }

    /// Waits until the server ends the connection; answers what it said before.
    pub(crate) async fn read_end(&mut self) -> String {
        let mut text = Vec::new();
        let read = self.0.read_to_end(&mut text);
        match tokio::time::timeout(PATIENCE, read).await.expect("the server ends the connection") {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
        String::from_utf8(text).expect("the answer is text")
    }
}

impl Raw {
    /// Waits until the server ends the connection, whatever bytes it sends before.
    pub(crate) async fn read_to_close(&mut self) {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        if let Err(error) = read.expect("the server ends the connection") {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
    }
}

/// Asks again and again until something holds.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to hold");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
