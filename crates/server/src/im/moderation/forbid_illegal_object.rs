//! Forbids a file.

use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;

use super::field_fault;
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::FieldFault;
use crate::media::decide;

/// Forbids a file: nobody gets a link to it any more, links that are out stop, and messages that refer to it are
/// refused. A file that an account uploaded is forbidden by its content too, so it does not come back under another
/// name; of any other host's file only the URL is known. Forbidding twice is not an error.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ForbidIllegalObject {
    /// The URL as messages carry it, at most 2,048 bytes; query and fragment are of no consequence.
    #[serde(rename = "RawURL")]
    url: String,
}

impl Action for ForbidIllegalObject {
    const NAME: &'static str = "im_cos_msg/forbid_illegal_object";
    const FAMILY: Family = Family::Resource;
    const CHAPTER: &'static str = "moderation";
    const FIELD_FAULT: FieldFault = field_fault;
    type Answer = Done;
}

impl Perform for ForbidIllegalObject {
    async fn perform(self, call: Call) -> Result<Done> {
        decide(&call.node.store, &call.node.moderation, call.app.id, call.now, self.url, true).await?;
        Ok(Done {})
    }
}
