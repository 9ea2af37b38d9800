//! What an app is told of profiles, friends, blocklists, follows and changed messages, and what it is asked about friends.

use std::time::{Duration, Instant};

use client::{AddFriend, Added, Client, Error, ProfileValue, Settings};
use contract::codes::{Group, Relation};
use contract::ledger::{How, note};
use serde_json::{Value, json};
use store::apps::OnFailure;

use super::receiver::{Receiver, Say, Seen};
use crate::harness::{ADMIN, APP, Im, elements, message, with};

const PROFILE: &str = "Profile.CallbackPortraitSet";
const FRIENDS: &str = "Sns.CallbackFriendAdd";
const UNFRIENDED: &str = "Sns.CallbackFriendDelete";
const BLOCKED: &str = "Sns.CallbackBlackListAdd";
const UNBLOCKED: &str = "Sns.CallbackBlackListDelete";
const FOLLOWED: &str = "Follow.CallbackAfterFollowAdd";
const UNFOLLOWED: &str = "Follow.CallbackAfterFollowDelete";
const MODIFIED: &str = "C2C.CallbackAfterModifyMsg";
const MAY_ADD: &str = "Sns.CallbackPrevFriendAdd";
const MAY_ANSWER: &str = "Sns.CallbackPrevFriendResponse";

/// A device of an account that is logged in.
async fn device(im: &Im, account: &str) -> Client {
    let client = Client::new(Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, "phone"));
    let client = client.expect("a client");
    client.login(account, &im.sig(account)).await.expect("logs in");
    client
}

/// Who a call came from, as far as the query says.
fn via(seen: &Seen) -> (&str, &str) {
    (&seen.query["OptPlatform"], &seen.query["ClientIP"])
}

/// Waits for so many calls and answers the last one: where it came from, and its body.
async fn last(receiver: &Receiver, count: usize) -> (String, Value) {
    let seen = receiver.wait(count).await;
    assert_eq!(seen.len(), count, "{seen:#?}");
    let last = seen.last().expect("at least one");
    assert_eq!(via(last).1, "127.0.0.1");
    (via(last).0.to_owned(), last.body.clone())
}

/// Friends of which each item of a call makes one.
fn adding(from: &str, to: &[&str], more: Value) -> Value {
    let items: Vec<Value> =
        to.iter().map(|to| json!({ "To_Account": to, "AddSource": "AddSource_Type_Test" })).collect();
    with(json!({ "From_Account": from, "AddFriendItem": items }), more)
}

fn naming(from: &str, to: &[&str]) -> Value {
    json!({ "From_Account": from, "To_Account": to })
}

/// Pairs as webhooks tell them.
fn pairs(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(from, to)| json!({ "From_Account": from, "To_Account": to })).collect()
}

/// `Sns.CallbackFriendAdd` as it is told.
fn befriended(list: &[(&str, &str)], initiator: &str, command: &str, admin: &str, force: i32) -> Value {
    let pair =
        |(from, to): &(&str, &str)| json!({ "From_Account": from, "To_Account": to, "Initiator_Account": initiator });
    json!({
        "CallbackCommand": FRIENDS, "PairList": list.iter().map(pair).collect::<Value>(), "ClientCmd": command,
        "Admin_Account": admin, "ForceFlag": force
    })
}

/// Lets anybody add an account as a friend, or asks it each time.
async fn allow(im: &Im, account: &str, kind: &str) {
    let item = json!([{ "Tag": "Tag_Profile_IM_AllowType", "Value": kind }]);
    im.call("profile/portrait_set", json!({ "From_Account": account, "ProfileItem": item })).await.ok();
}

both! {
    async fn an_app_is_told_which_fields_of_a_profile_changed(im: Im) {
        let receiver = Receiver::start().await;
        im.app(receiver.hook(&[PROFILE], OnFailure::Pass)).await;
        im.call("im_open_login_svc/account_import", json!({ "UserID": "alice", "Nick": "imported" })).await.ok();
        let item = |tag: &str, value: Value| json!({ "Tag": tag, "Value": value });
        let items = json!([item("Tag_Profile_IM_Nick", json!("Ann")), item("Tag_Profile_IM_Level", json!(7))]);
        let call = json!({ "From_Account": "alice", "ProfileItem": items });
        im.call("profile/portrait_set", call.clone()).await.ok();
        let told = |operator: &str, items: Value| json!({
            "CallbackCommand": PROFILE, "Operator_Account": operator, "From_Account": "alice",
            "ProfileItem": items, "EventTime": im.clock.now().0
        });
        let by_tag = json!([item("Tag_Profile_IM_Level", json!(7)), item("Tag_Profile_IM_Nick", json!("Ann"))]);
        assert_eq!(last(&receiver, 1).await, ("RESTAPI".into(), told(ADMIN, by_tag)));
        // What was so before is no change, and what is refused is none either.
        im.call("profile/portrait_set", call).await.ok();
        let bad = json!({ "From_Account": "alice", "ProfileItem": [item("Tag_Profile_IM_Else", json!(1))] });
        assert_ne!(im.call("profile/portrait_set", bad).await.value()["ErrorCode"], 0);
        let phone = device(&im, "alice").await;
        let fields = [("Tag_Profile_IM_Nick", ProfileValue::Text(String::new())), ("Tag_Profile_IM_Level", ProfileValue::Number(7))];
        phone.set_profile(&fields).await.expect("set");
        let gone = json!([item("Tag_Profile_IM_Nick", json!(""))]);
        let (platform, body) = last(&receiver, 2).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, told("alice", gone));
        phone.shutdown().await;
    }

    async fn an_app_is_told_who_became_friends_and_how(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol", "dave", "erin"]).await;
        for account in ["bob", "erin"] {
            allow(&im, account, "AllowType_Type_AllowAny").await;
        }
        allow(&im, "carol", "AllowType_Type_NeedConfirm").await;
        im.app(receiver.hook(&[FRIENDS], OnFailure::Pass)).await;
        // One is added, one is asked first, one does not exist.
        im.call("sns/friend_add", adding("alice", &["bob", "carol", "nobody"], json!({}))).await.value();
        let told = befriended(&[("alice", "bob"), ("bob", "alice")], "alice", "friend_add", ADMIN, 0);
        assert_eq!(last(&receiver, 1).await, ("RESTAPI".into(), told));
        let forced = adding("alice", &["dave"], json!({ "AddType": "Add_Type_Single", "ForceAddFlags": 1 }));
        im.call("sns/friend_add", forced).await.ok();
        let told = befriended(&[("alice", "dave")], "alice", "friend_add", ADMIN, 1);
        assert_eq!(last(&receiver, 2).await.1, told);
        let carol = device(&im, "carol").await;
        carol.relations().accept_request("alice", "", false).await.expect("agreed");
        let (platform, body) = last(&receiver, 3).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, befriended(&[("carol", "alice"), ("alice", "carol")], "alice", "FriendResponse", "", 0));
        let added = carol.relations().add_friend("erin", AddFriend::default()).await.expect("added");
        assert_eq!(added, Added::Friends);
        let told = befriended(&[("carol", "erin"), ("erin", "carol")], "carol", "FriendAdd", "", 0);
        assert_eq!(last(&receiver, 4).await.1, told);
        // Imports call nobody.
        let import = json!({ "From_Account": "dave", "AddFriendItem": [{ "To_Account": "erin", "AddSource": "AddSource_Type_Test" }] });
        im.call("sns/friend_import", import).await.ok();
        im.call("sns/friend_add", adding("dave", &["bob"], json!({}))).await.ok();
        let told = befriended(&[("dave", "bob"), ("bob", "dave")], "dave", "friend_add", ADMIN, 0);
        assert_eq!(last(&receiver, 5).await.1, told);
        carol.shutdown().await;
    }

    async fn an_app_is_told_who_is_nobodys_friend_any_more_and_who_is_blocked(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol", "dave"]).await;
        let all = json!({ "ForceAddFlags": 1 });
        im.call("sns/friend_add", adding("alice", &["bob", "carol", "dave"], all)).await.ok();
        im.app(receiver.hook(&[UNFRIENDED, BLOCKED, UNBLOCKED], OnFailure::Pass)).await;
        im.call("sns/friend_delete", naming("alice", &["bob", "nobody"])).await.value();
        let told = |command: &str, list: &[(&str, &str)]| json!({ "CallbackCommand": command, "PairList": pairs(list) });
        assert_eq!(last(&receiver, 1).await, ("RESTAPI".into(), told(UNFRIENDED, &[("alice", "bob")])));
        let phone = device(&im, "alice").await;
        phone.relations().delete_friends(&["carol"], true).await.expect("removed");
        let (platform, body) = last(&receiver, 2).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, told(UNFRIENDED, &[("alice", "carol"), ("carol", "alice")]));
        let all = json!({ "From_Account": "alice", "DeleteType": "Delete_Type_Both" });
        im.call("sns/friend_delete_all", all.clone()).await.ok();
        assert_eq!(last(&receiver, 3).await.1, told(UNFRIENDED, &[("alice", "dave"), ("dave", "alice")]));
        im.call("sns/friend_delete_all", all).await.ok();
        // Whoever is blocked is no friend any more, which the webhook of friends does not tell.
        im.call("sns/friend_add", adding("alice", &["bob"], json!({ "ForceAddFlags": 1 }))).await.ok();
        im.call("sns/black_list_add", naming("alice", &["bob", "carol", "alice"])).await.value();
        let told_of = last(&receiver, 4).await;
        assert_eq!(told_of, ("RESTAPI".into(), told(BLOCKED, &[("alice", "bob"), ("alice", "carol")])));
        im.call("sns/black_list_delete", naming("alice", &["bob", "dave"])).await.value();
        assert_eq!(last(&receiver, 5).await.1, told(UNBLOCKED, &[("alice", "bob")]));
        phone.relations().block(&["dave"]).await.expect("blocked");
        assert_eq!(last(&receiver, 6).await.1, told(BLOCKED, &[("alice", "dave")]));
        phone.relations().unblock(&["dave", "carol"]).await.expect("unblocked");
        let (platform, body) = last(&receiver, 7).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, told(UNBLOCKED, &[("alice", "dave"), ("alice", "carol")]));
        phone.shutdown().await;
    }

    async fn an_app_is_told_who_follows_whom(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol"]).await;
        im.app(receiver.hook(&[FOLLOWED, UNFOLLOWED], OnFailure::Pass)).await;
        let items = json!([{ "To_Account": "bob" }, { "To_Account": "carol" }, { "To_Account": "nobody" }]);
        let follow = json!({ "From_Account": "alice", "FollowItem": items });
        im.call("follow/follow_add", follow.clone()).await.value();
        let at = im.clock.now().0;
        let followed = |list: Value| json!({
            "CallbackCommand": FOLLOWED, "From_Account": "alice", "FollowList": list, "EventTime": at
        });
        let told = followed(json!([{ "To_Account": "bob" }, { "To_Account": "carol" }]));
        assert_eq!(last(&receiver, 1).await, ("RESTAPI".into(), told));
        // Who is followed already is not followed anew.
        im.call("follow/follow_add", follow).await.value();
        im.call("follow/follow_delete", naming("alice", &["carol"])).await.ok();
        let unfollowed = |list: Value| json!({
            "CallbackCommand": UNFOLLOWED, "From_Account": "alice", "To_Account": list, "EventTime": at
        });
        assert_eq!(last(&receiver, 2).await, ("RESTAPI".into(), unfollowed(json!(["carol"]))));
        let phone = device(&im, "alice").await;
        phone.follow(&["carol"]).await.expect("followed");
        let (platform, body) = last(&receiver, 3).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, followed(json!([{ "To_Account": "carol" }])));
        phone.unfollow(&["carol", "bob"]).await.expect("unfollowed");
        assert_eq!(last(&receiver, 4).await.1, unfollowed(json!(["carol", "bob"])));
        phone.shutdown().await;
    }

    async fn an_app_is_told_of_changed_messages(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        let sent = with(message("alice", "bob", 7, "old"), json!({ "MsgSeq": 5, "CloudCustomData": "c" }));
        let key = im.call("openim/sendmsg", sent).await.ok()["MsgKey"].clone();
        im.app(receiver.hook(&[MODIFIED], OnFailure::Pass)).await;
        let call = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": key, "MsgBody": elements("new") });
        im.call("openim/modify_c2c_msg", call).await.ok();
        let now = im.clock.now();
        let told = |operator: &str, text: &str, cloud: &str| json!({
            "CallbackCommand": MODIFIED, "Operator_Account": operator, "From_Account": "alice", "To_Account": "bob",
            "MsgSeq": 5, "MsgRandom": 7, "MsgTime": now.secs(), "MsgKey": key, "OnlineOnlyFlag": 0,
            "MsgBody": elements(text), "CloudCustomData": cloud, "EventTime": now.0
        });
        assert_eq!(last(&receiver, 1).await, ("RESTAPI".into(), told(ADMIN, "new", "c")));
        let missing = json!({ "From_Account": "alice", "To_Account": "bob", "MsgKey": "1_2_3", "CloudCustomData": "x" });
        assert_ne!(im.call("openim/modify_c2c_msg", missing).await.value()["ErrorCode"], 0);
        let phone = device(&im, "bob").await;
        let held = phone.history("alice", None, 1).await.expect("a page");
        phone.modify(&held[0], None, Some("changed".into())).await.expect("changed");
        let (platform, body) = last(&receiver, 2).await;
        assert_ne!(platform, "RESTAPI");
        assert_eq!(body, told("bob", "new", "changed"));
        phone.shutdown().await;
    }

    async fn an_app_is_asked_about_friends_that_devices_want(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        allow(&im, "bob", "AllowType_Type_NeedConfirm").await;
        im.app(receiver.hook(&[MAY_ADD, MAY_ANSWER, FRIENDS], OnFailure::Pass)).await;
        let (alice, bob) = (device(&im, "alice").await, device(&im, "bob").await);
        let ask = AddFriend {
            remark: "Bobby".into(),
            group: "work".into(),
            source: "AddSource_Type_Test".into(),
            wording: "hello".into(),
            single: false,
        };
        assert_eq!(alice.relations().add_friend("bob", ask).await, Ok(Added::Pending));
        let at = im.clock.now().0;
        let (platform, asked) = last(&receiver, 1).await;
        assert_ne!(platform, "RESTAPI");
        let expected = json!({
            "CallbackCommand": MAY_ADD, "Requester_Account": "alice", "From_Account": "alice",
            "FriendItem": [{ "To_Account": "bob", "Remark": "Bobby", "GroupName": "work",
                "AddSource": "AddSource_Type_Test", "AddWording": "hello" }],
            "AddType": "Add_Type_Both", "ForceAddFlags": 0, "EventTime": at
        });
        assert_eq!(asked, expected);
        let answer = |action: &str, remark: &str| json!({
            "CallbackCommand": MAY_ANSWER, "Requester_Account": "bob", "From_Account": "bob",
            "ResponseFriendItem": [{ "To_Account": "alice", "Remark": remark, "TagName": "", "ResponseAction": action }],
            "EventTime": at
        });
        bob.relations().refuse_request("alice").await.expect("refused");
        assert_eq!(last(&receiver, 2).await.1, answer("Response_Action_Reject", ""));
        // Nobody is asked about what is refused anyway, nor about what a back end does.
        assert!(bob.relations().accept_request("alice", "", false).await.is_err());
        assert!(alice.relations().add_friend("nobody", AddFriend::default()).await.is_err());
        assert!(alice.relations().add_friend("alice", AddFriend::default()).await.is_err());
        im.call("sns/friend_add", adding("alice", &["bob"], json!({}))).await.value();
        bob.relations().accept_request("alice", "Al", true).await.expect("agreed");
        let seen = receiver.wait(4).await;
        assert_eq!(seen[2].body, answer("Response_Action_Agree", "Al"));
        assert_eq!(seen[3].body, befriended(&[("alice", "bob")], "alice", "FriendResponse", "", 0));
        alice.shutdown().await;
        bob.shutdown().await;
    }

    async fn an_app_refuses_friends_and_answers(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol"]).await;
        for account in ["bob", "carol"] {
            allow(&im, account, "AllowType_Type_NeedConfirm").await;
        }
        im.app(receiver.hook(&[MAY_ADD, MAY_ANSWER], OnFailure::Pass)).await;
        let alice = device(&im, "alice").await;
        let add = |to: &'static str| {
            let relations = alice.relations();
            async move { relations.add_friend(to, AddFriend::default()).await }
        };
        let say = |account: &'static str, code: i64| {
            receiver.script(move |_| {
                let item = json!([{ "To_Account": account, "ResultCode": code, "ResultInfo": "你不可以" }]);
                Say::Json(json!({ "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "ResultItem": item }))
            });
        };
        for code in [38_000, 38_500, 39_000] {
            say("bob", code);
            let refused = Error::Refused { code: code as i32, text: "你不可以".into() };
            assert_eq!(add("bob").await, Err(refused));
            note(Relation::WebhookCustom.row(), How::Frame);
        }
        let row = Group::WebhookRefused.row();
        let refused = Error::Refused { code: row.number().expect("a number"), text: row.text.into() };
        for code in [37_999, 39_001, 1, -1] {
            say("bob", code);
            assert_eq!(add("bob").await, Err(refused.clone()), "{code}");
        }
        note(row, How::Frame);
        // The number around the items counts for nothing, and neither do items about others.
        receiver.script(|_| Say::code(1, "no"));
        assert_eq!(add("bob").await, Ok(Added::Pending));
        say("bob", 38_001);
        assert_eq!(add("carol").await, Ok(Added::Pending));
        let bob = device(&im, "bob").await;
        say("alice", 38_002);
        let no = Err(Error::Refused { code: 38_002, text: "你不可以".into() });
        assert_eq!(bob.relations().accept_request("alice", "", false).await, no);
        assert_eq!(bob.relations().refuse_request("alice").await, no);
        say("alice", 0);
        bob.relations().accept_request("alice", "", false).await.expect("agreed");
        alice.shutdown().await;
        bob.shutdown().await;
    }

    async fn an_app_that_does_not_answer_about_friends_gets_what_it_has_chosen(im: Im) {
        im.import(&["alice", "bob"]).await;
        allow(&im, "bob", "AllowType_Type_NeedConfirm").await;
        let (alice, bob) = (device(&im, "alice").await, device(&im, "bob").await);
        let row = Group::WebhookRefused.row();
        let refused = Error::Refused { code: row.number().expect("a number"), text: row.text.into() };
        for (say, waits) in [(Say::Silence, true), (Say::Status(500, ""), false), (Say::Raw(b"OK".to_vec()), false)] {
            let receiver = Receiver::start().await;
            receiver.script(move |_| say.clone());
            let quickly = |on_failure| {
                let hook = receiver.hook(&[MAY_ADD, MAY_ANSWER], on_failure);
                im.app(move |settings, secrets| {
                    hook(settings, secrets);
                    settings.webhook.commands.values_mut().for_each(|command| command.timeout_ms = 100);
                })
            };
            quickly(OnFailure::Refuse).await;
            let began = Instant::now();
            let add = || async { alice.relations().add_friend("bob", AddFriend::default()).await };
            assert_eq!(add().await, Err(refused.clone()));
            assert!(!waits || began.elapsed() >= Duration::from_millis(100), "it was waited for");
            quickly(OnFailure::Pass).await;
            assert_eq!(add().await, Ok(Added::Pending));
            quickly(OnFailure::Refuse).await;
            assert_eq!(bob.relations().refuse_request("alice").await, Err(refused.clone()));
            quickly(OnFailure::Pass).await;
            bob.relations().refuse_request("alice").await.expect("refused");
        }
        alice.shutdown().await;
        bob.shutdown().await;
    }
}
