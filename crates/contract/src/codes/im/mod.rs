//! Codes of the chat server, one file per family.

mod access;
mod account;
mod common;
mod conversation;
mod data;
mod group;
mod message;
mod offline_push;
mod operations;
mod profile;
mod relation;
mod resource;

pub use access::Access;
pub use account::Account;
pub use common::Common;
pub use conversation::Conversation;
pub use data::Data;
pub use group::Group;
pub use message::Message;
pub use offline_push::OfflinePush;
pub use operations::Operations;
pub use profile::Profile;
pub use relation::Relation;
pub use resource::Resource;
