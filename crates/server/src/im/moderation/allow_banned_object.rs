//! Allows a forbidden file again.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;

use super::field_fault;
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::FieldFault;
use crate::media::decide;

/// Takes back what `forbid_illegal_object` did. Allowing a file that is not forbidden is not an error.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AllowBannedObject {
    /// The URL as messages carry it, at most 2,048 bytes; query and fragment are of no consequence.
    #[serde(rename = "RawURL")]
    url: String,
}

impl Action for AllowBannedObject {
    const NAME: &'static str = "im_cos_msg/allow_banned_object";
    const FAMILY: Family = Family::Resource;
    const CHAPTER: &'static str = "moderation";
    const FIELD_FAULT: FieldFault = field_fault;
    type Answer = Done;
}

impl Perform for AllowBannedObject {
    async fn perform(self, call: Call) -> Result<Done> {
        decide(&call.node.store, &call.node.moderation, call.app.id, call.now, self.url, false).await?;
        Ok(Done {})
    }
}
