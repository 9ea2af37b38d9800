//! Each vendor channel alone, to its room of the sandbox in the same process: tokens a second that the room has taken, on
//! the two cores that both share. And Apple's channel with a long way to the room.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::bare::{last_of, repeat};
use crate::figure::{Figure, Rate, grouped};
use crate::vendor_rooms::{Room, VENDORS, drive, sandbox};
use crate::{Effort, Outcome, proxy};

/// Phones of a room: a vendor's largest batch.
const PHONES: usize = 1_000;
/// Batches at once, as a lane of the engine has them.
const UNDER_WAY: usize = 4;
/// One way of a round trip of a tenth of a second.
const HALF_WAY: Duration = Duration::from_millis(50);

/// Measures each channel.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for vendor in VENDORS {
        figures.push(one(vendor, effort).await?);
    }
    Ok(figures)
}

async fn one(vendor: &'static str, effort: &Effort) -> Outcome<Figure> {
    let sandbox = sandbox().await?;
    let room = Room::open(&sandbox, vendor, PHONES, &json!({}))?;
    let channel = room.channel(None)?;
    let wait = Duration::from_secs(effort.seconds);
    // Connections, and the token of the session where there is one.
    drive(&channel, &room.tokens, 1, Duration::from_millis(200)).await?;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    let mut tokens = 1;
    for _ in 0..effort.rounds {
        ours.push(drive(&channel, &room.tokens, UNDER_WAY, wait).await?);
        let request = Arc::new(last_of(&room)?);
        tokens = request.tokens;
        raw.push(repeat(&room, &request, wait).await?);
    }
    channel.close().await;
    let (ours, mut raw) = (Rate::median(ours), Rate::median(raw));
    raw.per_second *= tokens as f64;
    let is_single = matches!(vendor, "apns" | "fcm");
    let goal = if is_single { "≥ 5,000/s" } else { "≥ 50,000 tokens/s" };
    let unit = if is_single { "messages/s" } else { "tokens/s" };
    let is_let_in = matches!(vendor, "apns" | "oppo" | "vivo");
    let door = if is_let_in { "bare HTTP/2 client" } else { "bare HTTP/2 client, turned away at the door" };
    let figure = Figure::of_rates(&format!("channel alone: {vendor}"), unit, goal, &ours, (door, &raw));
    Ok(figure.with_note(&format!("{tokens} tokens a call; latency is that of a batch")))
}

/// Measures Apple's channel with a tenth of a second to the room and back.
pub(crate) async fn far(effort: &Effort) -> Outcome<Vec<Figure>> {
    let sandbox = sandbox().await?;
    let room = Room::open(&sandbox, "apns", PHONES, &json!({}))?;
    let url = room.url();
    let host = url.rsplit_once(':').ok_or("a URL without a port")?.0;
    let channel = room.channel(Some(format!("{host}:{}", proxy::start_far(room.port()?, HALF_WAY)?)))?;
    let near = room.channel(None)?;
    let wait = Duration::from_secs(effort.seconds);
    let mut rounds = Vec::new();
    let mut beside = Vec::new();
    drive(&channel, &room.tokens, 1, Duration::from_millis(200)).await?;
    for _ in 0..effort.rounds {
        rounds.push(drive(&channel, &room.tokens, UNDER_WAY, wait).await?);
        beside.push(drive(&near, &room.tokens, UNDER_WAY, wait).await?);
    }
    let kept = room.control("GET", "/requests", &json!({}))?;
    let all = kept["requests"].as_array().cloned().unwrap_or_default();
    let connections = all.iter().filter_map(|request| request["connection"].as_u64()).max().unwrap_or_default() + 1;
    channel.close().await;
    near.close().await;
    let (ours, raw) = (Rate::median(rounds), Rate::median(beside));
    let name = "channel alone: apns, 100 ms round trip";
    let figure = Figure::of_rates(name, "messages/s", "≥ 5,000/s", &ours, ("the same channel without the way", &raw));
    Ok(vec![figure.with_note(&format!("{} connections in the whole run", grouped(connections as f64)))])
}
