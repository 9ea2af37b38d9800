//! The places of a batch's messages: each accepted draft gets the next number of its conversation.

use std::cell::OnceCell;
use std::collections::HashMap;

use contract::message::Flags;
use contract::{AppId, ConversationId, Millis, MsgKey, Seq};

use super::grouped::span_of;
use super::plan::{Exact, Head, Plan, Row, exact_of};
use super::window::{GROUP_SPAN_MS, Ids, Print, Stored};
use super::{DraftKind, Facts, Sent, Waiting};

/// By what a live draft is known when it comes again.
pub(super) fn print_of(app: AppId, w: &Waiting, msg_seq: u32) -> Print {
    Print {
        app,
        conversation: w.conversation,
        is_grouped: w.draft.group.is_some(),
        is_low: w.draft.sender <= w.draft.receiver,
        msg_seq,
        msg_random: w.draft.msg_random,
        crc: w.crc,
    }
}

/// An import counts if its caller says so, whatever else the draft says.
fn flags_of(kind: DraftKind, flags: Flags) -> Flags {
    match kind {
        DraftKind::Live => flags,
        DraftKind::Import { counts, .. } => {
            Flags(flags.0 & !Flags::COUNTS.0).with(Flags::IMPORTED).with_if(counts, Flags::COUNTS)
        }
    }
}

/// Goes through the accepted drafts in order and gives each its place.
pub(super) struct Numbering<'g> {
    pub(super) slot_of: &'g [usize],
    /// The heads before this batch.
    pub(super) before: &'g [Head],
    heads: Vec<Head>,
    moved: Vec<bool>,
    /// Per draft, the message stored before this batch that it repeats.
    pub(super) known: Vec<Option<Stored>>,
    /// What this batch stores, as later drafts of the same batch must see it.
    live: HashMap<Print, Stored>,
    exact: HashMap<(AppId, ConversationId, MsgKey), Stored>,
    pub(super) plan: Plan,
}

impl<'g> Numbering<'g> {
    pub(super) fn new(slot_of: &'g [usize], before: &'g [Head], drafts: usize) -> Self {
        Self {
            slot_of,
            before,
            heads: before.to_vec(),
            moved: vec![false; before.len()],
            known: vec![None; drafts],
            live: HashMap::new(),
            exact: HashMap::new(),
            plan: Plan::default(),
        }
    }

    /// Gives a draft its place, unless it repeats one that has it.
    pub(super) fn number(&mut self, index: usize, waiting: &[(AppId, Waiting)], facts: &Facts, ids: &mut Ids) -> Sent {
        let entry = &waiting[index];
        if let Some(Stored { key, seq, at }) = self.same(index, entry) {
            return Sent { key, seq, at, duplicate: true };
        }
        let (app, w) = entry;
        let draft = &w.draft;
        let slot = self.slot_of[index];
        let head = &mut self.heads[slot];
        head.seq += 1;
        let seq = Seq(head.seq);
        let flags = flags_of(draft.kind, Flags(draft.flags));
        let (at, came_at) = match draft.kind {
            DraftKind::Live => {
                let at = draft.at.max(Millis(head.last_at));
                (at, at)
            }
            DraftKind::Import { came_at, .. } => (draft.at, came_at),
        };
        head.moved_at = head.moved_at.max(came_at.0);
        // An import is history: it is the list's last message only while there is no live one.
        if flags.has(Flags::MOVES_LIST) && (draft.kind == DraftKind::Live || head.last_at == 0) {
            head.last_seq = seq.0;
            head.last_time = at.secs();
            head.moves_list = true;
        }
        let msg_seq = draft.msg_seq.unwrap_or(seq.0 as u32);
        let stored = Stored { key: MsgKey { time: at.secs(), seq: msg_seq, random: draft.msg_random }, seq, at };
        if draft.kind == DraftKind::Live {
            head.last_at = at.0;
            let print = print_of(*app, w, msg_seq);
            self.live.insert(print, stored);
            self.plan.prints.push((print, stored));
        }
        self.exact.entry((*app, w.conversation, stored.key)).or_insert(stored);
        self.moved[slot] = true;
        self.plan.rows.push(Row { draft: index, stored, flags, group: facts.group, message: OnceCell::new() });
        if draft.push.is_some() && facts.receiver_reach {
            self.plan.pushes.push((index, ids.next(), seq));
        }
        Sent { key: stored.key, seq, at, duplicate: false }
    }

    /// The message that a draft repeats, in this batch or before it.
    fn same(&self, index: usize, entry: &(AppId, Waiting)) -> Option<Stored> {
        let (app, w) = entry;
        let msg_seq = w.draft.msg_seq?;
        match w.draft.kind {
            DraftKind::Live => {
                let oldest = w.draft.at.plus(-span_of(&w.draft));
                let here = self.live.get(&print_of(*app, w, msg_seq)).filter(|stored| stored.at >= oldest);
                here.copied().or(self.known[index])
            }
            DraftKind::Import { .. } => {
                let Exact { app, conversation, key } = exact_of(entry);
                self.known[index].or_else(|| self.exact.get(&(app, conversation, key)).copied())
            }
        }
    }

    /// Marks the moved heads as this worker's and lists the heads made for nothing.
    pub(super) fn finish(mut self, me: i64) -> Plan {
        for (slot, mut head) in self.heads.into_iter().enumerate() {
            if self.moved[slot] {
                head.since = self.before[slot].seq;
                if head.writer != me {
                    head.writer = me;
                    head.scan_until = self.before[slot].last_at.saturating_add(GROUP_SPAN_MS);
                }
                self.plan.heads.push((slot, head));
            } else if head.is_new && !head.is_absent {
                self.plan.idle.push(slot);
            }
        }
        self.plan
    }
}
