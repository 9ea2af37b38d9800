//! Who calls: the two signature algorithms of the OpenAPIs, and the bearer token.
//!
//! RPC version 1 signs the sorted parameters with HMAC-SHA1; ACS3 signs method, path, query, chosen headers and the
//! hash of the body with HMAC-SHA256. Both are computed over names and values as they came, decoded and encoded again,
//! because clients disagree about which characters need no encoding.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Params, Request};
use crate::fault::Fault;
use crate::id::Millis;
use crate::moment;

/// How far a call's time may be from ours, either way.
const CLOCK_MS: i64 = 15 * 60 * 1_000;
/// Nonces of published clients are UUIDs or MD5 sums; this is room enough.
const NONCE_BYTES: usize = 128;
/// What RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Who claims to call, and the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A signature.
    Signed {
        /// The access key.
        key: String,
        /// The token that a temporary key needs.
        token: Option<String>,
        /// Used once.
        nonce: String,
        /// When the caller signed.
        at: Millis,
        /// The signature and what it must be of.
        proof: Proof,
    },
    /// A token that is proof by itself.
    Bearer(String),
}

/// A signature and what it must be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    signs_headers: bool,
    text: String,
    given: Vec<u8>,
    /// What a developer is shown who looks for the difference.
    shown: String,
}

impl Credentials {
    /// Reads who claims to call. What is missing is told by the name under which the contract has it.
    pub fn of(request: &Request<'_>, params: &Params) -> Result<Self, Fault> {
        let bearer = request.header("x-acs-bearer-token").or_else(|| params.get("BearerToken"));
        if let Some(token) = bearer.filter(|token| !token.is_empty()) {
            return Ok(Self::Bearer(token.to_owned()));
        }
        match request.header("authorization").and_then(|value| value.strip_prefix("ACS3-HMAC-SHA256 ")) {
            Some(value) => of_headers(request, params, value),
            None => of_params(request, params),
        }
    }

    /// Refuses a call of long ago, or of a clock that is wrong.
    pub fn check_time(&self, now: Millis) -> Result<(), Fault> {
        match self {
            Self::Signed { at, .. } if at.0.abs_diff(now.0) > CLOCK_MS as u64 => Err(Fault::TimestampExpired),
            _ => Ok(()),
        }
    }

    /// Proves the signature with the secret of the key. A bearer token is looked up instead, and passes here.
    pub fn verify(&self, secret: &str) -> Result<(), Fault> {
        let Self::Signed { proof, .. } = self else { return Ok(()) };
        let is_right = if proof.signs_headers {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
            mac.update(proof.text.as_bytes());
            mac.verify_slice(&proof.given).is_ok()
        } else {
            rpc_mac(secret, &proof.text).verify_slice(&proof.given).is_ok()
        };
        if is_right { Ok(()) } else { Err(Fault::SignatureMismatch { signed: proof.shown.clone() }) }
    }
}

/// Signs parameters as RPC version 1 does: for our own tests and tools.
pub fn sign_rpc(method: &str, params: &Params, secret: &str) -> String {
    STANDARD.encode(rpc_mac(secret, &rpc_text(method, params)).finalize().into_bytes())
}

fn rpc_mac(secret: &str, text: &str) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

fn rpc_text(method: &str, params: &Params) -> String {
    format!("{method}&%2F&{}", encode(&canonical(params.iter().filter(|(name, _)| *name != "Signature"))))
}

/// Reads the signature of RPC version 1.
fn of_params(request: &Request<'_>, params: &Params) -> Result<Credentials, Fault> {
    let need =
        |field: &'static str| params.get(field).filter(|text| !text.is_empty()).ok_or(Fault::FieldMissing { field });
    let key = need("AccessKeyId")?.to_owned();
    let signature = need("Signature")?;
    let method = need("SignatureMethod")?;
    let version = need("SignatureVersion")?;
    let nonce = nonce_of(need("SignatureNonce")?, "SignatureNonce")?;
    let at = moment::parse(need("Timestamp")?).ok_or(Fault::TimestampMalformed)?;
    let text = rpc_text(request.method, params);
    if method != "HMAC-SHA1" || version != "1.0" {
        return Err(Fault::SignatureMismatch { signed: text });
    }
    let given = STANDARD.decode(signature).map_err(|_| Fault::SignatureMismatch { signed: text.clone() })?;
    let token = params.get("SecurityToken").filter(|token| !token.is_empty()).map(str::to_owned);
    let proof = Proof { signs_headers: false, shown: text.clone(), text, given };
    Ok(Credentials::Signed { key, token, nonce, at, proof })
}

/// Reads the signature of ACS3, from the value of its header without the algorithm's name.
fn of_headers(request: &Request<'_>, params: &Params, value: &str) -> Result<Credentials, Fault> {
    let part = |name: &str| {
        value.split(',').find_map(|pair| pair.trim().split_once('=').filter(|(own, _)| *own == name)).map(|(_, v)| v)
    };
    let need = |header: &str, field: &'static str| {
        request.header(header).filter(|text| !text.is_empty()).ok_or(Fault::FieldMissing { field })
    };
    let key = part("Credential").filter(|key| !key.is_empty()).ok_or(Fault::FieldMissing { field: "AccessKeyId" })?;
    let signature = part("Signature").ok_or(Fault::FieldMissing { field: "Signature" })?;
    let names = part("SignedHeaders").ok_or(Fault::FieldMissing { field: "SignedHeaders" })?;
    let nonce = nonce_of(need("x-acs-signature-nonce", "SignatureNonce")?, "SignatureNonce")?;
    let at = moment::parse(need("x-acs-date", "Timestamp")?).ok_or(Fault::TimestampMalformed)?;
    let hash = hex::encode(Sha256::digest(request.body));
    let canonical = canonical_request(request, params, names, &hash);
    let text = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical.as_bytes())));
    let mismatch = || Fault::SignatureMismatch { signed: canonical.clone() };
    // The hash of the body is signed, so it has to be this body's; and what names the call must be signed at all.
    let signed: Vec<&str> = names.split(';').collect();
    let must = ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-security-token"];
    if request.header("x-acs-content-sha256").is_some_and(|own| own != hash)
        || must.iter().any(|name| request.header(name).is_some() && !signed.contains(name))
    {
        return Err(mismatch());
    }
    let given = hex::decode(signature).map_err(|_| mismatch())?;
    let token = request.header("x-acs-security-token").filter(|token| !token.is_empty()).map(str::to_owned);
    let proof = Proof { signs_headers: true, text, given, shown: canonical };
    Ok(Credentials::Signed { key: key.to_owned(), token, nonce, at, proof })
}

fn canonical_request(request: &Request<'_>, params: &Params, names: &str, hash: &str) -> String {
    // The form is part of the body's hash, not of the query.
    let query = Params::of(&Request { body: b"", ..*request }).unwrap_or_else(|_| params.clone());
    let mut text = format!("{}\n{}\n{}\n", request.method, request.path, canonical(query.iter()));
    for name in names.split(';') {
        let mut values: Vec<&str> =
            request.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.trim()).collect();
        values.sort_unstable();
        writeln!(text, "{name}:{}", values.join(",")).expect("a string takes every write");
    }
    write!(text, "\n{names}\n{hash}").expect("a string takes every write");
    text
}

fn canonical<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn nonce_of(nonce: &str, field: &'static str) -> Result<String, Fault> {
    if nonce.len() > NONCE_BYTES {
        return Err(Fault::FieldTooLong { field, max: NONCE_BYTES });
    }
    Ok(nonce.to_owned())
}
