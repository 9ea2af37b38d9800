//! Changes what a group says of itself.

use chat::group::profile::{self, Change};
use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    GroupName, Pair, by, ensure_operator, fields, group_fault, invite_option, join_option, mask, moderate, on_off,
    scope,
};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::moderation::Scene;

/// Changes what a group says of itself; what is absent stays. Its members are told of another name, introduction,
/// notification or picture.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyGroupBaseInfo {
    /// The group.
    group_id: GroupName,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    /// Up to 30 bytes.
    name: Option<String>,
    /// Up to 240 bytes.
    introduction: Option<String>,
    /// Up to 300 bytes.
    notification: Option<String>,
    /// Up to 100 bytes.
    face_url: Option<String>,
    /// How many it holds, up to what the plan allows.
    max_member_num: Option<i64>,
    /// `FreeAccess`, `NeedPermission`, `DisableApply`.
    apply_join_option: Option<String>,
    /// `FreeAccess`, `NeedPermission`, `DisableInvite`.
    invite_join_option: Option<String>,
    /// `On`: plain members may not write.
    mute_all_member: Option<String>,
    /// Declared fields; an empty value takes one away.
    app_defined_data: Option<Vec<Pair>>,
    /// `On`: newcomers read what was written before.
    history_msg_before_join: Option<String>,
    /// Communities with topics: 1 switches permission groups on.
    enable_permission: Option<i64>,
    /// Communities with topics: what those may who are in no permission group, as bits.
    default_permission: Option<i64>,
}

impl Action for ModifyGroupBaseInfo {
    const NAME: &'static str = "group_open_http_svc/modify_group_base_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("MaxMemberCount", "MaxMemberNum"), ("ShutUpAllMember", "MuteAllMember")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Perform for ModifyGroupBaseInfo {
    async fn perform(self, call: Call) -> Result<Done> {
        if self.name.as_deref() == Some("") {
            return Err(Fault::FieldInvalid { field: "Name" }.into());
        }
        let has_permissions = match self.enable_permission {
            None => None,
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) => return Err(Fault::FieldInvalid { field: "EnablePermission" }.into()),
        };
        let mut change = Change {
            name: self.name,
            introduction: self.introduction,
            notification: self.notification,
            face_url: self.face_url,
            members_max: self.max_member_num,
            join_option: join_option(self.apply_join_option.as_deref())?,
            invite_option: invite_option(self.invite_join_option.as_deref())?,
            is_muted: on_off(self.mute_all_member.as_deref(), "MuteAllMember")?,
            shows_past: on_off(self.history_msg_before_join.as_deref(), "HistoryMsgBeforeJoin")?,
            has_permissions,
            permissions: mask(self.default_permission)?,
            fields: fields(self.app_defined_data),
        };
        moderate(&call, Scene::GroupInfo, change.texts())?;
        let (store, app, id, from) = (call.node.store.clone(), call.app.id, self.group_id.0, self.from);
        store
            .write(app, move |tx| {
                tx.act_for(call.origin());
                ensure_operator(&call, tx, from.as_ref())?;
                profile::change(tx, &scope(&call), &by(&call, from.as_ref()), &id, &change).map(drop)
            })
            .await?;
        Ok(Done {})
    }
}
