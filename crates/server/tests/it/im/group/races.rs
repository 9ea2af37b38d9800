//! What belongs to two places at once: an account that goes while a group takes it in, one that comes into two groups,
//! somebody who comes while others speak, a history that comes while others speak.

use contract::group::GroupId;
use contract::{Seq, UserId};
use serde_json::{Value, json};
use store::groups::members;
use store::groups::messages;

use super::{ask, letter, make};
use crate::harness::{APP, Im, elements, with};

const ROUNDS: usize = 25;
const HOME: &str = "@TGS#_home";

fn newcomers(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ "Member_Account": name })).collect()
}

/// All who are in a group, by rows, and how many it says there are.
async fn inside(im: &Im, id: &str) -> (Vec<String>, i64) {
    let id = GroupId::trusted(id);
    let read = im.node().store.read(APP, move |snapshot| {
        let group = store::groups::get(snapshot, &id)?.expect("a group");
        let found = members::page(snapshot, group.conversation, "", &[], 0, 100)?;
        Ok((found.into_iter().map(|member| member.account.to_string()).collect(), group.members))
    });
    read.await.expect("members")
}

both! {
    async fn nobody_who_is_deleted_stays_in_the_group_that_took_it_in_meanwhile(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        for round in 0..ROUNDS {
            im.clock.advance(1_000);
            let name = format!("u{round}");
            im.import(&[&name]).await;
            let add = json!({ "GroupId": "g", "MemberList": newcomers(&[&name]) });
            let delete = json!({ "DeleteItem": [{ "UserID": name }] });
            let (added, deleted) = tokio::join!(
                ask(&im, "add_group_member", add),
                im.call("im_open_login_svc/account_delete", delete)
            );
            deleted.ok();
            let (names, count) = inside(&im, "g").await;
            assert_eq!(names, ["ann"], "{name} is deleted; {}", added.value());
            assert_eq!(count, 1);
        }
    }

    async fn an_account_that_comes_into_two_groups_at_once_has_room_for_both_or_comes_into_one(im: Im) {
        im.app(|settings, _| settings.plan = "trial".into()).await;
        im.import(&["ann", "bo", "cy"]).await;
        for n in 0..49 {
            im.clock.advance(100);
            make(&im, &format!("g{n}"), "Public", "cy", &[]).await;
        }
        make(&im, "one", "Public", "ann", &[]).await;
        make(&im, "other", "Public", "bo", &[]).await;
        for _ in 0..ROUNDS {
            im.clock.advance(1_000);
            let add = |id: &str| json!({ "GroupId": id, "MemberList": newcomers(&["cy"]) });
            let (one, other) =
                tokio::join!(ask(&im, "add_group_member", add("one")), ask(&im, "add_group_member", add("other")));
            let done = [&one, &other].map(|answer| usize::from(answer.value()["ErrorCode"] == 0));
            assert_eq!(done.iter().sum::<usize>(), 1, "there is room in one group more: {} {}", one.value(), other.value());
            for id in ["one", "other"] {
                let out = json!({ "GroupId": id, "MemberToDel_Account": ["cy"] });
                ask(&im, "delete_group_member", out).await.ok();
            }
        }
    }

    async fn who_comes_while_others_speak_sees_nothing_that_was_said_before(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        im.import(&["ann", "bo"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        for round in 0..ROUNDS as u32 {
            im.clock.advance(1_000);
            let speak = async |n: u32| ask(&im, "send_group_msg", letter("g", "ann", round * 10 + n, "x")).await.ok();
            let come = json!({ "GroupId": "g", "MemberList": newcomers(&["bo"]) });
            let (_, _, added, _, _) = tokio::join!(speak(1), speak(2), ask(&im, "add_group_member", come), speak(3), speak(4));
            added.ok();
            let id = GroupId::trusted("g");
            let read = im.node().store.read(APP, move |snapshot| {
                let group = store::groups::get(snapshot, &id)?.expect("a group");
                let member = members::get(snapshot, group.conversation, &UserId::trusted("bo"))?.expect("bo is in");
                let page = messages::since(snapshot, group.conversation, member.cleared, 20)?;
                Ok((member, page))
            });
            let (member, page) = read.await.expect("a member");
            let first = page.first().expect("the tip of its coming is there");
            assert!(first.body.contains("TIMGroupTipElem"), "{round}: bo sees what was said before: {}", first.body);
            assert_eq!((first.seq, member.read), (Seq(member.cleared.0 + 1), member.cleared), "{round}");
            let out = json!({ "GroupId": "g", "MemberToDel_Account": ["bo"] });
            ask(&im, "delete_group_member", out).await.ok();
        }
    }

    async fn history_that_comes_while_others_speak_is_not_put_behind_what_is_newer(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        im.import(&["ann", "bo"]).await;
        for round in 0..ROUNDS as u32 {
            let id = format!("g{round}");
            make(&im, &id, "Public", "ann", &["bo"]).await;
            im.clock.advance(100_000);
            let past = im.clock.now().secs() - 50;
            let list: Vec<Value> = (0..5)
                .map(|n| json!({ "From_Account": "bo", "SendTime": past + n, "Random": n, "MsgBody": elements("old") }))
                .collect();
            let import = json!({ "GroupId": id, "MsgList": list });
            let (sent, _) = tokio::join!(
                ask(&im, "send_group_msg", letter(&id, "ann", 1, "new")),
                ask(&im, "import_group_msg", import)
            );
            sent.ok();
            let key = GroupId::trusted(&id);
            let read = im.node().store.read(APP, move |snapshot| {
                let group = store::groups::get(snapshot, &key)?.expect("a group");
                messages::since(snapshot, group.conversation, Seq(0), 50)
            });
            let times: Vec<i64> = read.await.expect("messages").iter().map(|message| message.at.secs()).collect();
            assert!(times.is_sorted(), "{round}: {times:?}");
        }
    }

    async fn what_is_said_in_a_topic_while_it_goes_is_said_before_or_refused(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 100_000).await;
        im.import(&["ann"]).await;
        let home = json!({ "GroupId": HOME, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1 });
        ask(&im, "create_group", home).await.ok();
        for round in 0..ROUNDS as u32 {
            im.clock.advance(1_000);
            let topic = format!("{HOME}@TOPIC#_t{round}");
            let new = json!({ "GroupId": HOME, "TopicId": topic, "TopicName": "t" });
            im.call("million_group_open_http_svc/create_topic", new).await.ok();
            let say = async |n: u32| {
                let said = with(letter(HOME, "ann", round * 10 + n, "x"), json!({ "TopicId": topic }));
                ask(&im, "send_group_msg", said).await.value()
            };
            let end = json!({ "GroupId": HOME, "TopicIdList": [topic] });
            let (one, two, ended, three) =
                tokio::join!(say(1), say(2), im.call("million_group_open_http_svc/destroy_topic", end), say(3));
            ended.ok();
            // The numbers of those that were said have no hole, and each of the others heard that there is no such place.
            let mut said: Vec<i64> = [&one, &two, &three].iter().filter_map(|it| it["MsgSeq"].as_i64().filter(|seq| *seq > 0)).collect();
            said.sort_unstable();
            assert_eq!(said, (1..=said.len() as i64).collect::<Vec<_>>(), "{one} {two} {three}");
            let gone = i64::from(contract::codes::Group::GroupUnknown.row().number().expect("a number"));
            let refused = [&one, &two, &three].iter().filter(|it| it["ErrorCode"] == gone).count();
            assert_eq!(said.len() + refused, 3, "{one} {two} {three}");
            let id = contract::ConversationId::group(&topic, 0);
            let read = im.node().store.read(APP, move |snapshot| store::topics::progress(snapshot, id));
            assert_eq!(read.await.expect("its progress").seq, Seq(0), "nothing leads to it any more");
        }
    }

    async fn who_is_removed_while_a_permission_group_takes_it_in_keeps_nothing_of_it(im: Im) {
        im.import(&["ann", "bo"]).await;
        let home = json!({ "GroupId": HOME, "Type": "Community", "Name": "n", "Owner_Account": "ann", "SupportTopic": 1,
            "EnablePermission": 1, "DefaultPermission": 0, "MemberList": newcomers(&["bo"]) });
        ask(&im, "create_group", home).await.ok();
        let stewards = json!({ "GroupId": HOME, "PermissionGroupId": "@PMG#_s", "PermissionGroupName": "s", "Permission": 1 });
        ask(&im, "create_permission_group", stewards).await.ok();
        for round in 0..ROUNDS {
            im.clock.advance(1_000);
            let take = json!({ "GroupId": HOME, "PermissionGroupId": "@PMG#_s", "MemberList": newcomers(&["bo"]) });
            let remove = json!({ "GroupId": HOME, "MemberToDel_Account": ["bo"] });
            let (taken, removed) =
                tokio::join!(ask(&im, "add_permission_group_member", take), ask(&im, "delete_group_member", remove));
            taken.ok();
            removed.ok();
            let id = GroupId::trusted(HOME);
            let read = im.node().store.read(APP, move |snapshot| {
                let home = store::groups::get(snapshot, &id)?.expect("a community").conversation;
                let group = store::permissions::get(snapshot, home, "@PMG#_s")?.expect("a permission group");
                Ok((store::permissions::members(snapshot, home, "@PMG#_s", "", 10)?, group.members))
            });
            assert_eq!(read.await.expect("members"), (Vec::new(), 0), "{round}");
            let back = json!({ "GroupId": HOME, "MemberList": newcomers(&["bo"]) });
            ask(&im, "add_group_member", back).await.ok();
        }
    }
}
