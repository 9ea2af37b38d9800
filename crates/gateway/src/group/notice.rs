//! What happened in a group becomes notices for those who hear it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use contract::AppId;
use contract::frame::wire::{self, AttributesNotice, CountersNotice, GroupRef, LiveTraffic, TopicNotice};
use contract::frame::{Command, Frame};
use contract::group::GroupEvent;

use super::fan_out::Filter;
use super::live::Traffic;
use super::tell::system;
use crate::hub::Hub;
use crate::registry::Session;

/// How often the guests of live rooms are told who came and went.
const TRAFFIC_EVERY: Duration = Duration::from_secs(1);

impl Hub {
    /// Tells those who hear a group what happened in it; who came is told from now on, who went no more.
    pub(crate) fn deliver_group_event(&self, app: AppId, event: &GroupEvent) {
        match event {
            GroupEvent::Members { conversation, joined, left, .. } => {
                for account in joined {
                    for session in self.registry.of_account(app, account) {
                        self.groups.join(&session, *conversation);
                    }
                }
                for account in left {
                    for session in self.registry.of_account(app, account) {
                        self.groups.leave(&session, *conversation);
                    }
                }
            }
            GroupEvent::Ended { group, conversation, notice } => {
                self.live.end((app, *conversation));
                self.attendance.end((app, *conversation));
                let told = Frame::notice(Command::GroupNotice, &system(notice)).to_bytes();
                let over = Frame::notice(Command::LiveOver, &GroupRef { group: group.to_string() }).to_bytes();
                // Not by the group's line: when its turn comes there is nobody in the group any more.
                for session in self.groups.dissolve((app, *conversation)) {
                    self.push_bytes(&session.link, told.clone());
                    if session.live.lock().remove(conversation) {
                        self.push_bytes(&session.link, over.clone());
                    }
                }
            }
            GroupEvent::Attributes { group, conversation, change, pairs, version, by } => {
                let notice = AttributesNotice {
                    group: group.to_string(),
                    change: *change as i32,
                    attributes: pairs.iter().map(attribute).collect(),
                    version: *version as u64,
                    by: by.to_string(),
                };
                let frame = || Frame::notice(Command::AttributesChanged, &notice);
                self.deliver_to_group((app, *conversation), Filter::All, frame);
            }
            GroupEvent::Counters { group, conversation, counters, are_gone, by } => {
                let notice = CountersNotice {
                    group: group.to_string(),
                    counters: counters.iter().map(counter).collect(),
                    deleted: *are_gone,
                    by: by.to_string(),
                };
                let frame = || Frame::notice(Command::CountersChanged, &notice);
                self.deliver_to_group((app, *conversation), Filter::All, frame);
            }
            GroupEvent::Topic { group, conversation, topic, change } => {
                let notice = TopicNotice { group: group.to_string(), topic: topic.clone(), change: *change as i32 };
                let frame = || Frame::notice(Command::TopicChanged, &notice);
                self.deliver_to_group((app, *conversation), Filter::All, frame);
            }
            GroupEvent::Permissions { group, conversation } => {
                let frame = || Frame::notice(Command::PermissionsChanged, &GroupRef { group: group.to_string() });
                self.deliver_to_group((app, *conversation), Filter::All, frame);
            }
            _ => {}
        }
    }

    /// Takes a session that is over out of all its groups.
    pub(crate) fn leave_groups(&self, session: &Session) {
        self.groups.leave_all(session);
        let now = self.front.now();
        for room in std::mem::take(&mut *session.live.lock()) {
            let key = (session.app, room);
            let group = self.live.name(key);
            let is_gone = self.live.depart(key, &session.account, now);
            let Some(group) = group.filter(|_| is_gone && self.tells_attendance(session.app)) else { continue };
            if session.is_dismissed() {
                self.attendance.went(key, &group, &session.account);
            } else {
                self.attendance.broke(key, &group, &session.account, now);
            }
        }
    }

    /// Tells the guests of live rooms who came and went, until the hub ends.
    pub(crate) async fn tell_guests(self: Arc<Self>) {
        while !self.fan_out.is_ending.load(Ordering::Acquire) {
            tokio::time::sleep(self.settings.tick.max(TRAFFIC_EVERY.min(self.settings.tick * 10))).await;
            for traffic in self.live.traffic(self.front.now()) {
                self.tell_traffic(&traffic);
            }
            self.tell_attendance().await;
        }
    }

    fn tell_traffic(&self, traffic: &Traffic) {
        let names = |accounts: &[contract::UserId]| accounts.iter().map(ToString::to_string).collect();
        let notice = LiveTraffic {
            group: traffic.group.to_string(),
            online: traffic.online as u32,
            came: names(&traffic.came),
            went: names(&traffic.went),
        };
        self.deliver_to_group(traffic.key, Filter::All, || Frame::notice(Command::LiveTraffic, &notice));
    }
}

/// A pair as a device is shown it.
pub(crate) fn attribute((key, value): &(String, String)) -> wire::Attribute {
    wire::Attribute { key: key.clone(), value: value.clone() }
}

/// A counter as a device is shown it.
pub(crate) fn counter((key, value): &(String, i64)) -> wire::Counter {
    wire::Counter { key: key.clone(), value: *value }
}
