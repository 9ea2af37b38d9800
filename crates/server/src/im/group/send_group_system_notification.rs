//! Tells connected members something.

use contract::codes::Family;
use contract::group::{MEMBER_BATCH, NOTICE_BYTES};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Spot, batch, by, group_fault};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Tells connected members of a group something; nothing of it is kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SendGroupSystemNotification {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    spot: Spot,
    /// What they are told.
    content: String,
    /// Up to 500 of them; absent or empty means all. A live room has no list of members, so there it must be absent.
    #[serde(rename = "ToMembers_Account")]
    members: Option<Vec<User>>,
}

impl Action for SendGroupSystemNotification {
    const NAME: &'static str = "group_open_http_svc/send_group_system_notification";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for SendGroupSystemNotification {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        if self.content.len() > NOTICE_BYTES {
            return Err(Fault::MessageTooLong { max: NOTICE_BYTES }.into());
        }
        let accounts = match self.members.as_deref() {
            None | Some([]) => Vec::new(),
            Some(members) => batch(members, "ToMembers_Account", MEMBER_BATCH)?,
        };
        chat::group::tell(tx, call.now, &by(call, None), &self.spot.id()?, &accounts, &self.content)?;
        Ok(Done {})
    }
}
