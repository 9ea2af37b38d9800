//! RSA keys of service accounts: a fresh pair, and who may verify with it.

use http::StatusCode;
use jsonwebtoken::DecodingKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};

use crate::api::Wrong;

/// Bits of a fresh key. The vendors sign with as many or more; more would only cost the sandbox time.
const BITS: usize = 2_048;

/// Both halves as PEM.
pub(crate) struct Pair {
    pub(crate) private_pem: String,
    pub(crate) public_pem: String,
}

/// Makes a pair.
pub(crate) fn generate() -> Result<Pair, Wrong> {
    let failed = |text: String| Wrong::new(StatusCode::INTERNAL_SERVER_ERROR, text);
    let private = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| failed(error.to_string()))?;
    let private_pem = private.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(error.to_string()))?;
    let public_pem =
        RsaPublicKey::from(&private).to_public_key_pem(LineEnding::LF).map_err(|error| failed(error.to_string()))?;
    Ok(Pair { private_pem: private_pem.to_string(), public_pem })
}

/// The key to verify with.
pub(crate) fn public(pem: &str) -> Result<DecodingKey, Wrong> {
    DecodingKey::from_rsa_pem(pem.as_bytes())
        .map_err(|error| Wrong::new(StatusCode::BAD_REQUEST, format!("public_key_pem: {error}")))
}
