//! `im_open_login_svc/account_check`.

use contract::codes::{Account, Common};
use serde_json::{Value, json};

const COMMAND: &str = "im_open_login_svc/account_check";

both! {
    async fn each_account_is_answered_in_the_order_asked(im: Im) {
        im.import(&["alice", "bob"]).await;
        let items = json!([{ "UserID": "bob" }, { "UserID": "nobody" }, { "UserID": "alice" }, { "UserID": "bob" }]);
        let answer = im.call(COMMAND, json!({ "CheckItem": items })).await.ok();
        let item = |user, status| {
            json!({ "UserID": user, "ResultCode": 0, "ResultInfo": "", "AccountStatus": status })
        };
        let expected =
            [item("bob", "Imported"), item("nobody", "NotImported"), item("alice", "Imported"), item("bob", "Imported")];
        assert_eq!(answer["ResultItem"], json!(expected));
    }

    async fn a_deleted_account_is_not_imported(im: Im) {
        im.import(&["alice"]).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        let answer = im.call(COMMAND, json!({ "CheckItem": [{ "UserID": "alice" }] })).await.ok();
        assert_eq!(answer["ResultItem"][0]["AccountStatus"], "NotImported");
    }

    async fn a_batch_has_1_to_100_accounts(im: Im) {
        let items = |count: usize| (0..count).map(|n| json!({ "UserID": format!("u{n}") })).collect::<Vec<Value>>();
        let answer = im.call(COMMAND, json!({ "CheckItem": items(100) })).await.ok();
        assert_eq!(answer["ResultItem"].as_array().map(Vec::len), Some(100));
        im.call(COMMAND, json!({ "CheckItem": items(101) })).await.fails(Account::BatchSizeInvalid);
        im.call(COMMAND, json!({ "CheckItem": [] })).await.fails(Account::BatchSizeInvalid);
    }

    async fn a_malformed_list_is_refused(im: Im) {
        for list in [json!(null), json!("a"), json!({}), json!(["a"]), json!([{}]), json!([null]), json!([{ "UserID": "" }])] {
            im.call(COMMAND, json!({ "CheckItem": list })).await.fails(Account::FieldInvalid);
        }
        im.call(COMMAND, json!({})).await.fails(Account::FieldInvalid);
        im.call(COMMAND, json!({ "CheckItem": [{ "UserID": "a" }, { "UserID": 7 }] })).await.fails(Common::UserIdNotText);
    }
}
