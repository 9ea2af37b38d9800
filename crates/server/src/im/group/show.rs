//! What the commands show of a group and of its members, whole or by the names of a filter.

use contract::AppId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::groups::members::Member;
use store::groups::{Fields, Group};

/// Which fields are wanted; without it all are shown.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    /// Names of fields of the group.
    pub group_base_info_filter: Option<Vec<String>>,
    /// Names of fields of members.
    pub member_info_filter: Option<Vec<String>>,
    /// Names of fields of the account's own membership.
    pub self_info_filter: Option<Vec<String>>,
    /// Declared fields of the group.
    #[serde(rename = "AppDefinedDataFilter_Group")]
    pub group_fields: Option<Vec<String>>,
    /// Declared fields of members.
    #[serde(rename = "AppDefinedDataFilter_GroupMember")]
    pub member_fields: Option<Vec<String>>,
}

impl Filter {
    /// Whether nothing is filtered.
    pub(super) const fn is_none(&self) -> bool {
        self.group_base_info_filter.is_none()
            && self.member_info_filter.is_none()
            && self.self_info_filter.is_none()
            && self.group_fields.is_none()
            && self.member_fields.is_none()
    }
}

/// A group. Of the names wanted those that there are; none wanted means all.
pub(super) fn group(
    app: AppId,
    group: &Group,
    wanted: Option<&[String]>,
    fields: Option<&[String]>,
) -> Map<String, Value> {
    let owner = group.owner.as_ref().map_or("", |owner| owner.as_str());
    let on_off = |on: bool| if on { "On" } else { "Off" };
    let all = json!({
        "Type": group.kind.as_str(),
        "Name": group.name,
        "Introduction": group.introduction,
        "Notification": group.notification,
        "FaceUrl": group.face_url,
        "Appid": app.0,
        "Owner_Account": owner,
        "CreateTime": group.created_at.secs(),
        "InfoSeq": group.info_seq,
        "LastInfoTime": group.info_at.secs(),
        "LastMsgTime": group.last_time,
        "NextMsgSeq": group.seq.0 + 1,
        "MemberNum": group.members,
        "MaxMemberNum": group.members_max,
        "ApplyJoinOption": group.join_option.apply(),
        "InviteJoinOption": group.invite_option.invite(),
        "MuteAllMember": on_off(group.is_muted),
        "ShutUpAllMember": on_off(group.is_muted),
        "HistoryMsgBeforeJoin": on_off(group.shows_past),
        "SupportTopic": i64::from(group.has_topics),
        "EnablePermission": i64::from(group.has_permissions),
        "DefaultPermission": group.permissions,
    });
    let mut shown = select(all, wanted);
    if !group.kind.capability().has_join_option {
        shown.remove("ApplyJoinOption");
    }
    if !group.kind.capability().has_invite_option {
        shown.remove("InviteJoinOption");
    }
    // The old name is shown to those who ask by it alone.
    if wanted.is_none() {
        shown.remove("ShutUpAllMember");
    }
    if group.kind != contract::group::GroupKind::Community {
        for name in ["SupportTopic", "EnablePermission", "DefaultPermission"] {
            shown.remove(name);
        }
    }
    if wanted.is_none() || fields.is_some() {
        shown.insert("AppDefinedData".into(), declared(&group.fields, fields));
    }
    shown
}

/// A member. `last_sent` is when it last wrote, in seconds.
pub(super) fn member(
    group: &Group,
    member: &Member,
    last_sent: i64,
    now: contract::Millis,
    wanted: Option<&[String]>,
    fields: Option<&[String]>,
) -> Map<String, Value> {
    let until = if member.muted_until > now { mute_end(member.muted_until) } else { 0 };
    let all = json!({
        "Role": member.role.as_str(),
        "JoinTime": member.joined_at.secs(),
        "MsgSeq": member.read_in(group).0,
        "MsgFlag": member.receive.as_str(),
        "LastSendMsgTime": last_sent,
        "MuteUntil": until,
        "ShutUpUntil": until,
        "NameCard": member.name_card,
    });
    let mut shown = select(all, wanted);
    if wanted.is_none() {
        shown.remove("ShutUpUntil");
    }
    shown.insert("Member_Account".into(), member.account.as_str().into());
    if wanted.is_none() || fields.is_some() {
        shown.insert("AppMemberDefinedData".into(), declared(&member.fields, fields));
    }
    shown
}

/// The end of a mute as callers see it; one for ever has the largest number of the contract.
pub(in crate::im) fn mute_end(until: contract::Millis) -> i64 {
    until.secs().min(contract::group::MUTE_FOREVER_S)
}

fn select(all: Value, wanted: Option<&[String]>) -> Map<String, Value> {
    let Value::Object(mut all) = all else { return Map::new() };
    if let Some(wanted) = wanted {
        all.retain(|name, _| wanted.contains(name));
    }
    all
}

fn declared(fields: &Fields, wanted: Option<&[String]>) -> Value {
    let shown = fields.iter().filter(|(key, _)| wanted.is_none_or(|wanted| wanted.contains(key)));
    shown.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
