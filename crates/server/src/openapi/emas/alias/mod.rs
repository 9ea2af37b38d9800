//! Aliases of devices.

pub mod bind_alias;
pub mod query_aliases;
pub mod unbind_alias;
