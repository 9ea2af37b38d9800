//! What an app is told of its pushes, if it wants to know: rows of the transaction in which it became known, told in the
//! order of each push by the app's webhook.

use std::collections::BTreeMap;

use contract::codes::PushCommon;
use contract::webhook::{Happening, PushEvent, Pushed, Webhook};
use contract::{DeviceId, Millis, Result};
use store::Tx;
use store::deliveries::{SELF_BUILT, Settled};
use store::push_counts::{Place, Report};
use store::tasks;

use crate::delivery::status;
use crate::task::Spec;

/// Results by the push in whose counters they show.
pub(crate) type Results = BTreeMap<i64, Vec<Pushed>>;

/// Results of one row of a webhook: a body that no endpoint minds.
const BUNDLE: usize = 100;

/// What a row that was settled tells; nothing while it may be sent again.
pub(crate) fn of(settled: &Settled, device: &DeviceId, place: &Place) -> Option<Pushed> {
    if !settled.is_ended {
        return None;
    }
    let event = match (settled.status == status(PushCommon::Acked), place.channel == SELF_BUILT) {
        (true, true) => PushEvent::Arrived,
        (true, false) => PushEvent::Sent,
        (false, _) => PushEvent::Failed,
    };
    let reason = match (settled.said.code.as_str(), settled.said.text.as_str()) {
        ("", text) => text.to_owned(),
        (code, text) => format!("{code}#{text}"),
    };
    Some(Pushed {
        device: device.to_string(),
        channel: place.channel.clone(),
        event,
        status: Some((settled.status.family.clone(), settled.status.number)),
        reason,
    })
}

/// What a device or its vendor told.
pub(crate) fn reported(what: Report, device: &DeviceId, channel: &str) -> Pushed {
    let event = match what {
        Report::Received => PushEvent::Arrived,
        Report::Opened => PushEvent::Opened,
        Report::Removed => PushEvent::Removed,
    };
    let reason = String::new();
    Pushed { device: device.to_string(), channel: channel.to_owned(), event, status: None, reason }
}

/// Leaves what became known for the app's webhook, if it has one on. What became of deliveries is told once: not here
/// where the call that asked for the push has an answer of its own that tells it ([`store::results`]).
pub(crate) fn tell(tx: &mut Tx<'_>, now: Millis, results: &Results) -> Result<()> {
    if !tx.wants(Webhook::PushResult) {
        return Ok(());
    }
    for (task, results) in results {
        let is_told = store::results::is_wanted(tx, *task)?;
        let results: Vec<&Pushed> = results.iter().filter(|one| one.status.is_none() || !is_told).collect();
        let known = tasks::get(tx, *task)?;
        let job_key = match &known {
            Some(record) => Spec::of(record)?.job_key,
            None => String::new(),
        };
        let key = known.map(|record| record.key).unwrap_or_default();
        for some in results.chunks(BUNDLE) {
            let results = some.iter().copied().cloned().collect();
            let (key, job_key) = (key.clone(), job_key.clone());
            tx.after_hook(now, &Happening::Pushed { task: *task, key, job_key, results })?;
        }
    }
    Ok(())
}
