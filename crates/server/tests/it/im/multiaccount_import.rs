//! `im_open_login_svc/multiaccount_import`.

use contract::codes::Account;
use serde_json::{Value, json};

const COMMAND: &str = "im_open_login_svc/multiaccount_import";
const CHECK: &str = "im_open_login_svc/account_check";

async fn is_imported(im: &crate::harness::Im, user: &str) -> bool {
    let checked = im.call(CHECK, json!({ "CheckItem": [{ "UserID": user }] })).await.ok();
    checked["ResultItem"][0]["AccountStatus"] == "Imported"
}

both! {
    async fn both_forms_import_and_nothing_failed_is_not_listed(im: Im) {
        let answer = im.call(COMMAND, json!({ "Accounts": ["a", "b"] })).await.ok();
        assert!(answer.get("FailAccounts").is_none(), "{answer}");
        let list = json!([{ "UserID": "b", "Nick": "B" }, { "UserID": "c", "FaceUrl": "u", "more": 1 }]);
        im.call(COMMAND, json!({ "AccountList": list })).await.ok();
        for user in ["a", "b", "c"] {
            assert!(is_imported(&im, user).await, "{user}");
        }
    }

    async fn the_newer_form_wins_over_the_older(im: Im) {
        im.call(COMMAND, json!({ "AccountList": [{ "UserID": "new" }], "Accounts": ["old"] })).await.ok();
        assert!(is_imported(&im, "new").await);
        assert!(!is_imported(&im, "old").await);
    }

    async fn a_batch_has_1_to_100_accounts(im: Im) {
        let names = |count: usize| (0..count).map(|n| json!(format!("u{n}"))).collect::<Vec<_>>();
        im.call(COMMAND, json!({ "Accounts": names(100) })).await.ok();
        im.call(COMMAND, json!({ "Accounts": names(101) })).await.fails(Account::BatchSizeInvalid);
        im.call(COMMAND, json!({ "Accounts": [] })).await.fails(Account::BatchSizeInvalid);
        im.call(COMMAND, json!({ "AccountList": [] })).await.fails(Account::BatchSizeInvalid);
        assert!(!is_imported(&im, "u100").await);
    }

    async fn a_list_is_required_and_its_entries_are_what_they_should_be(im: Im) {
        for body in [
            json!({}),
            json!({ "Accounts": null }),
            json!({ "Accounts": "a" }),
            json!({ "Accounts": { "0": "a" } }),
            json!({ "Accounts": 5 }),
            json!({ "AccountList": "a" }),
            json!({ "Accounts": ["first", 5] }),
            json!({ "Accounts": ["first", { "UserID": "b" }] }),
            json!({ "AccountList": [{ "UserID": "first" }, "b"] }),
            json!({ "AccountList": [{ "UserID": "first" }, {}] }),
            json!({ "AccountList": [{ "UserID": "first" }, { "UserID": 5 }] }),
            json!({ "AccountList": [{ "UserID": "first" }, null] }),
        ] {
            im.call(COMMAND, body).await.fails(Account::FieldInvalid);
        }
        // A body that is refused as a whole has imported nothing.
        assert!(!is_imported(&im, "first").await);
    }

    async fn one_that_cannot_be_imported_does_not_keep_the_others_out(im: Im) {
        let long = "x".repeat(501);
        let list = json!([{ "UserID": "good" }, { "UserID": "" }, { "UserID": "日本" }, { "UserID": "@TGS#1" },
            { "UserID": "long", "Nick": long }, { "UserID": "typed", "Nick": 5 }, { "UserID": "last" }]);
        let answer = im.call(COMMAND, json!({ "AccountList": list })).await.ok();
        assert_eq!(answer["FailAccounts"], json!(["", "日本", "@TGS#1", "long", "typed"]));
        for (user, expected) in [("good", true), ("long", false), ("typed", false), ("last", true)] {
            assert_eq!(is_imported(&im, user).await, expected, "{user}");
        }
    }

    async fn a_name_that_stands_twice_is_imported_once(im: Im) {
        let answer = im.call(COMMAND, json!({ "Accounts": ["a", "a"] })).await.ok();
        assert!(answer.get("FailAccounts").is_none(), "{answer}");
    }

    async fn a_full_trial_refuses_a_batch_of_which_nothing_fits(im: Im) {
        im.app(|settings, _| settings.plan = "trial".into()).await;
        let names: Vec<Value> = (0..100).map(|n| json!(format!("u{n}"))).collect();
        // One place is the administrator's.
        let answer = im.call(COMMAND, json!({ "Accounts": names })).await.ok();
        assert_eq!(answer["FailAccounts"], json!(["u99"]));
        let answer = im.call(COMMAND, json!({ "Accounts": ["u0", "more"] })).await.ok();
        assert_eq!(answer["FailAccounts"], json!(["more"]));
        im.call(COMMAND, json!({ "Accounts": ["more", "and-more"] })).await.fails(Account::AccountQuota);
    }
}
