//! Whether durable sends keep their pace: the load of `store_append` for minutes, without a pause, looked at in slices.
//!
//! What is remembered of the last minutes is full after a while, pages are moved from the log into the file, and tables are
//! analyzed: none of it may stop the sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::Settings;

use crate::cluster::Cluster;
use crate::figure::{Figure, Rate, grouped};
use crate::store_append::{self, ByHand, PRODUCERS};
use crate::traffic::START;
use crate::{Effort, Outcome, hand_postgres};

const SLICES: u32 = 24;

/// Sends by the slice of time in which they were answered.
#[derive(Default)]
pub(crate) struct Slices {
    each: Duration,
    counts: Vec<AtomicU64>,
}

impl Slices {
    fn of(whole: Duration) -> Self {
        Self { each: whole / SLICES, counts: (0..SLICES).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Notes a send that was answered so long after the beginning. What comes after the last slice is not counted.
    pub(crate) fn note(&self, after: Duration) {
        let slice = after.as_micros().checked_div(self.each.as_micros());
        if let Some(count) = slice.and_then(|slice| self.counts.get(slice as usize)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends a second of each slice, the slowest first.
    fn rates(&self) -> Vec<f64> {
        let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / self.each.as_secs_f64();
        let mut rates: Vec<f64> = self.counts.iter().map(rate).collect();
        rates.sort_by(f64::total_cmp);
        rates
    }
}

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let whole = Duration::from_secs(effort.steady);
    let hand = ByHand::on_sqlite(0).await?;
    let sqlite = steady("SQLite, fsync per batch", &hand.settings(), whole).await?;
    drop(hand);
    let cluster = Cluster::start()?;
    let url = Cluster::url(cluster.port);
    let settings = Settings::postgres(&url);
    store_append::open(&settings).await?.close().await;
    hand_postgres::accounts(&url).await?;
    Ok(vec![sqlite, steady("PostgreSQL, fsync on", &settings, whole).await?])
}

async fn steady(engine: &str, settings: &Settings, whole: Duration) -> Outcome<Figure> {
    let slices = Arc::new(Slices::of(whole));
    let rate = store_append::sends(settings, whole, START, &slices).await?;
    let rates = slices.rates();
    let (slowest, middle) = (rates[0], rates[rates.len() / 2]);
    let slice = Rate { per_second: slowest, ..rate.clone() };
    let raw = Rate { per_second: middle, ..Rate::default() };
    let name = format!(
        "durable sends for {} s, the slowest {:.0} s, {PRODUCERS} producers, {engine}",
        whole.as_secs(),
        slices.each.as_secs_f64()
    );
    let note = format!("{} sends in all, {} a second", grouped(rate.count as f64), grouped(rate.per_second));
    Ok(Figure::of_rates(&name, "sends/s", "≥ 15,000/s and ≥ 0.5", &slice, ("the middle one", &raw)).with_note(&note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_counts_in_the_slice_in_which_it_was_answered() {
        let slices = Slices::of(Duration::from_secs(u64::from(SLICES) * 2));
        for after in [0, 1_999, 2_000, 47_999, 48_000] {
            slices.note(Duration::from_millis(after));
        }
        let rates = slices.rates();
        assert_eq!(rates.len(), SLICES as usize);
        assert_eq!(&rates[rates.len() - 4..], [0.0, 0.5, 0.5, 1.0]);
        Slices::default().note(Duration::ZERO);
    }
}
