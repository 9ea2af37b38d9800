//! `openconfigsvr/setnospeaking`, `openconfigsvr/getnospeaking`, and what a mute does to devices.

use client::{Client, Error, Settings};
use contract::codes::{Message, Operations};
use contract::ledger::{How, note};
use serde_json::{Value, json};

use crate::harness::{APP, Im};

const SET: &str = "openconfigsvr/setnospeaking";
const GET: &str = "openconfigsvr/getnospeaking";
const FOR_EVER: u32 = u32::MAX;

async fn mute(im: &Im, times: Value) {
    let mut body = times;
    body["Set_Account"] = "alice".into();
    im.call(SET, body).await.ok();
}

/// What is left in one-to-one conversations and in groups.
async fn left(im: &Im) -> (Option<u64>, Option<u64>) {
    let answer = im.call(GET, json!({ "Get_Account": "alice" })).await.ok();
    (answer["C2CmsgNospeakingTime"].as_u64(), answer["GroupmsgNospeakingTime"].as_u64())
}

both! {
    async fn a_mute_runs_out_stays_for_ever_or_is_lifted(im: Im) {
        im.import(&["alice"]).await;
        assert_eq!(left(&im).await, (Some(0), Some(0)));
        mute(&im, json!({ "C2CmsgNospeakingTime": 7_200, "GroupmsgNospeakingTime": FOR_EVER })).await;
        im.clock.advance(3_500);
        assert_eq!(left(&im).await, (Some(7_197), Some(u64::from(FOR_EVER))));
        // What is absent stays.
        mute(&im, json!({ "GroupmsgNospeakingTime": 1 })).await;
        assert_eq!(left(&im).await, (Some(7_197), Some(1)));
        im.clock.advance(1_000);
        assert_eq!(left(&im).await, (Some(7_196), Some(0)));
        mute(&im, json!({ "C2CmsgNospeakingTime": 0, "GroupmsgNospeakingTime": FOR_EVER - 1 })).await;
        assert_eq!(left(&im).await, (Some(0), Some(u64::from(FOR_EVER - 1))));
    }

    async fn a_mute_goes_with_the_account(im: Im) {
        im.import(&["alice"]).await;
        mute(&im, json!({ "C2CmsgNospeakingTime": FOR_EVER })).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(GET, json!({ "Get_Account": "alice" })).await.fails(Operations::QueryInvalid);
        im.import(&["alice"]).await;
        assert_eq!(left(&im).await, (Some(0), Some(0)));
    }

    async fn each_flaw_has_its_own_code(im: Im) {
        im.import(&["alice"]).await;
        let time = |account: Value| json!({ "Set_Account": account, "C2CmsgNospeakingTime": 1 });
        im.call(SET, json!({ "C2CmsgNospeakingTime": 1 })).await.fails(Operations::TargetMissing);
        im.call(SET, time(Value::Null)).await.fails(Operations::TargetMissing);
        for bad in [json!(""), json!(1), json!(["alice"]), json!("a".repeat(33)), json!("nobody")] {
            im.call(SET, time(bad.clone())).await.fails(Operations::TargetInvalid);
            im.call(GET, json!({ "Get_Account": bad })).await.fails(Operations::QueryInvalid);
        }
        im.call(SET, json!({ "Set_Account": "alice" })).await.fails(Operations::TimesMissing);
        for bad in [json!(-1), json!("1"), json!(1.5), json!(4_294_967_296_i64), json!([])] {
            im.call(SET, json!({ "Set_Account": "alice", "C2CmsgNospeakingTime": bad })).await.fails(Operations::BodyMalformed);
            im.call(SET, json!({ "Set_Account": "alice", "GroupmsgNospeakingTime": bad })).await.fails(Operations::BodyMalformed);
        }
        im.call(GET, json!({})).await.fails(Operations::QueryMissing);
        im.call(GET, json!({ "Get_Account": null })).await.fails(Operations::QueryMissing);
        for command in [SET, GET] {
            im.raw(command, "nothing").await.fails(Operations::BodyMalformed);
        }
        assert_eq!(left(&im).await, (Some(0), Some(0)));
    }

    async fn a_muted_accounts_devices_are_refused_and_its_back_end_is_not(im: Im) {
        im.import(&["alice", "bob"]).await;
        let url = format!("ws://{}/ws", im.address());
        let client = Client::new(Settings::new(url, APP.0 as u64, "phone")).expect("a client");
        client.login("alice", &im.sig("alice")).await.expect("logs in");
        client.send_text("bob", "one").await.expect("nobody muted her");
        mute(&im, json!({ "C2CmsgNospeakingTime": 60 })).await;
        let row = Message::SenderMuted.row();
        let once = client::SendOptions { online_only: true, ..client::SendOptions::default() };
        for options in [client::SendOptions::default(), once] {
            let refused = client.send("bob", client::text("two"), options).await;
            assert_eq!(refused, Err(Error::Refused { code: row.number().expect("a number"), text: row.text.into() }));
            note(row, How::Frame);
        }
        // Messages of one second are ordered by their MsgSeq, and this one has another source of those.
        im.clock.advance(1_000);
        im.text("alice", "bob", 3, "three").await;
        im.clock.advance(60_000);
        client.send_text("bob", "four").await.expect("the mute is over");
        mute(&im, json!({ "GroupmsgNospeakingTime": FOR_EVER })).await;
        client.send_text("bob", "five").await.expect("another mute");
        assert_eq!(im.texts("bob", "alice").await, ["one", "three", "four", "five"]);
        client.shutdown().await;
    }
}
