//! What an app is asked before a message is delivered, and what becomes of its answers.

use std::time::{Duration, Instant};

use contract::codes::{Common, Message};
use contract::ledger::{How, note};
use serde_json::json;
use store::apps::OnFailure;

use super::receiver::{Receiver, Say};
use crate::harness::{elements, message, with};

const SEND: &str = "openim/sendmsg";
const BEFORE: &str = "C2C.CallbackBeforeSendMsg";

both! {
    async fn an_app_is_asked_about_every_message_and_allows_it(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE], OnFailure::Pass)).await;
        let body = with(message("alice", "bob", 7, "hello"), json!({ "MsgSeq": 5, "CloudCustomData": "extra" }));
        let answer = im.call(SEND, body).await.ok();
        let seen = receiver.seen();
        assert_eq!(seen.len(), 1);
        let (query, asked) = (&seen[0].query, &seen[0].body);
        assert_eq!((query["OptPlatform"].as_str(), query["ClientIP"].as_str()), ("RESTAPI", "127.0.0.1"));
        assert_eq!(query["RequestTime"], im.clock.now().secs().to_string());
        let expected = json!({
            "CallbackCommand": BEFORE, "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 7,
            "MsgTime": im.clock.now().secs(), "MsgKey": answer["MsgKey"], "OnlineOnlyFlag": 0,
            "MsgBody": elements("hello"), "CloudCustomData": "extra", "EventTime": im.clock.now().0
        });
        assert_eq!(*asked, expected);
        assert_eq!(im.texts("bob", "alice").await, ["hello"]);
        // What the rules refuse nobody is asked about, and neither is who wants nobody to be asked.
        im.call(SEND, message("alice", "nobody", 8, "x")).await.fails(Message::ReceiverUnknown);
        let silent = json!({ "ForbidCallbackControl": ["ForbidBeforeSendMsgCallback"] });
        im.call(SEND, with(message("alice", "bob", 9, "quiet"), silent)).await.ok();
        let wrong = with(message("alice", "bob", 9, "x"), json!({ "ForbidCallbackControl": "all" }));
        im.call(SEND, wrong).await.fails(Message::FieldInvalid);
        let batch = json!({ "To_Account": ["bob"], "MsgRandom": 1, "MsgBody": elements("x") });
        im.call("openim/batchsendmsg", batch).await.ok();
        assert_eq!(receiver.seen().len(), 1);
    }

    async fn an_app_refuses_by_the_contracts_number_or_by_its_own(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE], OnFailure::Pass)).await;
        receiver.script(|_| Say::code(1, "no"));
        im.call(SEND, message("alice", "bob", 1, "x")).await.fails(Message::WebhookRefused);
        receiver.script(|_| Say::code(777, "means nothing"));
        im.call(SEND, message("alice", "bob", 2, "x")).await.fails(Message::WebhookRefused);
        let (first, last) = range();
        for code in [first, last] {
            receiver.script(move |_| Say::code(code, "你不可以 \"这样\""));
            let answer = im.call(SEND, message("alice", "bob", 3, "x")).await.value();
            let expected = json!({ "ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": "你不可以 \"这样\"" });
            assert_eq!(answer, expected);
            note(Message::WebhookCustom.row(), How::Request);
        }
        for outside in [first - 1, last + 1] {
            receiver.script(move |_| Say::code(outside, "x"));
            im.call(SEND, message("alice", "bob", 4, "x")).await.fails(Message::WebhookRefused);
        }
        assert!(im.texts("bob", "alice").await.is_empty());
    }

    async fn a_message_that_is_dropped_looks_as_if_it_had_been_sent(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE, "C2C.CallbackAfterSendMsg"], OnFailure::Pass)).await;
        receiver.script(|_| Say::code(2, ""));
        let answer = im.call(SEND, with(message("alice", "bob", 1, "x"), json!({ "MsgSeq": 4 }))).await.ok();
        assert_eq!(answer["MsgKey"], format!("4_1_{}", im.clock.now().secs()));
        assert!(im.texts("bob", "alice").await.is_empty());
        receiver.script(|_| Say::ok());
        im.text("alice", "bob", 2, "y").await;
        let seen = receiver.wait(3).await;
        assert_eq!(seen[2].text(), "y", "nobody is told of what was dropped");
    }

    async fn an_app_rewrites_a_message(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE, "C2C.CallbackAfterSendMsg"], OnFailure::Refuse)).await;
        receiver.script(|seen| match seen.command() {
            BEFORE => Say::Json(json!({
                "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "MsgBody": elements("h***o"),
                "CloudCustomData": "checked", "OfflinePushInfo": { "Title": "news" }
            })),
            _ => Say::ok(),
        });
        im.text("alice", "bob", 1, "hello").await;
        let history = im.history("bob", "alice").await;
        assert_eq!(history["MsgList"][0]["MsgBody"], elements("h***o"));
        assert_eq!(history["MsgList"][0]["CloudCustomData"], "checked");
        let told = receiver.wait(2).await;
        assert_eq!((told[1].text(), &told[1].body["CloudCustomData"]), ("h***o", &json!("checked")));
        // What cannot be a message is a failure of the webhook.
        let too_long = "x".repeat(13_000);
        for bad in [json!([]), json!("text"), json!([{ "MsgType": "TIMNoElem", "MsgContent": {} }]), elements(&too_long)] {
            receiver.script(move |_| Say::Json(json!({ "ErrorCode": 0, "MsgBody": bad.clone() })));
            im.call(SEND, message("alice", "bob", 2, "x")).await.fails(Common::WebhookFailed);
            receiver.script(|_| Say::ok());
            im.call(SEND, message("alice", "bob", 3, "x")).await.ok();
        }
    }

    async fn an_answer_that_is_none_means_what_the_app_has_chosen(im: Im) {
        im.import(&["alice", "bob"]).await;
        let bad = [
            Say::Status(500, ""),
            Say::Status(204, ""),
            Say::Status(302, "location: http://127.0.0.1:1/\r\n"),
            Say::Raw(b"OK".to_vec()),
            Say::Raw(b"{\"ErrorCode\":\"0\"}".to_vec()),
            Say::Raw(vec![b'['; 1_000_000]),
            Say::Close,
        ];
        let mut random = 0;
        for say in bad {
            // An endpoint of its own each: one that fails again and again is left alone.
            let receiver = Receiver::start().await;
            let what = format!("{say:?}").chars().take(60).collect::<String>();
            receiver.script(move |_| say.clone());
            im.app(receiver.hook(&[BEFORE], OnFailure::Refuse)).await;
            random += 1;
            im.call(SEND, message("alice", "bob", random, "x")).await.fails(Common::WebhookFailed);
            im.app(receiver.hook(&[BEFORE], OnFailure::Pass)).await;
            random += 1;
            im.call(SEND, message("alice", "bob", random, &what)).await.ok();
            assert_eq!(im.texts("bob", "alice").await.last(), Some(&what));
        }
    }

    async fn a_slow_app_is_not_waited_for_and_a_dead_one_is_left_alone(im: Im) {
        let receiver = Receiver::start().await;
        receiver.script(|_| Say::Silence);
        im.import(&["alice", "bob"]).await;
        let hook = receiver.hook(&[BEFORE], OnFailure::Refuse);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.webhook.commands.get_mut(BEFORE).expect("it is on").timeout_ms = 100;
        })
        .await;
        let began = Instant::now();
        for random in 0..5 {
            im.call(SEND, message("alice", "bob", random, "x")).await.fails(Common::WebhookFailed);
        }
        assert!(began.elapsed() >= Duration::from_millis(500), "each was waited for");
        let asked = receiver.count();
        im.call(SEND, message("alice", "bob", 6, "x")).await.fails(Common::WebhookFailed);
        assert_eq!(receiver.count(), asked, "nobody asks an endpoint that is left alone");
        // When it is well again, it is found out.
        receiver.script(|_| Say::ok());
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = im.call(SEND, message("alice", "bob", 7, "well")).await;
            if answer.value()["ErrorCode"] == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "{answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(im.texts("bob", "alice").await, ["well"]);
    }

    async fn more_questions_than_may_wait_are_not_asked(im: Im) {
        let receiver = Receiver::start().await;
        receiver.script(|_| Say::Late(Duration::from_millis(1_500)));
        im.import(&["alice", "bob"]).await;
        im.app(receiver.hook(&[BEFORE], OnFailure::Refuse)).await;
        let calls = (0..300).map(|random| im.call(SEND, message("alice", "bob", random, "x")));
        let answers = futures_util::future::join_all(calls).await;
        let is_busy = |answer: &&crate::harness::Answer| answer.is(Message::InternalTimeout);
        let busy: Vec<_> = answers.iter().filter(is_busy).collect();
        assert!(busy.len() >= 44, "{} of 300 were not asked, 256 may wait", busy.len());
        busy[0].fails(Message::InternalTimeout);
        assert!(receiver.busiest() <= 256);
    }
}

/// The first and the last number that the contract leaves to apps.
fn range() -> (i64, i64) {
    match Message::WebhookCustom.row().code {
        contract::codes::Code::Range(first, last) => (first.into(), last.into()),
        other => panic!("a range, not {other:?}"),
    }
}
