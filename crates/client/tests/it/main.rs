//! The client against a scripted gateway: real sockets, real frames, and a gateway that does what a test says.

mod changes;
mod connection;
mod gateway;
mod messages;
mod relation;
mod social;
mod storm;
