//! What became of single devices of a broadcast, packed: for each status and channel the sums of its devices' names. A
//! thousand devices are some ten kilobytes, so that an operator can be told of one although none has a row.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use contract::{DeviceId, Failure, Result};
use store::deliveries::{Settled, Status};
use store::{Snapshot, broadcasts};

use super::tally::RETRIED;
use crate::delivery::status;

/// Bytes of a sum.
const SUM_BYTES: usize = 8;

/// Chunks that are looked through at a time.
const PAGE: usize = 100;

/// What became of the devices of a chunk so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outcomes(BTreeMap<String, Vec<i64>>);

/// What became of a notification to one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// By which channel and credential.
    pub lane: String,
    /// Its status; none where its vendor wanted it later, so that it has a row.
    pub status: Option<Status>,
}

impl Outcomes {
    /// Reads what [`Self::to_text`] wrote; an empty text holds nobody.
    pub(super) fn read(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let packed: BTreeMap<String, String> = serde_json::from_str(text).map_err(Failure::internal)?;
        let unpack = |(key, sums): (String, String)| {
            let bytes = STANDARD_NO_PAD.decode(sums).map_err(Failure::internal)?;
            let sums = bytes.chunks_exact(SUM_BYTES).map(|sum| sum.try_into().map_or(0, i64::from_be_bytes));
            Ok((key, sums.collect()))
        };
        packed.into_iter().map(unpack).collect::<Result<_>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is kept.
    pub(super) fn to_text(&self) -> Result<String> {
        let pack = |sums: &Vec<i64>| {
            STANDARD_NO_PAD.encode(sums.iter().flat_map(|sum| sum.to_be_bytes()).collect::<Vec<u8>>())
        };
        let packed: BTreeMap<&String, String> = self.0.iter().map(|(key, sums)| (key, pack(sums))).collect();
        Ok(serde_json::to_string(&packed).map_err(Failure::internal)?)
    }

    /// Notes what became of a device by a lane.
    pub(super) fn settle(&mut self, device: &DeviceId, lane: &str, settled: &Settled) {
        let status = settled.is_ended.then_some(&settled.status);
        self.note(device, lane, status);
    }

    /// Notes a status of a device, or that it has a row of its own.
    pub(super) fn note(&mut self, device: &DeviceId, lane: &str, status: Option<&Status>) {
        let word = status.map_or_else(|| RETRIED.to_owned(), |status| format!("{}:{}", status.family, status.number));
        self.0.entry(format!("{word} {lane}")).or_default().push(sum(device));
    }

    fn of(&self, device: &DeviceId) -> impl Iterator<Item = Outcome> {
        let own = sum(device);
        self.0.iter().filter(move |(_, sums)| sums.contains(&own)).filter_map(|(key, _)| outcome(key))
    }
}

/// Reads a key.
fn outcome(key: &str) -> Option<Outcome> {
    let (word, lane) = key.split_once(' ')?;
    let status = word
        .rsplit_once(':')
        .and_then(|(family, number)| Some(Status { family: family.to_owned(), number: number.parse().ok()? }));
    Some(Outcome { lane: lane.to_owned(), status })
}

/// The sum of a device's name: that two of a million devices have the same is less likely than one in ten million.
fn sum(device: &DeviceId) -> i64 {
    super::number_of(device, "")
}

/// Finds what became of a broadcast to one device, by each lane that it went by.
pub fn outcomes(snapshot: &mut Snapshot<'_>, broadcast: i64, device: &DeviceId) -> Result<Vec<Outcome>> {
    let (mut found, mut after) = (Vec::new(), -1);
    loop {
        let page = broadcasts::outcomes(snapshot, broadcast, after, PAGE)?;
        for (chunk, text) in &page {
            found.extend(Outcomes::read(text)?.of(device));
            after = *chunk;
        }
        if page.len() < PAGE {
            return Ok(found);
        }
    }
}

/// The status of a device that holds no connection and is reached by nothing else.
pub(super) fn away() -> Status {
    status(contract::codes::PushCommon::DeviceNotOnlineOrNoResponse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_device_survives_the_store() {
        let mut outcomes = Outcomes::default();
        let (one, two) = (DeviceId::trusted("one"), DeviceId::trusted("two"));
        let acked = status(contract::codes::PushCommon::Acked);
        outcomes.note(&one, "vendor:1", Some(&acked));
        outcomes.note(&one, "other:2", None);
        outcomes.note(&two, "vendor:1", Some(&away()));
        let read = Outcomes::read(&outcomes.to_text().unwrap()).unwrap();
        assert_eq!(read, outcomes);
        let of = |device: &str| read.of(&DeviceId::trusted(device)).collect::<Vec<_>>();
        let expected = [
            Outcome { lane: "vendor:1".into(), status: Some(acked) },
            Outcome { lane: "other:2".into(), status: None },
        ];
        assert_eq!(of("one"), expected);
        assert_eq!(of("two"), [Outcome { lane: "vendor:1".into(), status: Some(away()) }]);
        assert_eq!(of("three"), []);
        assert_eq!(Outcomes::read("").unwrap(), Outcomes::default());
        assert!(Outcomes::read("nonsense").is_err());
    }
}
