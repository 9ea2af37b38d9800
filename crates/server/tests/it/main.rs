//! The server from the outside: over real sockets, on both engines.

#[macro_use]
mod harness;
mod docs;
mod im;
mod media;
mod openapi;
mod ops;
mod phones;
mod raw;
mod recalls;
mod receipts;
mod reference;
mod reliable;
mod retention;
mod rough;
mod tidy;
mod vectors;
mod webhook;
