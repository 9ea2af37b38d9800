//! Numbers of groups that everybody in them may raise.

pub mod delete_group_counter;
pub mod get_group_counter;
pub mod update_group_counter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A counter.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Counter {
    /// Up to 128 bytes.
    pub key: String,
    /// Its value, or by how much it changes.
    pub value: i64,
}

/// Counters with their values.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    group_counter: Vec<Counter>,
}

impl Answer {
    fn of(counters: chat::counters::Counters) -> Self {
        Self { group_counter: counters.into_iter().map(|(key, value)| Counter { key, value }).collect() }
    }
}
