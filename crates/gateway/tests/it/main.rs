//! Connections as devices see them: by frames alone, in memory, and over a real socket.

mod bounds;
mod chat;
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
mod world;
