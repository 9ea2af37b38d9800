//! How the push OpenAPIs are called: RPC style, signed by one of two algorithms, or with a bearer token.
//!
//! ```text
//! Request ── Params::of ──► names and values ── Target::of ──► version and action
//!                                          └── Credentials::of ──► who claims to call, checked by `verify`
//! ```
//!
//! The order in which a surface asks these is the documented order of faults (aliyun-openapi reference, §5): what is
//! called, what is missing, the time, the key, the signature, and the nonce last, so that nobody who cannot sign
//! burns one. `params` reads what is called with, `signature` proves who calls.

mod params;
mod signature;

pub use params::Params;
pub use signature::{Credentials, sign_rpc};

use crate::fault::Fault;

/// A request as it came, with its body whole and free of chunks.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path of the URL; always `/` in these contracts.
    pub path: &'a str,
    /// The raw query.
    pub query: &'a str,
    /// The headers with their names in lower case, in the order in which they came.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body is a form.
    fn has_form(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    }

    /// Whether the version and the action stand in headers: so they do in calls that sign headers.
    fn signs_headers(&self) -> bool {
        self.header("authorization").is_some_and(|value| value.starts_with("ACS3-"))
            || self.header("x-acs-bearer-token").is_some()
    }
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The version, which alone names the product.
    pub version: String,
    /// The action; its case counts.
    pub action: String,
}

impl Target {
    /// Reads what is called; a call that names no version or no action is told so.
    pub fn of(request: &Request<'_>, params: &Params) -> Result<Self, Fault> {
        let read = |header: &str, name: &'static str| {
            let (header, param) = (request.header(header), params.get(name));
            let found = if request.signs_headers() { header.or(param) } else { param.or(header) };
            found.filter(|text| !text.is_empty()).map(str::to_owned).ok_or(Fault::FieldMissing { field: name })
        };
        Ok(Self { action: read("x-acs-action", "Action")?, version: read("x-acs-version", "Version")? })
    }
}
