//! Sets how many messages a member has not read.

use chat::group::read::set_unread;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, group_fault, scope};
use crate::im::action::{Action, Call, Done, Write};
use crate::im::fields::{FieldFault, User};

/// Sets how many messages a member has not read: at most as many as there are. In meetings and live rooms nothing
/// happens, because nothing is unread there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SetUnreadMsgNum {
    /// The group.
    group_id: GroupName,
    /// Whose.
    #[serde(rename = "Member_Account")]
    account: User,
    /// How many.
    unread_msg_num: u32,
}

impl Action for SetUnreadMsgNum {
    const NAME: &'static str = "group_open_http_svc/set_unread_msg_num";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Write for SetUnreadMsgNum {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        set_unread(tx, &scope(call), &self.group_id.0, &self.account.0, self.unread_msg_num.into())?;
        Ok(Done {})
    }
}
