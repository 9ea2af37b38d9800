//! By which lanes a push reaches one device. Pure.

use contract::notification::Kind;
use serde::{Deserialize, Serialize};
use store::audiences::Reach;
use store::bindings::Os;
use store::deliveries::{self, Road, Route, SELF_BUILT, SELF_LANE};
use store::devices::Token;
use store::push_counts::Place;

use crate::credential::is_voip;

/// By which ways a push goes, to which devices, and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// Which way comes first.
    pub road: Road,
    /// A bit for each system; 0 for all.
    pub systems: i64,
    /// Channels that may carry it, with commas; empty for all.
    pub channels: String,
    /// The task in whose counters it shows.
    pub counted: i64,
    /// Its kind, for the counters.
    pub kind: String,
}

/// One lane to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane<'a> {
    /// Channel and credential.
    pub name: String,
    /// The device's token, if a vendor's.
    pub token: Option<&'a Token>,
}

impl Ways {
    /// Those of a route.
    pub fn of(route: &Route) -> Self {
        let Route { road, systems, channels, counted, kind, .. } = route;
        Self { road: *road, systems: *systems, channels: channels.clone(), counted: *counted, kind: kind.clone() }
    }

    /// Where something counts that is sent to a device of a system by a channel.
    pub fn place(&self, os: Os, channel: &str) -> Option<Place> {
        let place =
            || Place { task: self.counted, kind: self.kind.clone(), system: os as i64, channel: channel.into() };
        (self.counted != 0).then(place)
    }

    fn allows(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.split(',').any(|allowed| allowed == channel)
    }

    fn means(&self, device: &Reach) -> bool {
        let takes = self.systems == 0 || self.systems & (1 << device.os as i64) != 0;
        // Who wants no notifications still gets what only the app sees.
        takes && (!device.is_muted || self.road == Road::OwnOnly)
    }

    fn road_of(&self, os: Os) -> Road {
        match self.road {
            Road::Notice if os == Os::Ios => Road::VendorOnly,
            Road::Notice => Road::OwnFirst,
            other => other,
        }
    }

    /// The lanes to a device; `rows` are all of one device, one for each token.
    pub fn lanes<'a>(&self, rows: &'a [Reach], kind: Kind) -> Vec<Lane<'a>> {
        let Some(device) = rows.first().filter(|device| self.means(device)) else { return Vec::new() };
        let tokens: Vec<&Token> = rows.iter().filter_map(|row| row.token.as_ref()).collect();
        let fits = |token: &&&Token| self.allows(&token.channel) && is_wanted(&token.channel, &tokens, kind);
        let vendors: Vec<Lane<'a>> = tokens
            .iter()
            .filter(fits)
            .map(|token| Lane { name: deliveries::lane(&token.channel, token.credential), token: Some(token) })
            .collect();
        let own =
            || if self.allows(SELF_BUILT) { vec![Lane { name: SELF_LANE.to_owned(), token: None }] } else { vec![] };
        match self.road_of(device.os) {
            Road::OwnOnly => own(),
            Road::VendorOnly => vendors,
            Road::OwnFirst | Road::Notice if device.is_connected && self.allows(SELF_BUILT) => own(),
            Road::OwnFirst | Road::Notice | Road::VendorFirst => {
                if vendors.is_empty() {
                    own()
                } else {
                    vendors
                }
            }
        }
    }

    /// Whether a device that is away gets it over our own connection when it is back, and not before by a vendor.
    pub fn waits_for(&self, rows: &[Reach]) -> bool {
        let away: Vec<Reach> = rows.iter().map(|row| Reach { is_connected: false, ..row.clone() }).collect();
        let lanes = self.lanes(&away, Kind::Alert);
        lanes.iter().any(|lane| lane.name == SELF_LANE)
    }
}

/// Whether a token takes a notification of a kind: calls ring by the channel for calls where there is one.
pub(crate) fn is_wanted(channel: &str, tokens: &[&Token], kind: Kind) -> bool {
    let has_voip =
        tokens.iter().any(|other| is_voip(&other.channel) && !is_voip(channel) && other.channel.starts_with(channel));
    let fits = if kind == Kind::Voip { !has_voip } else { !is_voip(channel) };
    fits && channel != SELF_BUILT
}

#[cfg(test)]
mod tests {
    use contract::{DeviceId, Millis, UserId};

    use super::*;

    fn rows(os: Os, is_connected: bool, channels: &[&str]) -> Vec<Reach> {
        let device = DeviceId::trusted("d");
        let reach = |token: Option<Token>| Reach {
            device: device.clone(),
            account: UserId::trusted("a"),
            os,
            is_connected,
            is_muted: false,
            pushed: 0,
            token,
        };
        let token = |channel: &&str| {
            reach(Some(Token {
                device: device.clone(),
                channel: (*channel).into(),
                token: "t".into(),
                credential: 1,
                bound_at: Millis(1),
            }))
        };
        if channels.is_empty() { vec![reach(None)] } else { channels.iter().map(token).collect() }
    }

    fn ways(road: Road) -> Ways {
        Ways { road, systems: 0, channels: String::new(), counted: 0, kind: String::new() }
    }

    #[test]
    fn the_road_says_which_way_comes_first() {
        let check = |road: Road, os: Os, is_connected: bool, channels: &[&str], expected: &[&str]| {
            let rows = rows(os, is_connected, channels);
            let lanes = ways(road).lanes(&rows, Kind::Alert);
            let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
            assert_eq!(names, expected, "{road:?} {os:?} {is_connected} {channels:?}");
        };
        check(Road::OwnFirst, Os::Android, true, &["vendor"], &[SELF_LANE]);
        check(Road::OwnFirst, Os::Android, false, &["vendor"], &["vendor:1"]);
        check(Road::OwnFirst, Os::Android, false, &[], &[SELF_LANE]);
        check(Road::VendorFirst, Os::Android, true, &["vendor"], &["vendor:1"]);
        check(Road::VendorFirst, Os::Android, false, &[], &[SELF_LANE]);
        check(Road::OwnOnly, Os::Android, false, &["vendor"], &[SELF_LANE]);
        check(Road::VendorOnly, Os::Android, true, &[], &[]);
        check(Road::Notice, Os::Ios, true, &["vendor"], &["vendor:1"]);
        check(Road::Notice, Os::Ios, true, &[], &[]);
        check(Road::Notice, Os::Android, true, &["vendor"], &[SELF_LANE]);
    }

    #[test]
    fn systems_channels_and_the_owner_may_exclude_a_device() {
        let rows = rows(Os::Android, false, &["vendor", "other"]);
        let only = Ways { channels: "other".into(), ..ways(Road::OwnFirst) };
        assert_eq!(only.lanes(&rows, Kind::Alert).len(), 1);
        let apple = Ways { systems: 1 << Os::Ios as i64, ..ways(Road::OwnFirst) };
        assert!(apple.lanes(&rows, Kind::Alert).is_empty());
        let muted: Vec<Reach> = rows.into_iter().map(|row| Reach { is_muted: true, ..row }).collect();
        assert!(ways(Road::OwnFirst).lanes(&muted, Kind::Alert).is_empty());
        assert_eq!(ways(Road::OwnOnly).lanes(&muted, Kind::Alert).len(), 1);
    }

    #[test]
    fn what_a_vendor_has_carried_does_not_wait_for_the_device() {
        assert!(ways(Road::OwnFirst).waits_for(&rows(Os::Android, true, &[])));
        assert!(!ways(Road::OwnFirst).waits_for(&rows(Os::Android, true, &["vendor"])));
        assert!(ways(Road::OwnOnly).waits_for(&rows(Os::Android, true, &["vendor"])));
        assert!(!ways(Road::Notice).waits_for(&rows(Os::Ios, true, &[])));
    }
}
