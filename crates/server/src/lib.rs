//! The binary `noroshi`: HTTP surfaces, configuration, wiring.
//!
//! * `cli`: the commands of the binary. `dev`: development mode.
//! * `config`, `vault`, `clock`: what a node is started with. `node`: everything that runs, and how it stops.
//! * `listen`, `tls`: sockets and certificates. `route`: which surface a request belongs to.
//! * `im`: the IM REST surface. `apps`, `sigs`, `rates`, `address`: what its checks stand on.

pub mod address;
pub mod apps;
pub mod chat_terminal;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod dev;
pub mod front;
pub mod im;
pub mod listen;
pub mod node;
pub mod rates;
pub mod rest;
pub mod route;
pub mod sigs;
pub mod tls;
pub mod vault;
