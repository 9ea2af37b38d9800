//! What an app is told of notifications that vendors took or refused.

use serde_json::{Value, json};
use store::apps::OnFailure;

use super::receiver::{Receiver, Seen};
use crate::harness::{APP, elements};
use crate::phones::Phones;

const PUSHED: &str = "Push.OfflinePush";
const BROADCAST: &str = "Push.AllMemberPush";

/// The call about an account's phone.
fn about<'a>(seen: &'a [Seen], account: &str) -> &'a Value {
    &seen.iter().find(|seen| seen.body["To_Account"] == account).expect("the account is named").body
}

both! {
    async fn an_app_is_told_what_became_of_the_push_of_a_message(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob", "carol"]).await;
        let phones = Phones::start(&im).await;
        let token = phones.give(&im, "bob").await;
        // Nobody at Apple knows this one.
        phones.give_token(&im, "carol", &"ab".repeat(32)).await;
        im.app(receiver.hook(&[PUSHED], OnFailure::Pass)).await;
        let send = |to: &str, random: u32| json!({ "From_Account": "alice", "To_Account": to, "MsgSeq": 5,
            "MsgRandom": random, "MsgBody": elements("ring") });
        let key = im.call("openim/sendmsg", send("bob", 7)).await.ok()["MsgKey"].clone();
        im.call("openim/sendmsg", send("carol", 8)).await.ok();
        let shown = phones.wait(&token).await;
        assert_eq!(shown[0]["payload"]["aps"]["alert"]["body"], "ring");
        let seen = receiver.wait(2).await;
        let now = im.clock.now().secs();
        let expected = json!({
            "CallbackCommand": PUSHED, "EventTime": now, "To_Account": "bob", "PushPlatform": 1, "PushStage": 1,
            "ErrCode": 0, "ErrInfo": "", "EventType": 1, "From_Account": "alice", "MsgKey": key, "MsgSeq": 5,
            "MsgRandom": 7, "MsgTime": now
        });
        assert_eq!(about(&seen, "bob"), &expected);
        let refused = about(&seen, "carol");
        assert_eq!((&refused["MsgRandom"], &refused["PushStage"]), (&json!(8), &json!(1)));
        assert_eq!(refused["ErrCode"], json!(contract::codes::Apns::BadDeviceToken.row().number()), "{refused}");
        phones.stop().await;
    }

    async fn an_app_is_told_what_became_of_a_broadcast(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["alice", "bob"]).await;
        let phones = Phones::start(&im).await;
        let token = phones.give(&im, "bob").await;
        let hook = receiver.hook(&[BROADCAST], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.has_broadcast = true;
        })
        .await;
        let push = json!({ "From_Account": "alice", "MsgRandom": 3, "MsgLifeTime": 120, "MsgBody": elements("to all"),
            "OfflinePushInfo": { "Title": "news", "Desc": "to everybody" } });
        let task = im.call("all_member_push/im_push", push).await.ok()["TaskId"].clone();
        let shown = phones.wait(&token).await;
        assert_eq!(shown[0]["payload"]["aps"]["alert"]["body"], "to everybody");
        let seen = receiver.wait(1).await;
        let now = im.clock.now().secs();
        let expected = json!({
            "CallbackCommand": BROADCAST, "EventTime": now, "To_Account": "bob", "PushPlatform": 1, "PushStage": 1,
            "ErrCode": 0, "ErrInfo": "", "TaskId": task, "TaskTime": now
        });
        assert_eq!(seen[0].body, expected);
        assert!(task.as_str().is_some_and(|task| task.starts_with(&APP.to_string())));
        phones.stop().await;
    }
}
