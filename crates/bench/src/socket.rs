//! A gateway client that costs little: WebSocket by hand, one buffer, and only what the benchmarks need.
//!
//! The masking key is zero, which the protocol allows and which leaves the payload as it is; the server unmasks it
//! all the same.

use bytes::{Buf, Bytes, BytesMut};
use contract::frame::wire::{LoginAnswer, LoginRequest, Platform};
use contract::frame::{Command, Frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::Outcome;

const FRAME_BYTES: usize = 256 * 1024;

/// A connection on which the handshake is done.
pub(crate) struct Socket<S> {
    stream: S,
    input: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Shakes hands.
    pub(crate) async fn open(mut stream: S) -> Outcome<Self> {
        let request = "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut input = BytesMut::with_capacity(1024);
        loop {
            if stream.read_buf(&mut input).await? == 0 {
                return Err("closed in the handshake".into());
            }
            if let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") {
                if !input.starts_with(b"HTTP/1.1 101") {
                    return Err(format!("no upgrade: {}", String::from_utf8_lossy(&input)).into());
                }
                input.advance(end + 4);
                return Ok(Self { stream, input });
            }
        }
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: &Frame) -> Outcome {
        let payload = frame.to_bytes();
        let mut bytes = vec![0x82];
        match payload.len() {
            len @ 0..126 => bytes.push(0x80 | len as u8),
            len => {
                bytes.push(0xfe);
                bytes.extend_from_slice(&u16::try_from(len)?.to_be_bytes());
            }
        }
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&payload);
        self.stream.write_all(&bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// The payload of the next message.
    pub(crate) async fn next(&mut self) -> Outcome<Bytes> {
        loop {
            if let Some(payload) = self.take()? {
                return Ok(payload);
            }
            self.input.reserve(4 * 1024);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err("closed by the server".into());
            }
        }
    }

    /// A message that was read already.
    pub(crate) fn take(&mut self) -> Outcome<Option<Bytes>> {
        let [first, second, ..] = self.input[..] else { return Ok(None) };
        let (head, len) = match second {
            126 if self.input.len() >= 4 => (4, u16::from_be_bytes([self.input[2], self.input[3]]).into()),
            127 if self.input.len() >= 10 => {
                let mut len = [0; 8];
                len.copy_from_slice(&self.input[2..10]);
                (10, u64::from_be_bytes(len) as usize)
            }
            126 | 127 => return Ok(None),
            len => (2, len as usize),
        };
        if len > FRAME_BYTES || first != 0x82 {
            return Err(format!("a frame of kind {first:#x} with {len} bytes").into());
        }
        if self.input.len() < head + len {
            return Ok(None);
        }
        self.input.advance(head);
        Ok(Some(self.input.split_to(len).freeze()))
    }

    /// Logs in; answers what the server answered.
    pub(crate) async fn log_in(&mut self, app: i64, user: &str, device: &str, user_sig: &str) -> Outcome<LoginAnswer> {
        let request = LoginRequest {
            user_sig: user_sig.into(),
            device: device.into(),
            platform: Platform::Android.into(),
            sdk_version: "bench".into(),
        };
        let frame = Frame::request(Command::Login, &request);
        self.send(&Frame { seq: 1, app: u64::try_from(app)?, account: user.into(), ..frame }).await?;
        let answer = Frame::from_bytes(self.next().await?, FRAME_BYTES).map_err(|fault| format!("{fault:?}"))?;
        if answer.code != 0 {
            return Err(format!("login of {user}: {} {}", answer.code, answer.text).into());
        }
        Ok(answer.read().map_err(|fault| format!("{fault:?}"))?)
    }
}
