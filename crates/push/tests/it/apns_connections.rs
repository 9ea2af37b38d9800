//! The channel's manners on HTTP/2: caps, GOAWAY, resets, silence, renewed provider tokens.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use push::channel::{Channel, Outgoing, Scope, Verdict};
use push::channels::apns::{Apns, Settings, Tuning, verdict};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::apns::{BUNDLE, World, machine, one};

fn batch(world: &World, count: usize) -> Vec<Outgoing> {
    let notification = world.message().notification;
    (0..count).map(|_| Outgoing { notification: notification.clone(), ..world.message() }).collect()
}

async fn accepts_all(channel: &Apns, batch: &[Outgoing]) {
    let answers = channel.deliver(batch).await;
    let other: Vec<_> = answers.iter().filter(|answer| answer.verdict != Verdict::Accepted).collect();
    assert!(
        other.is_empty() && answers.len() == batch.len(),
        "{} of {}: {:?}",
        other.len(),
        batch.len(),
        other.first()
    );
}

fn connections(requests: &[Value]) -> BTreeSet<u64> {
    requests.iter().map(|request| request["connection"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_goes_over_one_connection_while_its_cap_holds() {
    let world = World::new().await;
    let channel = world.channel();
    accepts_all(&channel, &batch(&world, 500)).await;
    let requests = world.requests();
    assert_eq!((requests.len(), connections(&requests).len()), (500, 1));
}

#[tokio::test]
async fn a_cap_that_falls_is_obeyed_and_no_message_is_lost() {
    let world = World::new().await;
    let channel =
        Apns::new(Settings { tuning: Tuning { connections_max: 1, ..world.settings().tuning }, ..world.settings() })
            .unwrap();
    world.control("POST", "/faults", &json!({"effect": "stream_cap", "streams": 3}));
    accepts_all(&channel, &batch(&world, 60)).await;
    world.control("POST", "/faults", &json!({"effect": "stream_cap", "streams": 1}));
    accepts_all(&channel, &batch(&world, 20)).await;
    assert_eq!(connections(&world.requests()).len(), 1);
}

#[tokio::test]
async fn full_connections_get_company_up_to_the_bound() {
    let world = World::new().await;
    let tuning = Tuning { connections_max: 2, ..world.settings().tuning };
    let channel = Apns::new(Settings { tuning, ..world.settings() }).unwrap();
    // Each connection learns a cap of two from its first answer; slow answers keep them full.
    world.control("POST", "/faults", &json!({"effect": "delay", "ms": 20, "count": 0}));
    world.control("POST", "/faults", &json!({"effect": "stream_cap", "streams": 2, "count": 0}));
    accepts_all(&channel, &batch(&world, 40)).await;
    assert_eq!(connections(&world.requests()).len(), 2);
}

#[tokio::test]
async fn go_away_loses_nothing_and_refused_streams_go_to_another_connection() {
    let world = World::new().await;
    let channel = world.channel();
    accepts_all(&channel, &batch(&world, 1)).await;
    let marked = world.phone(&json!({"bundle": BUNDLE}));
    world.control("POST", "/faults", &json!({"token": marked, "effect": "go_away"}));
    let mut messages = batch(&world, 300);
    messages[150].token.clone_from(&marked);
    accepts_all(&channel, &messages).await;
    let requests = world.requests();
    let accepted: Vec<&str> = requests
        .iter()
        .filter(|request| request["status"] == 200)
        .map(|request| request["headers"]["apns-id"].as_str().unwrap())
        .collect();
    let distinct: BTreeSet<&str> = accepted.iter().copied().collect();
    assert_eq!((accepted.len(), distinct.len()), (301, 301), "every message once");
    assert!(connections(&world.requests()).len() >= 2);
}

#[tokio::test]
async fn go_away_before_the_first_answer_is_no_failure() {
    let world = World::new().await;
    world.control("POST", "/faults", &json!({"effect": "go_away"}));
    accepts_all(&world.channel(), &batch(&world, 5)).await;
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_and_a_cancelled_one_is_not() {
    let world = World::new().await;
    let channel = world.channel();
    world.control("POST", "/faults", &json!({"effect": "reset", "code": 7, "count": 3}));
    accepts_all(&channel, &batch(&world, 10)).await;
    world.control("POST", "/faults", &json!({"effect": "reset", "code": 8}));
    let answer = one(&channel, &world.message()).await;
    assert_eq!(answer.verdict.status(), Some(verdict::CONN_CLOSED), "{answer:?}");
}

#[tokio::test]
async fn a_peer_that_refuses_for_ever_is_given_up() {
    let world = World::new().await;
    world.control("POST", "/faults", &json!({"effect": "reset", "code": 7, "count": 0}));
    let answer = one(&world.channel(), &world.message()).await;
    assert_eq!(answer.verdict.status(), Some(verdict::CONN_UNAVAILABLE));
    assert_eq!(world.requests().len(), 6);
}

#[tokio::test]
async fn a_peer_that_hangs_up_on_everybody_meets_no_storm() {
    let world = World::new().await;
    let tuning = Tuning { pause_min: Duration::from_mins(1), pause_max: Duration::from_mins(1), ..Tuning::default() };
    let channel = Apns::new(Settings { tuning, ..world.settings() }).unwrap();
    world.control("POST", "/faults", &json!({"effect": "drop", "count": 0}));
    for _ in 0..20 {
        let status = one(&channel, &world.message()).await.verdict.status();
        assert!([Some(verdict::CONN_CLOSED), Some(verdict::CONN_UNAVAILABLE)].contains(&status));
    }
    // Two may be bad luck; the third begins a pause.
    assert_eq!(connections(&world.requests()).len(), 3);
}

#[tokio::test]
async fn silence_ends_by_our_reset_and_frees_the_stream() {
    let world = World::new().await;
    let tuning = Tuning { answer: Duration::from_secs(1), connections_max: 1, ..Tuning::default() };
    let channel = Apns::new(Settings { tuning, ..world.settings() }).unwrap();
    world.control("POST", "/faults", &json!({"effect": "silence"}));
    let answer = one(&channel, &world.message()).await;
    assert_eq!(answer.verdict, Verdict::Later { status: verdict::CONN_CLOSED, scope: Scope::Node, after_ms: None });
    // The cap is still one: only a freed stream lets the next message through.
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted);
    assert_eq!(connections(&world.requests()).len(), 1);
}

/// A middlebox: passes bytes until it is told to forget the connections that it has, and then says nothing.
struct Middlebox {
    url: String,
    forget: tokio::sync::watch::Sender<bool>,
    _tasks: tokio::task::JoinSet<()>,
}

impl Middlebox {
    async fn before(world: &World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let target = world.sandbox.apns_url().trim_start_matches("https://").to_owned();
        let (forget, forgotten) = tokio::sync::watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let mut pipes = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = tokio::net::TcpStream::connect(&target).await.unwrap();
                // Only connections from before the moment are forgotten.
                let forgotten = (!*forgotten.borrow()).then(|| forgotten.clone());
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                pipes.spawn(pass(from_client, to_server, forgotten.clone()));
                pipes.spawn(pass(from_server, to_client, forgotten));
            }
        });
        Self { url, forget, _tasks: tasks }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, forgotten: Option<tokio::sync::watch::Receiver<bool>>) {
    let mut bytes = vec![0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let is_forgotten = forgotten.as_ref().is_some_and(|forgotten| *forgotten.borrow());
        if !is_forgotten && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Sends until a message is accepted; what was sent before is not lost, only unknown.
async fn recovers(channel: &Apns, world: &World) {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while one(channel, &world.message()).await.verdict != Verdict::Accepted {
        assert!(tokio::time::Instant::now() < until, "the silent connection is still in use");
    }
    assert_eq!(connections(&world.requests()).len(), 2);
}

#[tokio::test]
async fn an_idle_connection_that_fell_silent_is_replaced() {
    let world = World::new().await;
    let middle = Middlebox::before(&world).await;
    let tuning = Tuning { ping: Duration::from_millis(50), pong: Duration::from_millis(200), ..Tuning::default() };
    let channel = Apns::new(Settings { base_url: middle.url.clone(), tuning, ..world.settings() }).unwrap();
    accepts_all(&channel, &batch(&world, 1)).await;
    middle.forget.send_replace(true);
    recovers(&channel, &world).await;
}

#[tokio::test]
async fn a_late_answer_casts_doubt_on_the_connection_at_once() {
    let world = World::new().await;
    let middle = Middlebox::before(&world).await;
    let tuning = Tuning {
        answer: Duration::from_millis(300),
        // Nobody waits an hour for the regular ping.
        ping: Duration::from_hours(1),
        pong: Duration::from_millis(100),
        ..Tuning::default()
    };
    let channel = Apns::new(Settings { base_url: middle.url.clone(), tuning, ..world.settings() }).unwrap();
    accepts_all(&channel, &batch(&world, 1)).await;
    middle.forget.send_replace(true);
    recovers(&channel, &world).await;
}

#[tokio::test]
async fn a_provider_token_is_renewed_in_time_on_the_same_connection() {
    let world = World::new().await;
    let channel = world.channel();
    for minutes in (0..600).step_by(5) {
        world.offset_ms.store(minutes * 60_000, Ordering::Relaxed);
        world.control("PUT", "/clock", &json!({"offset_ms": minutes * 60_000}));
        assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted, "at {minutes} min");
    }
    assert_eq!(connections(&world.requests()).len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_slow_by_hours_is_the_credentials_trouble() {
    let world = World::new().await;
    world.offset_ms.store(-3 * 3_600_000, Ordering::Relaxed);
    let answer = one(&world.channel(), &world.message()).await;
    assert_eq!(answer.verdict, Verdict::Refused { status: verdict::BAD_CERTIFICATE, scope: Scope::App });
    assert_eq!(answer.said.text, "ExpiredProviderToken");
}

#[tokio::test]
async fn an_expired_provider_token_is_given_up_once_and_then_blamed_on_the_clock() {
    let world = World::new().await;
    // Both clocks begin a minute into a half hour, so that the token keeps its time of issue for a while.
    let half_hour = 30 * 60_000;
    let begin = half_hour - machine().0.rem_euclid(half_hour) + 60_000;
    let set = |ours: i64, theirs: i64| {
        world.offset_ms.store(begin + ours * 60_000, Ordering::Relaxed);
        world.control("PUT", "/clock", &json!({"offset_ms": begin + theirs * 60_000}));
    };
    set(0, 0);
    let channel = world.channel();
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted);
    set(21, 61);
    let later = Verdict::Later { status: verdict::BAD_CERTIFICATE, scope: Scope::App, after_ms: Some(0) };
    assert_eq!(one(&channel, &world.message()).await.verdict, later);
    let refused = Verdict::Refused { status: verdict::BAD_CERTIFICATE, scope: Scope::App };
    assert_eq!(one(&channel, &world.message()).await.verdict, refused);
    set(31, 61);
    let status = one(&channel, &world.message()).await.verdict.status();
    assert_eq!(status, Some(verdict::BAD_CERTIFICATE), "a token made ten minutes ago stays in use");
}

#[tokio::test]
async fn a_spent_connection_is_left() {
    let world = World::new().await;
    let channel = world.channel();
    let rule = json!({"effect": "answer", "status": 429, "reason": "TooManyProviderTokenUpdates"});
    world.control("POST", "/faults", &rule);
    let answer = one(&channel, &world.message()).await;
    assert!(matches!(answer.verdict, Verdict::Later { scope: Scope::Node, .. }), "{answer:?}");
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted);
    assert_eq!(connections(&world.requests()).len(), 2);
}

#[tokio::test]
async fn a_closed_channel_sends_nothing_and_has_no_tasks() {
    let world = World::new().await;
    let channel = world.channel();
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted);
    channel.close().await;
    let answer = one(&channel, &world.message()).await;
    assert_eq!(answer.verdict.status(), Some(verdict::CONN_UNAVAILABLE));
    assert_eq!(world.requests().len(), 1);
}
