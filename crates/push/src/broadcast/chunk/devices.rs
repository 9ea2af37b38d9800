//! The plan of a slice of devices: by which lanes each is reached, as its task wants it.

use std::collections::HashMap;

use contract::notification::Notification;
use contract::{DeviceId, Result};
use store::audiences::{self, Reach};
use store::deliveries::{self, SELF_BUILT, SELF_LANE};

use super::super::audience::{Slice, Walk};
use super::super::outcomes;
use super::super::pace::breathe;
use super::Worker;
use super::notify::{Plan, Rows};

impl Worker<'_> {
    /// The devices of a slice by lane; with a lane, by that one alone.
    pub(super) async fn plan_devices(
        &mut self,
        slice: &Slice,
        walk: &Walk,
        notification: &Notification,
        only: Option<&str>,
    ) -> Result<Plan> {
        let (now, devices) = (self.now(), slice.devices.clone());
        let mut reach = self.store().read(self.app, move |snapshot| audiences::reach(snapshot, now, &devices)).await?;
        let index_of: HashMap<DeviceId, usize> = slice.devices.iter().cloned().zip(0..).collect();
        reach.sort_by_key(|row| index_of.get(&row.device).copied());
        let mut rows = Rows::new();
        for (index, device) in reach.chunk_by(|one, other| one.device == other.device).enumerate() {
            breathe(index).await;
            self.plan_device(device, walk, notification, only, &mut rows);
        }
        Ok(Plan { rows, index_of, account_of: HashMap::new() })
    }

    fn plan_device(
        &mut self,
        device: &[Reach],
        walk: &Walk,
        notification: &Notification,
        only: Option<&str>,
        rows: &mut Rows,
    ) {
        let Some(first) = device.first() else { return };
        for lane in walk.ways.lanes(device, notification.kind) {
            let is_own = lane.name == SELF_LANE;
            if is_own && first.pushed >= self.of.order.number {
                // It came back meanwhile and was handed what was kept for it.
                continue;
            }
            let channel = deliveries::parse_lane(&lane.name).map_or(SELF_BUILT, |(channel, _)| channel);
            let place = walk.ways.place(first.os, channel);
            if is_own && !first.is_connected {
                if only.is_none() {
                    let away = outcomes::away();
                    self.tally.count(format!("{}:{}", away.family, away.number));
                    if let Some(outcomes) = &mut self.outcomes {
                        outcomes.note(&first.device, &lane.name, Some(&away));
                    }
                    if let Some(place) = place {
                        self.counted.entry(place).or_default().accepted += 1;
                    }
                }
                continue;
            }
            let is_due = only.map_or(!self.behind.contains_key(&lane.name), |only| only == lane.name);
            if is_due {
                let mut row = self.row(&first.device, &lane.name, lane.token);
                if is_own && !self.of.order.matter.is_empty() {
                    row.notification = self.of.order.matter.as_str().into();
                }
                row.place = place;
                rows.entry(lane.name).or_default().push(row);
            }
        }
    }
}
