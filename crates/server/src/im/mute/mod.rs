//! Mutes: accounts that an administrator keeps silent.

pub mod getnospeaking;
pub mod setnospeaking;
