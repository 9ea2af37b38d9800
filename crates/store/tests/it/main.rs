//! The storage contract, on both engines.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod append;
mod away;
mod backup;
mod full;
mod jobs;
mod keeping;
mod leases;
mod loss;
mod migrations;
mod model;
mod pushes;
mod relations;
mod restart;
mod room;
mod statements;
mod support;
mod webhooks;
