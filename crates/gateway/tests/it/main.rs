//! Connections as devices see them: by frames alone, in memory, and over a real socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bounds;
mod broadcast;
mod change;
mod chat;
mod conversation;
mod crowd;
mod drain;
mod follow;
mod group;
mod live;
mod live_model;
mod login;
mod profile;
mod push;
mod refusals;
mod relation;
mod resume;
mod sealed;
mod socket;
mod state;
mod terminals;
mod token;
mod webhook;
mod world;
