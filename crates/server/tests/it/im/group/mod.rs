//! Groups by REST, and what only a device meets.

mod codes;
mod conflicts;
mod device;
mod ended;
mod late;
mod lists;
mod members;
mod messages;
mod order;
mod permitted;
mod profile;
mod quotas;
mod races;
mod roles;
mod transfer;
mod unread;
mod written;

use serde_json::{Value, json};

use crate::harness::{Im, elements};

/// Calls a command of the group service and answers what it said.
pub(crate) async fn ask(im: &Im, command: &str, body: Value) -> crate::harness::Answer {
    im.call(&format!("group_open_http_svc/{command}"), body).await
}

/// Makes a group of a type with an owner and members, under an id of its own.
pub(crate) async fn make(im: &Im, id: &str, kind: &str, owner: &str, members: &[&str]) {
    let list: Vec<Value> = members.iter().map(|member| json!({ "Member_Account": member })).collect();
    let body = json!({ "GroupId": id, "Type": kind, "Name": "n", "Owner_Account": owner, "MemberList": list });
    ask(im, "create_group", body).await.ok();
}

/// A message to a group.
pub(crate) fn letter(id: &str, from: &str, random: u32, text: &str) -> Value {
    json!({ "GroupId": id, "From_Account": from, "Random": random, "MsgBody": elements(text) })
}

/// Sends a message into a group; answers its sequence.
pub(crate) async fn say(im: &Im, id: &str, from: &str, random: u32, text: &str) -> i64 {
    let answer = ask(im, "send_group_msg", letter(id, from, random, text)).await.ok();
    answer["MsgSeq"].as_i64().expect("a sequence")
}

/// What a group says of itself.
pub(crate) async fn info(im: &Im, id: &str) -> Value {
    let answer = ask(im, "get_group_info", json!({ "GroupIdList": [id] })).await.ok();
    answer["GroupInfo"][0].clone()
}

/// What an account is in a group.
pub(crate) async fn role(im: &Im, id: &str, account: &str) -> String {
    let answer = ask(im, "get_role_in_group", json!({ "GroupId": id, "User_Account": [account] })).await.ok();
    answer["UserIdList"][0]["Role"].as_str().expect("a role").to_owned()
}

/// The newest history, newest first: sequence and first text, or what kind of tip.
pub(crate) async fn history(im: &Im, id: &str) -> Vec<(i64, String)> {
    let body = json!({ "GroupId": id, "ReqMsgNumber": 20, "WithRecalledMsg": 1 });
    let answer = ask(im, "group_msg_get_simple", body).await.ok();
    let entry = |item: &Value| {
        let content = &item["MsgBody"][0]["MsgContent"];
        let text = match (item["IsPlaceMsg"].as_i64(), content["OpType"].as_i64()) {
            (Some(2), _) => "recalled".to_owned(),
            (Some(1), _) => "gone".to_owned(),
            (_, Some(tip)) => format!("tip {tip}"),
            _ => content["Text"].as_str().unwrap_or_default().to_owned(),
        };
        (item["MsgSeq"].as_i64().expect("a sequence"), text)
    };
    answer["RspMsgList"].as_array().expect("a list").iter().map(entry).collect()
}
