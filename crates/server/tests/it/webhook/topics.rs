//! What an app is asked and told about topics and attributes.

use contract::codes::Group;
use serde_json::{Value, json};
use store::apps::OnFailure;

use super::receiver::{Receiver, Say};
use crate::harness::{Im, elements};

const HOME: &str = "@TGS#_home";
const TOLD: [&str; 5] = [
    "Group.CallbackAfterCreateTopic",
    "Group.CallbackAfterTopicInfoChanged",
    "Group.CallbackAfterSendMsg",
    "Group.CallbackAfterTopicDestroyed",
    "Group.CallbackAfterGroupAttrChanged",
];

async fn community(im: &Im) {
    im.import(&["ann"]).await;
    let body =
        json!({ "Type": "Community", "GroupId": HOME, "Name": "home", "Owner_Account": "ann", "SupportTopic": 1 });
    im.call("group_open_http_svc/create_group", body).await.ok();
}

fn news() -> String {
    format!("{HOME}@TOPIC#_news")
}

async fn topic(im: &Im, command: &str, more: Value) -> crate::harness::Answer {
    let body = crate::harness::with(json!({ "GroupId": HOME, "TopicId": news() }), more);
    im.call(&format!("million_group_open_http_svc/{command}"), body).await
}

both! {
    async fn an_app_is_told_of_topics_and_attributes_in_order(im: Im) {
        let receiver = Receiver::start().await;
        community(&im).await;
        im.app(receiver.hook(&TOLD, OnFailure::Pass)).await;
        topic(&im, "create_topic", json!({ "TopicName": "News" })).await.ok();
        topic(&im, "modify_topic", json!({ "TopicName": "Notes", "MuteAllMember": "On" })).await.ok();
        let letter = json!({ "GroupId": HOME, "TopicId": news(), "Random": 1, "MsgBody": elements("hi") });
        im.call("group_open_http_svc/send_group_msg", letter).await.ok();
        topic(&im, "destroy_topic", json!({ "TopicIdList": [news()] })).await.ok();
        let pair = json!([{ "key": "a", "value": "1" }]);
        let write = json!({ "GroupId": HOME, "GroupAttr": pair });
        im.call("group_open_http_svc/modify_group_attr", write).await.ok();
        // An import tells nobody.
        let old = json!({ "GroupId": HOME, "TopicName": "Old" });
        im.call("group_open_http_svc/import_topic", old).await.ok();
        im.call("group_open_http_svc/clear_group_attr", json!({ "GroupId": HOME })).await.ok();
        let seen = receiver.wait(6).await;
        let mut of: Vec<Value> = seen.into_iter().map(|call| call.body).collect();
        // Messages of a topic have an order of their own.
        of.sort_by_key(|body| TOLD.iter().position(|command| body["CallbackCommand"] == *command));
        let now = im.clock.now().0;
        let base = |command: usize, more: Value| {
            let base = json!({ "CallbackCommand": TOLD[command], "GroupId": HOME, "Type": "Community", "EventTime": now });
            crate::harness::with(base, more)
        };
        let admin = "administrator";
        assert_eq!(of[0], base(0, json!({ "TopicId": news(), "Operator_Account": admin, "Owner_Account": "ann", "Name": "News" })));
        assert_eq!(of[1], base(1, json!({ "TopicId": news(), "Operator_Account": admin, "Name": "Notes" })));
        assert_eq!((&of[2]["GroupId"], &of[2]["TopicId"], &of[2]["MsgSeq"]), (&json!(HOME), &json!(news()), &json!(1)));
        assert_eq!(of[3], base(3, json!({ "TopicIdList": [{ "TopicId": news() }] })));
        assert_eq!(of[4], base(4, json!({ "Operator_Account": admin, "OptionType": "modify", "GroupAttr": pair })));
        assert_eq!(of[5], base(4, json!({ "Operator_Account": admin, "OptionType": "clear", "GroupAttr": [] })));
    }

    async fn an_app_may_refuse_a_topic(im: Im) {
        let receiver = Receiver::start().await;
        community(&im).await;
        im.app(receiver.hook(&["Group.CallbackBeforeCreateTopic"], OnFailure::Pass)).await;
        receiver.script(|_| Say::code(1, "no"));
        topic(&im, "create_topic", json!({ "TopicName": "News" })).await.fails(Group::WebhookRefused);
        let asked = receiver.wait(1).await;
        assert_eq!((&asked[0].body["Name"], &asked[0].body["Type"]), (&json!("News"), &json!("Community")));
        receiver.script(|_| Say::ok());
        topic(&im, "create_topic", json!({ "TopicName": "News" })).await.ok();
    }
}
