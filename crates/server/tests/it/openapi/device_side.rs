//! What a device does for itself over its connection, and how the OpenAPI sees it then.

use client::{Client, Error, Event, Platform, PushDevice, PushOs, Settings, Tagged};
use contract::codes::{Message, OpenApiClient as Code};
use contract::ledger::{How, note};
use serde_json::json;

use super::{device as name, with_key};
use crate::harness::{APP, Im};

async fn log_in(im: &Im, account: &str, device: &str) -> Client {
    let mut settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, device);
    settings.platform = Platform::Android;
    let client = Client::new(settings).expect("a client");
    client.login(account, &im.sig(account)).await.expect("logs in");
    client
}

/// Checks that a call was refused by the gateway for a field.
#[track_caller]
fn is_refused(outcome: Result<(), Error>) {
    let row = Message::FieldInvalid.row();
    match outcome {
        Err(Error::Refused { code, .. }) => assert_eq!(Some(code), row.number()),
        other => panic!("not refused: {other:?}"),
    }
    note(row, How::Sdk);
}

both! {
    async fn a_device_registers_and_is_found_by_everything_that_it_binds(im: Im) {
        let signer = with_key(&im).await;
        im.import(&["alice"]).await;
        let id = name(1);
        let client = log_in(&im, "alice", &id).await;
        let pushes = client.pushes();
        assert!(!pushes.state().await.expect("a state").registered);
        let device = PushDevice { os: PushOs::Harmony, brand: "Example".into(), ..PushDevice::default() };
        pushes.register(device).await.expect("registers");
        pushes.add_aliases(&["one", "two"]).await.expect("binds");
        pushes.add_tags(&Tagged::Device, &["d"]).await.expect("binds");
        pushes.add_tags(&Tagged::Account, &["a"]).await.expect("binds");
        pushes.add_tags(&Tagged::Alias("one".into()), &["l"]).await.expect("binds");
        pushes.set_phone(Some("+8613800000000")).await.expect("binds");
        pushes.set_muted(true).await.expect("sets");
        let state = pushes.state().await.expect("a state");
        assert_eq!((state.device.as_str(), state.account.as_str(), state.registered), (&*id, "alice", true));
        assert_eq!((state.aliases, state.tags, state.muted), (vec!["one".into(), "two".into()], vec!["d".into()], true));
        let shown = signer.call(&im, "QueryDeviceInfo", &[("DeviceId", &id)]).await.ok();
        let shown = &shown["DeviceInfo"];
        assert_eq!((&shown["DeviceType"], &shown["Account"]), (&json!("HARMONY"), &json!("alice")));
        assert_eq!((&shown["Online"], &shown["PushEnabled"]), (&json!(true), &json!(false)));
        assert_eq!((&shown["Alias"], &shown["Tags"]), (&json!("one,two"), &json!("d")));
        assert_eq!(shown["PhoneNumber"], "+8613800000000");
        for (kind, key, tag) in [("ACCOUNT", "alice", "a"), ("ALIAS", "one", "l")] {
            let found = signer.call(&im, "QueryTags", &[("ClientKey", key), ("KeyType", kind)]).await.ok();
            assert_eq!(found["TagInfos"], json!({ "TagInfo": [{ "TagName": tag }] }));
        }
        // What a back end binds, the device sees.
        signer.call(&im, "UnbindAlias", &[("DeviceId", &id), ("AliasName", "two")]).await.ok();
        assert_eq!(pushes.state().await.expect("a state").aliases, ["one"]);
        pushes.remove_tags(&Tagged::Device, &["d"]).await.expect("unbinds");
        assert_eq!(pushes.tags(&Tagged::Device).await.expect("tags"), Vec::<String>::new());
        pushes.clear_aliases().await.expect("unbinds");
        pushes.set_phone(None).await.expect("unbinds");
        assert_eq!(pushes.state().await.expect("a state").phone, "");
        client.shutdown().await;
    }

    async fn who_logs_out_is_nobodys_device_and_who_withdraws_is_none(im: Im) {
        let signer = with_key(&im).await;
        im.import(&["alice"]).await;
        let id = name(1);
        let client = log_in(&im, "alice", &id).await;
        client.pushes().register(PushDevice::default()).await.expect("registers");
        let of_alice = async || {
            signer.call(&im, "QueryDevicesByAccount", &[("Account", "alice")]).await.ok()["DeviceIds"]["DeviceId"].clone()
        };
        assert_eq!(of_alice().await, json!([id]));
        client.logout().await.expect("logs out");
        assert_eq!(of_alice().await, json!([]));
        let checked = signer.call(&im, "CheckDevice", &[("DeviceId", &id)]).await.ok();
        assert_eq!(checked["Available"], true, "it is still registered");
        client.login("alice", &im.sig("alice")).await.expect("logs in");
        assert_eq!(of_alice().await, json!([id]));
        client.pushes().withdraw().await.expect("withdraws");
        client.logout().await.expect("logs out");
        let checked = signer.call(&im, "CheckDevice", &[("DeviceId", &id)]).await.ok();
        assert_eq!(checked["Available"], false);
        client.shutdown().await;
    }

    async fn what_a_device_may_not_bind_is_refused(im: Im) {
        let signer = with_key(&im).await;
        im.import(&["alice"]).await;
        let client = log_in(&im, "alice", &name(1)).await;
        let pushes = client.pushes();
        is_refused(pushes.add_aliases(&[&"a".repeat(129)]).await);
        is_refused(pushes.add_aliases(&["a,b"]).await);
        is_refused(pushes.add_aliases(&[" "]).await);
        is_refused(pushes.add_aliases(&["a\0b"]).await);
        is_refused(pushes.add_tags(&Tagged::Device, &["a\0b"]).await);
        is_refused(pushes.register(PushDevice { os: PushOs::Android, brand: "a\0b".into(), ..PushDevice::default() }).await);
        is_refused(pushes.remove_aliases(&["never"]).await);
        is_refused(pushes.add_tags(&Tagged::Device, &[&"标".repeat(129)]).await);
        is_refused(pushes.remove_tags(&Tagged::Device, &["never"]).await);
        is_refused(pushes.add_tags(&Tagged::Alias("somebody's".into()), &["t"]).await);
        is_refused(pushes.set_phone(Some("call me")).await);
        is_refused(pushes.set_phone(Some(&"1".repeat(21))).await);
        assert!(matches!(pushes.add_aliases(&[]).await, Err(Error::InvalidArgument(_))));
        assert!(matches!(pushes.report_opened(b"short").await, Err(Error::InvalidArgument(_))));
        assert_eq!(signer.call(&im, "ListTags", &[]).await.ok()["TagInfos"], json!({ "TagInfo": [] }));
        let reply = signer.call(&im, "QueryDevicesByAlias", &[("Alias", &"a".repeat(129))]).await;
        reply.fails(Code::ParameterBytesExceeded, "InvalidAlias.BytesExceed");
        client.shutdown().await;
    }

    async fn what_a_user_did_with_a_push_is_counted_once(im: Im) {
        let signer = with_key(&im).await;
        im.import(&["alice"]).await;
        let id = name(1);
        let client = log_in(&im, "alice", &id).await;
        let mut events = client.events().expect("the events are taken once");
        client.set_push_token("noroshi", "", 0).await.expect("our own channel");
        client.pushes().register(PushDevice { os: PushOs::Android, ..PushDevice::default() }).await.expect("registers");
        let pushed = signer.call(&im, "Push", &[("Target", "DEVICE"), ("TargetValue", &id), ("DeviceType", "ANDROID"),
            ("PushType", "NOTICE"), ("Title", "news"), ("Body", "it rains")]).await.ok();
        let message = pushed["MessageId"].as_str().expect("an id").to_owned();
        let wait = async {
            loop {
                match events.next().await {
                    Some(Event::Pushed(push)) => return push,
                    Some(_) => {}
                    None => panic!("the client ended"),
                }
            }
        };
        let push = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("it is pushed");
        assert_eq!((push.title.as_str(), push.body.as_str()), ("news", "it rains"));
        for _ in 0..2 {
            client.pushes().report_opened(&push.id).await.expect("reports");
        }
        client.pushes().report_ignored(&push.id).await.expect("reports");
        let counted = signer.call(&im, "QueryPushStatByMsg", &[("MessageId", &message)]).await.ok();
        let counted = &counted["PushStats"]["PushStat"][0];
        assert_eq!((&counted["OpenedCount"], &counted["DeletedCount"]), (&json!(1), &json!(1)), "{counted}");
        // Nobody reports for another device.
        im.import(&["mallory"]).await;
        let other = log_in(&im, "mallory", &name(2)).await;
        is_refused(other.pushes().report_opened(&push.id).await);
        other.shutdown().await;
        client.shutdown().await;
    }
}
