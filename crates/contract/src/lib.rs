//! What outsiders see: faults, codes, ids, limits, user sigs, events, wire frames.
//!
//! No IO, no async, no clock here: time and keys arrive as arguments. The one source of randomness is
//! the key exchange of sealed frames, which is worth nothing without it.

pub mod codes;
pub mod error;
pub mod event;
pub mod fault;
pub mod frame;
pub mod group;
pub mod id;
#[cfg(feature = "ledger")]
pub mod ledger;
pub mod limit;
pub mod message;
pub mod moment;
pub mod notification;
pub mod openapi;
pub mod plan;
pub mod profile;
pub mod rate;
pub mod seal;
pub mod stream;
pub mod ticket;
pub mod user_sig;
pub mod webhook;

pub use error::{Error, Failure, Result};
pub use fault::Fault;
pub use id::{AppId, ConversationId, DeviceId, Millis, MsgKey, Place, Platform, Seq, UserId};
