//! The rules of delivery. So far: what a channel is (`channel`) and the channels there are (`channels`).

pub mod channel;
pub mod channels;
