//! Opens a connection to the gateway and moves frames: TCP, TLS, WebSocket, and sealing where it is asked for.
//!
//! Two tasks serve a connection. The reader gives frames to a channel of a few places and stops reading while
//! nobody takes them; the writer takes frames from a bounded channel, so that waiting to read never keeps a
//! heartbeat from being sent. Dropping the [`Connection`] ends both.

mod tls;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use contract::frame::{Command, Flag, Frame};
use contract::limit;
use contract::seal::{Channel, Opening};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::error::{Error, Result};
use crate::event::Reason;
use crate::settings::{Seal, Settings};

/// Frames that were read and are not yet taken.
const IN_FRAMES: usize = 8;
/// Frames that are not yet written: all requests that may wait, and a few of the client's own.
const OUT_FRAMES: usize = 1_100;
/// What compression and sealing may add to a frame of the largest size.
const OVERHEAD_BYTES: usize = 1_024;
const BUFFER_BYTES: usize = 4 * 1_024;

/// Where to connect, and what to trust.
#[derive(Clone)]
pub(crate) struct Target {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<tls::Connector>,
    seal: Seal,
    app: u64,
}

impl Target {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let uri: Uri = settings.gateway.parse().map_err(|_| Error::InvalidArgument("gateway: not a URL"))?;
        let host = uri.host().ok_or(Error::InvalidArgument("gateway: no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (tls, port) = match uri.scheme_str() {
            Some("ws") => (None, 80),
            Some("wss") => (Some(tls::connector(&settings.roots, &host)?), 443),
            _ => return Err(Error::InvalidArgument("gateway: the scheme is ws or wss")),
        };
        if let Seal::Pinned(key) = &settings.seal {
            Opening::start(key).map_err(|_| Error::InvalidArgument("seal: the public key has 32 bytes"))?;
        }
        let port = uri.port_u16().unwrap_or(port);
        Ok(Self { uri, host, port, tls, seal: settings.seal.clone(), app: settings.app })
    }

    /// Opens a connection; the caller bounds the time.
    pub(crate) async fn connect(self) -> Result<Connection, Reason> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(lost)?;
        stream.set_nodelay(true).map_err(lost)?;
        match self.tls.clone() {
            None => self.shake_hands(stream).await,
            Some(tls) => {
                let stream = tls.connect(stream).await.map_err(lost)?;
                self.shake_hands(stream).await
            }
        }
    }

    async fn shake_hands<S>(self, stream: S) -> Result<Connection, Reason>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let max = limit::FRAME_BYTES + OVERHEAD_BYTES;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(max))
            .max_frame_size(Some(max));
        let (mut socket, _) =
            tokio_tungstenite::client_async_with_config(self.uri, stream, Some(config)).await.map_err(lost)?;
        let seal = match &self.seal {
            Seal::Off => None,
            Seal::Pinned(key) => Some(Arc::new(Mutex::new(open_seal(&mut socket, key, self.app).await?))),
        };
        Ok(Connection::start(socket, seal))
    }
}

fn lost(error: impl std::fmt::Display) -> Reason {
    Reason::Lost(error.to_string())
}

type Shared = Option<Arc<Mutex<Channel>>>;

async fn open_seal<S>(socket: &mut WebSocketStream<S>, key: &[u8], app: u64) -> Result<Channel, Reason>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (opening, message) = Opening::start(key).map_err(|_| lost("the pinned key cannot be used"))?;
    let frame = Frame { seq: 1, command: Command::Seal.into(), app, body: message.into(), ..Frame::default() };
    socket.send(Message::Binary(frame.to_bytes())).await.map_err(lost)?;
    loop {
        let message = socket.next().await.ok_or_else(|| lost("closed before the connection was sealed"))?;
        let Message::Binary(bytes) = message.map_err(lost)? else { continue };
        let answer = Frame::from_bytes(bytes, limit::FRAME_BYTES).map_err(|_| lost("malformed frame"))?;
        if !answer.has(Flag::Answer) || answer.seq != 1 {
            return Err(Reason::Protocol("sealing is answered before anything else is said".into()));
        }
        if answer.code != 0 {
            return Err(Reason::Refused { code: answer.code, text: answer.text });
        }
        return opening.finish(&answer.body).map_err(|_| lost("the server does not hold the pinned key"));
    }
}

/// An open connection. Dropping it ends it.
pub(crate) struct Connection {
    frames: mpsc::Receiver<Result<Frame, String>>,
    out: mpsc::Sender<Frame>,
    tasks: JoinSet<()>,
}

impl Connection {
    fn start<S>(socket: WebSocketStream<S>, seal: Shared) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sink, stream) = socket.split();
        let (frames_tx, frames) = mpsc::channel(IN_FRAMES);
        let (out, out_rx) = mpsc::channel(OUT_FRAMES);
        let mut tasks = JoinSet::new();
        tasks.spawn(read(stream, frames_tx.clone(), seal.clone()));
        tasks.spawn(write(sink, out_rx, frames_tx, seal));
        Self { frames, out, tasks }
    }

    /// The next frame; an error, once, when the connection is of no use any more.
    pub(crate) async fn next(&mut self) -> Result<Frame, String> {
        self.frames.recv().await.unwrap_or_else(|| Err("closed".into()))
    }

    /// A frame that is here already.
    pub(crate) fn ready(&mut self) -> Option<Result<Frame, String>> {
        self.frames.try_recv().ok()
    }

    /// Queues a frame. Answers whether there was room.
    pub(crate) fn send(&self, frame: Frame) -> bool {
        self.out.try_send(frame).is_ok()
    }

    /// Writes what is queued, says goodbye, and ends; the caller bounds the time.
    pub(crate) async fn close(self) {
        let Self { frames, out, mut tasks } = self;
        // The writer ends when nothing more can be queued, the reader when nobody takes its frames.
        drop(out);
        drop(frames);
        tasks.join_next().await;
    }
}

async fn read<S>(mut stream: SplitStream<WebSocketStream<S>>, frames: mpsc::Sender<Result<Frame, String>>, seal: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let frame = match stream.next().await {
            None | Some(Ok(Message::Close(_))) => Err("closed by the gateway".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(Message::Binary(bytes))) => unseal(bytes, &seal),
            Some(Ok(Message::Text(_))) => Err("text where frames were agreed".into()),
            // Pings are answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
        };
        let is_over = frame.is_err();
        if frames.send(frame).await.is_err() || is_over {
            return;
        }
    }
}

fn unseal(bytes: Bytes, seal: &Shared) -> Result<Frame, String> {
    let malformed = |_| "malformed frame".to_owned();
    let frame = Frame::from_bytes(bytes, limit::FRAME_BYTES + OVERHEAD_BYTES).map_err(malformed)?;
    let Some(seal) = seal else { return Ok(frame) };
    if !frame.has(Flag::Sealed) {
        return Err("an open frame on a sealed connection".into());
    }
    let plain = seal.lock().unwrap_or_else(PoisonError::into_inner).open(&frame.body);
    Frame::from_bytes(plain.map_err(malformed)?.into(), limit::FRAME_BYTES).map_err(malformed)
}

async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut out: mpsc::Receiver<Frame>,
    frames: mpsc::Sender<Result<Frame, String>>,
    seal: Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(frame) = out.recv().await {
        let sent = match sealed(&frame, &seal) {
            // Frames that wait already go out with this one.
            Ok(bytes) if out.is_empty() => sink.send(Message::Binary(bytes)).await.map_err(|error| error.to_string()),
            Ok(bytes) => sink.feed(Message::Binary(bytes)).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            // If the reader has more to tell, the driver gets to this afterwards.
            if frames.send(Err(error)).await.is_err() {
                tracing::debug!("a connection broke after it was given up");
            }
            return;
        }
    }
    if let Err(error) = sink.close().await {
        tracing::debug!(%error, "a connection was gone before goodbye");
    }
}

fn sealed(frame: &Frame, seal: &Shared) -> Result<Bytes, String> {
    let bytes = frame.to_bytes();
    let Some(seal) = seal else { return Ok(bytes) };
    let body = seal.lock().unwrap_or_else(PoisonError::into_inner).seal(&bytes);
    let body = body.map_err(|_| "a frame could not be sealed")?.into();
    Ok(Frame { flags: Flag::Sealed as u32, body, ..Frame::default() }.to_bytes())
}
