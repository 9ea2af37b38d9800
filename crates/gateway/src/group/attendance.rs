//! Who came into live rooms and who is gone, as apps are told of it.
//!
//! A connection that breaks is no farewell: whoever comes back soon was never away. So the last connection of an account
//! is remembered for a while; only when the time is over its app hears that it is lost. What is told waits here at most
//! until the next tick, and what is remembered is bounded: beyond the bound an account that was lost just comes anew.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contract::group::{GroupId, GroupKind};
use contract::webhook::{GroupHappening, GuestStep, Happening, InGroup, Webhook, part_of};
use contract::{AppId, Millis, Result, UserId};
use parking_lot::Mutex;
use store::Tx;

use super::seats::Key;
use crate::hub::Hub;

/// How long an account may be without a connection until it counts as lost; the contract's number.
const LOST_AFTER_MS: i64 = 20_000;
/// How long an account that was lost may come back as such.
const LOST_FOR_MS: i64 = 600_000;
/// Accounts that are remembered.
const AWAY_MAX: usize = 100_000;
/// Steps that wait to be told: some seconds of a room that fills up.
const STEPS_MAX: usize = 100_000;
/// Accounts of one webhook, which has to fit into a body.
const NAMES: usize = 500;

/// An account whose last connection broke.
struct Away {
    group: GroupId,
    since: Millis,
    /// The app was told.
    is_lost: bool,
}

#[derive(Default)]
struct Book {
    away: HashMap<(Key, UserId), Away>,
    /// In the order in which they were taken.
    steps: Vec<Step>,
    /// Steps that found no room.
    dropped: u64,
}

struct Step {
    key: Key,
    group: GroupId,
    account: UserId,
    how: GuestStep,
}

/// What apps are to hear of the guests of this node's live rooms.
#[derive(Default)]
pub(crate) struct Attendance(Mutex<Book>);

impl Attendance {
    /// The first device of an account is in a room.
    pub(crate) fn came(&self, key: Key, group: &GroupId, account: &UserId) {
        let mut book = self.0.lock();
        match book.away.remove(&(key, account.clone())) {
            Some(Away { is_lost: false, .. }) => {}
            Some(_) => book.note(key, group, account, GuestStep::Returned),
            None => book.note(key, group, account, GuestStep::Came),
        }
    }

    /// The last device of an account left a room, or was sent away.
    pub(crate) fn went(&self, key: Key, group: &GroupId, account: &UserId) {
        self.0.lock().note(key, group, account, GuestStep::Went);
    }

    /// The last connection of an account in a room broke.
    pub(crate) fn broke(&self, key: Key, group: &GroupId, account: &UserId, now: Millis) {
        let mut book = self.0.lock();
        if book.away.len() < AWAY_MAX {
            book.away.insert((key, account.clone()), Away { group: group.clone(), since: now, is_lost: false });
        }
    }

    /// A room is over, and so is everything in it.
    pub(crate) fn end(&self, key: Key) {
        self.0.lock().away.retain(|(room, _), _| *room != key);
    }

    /// Takes what is to be told, after who is lost by now was added.
    fn take(&self, now: Millis) -> (Vec<Step>, u64) {
        let mut book = self.0.lock();
        let mut lost = Vec::new();
        book.away.retain(|(key, account), away| {
            if !away.is_lost && now.0 - away.since.0 >= LOST_AFTER_MS {
                away.is_lost = true;
                lost.push((*key, away.group.clone(), account.clone()));
            }
            now.0 - away.since.0 < LOST_FOR_MS
        });
        lost.sort_unstable_by(|one, other| (one.0, &one.2).cmp(&(other.0, &other.2)));
        for (key, group, account) in lost {
            book.note(key, &group, &account, GuestStep::Lost);
        }
        (std::mem::take(&mut book.steps), std::mem::take(&mut book.dropped))
    }

    /// Puts back what could not be told, in front of what came since.
    fn put_back(&self, mut steps: Vec<Step>) {
        let mut book = self.0.lock();
        steps.append(&mut book.steps);
        steps.truncate(STEPS_MAX);
        book.steps = steps;
    }
}

impl Book {
    fn note(&mut self, key: Key, group: &GroupId, account: &UserId, how: GuestStep) {
        if self.steps.len() < STEPS_MAX {
            self.steps.push(Step { key, group: group.clone(), account: account.clone(), how });
        } else {
            self.dropped += 1;
        }
    }
}

impl Hub {
    /// Whether an app is to hear who comes into its live rooms and who goes.
    pub(crate) fn tells_attendance(&self, app: AppId) -> bool {
        let app = self.front.app(app);
        app.is_some_and(|app| {
            app.settings.webhook.has(Webhook::MemberStateChange) && chat::live::check_managed(&app).is_ok()
        })
    }

    /// Leaves for webhooks who came, went and was lost since the last time.
    pub(crate) async fn tell_attendance(self: &Arc<Self>) {
        let now = self.front.now();
        let (steps, dropped) = self.attendance.take(now);
        if dropped > 0 {
            tracing::warn!(count = dropped, "more guests come and go than apps can be told of");
        }
        let mut by_app: BTreeMap<AppId, Vec<Step>> = BTreeMap::new();
        for step in steps {
            by_app.entry(step.key.0).or_default().push(step);
        }
        for (app, steps) in by_app {
            if let Err(error) = self.leave_steps(app, now, &steps).await {
                tracing::warn!(%app, %error, "who came into live rooms could not be written down; tried again");
                self.attendance.put_back(steps);
            }
        }
    }

    async fn leave_steps(&self, app: AppId, now: Millis, steps: &[Step]) -> Result<()> {
        let happenings = happenings(steps);
        let tell = move |tx: &mut Tx<'_>| happenings.iter().try_for_each(|happening| tx.after_hook(now, happening));
        self.store.write(app, tell).await
    }
}

/// Joins neighbours that did the same in the same room. The order of each account holds, because only neighbours are.
fn happenings(steps: &[Step]) -> Vec<Happening> {
    let is_same = |one: &Step, other: &Step| one.key == other.key && one.how == other.how;
    let runs = steps.chunk_by(is_same).flat_map(|run| run.chunks(NAMES));
    let happening = |run: &[Step]| {
        let first = run.first()?;
        Some(Happening::Group(InGroup {
            group: first.group.to_string(),
            kind: GroupKind::Live.as_str().to_owned(),
            part: part_of(first.key.1),
            operator: first.account.clone(),
            what: GroupHappening::Guests {
                accounts: run.iter().map(|step| step.account.clone()).collect(),
                step: first.how,
            },
        }))
    };
    runs.filter_map(happening).collect()
}

#[cfg(test)]
mod tests {
    use contract::ConversationId;

    use super::*;

    const KEY: Key = (AppId(1), ConversationId([7; 16]));

    fn show() -> GroupId {
        GroupId::trusted("show")
    }

    fn ann() -> UserId {
        UserId::trusted("ann")
    }

    fn taken(attendance: &Attendance, at: i64) -> Vec<GuestStep> {
        attendance.take(Millis(at)).0.into_iter().map(|step| step.how).collect()
    }

    #[test]
    fn whoever_comes_back_soon_was_never_away() {
        let attendance = Attendance::default();
        attendance.came(KEY, &show(), &ann());
        assert_eq!(taken(&attendance, 0), [GuestStep::Came]);
        attendance.broke(KEY, &show(), &ann(), Millis(1_000));
        assert_eq!(taken(&attendance, 20_999), []);
        attendance.came(KEY, &show(), &ann());
        assert_eq!(taken(&attendance, 99_000), []);
    }

    #[test]
    fn whoever_is_away_too_long_is_lost_once_and_returns_once() {
        let attendance = Attendance::default();
        attendance.broke(KEY, &show(), &ann(), Millis(1_000));
        assert_eq!(taken(&attendance, 21_000), [GuestStep::Lost]);
        assert_eq!(taken(&attendance, 22_000), []);
        attendance.came(KEY, &show(), &ann());
        attendance.went(KEY, &show(), &ann());
        assert_eq!(taken(&attendance, 23_000), [GuestStep::Returned, GuestStep::Went]);
        attendance.came(KEY, &show(), &ann());
        assert_eq!(taken(&attendance, 24_000), [GuestStep::Came]);
    }

    #[test]
    fn a_room_that_is_over_loses_nobody_and_long_absence_is_forgotten() {
        let attendance = Attendance::default();
        attendance.broke(KEY, &show(), &ann(), Millis(0));
        attendance.end(KEY);
        assert_eq!(taken(&attendance, 60_000), []);
        attendance.broke(KEY, &show(), &ann(), Millis(0));
        assert_eq!(taken(&attendance, LOST_AFTER_MS), [GuestStep::Lost]);
        assert_eq!(taken(&attendance, LOST_FOR_MS), []);
        attendance.came(KEY, &show(), &ann());
        assert_eq!(taken(&attendance, LOST_FOR_MS), [GuestStep::Came]);
    }

    #[test]
    fn neighbours_are_told_together_and_steps_of_an_account_in_order() {
        let attendance = Attendance::default();
        for name in ["a", "b"] {
            attendance.came(KEY, &show(), &UserId::trusted(name));
        }
        attendance.went(KEY, &show(), &UserId::trusted("a"));
        attendance.came(KEY, &show(), &UserId::trusted("a"));
        let (steps, _) = attendance.take(Millis(0));
        let told: Vec<(usize, GuestStep)> = happenings(&steps)
            .into_iter()
            .filter_map(|happening| match happening {
                Happening::Group(InGroup { what: GroupHappening::Guests { accounts, step }, .. }) => {
                    Some((accounts.len(), step))
                }
                _ => None,
            })
            .collect();
        assert_eq!(told, [(2, GuestStep::Came), (1, GuestStep::Went), (1, GuestStep::Came)]);
    }
}
