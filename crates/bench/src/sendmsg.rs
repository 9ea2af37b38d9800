//! `sendmsg` over HTTP: durable sends of one process, with the load generator beside it on the same cores.
//!
//! Two raw limits stand beside it: an echo, which is what HTTP alone could do, and the loop by hand over the same tables,
//! which is what the store alone could do. No durable send can be faster than the second, however cheap its HTTP is.

use std::fmt::Write;
use std::time::Duration;

use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::http::{self, Load};
use crate::process::Server;
use crate::store_append::ByHand;
use crate::worker::Worker;
use crate::{Effort, Outcome};

/// Accounts that write to each other.
pub(crate) const ACCOUNTS: u64 = 10_000;

/// Pairs of them that do, some much more than others, as in the store's benchmark.
const CONVERSATIONS: u64 = 100_000;

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let server = Server::start()?;
    server.import(ACCOUNTS as usize).await?;
    let mut echo = Worker::start("echo")?;
    let mut by_hand = ByHand::on_sqlite(0).await?;
    let load = Load {
        address: server.address("http")?,
        path: format!("/v4/openim/sendmsg?{}", server.rest()?.query),
        fill,
        expect: "\"ErrorCode\":0",
        connections: 128,
        wait: Duration::from_secs(effort.seconds),
        seed: 0,
        per_second: None,
    };
    let raw_load = Load { address: echo.hear()?.parse()?, expect: "TIMTextElem", ..load.clone() };
    let mut figures = Vec::new();
    for connections in effort.connections() {
        let (mut ours, mut raw, mut stored) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..effort.rounds {
            let seed = round * 1_000 + connections;
            stored.push(by_hand.round(load.wait)?);
            let before = echo.usage()?.cpu_s;
            let rate = http::run(&Load { connections, seed, ..raw_load.clone() }).await?;
            raw.push(rate.with_busy(echo.usage()?.cpu_s - before));
            let before = server.usage()?.cpu_s;
            let rate = http::run(&Load { connections, seed, ..load.clone() }).await?;
            ours.push(rate.with_busy(server.usage()?.cpu_s - before));
        }
        let (ours, raw, stored) = (Rate::median(ours), Rate::median(raw), Rate::median(stored));
        let name = format!("sendmsg over HTTP, durable, {connections} connections");
        figures.push(
            Figure::of_rates(&name, "calls/s", "≥ 8,000/s and ≥ 0.3", &ours, ("echo of the same body", &raw))
                .with_note(&format!("echo p50/p99 {:.1} / {:.1} ms", raw.p50_ms, raw.p99_ms)),
        );
        let name = format!("{name}, beside the store by hand");
        figures.push(Figure::of_rates(&name, "calls/s", "≥ 0.8", &ours, ("the same tables by hand, no HTTP", &stored)));
    }
    Ok(figures)
}

/// A text of ordinary length between two accounts of which some are busier than others.
pub(crate) fn fill(dice: &mut Dice, body: &mut String) {
    let (sender, receiver) = pair(dice);
    let (random, stamp) = (dice.next() as u32, dice.next());
    let text = "a message of the length that people write to each other, give or take a few words of it";
    let written = write!(
        body,
        "{{\"SyncOtherMachine\":2,\"From_Account\":\"u{sender}\",\"To_Account\":\"u{receiver}\",\
         \"MsgLifeTime\":604800,\"MsgSeq\":{},\"MsgRandom\":{random},\"MsgBody\":[{{\"MsgType\":\"TIMTextElem\",\
         \"MsgContent\":{{\"Text\":\"{stamp:016x} {text}\"}}}}]}}",
        random >> 1
    );
    written.expect("a string takes every write");
}

fn pair(dice: &mut Dice) -> (u64, u64) {
    let number = dice.skewed(CONVERSATIONS);
    let user = |salt: u64| number.wrapping_mul(salt) % ACCOUNTS;
    (user(0x9e37_79b9_7f4a_7c15), user(0xc2b2_ae3d_27d4_eb4f))
}
