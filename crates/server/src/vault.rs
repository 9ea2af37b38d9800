//! Secrets at rest: sealed under the installation's master key.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use contract::{Failure, Result};
use rand::Rng;

const NONCE_BYTES: usize = 24;

/// Seals and opens secrets.
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// A vault with a key of 64 hex digits, as `noroshi init` writes it.
    pub fn new(master_key: &str) -> Result<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(master_key.trim(), &mut key)
            .map_err(|_| Failure::internal("the master key is not 64 hex digits; `noroshi init` makes one"))?;
        Ok(Self(XChaCha20Poly1305::new(&key.into())))
    }

    /// A fresh master key.
    pub fn fresh_key() -> String {
        hex::encode(random::<32>())
    }

    /// Seals a secret; nobody without the key learns more than its length.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_BYTES>();
        let mut sealed = nonce.to_vec();
        let cipher = self.0.encrypt(&XNonce::from(nonce), plain);
        sealed.extend(cipher.map_err(|_| Failure::internal("a secret is too large to seal"))?);
        Ok(sealed)
    }

    /// Opens a sealed secret.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let (nonce, cipher) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(|| Failure::internal("a sealed secret is cut off"))?;
        self.0
            .decrypt(&XNonce::from(*nonce), cipher)
            .map_err(|_| Failure::internal("a secret was sealed under another master key").into())
    }
}

/// Random bytes of the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_what_was_sealed() {
        let vault = Vault::new(&Vault::fresh_key()).expect("a fresh key fits");
        let sealed = vault.seal(b"secret").expect("seals");
        assert_eq!(vault.open(&sealed).expect("opens"), b"secret");
        assert!(Vault::new(&Vault::fresh_key()).expect("fits").open(&sealed).is_err());
        assert!(vault.open(&sealed[..10]).is_err());
        assert!(Vault::new("abc").is_err());
    }
}
