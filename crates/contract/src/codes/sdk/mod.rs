//! Codes that the client library raises by itself, one file per family.

mod account;
mod common;
mod group;
mod message;
mod network;
mod relation;
mod v3;

pub use account::SdkAccount;
pub use common::SdkCommon;
pub use group::SdkGroup;
pub use message::SdkMessage;
pub use network::SdkNetwork;
pub use relation::SdkRelation;
pub use v3::V3;
