//! `all_member_push/im_push`.

use client::Storage;
use contract::codes::{Message, Row};
use serde_json::{Value, json};

use super::{device, ends, is_silent_until, message, number};
use crate::harness::{Im, elements, with};

const COMMAND: &str = "all_member_push/im_push";

fn hello(random: u32, changes: Value) -> Value {
    with(
        json!({ "From_Account": "news", "MsgRandom": random, "MsgBody": elements(&format!("hello {random}")) }),
        changes,
    )
}

async fn push(im: &Im, random: u32, changes: Value) -> Value {
    let answer = im.call(COMMAND, hello(random, changes)).await.ok();
    ends(im, number(&answer)).await;
    answer
}

async fn refuses(im: &Im, changes: Value, code: impl Into<&'static Row>) {
    im.call(COMMAND, hello(1, changes)).await.fails(code);
}

both! {
    async fn connected_devices_get_it_at_once_and_later_ones_only_if_it_is_kept(im: Im) {
        im.import(&["news", "alice", "bob"]).await;
        let (_alice, mut events) = device(&im, "alice", "phone", Storage::Memory).await;
        let (_desk, mut on_desk) = device(&im, "alice", "desk", Storage::Memory).await;
        let passing = push(&im, 1, json!({})).await;
        assert!(passing["TaskId"].as_str().is_some_and(|id| id.starts_with("1400000001_1_1_")), "{passing}");
        for events in [&mut events, &mut on_desk] {
            let told = message(events).await;
            assert_eq!((told.from.as_str(), told.to.as_str(), told.text().as_str()), ("news", "alice", "hello 1"));
            assert_eq!((told.seq, told.key.random, told.key.time), (0, 1, 1_700_000_000));
        }
        push(&im, 2, json!({ "MsgLifeTime": 600 })).await;
        assert_eq!(message(&mut events).await.text(), "hello 2");
        let (_bob, mut late) = device(&im, "bob", "phone-of-bob", Storage::Memory).await;
        assert_eq!(message(&mut late).await.text(), "hello 2", "the first was not kept");
        assert!(is_silent_until(&im, &mut late, "alice", "bob").await);
        assert!(im.texts("bob", "news").await.is_empty(), "nothing is stored for anybody");
        im.import(&["carol"]).await;
        let (_carol, mut later) = device(&im, "carol", "phone-of-carol", Storage::Memory).await;
        assert_eq!(message(&mut later).await.text(), "hello 2", "who comes within its life gets it too");
        im.clock.advance(600_000);
        im.import(&["dave"]).await;
        let (_dave, mut too_late) = device(&im, "dave", "phone-of-dave", Storage::Memory).await;
        assert!(is_silent_until(&im, &mut too_late, "alice", "dave").await);
    }

    async fn a_device_that_returns_gets_what_it_missed_once_and_in_order(im: Im) {
        im.import(&["news", "alice"]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let storage = || Storage::Directory(folder.path().to_owned());
        push(&im, 1, json!({ "MsgLifeTime": 600 })).await;
        let (client, mut events) = device(&im, "alice", "phone", storage()).await;
        assert_eq!(message(&mut events).await.text(), "hello 1");
        let list = client.conversations().await.expect("the cache answers");
        assert_eq!(list[0].last.as_ref().map(client::Message::text).as_deref(), Some("hello 1"));
        client.shutdown().await;
        for random in 2..5 {
            push(&im, random, json!({ "MsgLifeTime": 600 })).await;
        }
        let (client, mut events) = device(&im, "alice", "phone", storage()).await;
        for random in 2..5 {
            assert_eq!(message(&mut events).await.text(), format!("hello {random}"));
        }
        push(&im, 5, json!({ "MsgLifeTime": 600 })).await;
        assert_eq!(message(&mut events).await.text(), "hello 5");
        client.shutdown().await;
        let (_client, mut events) = device(&im, "alice", "phone", storage()).await;
        assert!(is_silent_until(&im, &mut events, "news", "alice").await, "nothing comes twice");
    }

    async fn a_condition_chooses_whom_it_reaches_now_and_later(im: Im) {
        im.import(&["news", "alice", "bob"]).await;
        im.call("timpush/set_attr_name", json!({ "AttrNames": { "3": "city" } })).await.ok();
        im.call("timpush/set_attr", json!({ "UserAttrs": [{ "To_Account": "bob", "Attrs": { "city": "Oslo" } }] })).await.ok();
        im.call("timpush/add_tag", json!({ "UserTags": [{ "To_Account": "alice", "Tags": ["a", "b"] }] })).await.ok();
        im.call("timpush/add_tag", json!({ "UserTags": [{ "To_Account": "bob", "Tags": ["b"] }] })).await.ok();
        let cases = [
            (json!({ "TagsOr": ["a", "x"] }), "alice"),
            (json!({ "TagsAnd": ["a", "b"] }), "alice"),
            (json!({ "TagsOr": ["b"], "TagsNot": ["a"] }), "bob"),
            (json!({ "AttrsAnd": { "city": "Oslo" } }), "bob"),
            (json!({ "AttrsOr": { "city": "Rome" } }), ""),
            (json!({ "TagsNot": ["a"], "TagsAnd": ["b"] }), "bob"),
        ];
        let mut expected = Vec::new();
        for (random, (condition, who)) in (1..).zip(&cases) {
            let answer = push(&im, random, json!({ "Condition": condition, "MsgLifeTime": 600 })).await;
            let matched = ends(&im, number(&answer)).await.matched;
            assert_eq!(matched, i64::from(!who.is_empty()), "{condition}");
            if *who == "bob" {
                expected.push(format!("hello {random}"));
            }
        }
        let (_bob, mut events) = device(&im, "bob", "phone", Storage::Memory).await;
        for text in expected {
            assert_eq!(message(&mut events).await.text(), text);
        }
        assert!(is_silent_until(&im, &mut events, "alice", "bob").await);
    }

    async fn the_same_push_again_is_the_same_task(im: Im) {
        im.import(&["news"]).await;
        let first = push(&im, 7, json!({})).await;
        im.clock.advance(100_000);
        assert_eq!(push(&im, 7, json!({})).await["TaskId"], first["TaskId"]);
        assert_ne!(push(&im, 7, json!({ "MsgLifeTime": 5 })).await["TaskId"], first["TaskId"], "it says something else");
        assert_ne!(push(&im, 8, json!({ "MsgBody": elements("hello 7") })).await["TaskId"], first["TaskId"]);
        im.clock.advance(30_000);
        assert_ne!(push(&im, 7, json!({})).await["TaskId"], first["TaskId"], "that was long ago");
    }

    async fn what_does_not_fit_is_refused_each_by_its_own_code(im: Im) {
        im.import(&["news"]).await;
        im.call("timpush/set_attr_name", json!({ "AttrNames": { "0": "sex" } })).await.ok();
        for random in [json!(null), json!("1"), json!(-1), json!(1.5), json!(4_294_967_296_u64)] {
            refuses(&im, json!({ "MsgRandom": random }), Message::MsgRandomInvalid).await;
        }
        refuses(&im, json!({ "MsgBody": null }), Message::MsgBodyInvalid).await;
        refuses(&im, json!({ "MsgBody": [] }), Message::MsgBodyInvalid).await;
        refuses(&im, json!({ "MsgBody": "x" }), Message::MsgBodyNotList).await;
        refuses(&im, json!({ "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": {} }] }), Message::MsgElementInvalid).await;
        for life in [json!("1"), json!(-1), json!(1.5)] {
            refuses(&im, json!({ "MsgLifeTime": life }), Message::LifeTimeInvalid).await;
        }
        refuses(&im, json!({ "MsgLifeTime": 604_801 }), Message::LifeTimeTooLong).await;
        refuses(&im, json!({ "From_Account": 5 }), Message::SenderInvalid).await;
        refuses(&im, json!({ "From_Account": "nobody" }), Message::SenderInvalid).await;
        refuses(&im, json!({ "OfflinePushInfo": 1 }), Message::PushInfoInvalid).await;
        refuses(&im, json!({ "OfflinePushInfo": { "PushFlag": "1" } }), Message::PushInfoInvalid).await;
        refuses(&im, json!({ "MsgBody": elements(&"y".repeat(10 * 1024)) }), Message::PushTooLong).await;
        let given = |condition: Value| json!({ "Condition": condition });
        for condition in [json!("x"), json!([]), json!({ "TagsOr": [] }), json!({ "TagsOr": "a" }), json!({ "AttrsOr": [] })] {
            refuses(&im, given(condition), Message::FieldInvalid).await;
        }
        refuses(&im, given(json!({ "TagsOr": ["a"], "TagsAnd": ["a"] })), Message::TagTwice).await;
        refuses(&im, given(json!({ "TagsOr": (0..11).map(|n| n.to_string()).collect::<Vec<_>>() })), Message::TagsTooMany).await;
        refuses(&im, given(json!({ "TagsAnd": [""] })), Message::TagEmpty).await;
        refuses(&im, given(json!({ "TagsAnd": ["x".repeat(51)] })), Message::TagTooLong).await;
        refuses(&im, given(json!({ "AttrsAnd": { "age": "9" } })), Message::AttributeUnknown).await;
        refuses(&im, given(json!({ "AttrsAnd": { "sex": "" } })), Message::ImportModeInvalid).await;
        refuses(&im, given(json!({ "AttrsAnd": { "sex": "f" }, "TagsOr": ["a"] })), Message::ConditionMixed).await;
        push(&im, 1, json!({ "Condition": {}, "From_Account": null, "MsgLifeTime": 604_800, "OfflinePushInfo": {} })).await;
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        im.import(&["news"]).await;
        im.app(|settings, _| settings.has_broadcast = false).await;
        let mut body = json!({ "From_Account": 5, "MsgRandom": "x", "MsgBody": "x".repeat(11_000), "MsgLifeTime": "x",
            "OfflinePushInfo": 1, "Condition": 1 });
        let steps: [(&str, Value, Message); 8] = [
            ("From_Account", json!("nobody"), Message::SenderInvalid),
            ("MsgRandom", json!(1), Message::MsgRandomInvalid),
            ("", json!(true), Message::PushDisabled),
            ("MsgBody", json!("x"), Message::PushTooLong),
            ("MsgBody", elements("x"), Message::MsgBodyNotList),
            ("MsgLifeTime", json!(1), Message::LifeTimeInvalid),
            ("OfflinePushInfo", json!({}), Message::PushInfoInvalid),
            ("Condition", json!({}), Message::FieldInvalid),
        ];
        for (field, value, code) in steps {
            im.call(COMMAND, body.clone()).await.fails(code);
            if field.is_empty() {
                im.app(|settings, _| settings.has_broadcast = true).await;
            } else {
                body[field] = value;
            }
        }
        im.call(COMMAND, body.clone()).await.fails(Message::SenderInvalid);
        body["From_Account"] = json!("news");
        im.call(COMMAND, body).await.ok();
    }

    async fn a_plan_of_the_cloud_allows_a_hundred_a_day_a_second_apart(im: Im) {
        im.import(&["news"]).await;
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        for random in 1..=100 {
            im.call(COMMAND, hello(random, json!({}))).await.ok();
            im.call(COMMAND, hello(random + 1, json!({}))).await.fails(Message::PushThrottled);
            im.clock.advance(1_000);
        }
        im.call(COMMAND, hello(101, json!({}))).await.fails(Message::PushQuota);
        im.clock.advance(86_400_000);
        // The administrator's UserSig is a day old by now, so the harness signs a new one.
        im.call(COMMAND, hello(101, json!({}))).await.ok();
        im.app(|settings, _| settings.plan = "standard".into()).await;
        im.call(COMMAND, hello(102, json!({}))).await.fails(Message::PushDisabled);
    }
}
