//! Communities with permission groups: admins are members like all others there, and what permission groups allow is
//! allowed, there and in topics.

use client::{
    Client, Error, GroupChangeRequest, GroupMemberChange, GroupSendRequest, PermissionGroupRequest, Settings,
};
use contract::codes::{Group, Row};
use serde_json::{Value, json};

use super::{ask, letter, role, say};
use crate::harness::{APP, Im, with};

const HOME: &str = "@TGS#_home";
const NEWS: &str = "@TGS#_home@TOPIC#_news";
const STEWARDS: &str = "@PMG#_stewards";

/// What permission groups allow, bit by bit.
const PROFILE: i64 = 1;
const MEMBERS: i64 = 2;
const GROUPS: i64 = 4;
const GROUP_MEMBERS: i64 = 8;
const MUTE: i64 = 32;
const SEND: i64 = 64;
const PAST: i64 = 256;
const RECALL: i64 = 512;

async fn phone(im: &Im, account: &str) -> Client {
    let settings = Settings::new(format!("ws://{}/ws", im.address()), APP.0 as u64, format!("phone-{account}"));
    let client = Client::new(settings).expect("a client");
    client.login(account, &im.sig(account)).await.expect("logs in");
    client
}

#[track_caller]
fn forbidden<T: std::fmt::Debug>(outcome: client::Result<T>) {
    refused(outcome, Group::OperationForbidden);
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: client::Result<T>, code: impl Into<&'static Row>) {
    let number = code.into().number();
    assert!(
        matches!(&outcome, Err(Error::Refused { code, .. }) if Some(*code) == number),
        "{outcome:?}, not {number:?}"
    );
}

/// A community of ann's with a topic, the admin adam, and the members bo, cy and dee.
async fn home(im: &Im, more: Value) {
    im.import(&["ann", "adam", "bo", "cy", "dee", "eve"]).await;
    let member = |name: &str| json!({ "Member_Account": name });
    let list = json!([{ "Member_Account": "adam", "Role": "Admin" }, member("bo"), member("cy"), member("dee")]);
    let new = json!({ "GroupId": HOME, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1,
        "MemberList": list });
    ask(im, "create_group", with(new, more)).await.ok();
    let topic = json!({ "GroupId": HOME, "TopicId": NEWS, "TopicName": "news" });
    im.call("million_group_open_http_svc/create_topic", topic).await.ok();
}

/// Makes a permission group of cy's, or changes it.
async fn allow(im: &Im, permission: i64) {
    let group =
        json!({ "GroupId": HOME, "PermissionGroupId": STEWARDS, "PermissionGroupName": "s", "Permission": permission });
    if ask(im, "modify_permission_group", group.clone()).await.value()["ErrorCode"] != 0 {
        ask(im, "create_permission_group", group).await.ok();
        let cy = json!({ "GroupId": HOME, "PermissionGroupId": STEWARDS, "MemberList": [{ "Member_Account": "cy" }] });
        ask(im, "add_permission_group_member", cy).await.ok();
    }
}

/// What is allowed in the topic to those in the permission group.
async fn allow_in_topic(im: &Im, permission: i64) {
    let list = json!([{ "TopicId": NEWS, "Permission": permission }]);
    let said = json!({ "GroupId": HOME, "PermissionGroupId": STEWARDS, "TopicPermissionList": list });
    ask(im, "add_topic_permission_group", said).await.ok();
}

fn rename(name: &str) -> GroupChangeRequest {
    GroupChangeRequest { group: HOME.into(), name: Some(name.into()), ..Default::default() }
}

fn mute(account: &str) -> GroupMemberChange {
    GroupMemberChange { group: HOME.into(), account: account.into(), mute_seconds: Some(60), ..Default::default() }
}

fn card(account: &str) -> GroupMemberChange {
    GroupMemberChange { group: HOME.into(), account: account.into(), name_card: Some("x".into()), ..Default::default() }
}

both! {
    async fn an_admin_is_a_member_like_all_others_where_permission_groups_are_on(im: Im) {
        home(&im, json!({ "EnablePermission": 1, "DefaultPermission": SEND | PAST })).await;
        let adam = phone(&im, "adam").await;
        let groups = adam.groups();
        let seq = say(&im, HOME, "bo", 1, "bo's").await as u64;
        forbidden(groups.kick(HOME, &["bo"], "").await);
        forbidden(groups.change(&rename("x")).await);
        forbidden(groups.change_member(&mute("bo")).await);
        forbidden(groups.change_member(&card("bo")).await);
        forbidden(groups.recall(HOME, &[seq], "").await);
        forbidden(groups.modify(HOME, seq, None, Some("x")).await);
        forbidden(groups.change(&GroupChangeRequest { group: HOME.into(), muted: Some(true), ..Default::default() }).await);
        forbidden(groups.requests(Some(HOME)).await);
        let own = groups.send_text(HOME, "own").await.expect("a member writes").seq;
        groups.recall(HOME, &[own], "").await.expect("one's own");
        ask(&im, "modify_group_base_info", json!({ "GroupId": HOME, "MuteAllMember": "On" })).await.ok();
        refused(groups.send_text(HOME, "x").await, Group::SenderMuted);
        // Where they are off again, roles decide.
        ask(&im, "modify_group_base_info", json!({ "GroupId": HOME, "EnablePermission": 0 })).await.ok();
        groups.send_text(HOME, "an admin's").await.expect("admins pass a mute of all");
        groups.recall(HOME, &[seq], "").await.expect("an admin recalls");
        groups.change(&rename("other")).await.expect("an admin renames");
        groups.kick(HOME, &["bo"], "").await.expect("an admin removes");
        assert_eq!(role(&im, HOME, "bo").await, "NotMember");
        adam.shutdown().await;
    }

    async fn each_permission_allows_what_it_says_and_nothing_else(im: Im) {
        home(&im, json!({ "EnablePermission": 1, "DefaultPermission": SEND | PAST })).await;
        let cy = phone(&im, "cy").await;
        let groups = cy.groups();
        let everything = async |random: u32| {
            let seq = say(&im, HOME, "dee", random, "dee's").await as u64;
            let done = [
                groups.change(&rename(&format!("n{random}"))).await,
                groups.change_member(&card("dee")).await,
                groups.change_member(&mute("dee")).await,
                groups.recall(HOME, &[seq], "").await,
            ];
            // So that dee may write again.
            ask(&im, "forbid_send_msg", json!({ "GroupId": HOME, "Members_Account": ["dee"], "MuteTime": 0 })).await.ok();
            done.map(|outcome| match outcome {
                Ok(()) => true,
                outcome => {
                    forbidden(outcome);
                    false
                }
            })
        };
        assert_eq!(everything(1).await, [false; 4]);
        for (index, permission) in [PROFILE, MEMBERS, MUTE, RECALL].into_iter().enumerate() {
            allow(&im, permission).await;
            let allowed: Vec<bool> = (0..4).map(|other| other == index).collect();
            assert_eq!(everything(2 + index as u32).await, *allowed, "{permission}");
        }
        allow(&im, MEMBERS).await;
        forbidden(groups.kick(HOME, &["ann"], "").await);
        forbidden(groups.kick(HOME, &["adam"], "").await);
        groups.kick(HOME, &["bo"], "").await.expect("a member");
        let rise = GroupMemberChange { group: HOME.into(), account: "cy".into(), role: Some("Admin".into()), ..Default::default() };
        forbidden(groups.change_member(&rise).await);
        forbidden(groups.transfer(HOME, "cy").await);
        forbidden(groups.disband(HOME).await);
        cy.shutdown().await;
    }

    async fn what_is_allowed_in_a_topic_is_allowed_there_alone(im: Im) {
        home(&im, json!({ "EnablePermission": 1, "DefaultPermission": SEND | PAST })).await;
        allow(&im, 0).await;
        let cy = phone(&im, "cy").await;
        let groups = cy.groups();
        let in_topic = with(letter(HOME, "dee", 1, "x"), json!({ "TopicId": NEWS }));
        ask(&im, "send_group_msg", in_topic).await.ok();
        let seq = say(&im, HOME, "dee", 2, "x").await as u64;
        forbidden(groups.recall(NEWS, &[1], "").await);
        // Recall others' messages in it.
        allow_in_topic(&im, 32).await;
        groups.recall(NEWS, &[1], "").await.expect("there it may");
        forbidden(groups.recall(HOME, &[seq], "").await);
        cy.shutdown().await;
    }

    async fn what_was_written_before_one_came_is_read_by_permission(im: Im) {
        home(&im, json!({ "EnablePermission": 1, "DefaultPermission": SEND })).await;
        say(&im, HOME, "ann", 1, "early").await;
        ask(&im, "send_group_msg", with(letter(HOME, "ann", 2, "early"), json!({ "TopicId": NEWS }))).await.ok();
        im.clock.advance(5_000);
        ask(&im, "add_group_member", json!({ "GroupId": HOME, "Silence": 1, "MemberList": [{ "Member_Account": "eve" }] })).await.ok();
        im.clock.advance(5_000);
        say(&im, HOME, "ann", 3, "late").await;
        ask(&im, "send_group_msg", with(letter(HOME, "ann", 4, "late"), json!({ "TopicId": NEWS }))).await.ok();
        let (ann, eve) = (phone(&im, "ann").await, phone(&im, "eve").await);
        let seen = async |client: &Client, place: &str| {
            let (back, since) = (client.groups().history(place, 0, 10).await, client.groups().since(place, 0, 10).await);
            let (back, since) = (back.expect("history"), since.expect("what came since"));
            assert!(back.finished);
            let mut seqs: Vec<u64> = back.messages.iter().map(|message| message.seq).collect();
            seqs.reverse();
            assert_eq!(seqs, since.messages.iter().map(|message| message.seq).collect::<Vec<_>>());
            seqs
        };
        for place in [HOME, NEWS] {
            assert_eq!(seen(&ann, place).await, [1, 2], "the owner may everything");
            assert_eq!(seen(&eve, place).await, [2], "{place}");
        }
        ask(&im, "modify_group_base_info", json!({ "GroupId": HOME, "DefaultPermission": SEND | PAST })).await.ok();
        for place in [HOME, NEWS] {
            assert_eq!(seen(&eve, place).await, [1, 2], "{place}");
        }
        ann.shutdown().await;
        eve.shutdown().await;
    }

    async fn nobody_comes_by_way_of_a_permission_group_to_what_it_has_not(im: Im) {
        home(&im, json!({ "EnablePermission": 1, "DefaultPermission": SEND | PAST })).await;
        // cy says who is in permission groups, and one of them manages the topic.
        allow(&im, GROUP_MEMBERS).await;
        let managers = "@PMG#_managers";
        let new = json!({ "GroupId": HOME, "PermissionGroupId": managers, "PermissionGroupName": "m" });
        ask(&im, "create_permission_group", new).await.ok();
        let list = json!([{ "TopicId": NEWS, "Permission": 1 }]);
        let said = json!({ "GroupId": HOME, "PermissionGroupId": managers, "TopicPermissionList": list });
        ask(&im, "add_topic_permission_group", said).await.ok();
        let cy = phone(&im, "cy").await;
        let groups = cy.groups();
        forbidden(groups.move_permission_members(HOME, managers, &["cy"], false).await);
        forbidden(groups.move_permission_members(HOME, managers, &["bo"], false).await);
        let rise = PermissionGroupRequest { group: HOME.into(), id: STEWARDS.into(), permission: Some(i64::MAX), ..Default::default() };
        forbidden(groups.change_permission_group(&rise).await);
        // Who may change permission groups gives away no more than it has.
        allow(&im, GROUPS).await;
        forbidden(groups.change_permission_group(&rise).await);
        let same = PermissionGroupRequest { permission: Some(GROUPS | SEND), ..rise };
        groups.change_permission_group(&same).await.expect("what everybody has");
        cy.shutdown().await;
    }

    async fn permission_groups_are_for_communities_with_topics(im: Im) {
        let new = |more: Value| with(json!({ "GroupId": HOME, "Type": "Community", "Name": "n" }), more);
        ask(&im, "create_group", new(json!({ "SupportTopic": 1, "DefaultPermission": -1 }))).await.fails(Group::FieldInvalid);
        ask(&im, "create_group", new(json!({ "EnablePermission": 1, "DefaultPermission": 64 }))).await.ok();
        let permissions = async || {
            let info = super::info(&im, HOME).await;
            (info["EnablePermission"].clone(), info["DefaultPermission"].clone())
        };
        assert_eq!(permissions().await, (json!(0), json!(0)));
        let change = |mask: i64| json!({ "GroupId": HOME, "EnablePermission": 1, "DefaultPermission": mask });
        ask(&im, "modify_group_base_info", change(-1)).await.fails(Group::FieldInvalid);
        ask(&im, "modify_group_base_info", change(64)).await.ok();
        assert_eq!(permissions().await, (json!(0), json!(0)), "there are no topics");
    }

    async fn a_topic_is_no_group_of_its_own(im: Im) {
        home(&im, json!({})).await;
        let pair = json!([{ "key": "k", "value": "v" }]);
        ask(&im, "set_group_attr", json!({ "GroupId": NEWS, "GroupAttr": pair })).await.fails(Group::GroupIdInvalid);
        let new = json!({ "GroupId": NEWS, "PermissionGroupName": "m" });
        ask(&im, "create_permission_group", new).await.fails(Group::GroupIdInvalid);
        let topic = json!({ "GroupId": NEWS, "TopicName": "t" });
        im.call("million_group_open_http_svc/create_topic", topic).await.fails(Group::GroupIdInvalid);
        let eve = phone(&im, "eve").await;
        let secret = GroupSendRequest { group: NEWS.into(), body: client::text("x"), random: 1, ..Default::default() };
        forbidden(eve.groups().send(&secret).await);
        eve.shutdown().await;
    }
}
