//! The binary `noroshi`: HTTP surfaces, configuration, wiring.
//!
//! * `cli`: the commands of the binary. `dev`: development mode. `init`, `doctor`: before and beside serving.
//! * `config`, `vault`, `clock`: what a node is started with. `node`: everything that runs, and how it stops.
//! * `listen`, `tls`: sockets and certificates. `route`: which surface a request belongs to; `request_id`: its name.
//! * `admin`: the operators' surface, on a listener of its own.
//! * `media`: files, uploaded and downloaded, and the files of history. `moderation`: what apps do not want to be said.
//! * `webhook`: apps are asked and told. `outbound`: calls that go out, and where they may go.
//! * `openapi`: the push OpenAPIs of EMAS and mPaaS.
//! * `im`: the IM REST surface. `apps`, `sigs`, `rates`, `address`: what its checks stand on.

pub mod address;
pub mod admin;
pub mod apps;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dev;
pub mod doctor;
pub mod front;
pub mod im;
pub mod init;
pub mod listen;
pub mod media;
pub mod moderation;
pub mod node;
pub mod openapi;
pub mod outbound;
pub mod rates;
pub(crate) mod receipts;
pub mod request_id;
pub mod rest;
pub mod route;
pub mod sigs;
pub mod tls;
pub mod vault;
pub mod webhook;
