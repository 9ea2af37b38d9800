//! The rules of delivery: what is pushed to which device, by which channel, and what became of it.

pub mod channel;
pub mod channels;
pub mod chat;
