//! What may be had at most, each bound met by real requests.

use contract::codes::Relation;
use contract::limit;
use serde_json::{Value, json};

use super::{ALLOW_TYPE, CONFIRM, add, befriend, item, page, relation, stance};
use crate::harness::{Im, item_fails};

async fn crowd(im: &Im, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
    im.import(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    names
}

both! {
    async fn three_thousand_friends_are_enough(im: Im) {
        let names = crowd(&im, limit::FRIENDS as usize + 1).await;
        im.import(&["alice", "bob"]).await;
        let (last, most) = names.split_last().expect("many");
        for some in most.chunks(limit::RELATION_BATCH) {
            let items: Vec<Value> = some.iter().map(|name| item(name)).collect();
            let answer = im.call("sns/friend_import", json!({ "From_Account": "alice", "AddFriendItem": items })).await.ok();
            assert!(answer.get("Fail_Account").is_none(), "{answer}");
        }
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], limit::FRIENDS);
        item_fails(&add(&im, "alice", last).await["ResultCode"], Relation::FriendQuota);
        item_fails(&add(&im, "bob", "alice").await["ResultCode"], Relation::PeerFriendQuota);
        let body = json!({ "From_Account": "alice", "AddFriendItem": [item(last)] });
        let answer = im.call("sns/friend_import", body).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FriendQuota);
        assert_eq!(answer["ResultItem"][0]["ResultInfo"], "Err_SNS_FriendImport_My_Friend_Num_Exceed_Threshold");
        // One who is in the list already can be there both ways.
        assert_eq!(add(&im, "alice", &most[0]).await["ResultCode"], 0);
        assert_eq!(relation(&im, "alice", &most[0]).await, "CheckResult_Type_BothWay");
        let gone = json!({ "From_Account": "alice", "To_Account": [most[1]] });
        im.call("sns/friend_delete", gone).await.ok();
        assert_eq!(add(&im, "bob", "alice").await["ResultCode"], 0);
        // An account in so many lists is deleted in steps.
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        assert_eq!(page(&im, "bob", 0).await["FriendNum"], 0);
    }

    async fn a_hundred_requests_may_wait(im: Im) {
        let names = crowd(&im, limit::FRIEND_REQUESTS as usize + 1).await;
        im.import(&["alice"]).await;
        stance(&im, "alice", ALLOW_TYPE, CONFIRM).await;
        let (last, most) = names.split_last().expect("many");
        for name in most {
            item_fails(&add(&im, name, "alice").await["ResultCode"], Relation::RequestPending);
        }
        item_fails(&add(&im, last, "alice").await["ResultCode"], Relation::RequestQuota);
        // Who asks again takes no place.
        item_fails(&add(&im, &most[0], "alice").await["ResultCode"], Relation::RequestPending);
        befriend(&im, "alice", &most[0]).await;
        item_fails(&add(&im, last, "alice").await["ResultCode"], Relation::RequestPending);
    }

    async fn a_thousand_accounts_may_be_blocked(im: Im) {
        let names = crowd(&im, limit::BLOCKLIST as usize + 1).await;
        im.import(&["alice"]).await;
        let (last, most) = names.split_last().expect("many");
        let body = json!({ "From_Account": "alice", "To_Account": most });
        assert!(im.call("sns/black_list_add", body).await.ok().get("Fail_Account").is_none());
        let answer = im.call("sns/black_list_add", json!({ "From_Account": "alice", "To_Account": [last] })).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::BlocklistQuota);
        im.call("sns/black_list_delete", json!({ "From_Account": "alice", "To_Account": [most[5]] })).await.ok();
        let answer = im.call("sns/black_list_add", json!({ "From_Account": "alice", "To_Account": [last] })).await.ok();
        assert_eq!(answer["ResultItem"][0]["ResultCode"], 0);
    }

    async fn thirty_two_groups_are_enough(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        befriend(&im, "alice", "bob").await;
        let names: Vec<String> = (0..limit::FRIEND_GROUPS).map(|n| format!("g{n}")).collect();
        im.call("sns/group_add", json!({ "From_Account": "alice", "GroupName": names })).await.ok();
        let more = json!({ "From_Account": "alice", "GroupName": ["one more"] });
        im.call("sns/group_add", more).await.fails(Relation::FriendGroupQuota);
        let mut asked = item("carol");
        asked["GroupName"] = json!("one more");
        let answer = im.call("sns/friend_add", json!({ "From_Account": "alice", "AddFriendItem": [asked] })).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FriendGroupQuota);
        let answer = im.call("sns/friend_import", json!({ "From_Account": "alice", "AddFriendItem": [asked] })).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FriendGroupQuota);
        let groups = json!([{ "Tag": "Tag_SNS_IM_Group", "Value": ["g0", "one more"] }]);
        let update = json!({ "From_Account": "alice", "UpdateItem": [{ "To_Account": "bob", "SnsItem": groups }] });
        let answer = im.call("sns/friend_update", update).await.ok();
        item_fails(&answer["ResultItem"][0]["ResultCode"], Relation::FriendGroupQuota);
        assert_eq!(answer["ResultItem"][0]["ResultInfo"], "Err_SNS_FriendUpdate_Group_Num_Exceed_Threshold");
    }

    async fn in_a_plan_of_the_cloud_nobody_adds_or_removes_faster_than_a_person(im: Im) {
        let names = crowd(&im, 102).await;
        im.import(&["alice"]).await;
        im.app(|settings, _| settings.plan = "standard".into()).await;
        let items: Vec<Value> = names.iter().map(|name| item(name)).collect();
        let answer = im.call("sns/friend_add", json!({ "From_Account": "alice", "AddFriendItem": items })).await.ok();
        assert_eq!(answer["Fail_Account"], json!(["u100", "u101"]));
        item_fails(&answer["ResultItem"][100]["ResultCode"], Relation::RequestThrottled);
        let force = json!({ "From_Account": "alice", "AddFriendItem": [items[100]], "ForceAddFlags": 1 });
        assert_eq!(im.call("sns/friend_add", force).await.ok()["ResultItem"][0]["ResultCode"], 0);
        let delete = json!({ "From_Account": "alice", "To_Account": names[..101] });
        let answer = im.call("sns/friend_delete", delete).await.ok();
        assert_eq!(answer["Fail_Account"], json!(["u100"]));
        item_fails(&answer["ResultItem"][100]["ResultCode"], Relation::RemoveThrottled);
        im.clock.advance(60_000);
        let body = json!({ "From_Account": "alice", "AddFriendItem": [items[101]] });
        assert_eq!(im.call("sns/friend_add", body).await.ok()["ResultItem"][0]["ResultCode"], 0);
    }
}
