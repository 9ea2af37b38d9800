//! What an app is told of what was refused or is to be looked at: messages, words, calls over a limit, signals to robots.

use axum::http::Method;
use serde_json::{Value, json};
use server::admin::{Ask, answer};
use store::apps::OnFailure;

use super::receiver::{Receiver, Say, Seen};
use crate::harness::{APP, Im, elements, message, with};

const SENT: &str = "C2C.CallbackAfterSendMsg";
const BEFORE: &str = "C2C.CallbackBeforeSendMsg";
const JUDGED: &str = "ContentCallback.ResultNotify";
const SIGNAL: &str = "Chatbot.OnC2CSignalMessage";
const LIMIT: &str = "Alert.RequestOverLimit";

pub(super) async fn add_words(im: &Im, words: Value) {
    let ask = Ask {
        method: Method::POST,
        path: format!("apps/{APP}/words"),
        query: String::new(),
        body: json!({ "words": words }).to_string().into(),
        actor: "test".into(),
    };
    answer(im.node(), &ask).await.expect("the words are added");
}

both! {
    async fn a_refused_message_is_told_with_the_number_that_its_sender_got(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        let body = with(message("alice", "nobody", 4, "x"), json!({ "MsgSeq": 9, "CloudCustomData": "c" }));
        let answer = im.call("openim/sendmsg", body.clone()).await.value();
        let seen = receiver.wait(1).await;
        let now = im.clock.now();
        let expected = json!({
            "CallbackCommand": SENT, "From_Account": "alice", "To_Account": "nobody", "MsgSeq": 9, "MsgRandom": 4,
            "MsgTime": now.secs(), "MsgKey": format!("9_4_{}", now.secs()), "OnlineOnlyFlag": 0,
            "SendMsgResult": answer["ErrorCode"], "ErrorInfo": answer["ErrorInfo"], "UnreadMsgNum": -1,
            "MsgBody": elements("x"), "CloudCustomData": "c", "EventTime": now.0
        });
        assert_ne!(answer["ErrorCode"], 0);
        assert_eq!(seen[0].body, expected);
        // Who does not want it of this message is not told; neither is a body that is no message at all.
        im.call("openim/sendmsg", with(body, json!({ "ForbidCallbackControl": ["ForbidAfterSendMsgCallback"] }))).await;
        im.call("openim/sendmsg", json!({ "To_Account": "bob", "MsgRandom": 1, "MsgBody": [] })).await;
        im.text("alice", "bob", 7, "hello").await;
        let seen = receiver.wait(2).await;
        assert_eq!(seen.iter().map(Seen::text).collect::<Vec<_>>(), ["x", "hello"]);
    }

    async fn a_message_that_the_app_itself_refused_is_told_with_its_own_number(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE, SENT], OnFailure::Pass)).await;
        receiver.script(|seen| match seen.command() {
            BEFORE => Say::code(120_007, "not today"),
            _ => Say::ok(),
        });
        im.call("openim/sendmsg", message("alice", "bob", 4, "x")).await;
        let seen = receiver.wait(2).await;
        assert_eq!(seen[1].command(), SENT);
        assert_eq!((&seen[1].body["SendMsgResult"], &seen[1].body["ErrorInfo"]), (&json!(120_007), &json!("not today")));
    }

    async fn an_app_is_told_what_its_lists_said(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        add_words(&im, json!([{ "word": "gold", "action": "review" }, { "word": "bomb", "action": "block" }])).await;
        im.app(receiver.hook(&[JUDGED], OnFailure::Pass)).await;
        let key = im.call("openim/sendmsg", message("alice", "bob", 4, "some gold")).await.ok()["MsgKey"].clone();
        let seen = receiver.wait(1).await;
        let body = &seen[0].body;
        assert_eq!(body["CtxcbRequestId"].as_str().map(str::is_empty), Some(false));
        let facts = ["Scene", "From_Account", "ContactItem", "ContentType", "MsgID", "CtxcbResult", "CtxcbSuggestion"];
        let told: Vec<&Value> = facts.iter().map(|fact| &body[*fact]).collect();
        assert_eq!(json!(told), json!(["C2C", "alice", "bob", "Text", key, 0, "Review"]));
        assert_eq!(body["CtxcbKeywords"], json!(["gold"]));
        assert!(body["TextContent"].as_str().is_some_and(|text| text.contains("some gold")), "{body}");
        im.call("openim/sendmsg", message("alice", "bob", 5, "a bomb")).await;
        let body = receiver.wait(2).await[1].body.clone();
        let told: Vec<&Value> = facts.iter().map(|fact| &body[*fact]).collect();
        assert_eq!(json!(told), json!(["C2C", "alice", "bob", "Text", "", 1, "Block"]));
    }

    async fn a_robot_is_told_of_signals_and_of_nothing_else_as_such(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.call("openim_robot_http_svc/create_robot", json!({ "UserID": "@RBT#helper" })).await.ok();
        im.app(receiver.hook(&[SIGNAL], OnFailure::Pass)).await;
        let custom = json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "stop", "Desc": "", "Ext": "", "Sound": "" } }]);
        let signal = |to: &str, life: i64, body: &Value| json!({ "From_Account": "alice", "To_Account": to, "MsgSeq": 6,
            "MsgRandom": 11, "MsgLifeTime": life, "MsgBody": body });
        im.call("openim/sendmsg", signal("@RBT#helper", 0, &elements("text"))).await.ok();
        im.call("openim/sendmsg", signal("@RBT#helper", 60, &custom)).await.ok();
        im.call("openim/sendmsg", signal("bob", 0, &custom)).await.ok();
        im.call("openim/sendmsg", signal("@RBT#helper", 0, &custom)).await.ok();
        let now = im.clock.now();
        let seen = receiver.wait(1).await;
        let expected = json!({
            "CallbackCommand": SIGNAL, "From_Account": "alice", "To_Account": "@RBT#helper", "MsgSeq": 6,
            "MsgRandom": 11, "MsgKey": format!("6_11_{}", now.secs()), "Data": "stop", "EventTime": now.0
        });
        assert_eq!(seen[0].body, expected);
    }

    async fn an_app_is_told_once_a_minute_that_calls_run_into_a_limit(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice"]).await;
        let hook = receiver.hook(&[LIMIT], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.rates.insert("im_open_login_svc/account_check".into(), 1);
        })
        .await;
        let check = json!({ "CheckItem": [{ "UserID": "alice" }] });
        for _ in 0..6 {
            im.call("im_open_login_svc/account_check", check.clone()).await;
        }
        let seen = receiver.wait(1).await;
        let expected = json!({
            "CallbackCommand": LIMIT, "ServiceName": "im_open_login_svc", "Command": "account_check", "Request": 2,
            "Limit": 1, "EventTime": im.clock.now().0
        });
        assert_eq!(seen.iter().map(|seen| &seen.body).collect::<Vec<_>>(), [&expected]);
    }
}
