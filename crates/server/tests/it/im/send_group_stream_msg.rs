//! `stream_msg/send_group_stream_msg`.

use std::time::Duration;

use client::{Client, Event, GroupEvent, Settings};
use contract::codes::{Common, Group, Message};
use serde_json::{Value, json};

use super::group::{ask, make};
use super::send_c2c_stream_msg::{chunk, content};
use crate::harness::{APP, Im, START, elements, with};

const COMMAND: &str = "stream_msg/send_group_stream_msg";

fn call(content: &Value) -> Value {
    let body = json!([{ "MsgType": "TIMStreamElem", "MsgContent": content }]);
    json!({ "GroupId": "g", "From_Account": "bo", "Random": 7, "MsgBody": body })
}

fn first(chunks: &[Value]) -> Value {
    call(&content(chunks))
}

fn next(id: &Value, chunks: &[Value]) -> Value {
    call(&with(content(chunks), json!({ "StreamMsgID": id })))
}

async fn group(im: &Im) {
    im.import(&["ann", "bo"]).await;
    make(im, "g", "Public", "ann", &["bo"]).await;
}

async fn open(im: &Im) -> Value {
    group(im).await;
    im.call(COMMAND, first(&[chunk(1, "a", 0)])).await.ok()["StreamMsgID"].clone()
}

/// What members see: the number of the newest chunk, the whole text, and whether it has ended.
async fn seen(im: &Im) -> Value {
    let page = ask(im, "group_msg_get_simple", json!({ "GroupId": "g", "ReqMsgNumber": 20 })).await.ok();
    let list = page["RspMsgList"].as_array().expect("a list");
    assert_eq!(list.len(), 1);
    let element = &list[0]["MsgBody"][0];
    assert_eq!(element["MsgContent"]["CompatibleText"], "see the new app");
    let chunk = &element["MsgContent"]["Chunks"][0];
    json!([chunk["Index"], chunk["Markdown"], chunk["IsLast"]])
}

both! {
    async fn a_stream_grows_until_its_last_chunk(im: Im) {
        group(&im).await;
        let answer = im.call(COMMAND, first(&[chunk(1, "a", 0), chunk(2, "b", 0)])).await.ok();
        assert_eq!((&answer["MsgSeq"], &answer["MsgTime"]), (&json!(1), &json!(START.secs())));
        let id = &answer["StreamMsgID"];
        assert_eq!(im.call(COMMAND, first(&[chunk(1, "a", 0), chunk(2, "b", 0)])).await.ok()["StreamMsgID"], *id, "sent again");
        assert_eq!(seen(&im).await, json!([2, "ab", 0]));
        let grown = im.call(COMMAND, next(id, &[chunk(3, "c", 0)])).await.ok();
        assert_eq!((&grown["MsgSeq"], &grown["StreamMsgID"]), (&json!(1), id));
        // A call whose answer was lost is made again.
        im.call(COMMAND, next(id, &[chunk(3, "c", 0)])).await.ok();
        assert_eq!(seen(&im).await, json!([3, "abc", 0]));
        im.call(COMMAND, next(id, &[chunk(5, "e", 0)])).await.fails(Message::MsgElementInvalid);
        im.call(COMMAND, next(id, &[chunk(4, "d", 1)])).await.ok();
        im.call(COMMAND, next(id, &[chunk(5, "e", 0)])).await.fails(Message::RequestIllegal);
        assert_eq!(seen(&im).await, json!([4, "abcd", 1]));
    }

    async fn connected_members_hear_each_chunk_and_the_whole_at_its_end(im: Im) {
        group(&im).await;
        let ann = Client::new(Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, "phone")).expect("a client");
        let mut events = ann.events().expect("events");
        ann.login("ann", &im.sig("ann")).await.expect("logs in");
        let mut hears = async || {
            let next = async {
                loop {
                    if let Some(Event::Group(event)) = events.next().await {
                        return *event;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(10), next).await.expect("it hears something")
        };
        let id = im.call(COMMAND, first(&[chunk(1, "a", 0)])).await.ok()["StreamMsgID"].clone();
        let GroupEvent::Message(notice) = hears().await else { panic!("the message comes first") };
        assert_eq!(notice.message.expect("a message").seq, 1);
        im.call(COMMAND, next(&id, &[chunk(2, "b", 0)])).await.ok();
        let GroupEvent::Changed(notice) = hears().await else { panic!("a chunk") };
        assert_eq!((notice.streamed, notice.version), (1, 1));
        assert_eq!((notice.chunks[0].index, &*notice.chunks[0].markdown, notice.chunks[0].last), (2, "b", false));
        assert!(notice.modified.is_none(), "only what is new travels");
        im.call(COMMAND, next(&id, &[chunk(3, "c", 1)])).await.ok();
        let GroupEvent::Changed(notice) = hears().await else { panic!("the last chunk") };
        assert!(notice.chunks[0].last);
        let GroupEvent::Changed(notice) = hears().await else { panic!("the whole") };
        let whole = notice.modified.expect("a message");
        assert!(whole.body.contains("\"abc\"") && whole.version == 2, "{}", whole.body);
        ann.shutdown().await;
    }

    async fn silence_recall_or_another_life_of_the_group_end_a_stream(im: Im) {
        let id = open(&im).await;
        im.clock.advance(15_000);
        im.call(COMMAND, next(&id, &[chunk(2, "b", 0)])).await.ok();
        im.clock.advance(15_001);
        im.call(COMMAND, next(&id, &[chunk(3, "c", 0)])).await.fails(Message::RequestIllegal);
        assert_eq!(seen(&im).await, json!([2, "ab", 0]));
        let other = with(first(&[chunk(1, "x", 0)]), json!({ "Random": 8 }));
        let id = im.call(COMMAND, other).await.ok()["StreamMsgID"].clone();
        ask(&im, "group_msg_recall", json!({ "GroupId": "g", "MsgSeqList": [{ "MsgSeq": 2 }] })).await.ok();
        im.call(COMMAND, next(&id, &[chunk(2, "y", 0)])).await.fails(Message::RequestIllegal);
        let third = with(first(&[chunk(1, "x", 0)]), json!({ "Random": 9 }));
        let id = im.call(COMMAND, third).await.ok()["StreamMsgID"].clone();
        ask(&im, "destroy_group", json!({ "GroupId": "g" })).await.ok();
        im.call(COMMAND, next(&id, &[chunk(2, "y", 0)])).await.fails(Group::GroupUnknown);
        im.clock.advance(1_000);
        make(&im, "g", "Public", "ann", &["bo"]).await;
        for (random, text) in [(1, "a"), (2, "b"), (3, "c")] {
            super::group::say(&im, "g", "bo", random, text).await;
        }
        im.call(COMMAND, next(&id, &[chunk(2, "y", 0)])).await.fails(Group::FieldInvalid);
    }

    async fn a_stream_is_continued_five_times_a_second_and_is_not_without_end(im: Im) {
        let id = open(&im).await;
        for index in 2..=6 {
            im.call(COMMAND, next(&id, &[chunk(index, "x", 0)])).await.ok();
        }
        im.call(COMMAND, next(&id, &[chunk(7, "y", 0)])).await.fails(Common::CallThrottled);
        im.clock.advance(1_000);
        let page = "x".repeat(50_000);
        im.call(COMMAND, next(&id, &[chunk(7, &page, 0)])).await.ok();
        im.call(COMMAND, next(&id, &[chunk(8, &page, 0)])).await.ok();
        im.call(COMMAND, next(&id, &[chunk(9, &page, 0)])).await.fails(Common::MessageTooLong);
        im.call(COMMAND, next(&id, &[chunk(9, "end", 1)])).await.ok();
        let large = with(first(&[chunk(1, &"y".repeat(140_000), 0)]), json!({ "Random": 8 }));
        im.call(COMMAND, large).await.fails(Common::MessageTooLong);
    }

    async fn what_still_streams_is_not_edited(im: Im) {
        let id = open(&im).await;
        let edit = json!({ "GroupId": "g", "MsgSeq": 1, "MsgBody": elements("x") });
        im.call("openim/modify_group_msg", edit.clone()).await.fails(Message::RequestIllegal);
        im.call(COMMAND, next(&id, &[chunk(2, "b", 1)])).await.ok();
        im.call("openim/modify_group_msg", edit).await.ok();
        im.call(COMMAND, next(&id, &[chunk(3, "c", 0)])).await.fails(Message::RequestIllegal);
    }

    async fn the_rules_of_groups_hold_for_streams(im: Im) {
        group(&im).await;
        make(&im, "work", "Private", "ann", &["bo"]).await;
        ask(&im, "create_group", json!({ "GroupId": "show", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        let good = first(&[chunk(1, "a", 0)]);
        let muted = json!({ "GroupId": "g", "Members_Account": ["bo"], "MuteTime": 60 });
        ask(&im, "forbid_send_msg", muted).await.ok();
        im.call(COMMAND, good.clone()).await.fails(Group::SenderMuted);
        for (changes, code) in [
            (json!({ "GroupId": "none" }), Group::GroupIdInvalid),
            (json!({ "GroupId": "show" }), Group::OperationForbidden),
            (json!({ "GroupId": 5 }), Group::FieldInvalid),
            (json!({ "From_Account": "nobody" }), Group::AccountUnknown),
            (json!({ "Random": null }), Group::FieldInvalid),
            (json!({ "MsgBody": {} }), Group::FieldInvalid),
            (json!({ "MsgBody": elements("x") }), Group::FieldInvalid),
            (json!({ "MsgPriority": "Urgent" }), Group::FieldInvalid),
        ] {
            im.call(COMMAND, with(good.clone(), changes)).await.fails(code);
        }
        im.call(COMMAND, with(good.clone(), json!({ "GroupId": "work", "OnlineOnlyFlag": 1 }))).await.fails(Message::RequestIllegal);
        for bad in [
            content(&[]),
            with(content(&[chunk(1, "a", 0)]), json!({ "CompatibleText": null })),
            with(content(&[chunk(1, "a", 0)]), json!({ "StreamMsgID": 5 })),
        ] {
            im.call(COMMAND, call(&bad)).await.fails(Message::MsgElementInvalid);
        }
        for id in ["1_2", "1_2_3", "99_1_1"] {
            im.call(COMMAND, next(&json!(id), &[chunk(2, "b", 0)])).await.fails(Group::FieldInvalid);
        }
        // A stream element is no part of any other send.
        ask(&im, "send_group_msg", with(good, json!({ "GroupId": "work" }))).await.fails(Group::FieldInvalid);
        assert_eq!(super::group::history(&im, "g").await, [(1, "tip 7".to_owned())]);
    }

    async fn a_topic_has_streams_of_its_own(im: Im) {
        im.import(&["ann", "bo"]).await;
        let home = json!({ "Type": "Community", "GroupId": "@TGS#_home", "Name": "home", "Owner_Account": "ann", "SupportTopic": 1 });
        ask(&im, "create_group", home).await.ok();
        let topic = "@TGS#_home@TOPIC#_news";
        let made = json!({ "GroupId": "@TGS#_home", "TopicId": topic, "TopicName": "News" });
        im.call("million_group_open_http_svc/create_topic", made).await.ok();
        let there = json!({ "GroupId": "@TGS#_home", "TopicId": topic });
        let id = im.call(COMMAND, with(first(&[chunk(1, "a", 0)]), there.clone())).await.ok()["StreamMsgID"].clone();
        im.call(COMMAND, with(next(&id, &[chunk(2, "b", 1)]), there.clone())).await.ok();
        let elsewhere = json!({ "GroupId": "@TGS#_home" });
        im.call(COMMAND, with(next(&id, &[chunk(2, "b", 1)]), elsewhere)).await.fails(Group::FieldInvalid);
        let page = ask(&im, "group_msg_get_simple", with(there, json!({ "ReqMsgNumber": 20 }))).await.ok();
        assert_eq!(page["RspMsgList"][0]["MsgBody"][0]["MsgContent"]["Chunks"][0]["Markdown"], "ab");
    }

    async fn a_trial_begins_a_thousand_streams_a_day_wherever_they_are(im: Im) {
        group(&im).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        im.call(COMMAND, first(&[chunk(1, "a", 1)])).await.ok();
        im.sql(store::sql!("UPDATE stream_days SET started = 1000")).await;
        let other = with(first(&[chunk(1, "b", 1)]), json!({ "Random": 6 }));
        im.call(COMMAND, other.clone()).await.fails(Message::FeatureNotInPlan);
        im.clock.advance(86_400_000);
        im.call(COMMAND, other).await.ok();
    }
}
