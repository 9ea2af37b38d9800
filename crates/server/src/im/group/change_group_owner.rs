//! Gives a group to another owner.

use chat::group::role::transfer;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, by, ensure_operator, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Gives a group to another owner, who must be in it. The old one stays as a member.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeGroupOwner {
    /// The group.
    group_id: GroupName,
    /// Whose it is to be.
    #[serde(rename = "NewOwner_Account")]
    owner: User,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
}

impl Action for ChangeGroupOwner {
    const NAME: &'static str = "group_open_http_svc/change_group_owner";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for ChangeGroupOwner {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        ensure_operator(call, tx, self.from.as_ref())?;
        transfer(tx, &scope(call), &by(call, self.from.as_ref()), &self.group_id.0, &self.owner.0)?;
        Ok(Done {})
    }
}
