//! What devices do, as webhooks tell it; and what an app says to their messages before they are sent.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use contract::Fault;
use contract::codes::Message;
use contract::frame::Command;
use contract::frame::wire::SendAnswer;
use contract::webhook::{Happening, Origin, StateChange, Via, Webhook};
use store::apps::CommandSettings;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::world::{Device, Empty, PATIENCE, Verdict, World, is_refusal, text};

/// Waits until so many events are to be told, and answers those of logins.
async fn changes(world: &World, count: usize) -> Vec<(Origin, String, StateChange, Vec<Via>)> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = world.told().await;
        let states = told.into_iter().filter_map(|(origin, happening)| match happening {
            Happening::State { account, change, kicked } => Some((origin, account.to_string(), change, kicked)),
            _ => None,
        });
        let states: Vec<_> = states.collect();
        if states.len() >= count {
            return states;
        }
        assert!(Instant::now() < deadline, "{states:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn logins_logouts_and_lost_connections_are_told_with_their_reasons() {
    let world = World::new().await;
    let phone = Origin { ip: None, via: Via::Android };
    let mut first = world.device_on("alice", "phone", 2).await;
    assert_eq!(changes(&world, 1).await, [(phone, "alice".into(), StateChange::Login, vec![])]);
    // A newer one sends the first away: only its login is told.
    let mut second = world.device_on("alice", "newer", 2).await;
    first.notice(Command::Kicked).await;
    first.ends().await;
    assert_eq!(changes(&world, 2).await[1], (phone, "alice".into(), StateChange::Login, vec![Via::Android]));
    second.call(Command::Logout, &Empty).await;
    second.ends().await;
    assert_eq!(changes(&world, 3).await[2].2, StateChange::Logout);
    drop(world.device_on("bob", "web", 3).await);
    let told = changes(&world, 5).await;
    assert_eq!(told[4], (Origin { ip: None, via: Via::Web }, "bob".into(), StateChange::LinkClose, vec![]));
    let silent = world.device_on("carol", "pad", 5).await;
    changes(&world, 6).await;
    world.desk.advance(world.settings.silence_ms + 1);
    assert_eq!(changes(&world, 7).await[6].2, StateChange::TimeOut);
    drop(silent);
    world.kick("bob").await;
    assert_eq!(changes(&world, 7).await.len(), 7);
}

#[tokio::test]
async fn an_app_says_what_becomes_of_a_message() {
    let world = World::new().await;
    world.desk.change(|app| {
        app.webhook.url = "http://example.com".into();
        app.webhook.commands.insert(Webhook::BeforeSendMsg.command().into(), CommandSettings::default());
    });
    let (mut alice, mut bob) = (world.device("alice", "phone").await, world.device("bob", "other").await);
    let say = |verdict: Verdict| *world.desk.verdict.write() = verdict;

    say(Verdict::Refuse(Fault::WebhookRefused));
    is_refusal(&alice.call(Command::Send, &text("bob", 1)).await, Message::WebhookRefused);
    let code = Message::WebhookCustom.row().number().unwrap() + 17;
    say(Verdict::Refuse(Fault::WebhookCustom { code, info: "not today".into() }));
    let refused = alice.call(Command::Send, &text("bob", 2)).await;
    assert_eq!((refused.code, refused.text.as_str()), (code, "not today"));
    say(Verdict::Drop);
    let answer: SendAnswer = alice.call(Command::Send, &text("bob", 3)).await.read().unwrap();
    assert_eq!((answer.msg_seq, answer.seq), (3, 0));
    say(Verdict::Rewrite(text("bob", 9).body.replace('9', "h***o")));
    alice.call(Command::Send, &text("bob", 4)).await;
    let notice = bob.notice(Command::Message).await;
    assert!(String::from_utf8_lossy(&notice.body).contains("h***o"), "the first that came was rewritten");
    // Nobody is asked about what the rules refuse.
    say(Verdict::Refuse(Fault::WebhookRefused));
    is_refusal(&alice.call(Command::Send, &text("nobody", 5)).await, Message::ReceiverUnknown);
}

#[tokio::test]
async fn what_a_device_does_bears_its_address_and_its_kind() {
    let world = World::new().await;
    let (near, far) = tokio::io::duplex(64 * 1024);
    let ip = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    world.hub.adopt_from(far, Some(ip));
    let mut device = Device::new(WebSocketStream::from_raw_socket(near, Role::Client, None).await);
    device.log_in("alice", &world.login("alice", "phone")).await;
    device.call(Command::Send, &text("alice", 1)).await;
    let told = world.told().await;
    assert!(told.iter().all(|(origin, _)| *origin == Origin { ip: Some(ip), via: Via::Android }), "{told:?}");
    assert!(matches!(told.last(), Some((_, Happening::Sent { .. }))), "{told:?}");
}
