//! What the crate promises to everything that is built on it.

mod codes;
mod faults;
mod garbage;
mod openapi;
mod reached;
