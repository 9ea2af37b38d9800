//! `openim/query_online_status`.

use contract::codes::{Account, Message};
use serde_json::{Value, json};

use crate::harness::item_fails;

const COMMAND: &str = "openim/query_online_status";

both! {
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
