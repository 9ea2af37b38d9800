//! `timpush/push`, `timpush/batch` and `timpush/revoke`.

use client::{Event, Events, Storage};
use contract::codes::{Account, Message, PushCommon, Row};
use serde_json::{Value, json};
use store::deliveries::{self, Delivery};

use super::{BOUND, device, ends, is_silent_until, message, number};
use crate::harness::{APP, Im, elements, item_fails, with};

fn body(random: u32, changes: Value) -> Value {
    with(json!({ "From_Account": "news", "MsgRandom": random }), changes)
}

fn news(text: &str) -> Value {
    json!({ "OfflinePushInfo": { "Title": "News", "Desc": text } })
}

async fn push(im: &Im, random: u32, changes: Value) -> Value {
    let answer = im.call("timpush/push", body(random, changes)).await.ok();
    ends(im, number(&answer)).await;
    answer
}

async fn refuses(im: &Im, command: &str, changes: Value, code: impl Into<&'static Row>) {
    im.call(command, body(1, changes)).await.fails(code);
}

/// The next notification of the self-built channel.
async fn pushed(events: &mut Events) -> String {
    let next = async {
        loop {
            if let Event::Pushed(push) = events.next().await.expect("the client lives") {
                return push.body;
            }
        }
    };
    tokio::time::timeout(BOUND, next).await.expect("a notification comes")
}

/// Waits until every delivery of a broadcast's task has ended.
async fn delivered(im: &Im, number: i64) -> Vec<Delivery> {
    let task = ends(im, number).await.order.task;
    let deadline = std::time::Instant::now() + BOUND;
    loop {
        let rows = im.node().store.read(APP, move |snapshot| deliveries::of_task(snapshot, task, -1)).await;
        let rows = rows.expect("the store answers");
        if rows.iter().all(|row| row.ended_at.0 != 0) {
            return rows;
        }
        assert!(std::time::Instant::now() < deadline, "they do not end: {rows:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn revoke(im: &Im, task: &Value, changes: Value) -> crate::harness::Answer {
    im.call("timpush/revoke", with(json!({ "TaskId": task }), changes)).await
}

both! {
    async fn a_message_is_part_of_everybodys_history_counts_as_unread_and_is_recalled_by_a_revocation(im: Im) {
        let many: Vec<String> = (0..150).map(|n| format!("u{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        im.import(&["news"]).await;
        im.import(&many).await;
        im.text("news", "u7", 1, "before").await;
        let (_client, mut events) = device(&im, "u3", "phone", Storage::Memory).await;
        let answer = push(&im, 5, json!({ "MsgBody": elements("hello all") })).await;
        assert_eq!(message(&mut events).await.text(), "hello all");
        assert_eq!(ends(&im, number(&answer)).await.told, 151, "the administrator too, and not the sender");
        for user in ["u0", "u149"] {
            assert_eq!(im.texts(user, "news").await, ["hello all"]);
            assert_eq!(im.unread(user, "news").await, 1);
        }
        assert_eq!(im.texts("u7", "news").await, ["before", "hello all"]);
        assert!(im.texts("news", "u0").await.is_empty(), "the sender's own lists stay as they are");
        assert_eq!(push(&im, 5, json!({ "MsgBody": elements("hello all") })).await, answer, "the same again");
        revoke(&im, &answer["TaskId"], json!({})).await.ok();
        ends(&im, number(&answer) + 1).await;
        for user in ["u0", "u149"] {
            assert_eq!((im.texts(user, "news").await.len(), im.unread(user, "news").await), (0, 0));
        }
        assert_eq!(im.texts("u7", "news").await, ["before"]);
        revoke(&im, &answer["TaskId"], json!({})).await.fails(Message::TaskRevoked);
    }

    async fn neither_a_mute_nor_an_app_for_friends_nor_a_blocklist_keeps_it_from_anybody(im: Im) {
        im.import(&["news", "alice"]).await;
        im.app(|settings, _| settings.friends_only = true).await;
        im.call("openconfigsvr/setnospeaking", json!({ "Set_Account": "news", "C2CmsgNospeakingTime": 600 })).await.ok();
        im.call("sns/black_list_add", json!({ "From_Account": "alice", "To_Account": ["news"] })).await.ok();
        push(&im, 1, json!({ "MsgBody": elements("to all") })).await;
        assert_eq!(im.texts("alice", "news").await, ["to all"]);
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        im.call("all_member_push/im_push", body(2, json!({ "MsgBody": elements("now") }))).await.ok();
        while message(&mut events).await.text() != "now" {}
    }

    async fn a_message_that_is_online_only_is_shown_and_not_stored(im: Im) {
        im.import(&["news", "alice", "bob"]).await;
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        push(&im, 1, json!({ "MsgBody": elements("now"), "OnlineOnlyFlag": 1 })).await;
        assert_eq!(message(&mut events).await.text(), "now");
        assert!(im.texts("alice", "news").await.is_empty());
        let (_bob, mut late) = device(&im, "bob", "phone-of-bob", Storage::Memory).await;
        assert!(is_silent_until(&im, &mut late, "alice", "bob").await);
    }

    async fn a_notification_alone_goes_over_connections_and_is_overwritten_by_its_revocation(im: Im) {
        im.import(&["news", "alice", "bob"]).await;
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        let answer = push(&im, 1, with(news("extra"), json!({ "DataId": "d1" }))).await;
        assert_eq!(pushed(&mut events).await, "extra");
        assert!(im.texts("alice", "news").await.is_empty());
        revoke(&im, &answer["TaskId"], json!({})).await.fails(Message::RevokeTextMissing);
        revoke(&im, &answer["TaskId"], news("corrected")).await.ok();
        assert_eq!(pushed(&mut events).await, "corrected");
        push(&im, 2, json!({ "OfflinePushInfo": { "PushFlag": 1, "Desc": "here" } })).await;
        assert_eq!(pushed(&mut events).await, "here");
    }

    async fn a_batch_reaches_accounts_and_devices_and_lists_the_others(im: Im) {
        im.import(&["news", "alice", "bob"]).await;
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        let (_bob, mut of_bob) = device(&im, "bob", "a-name-of-a-device-that-is-longer-than-a-user-id", Storage::Memory).await;
        let to = json!(["alice", "nobody", "a-name-of-a-device-that-is-longer-than-a-user-id", "alice", ""]);
        let wanted = body(1, with(news("hi"), json!({ "To_Account": to })));
        let answer = im.call("timpush/batch", wanted.clone()).await.ok();
        assert!(answer["TaskId"].as_str().is_some_and(|id| id.starts_with("batch_1400000001_")), "{answer}");
        let missed = answer["ErrorList"].as_array().expect("a list");
        assert_eq!(missed.iter().map(|one| &one["To_Account"]).collect::<Vec<_>>(), ["nobody", ""]);
        item_fails(&missed[0]["ErrorCode"], Account::AccountUnknown);
        assert_eq!((pushed(&mut events).await, pushed(&mut of_bob).await), ("hi".into(), "hi".into()));
        let rows = delivered(&im, number(&answer)).await;
        let acked = Some(::push::delivery::status(PushCommon::Acked));
        assert!(rows.len() == 2 && rows.iter().all(|row| row.status == acked), "{rows:?}");
        assert_eq!(im.call("timpush/batch", wanted).await.ok()["TaskId"], answer["TaskId"]);
        revoke(&im, &answer["TaskId"], news("no, bye")).await.ok();
        assert_eq!((pushed(&mut events).await, pushed(&mut of_bob).await), ("no, bye".into(), "no, bye".into()));
        revoke(&im, &answer["TaskId"], news("again")).await.fails(Message::TaskRevoked);
        refuses(&im, "timpush/batch", with(news("hi"), json!({ "To_Account": ["nobody"] })), Account::AccountUnknown).await;
    }

    async fn what_does_not_fit_is_refused_each_by_its_own_code(im: Im) {
        im.import(&["news", "alice"]).await;
        for command in ["timpush/push", "timpush/batch"] {
            let good = with(news("hi"), json!({ "To_Account": ["alice"] }));
            let changed = |changes: Value| with(good.clone(), changes);
            im.call(command, with(body(1, good.clone()), json!({ "From_Account": null }))).await.fails(Message::SenderInvalid);
            refuses(&im, command, changed(json!({ "From_Account": "nobody" })), Message::SenderInvalid).await;
            refuses(&im, command, changed(json!({ "MsgRandom": "1" })), Message::MsgRandomInvalid).await;
            refuses(&im, command, changed(json!({ "OfflinePushInfo": null })), Message::FieldInvalid).await;
            refuses(&im, command, changed(json!({ "OfflinePushInfo": [] })), Message::PushInfoInvalid).await;
            refuses(&im, command, changed(json!({ "OfflinePushInfo": {} })), Message::PushInfoInvalid).await;
            refuses(&im, command, changed(json!({ "DataId": "x".repeat(65) })), Message::BatchThrottled).await;
            refuses(&im, command, changed(json!({ "DataId": 5 })), Message::FieldInvalid).await;
            refuses(&im, command, changed(json!({ "OfflinePushInfo": { "Desc": "x".repeat(10_240) } })), Message::PushTooLong).await;
            im.call(command, body(1, changed(json!({ "DataId": "x".repeat(64) })))).await.ok();
        }
        let to = |list: Value| with(news("hi"), json!({ "To_Account": list }));
        let many: Vec<String> = (0..501).map(|n| format!("u{n}")).collect();
        for list in [json!(null), json!([]), json!("alice"), json!([5]), json!(many)] {
            refuses(&im, "timpush/batch", to(list), Message::FieldInvalid).await;
        }
        refuses(&im, "timpush/push", json!({ "MsgBody": [] }), Message::MsgBodyInvalid).await;
        refuses(&im, "timpush/push", json!({ "MsgBody": {} }), Message::MsgBodyNotList).await;
        refuses(&im, "timpush/push", with(news("x"), json!({ "OnlineOnlyFlag": "1" })), Message::FieldInvalid).await;
        refuses(&im, "timpush/push", with(news("x"), json!({ "Condition": { "TagsOr": [""] } })), Message::TagEmpty).await;
        im.app(|settings, _| settings.has_broadcast = false).await;
        for command in ["timpush/push", "timpush/batch"] {
            refuses(&im, command, to(json!(["alice"])), Message::PushDisabled).await;
        }
        revoke(&im, &json!("x"), json!({})).await.fails(Message::PushDisabled);
    }

    async fn a_revocation_finds_its_task_or_says_why_not(im: Im) {
        im.import(&["news", "alice"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        let mut tasks = Vec::new();
        for random in 1..=3 {
            tasks.push(push(&im, random, news("x")).await["TaskId"].clone());
            im.clock.advance(1_000);
        }
        for task in [json!(""), json!("x"), json!("1400000001_1_1"), json!("1400000001_99_1_1700000000"), json!("1400000001_1_2_1700000000")] {
            revoke(&im, &task, news("y")).await.fails(Message::TaskUnknown);
        }
        revoke(&im, &json!(5), news("y")).await.fails(Message::FieldInvalid);
        revoke(&im, &tasks[0], json!({ "OfflinePushInfo": 1 })).await.fails(Message::PushInfoInvalid);
        revoke(&im, &tasks[0], news("y")).await.ok();
        revoke(&im, &tasks[0], news("y")).await.fails(Message::TaskRevoked);
        revoke(&im, &tasks[1], news("y")).await.fails(Message::RevokeThrottled);
        im.clock.advance(1_000);
        revoke(&im, &tasks[1], news("y")).await.ok();
        im.clock.advance(86_400_000);
        revoke(&im, &tasks[2], news("y")).await.fails(Message::TaskTooOld);
        im.app(|settings, _| settings.plan = "unlimited".into()).await;
        let passing = im.call("all_member_push/im_push", body(9, json!({ "MsgBody": elements("x") }))).await.ok();
        revoke(&im, &passing["TaskId"], news("y")).await.fails(Message::TaskUnknown);
    }

    async fn a_trial_may_push_ten_times_a_day(im: Im) {
        im.import(&["news"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        for random in 1..=10 {
            im.call("timpush/push", body(random, news("x"))).await.ok();
            im.clock.advance(1_000);
        }
        im.call("timpush/push", body(11, news("x"))).await.fails(Message::PushQuota);
    }
}
