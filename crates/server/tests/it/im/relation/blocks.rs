//! Blocklists.

use contract::codes::Relation;
use serde_json::{Value, json};

use super::{ALLOW_TYPE, CONFIRM, add, befriend, block, relation, stance};
use crate::harness::{Im, item_fails, message};

async fn list(im: &Im, from: &str, start: i64, max: i64) -> Value {
    let body = json!({ "From_Account": from, "StartIndex": start, "MaxLimited": max, "LastSequence": 0 });
    im.call("sns/black_list_get", body).await.ok()
}

both! {
    async fn whoever_is_blocked_is_no_friend_any_more_and_the_list_can_be_read(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        stance(&im, "alice", ALLOW_TYPE, CONFIRM).await;
        item_fails(&add(&im, "carol", "alice").await["ResultCode"], Relation::RequestPending);
        let body = json!({ "From_Account": "alice", "To_Account": ["bob", "nobody", "carol", "alice", "@TGS#1"] });
        let answer = im.call("sns/black_list_add", body).await.ok();
        let codes: Vec<&Value> =
            answer["ResultItem"].as_array().expect("a list").iter().map(|item| &item["ResultCode"]).collect();
        assert_eq!((codes[0], codes[2]), (&json!(0), &json!(0)));
        item_fails(codes[1], Relation::AccountUnknown);
        item_fails(codes[3], Relation::FieldInvalid);
        item_fails(codes[4], Relation::AppMismatch);
        assert_eq!(answer["Fail_Account"], json!(["nobody", "alice", "@TGS#1"]));
        assert_eq!(relation(&im, "bob", "alice").await, "CheckResult_Type_NoRelation");
        let again = block(&im, "alice", "bob").await;
        item_fails(&again["ResultCode"], Relation::FieldInvalid);
        assert_eq!(again["ResultInfo"], "Err_SNS_BlackListAdd_Already_Exist");
        let now = im.clock.now().secs();
        let first = list(&im, "alice", 0, 1).await;
        assert_eq!(first["BlackListItem"], json!([{ "To_Account": "bob", "AddBlackTimeStamp": now }]));
        assert_eq!(first["CurruentSequence"], first["CurrentSequence"]);
        let second = list(&im, "alice", first["StartIndex"].as_i64().expect("a number"), 1).await;
        assert_eq!(second["BlackListItem"][0]["To_Account"], "carol");
        assert_eq!(second["StartIndex"], 0);
        // A back end writes whatever is blocked.
        im.call("openim/sendmsg", message("bob", "alice", 1, "x")).await.ok();
    }

    async fn a_blocklist_is_checked_from_one_side_or_from_both(im: Im) {
        im.import(&["alice", "bob", "carol", "dave"]).await;
        block(&im, "alice", "bob").await;
        block(&im, "carol", "alice").await;
        block(&im, "dave", "alice").await;
        block(&im, "alice", "dave").await;
        for (kind, expected) in [("Single", ["AWithB", "NO", "AWithB"]), ("Both", ["AWithB", "BWithA", "BothWay"])] {
            let body = json!({ "From_Account": "alice", "To_Account": ["bob", "carol", "dave"],
                "CheckType": format!("BlackCheckResult_Type_{kind}") });
            let answer = im.call("sns/black_list_check", body).await.ok();
            let found: Vec<&Value> =
                answer["BlackListCheckItem"].as_array().expect("a list").iter().map(|item| &item["Relation"]).collect();
            let expected = expected.map(|word| json!(format!("BlackCheckResult_Type_{word}")));
            assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{kind}");
            assert!(answer.get("Fail_Account").is_none());
        }
        let body = json!({ "From_Account": "alice", "To_Account": ["nobody"], "CheckType": "BlackCheckResult_Type_Both" });
        let answer = im.call("sns/black_list_check", body).await.ok();
        item_fails(&answer["BlackListCheckItem"][0]["ResultCode"], Relation::AccountUnknown);
        assert_eq!(answer["BlackListCheckItem"][0]["Relation"], "BlackCheckResult_Type_NO");
        let body = json!({ "From_Account": "alice", "To_Account": ["bob"], "CheckType": "CheckResult_Type_Both" });
        im.call("sns/black_list_check", body).await.fails(Relation::FieldInvalid);
    }

    async fn whoever_is_unblocked_may_be_asked_again(im: Im) {
        im.import(&["alice", "bob"]).await;
        block(&im, "alice", "bob").await;
        let body = json!({ "From_Account": "alice", "To_Account": ["bob"] });
        let answer = im.call("sns/black_list_delete", body.clone()).await.ok();
        assert_eq!(answer["ResultItem"][0]["ResultCode"], 0);
        let answer = im.call("sns/black_list_delete", body).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FieldInvalid);
        assert_eq!(list(&im, "alice", 0, 10).await["BlackListItem"], json!([]));
        assert_eq!(add(&im, "bob", "alice").await["ResultCode"], 0);
    }

    async fn a_sequence_spares_a_list_that_is_known(im: Im) {
        im.import(&["alice", "bob"]).await;
        block(&im, "alice", "bob").await;
        let sequence = list(&im, "alice", 0, 10).await["CurruentSequence"].clone();
        let body = json!({ "From_Account": "alice", "StartIndex": 0, "MaxLimited": 10, "LastSequence": sequence });
        assert_eq!(im.call("sns/black_list_get", body).await.ok()["BlackListItem"], json!([]));
        let wrong = json!({ "From_Account": "alice", "StartIndex": 0, "MaxLimited": 0 });
        im.call("sns/black_list_get", wrong).await.fails(Relation::FieldInvalid);
        let wrong = json!({ "From_Account": "alice", "StartIndex": -1, "MaxLimited": 1 });
        im.call("sns/black_list_get", wrong).await.fails(Relation::FieldInvalid);
    }
}
