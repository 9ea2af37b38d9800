//! Single pushes by account at a steady rate: from the commit that answers the call to the device's connection.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use contract::event::Event;
use contract::{AppId, DeviceId, UserId};
use push::task::{self, Audience};
use server::clock::Clock;
use store::devices::{self, Login};
use store::{Tx, accounts, platform};

use crate::figure::{Figure, Rate};
use crate::process::folder;
use crate::push_deck::{APP, Deck, spec};
use crate::{Effort, Outcome};

/// Accounts with a connected device each.
const ACCOUNTS: usize = 10_000;
/// Pushes a second.
const PER_SECOND: u64 = 2_000;
/// The node of the connections.
const NODE: i64 = 1;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let folder = folder()?;
    let mut deck = Deck::open(folder.path()).await?;
    connect(&deck).await?;
    let count = effort.seconds * PER_SECOND;
    let mut answered: HashMap<DeviceId, Instant> = HashMap::new();
    let mut took = Vec::with_capacity(count as usize);
    let began = Instant::now();
    let mut pushes = tokio::task::JoinSet::new();
    for number in 0..count {
        let due = began + Duration::from_micros(number * 1_000_000 / PER_SECOND);
        tokio::time::sleep_until(due.into()).await;
        let (store, engine) = (deck.store.clone(), std::sync::Arc::clone(&deck.engine));
        let account = number as usize % ACCOUNTS;
        pushes.spawn(async move {
            let (now, id) = (Clock::default().now(), task::fresh_id());
            let one = spec(Audience::Accounts(vec![format!("u{account}")]));
            let done = store.write(APP, move |tx| task::submit(tx, now, id, &one)).await;
            let at = Instant::now();
            engine.announced(APP, &[Event::DeliveryQueued]);
            done.map(|_| (DeviceId::trusted(&format!("d{account}")), at))
        });
        while let Some(done) = pushes.try_join_next() {
            let (device, at) = done??;
            answered.insert(device, at);
        }
        while let Ok((device, at)) = deck.arrived.try_recv() {
            note(&mut answered, &mut took, &device, at);
        }
    }
    while let Some(done) = pushes.join_next().await {
        let (device, at) = done??;
        answered.insert(device, at);
    }
    while (took.len() as u64) < count {
        let next = tokio::time::timeout(Duration::from_secs(30), deck.arrived.recv()).await;
        let Some((device, at)) = next.map_err(|_| "pushes are missing")? else { break };
        note(&mut answered, &mut took, &device, at);
    }
    let rate = Rate::of(count, began.elapsed(), &mut took);
    deck.close().await;
    Ok(vec![Figure {
        name: format!("single pushes by account at {PER_SECOND}/s, commit to connection"),
        figure: format!("p99 {:.1} ms", rate.p99_ms),
        goal: "p99 < 20 ms".into(),
        raw: "–".into(),
        ratio: None,
        latency: format!("{:.1} / {:.1} ms", rate.p50_ms, rate.p99_ms),
        note: format!("{:.0} pushes/s in fact", rate.per_second),
    }])
}

/// A device may have it before its call's answer was noted: then it took no time at all.
fn note(answered: &mut HashMap<DeviceId, Instant>, took: &mut Vec<u32>, device: &DeviceId, at: Instant) {
    let from = answered.remove(device).unwrap_or(at);
    took.push(at.saturating_duration_since(from).as_micros() as u32);
}

async fn connect(deck: &Deck) -> Outcome {
    let now = Clock::default().now();
    // A living node, for as long as this may take.
    let alive = now.plus(3_600_000);
    deck.store.write(AppId::PLATFORM, move |tx| platform::beat(tx, alive, NODE, "bench")).await?;
    for first in (0..ACCOUNTS).step_by(500) {
        let write = move |tx: &mut Tx<'_>| {
            for number in first..first + 500 {
                let account = UserId::trusted(&format!("u{number}"));
                accounts::import(tx, now, &account)?;
                let device = DeviceId::trusted(&format!("d{number}"));
                devices::log_in(tx, now, &Login { device, account, platform: 2, node: NODE, session: 1 })?;
            }
            Ok(())
        };
        deck.store.write(APP, write).await?;
    }
    Ok(())
}
