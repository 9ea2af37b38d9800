//! What a batch writes on PostgreSQL, as columns: one parameter a column, one element a row.

use contract::AppId;

use super::Waiting;
use super::plan::{Head, Plan, Questions, Slot};
use super::window::Stored;
use crate::postgres::Args;
use crate::{GROUP_PUSH, OFFLINE_PUSH};

/// Makes a struct of columns with its parameters in the order of its fields.
macro_rules! columns {
    ($name:ident $(<$life:lifetime>)? { $($field:ident: $ty:ty),+ $(,)? }) => {
        #[derive(Default)]
        pub(super) struct $name $(<$life>)? {
            $(pub(super) $field: Vec<$ty>,)+
        }

        impl $(<$life>)? $name $(<$life>)? {
            pub(super) fn args(&self) -> Args<'_> {
                vec![$(&self.$field),+]
            }
        }
    };
}

columns!(Messages<'a> {
    app: i64, conversation: &'a [u8], seq: i64, time: i64, msg_seq: i64, msg_random: i64, at: i64, sender: &'a str,
    body: &'a str, cloud: &'a str, flags: i64, expires_at: i64, crc: i64, grouped: i64, extra: &'a str,
});

impl<'a> Messages<'a> {
    pub(super) fn of(waiting: &'a [(AppId, Waiting)], plan: &Plan) -> Self {
        let mut columns = Self::default();
        for row in &plan.rows {
            let (app, w) = &waiting[row.draft];
            let Stored { key, seq, at } = row.stored;
            columns.app.push(app.0);
            columns.conversation.push(&w.conversation.0);
            columns.seq.push(seq.0);
            columns.time.push(key.time);
            columns.msg_seq.push(key.seq.into());
            columns.msg_random.push(key.random.into());
            columns.at.push(at.0);
            columns.sender.push(w.draft.sender.as_str());
            columns.body.push(&w.draft.body);
            columns.cloud.push(&w.draft.cloud);
            columns.flags.push(row.flags.0);
            columns.expires_at.push(w.draft.expires_at.0);
            columns.crc.push(w.crc.into());
            columns.grouped.push(w.draft.group.is_some().into());
            columns.extra.push(&w.extra);
        }
        columns
    }
}

columns!(Heads<'a> {
    app: i64, id: &'a [u8], seq: i64, last_at: i64, last_seq: i64, last_time: i64, moved_at: i64, writer: i64, scan_until: i64,
});

impl<'a> Heads<'a> {
    pub(super) fn of(slots: &'a [Slot<'_>], heads: &[&(usize, Head)]) -> Self {
        let mut columns = Self::default();
        for (slot, head) in heads {
            columns.app.push(slots[*slot].app.0);
            columns.id.push(&slots[*slot].id.0);
            columns.seq.push(head.seq);
            columns.last_at.push(head.last_at);
            columns.last_seq.push(head.last_seq);
            columns.last_time.push(head.last_time);
            columns.moved_at.push(head.moved_at);
            columns.writer.push(head.writer);
            columns.scan_until.push(head.scan_until);
        }
        columns
    }
}

columns!(Assumed { seq: i64, writer: i64, parted: i64 });

impl Assumed {
    pub(super) fn of(slots: &[Slot<'_>], heads: &[&(usize, Head)]) -> Self {
        let mut columns = Self::default();
        for assumed in heads.iter().filter_map(|(slot, _)| slots[*slot].assumed.as_ref()) {
            columns.seq.push(assumed.seq);
            columns.writer.push(assumed.writer);
            columns.parted.push(assumed.is_parted.into());
        }
        columns
    }
}

columns!(Ends<'a> { low: &'a str, high: &'a str, });

impl<'a> Ends<'a> {
    pub(super) fn of(slots: &[Slot<'a>], heads: &[&(usize, Head)]) -> Self {
        let mut columns = Self::default();
        for (slot, _) in heads {
            columns.low.push(slots[*slot].low.as_str());
            columns.high.push(slots[*slot].high.as_str());
        }
        columns
    }
}

columns!(GroupArgs<'a> { app: i64, id: &'a str, conversation: &'a [u8], sender: &'a str, home: &'a [u8], });

impl<'a> GroupArgs<'a> {
    pub(super) fn of(questions: &'a Questions<'_>) -> Self {
        let mut columns = Self::default();
        for question in &questions.groups {
            columns.app.push(question.app.0);
            columns.id.push(question.group.id.as_str());
            columns.conversation.push(&question.group.conversation.0);
            columns.sender.push(question.sender.as_str());
            columns.home.push(&question.home.0);
        }
        columns
    }
}

columns!(Members<'a> { app: i64, account: &'a str, conversation: &'a [u8], peer: &'a str, since: i64, });

impl<'a> Members<'a> {
    pub(super) fn of(slots: &'a [Slot<'_>], plan: &Plan) -> Self {
        let mut columns = Self::default();
        for (slot, head) in plan.heads.iter().filter(|(_, head)| head.needs_members()) {
            for (account, peer) in slots[*slot].members() {
                columns.app.push(slots[*slot].app.0);
                columns.account.push(account.as_str());
                columns.conversation.push(&slots[*slot].id.0);
                columns.peer.push(peer.as_str());
                columns.since.push(head.since);
            }
        }
        columns
    }
}

columns!(Events<'a> { app: i64, count: i64, events: &'a str });

impl<'a> Events<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut columns = Self::default();
        for (app, written) in &plan.told {
            columns.app.push(app.0);
            columns.count.push(written.count());
            columns.events.push(written.text());
        }
        columns
    }
}

#[derive(Default)]
pub(super) struct Pushes<'a> {
    topic: Vec<&'a str>,
    app: Vec<i64>,
    id: Vec<i64>,
    part: Vec<&'a str>,
    due_at: Vec<i64>,
    payload: Vec<&'a str>,
    conversation: Vec<&'a [u8]>,
    seq: Vec<i64>,
}

impl<'a> Pushes<'a> {
    pub(super) fn of(waiting: &'a [(AppId, Waiting)], plan: &Plan) -> Self {
        let mut columns = Self::default();
        for (index, id, seq) in &plan.pushes {
            let (app, w) = &waiting[*index];
            columns.app.push(app.0);
            columns.id.push(*id);
            let (topic, part) = match &w.draft.group {
                Some(group) => (GROUP_PUSH, group.id.as_str()),
                None => (OFFLINE_PUSH, w.draft.receiver.as_str()),
            };
            columns.topic.push(topic);
            columns.part.push(part);
            columns.due_at.push(w.draft.at.0);
            columns.payload.push(w.draft.push.as_deref().unwrap_or_default());
            columns.conversation.push(&w.conversation.0);
            columns.seq.push(seq.0);
        }
        columns
    }

    pub(super) fn args(&self) -> Args<'_> {
        vec![&self.topic, &self.app, &self.id, &self.part, &self.due_at, &self.payload, &self.conversation, &self.seq]
    }
}
