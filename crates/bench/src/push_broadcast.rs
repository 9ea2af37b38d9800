//! A push to a million registered devices: how fast one node works through them, what that takes, and what another app
//! notices of it. The vendor takes everything at once, so that what is measured is ours.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use push::task::{self, Audience};
use server::clock::Clock;

use crate::figure::{Figure, Rate, grouped};
use crate::process::folder;
use crate::push_deck::{APP, Deck, OTHER, anonymous_mb, spec};
use crate::{Effort, Outcome};

/// Devices; a quick run has a tenth of them.
const DEVICES: usize = 1_000_000;
/// Pushes of the other app before and during.
const PUSHES: usize = 200;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let devices = if effort.rounds > 1 { DEVICES } else { DEVICES / 10 };
    let folder = folder()?;
    let deck = Deck::open(folder.path()).await?;
    deck.register(APP, devices, false).await?;
    deck.register(OTHER, 1, false).await?;
    let before = singles(&deck, PUSHES).await?;
    let (memory, taken) = (anonymous_mb(), deck.taker.taken.load(Ordering::Relaxed));
    let began = Instant::now();
    let (now, id) = (Clock::default().now(), task::fresh_id());
    deck.store.write(APP, move |tx| task::submit(tx, now, id, &spec(Audience::All))).await?;
    deck.broadcasts.ring(APP);
    let (mut most, mut during) = (memory, Vec::new());
    let done = |deck: &Deck| deck.taker.taken.load(Ordering::Relaxed) - taken >= devices as u64;
    while !done(&deck) {
        during.extend(took(&deck, 1).await?);
        most = most.max(anonymous_mb());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let during = Rate::of(during.len() as u64, began.elapsed(), &mut during);
    deck.close().await;
    Ok(vec![Figure {
        name: format!("push to {devices} registered devices"),
        figure: format!("{} devices/s", grouped(devices as f64 / seconds)),
        goal: "≥ 15,000 devices/s".into(),
        raw: "–".into(),
        ratio: None,
        latency: format!("{seconds:.1} s in all"),
        note: format!(
            "memory +{:.0} MB at most; another app's push taken on in {:.1} / {:.1} ms, before in {:.1} / {:.1} ms",
            most - memory,
            during.p50_ms,
            during.p99_ms,
            before.p50_ms,
            before.p99_ms
        ),
    }])
}

async fn singles(deck: &Deck, count: usize) -> Outcome<Rate> {
    let began = Instant::now();
    let mut took = took(deck, count).await?;
    Ok(Rate::of(count as u64, began.elapsed(), &mut took))
}

/// How long the other app's pushes take to be taken on, in microseconds.
async fn took(deck: &Deck, count: usize) -> Outcome<Vec<u32>> {
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let (now, id) = (Clock::default().now(), task::fresh_id());
        let one = spec(Audience::Devices(vec!["nobody".into()]));
        let began = Instant::now();
        deck.store.write(OTHER, move |tx| task::submit(tx, now, id, &one)).await?;
        took.push(began.elapsed().as_micros() as u32);
    }
    Ok(took)
}
