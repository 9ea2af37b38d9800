//! `im_open_login_svc/account_import`.

use contract::codes::{Account, Common, Profile};
use serde_json::json;

use crate::harness::with;

const COMMAND: &str = "im_open_login_svc/account_import";

both! {
    async fn a_second_import_is_not_an_error(im: Im) {
        im.call(COMMAND, json!({ "UserID": "alice" })).await.ok();
        im.call(COMMAND, json!({ "UserID": "alice", "Nick": "Alice", "FaceUrl": "https://x/y.png" })).await.ok();
        let answer = im.call(COMMAND, json!({ "UserID": "alice" })).await.ok();
        assert_eq!(answer.as_object().map(serde_json::Map::len), Some(3), "{answer}");
    }

    async fn the_user_id_is_required_and_a_string(im: Im) {
        im.call(COMMAND, json!({})).await.fails(Account::FieldInvalid);
        im.call(COMMAND, json!({ "UserID": null })).await.fails(Account::FieldInvalid);
        for user in [json!(1), json!(["alice"]), json!({}), json!(true), json!(1.5)] {
            im.call(COMMAND, json!({ "UserID": user })).await.fails(Common::UserIdNotText);
        }
    }

    async fn a_user_id_is_1_to_32_printable_bytes_and_case_counts(im: Im) {
        for user in ["a", &"a".repeat(32), "~ !@#$%^&*()"] {
            im.call(COMMAND, json!({ "UserID": user })).await.ok();
        }
        for user in ["", &"a".repeat(33), "日本", "a\tb", "a\u{7f}", "a\0", "@RBT#1", "@TGS#1", "@TIM#SYSTEM", "@TOPIC#_1"] {
            im.call(COMMAND, json!({ "UserID": user })).await.fails(Account::FieldInvalid);
        }
        im.call(COMMAND, json!({ "UserID": "Alice" })).await.ok();
        let checked = im.call("im_open_login_svc/account_check", json!({ "CheckItem": [{ "UserID": "alice" }] })).await;
        assert_eq!(checked.ok()["ResultItem"][0]["AccountStatus"], "NotImported");
    }

    async fn the_old_name_of_the_field_is_taken_and_the_new_one_wins(im: Im) {
        im.call(COMMAND, json!({ "Identifier": "old" })).await.ok();
        im.call(COMMAND, json!({ "Identifier": "loser", "UserID": "winner" })).await.ok();
        im.call(COMMAND, json!({ "Identifier": "good", "UserID": "" })).await.fails(Account::FieldInvalid);
        let items = json!({ "CheckItem": [{ "UserID": "old" }, { "UserID": "loser" }, { "UserID": "winner" }] });
        let checked = im.call("im_open_login_svc/account_check", items).await.ok();
        let statuses: Vec<_> =
            checked["ResultItem"].as_array().expect("a list").iter().map(|item| item["AccountStatus"].clone()).collect();
        assert_eq!(statuses, ["Imported", "NotImported", "Imported"]);
    }

    async fn nick_and_face_have_500_bytes(im: Im) {
        let body = json!({ "UserID": "alice" });
        for field in ["Nick", "FaceUrl"] {
            im.call(COMMAND, with(body.clone(), json!({ field: "x".repeat(500) }))).await.ok();
            im.call(COMMAND, with(body.clone(), json!({ field: "" }))).await.ok();
            im.call(COMMAND, with(body.clone(), json!({ field: "x".repeat(501) }))).await.fails(Profile::ProfileTooLong);
            im.call(COMMAND, with(body.clone(), json!({ field: "日".repeat(167) }))).await.fails(Profile::ProfileTooLong);
            for value in [json!(1), json!([]), json!({})] {
                im.call(COMMAND, with(body.clone(), json!({ field: value }))).await.fails(Account::FieldInvalid);
            }
            im.call(COMMAND, with(body.clone(), json!({ field: "a\0b" }))).await.fails(Account::FieldInvalid);
        }
    }

    async fn the_user_id_is_checked_before_the_nick(im: Im) {
        im.call(COMMAND, json!({ "UserID": "@TGS#1", "Nick": "x".repeat(501) })).await.fails(Account::FieldInvalid);
        im.call(COMMAND, json!({ "Nick": 5, "UserID": 5 })).await.fails(Common::UserIdNotText);
    }

    async fn a_trial_has_room_for_100_accounts(im: Im) {
        im.app(|settings, _| settings.plan = "trial".into()).await;
        let users: Vec<String> = (0..99).map(|n| format!("u{n}")).collect();
        im.import(&users.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // The administrator is an account as well.
        im.call(COMMAND, json!({ "UserID": "one-more" })).await.fails(Account::AccountQuota);
        im.call(COMMAND, json!({ "UserID": "u5", "Nick": "known" })).await.ok();
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "u5" }] })).await.ok();
        im.call(COMMAND, json!({ "UserID": "one-more" })).await.ok();
        im.call(COMMAND, json!({ "UserID": "u5" })).await.fails(Account::AccountQuota);
        im.app(|settings, _| settings.plan = "unlimited".into()).await;
        im.call(COMMAND, json!({ "UserID": "u5" })).await.ok();
    }

    async fn the_quota_holds_when_many_import_at_once(im: Im) {
        im.app(|settings, _| {
            settings.plan = "trial".into();
            settings.rates.insert(COMMAND.into(), 10_000);
        }).await;
        let calls = (0..130).map(|n| im.call(COMMAND, json!({ "UserID": format!("u{n}") })));
        let answers = futures_util::future::join_all(calls).await;
        let (full, imported): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.value()["ActionStatus"] == "FAIL");
        for answer in full {
            answer.fails(Account::AccountQuota);
        }
        assert_eq!(imported.len(), 99);
    }

    async fn an_administrator_is_an_account_without_being_imported(im: Im) {
        let items = json!({ "CheckItem": [{ "UserID": "administrator" }] });
        let checked = im.call("im_open_login_svc/account_check", items).await.ok();
        assert_eq!(checked["ResultItem"][0]["AccountStatus"], "Imported");
        im.app(|settings, _| settings.admins.push("root".into())).await;
        im.import(&["alice"]).await;
        im.text("alice", "root", 1, "hello").await;
        assert_eq!(im.texts("root", "alice").await, ["hello"]);
        assert_eq!(im.unread("root", "alice").await, 1);
    }
}
