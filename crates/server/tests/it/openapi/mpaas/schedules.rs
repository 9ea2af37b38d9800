//! Pushes that run later: planned, listed, cancelled, and pushed once when their time has come.

use std::time::Duration;

use contract::codes::MpaasPush as Code;
use serde_json::{Value, json};
use store::tasks::{self, Filter};
use tokio::time::Instant;

use super::{Caller, Told, caller};
use crate::harness::{APP, Im};

const DAY_MS: i64 = 86_400_000;

async fn plan(caller: &Caller<'_>, kind: &str, content: &Value) -> Told {
    let content = content.to_string();
    caller
        .call(
            "PushSimple",
            &[
                ("DeliveryType", "3"),
                ("ExpiredSeconds", "300"),
                ("TargetMsgkey", r#"{"u1":"k1"}"#),
                ("Title", "t"),
                ("Content", "c"),
                ("StrategyType", kind),
                ("StrategyContent", &content),
            ],
        )
        .await
}

async fn list(im: &Im, caller: &Caller<'_>, more: &[(&str, &str)]) -> Value {
    let (from, until) = (im.clock.now().0.to_string(), (im.clock.now().0 + 200 * DAY_MS).to_string());
    let mut all = vec![("StartTime", from.as_str()), ("EndTime", until.as_str())];
    all.retain(|(name, _)| !more.iter().any(|(own, _)| own == name));
    all.extend(more);
    caller.call("QueryPushSchedulerList", &all).await.found()
}

/// How many messages of the key were pushed.
async fn pushed(im: &Im) -> usize {
    im.node().store.read(APP, |snapshot| Ok(tasks::of_key(snapshot, "k1")?.len())).await.expect("read")
}

async fn wait_for(im: &Im, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while pushed(im).await < count {
        assert!(Instant::now() < deadline, "{} of {count}", pushed(im).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A cycle of days from tomorrow on, at noon of the place.
fn daily(im: &Im, days: i64) -> Value {
    let now = im.clock.now().0;
    json!({ "startTime": now + DAY_MS, "endTime": now + days * DAY_MS, "circleType": 1, "circleValue": [], "time": "12:00:00" })
}

both! {
    async fn a_push_that_runs_once_is_listed_and_pushed_when_its_time_has_come(im: Im) {
        let caller = caller(&im).await;
        let at = im.clock.now().0 + 60_000;
        let id = plan(&caller, "1", &json!({ "fixedTime": at })).await.pushed();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        let shown = json!({
            "UniqueId": id, "ParentId": id, "PushTime": at, "PushTitle": "t", "PushContent": "c", "Type": 0,
            "DeliveryType": 3, "StrategyType": 1, "ExecutedStatus": "0", "CreateType": "0",
            "GmtCreate": im.clock.now().0,
        });
        assert_eq!(list(&im, &caller, &[]).await, json!({ "TotalCount": 1, "List": [shown] }));
        assert_eq!(pushed(&im).await, 0);
        let from = im.clock.now().0.to_string();
        im.clock.advance(60_000);
        wait_for(&im, 1).await;
        let again = list(&im, &caller, &[("StartTime", &from)]).await;
        assert_eq!(again["List"][0]["ExecutedStatus"], "1");
        caller.call("CancelPushScheduler", &[("UniqueIds", &id)]).await.fails(Code::ScheduleUnknown);
        im.clock.advance(5_000);
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(pushed(&im).await, 1, "once");
    }

    async fn a_push_in_a_cycle_has_a_run_for_each_day_of_its_place(im: Im) {
        let caller = caller(&im).await;
        let id = plan(&caller, "2", &daily(&im, 3)).await.pushed();
        let all = list(&im, &caller, &[("UniqueId", &id)]).await;
        assert_eq!(all["TotalCount"], 3);
        let runs: Vec<i64> = all["List"].as_array().expect("a list").iter().map(|run| run["PushTime"].as_i64().expect("a moment")).collect();
        // START is the morning of 15 November in Shanghai; noon there is four in the morning in London.
        let noon = contract::moment::parse("2023-11-16T04:00:00Z").expect("a moment").0;
        assert_eq!(runs, [noon, noon + DAY_MS, noon + 2 * DAY_MS]);
        let second = all["List"][1]["UniqueId"].as_str().expect("an id").to_owned();
        assert_ne!(second, id);
        let one = list(&im, &caller, &[("UniqueId", &second)]).await;
        assert_eq!((&one["TotalCount"], &one["List"][0]["ParentId"]), (&json!(1), &json!(id)));
        caller.call("CancelPushScheduler", &[("UniqueIds", &second)]).await.fails(Code::ScheduleUnknown);
        caller.call("CancelPushScheduler", &[("UniqueIds", &second), ("Type", "1")]).await.value();
        assert_eq!(list(&im, &caller, &[]).await["TotalCount"], 2);
        im.clock.advance(noon - im.clock.now().0);
        wait_for(&im, 1).await;
        let older = caller.of_version("2020-07-10");
        let both = format!("{id},none");
        older.call("CancelMpsScheduler", &[("UniqueIds", &both)]).await.fails(Code::ScheduleUnknown);
        assert_eq!(list(&im, &caller, &[("StartTime", &(noon + 1).to_string())]).await["TotalCount"], 1, "all or nothing");
        let done = older.call("CancelMpsScheduler", &[("UniqueIds", &id)]).await.value();
        assert_eq!((&done["ResultCode"], &done["ResultContent"]), (&json!("OK"), &json!("SUCCESS")));
        let found = older.call("QueryMpsSchedulerList", &[]).await.found();
        assert_eq!((&found["TotalCount"], &found["List"][0]["ExecutedStatus"]), (&json!(1), &json!("1")));
    }

    async fn a_planned_batch_or_broadcast_keeps_the_texts_of_its_template(im: Im) {
        let caller = caller(&im).await;
        caller.call("CreateTemplate", &[("TemplateName", "tpl"), ("Title", "t"), ("Content", "#a#")]).await.kept();
        let at = json!({ "fixedTime": im.clock.now().0 + 60_000 }).to_string();
        let strategy = [("ExpiredSeconds", "300"), ("TemplateName", "tpl"), ("StrategyType", "1"), ("StrategyContent", at.as_str())];
        let mut batch = vec![("DeliveryType", "3"), ("TargetMsg.1.Target", "u1"), ("TargetMsg.1.MsgKey", "k1"),
            ("TargetMsg.1.TemplateKeyValue", r#"{"a":"own"}"#)];
        batch.extend(strategy);
        caller.call("PushMultiple", &batch).await.pushed();
        let mut all = vec![("DeliveryType", "1"), ("Msgkey", "k2"), ("TemplateKeyValue", r#"{"a":"x"}"#)];
        all.extend(strategy);
        caller.call("PushBroadcast", &all).await.pushed();
        caller.call("DeleteTemplate", &[("TemplateName", "tpl")]).await.kept();
        assert_eq!(list(&im, &caller, &[("Type", "3")]).await["List"][0]["PushContent"], "x");
        assert_eq!(list(&im, &caller, &[("Type", "2")]).await["List"][0]["PushContent"], "own");
        im.clock.advance(60_000);
        wait_for(&im, 1).await;
        let read = |snapshot: &mut store::Snapshot<'_>| Ok(tasks::of_key(snapshot, "k1")?[0].body.clone());
        assert_eq!(im.node().store.read(APP, read).await.expect("read"), "own");
        let deadline = Instant::now() + Duration::from_secs(20);
        let filter = Filter { kind: "BROADCAST".into(), until: contract::Millis(i64::MAX), ..Filter::default() };
        loop {
            let own = filter.clone();
            if im.node().store.read(APP, move |snapshot| tasks::count(snapshot, &own)).await.expect("read") == 1 {
                break;
            }
            assert!(Instant::now() < deadline, "the broadcast was not pushed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn an_app_plans_a_hundred_pushes_and_lists_them_by_pages(im: Im) {
        let caller = caller(&im).await;
        let later = json!({ "fixedTime": im.clock.now().0 + 60_000 });
        for _ in 0..100 {
            plan(&caller, "1", &later).await.pushed();
        }
        plan(&caller, "1", &later).await.fails(Code::ScheduleQuota);
        let page = list(&im, &caller, &[("PageSize", "30"), ("PageNumber", "4")]).await;
        assert_eq!((&page["TotalCount"], page["List"].as_array().map(Vec::len)), (&json!(100), Some(10)));
        let bad: &[&[(&str, &str)]] = &[
            &[("StartTime", "x")], &[("EndTime", "1")], &[("Type", "4")], &[("PageSize", "501")], &[("PageNumber", "0")],
        ];
        for changes in bad {
            let mut all = vec![("StartTime", "5"), ("EndTime", "9")];
            all.retain(|(name, _)| !changes.iter().any(|(own, _)| own == name));
            all.extend(*changes);
            caller.call("QueryPushSchedulerList", &all).await.fails(Code::ParameterInvalid);
        }
        let many = vec!["x"; 31].join(",");
        caller.call("CancelPushScheduler", &[("UniqueIds", &many)]).await.fails(Code::ParameterInvalid);
        caller.call("CancelPushScheduler", &[]).await.fails(Code::ParameterInvalid);
        caller.call("CancelPushScheduler", &[("UniqueIds", "x"), ("Type", "2")]).await.fails(Code::ParameterInvalid);
    }
}
