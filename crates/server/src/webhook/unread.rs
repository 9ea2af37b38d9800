//! Unread counts that after webhooks tell, kept in memory: counting one reads every unread message of an account, and a
//! busy account would be counted for each message that it gets.
//!
//! What is committed here is heard, so a count that is kept follows every message and is forgotten at everything else. It
//! is counted anew after a while all the same, because other nodes are not heard and few things change a count silently.
//! From the cap of one conversation on it does not follow messages either, because it cannot know which of them the
//! cap swallows.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contract::event::Event;
use contract::message::Flags;
use contract::{AppId, Result, UserId, limit};
use parking_lot::Mutex;
use store::{Snapshot, conversations};
use tokio::time::Instant;

/// Accounts that are remembered; beyond them all are forgotten.
const KEPT: usize = 100_000;
/// How long a count is believed where everything that is committed is heard, and where it is not.
const BELIEVED_ALONE: Duration = Duration::from_mins(1);
const BELIEVED_SHARED: Duration = Duration::from_secs(2);

/// Counts by app and account.
pub(super) struct Unread {
    apps: Mutex<Apps>,
    is_alone: AtomicBool,
}

#[derive(Default)]
struct Apps {
    counts: HashMap<AppId, HashMap<UserId, Count>>,
    kept: usize,
}

struct Count {
    /// None while it is being counted, or since something happened that no addition follows.
    number: Option<i64>,
    /// Rises with everything that is heard, so that a count that was overtaken is not kept.
    moves: u64,
    since: Instant,
}

impl Unread {
    pub(super) fn new(is_alone: bool) -> Self {
        Self { apps: Mutex::default(), is_alone: AtomicBool::new(is_alone) }
    }

    /// Notes whether everything that is committed is heard.
    pub(super) fn be_alone(&self, is_alone: bool) {
        self.is_alone.store(is_alone, Ordering::Relaxed);
    }

    /// Follows what was committed.
    pub(super) fn hear(&self, app: AppId, events: &[Event]) {
        let mut apps = self.apps.lock();
        let Some(counts) = apps.counts.get_mut(&app) else { return };
        let mut moved = |account: &UserId, add: Option<i64>| {
            if let Some(count) = counts.get_mut(account) {
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
                Event::EpochRaised { account, .. } => moved(account, None),
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
        let mut apps = self.apps.lock();
        let mut kept = apps.counts.get_mut(&app);
        for ((account, moves), number) in missing.iter().zip(moved).zip(totals) {
            counts.insert(account, number);
            let count = kept.as_mut().and_then(|counts| counts.get_mut(account));
            if let Some(count) = count.filter(|count| count.moves == moves) {
                (count.number, count.since) = (Some(number), Instant::now());
            }
        }
        Ok(accounts.iter().map(|account| counts.get(account).copied().unwrap_or_default()).collect())
    }

    /// What is known of an account, or what it has moved so far: it is followed from here on.
    fn begin(&self, app: AppId, account: &UserId) -> Result<i64, u64> {
        let believed = if self.is_alone.load(Ordering::Relaxed) { BELIEVED_ALONE } else { BELIEVED_SHARED };
        let mut apps = self.apps.lock();
        if apps.kept >= KEPT {
            *apps = Apps::default();
        }
        let Apps { counts, kept } = &mut *apps;
        let count = counts.entry(app).or_default().entry(account.clone()).or_insert_with(|| {
            *kept += 1;
            Count { number: None, moves: 0, since: Instant::now() }
        });
        match count.number {
            Some(number) if count.since.elapsed() < believed => Ok(number),
            _ => Err(count.moves),
        }
    }
}

fn follow(number: i64, add: i64) -> i64 {
    if number >= limit::UNREAD_PER_CONVERSATION { number } else { number + add }
}
