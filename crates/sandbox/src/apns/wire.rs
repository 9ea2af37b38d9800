//! Rewrites the two kinds of frames that h2 will not let a server choose: the announced cap of streams, which the
//! vendor changes while a connection lives, and the last stream of a GOAWAY, which the vendor sets below open ones.
//!
//! h2 believes in the full cap; this layer announces another. To change it, the connection sends a SETTINGS frame
//! through h2 that holds nothing but an initial window size (so h2 awaits its acknowledgement), and this layer turns
//! that one entry into the cap.
//!
//! On the way in it only looks: a client that has not heard of the cap yet may open more streams, and some do.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const HEAD: usize = 9;
const PREFACE: usize = 24;
const TYPE_HEADERS: u8 = 1;
const TYPE_SETTINGS: u8 = 4;
const TYPE_GOAWAY: u8 = 7;
const FLAG_ACK: u8 = 1;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_CONCURRENT_STREAMS: u16 = 3;
/// Bytes that wait for the socket before this layer takes no more.
const WAITING_MAX: usize = 64 * 1024;

/// What the peer is told, shared with the connection.
#[derive(Debug)]
pub(super) struct Told {
    /// The announced cap of concurrent streams.
    pub(super) cap: AtomicU32,
    /// No GOAWAY names a later stream than this.
    pub(super) last_stream: AtomicU32,
    /// The last stream that the peer opened before it acknowledged the first cap.
    pub(super) early_stream: AtomicU32,
}

impl Told {
    pub(super) fn new(cap: u32) -> Arc<Self> {
        Arc::new(Self {
            cap: AtomicU32::new(cap),
            last_stream: AtomicU32::new(u32::MAX >> 1),
            early_stream: AtomicU32::new(0),
        })
    }
}

/// The stream under h2.
pub(super) struct Wire<T> {
    io: T,
    told: Arc<Told>,
    /// The start of a frame that is not complete yet.
    partial: BytesMut,
    /// Payload bytes of a long frame that pass untouched.
    pass: usize,
    /// What waits for the socket.
    waiting: BytesMut,
    /// Watches what comes in until the first cap is acknowledged.
    watch: Option<Watch>,
}

/// Follows the frames of the peer.
struct Watch {
    /// The start of a frame's head.
    head: Vec<u8>,
    /// Bytes up to the next head.
    skip: usize,
}

impl<T> Wire<T> {
    pub(super) fn new(io: T, told: Arc<Told>) -> Self {
        Self {
            io,
            told,
            partial: BytesMut::new(),
            pass: 0,
            waiting: BytesMut::new(),
            watch: Some(Watch { head: Vec::new(), skip: PREFACE }),
        }
    }

    /// Takes bytes of any cut, lets other frames pass and holds SETTINGS and GOAWAY until they are whole.
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.pass > 0 {
                let cut = self.pass.min(bytes.len());
                self.waiting.extend_from_slice(&bytes[..cut]);
                self.pass -= cut;
                bytes.advance(cut);
                continue;
            }
            let wanted = if self.partial.len() < HEAD { HEAD } else { HEAD + length(&self.partial) };
            let cut = (wanted - self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..cut]);
            bytes.advance(cut);
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        if self.partial.len() < HEAD {
            return;
        }
        let (kind, length) = (self.partial[3], length(&self.partial));
        if kind != TYPE_SETTINGS && kind != TYPE_GOAWAY {
            self.pass = length;
        } else if self.partial.len() < HEAD + length {
            return;
        } else {
            rewrite(&mut self.partial, &self.told);
        }
        self.waiting.extend_from_slice(&self.partial);
        self.partial.clear();
    }
}

impl Watch {
    /// True when the first cap is acknowledged.
    fn take(&mut self, mut bytes: &[u8], told: &Told) -> bool {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let cut = self.skip.min(bytes.len());
                self.skip -= cut;
                bytes.advance(cut);
                continue;
            }
            self.head.push(bytes[0]);
            bytes.advance(1);
            if self.head.len() < HEAD {
                continue;
            }
            if self.head[3] == TYPE_SETTINGS && self.head[4] & FLAG_ACK != 0 {
                return true;
            }
            if self.head[3] == TYPE_HEADERS {
                let stream = u32::from_be_bytes([self.head[5], self.head[6], self.head[7], self.head[8]]);
                told.early_stream.fetch_max(stream & (u32::MAX >> 1), Ordering::Relaxed);
            }
            self.skip = length(&self.head);
            self.head.clear();
        }
        false
    }
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

fn length(frame: &[u8]) -> usize {
    usize::from(frame[0]) << 16 | usize::from(frame[1]) << 8 | usize::from(frame[2])
}

fn rewrite(frame: &mut [u8], told: &Told) {
    let (head, payload) = frame.split_at_mut(HEAD);
    if head[3] == TYPE_GOAWAY {
        let Some(last) = payload.first_chunk_mut::<4>() else { return };
        let lowest = u32::from_be_bytes(*last).min(told.last_stream.load(Ordering::Relaxed));
        *last = lowest.to_be_bytes();
        return;
    }
    if head[4] & FLAG_ACK != 0 {
        return;
    }
    let is_single = payload.len() == 6;
    for entry in payload.chunks_exact_mut(6) {
        let id = u16::from_be_bytes([entry[0], entry[1]]);
        if id == MAX_CONCURRENT_STREAMS || (is_single && id == INITIAL_WINDOW_SIZE) {
            entry[..2].copy_from_slice(&MAX_CONCURRENT_STREAMS.to_be_bytes());
            entry[2..].copy_from_slice(&told.cap.load(Ordering::Relaxed).to_be_bytes());
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let this = &mut *self;
        if let Some(watch) = &mut this.watch
            && watch.take(&buf.filled()[before..], &this.told)
        {
            this.watch = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.waiting.len() >= WAITING_MAX {
            ready!(self.drain(cx))?;
        }
        self.take(buf);
        // What the socket does not take now goes with the next write or flush.
        if let Poll::Ready(Err(error)) = self.drain(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn frames_are_rewritten_however_the_bytes_are_cut() {
        let settings = frame(TYPE_SETTINGS, 0, &[0, 3, 0, 0, 3, 232, 0, 6, 0, 0, 64, 0]);
        let raise = frame(TYPE_SETTINGS, 0, &[0, 4, 0, 0, 255, 255]);
        let data = frame(0, 1, b"unchanged");
        let go_away = frame(TYPE_GOAWAY, 0, &[127, 255, 255, 255, 0, 0, 0, 0]);
        let sent = [settings, raise, data.clone(), frame(TYPE_SETTINGS, FLAG_ACK, &[]), go_away].concat();
        for cut in 1..sent.len() {
            let told = Told::new(7);
            told.last_stream.store(5, Ordering::Relaxed);
            let mut wire = Wire::new(tokio::io::empty(), told);
            sent.chunks(cut).for_each(|bytes| wire.take(bytes));
            let expected = [
                frame(TYPE_SETTINGS, 0, &[0, 3, 0, 0, 0, 7, 0, 6, 0, 0, 64, 0]),
                frame(TYPE_SETTINGS, 0, &[0, 3, 0, 0, 0, 7]),
                data.clone(),
                frame(TYPE_SETTINGS, FLAG_ACK, &[]),
                frame(TYPE_GOAWAY, 0, &[0, 0, 0, 5, 0, 0, 0, 0]),
            ]
            .concat();
            assert_eq!(wire.waiting, expected, "cut at {cut}");
        }
    }

    #[test]
    fn streams_before_the_acknowledgement_are_early() {
        let mut headers = frame(TYPE_HEADERS, 5, b"block");
        headers[8] = 7;
        let mut late = headers.clone();
        late[8] = 9;
        let (settings, ack) = (frame(TYPE_SETTINGS, 0, &[]), frame(TYPE_SETTINGS, FLAG_ACK, &[]));
        let sent = [vec![0; PREFACE], settings, headers, ack, late].concat();
        for cut in 1..sent.len() {
            let told = Told::new(1);
            let mut watch = Watch { head: Vec::new(), skip: PREFACE };
            assert!(sent.chunks(cut).any(|bytes| watch.take(bytes, &told)));
            assert_eq!(told.early_stream.load(Ordering::Relaxed), 7, "cut at {cut}");
        }
    }
}
