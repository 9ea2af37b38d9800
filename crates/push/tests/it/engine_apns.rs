//! From an app's own credential to Apple's room of the sandbox: settings, secrets, channel, engine, receipt.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::codes::{Apns, OfflinePush, PushCommon};
use contract::notification::{Kind, Notification, Priority};
use push::channel::Channel;
use push::channels::apns::{Apns as ApnsChannel, Settings};
use push::credential::{Apps, ChannelFactory, Credentials};
use push::engine::Request;
use rustls::RootCertStore;
use serde_json::{Value, json};
use store::apps::{App, AppSecrets, AppSettings, Credential};
use store::devices;

use crate::apns::{BUNDLE, World, machine};
use crate::bench::{APP, Bench, CREDENTIAL, is, user};

/// An app whose credential is made of the sandbox's key, with changes.
fn credentials(world: &World, settings: &[(&str, &str)]) -> Credentials {
    let text = |field: &str| world.key[field].as_str().unwrap().to_owned();
    let (url, ca, key, team) = (world.sandbox.apns_url(), world.sandbox.ca_pem().to_owned(), text("key"), text("team"));
    let own = [("topic", BUNDLE), ("key_id", &key), ("team_id", &team), ("base_url", &url), ("ca_pem", &ca)];
    let settings = own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let credential = Credential { channel: "apns".into(), settings };
    let secrets = BTreeMap::from([(CREDENTIAL, BTreeMap::from([("p8".to_owned(), text("p8"))]))]);
    let app = Arc::new(App {
        id: APP,
        version: 1,
        settings: AppSettings { credentials: BTreeMap::from([(CREDENTIAL, credential)]), ..AppSettings::default() },
        secrets: AppSecrets { credentials: secrets, ..AppSecrets::default() },
    });
    let apps: Apps = Arc::new(move |id| (id == APP).then(|| Arc::clone(&app)));
    Credentials::new(apps, Arc::new(RootCertStore::empty()), Arc::new(machine))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_own_credential_reaches_apple_and_brings_back_its_codes() {
    let world = World::new().await;
    let (bench, _) = Bench::new().await;
    let open = |settings: &[(&str, &str)]| {
        let opened = credentials(&world, settings).open(APP, "apns", CREDENTIAL);
        bench.vendors.set(APP, CREDENTIAL, opened.map(|opened| opened.channel));
    };
    open(&[]);
    bench.bind(APP, "bob", "phone", Some(&world.token)).await;
    let task = bench.push(APP, &["bob"]).await;
    assert!(is(&bench.ends(APP, task).await, PushCommon::Acked));
    assert_eq!(world.requests().len(), 1);

    bench.bind(APP, "carol", "tablet", Some("zz")).await;
    let task = bench.push(APP, &["carol"]).await;
    assert!(is(&bench.ends(APP, task).await, Apns::BadDeviceToken));
    let read = |snapshot: &mut store::Snapshot<'_>| devices::tokens_of(snapshot, &user("carol"));
    assert!(bench.store.read(APP, read).await.unwrap().is_empty(), "the token is dropped");

    open(&[("topic", "com.example.other")]);
    let task = bench.push(APP, &["bob"]).await;
    let delivery = bench.ends(APP, task).await;
    assert_eq!(delivery.status.as_ref().map(|status| status.family.as_str()), Some("apns"), "{delivery:?}");
    assert_ne!(delivery.class, 0);

    open(&[("base_url", "https://127.0.0.1:1")]);
    bench.bind(APP, "bob", "phone", Some(&world.token)).await;
    let task = bench.push(APP, &["bob"]).await;
    let waiting = bench.sees(APP, task, |delivery| delivery.attempts == 1).await;
    assert!(is(&waiting, Apns::ConnUnavailable), "{waiting:?}");
    assert_eq!(Some(waiting.class), OfflinePush::VendorUnreachable.row().number());
}

/// One situation: what is wrong with the credential, the token or the notification, and what its delivery ends with.
struct Case {
    row: Apns,
    channel: Arc<dyn Channel>,
    token: String,
    notification: Notification,
}

/// The way of most codes: a table of situations, each brought about for real and read from its delivery. The two that no
/// request of the engine can provoke (ids are UUIDs by type, what has expired is not sent) come by a fault rule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_published_status_of_apple_is_the_status_of_a_delivery() {
    let world = World::new().await;
    let (bench, _) = Bench::new().await;
    for (number, case) in cases(&world).into_iter().enumerate() {
        let (account, device) = (format!("account-{number}"), format!("device-{number}"));
        bench.vendors.set(APP, CREDENTIAL, Ok(case.channel));
        bench.bind(APP, &account, &device, Some(&case.token)).await;
        let request = Request { notification: case.notification, ..bench.request(&[&account]) };
        let task = bench.engine.push(APP, request).await.unwrap();
        let delivery = bench.sees(APP, task, |delivery| delivery.attempts > 0).await;
        assert!(is(&delivery, case.row), "{:?}: {delivery:?}", case.row.row().name);
    }
    for (row, reason) in [(Apns::BadMessageId, "BadMessageId"), (Apns::BadExpirationDate, "BadExpirationDate")] {
        bench.vendors.set(APP, CREDENTIAL, Ok(Arc::new(world.channel())));
        world.control("POST", "/faults", &json!({"room": "apns", "effect": "answer", "code": reason}));
        bench.bind(APP, reason, reason, Some(&world.token)).await;
        let task = bench.push(APP, &[reason]).await;
        let delivery = bench.ends(APP, task).await;
        assert_eq!(delivery.status, Some(push::delivery::status(row)), "{delivery:?}");
        contract::ledger::note(row.row(), contract::ledger::How::FaultRule);
    }
}

fn cases(world: &World) -> Vec<Case> {
    let good = || -> Arc<dyn Channel> { Arc::new(world.channel()) };
    let with = |settings: Settings| -> Arc<dyn Channel> { Arc::new(ApnsChannel::new(settings).unwrap()) };
    let certified = |certificate: Value| -> Arc<dyn Channel> { Arc::new(world.certified(&certificate, Some(BUNDLE))) };
    let (token, text) = (world.token.clone(), Notification { body: "hi".into(), ..Notification::default() });
    let case = |row, channel, token: &str, notification: &Notification| Case {
        row,
        channel,
        token: token.to_owned(),
        notification: notification.clone(),
    };
    world.control("POST", "/apns/apps", &json!({"bundle": "com.example.other"}));
    let other = world.phone(&json!({"bundle": "com.example.other"}));
    let gone = world.phone(&json!({"bundle": BUNDLE}));
    let state = json!({"state": "unregistered", "since_ms": 4_000_000_000_000_i64});
    world.control("PUT", &format!("/apns/devices/{gone}/state"), &state);
    let dropped = world.phone(&json!({"bundle": BUNDLE}));
    world.control("POST", "/faults", &json!({"effect": "drop", "token": dropped}));
    let narrow = json!({"bundle": "com.example.other"});
    let hasty = Notification { kind: Kind::Background, priority: Some(Priority::High), ..Notification::default() };
    let huge = Notification { body: "x".repeat(5_000), ..Notification::default() };
    vec![
        case(Apns::PayloadEmpty, good(), &token, &Notification::default()),
        case(Apns::PayloadTooLarge, good(), &token, &huge),
        case(Apns::BadTopic, with(Settings { topic: Some("no topic".into()), ..world.settings() }), &token, &text),
        case(Apns::TopicDisallowed, certified(narrow), &token, &text),
        case(Apns::BadPriority, good(), &token, &hasty),
        case(Apns::MissingDeviceToken, good(), "", &text),
        case(Apns::BadDeviceToken, good(), &"ab".repeat(32), &text),
        case(Apns::DeviceTokenNotForTopic, good(), &other, &text),
        case(Apns::Unregistered, good(), &gone, &text),
        case(
            Apns::BadCertificateEnvironment,
            certified(json!({"bundle": BUNDLE, "environment": "development"})),
            &token,
            &text,
        ),
        case(Apns::BadCertificate, certified(json!({"bundle": BUNDLE, "expires_in_ms": -5_000})), &token, &text),
        case(Apns::MissingTopic, with(Settings { topic: None, ..world.settings() }), &token, &text),
        case(Apns::ConnClosed, good(), &dropped, &text),
        case(
            Apns::ConnUnavailable,
            with(Settings { base_url: "https://127.0.0.1:1".into(), ..world.settings() }),
            &token,
            &text,
        ),
    ]
}
