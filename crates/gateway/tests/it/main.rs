//! Connections as devices see them: by frames alone, in memory, and over a real socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bounds;
mod chat;
mod crowd;
mod drain;
mod login;
mod push;
mod refusals;
mod resume;
mod sealed;
mod socket;
mod state;
mod terminals;
mod token;
mod webhook;
mod world;
