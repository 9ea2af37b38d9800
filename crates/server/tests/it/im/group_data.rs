//! Attributes, counters, live rooms, topics and permission groups.

use contract::codes::Group;
use contract::ledger::How;
use serde_json::{Value, json};

use crate::harness::{Im, item_fails, with};

const HOME: &str = "@TGS#_home";

/// Makes a group of a type, owned by ann, with bob in it where that can be.
async fn group(im: &Im, id: &str, kind: &str) {
    im.import(&["ann", "bob", "eve"]).await;
    let mut body = json!({ "Type": kind, "GroupId": id, "Name": "group", "Owner_Account": "ann" });
    if kind != "AVChatRoom" {
        body["MemberList"] = json!([{ "Member_Account": "bob" }]);
    }
    if kind == "Community" {
        body = with(body, json!({ "SupportTopic": 1, "EnablePermission": 1 }));
    }
    im.call("group_open_http_svc/create_group", body).await.ok();
}

fn svc(command: &str) -> String {
    format!("group_open_http_svc/{command}")
}

fn room(command: &str) -> String {
    format!("group_open_avchatroom_http_svc/{command}")
}

fn million(command: &str) -> String {
    format!("million_group_open_http_svc/{command}")
}

fn pairs(count: usize, bytes: usize) -> Value {
    (0..count).map(|number| json!({ "key": format!("k{number}"), "value": "v".repeat(bytes) })).collect()
}

async fn attributes(im: &Im, id: &str) -> Vec<(String, String)> {
    let answer = im.call("group_open_attr_http_svc/get_group_attr", json!({ "GroupId": id })).await.ok();
    assert_eq!(im.call(&svc("get_group_attr"), json!({ "GroupId": id })).await.ok(), answer);
    let text = |pair: &Value, name| pair[name].as_str().expect("a text").to_owned();
    let pairs = answer["GroupAttrAry"].as_array().expect("a list").iter();
    pairs.map(|pair| (text(pair, "key"), text(pair, "value"))).collect()
}

both! {
    async fn attributes_are_set_changed_and_removed(im: Im) {
        for (id, kind) in [("club", "Public"), ("work", "Private"), ("show", "AVChatRoom"), (HOME, "Community")] {
            group(&im, id, kind).await;
            assert_eq!(attributes(&im, id).await, []);
            let change = async |command: &str, attributes: Value| {
                im.call(&svc(command), json!({ "GroupId": id, "GroupAttr": attributes })).await.ok();
            };
            change("modify_group_attr", json!([{ "key": "a", "value": "1" }, { "key": "b", "value": "2" }])).await;
            change("modify_group_attr", json!([{ "key": "b", "value": "3" }])).await;
            let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            assert_eq!(attributes(&im, id).await, [pair("a", "1"), pair("b", "3")]);
            change("delete_group_attr", json!([{ "key": "a" }])).await;
            assert_eq!(attributes(&im, id).await, [pair("b", "3")]);
            change("set_group_attr", json!([{ "key": "c", "value": "" }])).await;
            assert_eq!(attributes(&im, id).await, [pair("c", "")]);
            im.clock.advance(1_000);
            im.call(&svc("clear_group_attr"), json!({ "GroupId": id })).await.ok();
            assert_eq!(attributes(&im, id).await, []);
            im.call(&svc("destroy_group"), json!({ "GroupId": id })).await.ok();
            let gone = im.call(&svc("clear_group_attr"), json!({ "GroupId": id })).await;
            gone.fails(Group::GroupUnknown);
        }
    }

    async fn attributes_have_bounds(im: Im) {
        group(&im, "club", "Public").await;
        let key = |bytes: usize| json!([{ "key": "k".repeat(bytes), "value": "" }]);
        for (command, attributes, row) in [
            ("modify_group_attr", key(33), Group::AttributeKeyTooLong),
            ("modify_group_attr", pairs(1, 4_001), Group::AttributeValueTooLong),
            ("modify_group_attr", pairs(17, 0), Group::AttributesTooMany),
            ("set_group_attr", pairs(1_000, 0), Group::AttributesTooMany),
            ("modify_group_attr", pairs(5, 4_000), Group::AttributesTooLong),
            ("modify_group_attr", json!([]), Group::FieldInvalid),
            ("modify_group_attr", json!([{ "key": "a" }]), Group::FieldInvalid),
            ("modify_group_attr", json!("a"), Group::FieldInvalid),
            ("modify_group_attr", json!([{ "key": "a", "value": "" }, { "key": "a", "value": "" }]), Group::FieldInvalid),
            ("delete_group_attr", json!([{ "key": "none" }]), Group::AttributeUnknown),
            ("delete_group_attr", json!([]), Group::FieldInvalid),
        ] {
            let body = json!({ "GroupId": "club", "GroupAttr": attributes });
            im.call(&svc(command), body).await.fails(row);
        }
        im.call(&svc("clear_group_attr"), json!({ "GroupId": "none" })).await.fails(Group::GroupIdInvalid);
        im.call(&svc("clear_group_attr"), json!({ "GroupId": "" })).await.fails(Group::GroupIdInvalid);
        im.call(&svc("clear_group_attr"), json!({})).await.fails(Group::FieldInvalid);
        for _ in 0..5 {
            im.call(&svc("clear_group_attr"), json!({ "GroupId": "club" })).await.ok();
        }
        im.call(&svc("clear_group_attr"), json!({ "GroupId": "club" })).await.fails(Group::AttributesThrottled);
        im.clock.advance(1_000);
        im.call(&svc("clear_group_attr"), json!({ "GroupId": "club" })).await.ok();
    }

    async fn counters_are_set_raised_and_lowered(im: Im) {
        group(&im, "club", "Public").await;
        group(&im, HOME, "Community").await;
        let update = async |mode: Value, key: &str, value: i64| {
            let body = json!({ "GroupId": "club", "GroupCounter": [{ "Key": key, "Value": value }], "Mode": mode });
            im.call(&svc("update_group_counter"), body).await
        };
        for (mode, by, value) in
            [("Increase", 3, 3), ("Decrease", 5, -2), ("Set", 7, 7), ("Increase", i64::MAX - 7, i64::MAX)]
        {
            let answer = update(mode.into(), "likes", by).await.ok();
            assert_eq!(answer["GroupCounter"], json!([{ "Key": "likes", "Value": value }]), "{mode}");
        }
        update(Value::Null, "votes", 1).await.ok();
        update("Increase".into(), "likes", 1).await.fails(Group::FieldInvalid);
        update("Double".into(), "likes", 1).await.fails(Group::FieldInvalid);
        update("Set".into(), &"k".repeat(129), 1).await.fails(Group::FieldInvalid);
        let get = async |keys: Value| {
            let body = json!({ "GroupId": "club", "GroupCounterKeys": keys });
            im.call(&svc("get_group_counter"), body).await.ok()["GroupCounter"].clone()
        };
        let (likes, votes) = (json!({ "Key": "likes", "Value": i64::MAX }), json!({ "Key": "votes", "Value": 1 }));
        assert_eq!(get(Value::Null).await, json!([likes, votes]));
        assert_eq!(get(json!(["votes", "none"])).await, json!([votes]));
        let delete = async |keys: Value| {
            im.call(&svc("delete_group_counter"), json!({ "GroupId": "club", "GroupCounterKeys": keys })).await.ok();
        };
        delete(json!(["votes", "none"])).await;
        assert_eq!(get(Value::Null).await, json!([likes]));
        let many: Value = (0..20).map(|number| json!({ "Key": format!("k{number}"), "Value": 1 })).collect();
        let body = json!({ "GroupId": "club", "GroupCounter": many });
        im.call(&svc("update_group_counter"), body.clone()).await.fails(Group::CountersTooMany);
        delete(Value::Null).await;
        im.call(&svc("update_group_counter"), body).await.ok();
        let home = json!({ "GroupId": HOME });
        im.call(&svc("get_group_counter"), home).await.fails(Group::OperationForbidden);
        im.app(|settings, _| settings.plan = "standard".into()).await;
        im.call(&svc("get_group_counter"), json!({ "GroupId": "club" })).await.fails(Group::FeatureMissing);
    }

    async fn a_live_room_knows_who_is_in_it_and_who_may_not_be(im: Im) {
        group(&im, "show", "AVChatRoom").await;
        group(&im, "club", "Public").await;
        let show = |more: Value| with(json!({ "GroupId": "show" }), more);
        let online = async || im.call(&svc("get_online_member_num"), show(json!({}))).await.ok()["OnlineMemberNum"].clone();
        assert_eq!(online().await, 0);
        im.call(&room("add_robots"), show(json!({ "Robot_Account": ["ann", "bob", "eve"] }))).await.ok();
        im.call(&room("add_robots"), show(json!({ "Robot_Account": ["none"] }))).await.fails(Group::AccountUnknown);
        assert_eq!(online().await, 3);
        let members = async |more: Value| {
            let answer = im.call(&room("get_members"), show(with(json!({ "Timestamp": 0 }), more))).await.ok();
            assert_eq!(answer["NextTimestamp"], 0);
            let members = answer["MemberList"].as_array().expect("a list").clone();
            members.iter().map(|member| member["Member_Account"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(members(json!({})).await, ["eve", "bob", "ann"]);
        let mark = |kind: i64, mark: i64| {
            show(json!({ "CommandType": kind, "MemberList": [{ "Member_Account": "bob", "Marks": [mark] }] }))
        };
        let marked = im.call(&room("modify_user_info"), mark(1, 1_000)).await.ok();
        assert_eq!(marked["MemberList"], json!([{ "Member_Account": "bob", "Marks": [1_000] }]));
        assert_eq!(members(json!({ "Mark": 1_000 })).await, ["bob"]);
        im.call(&room("modify_user_info"), mark(1, 600)).await.ok();
        assert_eq!(members(json!({})).await, ["eve", "ann"]);
        im.call(&room("modify_user_info"), mark(2, 600)).await.ok();
        for bad in [mark(3, 1_000), mark(1, 999), show(json!({ "CommandType": 1, "MemberList": [] }))] {
            im.call(&room("modify_user_info"), bad).await.fails(Group::FieldInvalid);
        }
        let check = show(json!({ "Member_Account": ["ann", "nobody", "eve"] }));
        assert_eq!(im.call(&room("check_members"), check).await.ok()["Member_Account"], json!(["ann", "eve"]));
        let ban = |accounts: Value, seconds: i64| show(json!({ "Members_Account": accounts, "Duration": seconds }));
        im.call(&svc("ban_group_member"), ban(json!(["bob", "eve"]), 60)).await.ok();
        assert_eq!(online().await, 1);
        let until = im.clock.now().secs() + 60;
        let listed = im.call(&svc("get_group_ban_member"), show(json!({ "Limit": 1, "Offset": 0 }))).await.ok();
        assert_eq!(listed["BannedAccountList"], json!([{ "Member_Account": "bob", "BannedUntil": until }]));
        assert_eq!(listed["NextOffset"], 1);
        im.call(&svc("unban_group_member"), show(json!({ "Members_Account": ["bob"] }))).await.ok();
        let listed = im.call(&svc("get_group_ban_member"), show(json!({ "Limit": 100, "Offset": 0 }))).await.ok();
        assert_eq!((&listed["BannedAccountList"][0]["Member_Account"], &listed["NextOffset"]), (&json!("eve"), &json!(0)));
        im.call(&svc("ban_group_member"), ban(json!(vec!["x"; 21]), 60)).await.fails(Group::AccountsTooMany);
        im.call(&svc("ban_group_member"), ban(json!(["ann"]), 60)).await.fails(Group::OperationForbidden);
        im.call(&svc("ban_group_member"), ban(json!(["none"]), 60)).await.fails(Group::AccountUnknown);
        im.call(&svc("ban_group_member"), ban(json!(["bob"]), 0)).await.fails(Group::FieldInvalid);
        for command in ["get_members", "check_members", "get_admin_list"] {
            let body = json!({ "GroupId": "club", "Timestamp": 0, "Member_Account": ["ann"] });
            im.call(&room(command), body).await.fails(Group::OperationForbidden);
        }
        im.call(&svc("get_online_member_num"), json!({ "GroupId": "club" })).await.fails(Group::OperationForbidden);
        im.call(&room("del_robots"), show(json!({ "Robot_Account": ["ann"] }))).await.ok();
        assert_eq!(online().await, 0);
    }

    async fn a_live_room_has_up_to_five_administrators(im: Im) {
        group(&im, "show", "AVChatRoom").await;
        let names: Vec<String> = (0..6).map(|number| format!("a{number}")).collect();
        im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let change = async |kind: i64, accounts: &[String]| {
            let body = json!({ "GroupId": "show", "CommandType": kind, "Admin_Account": accounts });
            im.call(&room("modify_admin"), body).await
        };
        let admins = async || {
            let answer = im.call(&room("get_admin_list"), json!({ "GroupId": "show" })).await.ok();
            answer["Admin_List"].as_array().expect("a list").len()
        };
        change(1, &names[..3]).await.ok();
        change(1, &names[2..5]).await.ok();
        assert_eq!(admins().await, 5);
        change(1, &names[5..]).await.fails(Group::FieldInvalid);
        change(1, &names).await.fails(Group::AccountsTooMany);
        change(2, &names[..2]).await.ok();
        change(3, &names[..2]).await.fails(Group::FieldInvalid);
        assert_eq!(admins().await, 3);
        im.app(|settings, _| settings.has_live_management = false).await;
        change(1, &names[..1]).await.fails(Group::OperationForbidden);
    }

    async fn a_message_to_all_live_rooms_goes_once_a_second(im: Im) {
        group(&im, "show", "AVChatRoom").await;
        let body = |more: Value| {
            let text = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "all" } }]);
            with(json!({ "Random": 7, "MsgBody": text }), more)
        };
        let send = async |more: Value| im.call(&svc("send_broadcast_msg"), body(more)).await;
        assert!(send(json!({ "From_Account": "ann" })).await.ok()["MsgSeq"].is_i64());
        send(json!({})).await.fails(Group::SendThrottled);
        im.clock.advance(1_000);
        send(json!({ "From_Account": "none" })).await.fails(Group::AccountUnknown);
        send(json!({ "MsgBody": [] })).await.fails(Group::FieldInvalid);
        send(json!({ "Random": "x" })).await.fails(Group::FieldInvalid);
        send(json!({})).await.ok();
        im.app(|settings, _| settings.plan = "standard".into()).await;
        send(json!({})).await.fails(Group::OperationForbidden);
    }

    async fn topics_are_made_read_changed_and_deleted(im: Im) {
        group(&im, HOME, "Community").await;
        group(&im, "club", "Public").await;
        let home = |more: Value| with(json!({ "GroupId": HOME }), more);
        let news = format!("{HOME}@TOPIC#_news");
        let create = async |more: Value| im.call(&million("create_topic"), home(more)).await;
        let made = create(json!({ "TopicName": "News", "TopicId": news, "Introduction": "what is new" })).await.ok();
        assert_eq!(made["TopicId"], json!(news));
        let chosen = create(json!({ "TopicName": "Chat" })).await.ok()["TopicId"].as_str().expect("an id").to_owned();
        assert!(chosen.starts_with(&format!("{HOME}@TOPIC#_@TOPIC#")), "{chosen}");
        create(json!({ "TopicName": "News", "TopicId": news })).await.fails(Group::GroupIdOwned);
        let others = json!({ "TopicName": "News", "TopicId": news, "From_Account": "bob" });
        create(others).await.fails(Group::GroupIdTaken);
        create(json!({ "TopicName": "N", "From_Account": "none" })).await.fails(Group::AccountUnknown);
        for bad in [
            json!({}),
            json!({ "TopicName": "" }),
            json!({ "TopicName": "n".repeat(31) }),
            json!({ "TopicName": "n", "TopicId": "elsewhere" }),
            json!({ "TopicName": "n", "CustomString": "c".repeat(3_001) }),
            json!({ "TopicName": "n", "FaceUrl": "f".repeat(101) }),
            json!({ "TopicName": "n", "Notification": "f".repeat(301) }),
            json!({ "TopicName": "n", "Introduction": "f".repeat(241) }),
        ] {
            create(bad).await.fails(Group::FieldInvalid);
        }
        let club = json!({ "GroupId": "club", "TopicName": "n" });
        im.call(&million("create_topic"), club).await.fails(Group::CommunityDisabled);
        let old = json!({ "TopicName": "Old", "CreateTime": 1_600_000_000, "TopicId": format!("{HOME}@TOPIC#_old") });
        im.call(&svc("import_topic"), home(old.clone())).await.ok();
        let later = with(old, json!({ "CreateTime": i64::from(u32::MAX), "TopicId": null }));
        im.call(&svc("import_topic"), home(later)).await.fails(Group::FieldInvalid);
        let change = json!({ "TopicId": news, "TopicName": "Notes", "MuteAllMember": "On" });
        im.call(&million("modify_topic"), home(change)).await.ok();
        let bad = json!({ "TopicId": news, "MuteAllMember": "Maybe" });
        im.call(&million("modify_topic"), home(bad)).await.fails(Group::FieldInvalid);
        let get = async |more: Value| {
            let answer = im.call(&million("get_topic"), home(with(json!({ "From_Account": "bob" }), more))).await.ok();
            answer["TopicAndSelfInfo"].as_array().expect("a list").clone()
        };
        let all = get(json!({})).await;
        assert_eq!(all.len(), 3);
        let none = format!("{HOME}@TOPIC#_none");
        let some = get(json!({ "TopicIdList": [news, none], "ResponseFilter": ["TopicName", "MuteAllMember"] })).await;
        let expected =
            json!({ "TopicId": news, "GroupID": HOME, "TopicName": "Notes", "MuteAllMember": "On" });
        assert_eq!((&some[0]["ErrorCode"], &some[0]["TopicInfo"]), (&json!(0), &expected));
        item_fails(&some[1]["ErrorCode"], Group::GroupUnknown);
        let destroy = async |ids: Value| im.call(&million("destroy_topic"), home(json!({ "TopicIdList": ids }))).await;
        let done = destroy(json!([news, none, news])).await.ok();
        assert_eq!(done["DestroyResultItem"][0]["ErrorCode"], 0);
        item_fails(&done["DestroyResultItem"][1]["ErrorCode"], Group::GroupUnknown);
        item_fails(&done["DestroyResultItem"][2]["ErrorCode"], Group::TopicDeleted);
        destroy(json!([])).await.fails(Group::FieldInvalid);
        assert_eq!(get(json!({})).await.len(), 2);
        // A deleted topic's id is not given to another one.
        create(json!({ "TopicName": "News", "TopicId": news })).await.fails(Group::GroupIdOwned);
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        for number in 2..200 {
            create(json!({ "TopicName": format!("t{number}") })).await.ok();
        }
        create(json!({ "TopicName": "one more" })).await.fails(Group::GroupQuotaOfAccount);
        im.app(|settings, _| settings.plan = "standard".into()).await;
        create(json!({ "TopicName": "n" })).await.fails(Group::CommunityDisabled);
    }

    async fn what_a_topic_is_to_an_account_is_told_with_it(im: Im) {
        group(&im, HOME, "Community").await;
        let home = |more: Value| with(json!({ "GroupId": HOME }), more);
        let news = format!("{HOME}@TOPIC#_news");
        im.call(&million("create_topic"), home(json!({ "TopicName": "News", "TopicId": news }))).await.ok();
        let own = async || {
            let answer = im.call(&million("get_topic"), home(json!({ "From_Account": "bob" }))).await.ok();
            answer["TopicAndSelfInfo"][0]["SelfInfo"].clone()
        };
        assert_eq!(own().await, json!({ "MsgFlag": "AcceptAndNotify", "MsgSeq": 0, "ShutUpTime": 0 }));
        let quiet = json!({ "Member_Account": "bob", "MsgFlag": "AcceptNotNotify" });
        im.call(&svc("modify_group_member_info"), home(quiet)).await.ok();
        assert_eq!(own().await["MsgFlag"], "AcceptNotNotify", "as in the community");
        let forever = i64::from(u32::MAX);
        let mute = json!({ "TopicId": news, "Members_Account": ["bob"], "MuteTime": forever });
        im.call(&svc("forbid_send_msg"), home(mute)).await.ok();
        assert_eq!(own().await["ShutUpTime"], forever);
        let listed = json!({ "Member_Account": "bob", "SupportTopic": 1 });
        let listed = im.call(&svc("get_joined_group_list"), listed).await.ok();
        assert_eq!(listed["GroupIdList"], json!([{ "GroupId": HOME, "SupportTopic": 1 }]));
    }

    async fn messages_of_a_topic_have_places_of_their_own(im: Im) {
        group(&im, HOME, "Community").await;
        let (news, chat) = (format!("{HOME}@TOPIC#_news"), format!("{HOME}@TOPIC#_chat"));
        for id in [&news, &chat] {
            let body = json!({ "GroupId": HOME, "TopicId": id, "TopicName": "Topic" });
            im.call(&million("create_topic"), body).await.ok();
        }
        let text = |text: &str| json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }]);
        let send = async |topic: &Value, random: u32, from: &str| {
            let body = json!({ "GroupId": HOME, "TopicId": topic, "Random": random, "From_Account": from,
                "MsgBody": text("hello") });
            im.call(&svc("send_group_msg"), body).await
        };
        let (news, chat) = (json!(news), json!(chat));
        for (topic, random, seq) in [(&news, 1, 1), (&news, 2, 2), (&chat, 3, 1), (&Value::Null, 4, 1), (&news, 5, 3)] {
            assert_eq!(send(topic, random, "bob").await.ok()["MsgSeq"], seq, "{topic}");
        }
        send(&json!("elsewhere@TOPIC#_a"), 6, "bob").await.fails(Group::FieldInvalid);
        send(&json!(format!("{HOME}@TOPIC#_none")), 6, "bob").await.fails(Group::GroupIdInvalid);
        let of = |topic: &Value, more: Value| with(json!({ "GroupId": HOME, "TopicId": topic }), more);
        let recall = of(&news, json!({ "MsgSeqList": [{ "MsgSeq": 2 }] }));
        assert_eq!(im.call(&svc("group_msg_recall"), recall).await.ok()["RecallRetList"][0]["RetCode"], 0);
        let history = async |topic: &Value| {
            let page = im.call(&svc("group_msg_get_simple"), of(topic, json!({ "ReqMsgNumber": 20 }))).await.ok();
            let list = page["RspMsgList"].as_array().expect("a list").clone();
            list.iter().map(|message| message["MsgSeq"].as_i64().expect("a place")).collect::<Vec<_>>()
        };
        assert_eq!((history(&news).await, history(&chat).await), (vec![3, 1], vec![1]));
        // Who is muted in a topic may write in another one.
        let mute = of(&news, json!({ "Members_Account": ["bob"], "MuteTime": 60 }));
        im.call(&svc("forbid_send_msg"), mute).await.ok();
        send(&news, 7, "bob").await.fails(Group::SenderMuted);
        assert_eq!(send(&chat, 8, "bob").await.ok()["MsgSeq"], 2);
        let muted = im.call(&svc("get_group_muted_account"), of(&news, json!({}))).await.ok();
        assert_eq!(muted["MutedAccountList"][0]["Member_Account"], "bob");
        let seen = json!({ "GroupId": HOME, "From_Account": "bob", "TopicIdList": [news] });
        let seen = im.call(&million("get_topic"), seen).await.ok()["TopicAndSelfInfo"][0].clone();
        assert_eq!(seen["SelfInfo"]["ShutUpTime"], im.clock.now().secs() + 60);
        assert!(seen["TopicInfo"]["NextMsgSeq"].as_i64().is_some_and(|next| next >= 4), "{seen}");
        // A topic is no group: nobody joins it, and no list shows it.
        let join = json!({ "GroupId": news, "MemberList": [{ "Member_Account": "eve" }] });
        im.call(&svc("add_group_member"), join).await.fails(Group::GroupIdInvalid);
        let listed = im.call(&svc("get_appid_group_list"), json!({ "GroupType": "Community" })).await.ok();
        assert_eq!((&listed["TotalCount"], listed["GroupIdList"].as_array().map(Vec::len)), (&json!(1), Some(1)));
        let gone = json!({ "GroupId": HOME, "TopicIdList": [news] });
        im.call(&million("destroy_topic"), gone).await.ok();
        send(&news, 9, "eve").await.fails(Group::GroupUnknown);
        im.call(&svc("destroy_group"), json!({ "GroupId": HOME })).await.ok();
        send(&chat, 9, "eve").await.fails(Group::GroupUnknown);
    }

    async fn permission_groups_hold_members_and_say_what_they_may_in_topics(im: Im) {
        group(&im, HOME, "Community").await;
        let home = |more: Value| with(json!({ "GroupId": HOME }), more);
        let call = async |command: &str, more: Value| im.call(&svc(command), home(more)).await;
        let stewards = "@PMG#_stewards";
        let one = |more: Value| with(json!({ "PermissionGroupId": stewards }), more);
        let made = call("create_permission_group", one(json!({ "PermissionGroupName": "Stewards", "Permission": 16 }))).await;
        assert_eq!(made.ok()["PermissionGroupId"], stewards);
        let chosen = call("create_permission_group", json!({ "PermissionGroupName": "Lords" })).await.ok();
        assert!(chosen["PermissionGroupId"].as_str().expect("an id").starts_with("@PMG#_@PMG#"), "{chosen}");
        call("create_permission_group", one(json!({ "PermissionGroupName": "S" }))).await.fails(Group::GroupIdTaken);
        for bad in [
            json!({}),
            json!({ "PermissionGroupName": "" }),
            json!({ "PermissionGroupName": "n".repeat(151) }),
            json!({ "PermissionGroupName": "n", "Permission": -1 }),
            json!({ "PermissionGroupName": "n", "CustomString": "c".repeat(3_001) }),
            json!({ "PermissionGroupName": "n", "PermissionGroupId": "own" }),
        ] {
            call("create_permission_group", bad).await.fails(Group::FieldInvalid);
        }
        call("modify_permission_group", one(json!({ "Permission": 20, "CustomString": "c" }))).await.ok();
        let unknown = json!({ "PermissionGroupId": "none", "Permission": 1 });
        call("modify_permission_group", unknown.clone()).await.fails(Group::FieldInvalid);
        let members = |names: &[&str]| -> Value { names.iter().map(|name| json!({ "Member_Account": name })).collect() };
        let added = call("add_permission_group_member", one(json!({ "MemberList": members(&["bob", "eve", "bob"]) }))).await;
        let result = |name: &str, result: i64| json!({ "Member_Account": name, "Result": result });
        assert_eq!(added.ok()["MemberList"], json!([result("bob", 1), result("eve", 0), result("bob", 2)]));
        let too_many = one(json!({ "MemberList": members(&["bob"; 101]) }));
        call("add_permission_group_member", too_many).await.fails(Group::AccountsTooMany);
        let found = call("get_permission_group", json!({ "PermissionGroupIdList": [stewards, "none"] })).await.ok();
        let info = &found["PermissionGroupInfoList"];
        assert_eq!((&info[0]["Permission"], &info[0]["MemberNum"], &info[0]["CustomString"]), (&json!(20), &json!(1), &json!("c")));
        item_fails(&info[1]["ErrorCode"], Group::FieldInvalid);
        let page = call("get_permission_group", json!({ "Limit": 1 })).await.ok();
        let next = page["Next"].as_str().expect("a place").to_owned();
        let rest = call("get_permission_group", json!({ "Limit": 20, "Next": next })).await.ok();
        assert_eq!((rest["PermissionGroupInfoList"].as_array().map(Vec::len), &rest["Next"]), (Some(1), &json!("")));
        call("get_permission_group", json!({ "Limit": 21 })).await.fails(Group::FieldInvalid);
        let page = call("get_permission_group_member_list", one(json!({ "Limit": 100, "Next": "" }))).await.ok();
        assert_eq!(page["MemberList"], members(&["bob"]));
        let topic = im.call(&million("create_topic"), home(json!({ "TopicName": "Chat" }))).await.ok()["TopicId"].clone();
        let masks = |permission: i64| one(json!({ "TopicPermissionList": [{ "TopicId": topic, "Permission": permission }] }));
        let code = |answer: &Value| answer["TopicPermissionResultList"][0]["ErrorCode"].clone();
        item_fails(&code(&call("set_topic_permission_group", masks(8)).await.ok()), Group::FieldInvalid);
        assert_eq!(code(&call("add_topic_permission_group", masks(8)).await.ok()), 0);
        item_fails(&code(&call("add_topic_permission_group", masks(8)).await.ok()), Group::FieldInvalid);
        assert_eq!(code(&call("set_topic_permission_group", masks(9)).await.ok()), 0);
        call("set_topic_permission_group", one(json!({ "TopicPermissionList": [] }))).await.fails(Group::FieldInvalid);
        let read = call("get_topic_permission_group", one(json!({}))).await.ok();
        assert_eq!(read["TopicPermissionResultList"][0]["Permission"], 9);
        let named = one(json!({ "TopicIdList": [topic] }));
        assert_eq!(code(&call("delete_topic_permission_group", named.clone()).await.ok()), 0);
        item_fails(&code(&call("delete_topic_permission_group", named.clone()).await.ok()), Group::FieldInvalid);
        item_fails(&code(&call("get_topic_permission_group", named).await.ok()), Group::FieldInvalid);
        // Whoever leaves the community is in none of its permission groups any more.
        let leave = json!({ "GroupId": HOME, "MemberToDel_Account": ["bob"] });
        im.call(&svc("delete_group_member"), leave).await.ok();
        let page = call("get_permission_group_member_list", one(json!({}))).await.ok();
        assert_eq!(page["MemberList"], json!([]));
        let removed = call("delete_permission_group_member", one(json!({ "MemberList": members(&["bob"]) }))).await.ok();
        assert_eq!(removed["MemberList"], json!([result("bob", 2)]));
        let gone = call("destroy_permission_group", json!({ "PermissionGroupIdList": [stewards, stewards] })).await.ok();
        assert_eq!(gone["PermissionGroupResultList"][0]["ErrorCode"], 0);
        item_fails(&gone["PermissionGroupResultList"][1]["ErrorCode"], Group::FieldInvalid);
        call("destroy_permission_group", json!({ "PermissionGroupIdList": [] })).await.fails(Group::FieldInvalid);
        call("get_permission_group_member_list", unknown).await.fails(Group::FieldInvalid);
        im.app(|settings, _| settings.groups.has_communities = false).await;
        call("get_permission_group", json!({})).await.fails_by(Group::CommunityDisabled, How::Request);
    }
}
