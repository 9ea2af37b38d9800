//! The Rust SDK: log in, send, receive, and stay connected without the application's help.
//!
//! - [`Client`] is what an application holds; every call goes to one task (`driver`) that owns the rest.
//! - `core` is the protocol: frames and calls in, frames, events and writes out. It does no IO and has no clock.
//! - `transport` opens the WebSocket, with TLS and sealed frames where the settings ask for them.
//! - `cache` keeps messages, conversations and cursors in a local SQLite file per account.
//!
//! Absent: groups, relations and media, which are parts of their own; and sends that outlive the process: what
//! waits in the queue when the client ends is answered with an error, not kept.

mod cache;
mod client;
mod conversations;
mod core;
mod driver;
mod error;
mod event;
mod message;
mod refusal;
mod settings;
mod transport;

pub use client::{Client, Events};
pub use contract::frame::wire::Platform;
pub use contract::{MsgKey, UserId};
pub use error::{Error, Result};
pub use event::{Event, Push, Reason, Status};
pub use message::{Conversation, Message, MessageId, Presence, RefusedConversation, SendOptions, Sent, custom, text};
pub use settings::{PushConfirmation, Retry, Seal, Settings, Storage};
