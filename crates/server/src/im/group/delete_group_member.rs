//! Removes members of a group.

use chat::group::member::kick;
use contract::Result;
use contract::codes::Family;
use contract::group::MEMBER_BATCH;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, batch, by, group_fault, is_on, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Removes members of a group. Accounts that are not in it are none the worse; the owner is not removed. From a live room
/// nobody is removed: mute or ban there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteGroupMember {
    /// The group.
    group_id: GroupName,
    /// 1: only those who are removed are told.
    silence: Option<i64>,
    /// Up to 500; 100 is what the contract documents.
    #[serde(rename = "MemberToDel_Account")]
    members: Vec<User>,
    /// Why, up to 12 KB; told to those who are removed.
    reason: Option<String>,
}

impl Action for DeleteGroupMember {
    const NAME: &'static str = "group_open_http_svc/delete_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for DeleteGroupMember {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let is_silent = is_on(self.silence, "Silence")?;
        let accounts = batch(&self.members, "MemberToDel_Account", MEMBER_BATCH)?;
        let reason = self.reason.as_deref().unwrap_or_default();
        kick(tx, &scope(call), &by(call, None), &self.group_id.0, &accounts, reason, is_silent)?;
        Ok(Done {})
    }
}
