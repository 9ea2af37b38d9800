//! `openim/query_online_status`.

use contract::codes::{Account, Message};
use contract::{DeviceId, Platform, UserId};
use serde_json::{Value, json};
use store::devices::Login;

use crate::harness::{APP, Im, item_fails};

const COMMAND: &str = "openim/query_online_status";

/// Logs a device in as the gateway does; on no node, its connection is gone already.
async fn log_in(im: &Im, user: &str, platform: Platform, node: i64) {
    let app = im.node().apps.get(APP).expect("the app");
    let login = Login {
        device: DeviceId::trusted(&format!("{user}-{}", platform.as_str())),
        account: UserId::trusted(user),
        platform: platform as i64,
        node,
        session: 1,
    };
    let now = im.clock.now();
    let write = move |tx: &mut store::Tx<'_>| chat::login::log_in(tx, now, &app, &login, now).map(drop);
    im.node().store.write(APP, write).await.expect("the device is let in");
}

async fn status(im: &Im, user: &str) -> (Value, Value) {
    let answer = im.call(COMMAND, json!({ "To_Account": [user], "IsNeedDetail": 1 })).await.ok();
    let known = &answer["QueryResult"][0];
    assert_eq!(known["Status"], known["State"]);
    (known["Status"].clone(), known["Detail"].clone())
}

both! {
    async fn a_device_is_online_while_connected_and_a_mobile_one_push_online_for_seven_days_after(im: Im) {
        im.import(&["alice"]).await;
        log_in(&im, "alice", Platform::Web, im.node().id).await;
        log_in(&im, "alice", Platform::Android, 0).await;
        let (best, detail) = status(&im, "alice").await;
        assert_eq!(best, "Online");
        let mut detail: Vec<String> = detail.as_array().expect("a list").iter().map(Value::to_string).collect();
        detail.sort();
        let of = |platform, status| json!({ "Platform": platform, "Status": status }).to_string();
        assert_eq!(detail, [of("Android", "PushOnline"), of("Web", "Online")]);
        // The node does not say that it lives, so its connections count as gone, and a browser gets no push.
        im.clock.advance(60_000);
        assert_eq!(status(&im, "alice").await.0, "PushOnline");
        im.clock.advance(7 * 86_400_000 - 60_001);
        assert_eq!(status(&im, "alice").await.0, "PushOnline");
        im.clock.advance(1);
        assert_eq!(status(&im, "alice").await, (json!("Offline"), json!([])));
    }

    async fn who_is_kicked_is_offline_on_every_device(im: Im) {
        im.import(&["alice"]).await;
        log_in(&im, "alice", Platform::IPhone, 0).await;
        log_in(&im, "alice", Platform::Pc, im.node().id).await;
        assert_eq!(status(&im, "alice").await.0, "Online");
        im.call("im_open_login_svc/kick", json!({ "UserID": "alice" })).await.ok();
        assert_eq!(status(&im, "alice").await, (json!("Offline"), json!([])));
    }

    async fn both_spellings_of_the_status_are_answered_and_the_unknown_are_listed(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answer = im.call(COMMAND, json!({ "To_Account": ["bob", "nobody", "alice", "", "bob"] })).await.ok();
        let known: Vec<_> = answer["QueryResult"].as_array().expect("a list").iter().map(|it| &it["To_Account"]).collect();
        assert_eq!(known, ["bob", "alice", "bob"]);
        for item in answer["QueryResult"].as_array().expect("a list") {
            assert_eq!((&item["Status"], &item["State"]), (&json!("Offline"), &json!("Offline")));
            assert!(item.get("Detail").is_none(), "{item}");
        }
        let unknown: Vec<_> = answer["ErrorList"].as_array().expect("a list").iter().map(|it| &it["To_Account"]).collect();
        assert_eq!(unknown, ["nobody", ""]);
        item_fails(&answer["ErrorList"][0]["ErrorCode"], Account::AccountUnknown);
    }

    async fn details_come_when_they_are_asked_for(im: Im) {
        im.import(&["alice"]).await;
        let answer = im.call(COMMAND, json!({ "To_Account": ["alice"], "IsNeedDetail": 1 })).await.ok();
        assert_eq!(answer["QueryResult"][0]["Detail"], json!([]));
        assert!(answer.get("ErrorList").is_none(), "{answer}");
        let answer = im.call(COMMAND, json!({ "To_Account": ["alice"], "IsNeedDetail": 0 })).await.ok();
        assert!(answer["QueryResult"][0].get("Detail").is_none());
        let body = json!({ "To_Account": ["alice"], "IsNeedDetail": "1" });
        im.call(COMMAND, body).await.fails(Message::FieldInvalid);
    }

    async fn a_call_of_which_nothing_is_known_fails_with_its_items_code(im: Im) {
        im.call(COMMAND, json!({ "To_Account": ["nobody"] })).await.fails(Account::AccountUnknown);
        im.import(&["alice"]).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(COMMAND, json!({ "To_Account": ["alice", "nobody"] })).await.fails(Account::AccountUnknown);
    }

    async fn one_call_asks_for_1_to_500_accounts(im: Im) {
        im.import(&["u0"]).await;
        let names = |count: usize| (0..count).map(|n| json!(format!("u{n}"))).collect::<Vec<Value>>();
        let answer = im.call(COMMAND, json!({ "To_Account": names(500) })).await.ok();
        assert_eq!(answer["ErrorList"].as_array().map(Vec::len), Some(499));
        im.call(COMMAND, json!({ "To_Account": names(501) })).await.fails(Message::ReceiversTooMany);
        im.call(COMMAND, json!({ "To_Account": [] })).await.fails(Message::FieldInvalid);
        im.call(COMMAND, json!({})).await.fails(Message::FieldInvalid);
    }

    async fn the_list_holds_strings(im: Im) {
        im.import(&["alice"]).await;
        for list in [json!("alice"), json!({}), json!(5), json!(["alice", 5]), json!(["alice", null]), json!([["alice"]])] {
            im.call(COMMAND, json!({ "To_Account": list })).await.fails(Message::ReceiverInvalid);
        }
    }
}
