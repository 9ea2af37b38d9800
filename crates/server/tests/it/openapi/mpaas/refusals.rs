//! What pushes are refused for: each parameter, each code, and which of two comes first.

use contract::codes::{MpaasPush as Code, OpenApiClient};
use store::apps::AccessKey;
use store::cloud::{Grant, KeyKind, KeySettings};

use super::{APP_ID, Caller, Signer, Told, WORKSPACE, caller};

const SIMPLE: &[(&str, &str)] = &[
    ("TaskName", "task"),
    ("DeliveryType", "3"),
    ("ExpiredSeconds", "300"),
    ("TargetMsgkey", r#"{"u1":"k1"}"#),
    ("Title", "t"),
    ("Content", "c"),
];
const TEMPLATE: &[(&str, &str)] = &[
    ("DeliveryType", "3"),
    ("ExpiredSeconds", "300"),
    ("TargetMsgkey", r#"{"u1":"k1"}"#),
    ("TemplateName", "tpl"),
    ("TemplateKeyValue", r#"{"a":"1"}"#),
];
const MULTIPLE: &[(&str, &str)] = &[
    ("DeliveryType", "3"),
    ("ExpiredSeconds", "300"),
    ("TargetMsg.1.Target", "u1"),
    ("TargetMsg.1.MsgKey", "k1"),
    ("TargetMsg.1.TemplateKeyValue", r#"{"a":"1"}"#),
    ("TemplateName", "tpl"),
];
const BROADCAST: &[(&str, &str)] = &[
    ("DeliveryType", "1"),
    ("ExpiredSeconds", "300"),
    ("Msgkey", "k1"),
    ("TemplateName", "tpl"),
    ("TemplateKeyValue", r#"{"a":"1"}"#),
];

/// A call with other values than its usual ones; `-` takes one away.
async fn with(caller: &Caller<'_>, action: &str, usual: &[(&str, &str)], changes: &[(&str, &str)]) -> Told {
    let mut all: Vec<(&str, &str)> = usual.to_vec();
    all.retain(|(name, _)| !changes.iter().any(|(own, _)| own == name));
    all.extend(changes.iter().filter(|(_, value)| *value != "-"));
    caller.call(action, &all).await
}

/// So many pairs as a JSON object.
fn pairs(count: usize) -> String {
    let pairs: Vec<String> = (0..count).map(|number| format!("\"k{number}\":\"v\"")).collect();
    format!("{{{}}}", pairs.join(","))
}

async fn template(caller: &Caller<'_>) {
    let made = [("TemplateName", "tpl"), ("Title", "t"), ("Content", "#a#"), ("Variables", "a")];
    caller.call("CreateTemplate", &made).await.kept();
}

both! {
    async fn a_simple_push_is_refused_for_each_of_its_parts(im: Im) {
        let caller = caller(&im).await;
        let (eleven, many, reserved) = (pairs(11), pairs(21), r#"{"channel":"x"}"#);
        let (content, filled) = ("c".repeat(2_049), "c".repeat(2_048));
        let long_key = format!("{{\"u\":\"{}\"}}", "k".repeat(129));
        let cases: &[(&[(&str, &str)], Code)] = &[
            (&[("AppId", ""), ("TaskName", "")], Code::InstanceMissing),
            (&[("AppId", "")], Code::InstanceMissing),
            (&[("WorkspaceId", " ")], Code::InstanceMissing),
            (&[("AppId", "ONEX000000000000")], Code::InstanceUnknown),
            (&[("WorkspaceId", "prod")], Code::InstanceUnknown),
            (&[("TaskName", ""), ("DeliveryType", "9")], Code::TaskNameEmpty),
            (&[("DeliveryType", "-")], Code::DeliveryTypeInvalid),
            (&[("DeliveryType", "x")], Code::DeliveryTypeInvalid),
            (&[("DeliveryType", "4"), ("ExpiredSeconds", "0")], Code::DeliveryTypeInvalid),
            (&[("DeliveryType", "8")], Code::DeliveryTypeInvalid),
            (&[("ExpiredSeconds", "-")], Code::ExpiryInvalid),
            (&[("ExpiredSeconds", "")], Code::ExpiryInvalid),
            (&[("ExpiredSeconds", "abc")], Code::ExpiryInvalid),
            (&[("ExpiredSeconds", "0"), ("TargetMsgkey", "{}")], Code::ExpiryInvalid),
            (&[("ExpiredSeconds", "-1")], Code::ExpiryInvalid),
            (&[("ExpiredSeconds", "2592001")], Code::ExpiryTooLong),
            (&[("TargetMsgkey", "-")], Code::TargetEmpty),
            (&[("TargetMsgkey", "{}")], Code::TargetEmpty),
            (&[("TargetMsgkey", r#"{"":"k"}"#)], Code::TargetEmpty),
            (&[("TargetMsgkey", r#"{"u":""}"#)], Code::TargetEmpty),
            (&[("TargetMsgkey", "u1")], Code::ParameterInvalid),
            (&[("TargetMsgkey", "[1]")], Code::ParameterInvalid),
            (&[("TargetMsgkey", r#"{"u":{}}"#)], Code::ParameterInvalid),
            (&[("TargetMsgkey", &long_key)], Code::ParameterInvalid),
            (&[("TargetMsgkey", &eleven), ("Title", "")], Code::TargetsTooMany),
            (&[("Title", "-")], Code::PushTextMissing),
            (&[("Title", "")], Code::PushTextMissing),
            (&[("Content", " "), ("ExtendedParams", "x")], Code::ExtendedInvalid),
            (&[("Content", " ")], Code::PushTextMissing),
            (&[("ExtendedParams", "x")], Code::ExtendedInvalid),
            (&[("ExtendedParams", "[]")], Code::ExtendedInvalid),
            (&[("ExtendedParams", r#"{"a":{"b":1}}"#)], Code::ExtendedInvalid),
            (&[("ExtendedParams", reserved)], Code::ExtendedInvalid),
            (&[("ExtendedParams", &many)], Code::ExtendedTooMany),
            (&[("Content", &content)], Code::PushContentTooLong),
            (&[("Content", &filled)], Code::PushPayloadTooLong),
            (&[("Silent", "2")], Code::ParameterInvalid),
            (&[("PushAction", "2")], Code::ParameterInvalid),
            (&[("PushStyle", "3")], Code::ParameterInvalid),
            (&[("NotifyType", "loud")], Code::ParameterInvalid),
            (&[("TransparentMessageUrgency", "SOON")], Code::ParameterInvalid),
            (&[("Classification", "2")], Code::ParameterInvalid),
            (&[("NotifyLevel", "16")], Code::ParameterInvalid),
            (&[("SmsStrategy", "1")], Code::ParameterInvalid),
            (&[("TaskName", "a\0b")], Code::ParameterInvalid),
            (&[("Title", "a\0b")], Code::ParameterInvalid),
            (&[("TargetMsgkey", r#"{"u\u0000":"k"}"#)], Code::ParameterInvalid),
            (&[("TargetMsgkey", r#"{"u":"k\u0000"}"#)], Code::ParameterInvalid),
            (&[("StrategyType", "3")], Code::ParameterInvalid),
            (&[("StrategyType", "1")], Code::ParameterInvalid),
            (&[("StrategyType", "1"), ("StrategyContent", r#"{"fixedTime":1}"#)], Code::ParameterInvalid),
        ];
        for (changes, code) in cases {
            with(&caller, "PushSimple", SIMPLE, changes).await.fails(*code);
        }
        caller.plain("PushSimple", SIMPLE).await.fails(Code::InstanceMissing);
        // What the contract leaves out may be left out, and what it does not know is of no consequence.
        with(&caller, "PushSimple", SIMPLE, &[("TaskName", "-"), ("RegionId", "cn-hangzhou")]).await.pushed();
    }

    async fn a_push_by_template_is_refused_for_what_it_lacks(im: Im) {
        let caller = caller(&im).await;
        with(&caller, "PushTemplate", TEMPLATE, &[]).await.fails(Code::TemplateUnknown);
        template(&caller).await;
        let cases: &[(&[(&str, &str)], Code)] = &[
            (&[("TemplateName", "-")], Code::TemplateMissing),
            (&[("TemplateName", "")], Code::TemplateMissing),
            (&[("TemplateName", "other")], Code::TemplateUnknown),
            (&[("TemplateKeyValue", "-")], Code::TemplateValueMissing),
            (&[("TemplateKeyValue", r#"{"b":"1"}"#)], Code::TemplateValueMissing),
            (&[("TemplateKeyValue", r#"{"a":[]}"#)], Code::ParameterInvalid),
            (&[("TemplateKeyValue", "x")], Code::ParameterInvalid),
            (&[("TargetMsgkey", "")], Code::TargetEmpty),
        ];
        for (changes, code) in cases {
            with(&caller, "PushTemplate", TEMPLATE, changes).await.fails(*code);
        }
        let told = with(&caller, "PushTemplate", TEMPLATE, &[("TemplateKeyValue", "{}")]).await;
        assert_eq!(told.value()["PushResult"]["ResultMsg"], "TEMPLATEKV_NOT_ENOUGH: a", "the first that is missing is named");
        with(&caller, "PushTemplate", TEMPLATE, &[]).await.pushed();
    }

    async fn a_batch_is_refused_for_each_of_its_targets(im: Im) {
        let caller = caller(&im).await;
        template(&caller).await;
        let (nine, ten) = (pairs(9), pairs(10));
        let cases: &[(&[(&str, &str)], Code)] = &[
            (&[("TargetMsg.1.Target", "-"), ("TargetMsg.1.MsgKey", "-"), ("TargetMsg.1.TemplateKeyValue", "-")], Code::TargetEmpty),
            (&[("TargetMsg.1.Target", "")], Code::TargetEmpty),
            (&[("TargetMsg.1.MsgKey", "-")], Code::TargetEmpty),
            (&[("TargetMsg.1.ExtendedParams", &ten)], Code::TargetExtendedTooMany),
            (&[("TargetMsg.1.ExtendedParams", "x")], Code::ExtendedInvalid),
            (&[("TargetMsg.1.TemplateKeyValue", "{}")], Code::TemplateValueMissing),
            (&[("TemplateName", "other")], Code::TemplateUnknown),
            (&[("DeliveryType", "6")], Code::DeliveryTypeInvalid),
        ];
        for (changes, code) in cases {
            with(&caller, "PushMultiple", MULTIPLE, changes).await.fails(*code);
        }
        with(&caller, "PushMultiple", MULTIPLE, &[("TargetMsg.1.ExtendedParams", &nine)]).await.pushed();
        for (count, is_good) in [(100, true), (101, false)] {
            let names: Vec<(String, String)> = (1..=count)
                .flat_map(|number| {
                    let of = |field: &str| format!("TargetMsg.{number}.{field}");
                    [
                        (of("Target"), format!("u{number}")),
                        (of("MsgKey"), format!("k{number}")),
                        (of("TemplateKeyValue"), r#"{"a":"1"}"#.to_owned()),
                    ]
                })
                .collect();
            let changes: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let told = with(&caller, "PushMultiple", MULTIPLE, &changes).await;
            if is_good {
                told.pushed();
            } else {
                told.fails(Code::TargetsTooMany);
            }
        }
    }

    async fn a_broadcast_is_for_devices_and_not_too_often(im: Im) {
        let caller = caller(&im).await;
        template(&caller).await;
        let cases: &[(&[(&str, &str)], Code)] = &[
            (&[("DeliveryType", "3")], Code::BroadcastByDevice),
            (&[("DeliveryType", "5")], Code::BroadcastByDevice),
            (&[("DeliveryType", "4")], Code::DeliveryTypeInvalid),
            (&[("Msgkey", "")], Code::TargetEmpty),
            (&[("PushStatus", "3")], Code::ParameterInvalid),
            (&[("BindPeriod", "5")], Code::ParameterInvalid),
            (&[("BindStartTime", "9"), ("BindEndTime", "9")], Code::ParameterInvalid),
            (&[("AndroidChannel", "3")], Code::ParameterInvalid),
            (&[("TemplateKeyValue", "{}")], Code::TemplateValueMissing),
        ];
        for (changes, code) in cases {
            with(&caller, "PushBroadcast", BROADCAST, changes).await.fails(*code);
        }
        with(&caller, "PushBroadcast", BROADCAST, &[]).await.pushed();
        with(&caller, "PushBroadcast", BROADCAST, &[]).await.fails(Code::FlowControl);
        im.clock.advance(1_000);
        with(&caller, "PushBroadcast", BROADCAST, &[]).await.pushed();
    }

    async fn an_app_may_have_a_tenant_and_take_no_pushes(im: Im) {
        let caller = caller(&im).await;
        with(&caller, "PushSimple", SIMPLE, &[("TenantId", "ANYTHING")]).await.pushed();
        im.app(|settings, _| "LZFPEFIM".clone_into(&mut settings.mpaas.tenant_id)).await;
        with(&caller, "PushSimple", SIMPLE, &[("TenantId", "OTHER")]).await.fails(Code::TenantInvalid);
        with(&caller, "PushSimple", SIMPLE, &[("TenantId", "LZFPEFIM")]).await.pushed();
        with(&caller, "PushSimple", SIMPLE, &[]).await.pushed();
        im.app(|settings, _| settings.mpaas.takes_pushes = false).await;
        with(&caller, "PushSimple", SIMPLE, &[]).await.fails(Code::PushSwitchedOff);
        caller.call("ListTemplatePage", &[]).await.kept();
    }

    async fn a_key_may_be_good_for_other_apps_alone(im: Im) {
        let caller = caller(&im).await;
        // A key of a sub-user that was granted pushes on another app.
        let grants = vec![Grant { actions: vec!["mpaas:*".into()], apps: vec![7] }];
        let settings = KeySettings { kind: KeyKind::User, grants, ..KeySettings::default() };
        let signer = super::super::cloud::add(&im, "sub", "default", settings, "").await;
        let sub = Caller { im: &im, signer: Signer { version: "2020-10-28", ..signer } };
        with(&sub, "PushSimple", SIMPLE, &[]).await.fails(Code::AppForbidden);
        // An app of somebody else looks as if it was not there.
        im.app(|_, secrets| secrets.access_keys = vec![AccessKey { id: "other".into(), secret: "x".repeat(20) }]).await;
        with(&caller, "PushSimple", SIMPLE, &[]).await.reply.fails(OpenApiClient::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
    }

    async fn actions_belong_to_their_versions(im: Im) {
        let caller = caller(&im).await;
        let older = caller.of_version("2020-07-10");
        let oldest = caller.of_version("2019-08-21");
        with(&oldest, "PushSimple", SIMPLE, &[]).await.pushed();
        with(&older, "PushSimple", SIMPLE, &[]).await.pushed();
        for (caller, action) in [(&older, "PushBind"), (&oldest, "CreateTemplate"), (&caller, "CancelMpsScheduler")] {
            let told = caller.plain(action, &[("AppId", APP_ID), ("WorkspaceId", WORKSPACE)]).await;
            told.reply.fails(OpenApiClient::ApiUnknown, "InvalidApi.NotFound");
        }
    }

    async fn what_goes_wrong_inside_is_told_without_its_details(im: Im) {
        let caller = caller(&im).await;
        im.sql(store::sql!("ALTER TABLE push_templates RENAME TO gone")).await;
        let told = caller.call("ListTemplatePage", &[]).await;
        told.fails_by(Code::SystemError, contract::ledger::How::FailPoint);
    }
}
