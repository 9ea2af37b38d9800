//! `recentcontact/get_list` of an account with 10,000 conversations, at a steady rate, on both engines.
//!
//! A node of this process answers over HTTP; the load generator is beside it on the same cores. Half of the calls ask for
//! the first page, half for one somewhere in the list; meanwhile messages keep moving conversations. A latency counts from
//! the moment at which a call was due, so that one that waits behind a slow one is as late as it is.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use contract::{AppId, user_sig};
use serde_json::{Value, json};
use server::clock::Clock;
use server::config::{Config, Listen, Secrets, StoreConfig};
use server::node::{Node, Running};
use server::rest::Rest;
use store::apps::{AppSecrets, AppSettings, SigningKey};

use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::figure::{Figure, Rate};
use crate::http::{self, Load};
use crate::process::folder;
use crate::{Effort, Outcome};

/// Conversations of the account.
const CONVERSATIONS: usize = 10_000;
/// Calls a second.
const PER_SECOND: u64 = 1_000;
/// Connections that share them.
const CONNECTIONS: u64 = 32;
/// Between two messages that move a conversation.
const MOVE: Duration = Duration::from_millis(50);

const APP: AppId = AppId(1_400_000_001);
const ADMIN: &str = "administrator";
const KEY: &str = "the key of a benchmark";

/// The second of the last of the stored messages, for cursors; requests are filled by a plain function.
static NEWEST: AtomicI64 = AtomicI64::new(0);

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let sqlite = measure(effort, "SQLite", "sqlite").await?;
    let cluster = Cluster::start()?;
    let postgres = measure(effort, "PostgreSQL, fsync on", &Cluster::url(cluster.port)).await?;
    Ok(vec![sqlite, postgres])
}

async fn measure(effort: &Effort, name: &str, url: &str) -> Outcome<Figure> {
    let folder = folder()?;
    let config = Config {
        data: folder.path().to_owned(),
        name: "bench".into(),
        store: StoreConfig { url: url.into(), ..StoreConfig::default() },
        listen: Listen { http: Some(SocketAddr::from(([127, 0, 0, 1], 0))), https: None, admin: None },
        secrets: Secrets { master_key: Some("42".repeat(32)), ..Secrets::default() },
        ..Config::default()
    };
    let clock = Clock::default();
    let node = Node::open(&config, clock.clone()).await?;
    let key = SigningKey { secret: KEY.into(), added_at: 0 };
    let secrets = AppSecrets { signing_keys: vec![key], ..AppSecrets::default() };
    node.apps.add(clock.now(), APP, AppSettings::default(), secrets).await?;
    let running = Running::start(node, &config, None).await?;
    let address = running.http.ok_or("no address")?;
    let rest = Rest::new(address, APP.0, ADMIN, &user_sig::sign(APP, KEY, ADMIN, clock.now().plus(-1_000), 86_400));
    fill_store(&rest).await?;
    NEWEST.store(clock.now().secs(), Ordering::Relaxed);
    let first = Instant::now();
    good(&rest.call("recentcontact/get_list", &list(0, 0)).await?)?;
    let first = first.elapsed();
    let mut rounds = Vec::new();
    for round in 0..effort.rounds {
        let load = Load {
            address,
            path: format!("/v4/recentcontact/get_list?{}", rest.query),
            fill,
            expect: "\"ErrorCode\":0",
            connections: CONNECTIONS,
            wait: Duration::from_secs(effort.seconds),
            seed: round,
            per_second: Some(PER_SECOND),
        };
        rounds.push(with_messages(&rest, http::run(&load)).await?);
    }
    let rate = Rate::median(rounds);
    running.stop().await;
    Ok(Figure {
        name: format!("recentcontact/get_list, {CONVERSATIONS} conversations, {name}"),
        figure: format!("p99 {:.1} ms at {:.0} calls/s", rate.p99_ms, rate.per_second),
        goal: format!("p99 < 10 ms at {PER_SECOND}/s"),
        raw: "–".into(),
        ratio: None,
        latency: format!("{:.1} / {:.1} ms", rate.p50_ms, rate.p99_ms),
        note: format!("the first look, which puts all into order, {:.0} ms", first.as_secs_f64() * 1e3),
    })
}

/// Messages move conversations as long as something else runs.
async fn with_messages(rest: &Rest, other: impl Future<Output = Outcome<Rate>>) -> Outcome<Rate> {
    let moving = async {
        let mut dice = Dice::new(99);
        loop {
            tokio::time::sleep(MOVE).await;
            let peer = dice.next() as usize % CONVERSATIONS;
            let body = json!({ "From_Account": format!("u{peer}"), "To_Account": "owner",
                "MsgRandom": dice.next() as u32, "MsgBody": elements() });
            match rest.call("openim/sendmsg", &body).await {
                Ok(answer) => good(&answer)?,
                Err(error) => return Outcome::Err(error.into()),
            }
        }
    };
    tokio::select! {
        rate = other => rate,
        stopped = moving => stopped,
    }
}

async fn fill_store(rest: &Rest) -> Outcome {
    let names: Vec<String> = (0..CONVERSATIONS).map(|n| format!("u{n}")).collect();
    good(&rest.call("im_open_login_svc/account_import", &json!({ "UserID": "owner" })).await?)?;
    for some in names.chunks(100) {
        good(&rest.call("im_open_login_svc/multiaccount_import", &json!({ "Accounts": some })).await?)?;
    }
    for some in names.chunks(500) {
        let body = json!({ "From_Account": "owner", "To_Account": some, "MsgRandom": 1, "MsgBody": elements() });
        good(&rest.call("openim/batchsendmsg", &body).await?)?;
    }
    Ok(())
}

fn elements() -> Value {
    json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "a message of ordinary length, give or take" } }])
}

fn good(answer: &Value) -> Outcome {
    if answer["ErrorCode"] == 0 { Ok(()) } else { Err(format!("not a good answer: {answer}").into()) }
}

fn list(time: i64, index: u64) -> Value {
    json!({ "From_Account": "owner", "TimeStamp": time, "StartIndex": index, "TopTimeStamp": 0, "TopStartIndex": 0,
        "AssistFlags": 7 })
}

/// The first page, or one that begins at a number among the conversations of the last seconds.
fn fill(dice: &mut Dice, body: &mut String) {
    let (time, index) = if dice.next().is_multiple_of(2) {
        (0, 0)
    } else {
        (NEWEST.load(Ordering::Relaxed) - (dice.next() % 3) as i64, 1 + dice.next() % (1 << 30))
    };
    write!(body, "{}", list(time, index)).expect("a string takes every write");
}
