//! What a command on relations refuses before it looks at anything.

use contract::codes::Relation;
use contract::limit;
use serde_json::{Value, json};

use super::{add, item};
use crate::harness::{item_fails, with};

/// Every command with a body that is good.
fn commands() -> Vec<(&'static str, Value)> {
    let to = json!({ "From_Account": "alice", "To_Account": ["bob"] });
    let items = json!({ "From_Account": "alice", "AddFriendItem": [item("bob")] });
    let update = json!({ "From_Account": "alice", "UpdateItem": [{ "To_Account": "bob",
        "SnsItem": [{ "Tag": "Tag_SNS_IM_Remark", "Value": "x" }] }] });
    let groups = json!({ "From_Account": "alice", "GroupName": ["g"] });
    vec![
        ("black_list_add", to.clone()),
        ("black_list_check", with(to.clone(), json!({ "CheckType": "BlackCheckResult_Type_Both" }))),
        ("black_list_delete", to.clone()),
        ("black_list_get", json!({ "From_Account": "alice", "StartIndex": 0, "MaxLimited": 10 })),
        ("friend_add", items.clone()),
        ("friend_check", with(to.clone(), json!({ "CheckType": "CheckResult_Type_Both" }))),
        ("friend_delete", to.clone()),
        ("friend_delete_all", json!({ "From_Account": "alice" })),
        ("friend_get", json!({ "From_Account": "alice", "StartIndex": 0 })),
        ("friend_get_list", with(to, json!({ "TagList": ["Tag_SNS_IM_Remark"] }))),
        ("friend_import", items),
        ("friend_update", update),
        ("group_add", groups.clone()),
        ("group_delete", groups),
        ("group_get", json!({ "From_Account": "alice" })),
    ]
}

both! {
    async fn every_command_wants_an_account_that_exists(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (command, body) in commands() {
            let command = format!("sns/{command}");
            im.call(&command, body.clone()).await.ok();
            for wrong in [Value::Null, json!(1), json!(""), json!("x".repeat(33)), json!(["alice"])] {
                im.call(&command, with(body.clone(), json!({ "From_Account": wrong }))).await.fails(Relation::FieldInvalid);
            }
            let unknown = with(body.clone(), json!({ "From_Account": "nobody" }));
            im.call(&command, unknown).await.fails(Relation::AccountUnknown);
            let reserved = with(body, json!({ "From_Account": "@TGS#1" }));
            im.call(&command, reserved).await.fails(Relation::AppMismatch);
            im.raw(&command, "[]").await.fails(Relation::FieldInvalid);
        }
    }

    async fn every_list_has_1_to_1000_items(im: Im) {
        im.import(&["alice", "bob"]).await;
        for (command, body) in commands() {
            for field in ["To_Account", "AddFriendItem", "UpdateItem"] {
                if body.get(field).is_none() {
                    continue;
                }
                let many = vec![body[field][0].clone(); limit::RELATION_BATCH + 1];
                for wrong in [json!([]), json!("bob"), json!({}), Value::Null, json!(many)] {
                    let body = with(body.clone(), json!({ field: wrong }));
                    im.call(&format!("sns/{command}"), body).await.fails(Relation::FieldInvalid);
                }
            }
        }
    }

    async fn an_item_that_does_not_fit_fails_alone(im: Im) {
        im.import(&["alice", "bob"]).await;
        let wrong = [
            json!(7),
            json!({}),
            json!({ "To_Account": 7, "AddSource": "AddSource_Type_Web" }),
            json!({ "To_Account": "", "AddSource": "AddSource_Type_Web" }),
            json!({ "To_Account": "bob" }),
            with(item("bob"), json!({ "AddSource": "Web" })),
            with(item("bob"), json!({ "AddSource": "AddSource_Type_ninechars" })),
            with(item("bob"), json!({ "Remark": "x".repeat(97) })),
            with(item("bob"), json!({ "Remark": "a\0b" })),
            with(item("bob"), json!({ "GroupName": ["a", "b"] })),
            with(item("bob"), json!({ "GroupName": "x".repeat(31) })),
            with(item("bob"), json!({ "AddWording": "x".repeat(257) })),
            with(item("bob"), json!({ "AddWording": 1 })),
        ];
        let mut items = wrong.to_vec();
        items.push(item("bob"));
        items.push(item("bob"));
        let answer = im.call("sns/friend_add", json!({ "From_Account": "alice", "AddFriendItem": items })).await.ok();
        let results = answer["ResultItem"].as_array().expect("a list");
        for (number, item) in wrong.iter().enumerate() {
            assert_ne!(results[number]["ResultCode"], 0, "{item}");
            item_fails(&results[number]["ResultCode"], Relation::FieldInvalid);
        }
        assert_eq!(results[wrong.len()]["ResultCode"], 0, "{answer}");
        item_fails(&results[wrong.len() + 1]["ResultCode"], Relation::FieldInvalid);
        assert_eq!(answer["Fail_Account"].as_array().map(Vec::len), Some(wrong.len() + 1));
    }

    async fn types_are_the_documented_words(im: Im) {
        im.import(&["alice", "bob"]).await;
        let body = |field: &str, word: Value| with(json!({ "From_Account": "alice", "To_Account": ["bob"],
            "AddFriendItem": [item("bob")] }), json!({ field: word }));
        for (command, field) in [("friend_add", "AddType"), ("friend_delete", "DeleteType"), ("friend_check", "CheckType")] {
            for wrong in [json!("Both"), json!(1), json!("")] {
                im.call(&format!("sns/{command}"), body(field, wrong)).await.fails(Relation::FieldInvalid);
            }
        }
        im.call("sns/friend_check", body("CheckType", Value::Null)).await.fails(Relation::FieldInvalid);
        im.call("sns/friend_add", body("ForceAddFlags", json!("1"))).await.fails(Relation::FieldInvalid);
        assert_eq!(add(&im, "alice", "bob").await["ResultCode"], 0);
    }
}
