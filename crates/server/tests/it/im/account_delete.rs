//! `im_open_login_svc/account_delete`.

use contract::UserId;
use contract::codes::{Account, Common, Message};
use serde_json::{Value, json};

use crate::harness::{APP, item_fails, message, sig_at};

const COMMAND: &str = "im_open_login_svc/account_delete";
const IMPORT: &str = "im_open_login_svc/account_import";

fn of(users: &[&str]) -> Value {
    json!({ "DeleteItem": users.iter().map(|user| json!({ "UserID": user })).collect::<Vec<_>>() })
}

both! {
    async fn each_account_is_answered_in_the_order_asked(im: Im) {
        im.import(&["alice", "bob"]).await;
        let answer = im.call(COMMAND, of(&["bob", "nobody", "alice", "alice"])).await.ok();
        let results = &answer["ResultItem"];
        for (index, user) in ["bob", "nobody", "alice", "alice"].into_iter().enumerate() {
            assert_eq!(results[index]["UserID"], user);
        }
        assert_eq!((&results[0]["ResultCode"], &results[0]["ResultInfo"]), (&json!(0), &json!("")));
        assert_eq!(results[2]["ResultCode"], 0);
        item_fails(&results[1]["ResultCode"], Account::AccountUnknown);
        item_fails(&results[3]["ResultCode"], Account::AccountUnknown);
        assert_ne!(results[1]["ResultInfo"], "");
    }

    /// Two transactions that hold accounts in key order wait for each other all the same if one of them holds twice.
    async fn follows_and_relations_of_a_deleted_account_go_in_transactions_of_their_own(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        let friend = json!({ "From_Account": "alice",
            "AddFriendItem": [{ "To_Account": "carol", "AddSource": "AddSource_Type_Web" }] });
        im.call("sns/friend_add", friend).await.ok();
        im.call("follow/follow_add", json!({ "From_Account": "bob", "FollowItem": [{ "To_Account": "alice" }] })).await.ok();
        let step = async || {
            let (app, now) = (im.node().apps.get(APP).expect("the app"), im.clock.now());
            let delete = move |tx: &mut store::Tx<'_>| chat::account::delete(tx, now, &app, &UserId::trusted("alice"));
            im.node().store.write(APP, delete).await.expect("a step")
        };
        let is_there = async || {
            let check = json!({ "CheckItem": [{ "UserID": "alice" }] });
            im.call("im_open_login_svc/account_check", check).await.ok()["ResultItem"][0]["AccountStatus"] == "Imported"
        };
        assert!(!step().await && is_there().await);
        assert!(step().await && !is_there().await);
        let follows = im.call("follow/follow_get_info", json!({ "From_Account": "bob", "To_Account": ["bob"] })).await.ok();
        assert_eq!(follows["FollowInfo"][0]["FollowingCount"], 0);
        let friends = im.call("sns/friend_get", json!({ "From_Account": "carol", "StartIndex": 0 })).await.ok();
        assert_eq!(friends["FriendNum"], 0);
    }

    async fn a_batch_has_1_to_100_accounts(im: Im) {
        let users: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        im.call(COMMAND, of(&users[..100])).await.ok();
        im.call(COMMAND, of(&users)).await.fails(Account::BatchSizeInvalid);
        im.call(COMMAND, of(&[])).await.fails(Account::BatchSizeInvalid);
    }

    async fn a_malformed_list_is_refused_and_nothing_of_it_deleted(im: Im) {
        im.import(&["alice"]).await;
        for list in [json!(null), json!("a"), json!({}), json!([{ "UserID": "alice" }, {}]), json!([{ "UserID": "alice" }, 1])] {
            im.call(COMMAND, json!({ "DeleteItem": list })).await.fails(Account::FieldInvalid);
        }
        let list = json!([{ "UserID": "alice" }, { "UserID": 1 }]);
        im.call(COMMAND, json!({ "DeleteItem": list })).await.fails(Common::UserIdNotText);
        im.call("im_open_login_svc/kick", json!({ "UserID": "alice" })).await.ok();
    }

    async fn plans_of_the_cloud_delete_only_if_the_operator_allows_it(im: Im) {
        im.import(&["alice"]).await;
        for plan in ["standard", "flagship", "enterprise"] {
            im.app(move |settings, _| settings.plan = plan.into()).await;
            im.call(COMMAND, of(&["alice"])).await.fails(Account::DeleteForbidden);
            im.call(COMMAND, of(&["nobody"])).await.fails(Account::DeleteForbidden);
        }
        im.call(COMMAND, of(&[])).await.fails(Account::BatchSizeInvalid);
        im.app(|settings, _| settings.may_delete_accounts = true).await;
        assert_eq!(im.call(COMMAND, of(&["alice"])).await.ok()["ResultItem"][0]["ResultCode"], 0);
    }

    async fn a_deleted_user_id_returns_at_once_on_trial_and_after_three_months_elsewhere(im: Im) {
        im.app(|settings, _| settings.plan = "trial".into()).await;
        im.import(&["alice"]).await;
        im.call(COMMAND, of(&["alice"])).await.ok();
        im.call(IMPORT, json!({ "UserID": "alice" })).await.ok();
        im.app(|settings, _| {
            settings.plan = "standard".into();
            settings.may_delete_accounts = true;
        }).await;
        im.call(COMMAND, of(&["alice"])).await.ok();
        im.call(IMPORT, json!({ "UserID": "alice" })).await.fails(Account::AccountRetired);
        let batch = json!({ "Accounts": ["alice", "bob"] });
        let answer = im.call("im_open_login_svc/multiaccount_import", batch).await.ok();
        assert_eq!(answer["FailAccounts"], json!(["alice"]));
        im.clock.advance(90 * 86_400_000 - 1);
        im.call(IMPORT, json!({ "UserID": "alice" })).await.fails(Account::AccountRetired);
        im.clock.advance(1);
        im.call(IMPORT, json!({ "UserID": "alice" })).await.ok();
    }

    async fn what_a_deleted_account_wrote_stays_with_its_peer(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "one").await;
        im.text("bob", "alice", 2, "two").await;
        im.clock.advance(1_000);
        im.call(COMMAND, of(&["alice"])).await.ok();
        assert_eq!(im.texts("bob", "alice").await, ["one", "two"]);
        assert_eq!(im.unread_total("bob").await, 1);
        im.call("openim/sendmsg", message("bob", "alice", 3, "three")).await.fails(Message::ReceiverDeleted);
        im.call("openim/sendmsg", message("alice", "bob", 4, "four")).await.fails(Message::SenderUnknown);
        im.call("openim/sendmsg", message("alice", "alice", 5, "x")).await.fails(Message::SenderUnknown);
        im.call("im_open_login_svc/kick", json!({ "UserID": "alice" })).await.fails(Account::AccountUnknown);
        // Bob can put the conversation away.
        let read = json!({ "Report_Account": "bob", "Peer_Account": "alice" });
        im.call("openim/admin_set_msg_read", read).await.ok();
        assert_eq!(im.unread_total("bob").await, 0);
    }

    async fn an_account_that_returns_does_not_see_what_was_before(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("bob", "alice", 1, "to the old alice").await;
        im.text("alice", "bob", 2, "from the old alice").await;
        im.clock.advance(1_000);
        im.call(COMMAND, of(&["alice"])).await.ok();
        im.import(&["alice"]).await;
        assert!(im.texts("alice", "bob").await.is_empty());
        assert_eq!(im.unread_total("alice").await, 0);
        im.text("bob", "alice", 3, "to the new alice").await;
        assert_eq!(im.texts("alice", "bob").await, ["to the new alice"]);
        assert_eq!(im.unread("alice", "bob").await, 1);
        assert_eq!(im.unread_total("alice").await, 1);
        assert_eq!(im.texts("bob", "alice").await, ["to the old alice", "from the old alice", "to the new alice"]);
    }

    async fn a_deleted_account_loses_its_user_sigs_for_ever(im: Im) {
        im.app(|settings, _| settings.admins.push("root".into())).await;
        let check = json!({ "CheckItem": [{ "UserID": "a" }] });
        let sig = im.sig("root");
        im.import(&["root"]).await;
        im.call_as("root", &sig, "im_open_login_svc/account_check", check.clone()).await.ok();
        im.call(COMMAND, of(&["root"])).await.ok();
        im.call_as("root", &sig, "im_open_login_svc/account_check", check.clone()).await.fails(Account::UserSigExpired);
        im.import(&["root"]).await;
        im.call_as("root", &sig, "im_open_login_svc/account_check", check.clone()).await.fails(Account::UserSigExpired);
        im.clock.advance(1_000);
        let fresh = sig_at("root", im.clock.now());
        im.call_as("root", &fresh, "im_open_login_svc/account_check", check).await.ok();
    }
}
