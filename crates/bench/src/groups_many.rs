//! Many groups of middle size, each with a few members who are connected: durable sends a second.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::hall::{Devices, call_all, import_accounts};
use crate::http::{self, Load};
use crate::process::Server;
use crate::worker::Worker;
use crate::{Effort, Outcome};

/// Groups, and those of a quick run.
const GROUPS: [u64; 2] = [10_000, 500];
/// Members of each.
const MEMBERS: u64 = 100;
/// Accounts; one in twenty is connected, so about five of each group are.
const ACCOUNTS: [usize; 2] = [100_000, 5_000];

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = measure(effort, "SQLite", Server::start()?).await?;
    let cluster = Cluster::start()?;
    figures.extend(measure(effort, "PostgreSQL", Server::start_on(&Cluster::url(cluster.port))?).await?);
    Ok(figures)
}

async fn measure(effort: &Effort, engine: &str, server: Server) -> Outcome<Vec<Figure>> {
    let is_quick = usize::from(effort.rounds == 1);
    let (groups, accounts) = (GROUPS[is_quick], ACCOUNTS[is_quick]);
    import_accounts(&server, accounts).await?;
    call_all(&server, (0..groups).map(|number| ("group_open_http_svc/create_group", group(number, accounts)))).await?;
    let devices = Devices::connect(&server, accounts / 20, None).await?;
    devices.heard.settle().await;
    let mut echo = Worker::start("echo")?;
    let load = Load {
        address: server.address("http")?,
        path: format!("/v4/group_open_http_svc/send_group_msg?{}", server.rest()?.query),
        fill: if is_quick == 1 { fill_quick } else { fill_full },
        expect: "\"ErrorCode\":0",
        connections: 128,
        wait: Duration::from_secs(effort.seconds),
        seed: 0,
        per_second: None,
    };
    let raw_load = Load { address: echo.hear()?.parse()?, expect: "TIMTextElem", ..load.clone() };
    let (mut ours, mut raw, mut delivered) = (Vec::new(), Vec::new(), 0);
    for round in 0..effort.rounds {
        raw.push(http::run(&Load { seed: round * 10, ..raw_load.clone() }).await?);
        let (before, busy) = (devices.heard.begin(), server.usage()?.cpu_s);
        let rate = http::run(&Load { seed: round * 10 + 1, ..load.clone() }).await?;
        ours.push(rate.with_busy(server.usage()?.cpu_s - busy));
        devices.heard.settle().await;
        delivered = devices.heard.begin() - before;
    }
    let memory = server.usage()?.anonymous_kb / 1024.0;
    devices.end().await?;
    let (ours, raw) = (Rate::median(ours), Rate::median(raw));
    let name = format!("sends into {groups} groups of {MEMBERS}, {} accounts connected, {engine}", accounts / 20);
    let each = delivered as f64 / ours.count.max(1) as f64;
    Ok(vec![
        Figure::of_rates(&name, "sends/s", "≥ 5,000/s", &ours, ("echo of the same body", &raw))
            .with_note(&format!("{each:.1} deliveries a send; process {memory:.0} MB")),
    ])
}

/// A group whose members are spread over all accounts.
fn group(number: u64, accounts: usize) -> Value {
    let member = |place: u64| format!("u{}", (number * 7_919 + place * (accounts as u64 / MEMBERS)) % accounts as u64);
    let members: Vec<Value> = (1..MEMBERS).map(|place| json!({ "Member_Account": member(place) })).collect();
    json!({
        "Type": "Public", "GroupId": format!("g{number}"), "Name": "many", "Owner_Account": member(0),
        "MemberList": members,
    })
}

fn fill_full(dice: &mut Dice, body: &mut String) {
    fill(dice, body, GROUPS[0]);
}

fn fill_quick(dice: &mut Dice, body: &mut String) {
    fill(dice, body, GROUPS[1]);
}

fn fill(dice: &mut Dice, body: &mut String, groups: u64) {
    let (group, random, stamp) = (dice.next() % groups, dice.next() as u32, dice.next());
    let text = "a message of the length that people write to each other, give or take a few words of it";
    let written = write!(
        body,
        "{{\"GroupId\":\"g{group}\",\"Random\":{random},\"MsgBody\":[{{\"MsgType\":\"TIMTextElem\",\"MsgContent\":\
         {{\"Text\":\"{stamp:016x} {text}\"}}}}]}}"
    );
    written.expect("a string takes every write");
}
