//! The notifications of one slice: its devices by lane, one dispatch for each lane, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use contract::codes::PushCommon;
use contract::event::Event;
use contract::notification::{Badge, Notification};
use contract::webhook::Notified;
use contract::{DeviceId, Millis, Result, UserId};
use store::broadcasts::{self, Exception, Way};
use store::deliveries::{self, Claimed, Route, SELF_BUILT, SELF_LANE, Task};
use store::devices::Token;
use store::push_counts::Place;

use super::super::Devices;
use super::super::audience::{Audience, Slice};
use super::super::pace::breathe;
use super::Worker;
use crate::delivery::{self, status};
use crate::engine::Dispatched;
use crate::results;
use crate::ways::is_wanted;

/// Rows by lane, each in the order of the slice.
pub(super) type Rows = BTreeMap<String, Vec<Claimed>>;

/// What is to be sent to a slice.
pub(super) struct Plan {
    pub(super) rows: Rows,
    /// The place of each device in the slice.
    pub(super) index_of: HashMap<DeviceId, usize>,
    /// The account of each device, where accounts are meant.
    pub(super) account_of: HashMap<DeviceId, UserId>,
}

/// A device and where its row counts, by the row's number.
type Known = HashMap<i64, (DeviceId, Option<Place>)>;

impl Worker<'_> {
    /// Sends to the devices of a slice; with a lane, by that one alone. `place` is the key before the slice.
    pub(super) async fn notify(&mut self, slice: &Slice, place: &str, only: Option<&str>) -> Result<()> {
        // Unreadable text has no kind; the lane ends it with the reason.
        let notification: Notification = serde_json::from_str(&self.of.order.notification).unwrap_or_default();
        let mut plan = match self.audience.clone() {
            Audience::Accounts { .. } => self.plan_accounts(&slice.accounts, &notification, only).await?,
            Audience::Devices(walk) => self.plan_devices(slice, &walk, &notification, only).await?,
        };
        self.count(&mut plan.rows, &notification, only.is_some()).await?;
        for (lane, rows) in std::mem::take(&mut plan.rows) {
            let known = known(&lane, &rows);
            self.spell.pause();
            let sent = self.shared.engine.dispatch(self.app, &lane, rows).await?;
            self.spell.resume().await;
            self.shared.counts.pushed.fetch_add(sent.settled.len() as u64, Ordering::Relaxed);
            if let Some(first) = sent.left.first() {
                // Everybody before the first that is left has it by this lane.
                let index = plan.index_of.get(&first.device).copied().unwrap_or(0);
                let reached = before(&slice.places, index).unwrap_or(place);
                self.behind.insert(lane.clone(), reached.to_owned());
                self.again_at = Some(self.again_at.map_or(sent.again_at, |at| at.min(sent.again_at)));
            }
            self.tell(&lane, &known, &sent).await;
            self.report(&lane, &sent, &known, &plan.account_of);
            self.note(&lane, &sent, &known, &plan.account_of).await?;
        }
        Ok(())
    }

    /// The devices of accounts by lane.
    async fn plan_accounts(
        &mut self,
        accounts: &[UserId],
        notification: &Notification,
        only: Option<&str>,
    ) -> Result<Plan> {
        let (now, named) = (self.now(), accounts.to_vec());
        let mut ways = self.store().read(self.app, move |snapshot| broadcasts::ways(snapshot, now, &named)).await?;
        let order: HashMap<&UserId, usize> = accounts.iter().zip(0..).collect();
        ways.sort_by(|one, other| {
            let key = |way: &Way| {
                (
                    order.get(&way.account).copied(),
                    way.device.clone(),
                    way.token.as_ref().map(|token| token.channel.clone()),
                )
            };
            key(one).cmp(&key(other))
        });
        let index_of = ways.iter().filter_map(|way| Some((way.device.clone(), *order.get(&way.account)?))).collect();
        let account_of = ways.iter().map(|way| (way.device.clone(), way.account.clone())).collect();
        Ok(Plan { rows: self.rows(&ways, notification, only), index_of, account_of })
    }

    /// Sorts the ways of a slice into lanes.
    fn rows(&mut self, ways: &[Way], notification: &Notification, only: Option<&str>) -> Rows {
        let wanted = self.shared.hands.devices(&self.of.order);
        let mut rows = Rows::new();
        for device in ways.chunk_by(|one, other| one.device == other.device) {
            let way = &device[0];
            let mut lanes: Vec<(String, Option<&Token>)> = Vec::new();
            if notification.is_recall {
                // What was shown while a device was away is there still when it is back.
                let tokens =
                    device.iter().filter_map(|way| way.token.as_ref()).filter(|token| token.channel != SELF_BUILT);
                lanes.extend(tokens.map(|token| (deliveries::lane(&token.channel, token.credential), Some(token))));
            } else if way.is_connected {
                if wanted == Devices::Away {
                    continue;
                }
                lanes.push((SELF_LANE.to_owned(), None));
            } else if wanted != Devices::Connected {
                let tokens: Vec<_> = device.iter().filter_map(|way| way.token.as_ref()).collect();
                let fitting = tokens.iter().filter(|token| is_wanted(&token.channel, &tokens, notification.kind));
                lanes.extend(fitting.map(|token| (deliveries::lane(&token.channel, token.credential), Some(*token))));
            }
            if lanes.is_empty() && wanted != Devices::Away && only.is_none() && !notification.is_recall {
                let away = status(PushCommon::DeviceNotOnlineOrNoResponse);
                self.tally.count(format!("{}:{}", away.family, away.number));
            }
            for (lane, token) in lanes {
                let is_due = only.map_or(!self.behind.contains_key(&lane), |only| only == lane);
                if is_due {
                    let row = self.row(&way.device, &lane, token);
                    rows.entry(lane).or_default().push(row);
                }
            }
        }
        rows
    }

    pub(super) fn row(&self, device: &DeviceId, lane: &str, token: Option<&Token>) -> Claimed {
        Claimed {
            task: self.of.order.task,
            number: number(device, lane),
            device: device.clone(),
            attempts: 0,
            badge: None,
            status: None,
            class: 0,
            token: token.map(|token| token.token.clone()),
            bound_at: token.map_or(Millis(0), |token| token.bound_at),
            is_bound: true,
            notification: Arc::from(self.of.order.notification.as_str()),
            expires_at: self.of.order.expires_at,
            is_kept: false,
            place: None,
        }
    }

    /// Counts the numbers on the icons; a lane that catches up takes what was counted before.
    async fn count(&self, rows: &mut Rows, notification: &Notification, is_counted: bool) -> Result<()> {
        let (set, add) = match notification.badge {
            None => return Ok(()),
            Some(_) if is_counted => (None, 0),
            Some(Badge::Set(number)) => (Some(i64::from(number)), 0),
            Some(Badge::Add(number)) => (None, i64::from(number)),
        };
        let mut devices: Vec<DeviceId> = rows.values().flatten().map(|row| row.device.clone()).collect();
        devices.sort_unstable();
        devices.dedup();
        if devices.is_empty() {
            return Ok(());
        }
        let count = move |tx: &mut store::Tx<'_>| broadcasts::count_badges(tx, &devices, set, add);
        let badges: HashMap<DeviceId, i64> = self.store().write(self.app, count).await?.into_iter().collect();
        for row in rows.values_mut().flatten() {
            row.badge = badges.get(&row.device).copied();
        }
        Ok(())
    }

    /// Counts what became of rows, and who got it over our own connection.
    async fn tell(&mut self, lane: &str, known: &Known, sent: &Dispatched) {
        for (index, settled) in sent.settled.iter().enumerate() {
            breathe(index).await;
            self.tally.settle(settled);
            let Some((device, place)) = known.get(&settled.number) else { continue };
            if let Some(outcomes) = &mut self.outcomes {
                outcomes.settle(device, lane, settled);
            }
            let Some(place) = place else { continue };
            let mut counts = delivery::counts(settled, &place.channel);
            counts.accepted = 1;
            if counts.received > 0 {
                self.reached.push(device.clone());
            }
            *self.counted.entry(place.clone()).or_default() += counts;
            self.results.entry(place.task).or_default().extend(results::of(settled, device, place));
        }
    }

    /// Leaves what a vendor took or refused for the webhook that tells of it.
    fn report(&mut self, lane: &str, sent: &Dispatched, known: &Known, account_of: &HashMap<DeviceId, UserId>) {
        let Some(reports) = self.reports.as_mut().filter(|_| lane != SELF_LANE) else { return };
        let order = &self.of.order;
        let of = Notified::Broadcast { number: order.number, random: order.random, time: order.created_at.secs() };
        for row in sent.settled.iter().filter(|row| row.is_ended) {
            let account = known.get(&row.number).and_then(|(device, _)| account_of.get(device));
            reports.extend(account.map(|account| delivery::report(account.clone(), lane, row, of.clone())));
        }
    }

    /// Keeps what a vendor wants later as a delivery of its own.
    async fn note(
        &mut self,
        lane: &str,
        sent: &Dispatched,
        known: &Known,
        account_of: &HashMap<DeviceId, UserId>,
    ) -> Result<()> {
        let mut exceptions = Vec::new();
        for settled in sent.settled.iter().filter(|settled| !settled.is_ended) {
            let Some((device, _)) = known.get(&settled.number) else { continue };
            exceptions.push(Exception {
                number: settled.number,
                account: account_of.get(device).cloned().unwrap_or_else(|| UserId::trusted("")),
                path: deliveries::Way { device: device.clone(), lane: lane.to_owned(), badge: None },
                status: settled.status.clone(),
                due_at: settled.due_at,
            });
        }
        if exceptions.is_empty() {
            return Ok(());
        }
        let (now, order) = (self.now(), &self.of.order);
        let task = Task {
            id: order.task,
            notification: order.notification.clone(),
            created_at: order.created_at,
            expires_at: order.expires_at,
            is_kept: false,
            message: None,
            route: Route::default(),
        };
        let keep = move |tx: &mut store::Tx<'_>| {
            broadcasts::except(tx, now, &task, &exceptions)?;
            tx.after(Event::DeliveryQueued);
            Ok(())
        };
        self.store().write(self.app, keep).await
    }
}

fn known(lane: &str, rows: &[Claimed]) -> Known {
    rows.iter().map(|row| (number(&row.device, lane), (row.device.clone(), row.place.clone()))).collect()
}

/// The last place before the one of an index that is another one: of several devices of one holder none may be left out.
fn before(places: &[String], index: usize) -> Option<&str> {
    let own = places.get(index)?;
    places.get(..index)?.iter().rev().find(|place| *place != own).map(String::as_str)
}

/// The number of a device's notification in the task: the same in every attempt, so that the vendor can tell a
/// repetition.
pub(crate) fn number(device: &DeviceId, lane: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in device.as_str().bytes().chain([0]).chain(lane.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (hash >> 1) as i64
}
