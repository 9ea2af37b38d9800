//! Lists of groups and of members.

use contract::codes::Group;
use serde_json::{Value, json};

use super::{ask, make};

both! {
    async fn the_groups_of_the_app_come_in_pages_and_by_type(im: Im) {
        for (n, kind) in ["Public", "Private", "Public", "ChatRoom", "Public"].into_iter().enumerate() {
            ask(&im, "create_group", json!({ "GroupId": format!("g{n}"), "Type": kind, "Name": "n" })).await.ok();
        }
        let first = ask(&im, "get_appid_group_list", json!({ "Limit": 2, "Next": 0, "GroupType": "Public" })).await.ok();
        assert_eq!([&first["TotalCount"], &first["GroupIdList"]], [&json!(3), &json!([{ "GroupId": "g0" }, { "GroupId": "g2" }])]);
        let second = ask(&im, "get_appid_group_list", json!({ "Limit": 2, "Next": first["Next"], "GroupType": "Public" })).await.ok();
        assert_eq!([&second["GroupIdList"], &second["Next"]], [&json!([{ "GroupId": "g4" }]), &json!(0)]);
        assert_eq!(ask(&im, "get_appid_group_list", json!({})).await.ok()["TotalCount"], 5);
        assert_eq!(ask(&im, "get_appid_group_list", json!({ "GroupType": "BChatRoom" })).await.ok()["TotalCount"], 0);
        for bad in [json!({ "Limit": 0 }), json!({ "Limit": 10_001 }), json!({ "Next": -1 }), json!({ "GroupType": "x" })] {
            ask(&im, "get_appid_group_list", bad).await.fails(Group::FieldInvalid);
        }
        im.app(|settings, _| settings.plan = "flagship".into()).await;
        ask(&im, "get_appid_group_list", json!({})).await.ok();
        ask(&im, "get_appid_group_list", json!({})).await.fails(Group::OperationThrottled);
    }

    async fn the_groups_of_an_account_are_counted_beyond_what_is_read_at_once(im: Im) {
        im.import(&["ann"]).await;
        for some in (0..1_003).collect::<Vec<i32>>().chunks(50) {
            futures_util::future::join_all(some.iter().map(|n| {
                let kind = if n % 2 == 0 { "Public" } else { "ChatRoom" };
                let body = json!({ "GroupId": format!("g{n:04}"), "Type": kind, "Name": "n", "Owner_Account": "ann" });
                async { ask(&im, "create_group", body).await.ok() }
            }))
            .await;
        }
        let body = json!({ "Member_Account": "ann", "Limit": 2, "Offset": 1_001 });
        let last = ask(&im, "get_joined_group_list", body).await.ok();
        assert_eq!([&last["TotalCount"], &last["GroupIdList"]], [&json!(1_003), &json!([{ "GroupId": "g1001" }, { "GroupId": "g1002" }])]);
        let body = json!({ "Member_Account": "ann", "Limit": 1, "Offset": 501, "GroupType": "Public" });
        let last = ask(&im, "get_joined_group_list", body).await.ok();
        assert_eq!([&last["TotalCount"], &last["GroupIdList"]], [&json!(502), &json!([{ "GroupId": "g1002" }])]);
    }

    async fn the_groups_of_an_account_come_with_what_is_asked_for(im: Im) {
        im.import(&["ann", "bo"]).await;
        make(&im, "a", "Public", "ann", &["bo"]).await;
        make(&im, "b", "ChatRoom", "ann", &["bo"]).await;
        make(&im, "c", "Public", "ann", &[]).await;
        let filter = json!({ "GroupBaseInfoFilter": ["Type"], "SelfInfoFilter": ["Role", "MsgFlag"] });
        let body = json!({ "Member_Account": "bo", "ResponseFilter": filter });
        let found = ask(&im, "get_joined_group_list", body).await.ok();
        assert_eq!(found["GroupIdList"], json!([
            { "GroupId": "a", "Type": "Public", "SelfInfo": { "Role": "Member", "MsgFlag": "AcceptAndNotify" } },
            { "GroupId": "b", "Type": "ChatRoom", "SelfInfo": { "Role": "Member", "MsgFlag": "AcceptNotNotify" } }]));
        let page = ask(&im, "get_joined_group_list", json!({ "Member_Account": "ann", "Limit": 1, "Offset": 2 })).await.ok();
        assert_eq!([&page["TotalCount"], &page["GroupIdList"]], [&json!(3), &json!([{ "GroupId": "c" }])]);
        let typed = json!({ "Member_Account": "ann", "GroupType": "Meeting" });
        assert_eq!(ask(&im, "get_joined_group_list", typed).await.ok()["TotalCount"], 1);
        ask(&im, "get_joined_group_list", json!({ "Member_Account": "nobody" })).await.fails(Group::AccountUnknown);
        for bad in [json!({ "Member_Account": "ann", "Limit": 5_001 }), json!({ "Member_Account": "ann", "GroupType": "x" }),
            json!({ "Member_Account": "ann", "SupportTopic": 1, "GroupType": "Public" }), json!({})] {
            ask(&im, "get_joined_group_list", bad).await.fails(Group::FieldInvalid);
        }
    }

    async fn members_come_in_pages(im: Im) {
        im.import(&["ann", "bo", "cy", "dee"]).await;
        make(&im, "g", "Public", "ann", &["bo", "cy", "dee"]).await;
        let names = |answer: &Value| -> Vec<String> {
            let list = answer["MemberList"].as_array().expect("a list");
            list.iter().map(|member| member["Member_Account"].as_str().expect("a name").to_owned()).collect()
        };
        let page = ask(&im, "get_group_member_info", json!({ "GroupId": "g", "Limit": 2, "Offset": 1 })).await.ok();
        assert_eq!((page["MemberNum"].as_i64(), names(&page)), (Some(4), vec!["bo".to_owned(), "cy".to_owned()]));
        let owners = json!({ "GroupId": "g", "MemberRoleFilter": ["Owner"], "MemberInfoFilter": ["Role", "JoinTime"] });
        assert_eq!(ask(&im, "get_group_member_info", owners).await.ok()["MemberList"],
            json!([{ "Member_Account": "ann", "Role": "Owner", "JoinTime": 1_700_000_000 }]));
        make(&im, "@TGS#_c", "Community", "ann", &["bo", "cy"]).await;
        let mut next = String::new();
        let mut all = Vec::new();
        loop {
            let body = json!({ "GroupId": "@TGS#_c", "Limit": 2, "Next": next });
            let page = ask(&im, "get_group_member_info", body).await.ok();
            all.extend(names(&page));
            page["Next"].as_str().expect("a cursor").clone_into(&mut next);
            if next.is_empty() {
                break;
            }
        }
        assert_eq!(all, ["ann", "bo", "cy"]);
        ask(&im, "get_group_member_info", json!({ "GroupId": "@TGS#_c" })).await.fails(Group::FieldInvalid);
        ask(&im, "get_group_member_info", json!({ "GroupId": "g", "Limit": 6_001 })).await.fails(Group::FieldInvalid);
        ask(&im, "get_group_member_info", json!({ "GroupId": "g", "MemberRoleFilter": ["x"] })).await.fails(Group::FieldInvalid);
        ask(&im, "create_group", json!({ "GroupId": "live", "Type": "AVChatRoom", "Name": "n" })).await.ok();
        ask(&im, "get_group_member_info", json!({ "GroupId": "live" })).await.fails(Group::OperationForbidden);
        ask(&im, "get_role_in_group", json!({ "GroupId": "live", "User_Account": ["ann"] })).await
            .fails(Group::OperationForbidden);
    }

    async fn a_list_that_is_too_large_says_so(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        let fill = |tx: &mut store::Tx<'_>, count: usize, fields: &str| -> contract::Result<()> {
            let id = contract::group::GroupId::trusted("g");
            let mut group = chat::group::find(tx, &id)?;
            let members: Vec<_> = (0..count).map(|n| {
                let account = contract::UserId::trusted(&format!("member{n:05}"));
                let mut member = store::groups::members::Member::new(account, contract::group::Role::Member, &group, contract::Millis(1));
                fields.clone_into(&mut member.name_card);
                member
            }).collect();
            store::groups::members::put(tx, group.conversation, &members)?;
            group.members += count as i64;
            store::groups::save(tx, &group)
        };
        let write = im.node().store.write(crate::harness::APP, move |tx| fill(tx, 6_000, &"c".repeat(50)));
        write.await.expect("members");
        ask(&im, "get_group_member_info", json!({ "GroupId": "g" })).await.fails(Group::MembersTooMany);
        ask(&im, "get_group_member_info", json!({ "GroupId": "g", "Limit": 6_000 })).await.fails(Group::AnswerTooLarge);
        let page = ask(&im, "get_group_member_info", json!({ "GroupId": "g", "Limit": 100, "Offset": 5_950 })).await.ok();
        assert_eq!(page["MemberList"].as_array().map(Vec::len), Some(51));
    }
}
