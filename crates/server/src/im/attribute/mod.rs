//! Key-value pairs of groups. A back end writes over whatever there is.

pub mod clear_group_attr;
pub mod delete_group_attr;
pub mod get_group_attr;
pub mod modify_group_attr;
pub mod set_group_attr;

use chat::attributes::{Change, write};
use chat::ground::By;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::action::{Call, Done};
use super::group::GroupName;

/// A pair.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Pair {
    /// Up to 32 bytes.
    pub key: String,
    /// Up to 4,000 bytes.
    pub value: String,
}

/// In whose name a call acts.
pub(super) fn by(call: &Call) -> By {
    By::App(call.caller.clone())
}

/// The pairs of a body, as the rules take them.
fn pairs(given: &[Pair]) -> Result<Vec<(String, String)>, Fault> {
    // More than could ever be: nothing of it is copied.
    let max = limit::GROUP_ATTRIBUTES * 4;
    if given.len() > max {
        return Err(Fault::GroupAttributesTooMany { max: limit::GROUP_ATTRIBUTES });
    }
    Ok(given.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect())
}

fn change(call: &Call, tx: &mut Tx<'_>, group: &GroupName, change: &Change) -> Result<Done> {
    write(tx, call.now, &group.0, &by(call), None, change)?;
    Ok(Done {})
}
