//! One large group, and one community ten times as large: how long a send takes, and when the first and the last of the
//! connected members have it.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::figure::{Figure, Rate, grouped};
use crate::hall::{Caller, Devices, call, import_accounts, import_group, message};
use crate::process::Server;
use crate::{Effort, Outcome};

/// What is measured of one group.
struct Plan {
    name: &'static str,
    group: &'static str,
    kind: &'static str,
    /// Members, and those of a quick run.
    members: [usize; 2],
    /// Of them connected.
    online: [usize; 2],
    goal: &'static str,
}

/// A group of 100,000 with 10,000 of them connected.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let plan = Plan {
        name: "group",
        group: "large",
        kind: "Public",
        members: [100_000, 5_000],
        online: [10_000, 500],
        goal: "ack p99 < 20 ms, first < 50 ms, last < 500 ms",
    };
    measure(effort, &plan).await
}

/// A community of 1,000,000 with 1,000 of them connected.
pub(crate) async fn community(effort: &Effort) -> Outcome<Vec<Figure>> {
    let plan = Plan {
        name: "community",
        group: "@TGS#_large",
        kind: "Community",
        members: [1_000_000, 10_000],
        online: [1_000, 100],
        goal: "ack p99 < 50 ms, bytes of a send whatever the size",
    };
    measure(effort, &plan).await
}

async fn measure(effort: &Effort, plan: &Plan) -> Outcome<Vec<Figure>> {
    let mut figures = measure_on(effort, plan, "SQLite", Server::start()?).await?;
    let cluster = Cluster::start()?;
    figures.extend(measure_on(effort, plan, "PostgreSQL", Server::start_on(&Cluster::url(cluster.port))?).await?);
    Ok(figures)
}

async fn measure_on(effort: &Effort, plan: &Plan, engine: &str, server: Server) -> Outcome<Vec<Figure>> {
    let pick = |[full, quick]: [usize; 2]| if effort.rounds > 1 { full } else { quick };
    let (members, online) = (pick(plan.members), pick(plan.online));
    import_accounts(&server, members).await?;
    import_group(&server, plan.group, plan.kind, members).await?;
    import_group(&server, "@TGS#_small", "Community", 10).await?;
    let devices = Devices::connect(&server, online, None).await?;
    devices.heard.settle().await;
    let (mut caller, heard) = (Caller::start(&server)?, &devices.heard);
    let waves = effort.rounds * effort.seconds * 10;
    let (mut acks, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..waves {
        let before = heard.begin();
        let sent_us = heard.now_us();
        let sent = message(plan.group, number as u32);
        acks.push(caller.call("group_open_http_svc/send_group_msg", sent).await?.1);
        let (first, last) = heard.wait(before + online as u64).await?;
        firsts.push(first.saturating_sub(sent_us) as u32);
        lasts.push(last.saturating_sub(sent_us) as u32);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let [ack, first, last] = [acks, firsts, lasts].map(|mut took| Rate::of(waves, Duration::from_secs(1), &mut took));
    let page = page(&server, plan, waves).await?;
    let (large, small) = (stored(&server, plan.group, 1_000).await?, stored(&server, "@TGS#_small", 2_000).await?);
    let memory = server.usage()?.anonymous_kb / 1024.0;
    devices.end().await?;
    let name =
        format!("a send into a {} of {} members, {online} connected, {engine}", plan.name, grouped(members as f64));
    let row = |name: String, rate: &Rate, goal: &str, note: String| Figure {
        name,
        figure: format!("{:.1} ms p99", rate.p99_ms),
        goal: goal.into(),
        raw: "–".into(),
        ratio: None,
        latency: format!("{:.1} / {:.1} ms", rate.p50_ms, rate.p99_ms),
        note,
    };
    Ok(vec![
        row(
            format!("{name}: ack"),
            &ack,
            plan.goal,
            format!("process {memory:.0} MB; {large:.0} bytes stored a send, {small:.0} where ten are in"),
        ),
        row(format!("{name}: first delivery"), &first, plan.goal, String::new()),
        row(format!("{name}: last delivery"), &last, plan.goal, String::new()),
        row(format!("a page of 100 members of that {}, {engine}", plan.name), &page, "p99 < 10 ms", String::new()),
    ])
}

/// How long a page of members takes, whichever it is.
async fn page(server: &Server, plan: &Plan, count: u64) -> Outcome<Rate> {
    let rest = server.rest()?;
    let mut took = Vec::new();
    let mut next = String::new();
    for number in 0..count {
        let offset = number * 97 % 5_000;
        let body = if plan.kind == "Community" {
            serde_json::json!({ "GroupId": plan.group, "Limit": 100, "Next": next })
        } else {
            serde_json::json!({ "GroupId": plan.group, "Limit": 100, "Offset": offset })
        };
        let began = std::time::Instant::now();
        let answer = call(&rest, "group_open_http_svc/get_group_member_info", &body).await?;
        took.push(began.elapsed().as_micros() as u32);
        answer["Next"].as_str().unwrap_or_default().clone_into(&mut next);
    }
    Ok(Rate::of(count, Duration::from_secs(1), &mut took))
}

/// Bytes that tables and indexes grow by for each of many sends, less what connected devices make them grow by in the
/// same time.
async fn stored(server: &Server, group: &str, seed: u32) -> Outcome<f64> {
    const SENDS: u32 = 500;
    let rest = server.rest()?;
    let grown = async |sends: bool| {
        let before = server.data_bytes().await?;
        for number in 0..SENDS {
            if sends {
                call(&rest, "group_open_http_svc/send_group_msg", &message(group, seed * 1_000 + number)).await?;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Outcome::Ok(server.data_bytes().await?.saturating_sub(before))
    };
    let alone = grown(false).await?;
    Ok((grown(true).await?.saturating_sub(alone)) as f64 / f64::from(SENDS))
}
