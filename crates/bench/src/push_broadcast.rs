//! A push to a million registered devices: how fast one node works through them, what that takes, and what another app
//! notices of it. The vendor takes everything at once, so that what is measured is ours.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use push::task::{self, Audience};
use server::clock::Clock;

use crate::figure::{Figure, Rate, grouped};
use crate::push_deck::{APP, Deck, OTHER, anonymous_mb, on_both, spec};
use crate::{Effort, Outcome};

/// Devices; a quick run has a tenth of them.
const DEVICES: usize = 1_000_000;
/// Pushes of the other app before the broadcast.
const PUSHES: usize = 500;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one of them may take.
const ARRIVAL_WAIT: Duration = Duration::from_secs(30);
/// The account and the device of the other app.
const ACCOUNT: &str = "other";

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let devices = if effort.rounds > 1 { DEVICES } else { DEVICES / 10 };
    on_both(move |engine, settings| measure(engine, settings, devices)).await
}

async fn measure(engine: &'static str, settings: store::Settings, devices: usize) -> Outcome<Figure> {
    let mut deck = Deck::open(&settings).await?;
    deck.register(APP, devices, false).await?;
    deck.connect(OTHER, ACCOUNT, "device").await?;
    let mut before = Took::default();
    for _ in 0..PUSHES {
        before.push(&mut deck).await?;
    }
    let (memory, taken) = (anonymous_mb(), deck.taker.taken.load(Ordering::Relaxed));
    let began = Instant::now();
    let (now, id) = (Clock::default().now(), task::fresh_id());
    deck.store.write(APP, move |tx| task::submit(tx, now, id, &spec(Audience::All))).await?;
    deck.broadcasts.ring(APP);
    let (mut most, mut during) = (memory, Took::default());
    while deck.taker.taken.load(Ordering::Relaxed) - taken < devices as u64 {
        during.push(&mut deck).await?;
        most = most.max(anonymous_mb());
    }
    let elapsed = began.elapsed();
    deck.close().await;
    let seconds = elapsed.as_secs_f64();
    Ok(Figure {
        name: format!("push to {devices} registered devices, {engine}"),
        figure: format!("{} devices/s", grouped(devices as f64 / seconds)),
        goal: "≥ 15,000 devices/s".into(),
        raw: "–".into(),
        ratio: None,
        latency: format!("{seconds:.1} s in all"),
        note: format!(
            "memory +{:.0} MB at most; another app's push: {} before, {} meanwhile (p50 / p99)",
            most - memory,
            before.shown(),
            during.shown(),
        ),
    })
}

/// How long the other app's pushes took, in microseconds.
#[derive(Default)]
struct Took {
    /// Until each was taken on, which is when its call is answered.
    taken_on: Vec<u32>,
    /// From then until it was at the device's connection.
    arrived: Vec<u32>,
}

impl Took {
    async fn push(&mut self, deck: &mut Deck) -> Outcome {
        let (now, id) = (Clock::default().now(), task::fresh_id());
        let one = spec(Audience::Accounts(vec![ACCOUNT.into()]));
        let began = Instant::now();
        deck.store.write(OTHER, move |tx| task::submit(tx, now, id, &one)).await?;
        let answered = Instant::now();
        deck.engine.announced(OTHER, &[contract::event::Event::DeliveryQueued]);
        let arrived = tokio::time::timeout(ARRIVAL_WAIT, deck.arrived.recv()).await;
        let (_, at) = arrived.ok().flatten().ok_or("a push of the other app did not arrive")?;
        self.taken_on.push(answered.duration_since(began).as_micros() as u32);
        self.arrived.push(at.saturating_duration_since(answered).as_micros() as u32);
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    fn shown(mut self) -> String {
        let rate = |took: &mut Vec<u32>| Rate::of(took.len() as u64, Duration::from_secs(1), took);
        let (taken_on, arrived) = (rate(&mut self.taken_on), rate(&mut self.arrived));
        format!(
            "taken on {:.1} / {:.1} ms, at its device {:.1} / {:.1} ms later",
            taken_on.p50_ms, taken_on.p99_ms, arrived.p50_ms, arrived.p99_ms
        )
    }
}
