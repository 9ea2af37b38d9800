//! The channels, a folder each.

pub mod apns;
pub mod scripted;
