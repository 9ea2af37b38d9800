//! What is different about messages to groups.

use std::sync::Arc;

use contract::event::Event;
use contract::group::{GroupEvent, GroupKind};
use contract::webhook::{self, GroupHappening, GroupLetter, Happening, Wanted, Webhook, part_of};
use contract::{AppId, ConversationId, UserId};

use super::plan::Row;
use super::window::{GROUP_SPAN_MS, SPAN_MS};
use super::{Draft, IntoGroup, Waiting};
use crate::groups::messages;

/// Asks what is known of a group and of a sender's place in it.
pub(crate) struct InGroup<'w> {
    pub(crate) app: AppId,
    pub(crate) group: &'w IntoGroup,
    pub(crate) sender: &'w UserId,
    /// The conversation that its members hang on.
    pub(crate) home: ConversationId,
}

/// What webhooks tell of a group's message, one for each that wants it.
pub(super) fn sent_to(wanted: Wanted, w: &Waiting, group: &IntoGroup, row: &Row) -> Vec<Happening> {
    let draft = &w.draft;
    let letter = || GroupLetter {
        from: (draft.sender != group.operator).then(|| draft.sender.clone()),
        seq: row.stored.seq.0,
        time: row.stored.key.time,
        random: draft.msg_random,
        online: false,
        body: draft.body.clone(),
        cloud: draft.cloud.clone(),
        at: group.extra.at.clone(),
        at_all: group.extra.all,
    };
    let in_group = |what| {
        Happening::Group(webhook::InGroup {
            group: group.id.to_string(),
            kind: kind_of(row).as_str().to_owned(),
            part: part_of(w.conversation),
            operator: group.operator.clone(),
            what,
        })
    };
    let mut told = Vec::new();
    if wanted.has(Webhook::AfterGroupSendMsg) {
        told.push(in_group(GroupHappening::Sent(letter())));
    }
    if wanted.has(Webhook::BotGroupMessage) && !group.robots.is_empty() {
        let robots = group.robots.iter().map(ToString::to_string).collect();
        told.push(in_group(GroupHappening::SentToRobots { letter: letter(), robots }));
    }
    if let Some(unread) = group.readers.filter(|_| wanted.has(Webhook::AfterReadReceipt)) {
        told.push(in_group(GroupHappening::Receipts { messages: vec![(row.stored.seq.0, 0, unread)] }));
    }
    told
}

/// What is announced of a group's message.
pub(super) fn group_event(w: &Waiting, group: &IntoGroup, row: &Row) -> Event {
    let Draft { sender, msg_random, body, cloud, origin, .. } = &w.draft;
    let place = (row.stored.seq, row.stored.at, *msg_random);
    let message = messages::message(sender, place, (body, cloud), row.flags, &group.extra);
    Event::Group(GroupEvent::Message {
        group: group.id.clone(),
        conversation: w.conversation,
        kind: kind_of(row),
        members: row.group.map_or(0, |group| group.members),
        message: Arc::new(message),
        origin: origin.clone(),
    })
}

fn kind_of(row: &Row) -> GroupKind {
    row.group.map_or(GroupKind::Public, |group| group.kind)
}

/// How long a repeated send counts as the same message.
pub(super) const fn span_of(draft: &Draft) -> i64 {
    if draft.group.is_some() { GROUP_SPAN_MS } else { SPAN_MS }
}

/// The drafts that go into groups.
pub(super) fn group_indexes(waiting: &[(AppId, Waiting)]) -> impl Iterator<Item = usize> {
    waiting.iter().enumerate().filter(|(_, (_, w))| w.draft.group.is_some()).map(|(index, _)| index)
}
