//! Creates a group.

use chat::group::create::{New, create};
use chat::group::profile::Change;
use contract::codes::Family;
use contract::group::{GroupId, GroupKind, Role, SEED_BATCH};
use contract::webhook::{GroupQuestion, Webhook};
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::groups::Fields;

use super::{Pair, ask_app, by, fields, group_fault, invite_option, is_on, join_option, mask, moderate, scope};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::moderation::Scene;

/// Creates a group with its first members. A group without an owner belongs to nobody. The owner and the members are in
/// from the start, but for a live room (`AVChatRoom`), which everybody enters by a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CreateGroup {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    pub(super) form: Form,
    /// Up to 100 members besides the owner.
    member_list: Option<Vec<Seat>>,
}

/// What a new group is to be; fields are checked in this order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Form {
    /// `Private` (or `Work`), `Public`, `ChatRoom` (or `Meeting`), `AVChatRoom`, `Community`.
    #[serde(rename = "Type")]
    kind: String,
    /// Up to 30 bytes.
    name: String,
    /// Whose it is to be.
    #[serde(rename = "Owner_Account")]
    owner: Option<User>,
    /// An id of one's own: up to 48 printable bytes that do not begin with `@TGS#`; a community's begins with `@TGS#_`.
    #[serde(rename = "GroupId")]
    id: Option<String>,
    /// Up to 240 bytes.
    introduction: Option<String>,
    /// Up to 300 bytes.
    notification: Option<String>,
    /// Up to 100 bytes.
    face_url: Option<String>,
    /// How many the group holds; absent means as many as the plan allows.
    max_member_count: Option<i64>,
    /// `FreeAccess` (the default of `ChatRoom`), `NeedPermission` (that of `Public`), `DisableApply`.
    apply_join_option: Option<String>,
    /// `FreeAccess`, `NeedPermission`, `DisableInvite`.
    invite_join_option: Option<String>,
    /// Declared fields.
    app_defined_data: Option<Vec<Pair>>,
    /// Communities: 1 with topics.
    support_topic: Option<i64>,
    /// Communities with topics: 1 switches permission groups on.
    enable_permission: Option<i64>,
    /// Communities with topics: what those may who are in no permission group, as bits.
    default_permission: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Seat {
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
    /// `Admin`, or absent.
    #[serde(rename = "Role")]
    role: Option<String>,
    /// Declared fields of the member.
    #[serde(rename = "AppMemberDefinedData")]
    fields: Option<Vec<Pair>>,
}

/// The id of the new group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    pub(super) group_id: String,
    /// Of a community.
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    /// Of a community: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) huge_group_flag: Option<i64>,
}

impl Answer {
    pub(super) fn of(id: &GroupId, kind: GroupKind) -> Self {
        let is_community = kind == GroupKind::Community;
        Self {
            group_id: id.to_string(),
            kind: is_community.then(|| kind.as_str()),
            huge_group_flag: is_community.then_some(0),
        }
    }
}

impl Form {
    /// The group that is wanted, its texts looked through.
    pub(super) fn into_new(self, call: &Call) -> Result<New> {
        let kind = GroupKind::parse(&self.kind).ok_or(Fault::FieldInvalid { field: "Type" })?;
        if self.name.is_empty() {
            return Err(Fault::FieldInvalid { field: "Name" }.into());
        }
        let mut profile = Change {
            name: Some(self.name),
            introduction: self.introduction,
            notification: self.notification,
            face_url: self.face_url,
            join_option: join_option(self.apply_join_option.as_deref())?,
            invite_option: invite_option(self.invite_join_option.as_deref())?,
            fields: fields(self.app_defined_data),
            ..Change::default()
        };
        moderate(call, Scene::GroupInfo, profile.texts())?;
        if self.max_member_count.is_some_and(|max| max < 1) {
            return Err(Fault::FieldInvalid { field: "MaxMemberCount" }.into());
        }
        Ok(New {
            id: self.id.filter(|id| !id.is_empty()).map(|id| GroupId::custom(&id, kind)).transpose()?,
            owner: self.owner.map(|owner| owner.0),
            profile,
            members_max: self.max_member_count,
            has_topics: is_on(self.support_topic, "SupportTopic")?,
            has_permissions: is_on(self.enable_permission, "EnablePermission")?,
            permissions: mask(self.default_permission)?.unwrap_or(0),
            ..New::plain(kind)
        })
    }
}

fn seat(seat: Seat) -> Result<(contract::UserId, Role, Fields), Fault> {
    let role = match seat.role.as_deref() {
        None | Some("" | "Member") => Role::Member,
        Some("Admin") => Role::Admin,
        Some(_) => return Err(Fault::FieldInvalid { field: "Role" }),
    };
    Ok((seat.account.0, role, fields(seat.fields)))
}

impl Action for CreateGroup {
    const NAME: &'static str = "group_open_http_svc/create_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("MaxMemberNum", "MaxMemberCount")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for CreateGroup {
    async fn perform(self, call: Call) -> Result<Answer> {
        let seats = self.member_list.unwrap_or_default();
        if seats.len() > SEED_BATCH {
            return Err(Fault::BatchSizeInvalid { max: SEED_BATCH }.into());
        }
        let mut new = self.form.into_new(&call)?;
        new.members = seats.into_iter().map(seat).collect::<Result<_, _>>()?;
        let (store, app) = (call.node.store.clone(), call.app.id);
        let (owner, kind) = (new.owner.clone(), new.kind);
        let owned = match owner.filter(|_| call.app.settings.webhook.has(Webhook::BeforeCreateGroup)) {
            Some(owner) => store.read(app, move |snapshot| store::groups::owned(snapshot, &owner)).await?,
            None => Vec::new(),
        };
        let question = GroupQuestion::Create {
            operator: call.caller.clone(),
            owner: new.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            kind,
            name: new.profile.name.clone().unwrap_or_default(),
            members: new.members.iter().map(|(account, ..)| account.clone()).collect(),
            owned: owned.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count),
        };
        ask_app(&call, &question).await?;
        let group = store
            .write(app, move |tx| {
                tx.act_for(call.origin());
                create(tx, &scope(&call), &by(&call, None), &new, false)
            })
            .await?;
        Ok(Answer::of(&group.id, group.kind))
    }
}
