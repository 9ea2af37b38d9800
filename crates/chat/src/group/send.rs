//! Whether a message may be written into a group.

use contract::error::refuse;
use contract::group::{Actor, GroupId, GroupKind, Operation, Role, TopicPermission};
use contract::{Fault, Result};
use store::append::{Draft, Facts, GroupFacts, Standing};
use store::apps::App;
use store::groups::{self, Group, members};
use store::relations::Tie;
use store::{Snapshot, accounts, mutes};

use super::place;

/// Decides whether a message to a group is allowed; pure, as [`crate::message::decide`], and with its order: the group,
/// the sender, its place there, mutes.
pub fn decide(draft: &Draft, facts: &Facts) -> Result<()> {
    let Some(group) = facts.group else { return refuse(Fault::GroupGone) };
    if facts.sender != Standing::Active && !draft.is_admin {
        return refuse(Fault::AccountUnknown);
    }
    // A back end may speak for an account that is not in.
    let is_by_device = draft.origin.is_some();
    if is_by_device
        && !Operation::Send.is_allowed(group.kind, Actor::of(group.role))
        && group.kind.capability().has_members
    {
        return refuse(Fault::GroupForbidden);
    }
    if draft.is_admin {
        return Ok(());
    }
    let is_plain = group.role.is_none_or(|role| role == Role::Member);
    if draft.at < group.muted_until || draft.at < group.banned_until || (group.is_muted && is_plain) {
        return refuse(Fault::MutedInGroup);
    }
    Ok(())
}

/// Reads what is known of the group that a draft goes into, without locks.
pub fn facts(snapshot: &mut Snapshot<'_>, draft: &Draft) -> Result<Option<GroupFacts>> {
    let Some(into) = &draft.group else { return Ok(None) };
    let Some(group) = groups::get(snapshot, &into.id)? else { return Ok(None) };
    if !group.is_alive() || group.conversation != into.conversation {
        return Ok(None);
    }
    facts_in(snapshot, draft, &group).map(Some)
}

/// As [`facts`], of a group that was just read.
fn facts_in(snapshot: &mut Snapshot<'_>, draft: &Draft, group: &Group) -> Result<GroupFacts> {
    let home = group.home();
    let member = members::get(snapshot, home, &draft.sender)?;
    let mut muted_until = match &member {
        Some(member) => member.muted_until,
        None => members::muted_until(snapshot, home, &draft.sender)?,
    };
    let role = match group.kind {
        GroupKind::Live => crate::ground::live_role(snapshot, group, &draft.sender)?,
        _ => member.as_ref().map(|member| member.role),
    };
    let (mut is_muted, mut members) = (group.is_muted, group.members);
    if group.is_topic() {
        // Who is muted in the community is so in its topics; and then there are those who are in a topic alone.
        muted_until = muted_until.max(members::muted_until(snapshot, group.conversation, &draft.sender)?);
        let community = group.id.community().map(|id| groups::get(snapshot, &id)).transpose()?.flatten();
        if let Some(community) = community {
            is_muted |= community.is_muted;
            members = community.members;
        }
    }
    let mute = mutes::get(snapshot, &draft.sender)?;
    Ok(GroupFacts {
        kind: group.kind,
        is_muted,
        role,
        muted_until,
        banned_until: mute.map_or_else(Default::default, |mute| mute.groups),
        members,
    })
}

/// Reads everything that a draft into a group, which was just read, is decided by.
pub fn gather(snapshot: &mut Snapshot<'_>, draft: &Draft, group: &Group) -> Result<Facts> {
    let sender = accounts::get(snapshot, &draft.sender)?;
    let standing = match &sender {
        None => Standing::Unknown,
        Some(account) if account.is_alive() => Standing::Active,
        Some(_) => Standing::Deleted,
    };
    Ok(Facts {
        sender: standing,
        receiver: standing,
        receiver_reach: false,
        sender_muted_until: sender.map_or_else(Default::default, |account| account.muted_until),
        tie: Tie::default(),
        group: Some(facts_in(snapshot, draft, group)?),
    })
}

/// What a message asks of a group, beside being written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "wishes of a message, each on its own")]
pub struct Wishes {
    /// It mentions all.
    pub mentions_all: bool,
    /// How many it mentions.
    pub mentions: usize,
    /// How many it is for; 0 means all.
    pub targets: usize,
    /// It is not stored.
    pub is_online_only: bool,
    /// It asks for receipts.
    pub wants_receipt: bool,
    /// Pairs may be attached to it.
    pub is_extensible: bool,
    /// It does not count as unread.
    pub is_uncounted: bool,
}

/// Refuses wishes that the type, the plan or the app does not have.
pub fn ensure_wishes(scope: &super::Scope<'_>, kind: GroupKind, members: i64, wishes: Wishes) -> Result<()> {
    let capability = kind.capability();
    if wishes.mentions > contract::group::MENTIONS {
        return refuse(Fault::MentionsTooMany { max: contract::group::MENTIONS });
    }
    if wishes.mentions_all && !capability.has_mention_all {
        return refuse(Fault::GroupForbidden);
    }
    if wishes.targets > 0 {
        if !scope.plan.has_features {
            return refuse(Fault::GroupFeatureMissing);
        }
        if !capability.has_targets {
            return refuse(Fault::GroupForbidden);
        }
    }
    if wishes.is_uncounted && !counts(scope, kind) {
        return refuse(Fault::FieldInvalid { field: "SendMsgControl" });
    }
    if wishes.is_extensible && !(scope.plan.has_features && capability.has_extensions) {
        return refuse(Fault::GroupFeatureMissing);
    }
    if wishes.wants_receipt {
        return ensure_receipts(scope, kind, members, wishes.is_online_only);
    }
    Ok(())
}

fn ensure_receipts(scope: &super::Scope<'_>, kind: GroupKind, members: i64, is_online_only: bool) -> Result<()> {
    if !scope.plan.has_features || !scope.settings.has_receipts || !kind.capability().has_receipts {
        return refuse(Fault::GroupFeatureMissing);
    }
    if is_online_only {
        return refuse(Fault::ReceiptUnsupported);
    }
    let max = scope.settings.receipt_members;
    if members > max { refuse(Fault::ReceiptGroupTooLarge { max }) } else { Ok(()) }
}

/// Whether messages of groups of a type count as unread.
pub fn counts(scope: &super::Scope<'_>, kind: GroupKind) -> bool {
    let is_meeting = kind == GroupKind::ChatRoom;
    kind.capability().has_unread || (is_meeting && scope.settings.counts_meetings)
}

/// Refuses a device where permission groups say that its account may not write, or mention all, or is no more than a member.
pub fn ensure_permission(snapshot: &mut Snapshot<'_>, app: &App, group: &Group, draft: &Draft) -> Result<()> {
    if draft.origin.is_none() || draft.is_admin || group.kind != GroupKind::Community {
        return Ok(());
    }
    let community = into_community(group);
    let by = crate::ground::By::Device { account: draft.sender.clone(), is_guest: false };
    let standing = crate::permission::community(snapshot, app, &community, &by)?;
    if !standing.group.has_permissions {
        return Ok(());
    }
    // An admin is a member like all others there, and silent when they are.
    if (group.is_muted || standing.group.is_muted) && standing.actor == Actor::Inside(Role::Admin) {
        return refuse(Fault::MutedInGroup);
    }
    let mut needed = TopicPermission::SEND;
    if draft.group.as_ref().is_some_and(|into| into.extra.all) {
        needed = needed.with(TopicPermission::MENTION_ALL);
    }
    let may = if group.is_topic() {
        let topic = crate::topic::find(snapshot, &standing.group, group.id.as_str())?;
        crate::permission::allowed_in(snapshot, &standing, &topic, &draft.sender)?
    } else {
        crate::permission::allowed(snapshot, &standing, &draft.sender)?.in_topic()
    };
    if may.has(needed) { Ok(()) } else { refuse(Fault::GroupForbidden) }
}

fn into_community(group: &Group) -> GroupId {
    group.id.community().unwrap_or_else(|| group.id.clone())
}

/// Finds the group that a message goes into.
pub fn target(snapshot: &mut Snapshot<'_>, id: &GroupId) -> Result<Group> {
    place(snapshot, id)
}
