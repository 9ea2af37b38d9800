//! What an upload announces of its parts: they are compared as they pass, so that a line that alters bytes is found out
//! with the first part that it altered, and not after the last byte of a large file.
//!
//! The header is `X-Part-MD5: BYTES;MD5,MD5,…`: how many bytes a part has, and the digest of each in hex. The last part may
//! be shorter.

use contract::{Fault, limit};
use md5::{Digest, Md5};

/// The header's name.
pub(super) const HEADER: &str = "x-part-md5";

const INVALID: Fault = Fault::TransferInvalid { field: HEADER };

/// The parts of an upload, with how far it has come.
pub(super) struct PartDigests {
    /// Of each part but the last.
    bytes: u64,
    announced: Vec<[u8; 16]>,
    /// The part that comes now, and how much of it is there.
    number: usize,
    filled: u64,
    md5: Md5,
}

impl PartDigests {
    /// Reads the header.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let (bytes, digests) = text.split_once(';').ok_or(INVALID)?;
        let bytes = bytes.trim().parse().ok().filter(|bytes| *bytes >= limit::UPLOAD_PART_BYTES).ok_or(INVALID)?;
        let mut announced = Vec::new();
        for digest in digests.split(',') {
            let mut own = [0; 16];
            hex::decode_to_slice(digest.trim(), &mut own).map_err(|_| INVALID)?;
            if announced.len() == limit::UPLOAD_PARTS {
                return Err(INVALID);
            }
            announced.push(own);
        }
        Ok(Self { bytes, announced, number: 0, filled: 0, md5: Md5::new() })
    }

    /// Takes what has come.
    pub(super) fn take(&mut self, mut come: &[u8]) -> Result<(), Fault> {
        while !come.is_empty() {
            let room = usize::try_from(self.bytes - self.filled).unwrap_or(usize::MAX).min(come.len());
            let (own, rest) = come.split_at(room);
            self.md5.update(own);
            self.filled += own.len() as u64;
            come = rest;
            if self.filled == self.bytes {
                self.close()?;
            }
        }
        Ok(())
    }

    /// Everything has come: the last part is compared, and none may be left.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if self.filled > 0 {
            self.close()?;
        }
        if self.number == self.announced.len() { Ok(()) } else { Err(INVALID) }
    }

    fn close(&mut self) -> Result<(), Fault> {
        let found: [u8; 16] = self.md5.finalize_reset().into();
        let announced = self.announced.get(self.number).ok_or(INVALID)?;
        self.number += 1;
        self.filled = 0;
        if *announced == found { Ok(()) } else { Err(Fault::PartDigestMismatch { part: self.number }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = limit::UPLOAD_PART_BYTES as usize;

    fn header(parts: &[&[u8]]) -> String {
        let digests: Vec<String> = parts.iter().map(|part| hex::encode(Md5::digest(part))).collect();
        format!("{BYTES};{}", digests.join(","))
    }

    #[test]
    fn parts_are_compared_as_they_pass_however_they_come() {
        let (one, two, rest) = (vec![1; BYTES], vec![2; BYTES], [3; 10].as_slice());
        let whole = [&one, &two, rest].concat();
        let check = |announced: &str, come: &[u8], expected: Result<(), Fault>| {
            for size in [1_000, BYTES, come.len().max(1)] {
                let mut parts = PartDigests::parse(announced).expect("well-formed");
                let taken = come.chunks(size).try_for_each(|chunk| parts.take(chunk));
                assert_eq!(taken.and_then(|()| parts.end()), expected, "in pieces of {size}");
            }
        };
        check(&header(&[&one, &two, rest]), &whole, Ok(()));
        check(&header(&[&one, &two]), &whole[..2 * BYTES], Ok(()));
        check(&header(&[&one, &one, rest]), &whole, Err(Fault::PartDigestMismatch { part: 2 }));
        check(&header(&[&one, &two, &[4]]), &whole, Err(Fault::PartDigestMismatch { part: 3 }));
        check(&header(&[&one, &two]), &whole, Err(INVALID));
        check(&header(&[&one, &two, rest, rest]), &whole, Err(INVALID));
    }

    #[test]
    fn a_header_that_says_nothing_is_refused() {
        let digest = "5d41402abc4b2a76b9719d911017c592";
        let many = format!("{BYTES};{}", vec![digest; limit::UPLOAD_PARTS + 1].join(","));
        let most = format!("{BYTES};{}", vec![digest; limit::UPLOAD_PARTS].join(", "));
        assert!(PartDigests::parse(&most).is_ok());
        for bad in [
            "",
            digest,
            "65536",
            "65536;",
            "65535;5d41402abc4b2a76b9719d911017c592",
            "65536;xyz",
            "-1;",
            "65536;5d41",
            &many,
        ] {
            assert_eq!(PartDigests::parse(bad).err(), Some(INVALID), "{bad}");
        }
    }
}
