//! Live activities: reported by devices, begun, changed and ended by both surfaces, over Apple's room of the sandbox.

use client::{Client, LiveActivity, Platform, PushDevice, PushOs, Settings};
use contract::codes::{MpaasPush, OpenApiClient as Code};
use serde_json::{Value, json};
use store::deliveries;

use super::mpaas;
use super::pushes::{BUNDLE, World, notice, with};
use crate::harness::APP;
use crate::raw::until;

/// A phone that is logged in and has reported an activity; answers it and the activity's token.
async fn shown(world: &World, device: &str, activity: &str, starts: bool) -> (Client, String) {
    world.im.import(&["alice"]).await;
    let made = world.sandbox.control("POST", "/apns/devices", &json!({ "bundle": BUNDLE, "live": true }));
    let token = made.expect("the sandbox obeys")["token"].as_str().expect("a token").to_owned();
    let mut settings = Settings::new(format!("ws://{}/ws", world.im.address()), APP.0 as u64, device);
    settings.platform = Platform::Iphone;
    let client = Client::new(settings).expect("a client");
    client.login("alice", &world.im.sig("alice")).await.expect("logs in");
    client.pushes().register(PushDevice { os: PushOs::Ios, ..PushDevice::default() }).await.expect("registers");
    let one = LiveActivity { name: activity.into(), token: token.clone(), starts, ..LiveActivity::default() };
    client.pushes().set_activity(&one).await.expect("is noted");
    (client, token)
}

fn aps(world: &World, token: &str, number: usize) -> Value {
    world.inbox(token)[number].clone()
}

/// What is done with an activity of one device.
fn live<'a>(event: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let all = [("iOSLiveActivityEvent", event), ("iOSLiveActivityContentState", r#"{"stops":3}"#)];
    with(&with(&notice("DEVICE", "phone"), &all), more)
}

both! {
    async fn an_activity_is_changed_and_ended_by_its_id(im: Im) {
        let world = World::new(im).await;
        let (client, token) = shown(&world, "phone", "parcel-7", false).await;
        let update = live("update", &[("iOSLiveActivityId", "parcel-7"), ("iOSLiveActivityStaleDate", "1900000000")]);
        let id = world.sent("Push", &update).await;
        world.reaches(&id, 1).await;
        let got = aps(&world, &token, 0);
        assert_eq!(got["headers"]["apns-push-type"], "liveactivity");
        assert_eq!(got["headers"]["apns-topic"], format!("{BUNDLE}.push-type.liveactivity"));
        assert_eq!(got["warnings"], json!([]), "{got}");
        let aps_of = |got: &Value| got["payload"]["aps"].clone();
        assert_eq!(aps_of(&got)["content-state"], json!({ "stops": 3 }));
        assert_eq!((&aps_of(&got)["event"], &aps_of(&got)["stale-date"]), (&json!("update"), &json!(1_900_000_000)));
        assert_eq!(aps_of(&got)["timestamp"], world.im.clock.now().secs());
        let end = live("end", &[
            ("iOSLiveActivityId", "parcel-7"), ("iOSLiveActivityDismissalDate", "1900000001"),
            ("iOSLiveActivityContentState", "<none>"),
        ]);
        let id = world.sent("Push", &end).await;
        world.reaches(&id, 1).await;
        let got = aps(&world, &token, 1);
        assert_eq!((&aps_of(&got)["event"], &aps_of(&got)["dismissal-date"]), (&json!("end"), &json!(1_900_000_001)));
        // It is over: its token is dead, and forgotten with the first push that learns it.
        let late = world.sent("Push", &update).await;
        let task: i64 = late.parse().expect("a number");
        until(async || {
            let read = world.im.node().store.read(APP, move |snapshot| deliveries::of_task(snapshot, task, -1));
            read.await.expect("read").iter().any(|one| one.ended_at.0 > 0)
        }).await;
        let name = |snapshot: &mut store::Snapshot<'_>| store::live_activities::of_name(snapshot, "parcel-7");
        until(async || world.im.node().store.read(APP, name).await.expect("read").is_none()).await;
        let range = [("StartTime", "2023-01-01T00:00:00Z"), ("EndTime", "2023-12-31T00:00:00Z"), ("PushType", "LIVE_ACTIVITY")];
        let listed = world.call("QueryPushRecords", &range).await.ok();
        assert_eq!((&listed["Total"], &listed["PushInfos"]["PushInfo"][0]["PushType"]), (&json!(3), &json!("LIVE_ACTIVITY")));
        client.logout().await.expect("logs out");
    }

    async fn an_activity_is_begun_by_the_kind_of_its_attributes(im: Im) {
        let world = World::new(im).await;
        let (_client, token) = shown(&world, "phone", "Parcel", true).await;
        let task = json!({
            "Target": { "Platform": "iOS", "Type": "DEVICE", "Value": "phone" },
            "Notification": { "Title": "On its way", "Body": "b", "Ios": { "LiveActivity": {
                "Event": "start", "AttributesType": "Parcel", "Attributes": { "number": 7 }, "ContentState": { "stops": 9 },
            } } },
        });
        let id = world.sent("PushV2", &[("PushTask", &task.to_string())]).await;
        world.reaches(&id, 1).await;
        let got = aps(&world, &token, 0);
        assert_eq!(got["warnings"], json!([]), "{got}");
        let aps = &got["payload"]["aps"];
        assert_eq!((&aps["event"], &aps["attributes-type"]), (&json!("start"), &json!("Parcel")));
        assert_eq!((&aps["attributes"], &aps["content-state"]), (&json!({ "number": 7 }), &json!({ "stops": 9 })));
        assert_eq!(aps["alert"]["title"], "On its way");
    }

    async fn what_belongs_to_an_activity_is_asked_for_and_refused_elsewhere(im: Im) {
        let world = World::new(im).await;
        let id = [("iOSLiveActivityId", "parcel-7")];
        let malformed = Code::ParameterMalformed;
        let cases = [
            (live("pause", &id), malformed, "InvalidiOSLiveActivityEvent.Format"),
            (live("update", &[]), Code::ParameterMissing, "MissingiOSLiveActivityId"),
            (live("start", &[("iOSLiveActivityAttributes", "{}")]), Code::ParameterMissing, "MissingiOSLiveActivityAttributesType"),
            (live("start", &[("iOSLiveActivityAttributesType", "P")]), Code::ParameterMissing, "MissingiOSLiveActivityAttributes"),
            (with(&live("update", &id), &[("iOSLiveActivityContentState", "<none>")]), Code::ParameterMissing, "MissingiOSLiveActivityContentState"),
            (with(&live("update", &id), &[("iOSLiveActivityContentState", "[1]")]), malformed, "InvalidiOSLiveActivityContentState.Format"),
            (with(&live("update", &id), &[("iOSLiveActivityDismissalDate", "1")]), malformed, "InvalidiOSLiveActivityDismissalDate.Format"),
            (with(&live("update", &id), &[("iOSLiveActivityStaleDate", "-1")]), malformed, "InvalidiOSLiveActivityStaleDate.Format"),
            (with(&live("update", &id), &[("TargetValue", "a,b")]), Code::ParameterSizeExceeded, "InvalidTargetValue.SizeExceed"),
            (with(&live("update", &id), &[("Target", "ALL"), ("TargetValue", "ALL")]), malformed, "InvalidTarget.Format"),
            (with(&live("update", &id), &[("DeviceType", "ALL")]), malformed, "InvalidDeviceType.Format"),
            (with(&live("update", &id), &[("PushType", "MESSAGE")]), malformed, "InvalidPushType.Format"),
            (with(&live("update", &id), &[("iOSLiveActivityEvent", "<none>")]), Code::ParameterMissing, "MissingiOSLiveActivityEvent"),
        ];
        for (params, row, code) in cases {
            world.call("Push", &params).await.fails(row, code);
        }
        let range = [("StartTime", "2023-01-01T00:00:00Z"), ("EndTime", "2023-12-31T00:00:00Z")];
        assert_eq!(world.call("QueryPushRecords", &range).await.ok()["Total"], 0, "nothing was taken on");
    }

    async fn mpaas_names_activities_by_token_and_by_id(im: Im) {
        let world = World::new(im).await;
        let caller = mpaas::caller(&world.im).await;
        let unreported = world.sandbox.control("POST", "/apns/devices", &json!({ "bundle": BUNDLE, "live": true }));
        let unreported = unreported.expect("the sandbox obeys")["token"].as_str().expect("a token").to_owned();
        let call = async |kind: &str, target: &str, more: &[(&str, &str)]| {
            let targets = json!({ target: "key" }).to_string();
            let all = [
                ("TaskName", "task"), ("DeliveryType", kind), ("ExpiredSeconds", "300"), ("TargetMsgkey", &targets),
                ("Title", "Hello"), ("Content", "World"),
            ];
            caller.call("PushSimple", &with(&all, more)).await
        };
        let update = [("ActivityEvent", "update"), ("ActivityContentState.stops", "3")];
        call("5", &unreported, &update).await.pushed();
        until(async || world.inbox(&unreported).len() == 1).await;
        let got = aps(&world, &unreported, 0);
        assert_eq!(got["payload"]["aps"]["content-state"], json!({ "stops": "3" }));
        assert_eq!(got["payload"]["aps"]["alert"], json!({ "title": "Hello", "body": "World" }));
        // One that is not reported yet is kept until it is.
        call("6", "parcel-8", &update).await.pushed();
        let (_client, token) = shown(&world, "phone", "parcel-8", false).await;
        until(async || world.inbox(&token).len() == 1).await;
        call("6", "parcel-8", &[("ActivityEvent", "end"), ("DismissalDate", "1900000000")]).await.pushed();
        until(async || world.inbox(&token).len() == 2).await;
        assert_eq!(aps(&world, &token, 1)["payload"]["aps"]["dismissal-date"], 1_900_000_000);
        for bad in [
            &[][..], &[("ActivityEvent", "start")], &[("ActivityEvent", "update")],
            &[("ActivityEvent", "update"), ("ActivityContentState", "{}"), ("DismissalDate", "1")],
        ] {
            call("6", "parcel-8", bad).await.fails(MpaasPush::ParameterInvalid);
        }
        call("2", "phone", &update).await.fails(MpaasPush::ParameterInvalid);
        let multiple = [
            ("TaskName", "task"), ("DeliveryType", "5"), ("ExpiredSeconds", "300"), ("TemplateName", "t"),
            ("TargetMsg.1.Target", "x"), ("TargetMsg.1.MsgKey", "k"),
        ];
        caller.call("PushMultiple", &multiple).await.fails(MpaasPush::DeliveryTypeInvalid);
    }
}
