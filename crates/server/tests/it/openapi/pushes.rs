//! Pushes from the signed call to Apple's room of the sandbox, and what is answered of them afterwards.

use contract::codes::OpenApiClient as Code;
use contract::{DeviceId, moment};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use store::apps::OnFailure;
use store::bindings::{self, Registration};
use store::devices::{self, Token};

use super::{Signer, device, register, with_key};
use crate::harness::{APP, Im};
use crate::phones::Access;
use crate::raw::until;
use crate::webhook::receiver::Receiver;

/// The app as Apple knows it.
pub(super) const BUNDLE: &str = "com.example.app";
/// The credential for it.
pub(super) const CREDENTIAL: i64 = 1;

/// A node whose app has a credential of the sandbox.
pub(super) struct World {
    pub(super) im: Im,
    signer: Signer,
    pub(super) sandbox: Sandbox,
}

impl World {
    pub(super) async fn new(im: Im) -> Self {
        let signer = with_key(&im).await;
        let sandbox = Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts");
        set_clock(&sandbox, &im);
        let access = Access::to(&sandbox, BUNDLE).with("development_url", sandbox.apns_development_url());
        im.app(move |all, secrets| access.give(all, secrets)).await;
        Self { im, signer, sandbox }
    }

    /// Lets time pass, here and at Apple's.
    pub(super) fn advance(&self, ms: i64) {
        self.im.clock.advance(ms);
        set_clock(&self.sandbox, &self.im);
        self.im.node().engine.wake();
    }

    /// Registers a phone of Apple's; answers the token by which its inbox is read.
    pub(super) async fn phone(&self, id: &str) -> String {
        self.phone_of(id, json!({ "bundle": BUNDLE }), CREDENTIAL).await
    }

    /// As [`Self::phone`], with what the sandbox is told of it and the credential of its token.
    pub(super) async fn phone_of(&self, id: &str, what: Value, credential: i64) -> String {
        let made = self.sandbox.control("POST", "/apns/devices", &what);
        let token = made.expect("the sandbox obeys")["token"].as_str().expect("a token").to_owned();
        let (id, now, own) = (DeviceId::parse(id).expect("a device"), self.im.clock.now(), token.clone());
        let write = move |tx: &mut store::Tx<'_>| {
            bindings::register(tx, now, &id, 1, &Registration { os: 1, ..Registration::default() })?;
            let token =
                Token { device: id.clone(), channel: "apns".into(), token: own.clone(), credential, bound_at: now };
            devices::set_token(tx, &contract::UserId::trusted("nobody"), &token)
        };
        self.im.node().store.write(APP, write).await.expect("the phone is registered");
        token
    }

    /// What a phone shows.
    pub(super) fn inbox(&self, token: &str) -> Vec<Value> {
        let inbox = self.sandbox.control("GET", &format!("/apns/devices/{token}/inbox"), &json!({}));
        inbox.expect("the sandbox obeys")["notifications"].as_array().expect("a list").clone()
    }

    pub(super) async fn call(&self, action: &str, params: &[(&str, &str)]) -> super::Reply {
        self.signer.call(&self.im, action, params).await
    }

    pub(super) async fn sent(&self, action: &str, params: &[(&str, &str)]) -> String {
        self.call(action, params).await.ok()["MessageId"].as_str().expect("a number as text").to_owned()
    }

    pub(super) async fn counts(&self, id: &str) -> Value {
        self.call("QueryPushStatByMsg", &[("MessageId", id)]).await.ok()["PushStats"]["PushStat"][0].clone()
    }

    /// Waits until a push was sent to so many devices.
    pub(super) async fn reaches(&self, id: &str, count: i64) {
        until(async || self.counts(id).await["SentCount"] == count).await;
    }
}

/// What is changed of a good call, and how it is refused.
type Case<'a> = (Vec<(&'a str, &'a str)>, Code, &'a str);

/// Lets the sandbox have the node's time.
fn set_clock(sandbox: &Sandbox, im: &Im) {
    let set = |offset_ms: i64| {
        let shown =
            sandbox.control("PUT", "/clock", &json!({ "offset_ms": offset_ms })).expect("the clock can be moved");
        shown["now_ms"].as_i64().expect("a moment")
    };
    set(im.clock.now().0 - set(0));
}

/// The parameters of a notification to Apple's devices.
pub(super) fn notice<'a>(target: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("Target", target),
        ("TargetValue", value),
        ("DeviceType", "iOS"),
        ("PushType", "NOTICE"),
        ("iOSApnsEnv", "PRODUCT"),
        ("Title", "t"),
        ("Body", "b"),
    ]
}

/// Parameters with others in their place; `<none>` takes one away.
pub(super) fn with<'a>(params: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<_> =
        params.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).copied().collect();
    all.extend(more.iter().filter(|(_, value)| *value != "<none>"));
    all
}

both! {
    async fn a_push_reaches_the_phone_with_all_that_it_says(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        let params = with(&notice("DEVICE", "phone,unknown"), &[
            ("iOSSubtitle", "s"), ("iOSBadge", "5"), ("iOSMusic", "ding.caf"), ("iOSNotificationCategory", "c"),
            ("iOSExtParameters", r#"{"order":"7"}"#), ("iOSInterruptionLevel", "time-sensitive"),
            ("iOSMutableContent", "true"), ("JobKey", "job-1"),
        ]);
        let id = world.sent("Push", &params).await;
        until(async || !world.inbox(&token).is_empty()).await;
        let shown = &world.inbox(&token)[0]["payload"];
        assert_eq!(shown["aps"]["alert"], json!({ "title": "t", "subtitle": "s", "body": "b" }));
        assert_eq!((&shown["aps"]["badge"], &shown["aps"]["sound"]), (&json!(5), &json!("ding.caf")));
        assert_eq!((&shown["aps"]["category"], &shown["order"]), (&json!("c"), &json!("7")));
        world.reaches(&id, 1).await;
        let counts = world.counts(&id).await;
        assert_eq!((&counts["AcceptCount"], &counts["ReceivedCount"]), (&json!(1), &json!(0)), "{counts}");
        assert_eq!(counts["MessageId"], id);
    }

    async fn everybody_is_reached_by_all_by_tags_by_accounts_and_by_aliases(im: Im) {
        let world = World::new(im).await;
        let (one, two) = (device(1), device(2));
        let tokens = [world.phone(&one).await, world.phone(&two).await];
        world.call("BindTag", &[("ClientKey", &one), ("KeyType", "DEVICE"), ("TagName", "a,b")]).await.ok();
        world.call("BindTag", &[("ClientKey", &two), ("KeyType", "DEVICE"), ("TagName", "a")]).await.ok();
        world.call("BindAlias", &[("DeviceId", &two), ("AliasName", "x")]).await.ok();
        let expression = r#"{"and":[{"tag":"a"},{"not":{"tag":"b"}}]}"#;
        for (target, value, count) in [("ALL", "all", 2), ("TAG", "b", 1), ("TAG", expression, 1), ("ALIAS", "x,y", 1)] {
            let id = world.sent("Push", &notice(target, value)).await;
            world.reaches(&id, count).await;
            assert_eq!(world.counts(&id).await["AcceptCount"], count, "{target} {value}");
        }
        assert_eq!(tokens.map(|token| world.inbox(&token).len()), [2, 3]);
    }

    async fn the_short_actions_push_too(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        register(&world.im, &device(1)).await;
        let short = [("Target", "DEVICE"), ("TargetValue", "phone"), ("Title", "t"), ("Body", "b")];
        let id = world.sent("PushNoticeToiOS", &with(&short, &[("ApnsEnv", "PRODUCT"), ("ExtParameters", r#"{"k":1}"#)])).await;
        world.reaches(&id, 1).await;
        assert_eq!(world.inbox(&token)[0]["payload"]["k"], 1);
        for action in ["PushMessageToAndroid", "PushMessageToiOS", "PushNoticeToAndroid"] {
            let id = world.sent(action, &short).await;
            assert_eq!(world.counts(&id).await["SentCount"], 0, "{action}: nobody of that system can be reached");
        }
        world.call("PushNoticeToiOS", &short).await.fails(Code::ParameterMissing, "MissingApnsEnv");
        world.call("PushMessageToAndroid", &with(&short, &[("Title", "<none>")])).await
            .fails(Code::ParameterMissing, "MissingTitle");
    }

    async fn a_hundred_pushes_are_taken_on_at_once_or_none(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        let mut params = Vec::new();
        let names: Vec<Vec<(String, &str)>> = (1..=2).map(|n| {
            let named = |name: &str| format!("PushTask.{n}.{name}");
            notice("DEVICE", "phone").into_iter().map(|(name, value)| (named(name), value)).collect()
        }).collect();
        for (name, value) in names.iter().flatten() {
            params.push((name.as_str(), *value));
        }
        let found = world.call("MassPush", &params).await.ok();
        let ids = found["MessageIds"]["MessageId"].as_array().expect("a list").clone();
        assert_eq!(ids.len(), 2);
        for id in &ids {
            world.reaches(id.as_str().expect("text"), 1).await;
        }
        let bad = with(&params, &[("PushTask.2.Target", "ALL")]);
        world.call("MassPush", &bad).await.fails(Code::ParameterMalformed, "InvalidTarget.Format");
        assert_eq!(world.inbox(&token).len(), 2, "the first of them was not sent either");
    }

    async fn one_object_pushes_a_notification_and_a_message(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        let task = |change: Value| {
            let mut task = json!({
                "Target": { "Platform": "iOS", "Type": "DEVICE", "Value": "phone" },
                "Message": { "Title": "m", "Body": "silent" },
                "Notification": { "Title": "t", "Body": "b", "Ios": { "Badge": 3, "ExtParameters": { "k": "v" } } },
            });
            for (name, value) in change.as_object().expect("an object") {
                task[name] = value.clone();
            }
            task
        };
        let id = world.sent("PushV2", &[("PushTask", &task(json!({})).to_string())]).await;
        world.reaches(&id, 1).await;
        let shown = &world.inbox(&token)[0]["payload"];
        assert_eq!((&shown["aps"]["badge"], &shown["aps"]["alert"]["body"], &shown["k"]), (&json!(3), &json!("b"), &json!("v")));
        let token_of = "0E0D4F51-4BF6-4D3A-8C0E-3AD6C1A1A0F1";
        let tasks = json!([task(json!({})), task(json!({}))]).to_string();
        let many = [("PushTasks", tasks.as_str()), ("IdempotentToken", token_of)];
        let first = world.call("MassPushV2", &many).await.ok()["MessageIds"].clone();
        assert_eq!(first.as_array().map(Vec::len), Some(2));
        let lower = token_of.to_lowercase();
        let again = [("PushTasks", tasks.as_str()), ("IdempotentToken", lower.as_str())];
        assert_eq!(world.call("MassPushV2", &again).await.ok()["MessageIds"], first, "a repetition is answered the same");
        until(async || world.inbox(&token).len() == 3).await;

        let open = world.sent("PushV2", &[("PushTask", &task(json!({ "Action": "CREATE_CONTINUOUS_PUSH" })).to_string())]).await;
        let number: i64 = open.parse().expect("a number");
        let more = task(json!({ "Action": "CONTINUOUS_PUSH", "Options": { "MessageId": number } })).to_string();
        assert_eq!(world.sent("PushV2", &[("PushTask", &more)]).await, open);
        world.reaches(&open, 1).await;

        let refused = async |change: Value, row: Code, code: &str| {
            let task = task(change).to_string();
            world.call("PushV2", &[("PushTask", &task)]).await.fails(row, code);
        };
        refused(json!({ "Action": "LATER" }), Code::ParameterMalformed, "InvalidAction.Format").await;
        refused(json!({ "Action": "SCHEDULED_PUSH" }), Code::ParameterMissing, "MissingPushTime").await;
        refused(json!({ "Action": "CONTINUOUS_PUSH" }), Code::ParameterMissing, "MissingMessageId").await;
        refused(json!({ "Target": null }), Code::ParameterMissing, "MissingTarget").await;
        refused(json!({ "Message": null, "Notification": null }), Code::ParameterMissing, "MissingNotification").await;
        refused(json!({ "Options": { "Sms": { "TemplateName": "x" } } }), Code::AccountDisabled, "AccountDisabled").await;
        let bomb = "[".repeat(100_000);
        world.call("PushV2", &[("PushTask", &bomb[..5_000])]).await.fails(Code::ParameterMalformed, "InvalidPushTask.Format");
    }

    async fn systems_that_are_told_different_things_get_parts_of_one_push(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        register(&world.im, "droid").await;
        let both = with(&notice("DEVICE", "phone,droid"), &[
            ("DeviceType", "ALL"), ("iOSBadge", "1"), ("AndroidNotificationChannel", "news"),
        ]);
        let id = world.sent("Push", &both).await;
        world.reaches(&id, 1).await;
        assert_eq!(world.inbox(&token)[0]["payload"]["aps"]["badge"], 1);
        until(async || world.counts(&id).await["AcceptCount"] == 2).await;
        let found = world.call("QueryPushRecords", &[
            ("StartTime", "2023-01-01T00:00:00Z"), ("EndTime", "2023-12-31T00:00:00Z"),
        ]).await.ok();
        assert_eq!(found["Total"], 1, "parts are not listed: {found}");
        assert_eq!(found["PushInfos"]["PushInfo"][0]["DeviceType"], "ALL");
    }

    async fn a_planned_push_comes_at_its_time_or_is_cancelled(im: Im) {
        let world = World::new(im).await;
        let token = world.phone("phone").await;
        let at = moment::write(world.im.clock.now().plus(3_600_000));
        let planned = with(&notice("DEVICE", "phone"), &[("PushTime", &at)]);
        let kept = world.sent("Push", &planned).await;
        let gone = world.sent("Push", &planned).await;
        world.call("CancelPush", &[("MessageId", &gone)]).await.ok();
        world.call("CancelPush", &[("MessageId", &gone)]).await.fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
        world.call("CancelPush", &[("MessageId", "1")]).await.fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
        world.advance(3_600_000);
        world.reaches(&kept, 1).await;
        assert_eq!(world.inbox(&token).len(), 1);
        world.call("CancelPush", &[("MessageId", &kept)]).await.fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
        let range = [("StartTime", "2023-01-01T00:00:00Z"), ("EndTime", "2023-12-31T00:00:00Z")];
        for (action, outer, inner) in [
            ("QueryPushRecords", "PushInfos", "PushInfo"),
            ("ListPushRecords", "PushMessageInfos", "PushMessageInfo"),
            ("QueryPushList", "PushMessageInfos", "PushMessageInfo"),
        ] {
            let found = world.call(action, &range).await.ok();
            let all = found[outer][inner].as_array().expect("a list");
            let mut statuses: Vec<&str> = all.iter().filter_map(|one| one["Status"].as_str()).collect();
            statuses.sort_unstable();
            assert_eq!((&found["Total"], &statuses[..]), (&json!(2), &["CANCELED", "SENT"][..]), "{found}");
            assert_eq!((&all[0]["PushType"], &all[0]["Target"]), (&json!("NOTICE"), &json!("DEVICE")));
        }
        let one = world.call("QueryPushRecords", &with(&range, &[("Keyword", &kept)])).await.ok();
        assert_eq!(one["Total"], 1);
        let none = world.call("QueryPushRecords", &with(&range, &[("PushType", "MESSAGE")])).await.ok();
        assert_eq!(none["Total"], 0);
        let page = with(&range, &[("Page", "2"), ("PageSize", "1")]);
        assert_eq!(world.call("QueryPushRecords", &page).await.ok()["PushInfos"]["PushInfo"].as_array().map(Vec::len), Some(1));
        world.call("QueryPushRecords", &with(&range, &[("PageSize", "101")])).await
            .fails(Code::ParameterSizeExceeded, "InvalidPageSize.SizeExceed");
    }

    async fn targets_may_be_named_call_by_call(im: Im) {
        let world = World::new(im).await;
        let tokens = [world.phone("one").await, world.phone("two").await];
        let id = world.sent("Push", &notice("TBD", "TBD")).await;
        for name in ["one", "two"] {
            let more = [("MessageId", id.as_str()), ("Target", "DEVICE"), ("TargetValue", name)];
            assert_eq!(world.sent("ContinuouslyPush", &more).await, id);
        }
        world.reaches(&id, 2).await;
        assert_eq!(world.sent("CompleteContinuouslyPush", &[("MessageId", &id)]).await, id);
        let late = [("MessageId", id.as_str()), ("Target", "DEVICE"), ("TargetValue", "one")];
        world.call("ContinuouslyPush", &late).await.fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
        world.call("CompleteContinuouslyPush", &[("MessageId", &id)]).await
            .fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
        world.call("ContinuouslyPush", &with(&late, &[("Target", "ALL")])).await
            .fails(Code::ParameterMalformed, "InvalidTarget.Format");
        assert_eq!(tokens.map(|token| world.inbox(&token).len()), [1, 1]);
    }

    async fn bad_pushes_are_refused_each_with_its_code_and_change_nothing(im: Im) {
        let world = World::new(im).await;
        let plain = notice("DEVICE", "phone");
        let ahead = |ms: i64| moment::write(world.im.clock.now().plus(ms));
        let (late, soon, hour) = (ahead(8 * 86_400_000), ahead(3_000), ahead(3_600_000));
        let (many, most) = (vec!["d"; 1_001].join(","), vec!["d"; 10_001].join(","));
        let bomb = format!("{}1{}", r#"{"a":"#.repeat(2_000), "}".repeat(2_000));
        let (long_title, long_body, long_popup) = ("x".repeat(201), "x".repeat(1_801), "x".repeat(51));
        let deep = r#"{"and":[{"or":[{"and":[{"tag":"a"}]}]}]}"#;
        let extra = format!(r#"{{"k":"{}"}}"#, "x".repeat(1_800));
        let cases: Vec<Case<'_>> = vec![
            (vec![("Target", "<none>")], Code::ParameterMissing, "MissingTarget"),
            (vec![("TargetValue", "<none>")], Code::ParameterMissing, "MissingTargetValue"),
            (vec![("DeviceType", "<none>")], Code::ParameterMissing, "MissingDeviceType"),
            (vec![("PushType", "<none>")], Code::ParameterMissing, "MissingPushType"),
            (vec![("Body", "<none>")], Code::ParameterMissing, "MissingBody"),
            (vec![("Body", "")], Code::ParameterEmpty, "InvalidBody.Empty"),
            (vec![("Body", "  ")], Code::ParameterBlank, "InvalidBody.Blank"),
            (vec![("Target", "EVERYBODY")], Code::ParameterMalformed, "InvalidTarget.Format"),
            (vec![("DeviceType", "WINDOWS")], Code::ParameterMalformed, "InvalidDeviceType.Format"),
            (vec![("PushType", "CARD")], Code::ParameterMalformed, "InvalidPushType.Format"),
            (vec![("TargetValue", &many)], Code::ParameterSizeExceeded, "InvalidTargetValue.SizeExceed"),
            (vec![("TargetValue", "a,,b")], Code::ParameterMalformed, "InvalidTargetValue.Format"),
            (vec![("Target", "TAG"), ("TargetValue", deep)], Code::ParameterMalformed, "InvalidTargetValue.Format"),
            (vec![("Target", "TAG"), ("TargetValue", r#"{"not":{"tag":"a"}}"#)], Code::ParameterMalformed, "InvalidTargetValue.Format"),
            (vec![("Target", "ALL")], Code::ParameterMalformed, "InvalidTargetValue.Format"),
            (vec![("Title", &long_title)], Code::ParameterBytesExceeded, "InvalidTitle.BytesExceed"),
            (vec![("Body", &long_body)], Code::ParameterBytesExceeded, "InvalidBody.BytesExceed"),
            (vec![("iOSExtParameters", &extra)], Code::ParameterBytesExceeded, "InvalidBody.BytesExceed"),
            (vec![("iOSExtParameters", "[1]")], Code::ParameterMalformed, "InvalidiOSExtParameters.Format"),
            (vec![("iOSApnsEnv", "<none>")], Code::ParameterMissing, "MissingiOSApnsEnv"),
            (vec![("iOSApnsEnv", "TEST")], Code::ParameterMalformed, "InvalidiOSApnsEnv.Format"),
            (vec![("iOSBadge", "1"), ("iOSBadgeAutoIncrement", "true")], Code::ParameterMalformed, "InvalidiOSBadge.Format"),
            (vec![("iOSSilentNotification", "true")], Code::ParameterMalformed, "InvalidiOSSilentNotification.Format"),
            (vec![("iOSInterruptionLevel", "loud")], Code::ParameterMalformed, "InvalidiOSInterruptionLevel.Format"),
            (vec![("iOSRelevanceScore", "1.5")], Code::ParameterMalformed, "InvalidiOSRelevanceScore.Format"),
            (vec![("TargetValue", &most)], Code::ParameterSizeExceeded, "InvalidTargetValue.SizeExceed"),
            (vec![("iOSExtParameters", &bomb)], Code::ParameterMalformed, "InvalidiOSExtParameters.Format"),
            (vec![("PushType", "LIVE_ACTIVITY")], Code::ParameterMalformed, "InvalidPushType.Format"),
            (vec![("JobKey", "a b")], Code::ParameterMalformed, "InvalidJobKey.Format"),
            (vec![("JobKey", "123456789012345678901234567890123")], Code::ParameterLengthExceeded, "InvalidJobKey.LengthExceed"),
            (vec![("IdempotentToken", "x")], Code::ParameterMalformed, "InvalidIdempotentToken.Format"),
            (vec![("SendChannels", "apns,pigeon")], Code::ParameterMalformed, "InvalidSendChannels.Format"),
            (vec![("SmsTemplateName", "x")], Code::AccountDisabled, "AccountDisabled"),
            (vec![("PushTime", "tomorrow")], Code::ParameterMalformed, "InvalidPushTime.Format"),
            (vec![("PushTime", &late)], Code::PushTimeTooLate, "Specified Pushtime can not be after seven days"),
            (vec![("ExpireTime", &soon)], Code::ExpireTimeTooEarly, "LimitExceed"),
            (vec![("PushTime", &hour), ("ExpireTime", &hour)], Code::ExpireTimeTooEarly, "LimitExceed"),
            (vec![("Target", "TBD"), ("TargetValue", "TBD"), ("PushTime", &hour)], Code::ParameterMalformed, "InvalidPushTime.Format"),
            (vec![("DeviceType", "ANDROID"), ("Title", "<none>")], Code::ParameterMissing, "MissingTitle"),
            (vec![("DeviceType", "ANDROID"), ("AndroidOpenType", "URL")], Code::ParameterMissing, "MissingAndroidOpenUrl"),
            (vec![("DeviceType", "ANDROID"), ("AndroidOpenType", "ACTIVITY")], Code::ParameterMissing, "MissingAndroidActivity"),
            (vec![("DeviceType", "ANDROID"), ("AndroidPopupActivity", "a")], Code::ParameterMissing, "MissingAndroidPopupTitle"),
            (vec![("DeviceType", "ANDROID"), ("AndroidPopupTitle", &long_popup)], Code::ParameterLengthExceeded, "InvalidAndroidPopupTitle.LengthExceed"),
            (vec![("DeviceType", "ANDROID"), ("AndroidMessageOppoNotifyLevel", "2")], Code::ParameterMissing, "MissingAndroidMessageOppoCategory"),
            (vec![("DeviceType", "ANDROID"), ("AndroidRenderStyle", "3"), ("AndroidInboxBody", r#"["1","2","3","4","5","6"]"#)], Code::ParameterSizeExceeded, "InvalidAndroidInboxBody.SizeExceed"),
            (vec![("DeviceType", "HARMONY"), ("HarmonyActionType", "APP_CUSTOM_PAGE")], Code::ParameterMissing, "MissingHarmonyAction"),
        ];
        for (change, row, code) in cases {
            let reply = world.call("Push", &with(&plain, &change)).await;
            reply.fails(row, code);
        }
        let range = [("StartTime", "2023-01-01T00:00:00Z"), ("EndTime", "2023-12-31T00:00:00Z")];
        assert_eq!(world.call("QueryPushRecords", &range).await.ok()["Total"], 0, "nothing was taken on");
    }

    async fn an_app_is_told_what_became_of_its_pushes(im: Im) {
        let world = World::new(im).await;
        world.phone("phone").await;
        let receiver = Receiver::start().await;
        world.im.app(receiver.hook(&["Push.Result"], OnFailure::Pass)).await;
        let id = world.sent("Push", &with(&notice("DEVICE", "phone"), &[("JobKey", "job-1")])).await;
        let seen = receiver.wait(1).await;
        assert_eq!(seen[0].body, json!({
            "CallbackCommand": "Push.Result", "MessageId": id, "Key": "", "JobKey": "job-1",
            "Events": [{
                "DeviceId": "phone", "Channel": "apns", "Event": "sent", "Status": 2, "StatusFamily": "common",
                "Reason": seen[0].body["Events"][0]["Reason"],
            }],
            "EventTime": world.im.clock.now().0,
        }));
        let (now, task) = (world.im.clock.now(), id.parse().expect("a number"));
        let opened = world.im.node().store.write(APP, move |tx| {
            let phone = DeviceId::trusted("phone");
            push::report::note(tx, now, task, &phone, store::push_counts::Report::Opened, None)
        });
        assert!(opened.await.expect("the store answers"));
        assert_eq!(receiver.wait(2).await[1].body["Events"][0]["Event"], "open");
        assert_eq!(world.counts(&id).await["OpenedCount"], 1);
    }

    async fn statistics_add_up_by_app_and_count_devices_once(im: Im) {
        let world = World::new(im).await;
        world.phone("one").await;
        world.phone("two").await;
        register(&world.im, "droid").await;
        let id = world.sent("Push", &notice("ALL", "ALL")).await;
        world.reaches(&id, 2).await;
        let day = [("StartTime", "2023-11-14T00:00:00Z"), ("EndTime", "2023-11-15T00:00:00Z")];
        for granularity in ["DAY", "HOUR"] {
            let found = world.call("QueryPushStatByApp", &with(&day, &[("Granularity", granularity)])).await.ok();
            let stat = &found["AppPushStats"]["AppPushStat"];
            assert_eq!((stat.as_array().map(Vec::len), &stat[0]["SentCount"]), (Some(1), &json!(2)), "{found}");
        }
        // A day begins at 16:00 UTC of the one before.
        let found = world.call("QueryPushStatByApp", &with(&day, &[("Granularity", "DAY")])).await.ok();
        assert_eq!(found["AppPushStats"]["AppPushStat"][0]["Time"], "2023-11-14T16:00:00Z");
        let new = world.call("QueryDeviceStat", &with(&day, &[("QueryType", "NEW")])).await.ok();
        let lines = new["AppDeviceStats"]["AppDeviceStat"].clone();
        assert_eq!(lines, json!([
            { "Time": "2023-11-14T16:00:00Z", "DeviceType": "iOS", "Count": 2 },
            { "Time": "2023-11-14T16:00:00Z", "DeviceType": "ANDROID", "Count": 1 },
        ]));
        let total = world.call("QueryDeviceStat", &with(&day, &[("QueryType", "TOTAL"), ("DeviceType", "ios")])).await.ok();
        assert_eq!(total["AppDeviceStats"]["AppDeviceStat"][0]["Count"], 2);
        register(&world.im, "droid").await;
        for granularity in ["DAY", "MONTH"] {
            let found = world.call("QueryUniqueDeviceStat", &with(&day, &[("Granularity", granularity)])).await.ok();
            assert_eq!(found["AppDeviceStats"]["AppDeviceStat"][0]["Count"], 3, "{granularity}: each once");
        }
        let span = |end: &'static str| {
            [("StartTime", "2023-10-01T00:00:00Z"), ("EndTime", end), ("Granularity", "DAY"), ("QueryType", "NEW")]
        };
        for action in ["QueryPushStatByApp", "QueryDeviceStat", "QueryUniqueDeviceStat"] {
            world.call(action, &span("2023-11-01T00:00:00Z")).await.ok();
            world.call(action, &span("2023-11-01T00:00:01Z")).await.fails(Code::PeriodTooLong, "InvalidPeriod.ExceedDays");
            world.call(action, &span("2023-09-30T23:59:59Z")).await.fails(Code::ParameterMalformed, "InvalidEndTime.Format");
        }
        world.call("QueryPushStatByMsg", &[("MessageId", "7")]).await
            .fails(Code::ParameterNotFound, "InvalidMessageId.NotFound");
    }
}
