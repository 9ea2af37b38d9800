//! A live room: deliveries a second to all who are in it.

use std::time::{Duration, Instant};

use contract::frame::wire::GroupRef;
use contract::frame::{Command, Frame};
use serde_json::json;

use crate::figure::{Figure, Rate};
use crate::hall::{Devices, call, import_accounts, message};
use crate::process::Server;
use crate::{Effort, Outcome};

/// Connections, and those of a quick run.
const GUESTS: [usize; 2] = [15_000, 1_000];
/// Messages of one wave: as many as a room takes within a second, and a few less.
const WAVE: u32 = 35;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let guests = GUESTS[usize::from(effort.rounds == 1)];
    let server = Server::start()?;
    import_accounts(&server, 1).await?;
    let rest = server.rest()?;
    let make = json!({ "Type": "AVChatRoom", "GroupId": "show", "Name": "show", "Owner_Account": "u0" });
    call(&rest, "group_open_http_svc/create_group", &make).await?;
    let at_rest = server.usage()?;
    let enter = Frame::request(Command::LiveEnter, &GroupRef { group: "show".into() });
    let devices = Devices::connect(&server, guests, Some(enter)).await?;
    devices.heard.settle().await;
    let held = server.usage()?;
    let heard = &devices.heard;
    let mut rounds = Vec::new();
    for wave in 0..(effort.rounds * effort.seconds) as u32 {
        let (before, busy, began, sent_us) = (heard.begin(), server.usage()?.cpu_s, Instant::now(), heard.now_us());
        for number in 0..WAVE {
            call(&rest, "group_open_http_svc/send_group_msg", &message("show", wave * WAVE + number)).await?;
        }
        let count = u64::from(WAVE) * guests as u64;
        let (first, last) = heard.wait(before + count).await?;
        let mut took = [first, last].map(|at| at.saturating_sub(sent_us) as u32);
        let rate = Rate::of(count, Duration::from_micros(last.saturating_sub(sent_us)), &mut took);
        rounds.push(rate.with_busy(server.usage()?.cpu_s - busy));
        // The room takes so many within a second.
        tokio::time::sleep(Duration::from_secs(1).saturating_sub(began.elapsed())).await;
    }
    devices.end().await?;
    let rate = Rate::median(rounds);
    let each = (held.anonymous_kb - at_rest.anonymous_kb) / guests as f64;
    Ok(vec![Figure {
        name: format!("deliveries in a live room of {guests} connections, sent by REST"),
        figure: format!("{} deliveries/s", crate::figure::grouped(rate.per_second)),
        goal: "≥ 300,000/s".into(),
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: format!("server CPU {:.2} µs each; {each:.1} KB of the process for a guest's connection", rate.cpu_us),
    }])
}
