//! Unread counts that after webhooks tell, kept in memory: counting one reads every unread message of an account, and a
//! busy account would be counted for each message that it gets.
//!
//! What is committed here is heard, so a count that is kept follows every message and is forgotten at everything else. It
//! is counted anew after a while all the same: other nodes are not heard, and what becomes too old to be kept goes
//! silently. From the cap of one conversation on it does not follow messages either, because it cannot know which of them
//! the cap swallows, and is believed for less long.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contract::event::Event;
use contract::message::Flags;
use contract::{AppId, Result, UserId, limit};
use parking_lot::Mutex;
use store::{Snapshot, conversations};
use tokio::time::Instant;

/// Accounts that are remembered, twice as many at most: those that were asked for since as many others were.
const KEPT: usize = 100_000;
/// How long a count is believed where everything that is committed is heard; the same where it has reached the cap of a
/// conversation; and where it is not heard.
const BELIEVED_ALONE: Duration = Duration::from_mins(10);
const BELIEVED_CAPPED: Duration = Duration::from_mins(5);
const BELIEVED_SHARED: Duration = Duration::from_secs(2);

/// Counts by app and account.
pub(super) struct Unread {
    memory: Mutex<Memory>,
    is_alone: AtomicBool,
}

/// Two generations: the older one is forgotten when the younger one is full.
#[derive(Default)]
struct Memory {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
struct Generation {
    apps: HashMap<AppId, HashMap<UserId, Count>>,
    kept: usize,
}

#[derive(Clone, Copy)]
struct Count {
    /// None while it is being counted, or since something happened that no addition follows.
    number: Option<i64>,
    /// Rises with everything that is heard, so that a count that was overtaken is not kept.
    moves: u64,
    since: Instant,
}

impl Unread {
    pub(super) fn new(is_alone: bool) -> Self {
        Self { memory: Mutex::default(), is_alone: AtomicBool::new(is_alone) }
    }

    /// Notes whether everything that is committed is heard.
    pub(super) fn be_alone(&self, is_alone: bool) {
        self.is_alone.store(is_alone, Ordering::Relaxed);
    }

    /// Follows what was committed.
    pub(super) fn hear(&self, app: AppId, events: &[Event]) {
        let mut memory = self.memory.lock();
        let mut moved = |account: &UserId, add: Option<i64>| {
            if let Some(count) = memory.find(app, account) {
                count.moves += 1;
                count.number = count.number.zip(add).map(|(number, add)| follow(number, add));
            }
        };
        for event in events {
            match event {
                Event::MessageAppended { message, .. } if message.seq.0 > 0 => {
                    let counts = message.flags.has(Flags::COUNTS) && message.sender != message.receiver;
                    moved(&message.receiver, Some(i64::from(counts)));
                }
                Event::MessageRecalled { receiver, .. } => moved(receiver, None),
                Event::ConversationRead { reader, .. } => moved(reader, None),
                Event::MessagesHidden { account }
                | Event::ConversationsChanged { account, .. }
                | Event::EpochRaised { account, .. } => moved(account, None),
                _ => {}
            }
        }
    }

    /// The count of an account, if it is known; it is followed from here on.
    pub(super) fn known(&self, app: AppId, account: &UserId) -> Option<i64> {
        self.begin(app, account).ok()
    }

    /// The counts of accounts, in their order; those that are not known are counted together.
    pub(super) fn of(&self, snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<i64>> {
        let app = snapshot.app();
        let mut counts: HashMap<&UserId, i64> = HashMap::new();
        let (mut missing, mut moved) = (Vec::new(), Vec::new());
        for account in accounts.iter().collect::<HashSet<_>>() {
            match self.begin(app, account) {
                Ok(number) => drop(counts.insert(account, number)),
                Err(moves) => {
                    missing.push(account.clone());
                    moved.push(moves);
                }
            }
        }
        let totals = conversations::unread_totals(snapshot, &missing)?;
        let mut memory = self.memory.lock();
        for ((account, moves), number) in missing.iter().zip(moved).zip(totals) {
            counts.insert(account, number);
            if let Some(count) = memory.find(app, account).filter(|count| count.moves == moves) {
                (count.number, count.since) = (Some(number), Instant::now());
            }
        }
        Ok(accounts.iter().map(|account| counts.get(account).copied().unwrap_or_default()).collect())
    }

    /// What is known of an account, or what it has moved so far: it is followed from here on.
    fn begin(&self, app: AppId, account: &UserId) -> Result<i64, u64> {
        let mut memory = self.memory.lock();
        let (count, forgotten) = memory.keep(app, account);
        drop(memory);
        // Many are dropped at once, while nobody waits for them.
        drop(forgotten);
        let is_alone = self.is_alone.load(Ordering::Relaxed);
        count.number.filter(|number| count.since.elapsed() < believed(*number, is_alone)).ok_or(count.moves)
    }
}

impl Memory {
    fn find(&mut self, app: AppId, account: &UserId) -> Option<&mut Count> {
        let Self { young, old } = self;
        let young = young.apps.get_mut(&app).and_then(|counts| counts.get_mut(account));
        young.or_else(|| old.apps.get_mut(&app).and_then(|counts| counts.get_mut(account)))
    }

    /// The count of an account, which is among the young ones from here on, and whatever is forgotten for it.
    fn keep(&mut self, app: AppId, account: &UserId) -> (Count, Generation) {
        if let Some(count) = self.young.apps.get(&app).and_then(|counts| counts.get(account)) {
            return (*count, Generation::default());
        }
        let older = self.old.apps.get_mut(&app).and_then(|counts| counts.remove(account));
        let count = older.unwrap_or_else(|| Count { number: None, moves: 0, since: Instant::now() });
        let mut forgotten = Generation::default();
        if self.young.kept >= KEPT {
            let young = std::mem::take(&mut self.young);
            forgotten = std::mem::replace(&mut self.old, young);
        }
        self.young.apps.entry(app).or_default().insert(account.clone(), count);
        self.young.kept += 1;
        (count, forgotten)
    }
}

/// How long a count is believed.
fn believed(number: i64, is_alone: bool) -> Duration {
    match number {
        _ if !is_alone => BELIEVED_SHARED,
        number if number >= limit::UNREAD_PER_CONVERSATION => BELIEVED_CAPPED,
        _ => BELIEVED_ALONE,
    }
}

fn follow(number: i64, add: i64) -> i64 {
    if number >= limit::UNREAD_PER_CONVERSATION { number } else { number + add }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId(1);

    fn account(number: usize) -> UserId {
        UserId::trusted(&number.to_string())
    }

    fn read(account: &UserId) -> Event {
        Event::MessagesHidden { account: account.clone() }
    }

    /// Notes a count as one that was read.
    fn count(unread: &Unread, of: &UserId, number: i64) {
        let mut memory = unread.memory.lock();
        memory.keep(APP, of);
        let count = memory.find(APP, of).expect("it is followed");
        (count.number, count.since) = (Some(number), Instant::now());
    }

    #[test]
    fn who_is_asked_for_is_remembered_while_others_come_and_go() {
        let unread = Unread::new(true);
        let (often, once) = (account(0), account(1));
        count(&unread, &often, 7);
        count(&unread, &once, 8);
        for number in 2..2 * KEPT + 2 {
            assert_eq!(unread.known(APP, &account(number)), None);
            if number % 1_000 == 0 {
                assert_eq!(unread.known(APP, &often), Some(7));
            }
        }
        assert_eq!(unread.known(APP, &once), None, "it was forgotten");
        let memory = unread.memory.lock();
        assert!(memory.young.kept <= KEPT && memory.old.kept <= KEPT);
    }

    #[test]
    fn a_count_in_either_generation_is_forgotten_when_what_it_counts_changes() {
        let unread = Unread::new(true);
        for generations in 0..2 {
            count(&unread, &account(0), 7);
            for number in 1..=generations * KEPT {
                assert_eq!(unread.known(APP, &account(number)), None);
            }
            assert_eq!(unread.memory.lock().find(APP, &account(0)).and_then(|count| count.number), Some(7));
            unread.hear(APP, &[read(&account(0))]);
            assert_eq!(unread.known(APP, &account(0)), None);
            assert_eq!(unread.known(AppId(2), &account(0)), None, "another app has its own");
        }
    }

    #[test]
    fn how_long_a_count_is_believed_depends_on_who_else_writes_and_on_the_cap() {
        let unread = Unread::new(true);
        for (number, alone) in [(1, BELIEVED_ALONE), (limit::UNREAD_PER_CONVERSATION, BELIEVED_CAPPED)] {
            for (is_alone, wait) in [(true, alone), (false, BELIEVED_SHARED)] {
                unread.be_alone(is_alone);
                for (age, known) in [(wait / 2, Some(number)), (wait, None)] {
                    count(&unread, &account(0), number);
                    let since = Instant::now().checked_sub(age).expect("the machine is up for longer");
                    unread.memory.lock().find(APP, &account(0)).expect("it is followed").since = since;
                    assert_eq!(unread.known(APP, &account(0)), known, "{number} after {age:?}");
                }
            }
        }
    }
}
