//! From an app's own credential to Apple's room of the sandbox: settings, secrets, channel, engine, receipt.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::codes::{Apns, OfflinePush, PushCommon};
use push::credential::{Apps, ChannelFactory, Credentials};
use rustls::RootCertStore;
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
