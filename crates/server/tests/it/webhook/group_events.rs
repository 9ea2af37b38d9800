//! What an app is told of its groups beside what members did: refused messages, robots that are called, guests of live
//! rooms, a quota that is nearly used up, messages that pass by.

use client::{Client, GroupSendRequest, Platform, Settings};
use contract::codes::{Code, Common, Group, Message, Row};
use contract::ledger::{How, note};
use serde_json::{Value, json};
use store::apps::OnFailure;

use super::receiver::{Receiver, Say, Seen};
use super::refused::add_words;
use crate::harness::{APP, Im, START, elements, with};

const SENT: &str = "Group.CallbackAfterSendMsg";
const UNSENT: &str = "Group.CallbackSendMsgException";
const GUESTS: &str = "Group.CallbackOnMemberStateChange";
const QUOTA: &str = "Group.CallbackOnDailyGroupQuotaAlarm";
const FULL: &str = "Group.CallbackAfterGroupFull";
const ROBOTS: &str = "Bot.OnGroupMessage";
const JUDGED: &str = "ContentCallback.ResultNotify";

async fn ask(im: &Im, command: &str, body: Value) -> crate::harness::Answer {
    im.call(&format!("group_open_http_svc/{command}"), body).await
}

async fn make(im: &Im, id: &str, kind: &str, members: &[&str]) {
    let list: Vec<Value> = members.iter().map(|member| json!({ "Member_Account": member })).collect();
    let mut body = json!({ "GroupId": id, "Type": kind, "Name": "n", "Owner_Account": "ann" });
    if !list.is_empty() {
        body["MemberList"] = list.into();
    }
    ask(im, "create_group", body).await.ok();
}

fn letter(id: &str, random: u32, text: &str) -> Value {
    json!({ "GroupId": id, "From_Account": "bo", "Random": random, "MsgBody": elements(text) })
}

async fn device(im: &Im, account: &str, device: &str) -> Client {
    // Of two devices of one kind the later would send the earlier away.
    let platform = if device == "tablet" { Platform::Ipad } else { Platform::Android };
    let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, device);
    let client = Client::new(Settings { platform, ..settings }).expect("a client");
    client.login(account, &im.sig(account)).await.expect("logs in");
    client
}

/// The bodies so far, without the time.
fn bodies(seen: &[Seen]) -> Vec<Value> {
    let bare = |seen: &Seen| {
        let mut body = seen.body.clone();
        assert!(body["EventTime"].is_i64(), "{body}");
        body.as_object_mut().expect("an object").remove("EventTime");
        body
    };
    seen.iter().map(bare).collect()
}

fn number(row: impl Into<&'static Row>) -> i32 {
    row.into().number().expect("a number")
}

both! {
    async fn a_refused_message_is_told_with_the_number_that_its_sender_got(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", &["bo"]).await;
        im.app(receiver.hook(&[UNSENT, SENT], OnFailure::Pass)).await;
        let muted = json!({ "GroupId": "g", "Members_Account": ["bo"], "MuteTime": 60 });
        ask(&im, "forbid_send_msg", muted.clone()).await.ok();
        ask(&im, "send_group_msg", with(letter("g", 7, "x"), json!({ "CloudCustomData": "c" }))).await.fails(Group::SenderMuted);
        let told = json!({ "CallbackCommand": UNSENT, "GroupId": "g", "Type": "Public", "From_Account": "bo",
            "Operator_Account": "administrator", "Random": 7, "OnlineOnlyFlag": 0, "MsgBody": elements("x"),
            "CloudCustomData": "c", "ErrorCode": number(Group::SenderMuted), "ErrorInfo": Group::SenderMuted.row().text });
        let seen = receiver.wait(1).await;
        assert_eq!(bodies(&seen), [told]);
        assert_eq!(seen[0].query["OptPlatform"], "RESTAPI");
        assert!(!seen[0].query.contains_key("ClientIP"), "the contract does not say whence");
        ask(&im, "forbid_send_msg", with(muted, json!({ "MuteTime": 0 }))).await.ok();
        // A group that never was has no type.
        ask(&im, "send_group_msg", letter("nowhere", 8, "x")).await.fails(Group::GroupIdInvalid);
        let body = &bodies(&receiver.wait(2).await)[1];
        assert_eq!((&body["GroupId"], &body["ErrorCode"]), (&json!("nowhere"), &json!(number(Group::GroupIdInvalid))));
        assert_eq!(body.get("Type"), None);
        // Who does not want it of this message is not told; what is no message at all is told of by nobody.
        let quiet = json!({ "ForbidCallbackControl": ["ForbidAfterSendMsgCallback"] });
        ask(&im, "send_group_msg", with(letter("nowhere", 9, "x"), quiet)).await.fails(Group::GroupIdInvalid);
        ask(&im, "send_group_msg", with(letter("g", 9, "x"), json!({ "MsgBody": [] }))).await.fails(Group::FieldInvalid);
        let online = json!({ "OnlineOnlyFlag": 1, "NeedReadReceipt": 1 });
        ask(&im, "send_group_msg", with(letter("g", 10, "y"), online)).await.fails(Group::ReceiptUnsupported);
        ask(&im, "send_group_msg", letter("g", 11, "hello")).await.ok();
        let seen = receiver.wait(4).await;
        let texts: Vec<(&str, &str)> = seen.iter().map(|seen| (seen.command(), seen.text())).collect();
        assert_eq!(texts, [(UNSENT, "x"), (UNSENT, "x"), (UNSENT, "y"), (SENT, "hello")]);
        assert_eq!(seen[2].body["OnlineOnlyFlag"], 1);
    }

    async fn a_message_that_a_device_the_app_or_its_lists_stopped_is_told_as_well(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo", "eve"]).await;
        make(&im, "g", "Public", &["bo"]).await;
        add_words(&im, json!([{ "word": "bomb", "action": "block" }, { "word": "gold", "action": "review" }])).await;
        im.app(receiver.hook(&[UNSENT, "Group.CallbackBeforeSendMsg", JUDGED], OnFailure::Pass)).await;
        let Code::Range(own, _) = Group::WebhookCustom.row().code else { panic!("apps have a span") };
        receiver.script(move |seen| match seen.command() {
            "Group.CallbackBeforeSendMsg" if seen.text() == "ask" => Say::code(own.into(), "not today"),
            _ => Say::ok(),
        });
        let of = |command: &'static str, seen: &[Seen]| -> Vec<Value> {
            bodies(seen).into_iter().filter(|body| body["CallbackCommand"] == command).collect()
        };
        let eve = device(&im, "eve", "phone").await;
        eve.groups().send_text("g", "let me in").await.expect_err("no member");
        let told = of(UNSENT, &receiver.wait(1).await);
        assert_eq!([&told[0]["From_Account"], &told[0]["Operator_Account"]], ["eve", "eve"]);
        assert_eq!(told[0]["ErrorCode"], number(Group::OperationForbidden));
        eve.shutdown().await;
        ask(&im, "send_group_msg", letter("g", 1, "ask")).await;
        let told = of(UNSENT, &receiver.wait(3).await);
        assert_eq!((&told[1]["ErrorCode"], &told[1]["ErrorInfo"]), (&json!(own), &json!("not today")));
        ask(&im, "send_group_msg", letter("g", 2, "a bomb")).await.fails(Common::TextForbidden);
        let seen = receiver.wait(6).await;
        assert_eq!(of(UNSENT, &seen)[2]["ErrorCode"], number(Common::TextForbidden));
        let judged = &of(JUDGED, &seen)[0];
        let facts = |body: &Value| ["Scene", "From_Account", "ContactItem", "CtxcbResult"].map(|fact| body[fact].clone());
        assert_eq!(facts(judged), [json!("Group"), json!("bo"), json!("g"), json!(1)]);
        ask(&im, "send_group_msg", letter("g", 3, "some gold")).await.ok();
        let judged = &of(JUDGED, &receiver.wait(8).await)[1];
        assert_eq!(facts(judged), [json!("Group"), json!("bo"), json!("g"), json!(0)]);
        assert_eq!(judged["CtxcbKeywords"], json!(["gold"]));
    }

    async fn what_a_group_has_no_room_for_is_told_although_its_sender_does_not_learn_it(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", &["bo"]).await;
        let hook = receiver.hook(&[UNSENT, SENT], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.groups.sends_per_second = 1;
        })
        .await;
        ask(&im, "send_group_msg", letter("g", 1, "in")).await.ok();
        let mentioning = json!({ "GroupAtInfo": [{ "GroupAtAllFlag": 1 }, { "GroupAtAllFlag": 0, "GroupAt_Account": "ann" }] });
        let answer = ask(&im, "send_group_msg", with(letter("g", 2, "out"), mentioning.clone())).await.ok();
        assert_eq!(answer["MsgDropReason"], "MsgFreqCtrl");
        let seen = receiver.wait(2).await;
        let texts: Vec<(&str, &str)> = seen.iter().map(|seen| (seen.command(), seen.text())).collect();
        assert_eq!(texts, [(SENT, "in"), (UNSENT, "out")]);
        assert_eq!(seen[1].body["ErrorCode"], number(Group::SendThrottled));
        assert_eq!((&seen[0].body.get("GroupAtInfo"), &seen[1].body["GroupAtInfo"]), (&None, &mentioning["GroupAtInfo"]));
    }

    async fn messages_that_pass_by_are_told_and_say_who_acted_for_whom(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", &["bo"]).await;
        make(&im, "show", "AVChatRoom", &[]).await;
        im.app(receiver.hook(&[SENT], OnFailure::Pass)).await;
        ask(&im, "send_group_msg", with(letter("g", 1, "online"), json!({ "OnlineOnlyFlag": 1 }))).await.ok();
        let body = bodies(&receiver.wait(1).await)[0].clone();
        assert_eq!(body, json!({ "CallbackCommand": SENT, "GroupId": "g", "Type": "Public", "From_Account": "bo",
            "Operator_Account": "administrator", "Random": 1, "MsgSeq": 0, "MsgTime": START.secs(), "OnlineOnlyFlag": 1,
            "MsgBody": elements("online"), "CloudCustomData": "" }));
        let bo = device(&im, "bo", "phone").await;
        bo.groups().enter("show").await.expect("comes in");
        let place = bo.groups().send_text("show", "live").await.expect("sent").seq;
        let body = bodies(&receiver.wait(2).await)[1].clone();
        assert_eq!([&body["Type"], &body["From_Account"], &body["Operator_Account"]], ["AVChatRoom", "bo", "bo"]);
        assert_eq!((&body["MsgSeq"], &body["OnlineOnlyFlag"]), (&json!(place), &json!(0)));
        bo.shutdown().await;
    }

    async fn robots_of_a_group_are_told_when_they_are_mentioned(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        for robot in ["@RBT#a", "@RBT#b", "@RBT#out", "@RBT#gone"] {
            im.call("openim_robot_http_svc/create_robot", json!({ "UserID": robot })).await.ok();
        }
        make(&im, "g", "Public", &["bo", "@RBT#a", "@RBT#b", "@RBT#gone"]).await;
        im.call("openim_robot_http_svc/delete_robot", json!({ "Robot_Account": "@RBT#gone" })).await.ok();
        im.app(receiver.hook(&[ROBOTS], OnFailure::Pass)).await;
        let at = |names: &[&str]| -> Value {
            let one = |name: &&str| json!({ "GroupAtAllFlag": 0, "GroupAt_Account": name });
            json!({ "GroupAtInfo": names.iter().map(one).collect::<Value>() })
        };
        let send = async |random: u32, more: Value| {
            ask(&im, "send_group_msg", with(letter("g", random, "@a and the others"), more)).await.ok()["MsgSeq"].clone()
        };
        send(1, json!({})).await;
        send(2, json!({ "GroupAtInfo": [{ "GroupAtAllFlag": 1 }] })).await;
        send(3, at(&["ann", "@RBT#out", "@RBT#gone"])).await;
        let robot = with(letter("g", 4, "hello b"), json!({ "From_Account": "@RBT#a" }));
        ask(&im, "send_group_msg", with(robot, at(&["@RBT#b"]))).await.ok();
        let seq = send(5, at(&["@RBT#b", "ann", "@RBT#out", "@RBT#a", "@RBT#b"])).await;
        let seen = receiver.wait(1).await;
        let told = json!({ "CallbackCommand": ROBOTS, "GroupId": "g", "Type": "Public", "From_Account": "bo",
            "Operator_Account": "administrator", "Random": 5, "MsgSeq": seq, "MsgTime": START.secs(),
            "OnlineOnlyFlag": 0, "MsgBody": elements("@a and the others"), "CloudCustomData": "",
            "AtRobots_Account": ["@RBT#b", "@RBT#a"],
            "GroupAtInfo": at(&["@RBT#b", "ann", "@RBT#out", "@RBT#a", "@RBT#b"])["GroupAtInfo"] });
        assert_eq!(bodies(&seen), [told]);
        // One that passes by calls them as well; a device does it by its own frame.
        send(6, with(at(&["@RBT#a"]), json!({ "OnlineOnlyFlag": 1 }))).await;
        let bo = device(&im, "bo", "phone").await;
        let call = GroupSendRequest { group: "g".into(), body: elements("hey").to_string(), random: 7,
            mentions: vec!["@RBT#b".into()], ..GroupSendRequest::default() };
        bo.groups().send(&call).await.expect("sent");
        let seen = receiver.wait(3).await;
        let told: Vec<_> = seen[1..].iter().map(|seen| (&seen.body["OnlineOnlyFlag"], &seen.body["AtRobots_Account"])).collect();
        assert_eq!(told, [(&json!(1), &json!(["@RBT#a"])), (&json!(0), &json!(["@RBT#b"]))]);
        bo.shutdown().await;
    }

    async fn an_app_hears_who_comes_into_a_live_room_who_leaves_and_who_is_lost(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "show", "AVChatRoom", &[]).await;
        im.app(receiver.hook(&[GUESTS], OnFailure::Pass)).await;
        let told = |kind: &str, cause: &str, who: &str| json!({ "CallbackCommand": GUESTS, "GroupId": "show",
            "Type": "AVChatRoom", "EventType": kind, "EventCause": cause, "MemberList": [{ "Member_Account": who }] });
        let phone = device(&im, "bo", "phone").await;
        phone.groups().enter("show").await.expect("comes in");
        let mut expected = vec![told("Online", "Join", "bo")];
        assert_eq!(bodies(&receiver.wait(1).await), expected);
        // Another device of the account is nobody new, and the first that goes leaves nobody out.
        let tablet = device(&im, "bo", "tablet").await;
        tablet.groups().enter("show").await.expect("comes in");
        phone.groups().leave("show").await.expect("leaves");
        tablet.groups().leave("show").await.expect("leaves");
        expected.push(told("Offline", "Quit", "bo"));
        assert_eq!(bodies(&receiver.wait(2).await), expected);
        // Who comes back in time was never away.
        phone.groups().enter("show").await.expect("comes in");
        phone.shutdown().await;
        expected.push(told("Online", "Join", "bo"));
        assert_eq!(bodies(&receiver.wait(3).await), expected);
        gone(&im, 0).await;
        im.clock.advance(19_000);
        tablet.groups().enter("show").await.expect("comes in");
        // Who does not, is lost; and is back when it comes.
        tablet.shutdown().await;
        gone(&im, 0).await;
        im.clock.advance(20_000);
        expected.push(told("Offline", "HeartbeatInterrupt", "bo"));
        assert_eq!(bodies(&receiver.wait(4).await), expected);
        let phone = device(&im, "bo", "phone").await;
        phone.groups().enter("show").await.expect("comes in");
        expected.push(told("Online", "HeartbeatRecover", "bo"));
        assert_eq!(bodies(&receiver.wait(5).await), expected);
        // Whoever logs out wants to go.
        phone.logout().await.expect("logged out");
        expected.push(told("Offline", "Quit", "bo"));
        let seen = receiver.wait(6).await;
        assert_eq!(bodies(&seen), expected);
        assert!(seen.iter().all(|seen| !seen.query.contains_key("ClientIP")), "the contract does not say whence");
        phone.shutdown().await;
    }

    async fn an_app_without_the_list_of_guests_hears_of_none(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "show", "AVChatRoom", &[]).await;
        let hook = receiver.hook(&[GUESTS], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.has_live_management = false;
        })
        .await;
        let bo = device(&im, "bo", "phone").await;
        bo.groups().enter("show").await.expect("comes in");
        bo.groups().leave("show").await.expect("leaves");
        im.app(|settings, _| settings.has_live_management = true).await;
        bo.groups().enter("show").await.expect("comes in");
        assert_eq!(receiver.wait(1).await[0].body["EventCause"], "Join");
        let ban = json!({ "GroupId": "show", "Members_Account": ["bo"], "Duration": 60 });
        ask(&im, "ban_group_member", ban).await.ok();
        assert_eq!(receiver.wait(2).await[1].body["EventCause"], "Quit", "sent away");
        bo.shutdown().await;
    }

    async fn an_app_hears_that_the_quota_of_a_day_is_nearly_used_up(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann"]).await;
        let hook = receiver.hook(&[QUOTA], OnFailure::Pass);
        im.app(move |settings, secrets| {
            hook(settings, secrets);
            settings.plan = "standard".into();
        })
        .await;
        let today = START.0 / 86_400_000;
        let set = im.node().store.write(APP, move |tx| {
            let mut totals = store::groups::totals(tx)?;
            (totals.day, totals.added) = (today, 6_999);
            store::groups::save_totals(tx, totals)
        });
        set.await.expect("the totals are changed");
        make(&im, "one", "Public", &[]).await;
        // Neither the seven thousandth nor a group from elsewhere is worth a word; one that ends makes room again.
        ask(&im, "import_group", json!({ "GroupId": "old", "Type": "Public", "Name": "n" })).await.ok();
        ask(&im, "destroy_group", json!({ "GroupId": "one" })).await.ok();
        make(&im, "two", "Public", &[]).await;
        make(&im, "three", "Public", &[]).await;
        make(&im, "four", "Public", &[]).await;
        let told = |used: i64| json!({ "CallbackCommand": QUOTA, "QuotaUsed": used, "Quota": 10_000 });
        let seen = receiver.wait(2).await;
        assert_eq!(bodies(&seen), [told(7_001), told(7_002)]);
        assert_eq!((&*seen[0].query["OptPlatform"], &*seen[0].query["ClientIP"]), ("RESTAPI", "127.0.0.1"));
    }

    async fn a_full_group_is_told_when_it_fills_up_and_when_it_turns_somebody_away(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo", "cy", "eve"]).await;
        make(&im, "g", "Public", &[]).await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 3, "ApplyJoinOption": "FreeAccess" })).await.ok();
        im.app(receiver.hook(&[FULL, SENT], OnFailure::Pass)).await;
        let adding = |who: &[&str]| json!({ "GroupId": "g",
            "MemberList": who.iter().map(|who| json!({ "Member_Account": who })).collect::<Value>() });
        // The list was too long, but there is room: nothing is full.
        ask(&im, "add_group_member", adding(&["bo", "cy", "eve"])).await.fails(Group::GroupFull);
        ask(&im, "send_group_msg", letter("g", 1, "mark")).await.ok();
        ask(&im, "add_group_member", adding(&["bo", "cy"])).await.ok();
        ask(&im, "add_group_member", adding(&["eve"])).await.fails(Group::GroupFull);
        let eve = device(&im, "eve", "phone").await;
        eve.groups().join("g", "").await.expect_err("there is no room");
        let full = json!({ "CallbackCommand": FULL, "GroupId": "g" });
        let told = bodies(&receiver.wait(4).await);
        assert_eq!(told[0]["CallbackCommand"], SENT);
        assert_eq!(told[1..], [full.clone(), full.clone(), full]);
        eve.shutdown().await;
    }

    async fn an_app_that_is_asked_hears_how_many_groups_the_owner_has(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann"]).await;
        make(&im, "one", "Public", &[]).await;
        make(&im, "meeting", "ChatRoom", &[]).await;
        im.app(receiver.hook(&["Group.CallbackBeforeCreateGroup"], OnFailure::Pass)).await;
        make(&im, "two", "Public", &[]).await;
        let ann = device(&im, "ann", "phone").await;
        let new = client::GroupCreateRequest { r#type: "Public".into(), name: "n".into(), ..Default::default() };
        ann.groups().create(&new).await.expect("made");
        let asked: Vec<Value> = receiver.wait(2).await.iter().map(|seen| seen.body["CreateGroupNum"].clone()).collect();
        assert_eq!(asked, [1, 2]);
        ann.shutdown().await;
    }

    async fn every_number_of_the_span_that_apps_have_reaches_the_caller_as_it_is(im: Im) {
        let receiver = Receiver::start().await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", &["bo"]).await;
        let before = ["Group.CallbackBeforeSendMsg", "Group.CallbackBeforeInviteJoinGroup", "Group.CallbackBeforeApplyJoinGroup"];
        im.app(receiver.hook(&before, OnFailure::Pass)).await;
        let bo = device(&im, "bo", "phone").await;
        let Code::Range(first, last) = Group::WebhookCustom.row().code else { panic!("apps have a span") };
        for code in [first, first + 1, last - 50, last - 1, last] {
            receiver.script(move |_| Say::code(code.into(), "our own words"));
            let refused = json!({ "ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": "our own words" });
            assert_eq!(ask(&im, "send_group_msg", letter("g", 1, "x")).await.value(), refused);
            let add = json!({ "GroupId": "g", "MemberList": [{ "Member_Account": "bo" }] });
            assert_eq!(ask(&im, "add_group_member", add).await.value(), refused);
            let own = client::Error::Refused { code, text: "our own words".into() };
            assert_eq!(bo.groups().send_text("g", "x").await, Err(own.clone()));
            assert_eq!(bo.groups().join("g", "").await, Err(own));
            note(Group::WebhookCustom.row(), How::Frame);
        }
        for code in [first - 1, last + 1, 1, -1, number(Message::WebhookRefused)] {
            receiver.script(move |_| Say::code(code.into(), "our own words"));
            ask(&im, "send_group_msg", letter("g", 1, "x")).await.fails(Group::WebhookRefused);
        }
        bo.shutdown().await;
    }
}

/// Waits until nobody is in the room any more: connections end by themselves.
async fn gone(im: &Im, left: i64) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let answer = ask(im, "get_online_member_num", json!({ "GroupId": "show" })).await.ok();
        if answer["OnlineMemberNum"] == left {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
