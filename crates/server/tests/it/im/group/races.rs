//! What belongs to two places at once: an account that goes while a group takes it in, one that comes into two groups,
//! somebody who comes while others speak, a history that comes while others speak.

use contract::group::GroupId;
use contract::{Seq, UserId};
use serde_json::{Value, json};
use store::groups::members;
use store::groups::messages;

use super::{ask, letter, make};
use crate::harness::{APP, Im, elements};

const ROUNDS: usize = 25;

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
}
