//! Pushes that go out: to a phone by its vendor, to users that are bound later, in batches, to all, and back.

use std::time::Duration;

use contract::codes::{MpaasPush as Code, PushCommon, Row};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use store::deliveries::{self, Delivery};
use store::tasks;
use tokio::time::Instant;

use super::{Caller, caller};
use crate::harness::{APP, Im};
use crate::phones::{self, Access};

const PATIENCE: Duration = Duration::from_secs(20);
const BUNDLE: &str = "com.example.app";

/// Apple's room, and an app that has a credential for it. Its clock stands where the node's does.
pub(super) async fn apple(im: &Im) -> Sandbox {
    let sandbox = Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts");
    let control = |method: &str, path: &str, body: Value| sandbox.control(method, path, &body).expect("it does so");
    let machine = control("PUT", "/clock", json!({ "offset_ms": 0 }))["now_ms"].as_i64().expect("a moment");
    control("PUT", "/clock", json!({ "offset_ms": im.clock.now().0 - machine }));
    let access = Access::to(&sandbox, BUNDLE);
    im.app(|all, secrets| access.give(all, secrets)).await;
    sandbox
}

/// A new phone of the app.
pub(super) fn phone(sandbox: &Sandbox) -> String {
    phones::phone(sandbox, BUNDLE)
}

pub(super) async fn simple(caller: &Caller<'_>, kind: &str, targets: &str, more: &[(&str, &str)]) -> i64 {
    let mut all = vec![
        ("TaskName", "task"),
        ("DeliveryType", kind),
        ("ExpiredSeconds", "300"),
        ("TargetMsgkey", targets),
        ("Title", "Hello"),
        ("Content", "World"),
    ];
    all.extend(more);
    caller.call("PushSimple", &all).await.pushed().parse().expect("a number")
}

/// Waits until a delivery of a task is as wanted.
pub(super) async fn sees(im: &Im, task: i64, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all =
            im.node().store.read(APP, move |snapshot| deliveries::of_task(snapshot, task, -1)).await.expect("read");
        if let Some(found) = all.iter().find(|delivery| wanted(delivery)) {
            return found.clone();
        }
        assert!(Instant::now() < deadline, "{all:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a delivery has a published status.
pub(super) fn is(delivery: &Delivery, row: impl Into<&'static Row>) -> bool {
    let row = row.into();
    delivery
        .status
        .as_ref()
        .is_some_and(|status| status.family == row.family.as_str() && Some(status.number) == row.number())
}

async fn bind(caller: &Caller<'_>, token: &str, user: &str, os: &str) {
    caller.call("PushBind", &[("DeliveryToken", token), ("UserId", user), ("OsType", os)]).await.pushed();
}

/// The parts of a batch, by target.
async fn parts(im: &Im, task: i64) -> Vec<tasks::Record> {
    im.node().store.read(APP, move |snapshot| tasks::parts(snapshot, task, 0)).await.expect("read")
}

both! {
    async fn a_push_reaches_a_phone_by_its_vendor_and_shows_in_the_numbers(im: Im) {
        let caller = caller(&im).await;
        let sandbox = apple(&im).await;
        let token = phone(&sandbox);
        bind(&caller, &token, "u1", "2").await;
        let by_user = simple(&caller, "3", r#"{"u1":"k1"}"#, &[
            ("ExtendedParams", r#"{"badge":"3","order":"7"}"#), ("Uri", "https://e.example/7"),
        ]).await;
        assert!(is(&sees(&im, by_user, |delivery| delivery.ended_at.0 > 0).await, PushCommon::Acked));
        let by_token = simple(&caller, "2", &json!({ &token: "k2" }).to_string(), &[]).await;
        sees(&im, by_token, |delivery| delivery.ended_at.0 > 0).await;
        let seen = sandbox.control("GET", &format!("/apns/devices/{token}/inbox"), &json!({})).expect("the inbox");
        let seen = seen["notifications"].as_array().expect("a list").clone();
        assert_eq!(seen.len(), 2, "{seen:#?}");
        let payload = &seen[0]["payload"];
        assert_eq!(payload["aps"]["alert"], json!({ "title": "Hello", "body": "World" }), "{payload}");
        assert_eq!((&payload["aps"]["badge"], &payload["order"]), (&json!(3), &json!("7")), "{payload}");
        let now = im.clock.now().0.to_string();
        let ask = |more: &'static [(&'static str, &'static str)]| {
            let mut all = vec![("StartTime", now.as_str()), ("EndTime", now.as_str())];
            all.extend(more);
            all
        };
        let index = caller.call("QueryPushAnalysisCoreIndex", &ask(&[])).await.found();
        assert_eq!((&index["PushTotalNum"], &index["PushNum"]), (&json!(2.0), &json!(2.0)), "{index}");
        let filters: &[(&[(&str, &str)], f64)] = &[
            (&[("Platform", "IOS")], 2.0), (&[("Platform", "ANDROID")], 0.0), (&[("Channel", "IOS")], 2.0),
            (&[("Channel", "HMS")], 0.0), (&[("Type", "SIMPLE")], 2.0), (&[("Type", "BROADCAST")], 0.0),
        ];
        for (filter, expected) in filters {
            let index = caller.call("QueryPushAnalysisCoreIndex", &ask(filter)).await.found();
            assert_eq!(index["PushNum"], json!(expected), "{filter:?}");
        }
        let listed = caller.call("ListAnalysisCoreIndex", &[]).await.found();
        assert_eq!((&listed["PushNum"], &listed["ArrivalRate"]), (&json!("2"), &json!("0")));
        for bad in [("Platform", "WEB"), ("Channel", "PIGEON"), ("Type", "x"), ("TaskId", "x"), ("EndTime", "0")] {
            let mut all = ask(&[]);
            all.retain(|(name, _)| *name != bad.0);
            all.push(bad);
            caller.call("QueryPushAnalysisCoreIndex", &all).await.fails(Code::ParameterInvalid);
        }
        sandbox.shutdown().await;
    }

    async fn a_message_waits_for_its_user_and_is_over_in_time(im: Im) {
        let caller = caller(&im).await;
        let task = simple(&caller, "3", r#"{"later":"k1"}"#, &[]).await;
        let waiting = sees(&im, task, |delivery| delivery.status.is_some()).await;
        assert!(is(&waiting, PushCommon::NoBindInfo) && waiting.ended_at.0 == 0, "{waiting:?}");
        bind(&caller, "d1", "later", "1").await;
        let away = sees(&im, task, |delivery| !delivery.lane.is_empty() && delivery.status.is_some()).await;
        assert!(is(&away, PushCommon::DeviceNotOnlineOrNoResponse), "{away:?}");
        // What is kept for a device that never comes is over with its validity.
        im.clock.advance(301_000);
        im.node().engine.announced(APP, &[contract::event::Event::DeliveryQueued]);
        let over = sees(&im, task, |delivery| delivery.ended_at.0 > 0).await;
        assert!(is(&over, PushCommon::DeviceNotOnlineOrNoResponse), "{over:?}");
    }

    async fn a_batch_is_a_task_whose_messages_have_texts_of_their_own(im: Im) {
        let caller = caller(&im).await;
        caller.call("CreateTemplate", &[
            ("TemplateName", "tpl"), ("Title", "For #name#"), ("Content", "#a#"), ("Variables", "name,a"),
        ]).await.kept();
        let task = caller.call("PushMultiple", &[
            ("TaskName", "batch"), ("DeliveryType", "3"), ("ExpiredSeconds", "300"), ("TemplateName", "tpl"),
            ("TargetMsg.1.Target", "u1"), ("TargetMsg.1.MsgKey", "k1"),
            ("TargetMsg.1.TemplateKeyValue", r#"{"name":"One","a":"1"}"#),
            ("TargetMsg.2.Target", "u2"), ("TargetMsg.2.MsgKey", "k2"),
            ("TargetMsg.2.TemplateKeyValue", r#"{"name":"Two","a":"2"}"#),
            ("TargetMsg.2.ExtendedParams", r#"{"x":"y"}"#),
        ]).await.pushed();
        let number: i64 = task.parse().expect("a number");
        let mut shown: Vec<(String, String, String)> =
            parts(&im, number).await.into_iter().map(|part| (part.key, part.title, part.body)).collect();
        shown.sort();
        let text = |key: &str, title: &str, body: &str| (key.to_owned(), title.to_owned(), body.to_owned());
        assert_eq!(shown, [text("k1", "For One", "1"), text("k2", "For Two", "2")]);
        let start = [("StartTime", "0")];
        let listed = caller.call("QueryPushAnalysisTaskList", &start).await.found();
        assert_eq!((&listed[0]["TaskId"], &listed[0]["TaskName"], &listed[0]["TemplateName"], &listed[0]["Type"]),
            (&json!(task), &json!("batch"), &json!("tpl"), &json!(2)));
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "its messages are no tasks");
        let none = caller.call("QueryPushAnalysisTaskList", &[("StartTime", "0"), ("TaskName", "other")]).await.found();
        assert_eq!(none, json!([]));
        let detail = caller.call("QueryPushAnalysisTaskDetail", &[("TaskId", &task)]).await.found();
        assert_eq!((&detail["TaskId"], &detail["PushNum"]), (&json!(number), &json!(0.0)), "nobody is bound: {detail}");
        caller.call("QueryPushAnalysisTaskDetail", &[("TaskId", "1")]).await.fails(Code::PushTaskUnknown);
        caller.call("QueryPushAnalysisTaskList", &[]).await.fails(Code::ParameterInvalid);
    }

    async fn a_broadcast_goes_to_the_devices_of_a_system_that_somebody_uses(im: Im) {
        let caller = caller(&im).await;
        let sandbox = apple(&im).await;
        caller.call("CreateTemplate", &[("TemplateName", "tpl"), ("Title", "t"), ("Content", "all")]).await.kept();
        let (used, left) = (phone(&sandbox), phone(&sandbox));
        bind(&caller, &used, "u1", "2").await;
        caller.call("PushReport", &[("DeliveryToken", &left), ("OsType", "2")]).await.pushed();
        bind(&caller, "android", "u2", "1").await;
        let push = async |more: &[(&str, &str)]| {
            im.clock.advance(1_000);
            let mut all = vec![("DeliveryType", "2"), ("ExpiredSeconds", "300"), ("Msgkey", "k"), ("TemplateName", "tpl")];
            all.extend(more);
            caller.call("PushBroadcast", &all).await.pushed()
        };
        let sent = async |task: &str, expected: f64| {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let detail = caller.call("QueryPushAnalysisTaskDetail", &[("TaskId", task)]).await.found();
                if detail["PushSuccessNum"] == json!(expected) {
                    return;
                }
                assert!(Instant::now() < deadline, "{detail}, not {expected}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        sent(&push(&[]).await, 1.0).await;
        sent(&push(&[("PushStatus", "1")]).await, 2.0).await;
        let task = push(&[("PushStatus", "2"), ("UnBindPeriod", "1")]).await;
        sent(&task, 1.0).await;
        let index = caller.call("QueryPushAnalysisCoreIndex",
            &[("StartTime", &im.clock.now().0.to_string()), ("EndTime", &im.clock.now().0.to_string()), ("TaskId", &task)]).await.found();
        assert_eq!(index["PushNum"], 1.0);
        sandbox.shutdown().await;
    }

    async fn messages_and_tasks_are_taken_back_for_a_week(im: Im) {
        let caller = caller(&im).await;
        let revoke = async |key: &str, target: &str| {
            caller.call("RevokePushMessage", &[("MessageId", key), ("TargetId", target)]).await
        };
        let task = simple(&caller, "3", r#"{"u1":"k1","u2":"k2"}"#, &[]).await;
        sees(&im, task, |delivery| is(delivery, PushCommon::NoBindInfo)).await;
        revoke("k1", "u1").await.pushed();
        sees(&im, task, |delivery| delivery.ended_at.0 > 0).await;
        revoke("k1", "u2").await.fails(Code::PushedUnknown);
        revoke("none", "u1").await.fails(Code::PushedUnknown);
        revoke("", "u1").await.fails(Code::ParameterInvalid);
        caller.call("CreateTemplate", &[("TemplateName", "tpl"), ("Title", "t"), ("Content", "c")]).await.kept();
        let batch = caller.call("PushMultiple", &[
            ("DeliveryType", "3"), ("ExpiredSeconds", "300"), ("TemplateName", "tpl"), ("TargetMsg.1.Target", "u3"),
            ("TargetMsg.1.MsgKey", "k3"),
        ]).await.pushed();
        let number: i64 = batch.parse().expect("a number");
        let part = parts(&im, number).await[0].id;
        sees(&im, part, |delivery| is(delivery, PushCommon::NoBindInfo)).await;
        caller.call("RevokePushTask", &[("TaskId", &batch)]).await.pushed();
        sees(&im, part, |delivery| delivery.ended_at.0 > 0).await;
        caller.call("RevokePushTask", &[("TaskId", &task.to_string())]).await.fails(Code::PushTaskUnknown);
        caller.call("RevokePushTask", &[("TaskId", "x")]).await.fails(Code::ParameterInvalid);
        im.clock.advance(7 * 86_400_000);
        revoke("k2", "u2").await.fails(Code::PushedUnknown);
        caller.call("RevokePushTask", &[("TaskId", &batch)]).await.fails(Code::PushTaskUnknown);
    }
}
