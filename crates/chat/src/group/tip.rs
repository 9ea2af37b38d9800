//! What members are told of what happens in their group: tips, which are messages, and notifications to single accounts.

use std::sync::Arc;

use contract::event::Event;
use contract::group::{GroupEvent, GroupNotice, NoticeKind, Tips};
use contract::message::Flags;
use contract::webhook::{GroupHappening, Happening, InGroup, part_of};
use contract::{Millis, Result, Seq, UserId};
use serde_json::{Map, Value, json};
use store::Tx;
use store::groups::Group;
use store::groups::messages::{self, Extra, New};

use super::{By, no_head, system};

/// What a tip tells; the number is the contract's `OpType`.
pub(super) enum Tip<'a> {
    Joined(&'a [UserId]),
    Quit(&'a UserId),
    Kicked(&'a [UserId]),
    AdminSet(&'a UserId),
    AdminUnset(&'a UserId),
    /// The changed fields, as the contract spells them.
    Profile(Map<String, Value>),
    /// Who was muted for how many seconds.
    Muted(&'a [UserId], i64),
}

impl Tip<'_> {
    fn policy(&self, group: &Group) -> Tips {
        let capability = group.kind.capability();
        match self {
            Self::Joined(_) | Self::Quit(_) | Self::Kicked(_) => capability.member_tips,
            Self::Profile(_) => capability.profile_tips,
            Self::AdminSet(_) | Self::AdminUnset(_) | Self::Muted(..) => capability.role_tips,
        }
    }

    fn body(&self, group: &Group, by: &By) -> String {
        let mut content = match self {
            Self::Joined(who) => json!({ "OpType": 1, "List_Account": names(who) }),
            Self::Quit(who) => json!({ "OpType": 2, "List_Account": [who.as_str()] }),
            Self::Kicked(who) => json!({ "OpType": 3, "List_Account": names(who) }),
            Self::AdminSet(who) => json!({ "OpType": 4, "List_Account": [who.as_str()] }),
            Self::AdminUnset(who) => json!({ "OpType": 5, "List_Account": [who.as_str()] }),
            Self::Profile(changed) => json!({ "OpType": 6, "MsgGroupNewInfo": changed }),
            Self::Muted(who, seconds) => {
                let muted = |user: &UserId| json!({ "User_Account": user.as_str(), "ShutupTime": seconds });
                json!({ "OpType": 7, "MsgMemberInfo": who.iter().map(muted).collect::<Vec<_>>() })
            }
        };
        content["Operator_Account"] = by.account().as_str().into();
        content["MemberNum"] = group.members.into();
        json!([{ "MsgType": "TIMGroupTipElem", "MsgContent": content }]).to_string()
    }
}

fn names(users: &[UserId]) -> Vec<&str> {
    users.iter().map(UserId::as_str).collect()
}

/// Tells the members of a group, in the way its type has for that. A group that sleeps tells nothing.
pub(super) fn tell(tx: &mut Tx<'_>, group: &mut Group, by: &By, now: Millis, tip: &Tip<'_>) -> Result<()> {
    let policy = tip.policy(group);
    if policy == Tips::Off || !group.is_awake() {
        return Ok(());
    }
    let (sender, body) = (system(), tip.body(group, by));
    let flags = Flags::TIP.with_if(policy == Tips::Stored, Flags::MOVES_LIST);
    let mut place = (Seq(0), now, 0);
    if policy == Tips::Stored {
        let new = New { sender: &sender, random: 0, at: now, body: &body, cloud: "", flags };
        let (seq, at) = messages::append(tx, group.conversation, &new)?.ok_or_else(no_head)?;
        (group.seq, group.last_seq, group.last_at, group.last_time) = (seq, seq, at, at.secs());
        place = (seq, at, 0);
    }
    let message = messages::message(&sender, place, (&body, ""), flags, &Extra::default());
    tx.after(Event::Group(GroupEvent::Message {
        group: group.id.clone(),
        conversation: group.conversation,
        kind: group.kind,
        members: group.members,
        message: Arc::new(message),
        origin: None,
    }));
    Ok(())
}

/// A notification about a group.
pub(super) fn notice(group: &Group, by: &By, now: Millis, kind: NoticeKind, text: &str) -> GroupNotice {
    GroupNotice {
        kind,
        group: group.id.clone(),
        name: group.name.clone(),
        group_kind: group.kind,
        operator: by.account().to_string(),
        text: text.to_owned(),
        request: 0,
        at: now,
    }
}

/// Tells single accounts.
pub(super) fn notify(tx: &mut Tx<'_>, accounts: Vec<UserId>, notice: GroupNotice) {
    if !accounts.is_empty() {
        tx.after(Event::Group(GroupEvent::Notified { accounts, notice: Arc::new(notice) }));
    }
}

/// Tells whoever keeps members by group who came and who went.
pub(super) fn moved(tx: &mut Tx<'_>, group: &Group, joined: &[UserId], left: &[UserId]) {
    tx.after(members(group, joined, left, false));
}

/// As [`moved`], of members who hear the group no more, or again.
pub(super) fn heard(tx: &mut Tx<'_>, group: &Group, again: &[UserId], no_more: &[UserId]) {
    tx.after(members(group, again, no_more, true));
}

fn members(group: &Group, joined: &[UserId], left: &[UserId], are_members: bool) -> Event {
    let (id, conversation) = (group.id.clone(), group.conversation);
    let (joined, left) = (joined.to_vec(), left.to_vec());
    Event::Group(GroupEvent::Members { group: id, conversation, joined, left, are_members })
}

/// Leaves what happened for the webhook that tells of it, if the app has it on.
pub(super) fn hook(tx: &mut Tx<'_>, group: &Group, by: &By, now: Millis, what: GroupHappening) -> Result<()> {
    hook_for(tx, group, by.account(), now, what)
}

/// As [`hook`], for whoever acts.
pub(crate) fn hook_for(
    tx: &mut Tx<'_>,
    group: &Group,
    operator: &UserId,
    now: Millis,
    what: GroupHappening,
) -> Result<()> {
    if !tx.wants(what.webhook()) {
        return Ok(());
    }
    let in_group = InGroup {
        group: group.id.to_string(),
        kind: group.kind.as_str().to_owned(),
        part: part_of(group.conversation),
        operator: operator.clone(),
        what,
    };
    tx.after_hook(now, &Happening::Group(in_group))
}

/// Tells that something changed without a tip.
pub(super) fn changed(tx: &mut Tx<'_>, group: &Group) {
    tx.after(Event::Group(GroupEvent::Changed { group: group.id.clone(), conversation: group.conversation }));
}
