//! `openim_msg_ext_http_svc/set_key_values` and `get_key_values`.

use contract::codes::{Group, Message};
use contract::ledger::How;
use serde_json::{Value, json};
use store::sql;

use crate::harness::{Im, message, with};

const SET: &str = "openim_msg_ext_http_svc/set_key_values";
const GET: &str = "openim_msg_ext_http_svc/get_key_values";

/// Sends a message that takes extensions, and answers how it is named.
async fn named(im: &Im) -> Value {
    im.import(&["alice", "bob"]).await;
    let body = with(message("alice", "bob", 7, "vote"), json!({ "SupportMessageExtension": 1 }));
    let key = im.call("openim/sendmsg", body).await.ok()["MsgKey"].clone();
    json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key })
}

fn set(named: &Value, pairs: &[(&str, &str)]) -> Value {
    let pairs: Vec<Value> = pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value, "Seq": 0 })).collect();
    with(named.clone(), json!({ "OperateType": 1, "ExtensionList": pairs }))
}

async fn get(im: &Im, named: &Value, start: u32) -> (Value, Vec<(String, String, i64)>) {
    let page = im.call(GET, with(named.clone(), json!({ "StartSeq": start }))).await.ok();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let pairs = page["ExtensionList"].as_array().expect("a list").iter();
    let pairs = pairs.map(|pair| (text(&pair["Key"]), text(&pair["Value"]), pair["Seq"].as_i64().expect("a number")));
    let pairs = pairs.collect();
    (page, pairs)
}

fn pair(key: &str, value: &str, seq: i64) -> (String, String, i64) {
    (key.into(), value.into(), seq)
}

both! {
    async fn pairs_are_set_removed_and_cleared_in_one_order_of_changes(im: Im) {
        let named = named(&im).await;
        let answer = im.call(SET, set(&named, &[("a", "1"), ("b", "2")])).await.ok();
        let expected = json!([
            { "ErrorCode": 0, "Extension": { "Key": "a", "Value": "1", "Seq": 1 } },
            { "ErrorCode": 0, "Extension": { "Key": "b", "Value": "2", "Seq": 2 } },
        ]);
        assert_eq!(answer["ExtensionList"], expected);
        im.call(SET, set(&named, &[("a", "3")])).await.ok();
        let (page, pairs) = get(&im, &named, 0).await;
        assert_eq!(pairs, [pair("b", "2", 2), pair("a", "3", 3)]);
        assert_eq!((&page["CompleteFlag"], &page["LatestSeq"], &page["ClearSeq"]), (&json!(1), &json!(3), &json!(0)));
        assert_eq!(get(&im, &named, 3).await.1, [pair("a", "3", 3)]);
        let remove = with(set(&named, &[("b", ""), ("none", "")]), json!({ "OperateType": 2 }));
        let removed = im.call(SET, remove).await.ok();
        assert_eq!(removed["ExtensionList"][0], json!({ "ErrorCode": 0, "Extension": { "Key": "b", "Value": "", "Seq": 4 } }));
        assert_eq!(get(&im, &named, 0).await.1, [pair("a", "3", 3)]);
        im.call(SET, with(named.clone(), json!({ "OperateType": 3 }))).await.ok();
        let (page, pairs) = get(&im, &named, 0).await;
        assert!(pairs.is_empty());
        assert_eq!((&page["LatestSeq"], &page["ClearSeq"]), (&json!(5), &json!(5)));
        assert_eq!(im.texts("bob", "alice").await, ["vote"]);
    }

    async fn a_message_has_300_pairs_and_a_page_200(im: Im) {
        let named = named(&im).await;
        let keys: Vec<String> = (0..301).map(|n| format!("k{n:03}")).collect();
        for keys in keys[..300].chunks(20) {
            let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
            im.call(SET, set(&named, &pairs)).await.ok();
        }
        im.call(SET, set(&named, &[(&keys[300], "v")])).await.fails(Group::FieldInvalid);
        im.call(SET, set(&named, &[(&keys[0], "w")])).await.ok();
        let (page, first) = get(&im, &named, 0).await;
        assert_eq!((first.len(), &page["CompleteFlag"]), (200, &json!(0)));
        let next = u32::try_from(first[199].2 + 1).expect("fits");
        let (page, rest) = get(&im, &named, next).await;
        assert_eq!((rest.len(), &page["CompleteFlag"]), (100, &json!(1)));
        assert_eq!(rest[99], pair("k000", "w", 301));
    }

    async fn a_message_must_be_there_and_take_extensions(im: Im) {
        let named = named(&im).await;
        let plain = im.text("alice", "bob", 8, "plain").await;
        for command in [SET, GET] {
            let body = set(&named, &[("k", "v")]);
            im.call(command, with(body.clone(), json!({ "MsgKey": "1_2_3" }))).await.fails(Message::ExtendedUnknown);
            im.call(command, with(body.clone(), json!({ "MsgKey": plain }))).await.fails(Message::ExtensionForbidden);
            let turned = json!({ "From_Account": "bob", "To_Account": "alice" });
            im.call(command, with(body, turned)).await.fails(Message::ExtendedUnknown);
        }
        im.call("openim/admin_msgwithdraw", named.clone()).await.ok();
        im.call(GET, named).await.fails(Message::ExtendedUnknown);
    }

    async fn a_message_takes_200_changes_a_minute(im: Im) {
        let named = named(&im).await;
        // The clock stands in the middle of a minute.
        for _ in 0..200 {
            im.call(SET, with(named.clone(), json!({ "OperateType": 3 }))).await.ok();
        }
        im.call(SET, set(&named, &[("k", "v")])).await.fails(Message::ExtensionThrottled);
        assert!(get(&im, &named, 0).await.1.is_empty());
        im.clock.advance(60_000);
        im.call(SET, set(&named, &[("k", "v")])).await.ok();
        assert_eq!(get(&im, &named, 0).await.1, [pair("k", "v", 201)]);
    }

    async fn the_plan_must_include_extensions(im: Im) {
        let named = named(&im).await;
        im.app(|settings, _| settings.plan = "standard".into()).await;
        im.call(SET, set(&named, &[("k", "v")])).await.fails(Message::FeatureNotInPlan);
        im.call(GET, named.clone()).await.fails(Message::FeatureNotInPlan);
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        im.call(SET, set(&named, &[("k", "v")])).await.ok();
    }

    async fn fields_are_refused_by_one_code(im: Im) {
        let named = named(&im).await;
        let good = set(&named, &[("k", "v")]);
        let many: Vec<Value> = (0..21).map(|n| json!({ "Key": n.to_string() })).collect();
        for changes in [
            json!({ "To_Account": null }),
            json!({ "To_Account": 5 }),
            json!({ "From_Account": 5 }),
            json!({ "MsgKey": null }),
            json!({ "MsgKey": "1_2" }),
            json!({ "OperateType": null }),
            json!({ "OperateType": "1" }),
            json!({ "OperateType": 0 }),
            json!({ "OperateType": 4 }),
            json!({ "ExtensionList": null }),
            json!({ "ExtensionList": [] }),
            json!({ "ExtensionList": {} }),
            json!({ "ExtensionList": many }),
            json!({ "ExtensionList": [{ "Value": "v" }] }),
            json!({ "ExtensionList": [{ "Key": "" }] }),
            json!({ "ExtensionList": [{ "Key": 5 }] }),
            json!({ "ExtensionList": [{ "Key": "a\0b" }] }),
            json!({ "ExtensionList": [{ "Key": "k".repeat(101) }] }),
            json!({ "ExtensionList": [{ "Key": "k", "Value": "v".repeat(1_001) }] }),
            json!({ "ExtensionList": [{ "Key": "k", "Value": "a\0b" }] }),
            json!({ "ExtensionList": [{ "Key": "k", "Seq": -1 }] }),
        ] {
            im.call(SET, with(good.clone(), changes)).await.fails(Group::FieldInvalid);
        }
        im.call(GET, with(named.clone(), json!({ "StartSeq": -1 }))).await.fails(Group::FieldInvalid);
        im.raw(SET, "[]").await.fails(Group::BodyMalformed);
        let (key, value) = ("k".repeat(100), "v".repeat(1_000));
        im.call(SET, set(&named, &[(&key, &value)])).await.ok();
        assert_eq!(get(&im, &named, 0).await.1, [pair(&key, &value, 1)]);
    }

    async fn trouble_of_the_store_is_an_internal_error(im: Im) {
        let named = named(&im).await;
        im.sql(sql!("ALTER TABLE extensions RENAME TO elsewhere")).await;
        im.call(SET, set(&named, &[("k", "v")])).await.fails_by(Group::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO extensions")).await;
        assert!(get(&im, &named, 0).await.1.is_empty());
    }
}
