//! Which of Apple's services a push goes to: the one that its caller names, as far as the app has a credential for it.

use std::collections::BTreeMap;

use contract::DeviceId;
use contract::codes::Apns;
use contract::ledger::{How, note};
use serde_json::{Value, json};
use store::apps::Credential;
use store::deliveries::{self, Delivery};
use store::devices;

use super::pushes::{BUNDLE, CREDENTIAL, World, notice, with};
use crate::harness::APP;
use crate::raw::until;

/// Waits until the push is over for its only device.
async fn ended(world: &World, id: &str) -> Delivery {
    let task = id.parse().expect("a number");
    let read = async || {
        let all = world.im.node().store.read(APP, move |snapshot| deliveries::of_task(snapshot, task, -1));
        all.await.expect("read").into_iter().find(|one| one.ended_at.0 > 0)
    };
    until(async || read().await.is_some()).await;
    read().await.expect("it was there")
}

async fn has_token(world: &World, device: &str) -> bool {
    let device = DeviceId::trusted(device);
    let read = world.im.node().store.read(APP, move |snapshot| store::bindings::tokens_of_device(snapshot, &device));
    !read.await.expect("read").is_empty()
}

/// Splits the app's credential into one for each service.
async fn split(world: &World) {
    let (production, development) = (world.sandbox.apns_url(), world.sandbox.apns_development_url());
    world
        .im
        .app(|all, secrets| {
            let known = all.credentials[&CREDENTIAL].clone();
            let secret = secrets.credentials[&CREDENTIAL].clone();
            for (id, environment, url) in [(1, "production", &production), (2, "development", &development)] {
                let mut settings: BTreeMap<String, String> = known.settings.clone();
                settings.remove("development_url");
                settings.insert("environment".into(), environment.into());
                settings.insert("base_url".into(), url.clone());
                all.credentials.insert(id, Credential { channel: "apns".into(), settings });
                secrets.credentials.insert(id, secret.clone());
            }
        })
        .await;
}

fn tried() -> Value {
    json!({ "bundle": BUNDLE, "environment": "development" })
}

both! {
    async fn a_key_serves_both_services_and_a_token_of_the_other_one_stays(im: Im) {
        let world = World::new(im).await;
        let everybodys = world.phone("phone").await;
        let trial = world.phone_of("trial", tried(), CREDENTIAL).await;
        let dev = [("iOSApnsEnv", "DEV")];
        for (device, change) in [("phone", &[][..]), ("trial", &dev[..])] {
            let id = world.sent("Push", &with(&notice("DEVICE", device), change)).await;
            world.reaches(&id, 1).await;
        }
        assert_eq!([&everybodys, &trial].map(|token| world.inbox(token).len()), [1, 1]);
        for (device, change) in [("phone", &dev[..]), ("trial", &[][..])] {
            let id = world.sent("Push", &with(&notice("DEVICE", device), change)).await;
            let status = ended(&world, &id).await.status.expect("a status");
            assert_eq!(Some(status.number), Apns::BadDeviceToken.row().number(), "{device}");
            assert!(has_token(&world, device).await, "the other service knows the token of {device}");
        }
        let short = [("Target", "DEVICE"), ("TargetValue", "trial"), ("Body", "b"), ("ApnsEnv", "DEV")];
        let id = world.sent("PushNoticeToiOS", &short).await;
        world.reaches(&id, 1).await;
        let certificates = world.call("CheckCertificate", &[]).await.ok();
        let statuses = ["ProductionCertInfo", "DevelopmentCertInfo"].map(|name| certificates[name]["Status"].clone());
        assert_eq!(statuses, [json!("OK"), json!("OK")]);
    }

    async fn two_credentials_stand_for_one_where_tokens_name_none(im: Im) {
        let world = World::new(im).await;
        split(&world).await;
        let everybodys = world.phone_of("phone", json!({ "bundle": BUNDLE }), 0).await;
        let trial = world.phone_of("trial", tried(), 0).await;
        let id = world.sent("Push", &notice("DEVICE", "phone")).await;
        world.reaches(&id, 1).await;
        let id = world.sent("Push", &with(&notice("DEVICE", "trial"), &[("iOSApnsEnv", "DEV")])).await;
        world.reaches(&id, 1).await;
        assert_eq!([&everybodys, &trial].map(|token| world.inbox(token).len()), [1, 1]);
    }

    async fn a_credential_of_one_service_is_not_shown_to_the_other(im: Im) {
        let world = World::new(im).await;
        split(&world).await;
        let token = world.phone_of("trial", tried(), 2).await;
        let id = world.sent("Push", &notice("DEVICE", "trial")).await;
        let status = ended(&world, &id).await.status.expect("a status");
        assert_eq!(Some(status.number), Apns::BadCertificateEnvironment.row().number());
        note(Apns::BadCertificateEnvironment.row(), How::Delivery);
        assert!(has_token(&world, "trial").await && world.inbox(&token).is_empty());
        let id = world.sent("Push", &with(&notice("DEVICE", "trial"), &[("iOSApnsEnv", "DEV")])).await;
        world.reaches(&id, 1).await;
        let device = DeviceId::trusted("trial");
        let drop = move |tx: &mut store::Tx<'_>| devices::remove_token(tx, &contract::UserId::trusted("nobody"), &device, "apns");
        world.im.node().store.write(APP, drop).await.expect("written");
    }
}
