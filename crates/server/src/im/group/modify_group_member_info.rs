//! Changes what a member is in its group.

use chat::group::role::{Change, change};
use contract::codes::Family;
use contract::group::{MUTE_FOREVER_S, ReceiveOption, Role};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{GroupName, Pair, by, fields, group_fault, moderate, scope};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::moderation::Scene;

/// Changes what a member is in its group; what is absent stays. The owner's role changes only with the owner.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyGroupMemberInfo {
    /// The group.
    group_id: GroupName,
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
    /// `Admin` or `Member`.
    role: Option<String>,
    /// `AcceptAndNotify`, `AcceptNotNotify` (no offline push), `Discard` (nothing at all).
    msg_flag: Option<String>,
    /// What it is called there, up to 50 bytes.
    name_card: Option<String>,
    /// Declared fields; an empty value takes one away.
    app_member_defined_data: Option<Vec<Pair>>,
    /// Seconds for which it may not write; 0 lifts the mute, 4294967295 is for ever.
    mute_time: Option<i64>,
}

impl Action for ModifyGroupMemberInfo {
    const NAME: &'static str = "group_open_http_svc/modify_group_member_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("ShutUpTime", "MuteTime")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

/// How long a mute is, in seconds.
pub(super) fn seconds(given: i64) -> Result<i64, Fault> {
    if (0..=MUTE_FOREVER_S).contains(&given) { Ok(given) } else { Err(Fault::FieldInvalid { field: "MuteTime" }) }
}

impl Perform for ModifyGroupMemberInfo {
    async fn perform(self, call: Call) -> Result<Done> {
        let role = |name: &str| match name {
            "Admin" => Ok(Role::Admin),
            "Member" => Ok(Role::Member),
            _ => Err(Fault::FieldInvalid { field: "Role" }),
        };
        let receive = |name: &str| ReceiveOption::parse(name).ok_or(Fault::FieldInvalid { field: "MsgFlag" });
        let mut wanted = Change {
            role: self.role.as_deref().map(role).transpose()?,
            receive: self.msg_flag.as_deref().map(receive).transpose()?,
            name_card: self.name_card,
            fields: fields(self.app_member_defined_data),
            mute_s: self.mute_time.map(seconds).transpose()?,
        };
        moderate(&call, Scene::GroupMemberInfo, &mut wanted.name_card)?;
        let (store, app, id, account) = (call.node.store.clone(), call.app.id, self.group_id.0, self.account.0);
        let write = move |tx: &mut Tx<'_>| {
            tx.act_for(call.origin());
            change(tx, &scope(&call), &by(&call, None), &id, &account, &wanted).map(drop)
        };
        store.write(app, write).await?;
        Ok(Done {})
    }
}
