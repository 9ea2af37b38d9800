//! `friend_get` over HTTP: pages of accounts with 3,000 friends each, at a fixed rate and as fast as they come.
//!
//! The fixed rate is the one that matters: 1,000 pages a second, of which a page out of a hundred may take 10 ms. The
//! limit beside it is an echo of the same requests.

use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::http::{self, Load};
use crate::process::Server;
use crate::worker::Worker;
use crate::{Effort, Outcome};

/// Accounts with a full list.
const OWNERS: usize = 20;
/// Friends of each: as many as an account may have.
const FRIENDS: usize = 3_000;
/// Friends in one import.
const BATCH: usize = 1_000;
/// Connections, and how often all together ask in a second.
const CONNECTIONS: u64 = 50;
const PER_SECOND: u64 = 1_000;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let mut figures = measure(effort, "SQLite", Server::start()?).await?;
    let cluster = Cluster::start()?;
    figures.extend(measure(effort, "PostgreSQL", Server::start_on(&Cluster::url(cluster.port))?).await?);
    Ok(figures)
}

async fn measure(effort: &Effort, engine: &str, server: Server) -> Outcome<Vec<Figure>> {
    server.import(FRIENDS + OWNERS).await?;
    fill_lists(&server).await?;
    let mut echo = Worker::start("echo")?;
    let load = Load {
        address: server.address("http")?,
        path: format!("/v4/sns/friend_get?{}", server.rest()?.query),
        fill,
        expect: "\"FriendNum\":3000",
        connections: CONNECTIONS,
        wait: Duration::from_secs(effort.seconds),
        seed: 0,
        per_second: Some(PER_SECOND),
    };
    let raw_load = Load { address: echo.hear()?.parse()?, expect: "From_Account", ..load.clone() };
    let mut figures = Vec::new();
    let phases = [("at 1,000/s", "p99 < 10 ms at 1,000/s", load.per_second), ("as fast as they come", "–", None)];
    for (phase, goal, per_second) in phases {
        let (mut ours, mut raw) = (Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            let before = echo.usage()?.cpu_s;
            let rate = http::run(&Load { per_second, seed: round, ..raw_load.clone() }).await?;
            raw.push(rate.with_busy(echo.usage()?.cpu_s - before));
            let before = server.usage()?.cpu_s;
            let rate = http::run(&Load { per_second, seed: round, ..load.clone() }).await?;
            ours.push(rate.with_busy(server.usage()?.cpu_s - before));
        }
        let (ours, raw) = (Rate::median(ours), Rate::median(raw));
        let name = format!("friend_get, a page of 3,000 friends, {phase}, {engine}");
        figures.push(
            Figure::of_rates(&name, "pages/s", goal, &ours, ("echo of the request", &raw))
                .with_note(&format!("echo p50/p99 {:.1} / {:.1} ms", raw.p50_ms, raw.p99_ms)),
        );
    }
    Ok(figures)
}

/// Gives the first accounts all the others as friends, noted as people do.
async fn fill_lists(server: &Server) -> Outcome {
    let rest = server.rest()?;
    for owner in 0..OWNERS {
        for part in 0..FRIENDS / BATCH {
            let items: Vec<_> = (0..BATCH)
                .map(|number| {
                    let friend = OWNERS + part * BATCH + number;
                    let group = ["family", "work", "chess"][friend % 3];
                    json!({ "To_Account": format!("u{friend}"), "Remark": format!("friend number {friend}"),
                        "GroupName": [group], "AddSource": "AddSource_Type_Web",
                        "AddWording": "we met at the conference" })
                })
                .collect();
            let body = json!({ "From_Account": format!("u{owner}"), "AddFriendItem": items });
            let answer = rest.call("sns/friend_import", &body).await?;
            if answer["ErrorCode"] != 0 || answer.get("Fail_Account").is_some() {
                return Err(format!("import: {answer}").into());
            }
        }
    }
    Ok(())
}

/// A page of one of the lists. Places are versions, and each import of a friend takes two, so this is any page of all.
fn fill(dice: &mut Dice, body: &mut String) {
    let owner = dice.next() % OWNERS as u64;
    let start = dice.next() % (FRIENDS as u64 * 2 - 200);
    let written = write!(body, "{{\"From_Account\":\"u{owner}\",\"StartIndex\":{start}}}");
    written.expect("a string takes every write");
}
