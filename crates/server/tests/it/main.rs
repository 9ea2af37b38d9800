//! The server from the outside: over real sockets, on both engines.

#[macro_use]
mod harness;
mod docs;
mod im;
mod ops;
mod raw;
mod reliable;
mod rough;
mod tidy;
mod webhook;
