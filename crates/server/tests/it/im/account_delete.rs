//! `im_open_login_svc/account_delete`.

use contract::codes::{Account, Common, Message};
use contract::{DeviceId, Fault, Millis, Platform, Result, UserId};
use serde_json::{Value, json};
use store::bindings::{self, Registration};
use store::devices::{Login, Token};

use crate::harness::{APP, Im, item_fails, message, sig_at};

const COMMAND: &str = "im_open_login_svc/account_delete";
const IMPORT: &str = "im_open_login_svc/account_import";

fn of(users: &[&str]) -> Value {
    json!({ "DeleteItem": users.iter().map(|user| json!({ "UserID": user })).collect::<Vec<_>>() })
}

/// Accounts that are deleted while everything at once comes to them.
const RACES: usize = 15;
/// The session of a device.
const SESSION: i64 = 7;

/// Lets a device in with a UserSig that was signed now; answers the epoch.
async fn log_in(im: &Im, account: &str, device: &str, signed_at: Millis) -> Result<i64> {
    let (app, now) = (im.node().apps.get(APP).expect("the app"), im.clock.now());
    let (account, device) = (UserId::trusted(account), DeviceId::trusted(device));
    let login = Login { device, account, platform: Platform::Android as i64, node: 1, session: SESSION };
    im.node().store.write(APP, move |tx| chat::login::log_in(tx, now, &app, &login, signed_at)).await
}

/// What a device of a session does that registers for push, and says by which token it is reached.
async fn bind(im: &Im, account: &str, device: &str, epoch: i64) -> Result<()> {
    let now = im.clock.now();
    let (account, device) = (UserId::trusted(account), DeviceId::trusted(device));
    let write = move |tx: &mut store::Tx<'_>| {
        chat::login::hold(tx, &account, epoch, &device, SESSION)?;
        bindings::register(tx, now, &device, Platform::Android as i64, &Registration::default())?;
        let (channel, token) = ("fcm".to_owned(), format!("token of {device}"));
        store::devices::set_token(
            tx,
            &account,
            &Token { device: device.clone(), channel, token, credential: 1, bound_at: now },
        )
    };
    im.node().store.write(APP, write).await
}

/// Devices by which an account is reached.
async fn devices_of(im: &Im, account: &str) -> Vec<DeviceId> {
    let account = account.to_owned();
    let read = move |snapshot: &mut store::Snapshot<'_>| bindings::devices_of_account(snapshot, &account, "");
    im.node().store.read(APP, read).await.expect("the devices")
}

both! {
    /// Each of them comes before all of the deletion or after all of it; what comes before is taken along.
    async fn nothing_that_comes_in_while_an_account_is_deleted_outlives_it(im: Im) {
        im.import(&["bob"]).await;
        let group = json!({ "Owner_Account": "bob", "Type": "Public", "Name": "g", "GroupId": "g", "ApplyJoinOption": "FreeAccess" });
        im.call("group_open_http_svc/create_group", group).await.ok();
        for race in 0..RACES {
            let name = format!("u{race}");
            let (phone, tablet) = (format!("phone{race}"), format!("tablet{race}"));
            im.import(&[&name]).await;
            let signed_at = im.clock.now();
            let epoch = log_in(&im, &name, &phone, signed_at).await.expect("it logs in");
            let add = json!({ "GroupId": "g", "MemberList": [{ "Member_Account": name }] });
            let befriend = json!({ "From_Account": "bob",
                "AddFriendItem": [{ "To_Account": name, "AddSource": "AddSource_Type_Web" }] });
            let follow = json!({ "From_Account": "bob", "FollowItem": [{ "To_Account": name }] });
            let (gone, ..) = tokio::join!(
                im.call(COMMAND, of(&[&name])),
                log_in(&im, &name, &tablet, signed_at),
                bind(&im, &name, &phone, epoch),
                im.call("group_open_http_svc/add_group_member", add),
                im.call("sns/friend_add", befriend),
                im.call("follow/follow_add", follow),
            );
            assert_eq!(gone.ok()["ResultItem"][0]["ResultCode"], 0, "{name}");
            let check = json!({ "CheckItem": [{ "UserID": name }] });
            let check = im.call("im_open_login_svc/account_check", check).await.ok();
            assert_eq!(check["ResultItem"][0]["AccountStatus"], "NotImported", "{name} is back");
            assert!(devices_of(&im, &name).await.is_empty(), "{name} is reached");
        }
        let members = im.call("group_open_http_svc/get_group_member_info", json!({ "GroupId": "g" })).await.ok();
        assert_eq!((&members["MemberNum"], members["MemberList"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{members}");
        let friends = im.call("sns/friend_get", json!({ "From_Account": "bob", "StartIndex": 0 })).await.ok();
        assert_eq!(friends["FriendNum"], 0, "{friends}");
        let follows = im.call("follow/follow_get_info", json!({ "From_Account": "bob", "To_Account": ["bob"] })).await.ok();
        assert_eq!(follows["FollowInfo"][0]["FollowingCount"], 0, "{follows}");
    }

    async fn a_session_that_ended_a_moment_ago_binds_nothing_to_its_device(im: Im) {
        im.import(&["alice", "bob"]).await;
        let signed_at = im.clock.now();
        for (account, ending, body) in [
            ("alice", COMMAND, of(&["alice"])),
            ("bob", "im_open_login_svc/kick", json!({ "UserID": "bob" })),
        ] {
            let device = format!("phone of {account}");
            let epoch = log_in(&im, account, &device, signed_at).await.expect("it logs in");
            im.call(ending, body).await.ok();
            assert_eq!(bind(&im, account, &device, epoch).await, Err(Fault::UserSigRevoked.into()), "{account}");
            assert_eq!(log_in(&im, account, &device, signed_at).await, Err(Fault::UserSigRevoked.into()), "{account}");
            assert!(devices_of(&im, account).await.is_empty(), "{account}");
        }
    }

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
