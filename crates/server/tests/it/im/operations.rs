//! `openconfigsvr/getappinfo` and `ConfigSvc/GetIPList`.

use client::{Client, Settings};
use contract::codes::{Common, Operations};
use contract::ledger::How;
use serde_json::{Map, Value, json};
use store::apps::OnFailure;
use store::sql;
use store::testing::{TestEngine, on_server};

use super::group::{ask, letter, make, say};
use crate::harness::{ADMIN, APP, Im, query};
use crate::raw::until;
use crate::webhook::receiver::Receiver;

const INFO: &str = "openconfigsvr/getappinfo";
const ADDRESSES: &str = "ConfigSvc/GetIPList";
const DAY_MS: i64 = 86_400_000;

/// The days, newest first.
async fn days(im: &Im) -> Vec<Map<String, Value>> {
    let answer = im.call(INFO, json!({})).await.ok();
    let days = answer["Result"].as_array().expect("a list").iter();
    days.map(|day| day.as_object().expect("an object").clone()).collect()
}

/// Numbers of a day, which are texts.
fn numbers<const N: usize>(day: &Map<String, Value>, names: [&str; N]) -> [i64; N] {
    names.map(|name| day[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name}: {day:?}")))
}

async fn log_in(im: &Im, user: &str, device: &str) -> Client {
    let url = format!("ws://{}/ws", im.address());
    let client = Client::new(Settings::new(url, APP.0 as u64, device)).expect("a client");
    client.login(user, &im.sig(user)).await.expect("logs in");
    client
}

const ACCOUNTS: [&str; 2] = ["RegistUserNumOneDay", "RegistUserNumTotal"];
const LOGINS: [&str; 4] = ["LoginTimes", "LoginUserNum", "ActiveUserNum", "MaxOnlineNum"];
const MESSAGES: [&str; 4] = ["C2CUpMsgNum", "C2CDownMsgNum", "C2CSendMsgUserNum", "UpMsgNum"];

const SAID: [&str; 4] = ["GroupUpMsgNum", "GroupDownMsgNum", "GroupSendMsgUserNum", "GroupSendMsgGroupNum"];
const GROUPS: [&str; 5] =
    ["GroupJoinGroupTimes", "GroupQuitGroupTimes", "GroupNewGroupNum", "GroupAllGroupNum", "GroupDestroyGroupNum"];

both! {
    async fn there_are_thirty_days_and_every_value_is_a_text(im: Im) {
        im.app(|settings, _| (settings.name, settings.company) = ("Tower".into(), "Wall Ltd".into())).await;
        let days = days(&im).await;
        assert_eq!(days.len(), 30);
        assert!(days.iter().flat_map(Map::values).all(Value::is_string));
        assert_eq!((&days[0]["Date"], &days[29]["Date"]), (&json!("20231114"), &json!("20231016")));
        assert_eq!((&days[3]["AppName"], &days[3]["Company"]), (&json!("Tower"), &json!("Wall Ltd")));
        assert_eq!(days[3]["AppId"], APP.to_string());
        let named = im.call(INFO, json!({ "RequestField": ["LoginTimes", "ChainIncrease", "x"] })).await.ok();
        assert_eq!(named["Result"][1], json!({ "Date": "20231113", "LoginTimes": "0", "ChainIncrease": "0" }));
        assert_eq!(im.call(INFO, json!({ "RequestField": [] })).await.ok()["Result"][0].as_object().map(Map::len), Some(32));
    }

    async fn friends_are_counted_in_each_list_whatever_brings_them_and_takes_them(im: Im) {
        im.import(&["alice", "bob", "carol", "dave"]).await;
        let chains = async || numbers(&days(&im).await[0], ["ChainIncrease", "ChainDecrease"]);
        let friend = |to: &str| json!({ "To_Account": to, "AddSource": "AddSource_Type_Web" });
        let add = json!({ "From_Account": "alice", "AddFriendItem": [friend("bob"), friend("nobody"), friend("bob")] });
        im.call("sns/friend_add", add).await.ok();
        assert_eq!(chains().await, [2, 0], "two have each other");
        let single = json!({ "From_Account": "alice", "AddType": "Add_Type_Single", "AddFriendItem": [friend("carol")] });
        im.call("sns/friend_add", single).await.ok();
        im.call("sns/friend_import", json!({ "From_Account": "alice", "AddFriendItem": [friend("dave"), friend("carol")] })).await.ok();
        assert_eq!(chains().await, [4, 0]);
        let note = json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "r" }]);
        im.call("sns/friend_update", json!({ "From_Account": "alice", "UpdateItem": [{ "To_Account": "bob", "SnsItem": note }] })).await.ok();
        im.call("sns/friend_delete", json!({ "From_Account": "alice", "To_Account": ["carol"] })).await.ok();
        im.call("sns/black_list_add", json!({ "From_Account": "bob", "To_Account": ["alice"] })).await.ok();
        assert_eq!(chains().await, [4, 3], "whoever is blocked is nobody's friend");
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        assert_eq!(chains().await, [4, 4]);
    }

    async fn calls_of_webhooks_and_their_answers_are_counted(im: Im) {
        im.import(&["alice", "bob"]).await;
        let receiver = Receiver::start().await;
        im.app(receiver.hook(&["C2C.CallbackBeforeSendMsg", "C2C.CallbackAfterSendMsg"], OnFailure::Pass)).await;
        im.text("alice", "bob", 1, "x").await;
        receiver.wait(2).await;
        let calls = async || numbers(&days(&im).await[0], ["CallBackReq", "CallBackRsp"]);
        until(async || calls().await == [2, 2]).await;
    }

    async fn accounts_are_counted_by_day_and_altogether(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.import(&["alice"]).await;
        // The administrator is one.
        assert_eq!(numbers(&days(&im).await[0], ACCOUNTS), [4, 4]);
        im.clock.advance(2 * DAY_MS);
        im.import(&["dave"]).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "bob" }] })).await.ok();
        let days = days(&im).await;
        assert_eq!([0, 1, 2, 3].map(|day| numbers(&days[day], ACCOUNTS)), [[1, 3], [0, 4], [4, 4], [0, 0]]);
    }

    async fn messages_and_those_who_send_are_counted(im: Im) {
        im.import(&["alice", "bob"]).await;
        for number in 0..3 {
            im.text("alice", "bob", number, "x").await;
        }
        im.text("bob", "alice", 9, "x").await;
        // A repetition is no message; what nobody keeps is none either.
        im.text("bob", "alice", 9, "x").await;
        let passing = json!({ "From_Account": "bob", "To_Account": "alice", "MsgRandom": 10, "OnlineOnlyFlag": 1,
            "MsgBody": crate::harness::elements("x") });
        im.call("openim/sendmsg", passing).await.ok();
        assert_eq!(numbers(&days(&im).await[0], MESSAGES), [5, 5, 2, 5]);
        im.clock.advance(DAY_MS);
        im.text("alice", "bob", 20, "x").await;
        let days = days(&im).await;
        assert_eq!((numbers(&days[0], MESSAGES), numbers(&days[1], MESSAGES)), ([1, 1, 1, 1], [5, 5, 2, 5]));
        assert_eq!(numbers(&days[0], ["ActiveUserNum", "SendMsgUserNum"]), [1, 1]);
    }

    async fn groups_are_counted_and_what_is_said_in_them(im: Im) {
        im.import(&["ann", "ben", "cid"]).await;
        make(&im, "g", "Public", "ann", &["ben", "cid"]).await;
        make(&im, "h", "Public", "ann", &[]).await;
        for (random, (group, who)) in (1..).zip([("g", "ann"), ("g", "ben"), ("h", "ann")]) {
            say(&im, group, who, random, "x").await;
        }
        // To one of them alone.
        let aimed = crate::harness::with(letter("g", "ann", 9, "x"), json!({ "To_Account": ["ben"] }));
        ask(&im, "send_group_msg", aimed).await.ok();
        ask(&im, "delete_group_member", json!({ "GroupId": "g", "MemberToDel_Account": ["cid"] })).await.ok();
        ask(&im, "add_group_member", json!({ "GroupId": "h", "MemberList": [{ "Member_Account": "cid" }] })).await.ok();
        ask(&im, "destroy_group", json!({ "GroupId": "h" })).await.ok();
        // Who does not want to hear a group is in it all the same.
        let deaf = |flag: &str| json!({ "GroupId": "g", "Member_Account": "ben", "MsgFlag": flag });
        for flag in ["Discard", "AcceptAndNotify"] {
            ask(&im, "modify_group_member_info", deaf(flag)).await.ok();
        }
        im.text("ann", "ben", 1, "x").await;
        let today = days(&im).await.swap_remove(0);
        assert_eq!(numbers(&today, SAID), [4, 5, 2, 2]);
        assert_eq!(numbers(&today, GROUPS), [5, 1, 2, 1, 1]);
        assert_eq!(numbers(&today, ["UpMsgNum", "DownMsgNum", "SendMsgUserNum", "C2CSendMsgUserNum"]), [5, 6, 2, 1]);
        im.clock.advance(DAY_MS);
        say(&im, "g", "ben", 20, "x").await;
        let days = days(&im).await;
        assert_eq!((numbers(&days[0], SAID), numbers(&days[1], SAID)), ([1, 1, 1, 1], [4, 5, 2, 2]));
        assert_eq!([0, 1, 2].map(|day| numbers(&days[day], ["GroupAllGroupNum"])), [[1], [1], [0]]);
        assert_eq!(numbers(&days[0], GROUPS), [0, 0, 0, 1, 0]);
    }

    async fn logins_are_counted_and_so_is_who_is_connected_at_a_time(im: Im) {
        im.import(&["alice", "bob"]).await;
        let alice = log_in(&im, "alice", "a").await;
        let bob = log_in(&im, "bob", "b").await;
        assert_eq!(numbers(&days(&im).await[0], LOGINS), [2, 2, 2, 2]);
        bob.logout().await.expect("logs out");
        let again = log_in(&im, "alice", "a2").await;
        assert_eq!(numbers(&days(&im).await[0], LOGINS), [3, 2, 2, 2]);
        for client in [alice, bob, again] {
            client.shutdown().await;
        }
    }

    async fn what_was_counted_survives_a_stop(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.text("alice", "bob", 1, "x").await;
        im.node().tally.flush_all(&im.node().store).await;
        let im = im.restart().await;
        assert_eq!(numbers(&days(&im).await[0], MESSAGES), [1, 1, 1, 1]);
        im.text("alice", "bob", 2, "x").await;
        assert_eq!(numbers(&days(&im).await[0], MESSAGES), [2, 2, 1, 2]);
    }

    async fn what_the_statistics_cannot_be_asked_is_refused(im: Im) {
        for bad in [json!({ "RequestField": "Date" }), json!({ "RequestField": [1] }), json!({ "RequestField": vec!["x"; 101] })] {
            im.call(INFO, bad).await.fails(Operations::BodyMalformed);
        }
        im.raw(INFO, "").await.fails(Operations::BodyMalformed);
    }

    async fn trouble_of_the_store_has_the_familys_codes(im: Im) {
        im.sql(sql!("ALTER TABLE statistics RENAME TO elsewhere")).await;
        im.import(&["alice"]).await;
        im.call(INFO, json!({})).await.fails_by(Operations::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO statistics")).await;
        // What could not be written down was kept.
        assert_eq!(numbers(&days(&im).await[0], ACCOUNTS), [2, 2]);
        im.node().store.close().await;
        im.call(INFO, json!({})).await.fails_by(Operations::StoreUnavailable, How::FailPoint);
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_in_time_is_told_as_such() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    days(&im).await;
    let url = im.store_url();
    let statement = "BEGIN; LOCK TABLE statistics IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4.5); COMMIT";
    let holder = std::thread::spawn(move || on_server(url, statement.into()).expect("the lock is held"));
    crate::raw::until(async || {
        let held = sql!(
            postgres: "SELECT 1::bigint FROM pg_locks WHERE relation = 'statistics'::regclass AND granted
                       AND mode = 'AccessExclusiveLock' LIMIT 1"
        );
        let read = im.node().store.read(APP, move |snapshot| snapshot.opt::<(i64,)>(held, ()));
        read.await.expect("the locks can be read").is_some()
    })
    .await;
    im.call(INFO, json!({})).await.fails_by(Operations::StoreTimeout, How::FailPoint);
    holder.join().expect("the lock ends");
}

/// What `nettype` answers.
async fn told(im: &Im, net_type: &str) -> Value {
    let query = format!("{}&nettype={net_type}", query(ADMIN, &im.sig(ADMIN)));
    im.ask(ADDRESSES, &query, "{}").await.ok()["IPList"].clone()
}

async fn addresses_are_those_of_the_configuration_on(engine: TestEngine) {
    let im = Im::start_with(engine, |config| {
        config.addresses.native = vec!["192.0.2.1".into(), "192.0.2.128/25".into()];
        config.addresses.web = vec!["192.0.2.1".into()];
        config.addresses.webhooks = vec!["2001:db8::/32".into()];
    });
    let Some(im) = im.await else { return };
    let cases = [
        ("0", json!(["192.0.2.1", "192.0.2.128/25", "2001:db8::/32"])),
        ("1", json!(["192.0.2.1", "192.0.2.128/25"])),
        ("2", json!(["192.0.2.1", "192.0.2.128/25"])),
        ("3", json!(["192.0.2.1"])),
        ("4", json!(["192.0.2.1"])),
        ("5", json!(["2001:db8::/32"])),
        ("6", json!(["2001:db8::/32"])),
    ];
    for (net_type, expected) in &cases {
        assert_eq!(told(&im, net_type).await, *expected, "{net_type}");
    }
    assert_eq!(im.call(ADDRESSES, json!({})).await.ok()["IPList"], cases[0].1);
    for bad in ["7", "-1", "x", "00"] {
        let query = format!("{}&nettype={bad}", query(ADMIN, &im.sig(ADMIN)));
        im.ask(ADDRESSES, &query, "{}").await.fails(Common::UrlMalformed);
    }
    im.raw(ADDRESSES, "").await.fails(Common::BodyMalformed);
}

#[tokio::test]
async fn addresses_are_those_of_the_configuration() {
    addresses_are_those_of_the_configuration_on(TestEngine::Sqlite).await;
    addresses_are_those_of_the_configuration_on(TestEngine::Postgres).await;
}
