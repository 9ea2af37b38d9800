//! `openim_robot_http_svc/…`: robots are made, speak, and become invalid.

use contract::codes::{Account, Group, Message};
use contract::ledger::How;
use serde_json::{Value, json};
use store::sql;

use crate::harness::{Im, item_fails, message, with};

const CREATE: &str = "openim_robot_http_svc/create_robot";
const DELETE: &str = "openim_robot_http_svc/delete_robot";
const ALL: &str = "openim_robot_http_svc/get_all_robots";
const STREAM: &str = "openim_robot_http_svc/send_stream_msg";
const BOT: &str = "@RBT#bot";

fn robot(id: &str) -> Value {
    json!({ "UserID": id, "Nick": "Bot", "FaceUrl": "http://x/y.png", "SelfSignature": "at your service" })
}

async fn all(im: &Im) -> Value {
    im.call(ALL, json!({})).await.ok()["Robot_Account"].clone()
}

fn piece(chunk: &str) -> Value {
    json!({ "From_Account": BOT, "To_Account": "alice", "Chunk": chunk })
}

both! {
    async fn robots_are_made_listed_and_made_invalid(im: Im) {
        assert_eq!(all(&im).await, json!([]));
        im.call(CREATE, robot(BOT)).await.ok();
        im.call(CREATE, robot("@RBT#another")).await.ok();
        im.call(CREATE, json!({ "UserID": BOT, "Nick": "Other" })).await.ok();
        assert_eq!(all(&im).await, json!(["@RBT#another", BOT]));
        im.call(DELETE, json!({ "Robot_Account": BOT })).await.ok();
        im.call(DELETE, json!({ "Robot_Account": BOT })).await.ok();
        assert_eq!(all(&im).await, json!(["@RBT#another"]));
        im.call(CREATE, json!({ "UserID": BOT })).await.ok();
        assert_eq!(all(&im).await, json!(["@RBT#another", BOT]));
    }

    async fn what_a_robot_says_of_itself_is_its_profile(im: Im) {
        im.call(CREATE, robot(BOT)).await.ok();
        let tags = ["Tag_Profile_IM_Nick", "Tag_Profile_IM_Image", "Tag_Profile_IM_SelfSignature"];
        let shown = async || {
            let item = im.call("profile/portrait_get", json!({ "To_Account": [BOT], "TagList": tags })).await.ok()["UserProfileItem"][0].clone();
            let texts: Vec<String> = item["ProfileItem"].as_array().expect("a list").iter()
                .map(|field| field["Value"].as_str().expect("a text").to_owned()).collect();
            (texts, item["StandardSequence"].as_i64().expect("a number"))
        };
        let (texts, before) = shown().await;
        assert_eq!(texts, ["Bot", "http://x/y.png", "at your service"]);
        im.call(CREATE, json!({ "UserID": BOT, "Nick": "Other" })).await.ok();
        let (texts, after) = shown().await;
        assert_eq!(texts, ["Other", "http://x/y.png", "at your service"]);
        assert!(after > before, "whoever keeps a copy learns that it is old");
        im.call(CREATE, json!({ "UserID": BOT, "SelfSignature": "" })).await.ok();
        assert_eq!(shown().await.0, ["Other", "http://x/y.png"]);
    }

    async fn a_robot_writes_and_is_written_to_while_it_is_valid(im: Im) {
        im.import(&["alice"]).await;
        im.call("openim/sendmsg", message("alice", BOT, 1, "hi")).await.fails(Message::ReceiverUnknown);
        im.call(CREATE, robot(BOT)).await.ok();
        im.text("alice", BOT, 1, "hi").await;
        im.text(BOT, "alice", 2, "hello").await;
        assert_eq!(im.texts("alice", BOT).await, ["hi", "hello"]);
        im.call(DELETE, json!({ "Robot_Account": BOT })).await.ok();
        im.call("openim/sendmsg", message("alice", BOT, 3, "hi")).await.fails(Message::ReceiverDeleted);
        im.call("openim/sendmsg", message(BOT, "alice", 3, "hi")).await.fails(Message::SenderUnknown);
        assert_eq!(im.texts("alice", BOT).await, ["hi", "hello"]);
        im.call(CREATE, robot(BOT)).await.ok();
        assert_eq!(im.texts(BOT, "alice").await, ["hi", "hello"]);
    }

    async fn the_commands_for_accounts_do_not_make_or_delete_robots(im: Im) {
        im.call("im_open_login_svc/account_import", json!({ "UserID": BOT })).await.fails(Account::FieldInvalid);
        im.call(CREATE, robot(BOT)).await.ok();
        let answer = im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": BOT }] })).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Account::AccountUnknown);
        let found = im.call("im_open_login_svc/account_check", json!({ "CheckItem": [{ "UserID": BOT }] })).await.ok();
        assert_eq!(found["ResultItem"][0]["AccountStatus"], "Imported");
        assert_eq!(all(&im).await, json!([BOT]));
    }

    async fn a_robot_answers_piece_by_piece(im: Im) {
        im.import(&["alice"]).await;
        im.call(STREAM, piece("hello, ")).await.fails(Message::SenderUnknown);
        im.call(CREATE, robot(BOT)).await.ok();
        let key = im.call(STREAM, piece("hello, ")).await.ok()["MsgKey"].clone();
        let go_on = |chunk| with(piece(chunk), json!({ "MsgKey": key }));
        assert_eq!(im.call(STREAM, go_on("wor")).await.ok()["MsgKey"], key);
        im.call(STREAM, with(go_on("ld"), json!({ "Finish": 1 }))).await.ok();
        im.call(STREAM, go_on("!")).await.fails(Group::FieldInvalid);
        let page = im.history("alice", BOT).await;
        assert_eq!((&page["MsgCnt"], &page["MsgList"][0]["MsgKey"]), (&json!(1), &key));
        let chunk = &page["MsgList"][0]["MsgBody"][0]["MsgContent"]["Chunks"][0];
        assert_eq!((&chunk["Markdown"], &chunk["IsLast"], &chunk["Index"]), (&json!("hello, world"), &json!(1), &json!(3)));
        assert_eq!(im.unread("alice", BOT).await, 1);
        for changes in [
            json!({ "From_Account": "alice" }),
            json!({ "From_Account": null }),
            json!({ "To_Account": 5 }),
            json!({ "Chunk": null }),
            json!({ "MsgKey": "1_2" }),
            json!({ "Finish": "1" }),
        ] {
            im.call(STREAM, with(go_on("x"), changes)).await.fails(Group::FieldInvalid);
        }
        im.call(STREAM, with(piece("x"), json!({ "To_Account": "nobody" }))).await.fails(Message::ReceiverUnknown);
        im.call(STREAM, with(piece("x"), json!({ "MsgKey": "1_2_3" }))).await.fails(Group::FieldInvalid);
    }

    async fn a_plan_includes_twenty_robots_or_none(im: Im) {
        im.app(|settings, _| settings.plan = "standard".into()).await;
        im.call(CREATE, robot(BOT)).await.fails(Message::FeatureNotInPlan);
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        for number in 0..20 {
            im.call(CREATE, robot(&format!("@RBT#{number}"))).await.ok();
        }
        im.call(CREATE, robot("@RBT#20")).await.fails(Message::FeatureNotInPlan);
        im.call(CREATE, robot("@RBT#7")).await.ok();
        im.call(DELETE, json!({ "Robot_Account": "@RBT#7" })).await.ok();
        im.call(CREATE, robot("@RBT#20")).await.ok();
        im.call(CREATE, robot("@RBT#7")).await.fails(Message::FeatureNotInPlan);
    }

    async fn fields_are_refused_by_one_code(im: Im) {
        for changes in [
            json!({ "UserID": null }),
            json!({ "UserID": 5 }),
            json!({ "UserID": "bot" }),
            json!({ "UserID": "@RBT#" }),
            json!({ "UserID": format!("@RBT#{}", "x".repeat(28)) }),
            json!({ "Nick": 5 }),
            json!({ "Nick": "a\0b" }),
            json!({ "Nick": "n".repeat(501) }),
            json!({ "FaceUrl": "f".repeat(501) }),
            json!({ "SelfSignature": "s".repeat(501) }),
        ] {
            im.call(CREATE, with(robot(BOT), changes)).await.fails(Group::FieldInvalid);
        }
        im.import(&["alice"]).await;
        for id in [json!(null), json!(5), json!("alice"), json!(BOT)] {
            im.call(DELETE, with(json!({}), json!({ "Robot_Account": id }))).await.fails(Group::FieldInvalid);
        }
        im.raw(CREATE, "x").await.fails(Group::BodyMalformed);
        im.sql(sql!("ALTER TABLE robots RENAME TO elsewhere")).await;
        im.call(ALL, json!({})).await.fails_by(Group::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO robots")).await;
        assert_eq!(all(&im).await, json!([]));
    }
}
