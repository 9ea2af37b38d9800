//! Counts by status, packed: what is left of a notification to a device that was sent without a row.

use std::collections::BTreeMap;

use store::deliveries::Settled;

/// How many notifications ended with which status, each as `family:number`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally(pub BTreeMap<String, i64>);

/// What is to be sent again later, as a delivery of its own.
pub(super) const RETRIED: &str = "retried";

/// What was not sent before the broadcast expired, a chunk of it or a lane of a chunk.
pub(super) const EXPIRED: &str = "expired";

impl Tally {
    /// Reads what [`Self::to_text`] wrote; what cannot be read counts nothing.
    pub fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_else(|_| "{}".into())
    }

    /// Counts one.
    pub(super) fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Counts what ended.
    pub(super) fn settle(&mut self, settled: &Settled) {
        if settled.is_ended {
            self.count(format!("{}:{}", settled.status.family, settled.status.number));
        } else {
            self.count(RETRIED);
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in &other.0 {
            *self.0.entry(status.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_survive_the_store() {
        let mut tally = Tally::read(r#"{"common:2":3}"#);
        tally.count("common:2");
        tally.count(RETRIED);
        let mut other = Tally::read("not json");
        other.add(&tally);
        assert_eq!(Tally::read(&other.to_text()).0, BTreeMap::from([("common:2".into(), 4), (RETRIED.into(), 1)]));
    }
}
