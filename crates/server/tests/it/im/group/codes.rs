//! Numbers of the group service that other services have as well, met in groups.

use contract::codes::{Group, Message};
use contract::ledger::How;
use serde_json::{Value, json};
use store::sql;

use super::{ask, info, letter, make, say};

const SET: &str = "openim_msg_ext_http_svc/group_set_key_values";
const GET: &str = "openim_msg_ext_http_svc/group_get_key_values";

both! {
    async fn trouble_inside_has_a_number_of_the_group_service_whatever_was_asked(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let of = |more: Value| crate::harness::with(json!({ "GroupId": "g" }), more);
        let calls = [
            ("create_group", json!({ "Type": "Public", "Name": "n", "GroupId": "other" })),
            ("get_group_info", json!({ "GroupIdList": ["g"] })),
            ("send_group_msg", letter("g", "bo", 1, "x")),
            ("add_group_member", of(json!({ "MemberList": [{ "Member_Account": "bo" }] }))),
            ("modify_group_base_info", of(json!({ "Name": "other" }))),
            ("group_msg_get_simple", of(json!({ "ReqMsgNumber": 1 }))),
            ("destroy_group", of(json!({}))),
        ];
        im.sql(sql!("ALTER TABLE groups RENAME TO elsewhere")).await;
        for (command, body) in &calls {
            ask(&im, command, body.clone()).await.fails_by(Group::InternalError, How::FailPoint);
        }
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO groups")).await;
        let said = info(&im, "g").await;
        assert_eq!([&said["Name"], &said["NextMsgSeq"], &said["MemberNum"]], [&json!("n"), &json!(1), &json!(2)]);
        assert_eq!(info(&im, "other").await["Name"], Value::Null, "nothing was half done");
        assert_eq!(say(&im, "g", "bo", 1, "x").await, 1);
    }

    async fn pairs_of_a_groups_message_are_part_of_the_larger_plans(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let extensible = crate::harness::with(letter("g", "bo", 1, "x"), json!({ "SupportMessageExtension": 1 }));
        ask(&im, "send_group_msg", extensible).await.ok();
        let set = json!({ "GroupId": "g", "MsgSeq": 1, "OperateType": 1, "ExtensionList": [{ "Key": "k", "Value": "v" }] });
        let get = json!({ "GroupId": "g", "MsgSeq": 1 });
        for plan in ["trial", "standard"] {
            im.app(|settings, _| settings.plan = plan.into()).await;
            im.call(SET, set.clone()).await.fails(Message::FeatureNotInPlan);
            im.call(GET, get.clone()).await.fails(Message::FeatureNotInPlan);
        }
        for plan in ["flagship", "enterprise", "unlimited"] {
            im.app(|settings, _| settings.plan = plan.into()).await;
            im.call(SET, set.clone()).await.ok();
            assert_eq!(im.call(GET, get.clone()).await.ok()["ExtensionList"][0]["Value"], "v");
        }
    }
}
