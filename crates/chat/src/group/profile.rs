//! What a group says of itself.

use contract::error::refuse;
use contract::group::{self, Actor, GroupId, GroupKind, JoinOption, Operation};
use contract::webhook::GroupHappening;
use contract::{Fault, Result};
use serde_json::{Map, Value};
use store::Tx;
use store::groups::{self, FieldRule, Fields, Group};

use super::{By, Scope, ensure, hold, tip};

/// What is to be changed; none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// `Name`.
    pub name: Option<String>,
    /// `Introduction`.
    pub introduction: Option<String>,
    /// `Notification`.
    pub notification: Option<String>,
    /// `FaceUrl`.
    pub face_url: Option<String>,
    /// How many it holds.
    pub members_max: Option<i64>,
    /// Who may apply.
    pub join_option: Option<JoinOption>,
    /// Who may be invited.
    pub invite_option: Option<JoinOption>,
    /// Plain members may not write.
    pub is_muted: Option<bool>,
    /// Newcomers read what was before.
    pub shows_past: Option<bool>,
    /// Permission groups are on.
    pub has_permissions: Option<bool>,
    /// What those may who are in no permission group.
    pub permissions: Option<i64>,
    /// Declared fields; an empty value takes one away.
    pub fields: Fields,
}

impl Change {
    /// Whether it concerns more than name, texts and picture.
    fn has_rules(&self) -> bool {
        self.members_max.is_some()
            || self.join_option.is_some()
            || self.invite_option.is_some()
            || self.shows_past.is_some()
            || self.has_permissions.is_some()
            || self.permissions.is_some()
    }

    fn has_texts(&self) -> bool {
        [&self.name, &self.introduction, &self.notification, &self.face_url].into_iter().any(Option::is_some)
    }

    /// The texts that somebody reads, for the app's lists.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.name, &mut self.introduction, &mut self.notification].into_iter().filter_map(Option::as_mut)
    }
}

/// Checks lengths and fields.
pub fn check(scope: &Scope<'_>, kind: GroupKind, actor: Actor, change: &Change) -> Result<()> {
    let settings = scope.settings;
    let texts = [
        ("Name", &change.name, settings.name_bytes),
        ("Introduction", &change.introduction, settings.introduction_bytes),
        ("Notification", &change.notification, settings.notification_bytes),
        ("FaceUrl", &change.face_url, settings.face_bytes),
    ];
    for (field, text, max) in texts {
        let Some(text) = text else { continue };
        if text.len() > max {
            return refuse(Fault::FieldTooLong { field, max });
        }
        if text.contains('\0') {
            return refuse(Fault::FieldInvalid { field });
        }
    }
    if change.members_max.is_some_and(|max| max < 1) {
        return refuse(Fault::FieldInvalid { field: "MaxMemberNum" });
    }
    if change.is_muted.is_some() && !Operation::MuteAll.is_allowed(kind, Actor::App) {
        return refuse(Fault::GroupForbidden);
    }
    check_fields("AppDefinedData", &settings.fields, group::GROUP_FIELD_BYTES, actor, &change.fields)
}

/// Checks the declared fields of a member.
pub fn check_member_fields(scope: &Scope<'_>, actor: Actor, fields: &Fields) -> Result<()> {
    check_fields("AppMemberDefinedData", &scope.settings.member_fields, group::MEMBER_FIELD_BYTES, actor, fields)
}

fn check_fields(
    field: &'static str,
    declared: &std::collections::BTreeMap<String, FieldRule>,
    max: usize,
    actor: Actor,
    fields: &Fields,
) -> Result<()> {
    for (key, value) in fields {
        let Some(rule) = declared.get(key) else { return refuse(Fault::FieldInvalid { field }) };
        if value.len() > max {
            return refuse(Fault::FieldTooLong { field, max });
        }
        if !rule.writes.least().is_met_by(actor) {
            return refuse(Fault::GroupForbidden);
        }
    }
    Ok(())
}

/// Puts a checked change into a group; answers the texts that became others, as tips and webhooks spell them.
pub(super) fn apply(group: &mut Group, scope: &Scope<'_>, change: &Change) -> Map<String, Value> {
    let mut told = Map::new();
    let texts = [
        ("GroupName", &mut group.name, &change.name),
        ("GroupIntroduction", &mut group.introduction, &change.introduction),
        ("GroupNotification", &mut group.notification, &change.notification),
        ("GroupFaceUrl", &mut group.face_url, &change.face_url),
    ];
    for (key, place, wanted) in texts {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != place) {
            place.clone_from(wanted);
            told.insert(key.into(), wanted.as_str().into());
        }
    }
    let capability = group.kind.capability();
    if let Some(max) = change.members_max.filter(|_| group.kind != GroupKind::Live) {
        group.members_max = max.min(scope.plan.ceiling(group.kind));
    }
    if let Some(option) = change.join_option.filter(|_| capability.has_join_option) {
        group.join_option = option;
    }
    if let Some(option) = change.invite_option.filter(|_| capability.has_invite_option) {
        group.invite_option = option;
    }
    if let Some(shows) = change.shows_past.filter(|_| capability.past_is_chosen) {
        group.shows_past = shows;
    }
    group.is_muted = change.is_muted.unwrap_or(group.is_muted);
    if group.has_topics {
        group.has_permissions = change.has_permissions.unwrap_or(group.has_permissions);
        group.permissions = change.permissions.unwrap_or(group.permissions);
    }
    for (key, value) in &change.fields {
        if value.is_empty() {
            group.fields.remove(key);
        } else {
            group.fields.insert(key.clone(), value.clone());
        }
    }
    told
}

/// Changes what a group says of itself. Answers the group with the texts that became others.
pub fn change(
    tx: &mut Tx<'_>,
    scope: &Scope<'_>,
    by: &By,
    id: &GroupId,
    change: &Change,
) -> Result<(Group, Map<String, Value>)> {
    let mut group = hold(tx, id)?;
    let mut actor = super::acting(tx, &group, by, Operation::EditProfile)?;
    if change.has_texts() || change == &Change::default() {
        actor = ensure(tx, &group, by, Operation::EditProfile)?;
    }
    if change.has_rules() {
        actor = ensure(tx, &group, by, Operation::EditRules)?;
    }
    if change.is_muted.is_some() {
        actor = ensure(tx, &group, by, Operation::MuteAll)?;
    }
    check(scope, group.kind, actor, change)?;
    let ceiling = scope.plan.ceiling(group.kind);
    if change.members_max.is_some_and(|max| max > ceiling && group.kind != GroupKind::Live) {
        return refuse(Fault::MemberQuota { max: ceiling });
    }
    let told = apply(&mut group, scope, change);
    group.info_seq += 1;
    group.info_at = scope.now;
    groups::save(tx, &group)?;
    if told.is_empty() {
        tip::changed(tx, &group);
    } else {
        tip::tell(tx, &mut group, by, scope.now, &tip::Tip::Profile(told.clone()))?;
        let field = |(key, value): (&String, &Value)| {
            (key.trim_start_matches("Group").to_owned(), value.as_str().unwrap_or_default().to_owned())
        };
        let what = GroupHappening::Edited { fields: told.iter().map(field).collect() };
        tip::hook(tx, &group, by, scope.now, what)?;
    }
    Ok((group, told))
}
