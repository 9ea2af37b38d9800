//! What devices say that their users did with notifications, counted once for each device.

use contract::{DeviceId, Fault, Millis, Result};
use store::Tx;
use store::bindings::{self, Os};
use store::deliveries::{self, SELF_BUILT};
use store::push_counts::{self, Counts, Place, Report, Tally};

use crate::delivery;

/// Notes a report; the same again is of no consequence, as is one about a push that nobody counts or that is long gone.
pub fn note(tx: &mut Tx<'_>, now: Millis, device: &DeviceId, id: &[u8; 16], what: Report) -> Result<()> {
    let (task, number) = delivery::of_id(id);
    let found = deliveries::get(tx, task, number)?;
    if found.as_ref().and_then(|found| found.device.as_ref()).is_some_and(|own| own != device) {
        return Err(Fault::FieldNotFound { field: "id" }.into());
    }
    let Some((counted, kind)) = deliveries::counted(tx, task)? else { return Ok(()) };
    if !push_counts::report(tx, now, counted, device, what)? {
        return Ok(());
    }
    let os = bindings::get(tx, now, device.as_str())?.map_or(Os::Other, |bound| bound.os);
    // A push to very many keeps no row for each device; what came over our own connection is known by its report.
    let lane = found.map_or_else(|| SELF_BUILT.to_owned(), |found| found.lane);
    let channel = lane.split(':').next().unwrap_or(SELF_BUILT).to_owned();
    let counts = match what {
        Report::Received => Counts { received: 1, ..Counts::default() },
        Report::Opened => Counts { opened: 1, ..Counts::default() },
        Report::Removed => Counts { removed: 1, ..Counts::default() },
    };
    let place = Place { task: counted, kind, system: os as i64, channel };
    push_counts::add(tx, now, &Tally::from([(place, counts)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_which_delivery_it_is_of() {
        for (task, number) in [(1, 1), (0x0123_4567_89ab_cdef, 4_000_000_000), (i64::MAX, 0)] {
            assert_eq!(delivery::of_id(&delivery::id(task, number)), (task, number));
        }
    }
}
