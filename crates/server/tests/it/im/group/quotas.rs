//! What the plan allows.

use contract::codes::Group;
use serde_json::{Value, json};

use super::{ask, make};
use crate::harness::{Im, with};

fn group(kind: &str) -> Value {
    json!({ "Type": kind, "Name": "n", "Owner_Account": "ann" })
}

async fn set_totals(im: &Im, change: impl Fn(&mut store::groups::Totals) + Send + 'static) {
    let write = im.node().store.write(crate::harness::APP, move |tx| {
        let mut totals = store::groups::totals(tx)?;
        change(&mut totals);
        store::groups::save_totals(tx, totals)
    });
    write.await.expect("the totals are changed");
}

both! {
    async fn a_trial_has_a_hundred_groups_ten_of_them_live(im: Im) {
        im.import(&["ann", "bo"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        for _ in 0..10 {
            im.clock.advance(1_000);
            ask(&im, "create_group", group("AVChatRoom")).await.ok();
        }
        ask(&im, "create_group", group("AVChatRoom")).await.fails(Group::LiveGroupQuota);
        ask(&im, "create_group", group("Public")).await.ok();
        set_totals(&im, |totals| totals.alive = 100).await;
        ask(&im, "create_group", group("Public")).await.fails(Group::GroupQuota);
        ask(&im, "create_group", json!({ "Type": "Public", "Name": "nobody's" })).await.ok();
        ask(&im, "create_group", group("Community")).await.fails(Group::CommunityDisabled);
    }

    async fn a_day_adds_ten_thousand(im: Im) {
        im.import(&["ann"]).await;
        im.app(|settings, _| settings.plan = "standard".into()).await;
        let today = crate::harness::START.0 / 86_400_000;
        set_totals(&im, move |totals| (totals.day, totals.added) = (today, 10_000)).await;
        ask(&im, "create_group", group("Public")).await.fails(Group::OperationThrottled);
        im.clock.advance(86_400_000);
        ask(&im, "create_group", group("Public")).await.ok();
    }

    async fn members_are_bounded_by_the_plan(im: Im) {
        let names: Vec<String> = (0..21).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&names).await;
        im.import(&["ann"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        let list: Vec<Value> = names.iter().map(|name| json!({ "Member_Account": name })).collect();
        ask(&im, "create_group", with(group("Public"), json!({ "MemberList": list }))).await.fails(Group::MemberQuota);
        make(&im, "g", "Public", "ann", &[]).await;
        ask(&im, "modify_group_base_info", json!({ "GroupId": "g", "MaxMemberNum": 21 })).await.fails(Group::MemberQuota);
    }

    async fn an_account_is_in_so_many_groups_and_no_more(im: Im) {
        im.import(&["ann", "bo"]).await;
        im.app(|settings, _| settings.plan = "trial".into()).await;
        for n in 0..50 {
            im.clock.advance(100);
            make(&im, &format!("g{n}"), "Public", "ann", &[]).await;
        }
        ask(&im, "create_group", group("Public")).await.fails(Group::GroupQuotaOfAccount);
        ask(&im, "create_group", json!({ "GroupId": "other", "Type": "Public", "Name": "n", "Owner_Account": "bo" })).await.ok();
        let add = json!({ "GroupId": "other", "MemberList": [{ "Member_Account": "ann" }] });
        ask(&im, "add_group_member", add).await.fails(Group::GroupQuotaOfAccount);
    }
}
