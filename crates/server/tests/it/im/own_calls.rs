//! What accounts do for themselves, where the app lets accounts call that are no administrators.

use contract::codes::{Common, Conversation, Profile, Relation};
use serde_json::{Value, json};

use crate::harness::{item_fails, with};

/// Calls that are an account's own, with the code that anybody else meets.
fn own(account: &str) -> Vec<(&'static str, Value, &'static contract::codes::Row)> {
    let (relation, conversation) = (Relation::NotAdmin.row(), Conversation::NotAdmin.row());
    let from = json!({ "From_Account": account });
    let of = |changes: Value| with(from.clone(), changes);
    let bob = || of(json!({ "To_Account": ["bob"] }));
    let item = json!({ "To_Account": "bob", "AddSource": "AddSource_Type_Web" });
    let sns = json!([{ "Tag": "Tag_SNS_IM_Remark", "Value": "Bobby" }]);
    let contact = json!({ "Type": 1, "To_Account": "bob" });
    vec![
        ("sns/friend_add", of(json!({ "AddFriendItem": [item] })), relation),
        ("sns/friend_update", of(json!({ "UpdateItem": [{ "To_Account": "bob", "SnsItem": sns }] })), relation),
        ("sns/friend_get", of(json!({ "StartIndex": 0 })), relation),
        ("sns/friend_get_list", with(bob(), json!({ "TagList": ["Tag_SNS_IM_Remark"] })), relation),
        ("sns/friend_check", with(bob(), json!({ "CheckType": "CheckResult_Type_Both" })), relation),
        ("sns/group_add", of(json!({ "GroupName": ["work"], "To_Account": ["bob"] })), relation),
        ("sns/group_get", of(json!({ "NeedFriend": "Need_Friend_Type_No" })), relation),
        ("sns/group_delete", of(json!({ "GroupName": ["work"] })), relation),
        ("sns/friend_delete", with(bob(), json!({ "DeleteType": "Delete_Type_Single" })), relation),
        ("sns/friend_delete_all", from.clone(), relation),
        ("sns/black_list_add", bob(), relation),
        ("sns/black_list_get", of(json!({ "StartIndex": 0, "MaxLimited": 10, "LastSequence": 0 })), relation),
        ("sns/black_list_check", with(bob(), json!({ "CheckType": "BlackCheckResult_Type_Both" })), relation),
        ("sns/black_list_delete", bob(), relation),
        ("follow/follow_add", of(json!({ "FollowItem": [{ "To_Account": "bob" }] })), relation),
        ("follow/follow_check", bob(), relation),
        ("follow/follow_get_info", bob(), relation),
        (
            "profile/portrait_set",
            of(json!({ "ProfileItem": [{ "Tag": "Tag_Profile_IM_Nick", "Value": "Al" }] })),
            Profile::NotAdmin.row(),
        ),
        (
            "recentcontact/get_list",
            of(json!({ "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0, "AssistFlags": 0 })),
            conversation,
        ),
        ("recentcontact/get_contact_group", of(json!({ "StartIndex": 0 })), conversation),
        ("recentcontact/delete", with(from.clone(), contact), conversation),
    ]
}

both! {
    async fn an_account_calls_for_itself_and_for_nobody_else_where_the_app_lets_it(im: Im) {
        im.import(&["alice", "bob", "carol"]).await;
        im.text("alice", "bob", 1, "x").await;
        let sig = im.sig("alice");
        for (command, body, _) in own("alice") {
            im.call_as("alice", &sig, command, body).await.fails(Common::NotAdmin);
        }
        im.app(|settings, _| settings.users_may_call = true).await;
        for (command, body, _) in own("alice") {
            im.call_as("alice", &sig, command, body).await.ok();
        }
        for (command, body, refused) in own("carol") {
            im.call_as("alice", &sig, command, body).await.fails(refused);
        }
        let held = im.call("profile/portrait_get", json!({ "To_Account": ["alice", "carol"], "TagList": ["Tag_Profile_IM_Nick"] })).await.ok();
        let nick = |index: usize| held["UserProfileItem"][index]["ProfileItem"].as_array().map(Vec::len);
        assert_eq!((nick(0), nick(1)), (Some(1), Some(0)), "{held}");
    }

    async fn what_goes_past_the_other_side_or_is_for_back_ends_stays_with_administrators(im: Im) {
        im.import(&["alice", "bob"]).await;
        im.app(|settings, _| settings.users_may_call = true).await;
        let (sig, item) = (im.sig("alice"), json!([{ "To_Account": "bob", "AddSource": "AddSource_Type_Web" }]));
        let add = json!({ "From_Account": "alice", "AddFriendItem": item });
        let deny = json!([{ "Tag": "Tag_Profile_IM_AllowType", "Value": "AllowType_Type_DenyAny" }]);
        im.call("profile/portrait_set", json!({ "From_Account": "bob", "ProfileItem": deny })).await.ok();
        im.call_as("alice", &sig, "sns/friend_import", add.clone()).await.fails(Relation::NotAdmin);
        let forced = with(add.clone(), json!({ "ForceAddFlags": 1 }));
        im.call_as("alice", &sig, "sns/friend_add", forced.clone()).await.fails(Relation::NotAdmin);
        let asked = im.call_as("alice", &sig, "sns/friend_add", add).await.ok();
        item_fails(&asked["ResultItem"][0]["ResultCode"], Relation::RequestRefused);
        im.call("sns/friend_add", forced).await.ok();
        // A field that only back ends write is no more the account's here than on a device.
        let free = json!([{ "Tag": "Tag_Profile_IM_AdminForbidType", "Value": "AdminForbid_Type_None" }]);
        let free = json!({ "From_Account": "alice", "ProfileItem": free });
        im.call_as("alice", &sig, "profile/portrait_set", free.clone()).await.fails(Profile::FieldUnwritable);
        im.call("profile/portrait_set", free).await.ok();
    }
}
