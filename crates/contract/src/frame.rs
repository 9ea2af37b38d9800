//! Gateway frames: encode, decode, compress, and nothing else.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
/// Anything that can be a body.
pub use prost::Message as Body;

use crate::fault::Fault;

/// The wire contract as `proto/gateway.proto` publishes it.
#[expect(missing_docs, clippy::pedantic, reason = "derived from the commented .proto file")]
pub mod wire {
    include!(concat!(env!("OUT_DIR"), "/noroshi.gateway.v1.rs"));
}

pub use wire::{Command, Flag, Frame};

/// Bodies under this size gain nothing from compression.
const COMPRESS_FROM_BYTES: usize = 1_024;

impl Frame {
    /// A request, to be numbered by the connection.
    pub fn request(command: Command, body: &impl Body) -> Self {
        Self { command: command.into(), body: body.encode_to_vec().into(), ..Self::default() }
    }

    /// A notice of the server.
    pub fn notice(command: Command, body: &impl Body) -> Self {
        Self::request(command, body)
    }

    /// The good answer to a request.
    pub fn answer(&self, body: &impl Body) -> Self {
        Self {
            seq: self.seq,
            command: self.command,
            flags: Flag::Answer as u32,
            body: body.encode_to_vec().into(),
            ..Self::default()
        }
    }

    /// The refusal of a request.
    pub fn refusal(&self, code: i32, text: &str) -> Self {
        Self {
            seq: self.seq,
            command: self.command,
            flags: Flag::Answer as u32,
            code,
            text: text.into(),
            ..Self::default()
        }
    }

    /// Whether a flag is set.
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & flag as u32 != 0
    }

    /// The bytes that travel.
    pub fn to_bytes(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    /// Reads a frame of at most `max` bytes, before and after decompression.
    pub fn from_bytes(bytes: Bytes, max: usize) -> Result<Self, Fault> {
        if bytes.len() > max {
            return Err(Fault::FrameMalformed);
        }
        let mut frame = Self::decode(bytes).map_err(|_| Fault::FrameMalformed)?;
        if frame.has(Flag::Compressed) {
            frame.body = inflate(&frame.body, max).ok_or(Fault::FrameMalformed)?;
            frame.flags &= !(Flag::Compressed as u32);
        }
        Ok(frame)
    }

    /// Reads the body as the message that the command names.
    pub fn read<M: Body + Default>(&self) -> Result<M, Fault> {
        M::decode(self.body.clone()).map_err(|_| Fault::FrameMalformed)
    }

    /// Compresses a large body, for a peer that reads compressed frames (all do).
    #[must_use]
    pub fn compressed(mut self) -> Self {
        if self.body.len() >= COMPRESS_FROM_BYTES && !self.has(Flag::Compressed) {
            let mut zlib = ZlibEncoder::new(Vec::with_capacity(self.body.len() / 2), Compression::fast());
            zlib.write_all(&self.body).expect("a vector takes every write");
            let packed = zlib.finish().expect("a vector takes every write");
            if packed.len() < self.body.len() {
                self.body = packed.into();
                self.flags |= Flag::Compressed as u32;
            }
        }
        self
    }
}

/// Bytes that a part of a body takes, for those who fill an answer up to the bound of a frame.
pub fn size(part: &impl Body) -> usize {
    part.encoded_len()
}

fn inflate(packed: &[u8], max: usize) -> Option<Bytes> {
    let mut body = Vec::with_capacity(packed.len().saturating_mul(2).min(max));
    ZlibDecoder::new(packed).take(max as u64 + 1).read_to_end(&mut body).ok()?;
    (body.len() <= max).then(|| body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_travels_compressed_and_arrives_whole() {
        let sent = wire::SendRequest { to: "bob".into(), body: "x".repeat(9_000), ..Default::default() };
        let bytes = Frame::request(Command::Send, &sent).compressed().to_bytes();
        assert!(bytes.len() < 500);
        let frame = Frame::from_bytes(bytes, 16_384).expect("fits");
        assert_eq!(frame.read::<wire::SendRequest>(), Ok(sent));
    }

    #[test]
    fn neither_a_large_frame_nor_a_bomb_is_held() {
        let sent = wire::SendRequest { body: "x".repeat(9_000), ..Default::default() };
        let plain = Frame::request(Command::Send, &sent);
        assert_eq!(Frame::from_bytes(plain.to_bytes(), 8_000), Err(Fault::FrameMalformed));
        assert_eq!(Frame::from_bytes(plain.compressed().to_bytes(), 8_000), Err(Fault::FrameMalformed));
        assert_eq!(Frame::from_bytes(Bytes::from_static(b"\xff\xff"), 8_000), Err(Fault::FrameMalformed));
    }
}
