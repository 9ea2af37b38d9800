//! The binary `noroshi`: HTTP surfaces, configuration, wiring.
//!
//! * `config`, `vault`, `clock`: what a node is started with. `node`: everything that runs, and how it stops.
//! * `listen`: sockets, TLS, bounds. `route`: which surface a request belongs to.
//! * `im`: the IM REST surface. `apps`, `sigs`, `rates`, `address`: what its checks stand on.

pub mod address;
pub mod apps;
pub mod clock;
pub mod im;
pub mod node;
pub mod rates;
pub mod sigs;
pub mod vault;
