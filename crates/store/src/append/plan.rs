//! The steps of a batch, without an engine: what to ask, what to decide, what to write.
//!
//! gather heads (locked), accounts and exact matches → decide each draft → look up what memory cannot tell →
//! number what is new. The engine then writes the [`Plan`] and commits; only then is anything answered.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use contract::event::Event;
use contract::message::{Flags, Message};
use contract::{AppId, ConversationId, Millis, MsgKey, Result, Seq, UserId};

use super::grouped::{InGroup, group_event, group_indexes, span_of};
use super::heads::HeadKey;
use super::numbering::{Numbering, print_of};
use super::told::told;
use super::window::{Ids, Memory, Print, Stored, Window};
use super::{Draft, DraftKind, Facts, GroupFacts, Sent, Standing, Waiting};
use crate::Hooks;
use crate::job::guard;
use crate::relations::Tie;
use crate::webhooks::Written;

/// The head of a conversation as the append sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) last_at: i64,
    pub(crate) last_seq: i64,
    pub(crate) last_time: i64,
    pub(crate) moved_at: i64,
    pub(crate) writer: i64,
    pub(crate) scan_until: i64,
    /// It had a place in the order of lists before this batch; only the embedded engine looks.
    pub(crate) is_settled: bool,
    /// Its last message changes with this batch, and so the place is lost.
    pub(crate) moves_list: bool,
    /// Its sequence before this batch: who joins by it sees nothing up to here.
    pub(crate) since: i64,
    /// A member forgot it. The others' messages touch no membership.
    pub(crate) is_parted: bool,
    /// It was not there before this batch.
    pub(crate) is_new: bool,
    /// Nor is it now: it is made when it is written.
    pub(crate) is_absent: bool,
}

impl Head {
    /// Whether a membership may be missing.
    pub(crate) const fn needs_members(&self) -> bool {
        self.is_new || self.is_parted
    }
}

/// A conversation that the batch touches.
pub(crate) struct Slot<'w> {
    pub(crate) app: AppId,
    pub(crate) id: ConversationId,
    pub(crate) low: &'w UserId,
    pub(crate) high: &'w UserId,
    /// Its head as this worker left it or read it, without a lock: to be held true by the statement that writes it.
    pub(crate) assumed: Option<Head>,
}

impl<'w> Slot<'w> {
    /// What is to be remembered of it once this head is committed.
    fn left(&self, head: &Head) -> (HeadKey, Head) {
        (
            (self.app, self.id),
            Head { is_new: false, is_absent: false, is_parted: false, moves_list: false, ..head.clone() },
        )
    }

    /// The members, each with its peer; one who writes to itself is one member.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'w UserId, &'w UserId)> {
        let (low, high) = (self.low, self.high);
        std::iter::once((low, high)).chain((low != high).then_some((high, low)))
    }
}

/// An account that the batch asks about: alive or deleted, whether a push reaches it, and whether it blocks anybody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) is_deleted: bool,
    pub(crate) is_reached: bool,
    pub(crate) muted_until: Millis,
    pub(crate) has_blocks: bool,
}

/// Asks for an imported message by its key, whenever it was.
pub(crate) struct Exact {
    pub(crate) app: AppId,
    pub(crate) conversation: ConversationId,
    pub(crate) key: MsgKey,
}

/// Asks for the newest live message that a draft may repeat, of those stored in a time.
pub(crate) struct Recent<'w> {
    pub(crate) app: AppId,
    pub(crate) conversation: ConversationId,
    pub(crate) sender: &'w UserId,
    pub(crate) msg_seq: u32,
    pub(crate) msg_random: u32,
    pub(crate) crc: u32,
    pub(crate) since: Millis,
    pub(crate) until: Millis,
    /// The newest place of a group; none of a pair.
    pub(crate) group_seq: Option<i64>,
}

/// Asks what stands between two accounts.
pub(crate) struct Pair<'w> {
    pub(crate) app: AppId,
    pub(crate) sender: &'w UserId,
    pub(crate) receiver: &'w UserId,
}

/// What the batch asks before it decides. `slots` are in key order, which is the order of the locks.
pub(crate) struct Questions<'w> {
    /// Heads are made and locked before they are read. Otherwise they are assumed to stay as they were read.
    pub(crate) locks: bool,
    pub(crate) slots: Vec<Slot<'w>>,
    pub(crate) accounts: Vec<(AppId, &'w UserId)>,
    pub(crate) exact: Vec<Exact>,
    pub(crate) groups: Vec<InGroup<'w>>,
}

/// The answers, in the order of the questions.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) heads: Vec<Head>,
    pub(crate) accounts: Vec<Option<Account>>,
    pub(crate) exact: Vec<Option<Stored>>,
    /// With whether a push can reach anybody in the app: asking that of each member of a group would cost what the group
    /// is large.
    pub(crate) groups: Vec<Option<(GroupFacts, bool)>>,
}

/// An engine's part of a batch, inside one transaction.
pub(crate) trait Engine {
    /// Whether heads may be assumed instead of locked and read; see [`super::heads`].
    const ASSUMES: bool;
    /// The bytes with which a batch of what webhooks tell of is full.
    const TOLD_BYTES: usize;
    fn gather(&mut self, questions: &Questions<'_>) -> Result<Gathered>;
    fn ties(&mut self, questions: &[Pair<'_>]) -> Result<Vec<Tie>>;
    fn recent(&mut self, questions: &[Recent<'_>]) -> Result<Vec<Option<Stored>>>;
    /// Answers the ids of what webhooks tell of, in the order of the plan.
    fn write(&mut self, waiting: &[(AppId, Waiting)], slots: &[Slot<'_>], plan: &Plan) -> Result<Vec<i64>>;
}

/// A message to be written: the draft it comes from and what was decided for it.
pub(crate) struct Row {
    pub(crate) draft: usize,
    pub(crate) stored: Stored,
    pub(crate) flags: Flags,
    /// What is known of the group that it goes into, if it does.
    pub(crate) group: Option<GroupFacts>,
    /// As it is announced; made when it is asked for.
    pub(crate) message: OnceCell<Arc<Message>>,
}

impl Row {
    /// The message between two accounts as its members see it.
    pub(crate) fn message(&self, draft: &Draft) -> Arc<Message> {
        let made = self.message.get_or_init(|| {
            Arc::new(Message {
                sender: draft.sender.clone(),
                receiver: draft.receiver.clone(),
                key: self.stored.key,
                seq: self.stored.seq,
                at: self.stored.at,
                body: Arc::from(draft.body.as_str()),
                cloud: Arc::from(draft.cloud.as_str()),
                flags: self.flags,
            })
        });
        Arc::clone(made)
    }
}

/// What a batch writes and answers.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) outcomes: Vec<Result<Sent>>,
    pub(crate) rows: Vec<Row>,
    /// The slots whose heads move, with the new heads.
    pub(crate) heads: Vec<(usize, Head)>,
    /// The slots whose heads were made for nothing: every draft was refused.
    pub(crate) idle: Vec<usize>,
    /// Outbox rows: draft, id, and the place of the message.
    pub(crate) pushes: Vec<(usize, i64, Seq)>,
    /// What webhooks tell of.
    pub(crate) told: Vec<(AppId, Written)>,
    pub(crate) prints: Vec<(Print, Stored)>,
    /// The heads as they are after the commit.
    pub(crate) left: Vec<(HeadKey, Head)>,
}

impl Plan {
    /// The events of the batch, by app, in the order of the messages.
    pub(crate) fn events(&mut self, waiting: &[(AppId, Waiting)]) -> Vec<(AppId, Event)> {
        let told = std::mem::take(&mut self.told);
        let event = |row: &Row| {
            let (app, waiting) = &waiting[row.draft];
            let draft = &waiting.draft;
            if let Some(group) = &draft.group {
                return (*app, group_event(waiting, group, row));
            }
            let event = Event::MessageAppended {
                conversation: waiting.conversation,
                message: row.message(draft),
                origin: draft.origin.clone(),
                echo: row.flags.has(Flags::IN_SENDER_VIEW),
            };
            (*app, event)
        };
        let queued = self.pushes.iter().map(|(draft, ..)| {
            let (app, waiting) = &waiting[*draft];
            (*app, Event::NotificationQueued { is_of_group: waiting.draft.group.is_some() })
        });
        // Imported history is there to be read back, not news.
        let is_news = |row: &&Row| !row.flags.has(Flags::IMPORTED) || row.flags.has(Flags::COUNTS);
        let told = told.into_iter().map(|(app, written)| (app, Event::WebhookQueued(written.hand())));
        self.rows.iter().filter(is_news).map(event).chain(queued).chain(told).collect()
    }
}

/// Runs all steps of a batch but the commit. A careful one assumes nothing of heads.
pub(crate) fn run<E: Engine>(
    engine: &mut E,
    window: &Window,
    ids: &mut Ids,
    hooks: &Hooks,
    waiting: &[(AppId, Waiting)],
    is_careful: bool,
) -> Result<Plan> {
    let (mut questions, slot_of) = ask(waiting);
    questions.locks = is_careful || !E::ASSUMES;
    let mut gathered = gather(engine, window, &mut questions)?;
    let accounts: HashMap<_, _> = questions.accounts.iter().copied().zip(gathered.accounts).collect();
    let mut facts: Vec<Facts> = waiting.iter().map(|(app, waiting)| facts_of(*app, waiting, &accounts)).collect();
    for (index, found) in group_indexes(waiting).zip(&gathered.groups) {
        (facts[index].group, facts[index].receiver_reach) = (found.map(|(facts, _)| facts), false);
        if let Some((_, is_reached)) = found {
            facts[index].receiver_reach = *is_reached;
            // Its head was made with the group, and its members join and part by themselves.
            let head = &mut gathered.heads[slot_of[index]];
            (head.is_new, head.is_parted) = (false, false);
        }
    }
    let (asked, pairs) = doubtful(waiting, &accounts);
    if !pairs.is_empty() {
        for (index, tie) in asked.into_iter().zip(engine.ties(&pairs)?) {
            facts[index].tie = tie;
        }
    }
    let refusals: Vec<Option<contract::Error>> =
        waiting.iter().zip(&facts).map(|((_, w), facts)| guard(|| (hooks.decide)(&w.draft, facts)).err()).collect();

    let mut numbering = Numbering::new(&slot_of, &gathered.heads, waiting.len());
    for (index, stored) in import_indexes(waiting).zip(gathered.exact) {
        numbering.known[index] = stored;
    }
    let (asked, recent) = unsure(window, waiting, &refusals, &mut numbering);
    if !recent.is_empty() {
        for (index, stored) in asked.into_iter().zip(engine.recent(&recent)?) {
            numbering.known[index] = stored;
        }
    }
    for (index, refusal) in refusals.into_iter().enumerate() {
        let outcome = match refusal {
            Some(error) => Err(error),
            None => Ok(numbering.number(index, waiting, &facts[index], ids)),
        };
        numbering.plan.outcomes.push(outcome);
    }
    let mut plan = numbering.finish(window.me());
    plan.told = told(hooks, waiting, &plan.rows, E::TOLD_BYTES)?;
    if !(plan.rows.is_empty() && plan.idle.is_empty()) {
        let ids = engine.write(waiting, &questions.slots, &plan)?;
        for ((_, written), id) in plan.told.iter_mut().zip(ids) {
            written.batch.id = id;
        }
    }
    if E::ASSUMES {
        plan.left = plan.heads.iter().map(|(slot, head)| questions.slots[*slot].left(head)).collect();
    }
    Ok(plan)
}

/// Asks the engine; heads that are not locked are assumed, as they are remembered or else as they were read.
fn gather<E: Engine>(engine: &mut E, window: &Window, questions: &mut Questions<'_>) -> Result<Gathered> {
    if questions.locks {
        return engine.gather(questions);
    }
    questions.slots.iter_mut().for_each(|slot| slot.assumed = window.head(&(slot.app, slot.id)));
    let gathered = engine.gather(questions)?;
    for (slot, head) in questions.slots.iter_mut().zip(&gathered.heads) {
        slot.assumed.get_or_insert_with(|| head.clone());
    }
    Ok(gathered)
}

/// Works out the distinct conversations and accounts of a batch, and each draft's conversation.
fn ask(waiting: &[(AppId, Waiting)]) -> (Questions<'_>, Vec<usize>) {
    let key_of = |(app, w): &(AppId, Waiting)| (*app, w.conversation);
    let mut order: Vec<usize> = (0..waiting.len()).collect();
    order.sort_by_key(|&index| key_of(&waiting[index]));
    let mut slots: Vec<Slot<'_>> = Vec::new();
    let mut slot_of = vec![0; waiting.len()];
    let mut accounts = Vec::with_capacity(waiting.len() * 2);
    for index in order {
        let (app, w) = &waiting[index];
        if slots.last().is_none_or(|slot| (slot.app, slot.id) != (*app, w.conversation)) {
            let (one, other) = (&w.draft.sender, &w.draft.receiver);
            let (low, high) = if one <= other { (one, other) } else { (other, one) };
            slots.push(Slot { app: *app, id: w.conversation, low, high, assumed: None });
            accounts.extend([(*app, low), (*app, high)]);
        } else if w.draft.group.is_some() {
            // Many write into one group.
            accounts.push((*app, &w.draft.sender));
        }
        slot_of[index] = slots.len() - 1;
    }
    accounts.sort_unstable();
    accounts.dedup();
    let exact = import_indexes(waiting).map(|index| exact_of(&waiting[index])).collect();
    let groups = waiting.iter().filter_map(|(app, w)| {
        let group = w.draft.group.as_deref()?;
        Some(InGroup { app: *app, group, sender: &w.draft.sender, home: group.home() })
    });
    let groups = groups.collect();
    (Questions { locks: true, slots, accounts, exact, groups }, slot_of)
}

/// The drafts that an exact match would make a repetition.
fn import_indexes(waiting: &[(AppId, Waiting)]) -> impl Iterator<Item = usize> {
    let is_asked = |(_, w): &(AppId, Waiting)| w.draft.kind != DraftKind::Live && w.draft.msg_seq.is_some();
    waiting.iter().enumerate().filter(move |(_, entry)| is_asked(entry)).map(|(index, _)| index)
}

pub(super) fn exact_of((app, w): &(AppId, Waiting)) -> Exact {
    let draft = &w.draft;
    let seq = draft.msg_seq.unwrap_or_default();
    let key = MsgKey { time: draft.at.secs(), seq, random: draft.msg_random };
    Exact { app: *app, conversation: w.conversation, key }
}

fn facts_of(app: AppId, w: &Waiting, accounts: &HashMap<(AppId, &UserId), Option<Account>>) -> Facts {
    let account = |user| accounts.get(&(app, user)).copied().flatten();
    let standing = |account: Option<Account>| match account {
        None => Standing::Unknown,
        Some(account) if account.is_deleted => Standing::Deleted,
        Some(_) => Standing::Active,
    };
    let (sender, receiver) = (account(&w.draft.sender), account(&w.draft.receiver));
    Facts {
        sender: standing(sender),
        receiver: standing(receiver),
        receiver_reach: receiver.is_some_and(|account| account.is_reached),
        sender_muted_until: sender.map_or(Millis(0), |account| account.muted_until),
        tie: Tie::default(),
        group: None,
    }
}

/// The drafts for which it must be looked up what stands between sender and receiver: those of devices, where the app
/// lets only friends write or where the receiver blocks anybody at all. Most batches have none.
fn doubtful<'w>(
    waiting: &'w [(AppId, Waiting)],
    accounts: &HashMap<(AppId, &UserId), Option<Account>>,
) -> (Vec<usize>, Vec<Pair<'w>>) {
    let has_blocks = |app: AppId, user: &UserId| {
        accounts.get(&(app, user)).is_some_and(|account| account.is_some_and(|it| it.has_blocks))
    };
    let is_doubtful = |(app, w): &(AppId, Waiting)| {
        w.draft.obeys_relations() && (w.draft.friends_only || has_blocks(*app, &w.draft.receiver))
    };
    let doubtful = waiting.iter().enumerate().filter(|(_, entry)| is_doubtful(entry));
    doubtful
        .map(|(index, (app, w))| (index, Pair { app: *app, sender: &w.draft.sender, receiver: &w.draft.receiver }))
        .unzip()
}

/// Asks the memory about each live draft; answers what must be looked up, and for which drafts.
fn unsure<'w>(
    window: &Window,
    waiting: &'w [(AppId, Waiting)],
    refusals: &[Option<contract::Error>],
    numbering: &mut Numbering<'_>,
) -> (Vec<usize>, Vec<Recent<'w>>) {
    let (mut asked, mut recent) = (Vec::new(), Vec::new());
    for (index, (app, w)) in waiting.iter().enumerate() {
        let draft = &w.draft;
        let (DraftKind::Live, Some(msg_seq), None) = (draft.kind, draft.msg_seq, &refusals[index]) else { continue };
        let head = &numbering.before[numbering.slot_of[index]];
        match window.recall(head, draft.at, &print_of(*app, w, msg_seq)) {
            Memory::Same(stored) => numbering.known[index] = Some(stored),
            Memory::New => {}
            Memory::Unsure(until) => {
                asked.push(index);
                recent.push(Recent {
                    app: *app,
                    conversation: w.conversation,
                    sender: &draft.sender,
                    msg_seq,
                    msg_random: draft.msg_random,
                    crc: w.crc,
                    since: draft.at.plus(-span_of(draft)),
                    until,
                    group_seq: draft.group.is_some().then_some(head.seq),
                });
            }
        }
    }
    (asked, recent)
}
