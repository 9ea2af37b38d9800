//! One folder per vendor; `scripted` plays any verdict.
//!
//! What vendors have in common: `wire` talks HTTPS, `batching` turns a batch into calls, `callback` proves receipts.

pub mod apns;
mod batching;
mod callback;
pub mod fcm;
pub mod harmony;
pub mod honor;
pub mod huawei;
pub mod oppo;
pub mod scripted;
#[cfg(test)]
mod testing;
pub mod vivo;
mod wire;
pub mod xiaomi;

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use serde_json::{Map, Value};

use crate::channel::{Answer, Clock};
pub(crate) use batching::notify_id;
pub use callback::{CALLBACK_HEADER, CallbackKey, Fate, Receipt, Unreadable};
pub use wire::Tuning;
use wire::{Client, UrlMalformed};

/// An answer that needs no wire, or that stands for one that could not be asked for.
type Refusal = Box<Answer>;

/// Where and how a vendor is spoken to.
pub struct Access {
    /// The vendor's service, one of its regions, or what plays it.
    pub base_url: String,
    /// Where tokens are handed out, where that is somewhere else.
    pub auth_url: String,
    /// Whom to trust.
    pub roots: Arc<RootCertStore>,
    /// Where the vendor sends receipts; none asks for none.
    pub callback_url: Option<String>,
    /// Tells the time.
    pub clock: Clock,
    /// Bounds and times.
    pub tuning: Tuning,
    /// What every request says unless its notification says otherwise, in the vendor's spelling.
    pub defaults: Map<String, Value>,
}

impl Access {
    fn client(&self) -> Result<Client, UrlMalformed> {
        Client::new(&self.base_url, Arc::clone(&self.roots), self.tuning.clone())
    }
}

/// Why a channel cannot be made of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

impl From<UrlMalformed> for Malformed {
    fn from(_: UrlMalformed) -> Self {
        Self("a base URL is https://host[:port], a token URL has a path besides")
    }
}
