//! Counts what happens in apps, in memory, and writes the sums down now and then.
//!
//! Counting happens on the thread that commits, so it takes a lock and touches a map, nothing else. What was counted in
//! the seconds before a crash is lost: these are statistics, not books. An app in which nothing happens costs nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use contract::event::Event;
use contract::group::GroupEvent;
use contract::message::Flags;
use contract::{AppId, Millis, Result, limit};
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use store::statistics::{self, EVER, What};
use store::{Store, Tx};
use tracing::warn;

/// Accounts that wait to be written down; beyond that many they are noted the next time they do something.
const WAITING_MAX: usize = 50_000;
/// Accounts of which it is remembered that they are written down. Forgetting one costs a row that is there already.
const SEEN_MAX: usize = 200_000;
/// Apps whose counts are written down at a time.
const UNDER_WAY: usize = 16;

/// The counts of a node.
#[derive(Default)]
pub struct Tally {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    apps: HashMap<AppId, Pending>,
    /// Accounts in all of `apps`.
    waiting: usize,
    seen: HashSet<Mark>,
    /// The day of `seen`.
    day: i64,
}

/// That an account, or a group, takes part in a day.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Mark {
    app: AppId,
    what: What,
    name: Arc<str>,
}

/// What is not written down yet.
#[derive(Default, Clone)]
struct Pending {
    amounts: BTreeMap<(i64, What), i64>,
    accounts: BTreeMap<(i64, What), Vec<Arc<str>>>,
    /// Somebody came in on this day: how many are here now may be more than ever on it.
    online: Option<i64>,
}

impl Tally {
    /// Counts what was committed; never waits for anything but another count.
    pub fn hear(&self, app: AppId, now: Millis, events: &[Event]) {
        let day = statistics::day(now);
        let mut counted = self.counted.lock();
        for event in events {
            match event {
                Event::AccountAdded => {
                    counted.add(app, day, What::Added, 1);
                    counted.add(app, EVER, What::Accounts, 1);
                }
                Event::AccountRemoved => {
                    counted.add(app, day, What::Removed, 1);
                    counted.add(app, EVER, What::Accounts, -1);
                }
                Event::CameIn { account, is_login } => {
                    counted.mark(app, day, What::ActiveAccounts, account.as_str());
                    if *is_login {
                        counted.add(app, day, What::Logins, 1);
                        counted.mark(app, day, What::LoginAccounts, account.as_str());
                    }
                    counted.apps.entry(app).or_default().online = Some(day);
                }
                Event::MessageAppended { message, .. } if message.seq.0 > 0 => {
                    counted.add(app, day, What::PairMessages, 1);
                    counted.mark(app, day, What::PairSenders, message.sender.as_str());
                    counted.mark(app, day, What::Senders, message.sender.as_str());
                    counted.mark(app, day, What::ActiveAccounts, message.sender.as_str());
                }
                // What is taken back, and what somebody pushes without a message, is no notification of one.
                Event::NotificationQueued { is_of_group: false } => counted.add(app, day, What::Notifications, 1),
                Event::FriendsCounted { added, removed } => {
                    counted.add(app, day, What::FriendsAdded, *added);
                    counted.add(app, day, What::FriendsRemoved, *removed);
                }
                Event::Group(event) => counted.hear_group(app, day, event),
                _ => {}
            }
        }
    }

    /// Counts a call of a webhook, which no transaction tells of.
    pub fn hear_call(&self, app: AppId, now: Millis, is_answered: bool) {
        let day = statistics::day(now);
        let mut counted = self.counted.lock();
        counted.add(app, day, What::HookCalls, 1);
        if is_answered {
            counted.add(app, day, What::HookAnswers, 1);
        }
    }

    /// Writes down what was counted in one app.
    pub async fn flush(&self, store: &Store, app: AppId) -> Result<()> {
        let Some(pending) = self.counted.lock().take(app) else { return Ok(()) };
        let kept = pending.clone();
        let written = store.write(app, move |tx| write(tx, &kept)).await;
        if written.is_err() {
            self.counted.lock().put_back(app, pending);
        }
        written
    }

    /// Writes down what was counted in all apps.
    pub async fn flush_all(&self, store: &Store) {
        let apps: Vec<AppId> = self.counted.lock().apps.keys().copied().collect();
        let flushes = stream::iter(apps).map(|app| async move { (app, self.flush(store, app).await) });
        let failed = flushes.buffer_unordered(UNDER_WAY).filter_map(async |(app, written)| Some((app, written.err()?)));
        let failed: Vec<_> = failed.collect().await;
        if let Some((app, error)) = failed.first() {
            warn!(%app, %error, apps = failed.len(), "statistics could not be written down; they are kept for now");
        }
    }
}

impl Counted {
    fn hear_group(&mut self, app: AppId, day: i64, event: &GroupEvent) {
        match event {
            // What passes by is kept by nobody, and nobody sends a tip.
            GroupEvent::Message { group, members, message, .. }
                if message.seq.0 > 0 && !message.flags.has(Flags::TIP) =>
            {
                self.add(app, day, What::GroupMessages, 1);
                let received = if message.targets.is_empty() { members - 1 } else { message.targets.len() as i64 };
                self.add(app, day, What::GroupReceived, received.max(0));
                self.mark(app, day, What::GroupSenders, message.sender.as_str());
                self.mark(app, day, What::Senders, message.sender.as_str());
                self.mark(app, day, What::ActiveAccounts, message.sender.as_str());
                self.mark(app, day, What::GroupsSpoken, group.as_str());
            }
            GroupEvent::Members { joined, left, are_members: false, .. } => {
                self.add(app, day, What::GroupJoins, joined.len() as i64);
                self.add(app, day, What::GroupQuits, left.len() as i64);
            }
            _ => {}
        }
    }

    fn add(&mut self, app: AppId, day: i64, what: What, amount: i64) {
        *self.apps.entry(app).or_default().amounts.entry((day, what)).or_default() += amount;
    }

    fn mark(&mut self, app: AppId, day: i64, what: What, name: &str) {
        if self.day != day || self.seen.len() >= SEEN_MAX {
            self.seen.clear();
            self.day = day;
        }
        let name: Arc<str> = Arc::from(name);
        let mark = Mark { app, what, name: Arc::clone(&name) };
        if self.seen.contains(&mark) || self.waiting >= WAITING_MAX {
            return;
        }
        self.seen.insert(mark);
        self.waiting += 1;
        self.apps.entry(app).or_default().accounts.entry((day, what)).or_default().push(name);
    }

    /// Takes what waits of an app, at most a page of accounts of each kind.
    fn take(&mut self, app: AppId) -> Option<Pending> {
        let all = self.apps.get_mut(&app)?;
        let mut taken = Pending { online: all.online.take(), ..Pending::default() };
        taken.amounts = std::mem::take(&mut all.amounts);
        for (key, accounts) in &mut all.accounts {
            let rest = accounts.split_off(accounts.len().min(limit::STORE_PAGE));
            self.waiting -= accounts.len();
            taken.accounts.insert(*key, std::mem::replace(accounts, rest));
        }
        all.accounts.retain(|_, accounts| !accounts.is_empty());
        if all.accounts.is_empty() {
            self.apps.remove(&app);
        }
        Some(taken)
    }

    /// Keeps for the next time what could not be written.
    fn put_back(&mut self, app: AppId, pending: Pending) {
        let all = self.apps.entry(app).or_default();
        for (key, amount) in pending.amounts {
            *all.amounts.entry(key).or_default() += amount;
        }
        for (key, accounts) in pending.accounts {
            self.waiting += accounts.len();
            all.accounts.entry(key).or_default().extend(accounts);
        }
        all.online = all.online.or(pending.online);
    }
}

fn write(tx: &mut Tx<'_>, pending: &Pending) -> Result<()> {
    for ((day, what), amount) in &pending.amounts {
        statistics::add(tx, *day, *what, *amount)?;
    }
    for ((day, what), accounts) in &pending.accounts {
        statistics::take_part(tx, *day, *what, accounts)?;
    }
    if let Some(day) = pending.online {
        statistics::note_online(tx, day)?;
    }
    // A node whose clock is behind may still write for yesterday.
    match pending.accounts.keys().map(|(day, _)| *day).max() {
        Some(day) => statistics::prune(tx, day - 1),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use contract::UserId;

    use super::*;

    const APP: AppId = AppId(1);

    fn came(account: &str) -> Event {
        Event::CameIn { account: UserId::trusted(account), is_login: true }
    }

    #[test]
    fn an_account_is_noted_once_a_day_and_every_login_counts() {
        let tally = Tally::default();
        let noon = Millis(1_700_000_000_000);
        tally.hear(APP, noon, &[came("alice"), came("alice"), came("bob")]);
        let taken = tally.counted.lock().take(APP).expect("something was counted");
        let day = statistics::day(noon);
        assert_eq!(taken.amounts, BTreeMap::from([((day, What::Logins), 3)]));
        assert_eq!(taken.accounts[&(day, What::LoginAccounts)].len(), 2);
        assert_eq!(taken.online, Some(day));
        tally.hear(APP, noon, &[came("alice")]);
        let again = tally.counted.lock().take(APP).expect("a login");
        assert!(again.accounts.is_empty());
        tally.hear(APP, noon.plus(86_400_000), &[came("alice")]);
        assert_eq!(tally.counted.lock().take(APP).expect("a new day").accounts.len(), 2);
        assert!(tally.counted.lock().take(APP).is_none() && tally.counted.lock().waiting == 0);
    }

    #[test]
    fn the_notification_of_a_message_counts_and_what_takes_it_back_does_not() {
        let tally = Tally::default();
        let of = |is_of_group| Event::NotificationQueued { is_of_group };
        tally.hear(APP, Millis(1), &[of(false), Event::DeliveryQueued, of(true), of(false), Event::DeliveryQueued]);
        let taken = tally.counted.lock().take(APP).expect("something was counted");
        assert_eq!(taken.amounts, BTreeMap::from([((0, What::Notifications), 2)]));
    }

    #[test]
    fn what_waits_is_bounded_and_comes_in_pages() {
        let tally = Tally::default();
        for number in 0..WAITING_MAX {
            tally.hear(APP, Millis(1), &[came(&format!("u{number}"))]);
        }
        let mut accounts = 0;
        while let Some(taken) = tally.counted.lock().take(APP) {
            assert!(taken.accounts.values().all(|page| page.len() <= limit::STORE_PAGE));
            accounts += taken.accounts.values().map(Vec::len).sum::<usize>();
        }
        assert_eq!(accounts, WAITING_MAX);
    }

    #[test]
    fn what_could_not_be_written_is_kept() {
        let tally = Tally::default();
        tally.hear(APP, Millis(1), &[came("alice"), Event::AccountAdded]);
        let taken = tally.counted.lock().take(APP).expect("something was counted");
        tally.hear(APP, Millis(1), &[Event::AccountAdded]);
        tally.counted.lock().put_back(APP, taken);
        let again = tally.counted.lock().take(APP).expect("it is back");
        assert_eq!(again.amounts[&(0, What::Added)], 2);
        assert_eq!(again.accounts[&(0, What::LoginAccounts)].len(), 1);
    }
}
