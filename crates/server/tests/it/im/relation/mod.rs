//! Relations: friends, blocklists, friend groups.

mod blocks;
mod concurrent;
mod failures;
mod friends;
mod groups;
mod input;
mod model;
mod quotas;

use serde_json::{Value, json};

use crate::harness::Im;

/// An item of `friend_add`.
pub(super) fn item(account: &str) -> Value {
    json!({ "To_Account": account, "AddSource": "AddSource_Type_Web" })
}

/// Adds a friend and answers the item's result.
pub(super) async fn add(im: &Im, from: &str, to: &str) -> Value {
    let body = json!({ "From_Account": from, "AddFriendItem": [item(to)] });
    im.call("sns/friend_add", body).await.ok()["ResultItem"][0].clone()
}

/// Makes two accounts friends of each other, whatever they say.
pub(super) async fn befriend(im: &Im, one: &str, other: &str) {
    let body = json!({ "From_Account": one, "AddFriendItem": [item(other)], "ForceAddFlags": 1 });
    let answer = im.call("sns/friend_add", body).await.ok();
    assert_eq!(answer["ResultItem"][0]["ResultCode"], 0, "{answer}");
}

/// Blocks an account.
pub(super) async fn block(im: &Im, from: &str, to: &str) -> Value {
    let body = json!({ "From_Account": from, "To_Account": [to] });
    im.call("sns/black_list_add", body).await.ok()["ResultItem"][0].clone()
}

/// What one account is to another, on both sides.
pub(super) async fn relation(im: &Im, from: &str, to: &str) -> String {
    let body = json!({ "From_Account": from, "To_Account": [to], "CheckType": "CheckResult_Type_Both" });
    let answer = im.call("sns/friend_check", body).await.ok();
    answer["InfoItem"][0]["Relation"].as_str().expect("a relation").to_owned()
}

/// One page of friends.
pub(super) async fn page(im: &Im, from: &str, start: i64) -> Value {
    im.call("sns/friend_get", json!({ "From_Account": from, "StartIndex": start })).await.ok()
}

/// The value of a tag among those of a friend.
pub(super) fn value<'a>(friend: &'a Value, list: &str, tag: &str) -> &'a Value {
    let values = friend[list].as_array().expect("a list").iter();
    values.clone().find(|value| value["Tag"] == tag).map_or(&Value::Null, |value| &value["Value"])
}

/// Sets a field of a profile.
pub(super) async fn stance(im: &Im, account: &'static str, tag: &'static str, word: &'static str) {
    let set = im.node().store.write(crate::harness::APP, move |tx| {
        let standard = json!({ tag: word }).to_string();
        tx.run(
            store::sql!(
                "INSERT INTO profiles (app, account, standard, custom) VALUES ($1, $2, $3, '{}')
                 ON CONFLICT (app, account) DO UPDATE SET standard = $3"
            ),
            (tx.app(), account, standard),
        )
    });
    assert_eq!(set.await.expect("the profile is set"), 1);
}

pub(super) const ALLOW_TYPE: &str = "Tag_Profile_IM_AllowType";
pub(super) const CONFIRM: &str = "AllowType_Type_NeedConfirm";
pub(super) const DENY: &str = "AllowType_Type_DenyAny";
