//! What a vendor in trouble costs: one that stops answering the others, one that is asked too fast its own app.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::figure::{Figure, grouped};
use crate::process::folder;
use crate::vendor_deck::VendorDeck;
use crate::vendor_rooms::{Room, sandbox};
use crate::{Effort, Outcome};

/// Phones of a room.
const PHONES: usize = 500;
/// What one vendor lets through in a second when it is asked too fast.
const LIMIT: u64 = 200;
/// The second from which on the rate is to have settled.
const SETTLED: usize = 5;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long what is pushed is worth delivering: longer than the measurement takes.
const LIFE_MS: i64 = 3_600_000;

/// One vendor takes everything while another one answers, and while it does not.
pub(crate) async fn silent(effort: &Effort) -> Outcome<Vec<Figure>> {
    let (sandbox, folder) = (sandbox().await?, folder()?);
    let healthy = Room::open(&sandbox, "fcm", PHONES, &json!({}))?;
    let stalled = Room::open(&sandbox, "huawei", PHONES, &json!({}))?;
    let deck = VendorDeck::open(folder.path(), &[&healthy, &stalled]).await?;
    let times = 2 * effort.seconds as usize;
    let before = wave(&deck, &healthy, &stalled, times).await?;
    healthy.control("POST", "/faults", &json!({ "room": "huawei", "effect": "silence", "count": 0 }))?;
    let taken = deck.taken("huawei");
    let during = wave(&deck, &healthy, &stalled, times).await?;
    let passed = deck.taken("huawei") - taken;
    healthy.control("DELETE", "/faults", &json!({}))?;
    deck.close().await;
    Ok(vec![Figure {
        name: "a vendor that stops answering: what another takes".into(),
        figure: format!("{} messages/s", grouped(during)),
        goal: "as before".into(),
        raw: format!("{} (while both answer)", grouped(before)),
        ratio: Some(during / before),
        latency: "–".into(),
        note: format!(
            "the stalled vendor took {passed} meanwhile; each message is a task of its own, through the store"
        ),
    }])
}

/// Pushes to both rooms and tells how fast the healthy one took its part.
async fn wave(deck: &VendorDeck, healthy: &Room, stalled: &Room, times: usize) -> Outcome<f64> {
    let taken = deck.taken(healthy.vendor);
    let began = Instant::now();
    deck.push(stalled, times, LIFE_MS).await?;
    deck.push(healthy, times, LIFE_MS).await?;
    let all = (times * PHONES) as u64;
    while deck.taken(healthy.vendor) - taken < all {
        if began.elapsed() > PATIENCE {
            return Err("the healthy vendor did not get its part in time".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(all as f64 / began.elapsed().as_secs_f64())
}

/// A vendor that takes only so many requests a second gets many more at once.
pub(crate) async fn storm(effort: &Effort) -> Outcome<Vec<Figure>> {
    let (sandbox, folder) = (sandbox().await?, folder()?);
    let room = Room::open(&sandbox, "huawei", PHONES, &json!({ "per_s": LIMIT }))?;
    let deck = VendorDeck::open(folder.path(), &[&room]).await?;
    let counted = std::sync::Arc::clone(&deck.channels["huawei"]);
    let times = effort.seconds as usize;
    let all = (times * PHONES) as u64;
    deck.push(&room, times, LIFE_MS).await?;
    let (began, mut seconds) = (Instant::now(), Vec::new());
    let (mut taken, mut put_off) = (0, 0);
    while counted.taken.load(Ordering::Relaxed) < all && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = (counted.taken.load(Ordering::Relaxed), counted.put_off.load(Ordering::Relaxed));
        seconds.push((now.0 - taken, now.1 - put_off));
        (taken, put_off) = now;
    }
    let (failed, elapsed) = (counted.failed.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
    deck.close().await;
    let settled = seconds.get(SETTLED..).unwrap_or_default();
    let asked: Vec<u64> = settled.iter().map(|(taken, put_off)| taken + put_off).collect();
    let mean = asked.iter().sum::<u64>() as f64 / asked.len().max(1) as f64;
    let refused: u64 = settled.iter().map(|(_, put_off)| put_off).sum();
    Ok(vec![Figure {
        name: format!("a storm of 429: {all} messages to a vendor that takes {LIMIT}/s"),
        figure: format!("{mean:.0} requests/s from the {SETTLED}th second on"),
        goal: format!("≤ {LIMIT}/s, none lost"),
        raw: format!("{LIMIT} (what the vendor takes)"),
        ratio: Some(mean / LIMIT as f64),
        latency: format!("{elapsed:.0} s in all"),
        note: format!(
            "taken {taken} of {all}, ended otherwise {failed}; put off in the first {SETTLED} s {}, later {refused}",
            seconds.iter().take(SETTLED).map(|(_, put_off)| put_off).sum::<u64>()
        ),
    }])
}
