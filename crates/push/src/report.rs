//! Reports: what is heard of a notification after it was shown, from its device or from its vendor. Each thing counts once
//! for each device, however often it is told.

use contract::codes::{self, Family, Surface};
use contract::{DeviceId, Fault, Millis, Result};
use store::Tx;
use store::deliveries::{self, SELF_BUILT};
use store::push_counts::{self, Counts, Place, Report, Tally};

use crate::delivery;
use crate::results::{self, Results};

/// Notes what a device says of a notification, by the id that it was given with it. Nobody speaks for another device.
pub fn hear(tx: &mut Tx<'_>, now: Millis, id: &[u8; 16], device: &DeviceId, what: Report) -> Result<bool> {
    let (task, number) = delivery::of_id(id);
    let found = deliveries::get(tx, task, number)?;
    if found.and_then(|found| found.device).is_some_and(|own| own != *device) {
        return Err(Fault::FieldNotFound { field: "id" }.into());
    }
    note(tx, now, task, device, what, None)
}

/// Notes what was heard. `channel` names the one that carried it, if that is known. Answers false for what was heard
/// before, and for what counts nowhere: a task that is forgotten, a device that is gone, a message of chat.
pub fn note(
    tx: &mut Tx<'_>,
    now: Millis,
    task: i64,
    device: &DeviceId,
    what: Report,
    channel: Option<&str>,
) -> Result<bool> {
    let Some(found) = push_counts::origin(tx, task, device)? else { return Ok(false) };
    let lane = found.lane.as_deref().and_then(deliveries::parse_lane).map(|(channel, _)| channel.to_owned());
    let channel = channel.map(str::to_owned).or(lane).unwrap_or_else(|| SELF_BUILT.to_owned());
    if what == Report::Received && channel == SELF_BUILT {
        // Its acknowledgement has said so.
        return Ok(false);
    }
    if !push_counts::report(tx, now, task, device, what)? {
        return Ok(false);
    }
    let one = |is: Report| i64::from(what == is);
    let counts = Counts {
        received: one(Report::Received),
        opened: one(Report::Opened),
        removed: one(Report::Removed),
        ..Counts::default()
    };
    let told = results::reported(what, device, &channel);
    results::tell(tx, now, &Results::from([(found.counted, vec![told])]))?;
    let place = Place { task: found.counted, kind: found.kind, system: found.os as i64, channel };
    deliveries::count(tx, now, &Tally::from([(place, counts)]))?;
    Ok(true)
}

/// The published row of a status, for people who ask what it means.
pub fn explain(status: &deliveries::Status) -> Option<&'static codes::Row> {
    let is_family = |family: &&Family| family.surface() == Surface::Push && family.as_str() == status.family;
    let family = Family::ALL.iter().find(is_family)?;
    family.rows().iter().find(|row| row.number() == Some(status.number))
}

#[cfg(test)]
mod tests {
    use contract::codes::{Apns, PushCommon};

    use super::*;

    #[test]
    fn a_task_is_known_by_the_id_of_each_of_its_deliveries() {
        for (task, number) in [(1, 0), (0x0102_0304_0506_0708, 9), ((1 << 53) - 1, i64::MAX)] {
            assert_eq!(delivery::of_id(&delivery::id(task, number)).0, task);
        }
    }

    #[test]
    fn every_status_has_its_explanation() {
        for row in [PushCommon::Acked.row(), PushCommon::NONE.row(), Apns::BadDeviceToken.row()] {
            assert_eq!(explain(&delivery::status(row)), Some(row));
        }
        assert_eq!(explain(&deliveries::Status { family: "common".into(), number: 12_345 }), None);
    }
}
