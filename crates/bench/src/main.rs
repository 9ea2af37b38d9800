//! The benchmarks: figures of one machine in one run, each beside its raw limit.
//!
//! `bench [NAME …]` prints a row for each figure; `cargo xtask bench` builds and runs it. Nothing here asserts a time:
//! a machine that does other work as well must not fail a build.
//!
//! * `store_append`, `store_steady`, `sendmsg`, `webhook`, `friend_get`, `conversation_list`, `fan_out`, `broadcast`,
//!   `login`, `idle`, `idle_apps`, `words`, `push_broadcast`, `push_single`, `tag_expression`, `openapi_call`,
//!   `group_large`, `live_room`, `groups_many`, `channels`, `vendor_trouble`: what is measured.
//! * `hand_sqlite`, `hand_postgres`, `echo`, `fan_out_part`, `bare`: the raw limits beside it.
//! * `process`, `worker`, `hall`, `cluster`, `proxy`: what runs as a process or stands between.
//! * `push_deck`, `vendor_rooms`, `vendor_deck`: what the benchmarks of push have in common.
//! * `http`, `socket`, `dice`: generators of load that cost little. `figure`: what comes out.

mod bare;
mod broadcast;
mod channels;
mod cluster;
mod conversation_list;
mod dice;
mod echo;
mod fan_out;
mod fan_out_part;
mod figure;
mod friend_get;
mod group_large;
mod groups_many;
mod hall;
mod hand_postgres;
mod hand_sqlite;
mod http;
mod idle;
mod idle_apps;
mod live_room;
mod login;
mod openapi_call;
mod process;
mod proxy;
mod push_broadcast;
mod push_deck;
mod push_single;
mod sendmsg;
mod socket;
mod store_append;
mod store_steady;
mod tag_expression;
mod traffic;
mod vendor_deck;
mod vendor_rooms;
mod vendor_trouble;
mod webhook;
mod words;
mod worker;

use std::process::ExitCode;

use figure::{Figure, HEAD};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The outcome of a step.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much is done for a figure.
struct Effort {
    /// Rounds in which what is compared takes turns.
    rounds: u64,
    /// Seconds of a phase of a round.
    seconds: u64,
    /// Seconds for which sends go on without a pause.
    steady: u64,
    /// Messages that are stored before the clock starts.
    stored: u64,
    /// Idle connections, and idle apps.
    idle: usize,
    /// Seconds for which they are watched.
    idle_seconds: u64,
}

impl Effort {
    const FULL: Self = Self { rounds: 3, seconds: 5, steady: 240, stored: 1_000_000, idle: 10_000, idle_seconds: 30 };
    const QUICK: Self = Self { rounds: 1, seconds: 2, steady: 12, stored: 50_000, idle: 1_000, idle_seconds: 3 };

    /// Connections of the benchmarks over HTTP.
    fn connections(&self) -> Vec<u64> {
        if self.rounds > 1 { vec![64, 256] } else { vec![128] }
    }
}

const NAMES: [&str; 24] = [
    "store-append",
    "store-steady",
    "sendmsg-http",
    "sendmsg-webhook",
    "friend-get",
    "conversation-list",
    "fan-out",
    "broadcast",
    "login-tls",
    "idle-memory",
    "idle-apps",
    "words",
    "push-broadcast-devices",
    "push-single",
    "tag-expression",
    "openapi-call",
    "group-large",
    "live-room",
    "groups-many",
    "community",
    "channels",
    "channel-far",
    "channel-silent",
    "channel-storm",
];

const USAGE: &str = "\
bench [--quick] [NAME …]   measure; without a name everything. The names:
                           store-append store-steady sendmsg-http sendmsg-webhook friend-get
                           conversation-list fan-out broadcast login-tls idle-memory idle-apps words
                           push-broadcast-devices push-single tag-expression openapi-call
                           group-large live-room groups-many community
                           channels channel-far channel-silent channel-storm";

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.to_string()),
    };
    let args: Vec<String> = std::env::args().skip(1).collect();
    // On the runtime's own threads, where what blocks can say so.
    match runtime.block_on(async { runtime.spawn(execute(args)).await }) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            complain(&format!("{error}{source}"))
        }
        Err(error) => complain(&error.to_string()),
    }
}

async fn execute(args: Vec<String>) -> Outcome {
    if let [word, part] = args.as_slice()
        && word == "part"
    {
        return match part.as_str() {
            "echo" => echo::part().await,
            "fan-out" => fan_out_part::node().await,
            "receiver" => webhook::part().await,
            "fan-out-raw" => fan_out_part::raw().await,
            other => Err(format!("no part {other}").into()),
        };
    }
    let is_quick = args.iter().any(|arg| arg == "--quick");
    let effort = if is_quick { Effort::QUICK } else { Effort::FULL };
    let mut names: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--quick").collect();
    if names.iter().any(|name| !NAMES.contains(name)) {
        return Err(USAGE.into());
    }
    if names.is_empty() {
        names.extend(NAMES);
    }
    print(HEAD)?;
    for name in names {
        for figure in measure(name, &effort).await? {
            print(&figure.row())?;
        }
    }
    Ok(())
}

async fn measure(name: &str, effort: &Effort) -> Outcome<Vec<Figure>> {
    match name {
        "store-append" => store_append::run(effort).await,
        "store-steady" => store_steady::run(effort).await,
        "sendmsg-http" => sendmsg::run(effort).await,
        "friend-get" => friend_get::run(effort).await,
        "sendmsg-webhook" => webhook::run(effort).await,
        "fan-out" => fan_out::run(effort).await,
        "broadcast" => broadcast::run(effort).await,
        "login-tls" => login::run(effort).await,
        "idle-apps" => idle_apps::run(effort).await,
        "words" => words::run(effort),
        "push-broadcast-devices" => push_broadcast::run(effort).await,
        "push-single" => push_single::run(effort).await,
        "tag-expression" => tag_expression::run(effort).await,
        "openapi-call" => openapi_call::run(effort).await,
        "group-large" => group_large::run(effort).await,
        "live-room" => live_room::run(effort).await,
        "groups-many" => groups_many::run(effort).await,
        "community" => group_large::community(effort).await,
        "channels" => channels::run(effort).await,
        "channel-far" => channels::far(effort).await,
        "channel-silent" => vendor_trouble::silent(effort).await,
        "channel-storm" => vendor_trouble::storm(effort).await,
        "conversation-list" => conversation_list::run(effort).await,
        _ => idle::run(effort).await,
    }
}

fn print(line: &str) -> Outcome {
    worker::say(line)
}

#[expect(clippy::print_stderr, reason = "why a measurement failed goes to standard error")]
fn complain(text: &str) -> ExitCode {
    eprintln!("bench: {text}");
    ExitCode::FAILURE
}
