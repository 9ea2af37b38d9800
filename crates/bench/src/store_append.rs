//! Durable sends accepted by the store at 512 producers, with a million messages there already.
//!
//! 300-byte messages to 300,000 conversations of 100,000 accounts, drawn log-uniformly. The store and the loop by
//! hand take turns on the same tables; both sync every batch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::Millis;
use store::{Hooks, Settings, Store};
use tempfile::TempDir;
use tokio::task::{JoinSet, block_in_place};

use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::process::folder;
use crate::store_steady::Slices;
use crate::traffic::{APP, START, Send};
use crate::{Effort, Outcome, hand_postgres, hand_sqlite, proxy};

pub(crate) const PRODUCERS: u64 = 512;
/// Between the moments of two phases: longer than a repeated send is remembered.
const STEP_MS: i64 = 10_000_000;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = vec![sqlite(effort).await?];
    figures.extend(postgres(effort).await?);
    Ok(figures)
}

async fn sqlite(effort: &Effort) -> Outcome<Figure> {
    let mut hand = ByHand::on_sqlite(effort.stored).await?;
    let wait = Duration::from_secs(effort.seconds);
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        raw.push(hand.round(wait)?);
        let from = hand.step();
        ours.push(sends(&hand.settings(), wait, from, &Arc::default()).await?);
    }
    let size = format!("{:.0} MB of file", size_mb(&hand.path));
    Ok(figure("SQLite, fsync per batch", effort, &ours, &raw).with_note(&size))
}

/// The loop by hand on the embedded store, in a folder of its own.
pub(crate) struct ByHand {
    path: PathBuf,
    /// The moment of the next phase.
    from: i64,
    _folder: TempDir,
}

impl ByHand {
    /// Makes the tables and the accounts, and stores so many messages.
    pub(crate) async fn on_sqlite(stored: u64) -> Outcome<Self> {
        let folder = folder()?;
        let path = folder.path().join("bench.db");
        open(&Settings::sqlite(&path)).await?.close().await;
        block_in_place(|| {
            hand_sqlite::accounts(&path)?;
            hand_sqlite::run(&path, Duration::MAX, stored, START, false)
        })?;
        Ok(Self { path, from: START, _folder: folder })
    }

    /// Stores for a while, syncing every batch.
    pub(crate) fn round(&mut self, wait: Duration) -> Outcome<Rate> {
        let from = self.step();
        block_in_place(|| hand_sqlite::run(&self.path, wait, u64::MAX, from, true))
    }

    /// A store on the same file.
    pub(crate) fn settings(&self) -> Settings {
        Settings::sqlite(&self.path)
    }

    fn step(&mut self) -> i64 {
        self.from += STEP_MS;
        self.from
    }
}

async fn postgres(effort: &Effort) -> Outcome<Vec<Figure>> {
    let cluster = Cluster::start()?;
    let near = Cluster::url(cluster.port);
    let far = Cluster::url(proxy::start(cluster.port)?);
    open(&Settings::postgres(&near)).await?.close().await;
    hand_postgres::accounts(&near).await?;
    let mut from = START;
    hand_postgres::run(&near, Duration::MAX, effort.stored, from, false).await?;
    hand_postgres::analyze(&near).await?;
    let wait = Duration::from_secs(effort.seconds);
    let mut figures = Vec::new();
    for (name, url) in [("PostgreSQL, fsync on", &near), ("PostgreSQL with a round trip of 1 ms more", &far)] {
        let (mut ours, mut raw) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            from += STEP_MS;
            raw.push(hand_postgres::run(url, wait, u64::MAX, from, true).await?);
            from += STEP_MS;
            ours.push(sends(&Settings::postgres(url), wait, from, &Arc::default()).await?);
        }
        figures.push(figure(name, effort, &ours, &raw));
    }
    Ok(figures)
}

fn figure(name: &str, effort: &Effort, ours: &[Rate], raw: &[Rate]) -> Figure {
    let name = format!("durable sends, {PRODUCERS} producers, {} stored before, {name}", effort.stored);
    let (ours, raw) = (Rate::median(ours.to_vec()), Rate::median(raw.to_vec()));
    Figure::of_rates(&name, "sends/s", "≥ 15,000/s and ≥ 0.8", &ours, ("by hand, same schema", &raw))
}

pub(crate) async fn open(settings: &Settings) -> Outcome<Store> {
    Ok(Store::open(settings, Hooks::new(|_, _| Ok(()), Arc::new(|_, _| {}))).await?)
}

/// Sends from all producers for a while.
pub(crate) async fn sends(settings: &Settings, wait: Duration, from: i64, slices: &Arc<Slices>) -> Outcome<Rate> {
    let store = open(settings).await?;
    let began = Instant::now();
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        let (store, slices) = (store.clone(), Arc::clone(slices));
        producers.spawn(async move {
            let mut dice = Dice::new((from as u64).wrapping_add(producer * 7_919));
            let mut took = Vec::new();
            while began.elapsed() < wait {
                let at = Millis(from).plus(began.elapsed().as_millis() as i64);
                let draft = Send::next(&mut dice).draft(at);
                let asked = Instant::now();
                if store.send(APP, draft).await?.duplicate {
                    return Err("a send counted as repeated".into());
                }
                took.push(asked.elapsed().as_micros() as u32);
                slices.note(began.elapsed());
            }
            Outcome::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(ended) = producers.join_next().await {
        took.append(&mut ended??);
    }
    let rate = Rate::of(took.len() as u64, began.elapsed(), &mut took);
    store.close().await;
    Ok(rate)
}

fn size_mb(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(0.0, |file| file.len() as f64 / 1e6)
}
