//! Another owner.

use contract::codes::Group;
use serde_json::json;

use super::{ask, history, info, make, role};

both! {
    async fn a_group_goes_to_a_member_and_the_old_owner_stays(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        make(&im, "g", "Public", "ann", &["bo"]).await;
        let to = |owner: &str| json!({ "GroupId": "g", "NewOwner_Account": owner });
        ask(&im, "change_group_owner", to("cy")).await.fails(Group::FieldInvalid);
        ask(&im, "change_group_owner", to("bo")).await.ok();
        assert_eq!([role(&im, "g", "ann").await, role(&im, "g", "bo").await], ["Member", "Owner"]);
        assert_eq!(info(&im, "g").await["Owner_Account"], "bo");
        assert_eq!(history(&im, "g").await, [(1, "tip 6".to_owned())]);
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "change_group_owner", json!({ "GroupId": "live", "NewOwner_Account": "bo" })).await
            .fails(Group::OperationForbidden);
    }

    async fn two_transfers_at_once_end_with_one_owner(im: Im) {
        im.import(&["ann", "bo", "cy"]).await;
        for round in 0..5 {
            let id = format!("g{round}");
            make(&im, &id, "Public", "ann", &["bo", "cy"]).await;
            let to = |owner: &str| json!({ "GroupId": id, "NewOwner_Account": owner });
            let (one, other) = tokio::join!(
                ask(&im, "change_group_owner", to("bo")), ask(&im, "change_group_owner", to("cy")));
            one.ok();
            other.ok();
            let roles = [role(&im, &id, "ann").await, role(&im, &id, "bo").await, role(&im, &id, "cy").await];
            assert_eq!(roles.iter().filter(|role| *role == "Owner").count(), 1, "{roles:?}");
            let owner = info(&im, &id).await["Owner_Account"].as_str().expect("an owner").to_owned();
            assert_eq!(role(&im, &id, &owner).await, "Owner");
        }
    }

    async fn a_group_that_ends_while_others_write_lets_nothing_in_afterwards(im: Im) {
        im.import(&["ann", "bo"]).await;
        for round in 0..5 {
            let id = format!("g{round}");
            make(&im, &id, "Public", "ann", &["bo"]).await;
            let (sent, ended) = tokio::join!(
                ask(&im, "send_group_msg", super::letter(&id, "bo", round, "x")),
                ask(&im, "destroy_group", json!({ "GroupId": id })));
            ended.ok();
            assert!(sent.value()["ErrorCode"] == 0 || sent.is(Group::GroupUnknown), "{}", sent.value());
            ask(&im, "send_group_msg", super::letter(&id, "bo", 99, "x")).await.fails(Group::GroupUnknown);
        }
    }
}
