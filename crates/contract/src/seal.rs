//! Sealed frames: Noise NK, so that a proxy that ends TLS sees neither login nor messages.
//!
//! The client knows the server's static key beforehand (it pins it); the client itself stays anonymous on this
//! layer and proves who it is inside. One handshake message each way, then both sides hold a [`Channel`].

use snow::{Builder, HandshakeState, TransportState};

use crate::fault::Fault;

const PATTERN: &str = "Noise_NK_25519_ChaChaPoly_BLAKE2s";
/// Noise bounds a message at 65,535 bytes; larger frames travel as several of them, each with its tag.
const CHUNK_BYTES: usize = 65_535 - TAG_BYTES;
const TAG_BYTES: usize = 16;

/// A static key pair of a server.
#[derive(Clone)]
pub struct KeyPair {
    /// Kept by the server.
    pub private: Vec<u8>,
    /// Pinned by clients.
    pub public: Vec<u8>,
}

/// Makes a key pair.
pub fn key_pair() -> KeyPair {
    let pair = builder().generate_keypair().expect("the pattern is supported and the system has entropy");
    KeyPair { private: pair.private, public: pair.public }
}

/// The client's side before the answer.
pub struct Opening(Box<HandshakeState>);

impl Opening {
    /// Starts towards a server whose key is pinned; answers the state and the first message.
    pub fn start(server_public: &[u8]) -> Result<(Self, Vec<u8>), Fault> {
        let mut state = builder()
            .remote_public_key(server_public)
            .and_then(Builder::build_initiator)
            .map_err(|_| Fault::FrameMalformed)?;
        let mut message = vec![0; 128];
        let len = state.write_message(&[], &mut message).map_err(|_| Fault::FrameMalformed)?;
        message.truncate(len);
        Ok((Self(Box::new(state)), message))
    }

    /// Reads the server's answer.
    pub fn finish(mut self, answer: &[u8]) -> Result<Channel, Fault> {
        let mut payload = [0; 128];
        self.0.read_message(answer, &mut payload).map_err(|_| Fault::FrameMalformed)?;
        Channel::of(*self.0)
    }
}

/// Answers a client's first message.
pub fn accept(keys: &KeyPair, opening: &[u8]) -> Result<(Channel, Vec<u8>), Fault> {
    let mut state = builder()
        .local_private_key(&keys.private)
        .and_then(Builder::build_responder)
        .map_err(|_| Fault::FrameMalformed)?;
    let mut payload = [0; 128];
    state.read_message(opening, &mut payload).map_err(|_| Fault::FrameMalformed)?;
    let mut answer = vec![0; 128];
    let len = state.write_message(&[], &mut answer).map_err(|_| Fault::FrameMalformed)?;
    answer.truncate(len);
    Ok((Channel::of(state)?, answer))
}

/// Both directions after the handshake.
pub struct Channel(Box<TransportState>);

impl Channel {
    fn of(state: HandshakeState) -> Result<Self, Fault> {
        state.into_transport_mode().map(|state| Self(Box::new(state))).map_err(|_| Fault::FrameMalformed)
    }

    /// Seals what is to travel.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut sealed = Vec::with_capacity(plain.len() + TAG_BYTES * (1 + plain.len() / CHUNK_BYTES));
        let mut chunk = vec![0; CHUNK_BYTES.min(plain.len()) + TAG_BYTES];
        for part in plain.chunks(CHUNK_BYTES) {
            let len = self.0.write_message(part, &mut chunk).map_err(|_| Fault::FrameMalformed)?;
            sealed.extend_from_slice(&chunk[..len]);
        }
        Ok(sealed)
    }

    /// Opens what came. A peer that fails here has lost its place: the connection is of no use any more.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut plain = Vec::with_capacity(sealed.len());
        let mut chunk = vec![0; CHUNK_BYTES.min(sealed.len()) + TAG_BYTES];
        for part in sealed.chunks(CHUNK_BYTES + TAG_BYTES) {
            let len = self.0.read_message(part, &mut chunk).map_err(|_| Fault::FrameMalformed)?;
            plain.extend_from_slice(&chunk[..len]);
        }
        Ok(plain)
    }
}

fn builder<'a>() -> Builder<'a> {
    Builder::new(PATTERN.parse().expect("the pattern is a constant that snow knows"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let keys = key_pair();
        let (opening, first) = Opening::start(&keys.public).expect("starts");
        let (server, answer) = accept(&keys, &first).expect("answers");
        (opening.finish(&answer).expect("finishes"), server)
    }

    #[test]
    fn what_one_side_seals_the_other_opens_whatever_its_size() {
        let (mut client, mut server) = pair();
        for size in [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 200_000] {
            let plain: Vec<u8> = (0..size).map(|n| n as u8).collect();
            let sealed = client.seal(&plain).expect("seals");
            assert_eq!(server.open(&sealed), Ok(plain));
        }
    }

    #[test]
    fn a_flipped_bit_and_a_wrong_server_are_noticed() {
        let (mut client, mut server) = pair();
        let mut sealed = client.seal(b"hello").expect("seals");
        sealed[2] ^= 1;
        assert!(server.open(&sealed).is_err());
        let (_, first) = Opening::start(&key_pair().public).expect("starts");
        assert!(accept(&key_pair(), &first).is_err());
    }
}
