//! Each common status by its situation, and where notifications of messages go.

use std::sync::Arc;

use contract::codes::{OfflinePush, PushCommon};
use contract::notification::Badge;
use contract::{ConversationId, Fault, Millis, Seq};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use push::channel::{Answer, Channel, Limits, Outgoing};
use push::credential::Trouble;
use push::engine::{Audience, Request};
use store::append::{Draft, DraftKind};
use store::deliveries::{self, Waits};
use store::{accounts, devices};

use crate::bench::{APP, Bench, CREDENTIAL, HOUR, device, is, until, user};

#[tokio::test]
async fn a_connected_device_acknowledges() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    bench.connect(APP, "bob", "phone").await;
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked), "{delivery:?}");
    assert_eq!((delivery.lane.as_str(), delivery.attempts), (deliveries::SELF_LANE, 1));
    assert_eq!(bench.connections.got.lock().len(), 1);
    assert!(vendor.seen().is_empty(), "one notification is enough");
}

#[tokio::test]
async fn a_device_that_is_away_gets_it_from_its_vendor() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked), "{delivery:?}");
    assert_eq!((delivery.lane.as_str(), delivery.device), ("vendor:7", Some(device("phone"))));
    let seen = vendor.seen();
    assert_eq!((seen.len(), seen[0].token.as_str(), seen[0].notification.title.as_str()), (1, "token", "t"));
    assert_eq!(seen[0].id, push::delivery::id(task, 0));
}

#[tokio::test]
async fn a_device_that_is_away_and_has_no_vendor_ends_offline_unless_it_is_kept_for() {
    let (bench, _) = Bench::new().await;
    bench.bind(APP, "bob", "phone", None).await;
    let task = bench.push(APP, &["bob"]).await;
    assert!(is(&bench.ends(APP, task).await, PushCommon::DeviceNotOnlineOrNoResponse));

    let kept = Request { store_offline: true, ..bench.request(&["bob"]) };
    let task = bench.engine.push(APP, kept).await.unwrap();
    let waiting = bench.sees(APP, task, |delivery| delivery.waits == Waits::Connection).await;
    assert!(is(&waiting, PushCommon::DeviceNotOnlineOrNoResponse));
    assert_eq!(waiting.ended_at, Millis(0));
    bench.connect(APP, "bob", "phone").await;
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::Acked));
    assert_eq!(delivery.attempts, 2);
}

#[tokio::test]
async fn a_device_that_never_acknowledges_is_tried_again_at_each_connect_until_the_expiry() {
    let (bench, _) = Bench::new().await;
    bench.connect(APP, "bob", "phone").await;
    bench.connections.silent.lock().insert(device("phone"));
    let task = bench.engine.push(APP, Request { store_offline: true, ..bench.request(&["bob"]) }).await.unwrap();
    for attempts in 1..=3 {
        let expected =
            |delivery: &deliveries::Delivery| delivery.waits == Waits::Connection && delivery.attempts == attempts;
        let waiting = bench.sees(APP, task, expected).await;
        assert!(is(&waiting, PushCommon::DeviceNotOnlineOrNoResponse));
        if attempts < 3 {
            bench.connect(APP, "bob", "phone").await;
        }
    }
    bench.advance(HOUR);
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::DeviceNotOnlineOrNoResponse));
    assert_eq!(delivery.attempts, 3, "what has expired is not sent");
}

#[tokio::test]
async fn an_account_without_a_binding_waits_for_one() {
    let (bench, vendor) = Bench::new().await;
    let task = bench.push(APP, &["bob"]).await;
    let waiting = bench.sees(APP, task, |delivery| delivery.waits == Waits::Binding).await;
    assert!(is(&waiting, PushCommon::NoBindInfo));
    bench.bind(APP, "bob", "phone", Some("token")).await;
    assert_eq!(bench.engine.account_bound(APP, &user("bob")).await, Ok(1));
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_never_bound_ends_without_a_binding_when_the_push_expires() {
    let (bench, _) = Bench::new().await;
    let task = bench.push(APP, &["bob"]).await;
    bench.sees(APP, task, |delivery| delivery.waits == Waits::Binding).await;
    bench.advance(HOUR);
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::NoBindInfo));
    bench.bind(APP, "bob", "phone", Some("token")).await;
    assert_eq!(bench.engine.account_bound(APP, &user("bob")).await, Ok(0));
}

#[tokio::test]
async fn a_held_push_waits_for_its_release() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let held = Request { hold: true, ..bench.request(&["bob"]) };
    let task = bench.engine.push(APP, held.clone()).await.unwrap();
    let other = bench.push(APP, &["bob"]).await;
    bench.ends(APP, other).await;
    let waiting = bench.sees(APP, task, |delivery| delivery.waits == Waits::Release).await;
    assert!(is(&waiting, PushCommon::WaitingForVerify));
    assert_eq!(bench.engine.release(APP, task).await, Ok(1));
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    assert_eq!(vendor.seen().len(), 2);

    let task = bench.engine.push(APP, held).await.unwrap();
    bench.advance(HOUR);
    assert!(is(&bench.ends(APP, task).await, PushCommon::WaitingForVerify), "held to its end");
    assert_eq!(bench.engine.release(APP, task).await, Ok(0));
}

/// A vendor that takes the request and never says what became of it.
struct Speechless;

impl Channel for Speechless {
    fn limits(&self) -> Limits {
        Limits { batch_max: 10, payload_bytes_max: 4_096, can_add_badge: false }
    }

    fn deliver<'a>(&'a self, _: &'a [Outgoing]) -> BoxFuture<'a, Vec<Answer>> {
        std::future::ready(Vec::new()).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_is_called_so_and_not_repeated() {
    let (bench, _) = Bench::new().await;
    bench.vendors.set(APP, CREDENTIAL, Ok(Arc::new(Speechless)));
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert!(is(&delivery, PushCommon::NONE), "{delivery:?}");
    assert_eq!((delivery.attempts, delivery.said.is_local), (1, true));
}

#[tokio::test]
async fn a_missing_credential_and_an_unusable_one_end_in_their_own_classes() {
    let (bench, _) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    for (trouble, class) in [
        (Trouble::Unknown, OfflinePush::TokenInvalid),
        (Trouble::Invalid("the key is damaged".into()), OfflinePush::CredentialInvalid),
    ] {
        bench.vendors.set(APP, CREDENTIAL, Err(trouble));
        let task = bench.push(APP, &["bob"]).await;
        let delivery = bench.ends(APP, task).await;
        assert!(is(&delivery, PushCommon::NONE));
        assert_eq!(Some(delivery.class), class.row().number());
        assert_eq!(delivery.attempts, 0, "nothing was sent");
        assert!(!delivery.said.text.is_empty());
    }
}

#[tokio::test]
async fn a_device_is_a_target_of_its_own_and_is_named_once() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", Some("token")).await;
    let audience = Audience::Devices(vec![device("phone"), device("phone")]);
    let task = bench.engine.push(APP, Request { audience, ..bench.request(&[]) }).await.unwrap();
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    assert_eq!(vendor.seen().len(), 1);
    let nobody = bench.engine.push(APP, bench.request(&[])).await;
    assert!(matches!(nobody, Err(contract::Error::Fault(Fault::BatchSizeInvalid { .. }))));
}

#[tokio::test]
async fn a_device_that_logged_out_meanwhile_gets_nothing() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "bob", "phone", None).await;
    let task = bench.engine.push(APP, Request { store_offline: true, ..bench.request(&["bob"]) }).await.unwrap();
    bench.sees(APP, task, |delivery| delivery.waits == Waits::Connection).await;
    let now = bench.now();
    bench.store.write(APP, move |tx| devices::log_out(tx, now, &device("phone"))).await.unwrap();
    bench.engine.device_connected(APP, &device("phone")).await.unwrap();
    assert!(is(&bench.ends(APP, task).await, PushCommon::NoBindInfo));
    assert!(vendor.seen().is_empty() && bench.connections.got.lock().is_empty());
}

async fn send(bench: &Bench, random: u32) -> Seq {
    let body = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]"#;
    let info = serde_json::json!({"Ext": "x", "ApnsInfo": {"Sound": "ding.caf"}});
    let parsed = serde_json::from_str(body).unwrap();
    let draft = Draft {
        sender: user("alice"),
        receiver: user("bob"),
        group: None,
        msg_seq: None,
        msg_random: random,
        at: bench.now(),
        kind: DraftKind::Live,
        body: body.into(),
        cloud: String::new(),
        flags: 0,
        expires_at: bench.now().plus(HOUR),
        push: push::chat::notice(&user("alice"), &parsed, Some(&info)),
        origin: None,
        is_admin: false,
        friends_only: false,
        told: None,
    };
    let seq = bench.store.send(APP, draft).await.unwrap().seq;
    bench.engine.announced(APP, &[contract::event::Event::DeliveryQueued]);
    seq
}

#[tokio::test]
async fn a_message_is_announced_to_the_devices_that_are_away_and_to_no_other() {
    let (bench, vendor) = Bench::new().await;
    bench.bind(APP, "alice", "tablet", None).await;
    bench.bind(APP, "bob", "phone", Some("phone-token")).await;
    bench.bind(APP, "bob", "desk", Some("desk-token")).await;
    bench.connect(APP, "bob", "desk").await;
    bench.store.write(APP, |tx| accounts::set_profile(tx, &user("alice"), Some("Al"), None)).await.unwrap();
    let conversation = ConversationId::pair(&user("alice"), &user("bob"));
    for count in 1..=2 {
        let seq = send(&bench, count).await;
        let of_message = async || {
            let read = move |snapshot: &mut store::Snapshot<'_>| deliveries::of_message(snapshot, conversation, seq);
            bench.store.read(APP, read).await.unwrap()
        };
        until("the delivery ends", async || of_message().await.iter().any(|delivery| delivery.ended_at.0 != 0)).await;
        let found = of_message().await;
        assert_eq!(found.len(), 1);
        assert!(is(&found[0], PushCommon::Acked));
        assert_eq!(found[0].device, Some(device("phone")));
        let seen = vendor.seen();
        assert_eq!(seen.len(), count as usize);
        let shown = &seen[count as usize - 1].notification;
        assert_eq!((shown.title.as_str(), shown.body.as_str()), ("Al", "hi"));
        assert_eq!((shown.ext.as_deref(), shown.sound.as_deref()), (Some("x"), Some("ding.caf")));
        assert_eq!(shown.badge, Some(Badge::Set(count)), "messages are counted while the device is away");
    }
    assert!(bench.connections.got.lock().is_empty(), "a connected device has the message itself");
}
