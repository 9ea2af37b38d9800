//! WebSocket frames as a server reads and writes them (RFC 6455), without any IO.
//!
//! Our own reader, because a library's reserves what a frame's header promises and keeps its buffers while nothing
//! moves: here a connection holds at most what its bound allows, from its first byte on, and nothing at rest.

use bytes::{Bytes, BytesMut};

/// A WebSocket close status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The purpose of the connection is fulfilled.
    Normal = 1000,
    /// The peer broke the protocol.
    Protocol = 1002,
    /// Text, where only binary messages have a meaning.
    Unsupported = 1003,
    /// A message over the bound.
    TooLarge = 1009,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole binary message.
    Message(Bytes),
    /// To be answered with the same bytes.
    Ping(Bytes),
    /// Of no consequence, except that the peer lives.
    Pong,
    /// The peer closes.
    Close,
}

/// Puts messages together from bytes.
#[derive(Debug)]
pub struct Reader {
    bytes: BytesMut,
    /// The parts of a message whose last part is still to come.
    parts: BytesMut,
    part_count: usize,
    max: usize,
}

/// A header with the longest length and the mask.
const HEADER_BYTES: usize = 14;
const CONTROL_BYTES: usize = 125;
/// Parts of one message; nobody who means well needs more.
const PARTS_MAX: usize = 64;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

struct Header {
    is_last: bool,
    kind: u8,
    mask: [u8; 4],
    /// Bytes of the header itself.
    len: usize,
    payload: usize,
}

impl Reader {
    /// Reads messages of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { bytes: BytesMut::new(), parts: BytesMut::new(), part_count: 0, max }
    }

    /// Changes the bound from the next message on.
    pub const fn set_max(&mut self, max: usize) {
        self.max = max;
    }

    /// How many more bytes may be fed before messages are taken out: there is always room for the rest of a message,
    /// and for a ping between its parts.
    pub fn room(&self) -> usize {
        (self.max + CONTROL_BYTES + HEADER_BYTES).saturating_sub(self.bytes.len() + self.parts.len())
    }

    /// Takes bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes out the next whole message, or says why the connection must end.
    pub fn take(&mut self) -> Result<Option<Incoming>, Status> {
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            if self.bytes.len() < header.len + header.payload {
                return Ok(None);
            }
            let mut frame = self.bytes.split_to(header.len + header.payload);
            if self.bytes.is_empty() {
                self.bytes = BytesMut::new();
            }
            let mut payload = frame.split_off(header.len);
            for (byte, mask) in payload.iter_mut().zip(header.mask.iter().cycle()) {
                *byte ^= mask;
            }
            let incoming = match header.kind {
                CLOSE => Incoming::Close,
                PING => Incoming::Ping(payload.freeze()),
                PONG => Incoming::Pong,
                _ if header.is_last && self.part_count == 0 => Incoming::Message(payload.freeze()),
                _ => {
                    self.parts.extend_from_slice(&payload);
                    self.part_count += 1;
                    if !header.is_last {
                        continue;
                    }
                    self.part_count = 0;
                    Incoming::Message(std::mem::take(&mut self.parts).freeze())
                }
            };
            return Ok(Some(incoming));
        }
    }

    fn header(&self) -> Result<Option<Header>, Status> {
        let [first, second, rest @ ..] = &self.bytes[..] else { return Ok(None) };
        let (is_last, kind) = (first & 0x80 != 0, first & 0x0f);
        let is_masked = second & 0x80 != 0;
        if first & 0x70 != 0 || !is_masked {
            return Err(Status::Protocol);
        }
        let is_control = kind >= CLOSE;
        let is_begun = self.part_count > 0;
        match kind {
            CONTINUATION if !is_begun || self.part_count >= PARTS_MAX => return Err(Status::Protocol),
            BINARY if is_begun => return Err(Status::Protocol),
            TEXT => return Err(Status::Unsupported),
            CONTINUATION | BINARY => {}
            CLOSE | PING | PONG if is_last => {}
            _ => return Err(Status::Protocol),
        }
        let short = usize::from(second & 0x7f);
        let (payload, len_bytes) = match short {
            126 => {
                let Some(len) = rest.first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*len)), 2)
            }
            127 => {
                let Some(len) = rest.first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*len), 8)
            }
            short => (short as u64, 0),
        };
        let payload = usize::try_from(payload).map_err(|_| Status::TooLarge)?;
        if is_control && payload > CONTROL_BYTES {
            return Err(Status::Protocol);
        }
        if !is_control && payload > self.max.saturating_sub(self.parts.len()) {
            return Err(Status::TooLarge);
        }
        let Some(mask) = rest.get(len_bytes..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
        Ok(Some(Header { is_last, kind, mask: *mask, len: 2 + len_bytes + mask.len(), payload }))
    }
}

/// Writes a binary message.
pub fn write_message(payload: &[u8], out: &mut Vec<u8>) {
    write(BINARY, payload, out);
}

/// Answers a ping.
pub fn write_pong(payload: &[u8], out: &mut Vec<u8>) {
    write(PONG, payload, out);
}

/// Says good-bye.
pub fn write_close(status: Status, out: &mut Vec<u8>) {
    write(CLOSE, &(status as u16).to_be_bytes(), out);
}

fn write(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | kind);
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client writes it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        write(first & 0x0f, payload, &mut frame);
        frame[0] = first;
        frame[1] |= 0x80;
        let at = frame.len() - payload.len();
        let mask = [1, 2, 3, 4];
        let masked: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        frame.truncate(at);
        frame.extend_from_slice(&mask);
        frame.extend_from_slice(&masked);
        frame
    }

    fn all(reader: &mut Reader, bytes: &[u8]) -> Vec<Incoming> {
        reader.feed(bytes);
        std::iter::from_fn(|| reader.take().expect("well-formed")).collect()
    }

    #[test]
    fn a_message_arrives_whole_however_it_is_cut() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..len).map(|n: usize| n as u8).collect();
            let bytes = frame(0x82, &payload);
            let mut reader = Reader::new(100_000);
            let (head, tail) = bytes.split_at(bytes.len() / 2);
            assert_eq!(all(&mut reader, head), []);
            assert_eq!(all(&mut reader, tail), [Incoming::Message(payload.into())]);
        }
    }

    #[test]
    fn a_ping_may_come_between_the_parts_of_a_message() {
        let mut reader = Reader::new(100);
        let bytes = [frame(0x02, b"one "), frame(0x89, b"?"), frame(0x80, b"message"), frame(0x88, b"")].concat();
        let message = Incoming::Message(Bytes::from_static(b"one message"));
        assert_eq!(all(&mut reader, &bytes), [Incoming::Ping(Bytes::from_static(b"?")), message, Incoming::Close]);
    }

    #[test]
    fn what_breaks_the_protocol_or_the_bound_is_refused_from_its_header_on() {
        let check = |bytes: &[u8], status: Status| {
            let mut reader = Reader::new(100);
            reader.feed(bytes);
            assert_eq!(reader.take(), Err(status), "{bytes:?}");
        };
        check(&[0x82, 0x05], Status::Protocol);
        check(&[0xc2, 0x85], Status::Protocol);
        check(&[0x80, 0x85], Status::Protocol);
        check(&[0x83, 0x85], Status::Protocol);
        check(&[0x09, 0x80], Status::Protocol);
        check(&[0x81, 0x85], Status::Unsupported);
        check(&[0x82, 0x80 | 0x65], Status::TooLarge);
        check(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Status::TooLarge);
        check(&[0x89, 0xfe, 0, 126], Status::Protocol);
        check(&[frame(0x02, &[0; 60]), frame(0x80, &[0; 60])].concat(), Status::TooLarge);
    }

    #[test]
    fn no_more_is_held_than_the_bound() {
        let mut reader = Reader::new(2_048);
        reader.feed(&frame(0x82, &[7; 2_048])[..2_000]);
        assert_eq!(reader.take(), Ok(None));
        assert_eq!(reader.room(), 2_048 + CONTROL_BYTES + HEADER_BYTES - 2_000);
    }
}
