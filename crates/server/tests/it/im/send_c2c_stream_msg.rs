//! `stream_msg/send_c2c_stream_msg`.

use contract::codes::{Common, Message};
use serde_json::{Value, json};

use crate::harness::{Im, elements, with};

const COMMAND: &str = "stream_msg/send_c2c_stream_msg";

/// A piece of a stream.
pub(super) fn chunk(index: u32, markdown: &str, is_last: u8) -> Value {
    json!({ "EventType": "data", "Index": index, "Markdown": markdown, "IsLast": is_last })
}

/// The content of a stream element with these pieces.
pub(super) fn content(chunks: &[Value]) -> Value {
    json!({ "CompatibleText": "see the new app", "Chunks": chunks })
}

fn call(content: &Value) -> Value {
    let body = json!([{ "MsgType": "TIMStreamElem", "MsgContent": content }]);
    json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": 7, "MsgSeq": 5, "MsgBody": body })
}

fn first(chunks: &[Value]) -> Value {
    call(&content(chunks))
}

fn next(id: &Value, chunks: &[Value]) -> Value {
    call(&with(content(chunks), json!({ "StreamMsgID": id })))
}

async fn open(im: &Im) -> Value {
    im.import(&["alice", "bob"]).await;
    im.call(COMMAND, first(&[chunk(1, "a", 0)])).await.ok()["StreamMsgID"].clone()
}

/// What the receiver sees: the number of the newest chunk, the whole text, and whether it has ended.
async fn seen(im: &Im) -> Value {
    let page = im.history("bob", "alice").await;
    assert_eq!(page["MsgCnt"], 1);
    let element = &page["MsgList"][0]["MsgBody"][0];
    assert_eq!(element["MsgContent"]["CompatibleText"], "see the new app");
    let chunk = &element["MsgContent"]["Chunks"][0];
    json!([chunk["Index"], chunk["Markdown"], chunk["IsLast"]])
}

both! {
    async fn a_stream_grows_until_its_last_chunk(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answer = im.call(COMMAND, first(&[chunk(1, "a", 0), chunk(2, "b", 0)])).await.ok();
        assert_eq!((&answer["MsgKey"], &answer["MsgTime"]), (&json!("5_7_1700000000"), &json!(1_700_000_000)));
        let id = &answer["StreamMsgID"];
        assert_eq!(seen(&im).await, json!([2, "ab", 0]));
        im.call(COMMAND, next(id, &[chunk(3, "c", 0)])).await.ok();
        // A call whose answer was lost is made again.
        im.call(COMMAND, next(id, &[chunk(3, "c", 0)])).await.ok();
        assert_eq!(seen(&im).await, json!([3, "abc", 0]));
        im.call(COMMAND, next(id, &[chunk(5, "e", 0)])).await.fails(Message::MsgElementInvalid);
        im.call(COMMAND, next(id, &[chunk(4, "d", 1)])).await.ok();
        im.call(COMMAND, next(id, &[chunk(5, "e", 0)])).await.fails(Message::RequestIllegal);
        assert_eq!(seen(&im).await, json!([4, "abcd", 1]));
        assert_eq!(im.unread("bob", "alice").await, 1);
    }

    async fn silence_ends_a_stream(im: Im) {
        let id = open(&im).await;
        im.clock.advance(15_000);
        im.call(COMMAND, next(&id, &[chunk(2, "b", 0)])).await.ok();
        im.clock.advance(15_001);
        im.call(COMMAND, next(&id, &[chunk(3, "c", 0)])).await.fails(Message::RequestIllegal);
        assert_eq!(seen(&im).await, json!([2, "ab", 0]));
    }

    async fn a_stream_is_continued_five_times_a_second(im: Im) {
        let id = open(&im).await;
        for index in 2..=6 {
            im.call(COMMAND, next(&id, &[chunk(index, "x", 0)])).await.ok();
        }
        im.call(COMMAND, next(&id, &[chunk(7, "y", 0)])).await.fails(Common::CallThrottled);
        im.clock.advance(1_000);
        im.call(COMMAND, next(&id, &[chunk(7, "y", 1)])).await.ok();
        assert_eq!(seen(&im).await, json!([7, "axxxxxy", 1]));
    }

    async fn a_stream_may_be_long_but_not_without_end(im: Im) {
        let id = open(&im).await;
        let page = "x".repeat(50_000);
        im.call(COMMAND, next(&id, &[chunk(2, &page, 0)])).await.ok();
        im.call(COMMAND, next(&id, &[chunk(3, &page, 0)])).await.ok();
        im.call(COMMAND, next(&id, &[chunk(4, &page, 0)])).await.fails(Common::MessageTooLong);
        im.call(COMMAND, next(&id, &[chunk(4, "end", 1)])).await.ok();
        let large = "y".repeat(140_000);
        im.call(COMMAND, first(&[chunk(1, &large, 0)])).await.fails(Common::MessageTooLong);
    }

    async fn what_still_streams_is_not_edited(im: Im) {
        let id = open(&im).await;
        let edit = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": id, "MsgBody": elements("x") });
        im.call("openim/modify_c2c_msg", edit.clone()).await.fails(Message::RequestIllegal);
        im.call(COMMAND, next(&id, &[chunk(2, "b", 1)])).await.ok();
        im.call("openim/modify_c2c_msg", edit).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["x"]);
        im.call(COMMAND, next(&id, &[chunk(3, "c", 0)])).await.fails(Message::RequestIllegal);
    }

    async fn a_stream_belongs_to_its_two_accounts_and_may_be_recalled(im: Im) {
        let id = open(&im).await;
        let turned = json!({ "From_Account": "bob", "To_Account": "alice" });
        im.call(COMMAND, with(next(&id, &[chunk(2, "b", 0)]), turned)).await.fails(Message::MessageUnknown);
        im.call(COMMAND, next(&json!("1_2_3"), &[chunk(2, "b", 0)])).await.fails(Message::MessageUnknown);
        im.call(COMMAND, next(&json!("1_2"), &[chunk(2, "b", 0)])).await.fails(Message::MsgKeyInvalid);
        let body = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": id });
        im.call("openim/admin_msgwithdraw", body).await.ok();
        im.call(COMMAND, next(&id, &[chunk(2, "b", 0)])).await.fails(Message::MessageRecalled);
    }

    async fn fields_are_refused_each_by_its_own_code(im: Im) {
        im.import(&["alice", "bob"]).await;
        let good = first(&[chunk(1, "a", 0)]);
        for (changes, code) in [
            (json!({ "To_Account": null }), Message::ReceiverInvalid),
            (json!({ "To_Account": "nobody" }), Message::ReceiverUnknown),
            (json!({ "From_Account": "nobody" }), Message::SenderUnknown),
            (json!({ "From_Account": 5 }), Message::SenderInvalid),
            (json!({ "MsgSeq": -1 }), Message::MsgSeqInvalid),
            (json!({ "MsgRandom": null }), Message::MsgRandomInvalid),
            (json!({ "MsgBody": null }), Message::MsgBodyInvalid),
            (json!({ "MsgBody": {} }), Message::MsgBodyNotList),
            (json!({ "MsgBody": elements("x") }), Message::MsgBodyInvalid),
            (json!({ "MsgLifeTime": "x" }), Message::LifeTimeInvalid),
            (json!({ "MsgLifeTime": 0 }), Message::RequestIllegal),
            (json!({ "OfflinePushInfo": 1 }), Message::PushInfoInvalid),
        ] {
            im.call(COMMAND, with(good.clone(), changes)).await.fails(code);
        }
        for bad in [
            content(&[]),
            with(content(&[chunk(1, "a", 0)]), json!({ "CompatibleText": null })),
            with(content(&[chunk(1, "a", 0)]), json!({ "StreamMsgID": 5 })),
            content(&[with(chunk(1, "a", 0), json!({ "EventType": "x" }))]),
        ] {
            im.call(COMMAND, call(&bad)).await.fails(Message::MsgElementInvalid);
        }
        // A stream element is no part of any other send.
        im.call("openim/sendmsg", good).await.fails(Message::MsgBodyInvalid);
        assert_eq!(im.history("bob", "alice").await["MsgCnt"], 0);
    }

    async fn a_trial_begins_a_thousand_streams_a_day(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        im.call(COMMAND, first(&[chunk(1, "a", 1)])).await.ok();
        im.sql(store::sql!("UPDATE stream_days SET started = 1000")).await;
        let other = with(first(&[chunk(1, "b", 1)]), json!({ "MsgSeq": 6 }));
        im.call(COMMAND, other.clone()).await.fails(Message::FeatureNotInPlan);
        im.clock.advance(86_400_000);
        im.call(COMMAND, other).await.ok();
    }
}
