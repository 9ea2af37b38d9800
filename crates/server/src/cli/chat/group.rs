//! Groups in the terminal: what is typed, and how what happens in them looks.

use client::{Client, GroupCreateRequest, GroupEvent, GroupMessage, GroupSendRequest, SystemNotice};
use contract::{Result, UserId};
use serde_json::Value;

use super::super::print;
use super::broken;

const HELP: &str = "  /group create NAME [ID]   a group that anybody may join; you are its owner
  /group join ID            come in
  /group add ID bob carol   bring others in
  /group remove ID bob      send others away, as its owner
  /group members ID         who is in, and as what
  /group leave ID           go; its owner cannot
  /group end ID             disband it, as its owner";

/// Does what stands behind `/group`.
pub(super) async fn obey(client: &Client, line: &str) -> Result<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let groups = client.groups();
    match words.as_slice() {
        ["create", name, id @ ..] if id.len() < 2 => {
            let wanted = GroupCreateRequest {
                group: id.first().copied().unwrap_or_default().to_owned(),
                r#type: "Public".into(),
                name: (*name).to_owned(),
                join_option: "FreeAccess".into(),
                ..GroupCreateRequest::default()
            };
            let made = groups.create(&wanted).await.map_err(broken)?;
            print(&format!("  {made} is there; write into it with @{made}: hello"));
        }
        ["join", id] => match groups.join(id, "").await.map_err(broken)? {
            None => print(&format!("  you are in {id}")),
            Some(_) => print(&format!("  {id} was asked; its admins decide")),
        },
        ["add", id, names @ ..] if !names.is_empty() => {
            for (name, result) in groups.invite(id, names).await.map_err(broken)? {
                let what = match result {
                    1 => "is in",
                    2 => "was in already",
                    3 => "was asked",
                    _ => "was not added",
                };
                print(&format!("  {name} {what}"));
            }
        }
        ["remove", id, names @ ..] if !names.is_empty() => groups.kick(id, names, "").await.map_err(broken)?,
        ["members", id] => members(client, id).await?,
        ["leave", id] => groups.quit(id).await.map_err(broken)?,
        ["end", id] => groups.disband(id).await.map_err(broken)?,
        _ => print(HELP),
    }
    Ok(())
}

async fn members(client: &Client, id: &str) -> Result<()> {
    let mut after = String::new();
    loop {
        let (page, is_last) = client.groups().members(id, &after, 0).await.map_err(broken)?;
        for member in &page {
            print(&format!("  {} ({})", member.account, member.role));
        }
        match page.last() {
            Some(last) if !is_last => after.clone_from(&last.account),
            _ => return Ok(()),
        }
    }
}

/// The groups that the account is in.
pub(super) async fn list(client: &Client) -> Result<()> {
    let mut after = String::new();
    loop {
        let (page, is_last) = client.groups().joined(&after).await.map_err(broken)?;
        for group in &page {
            print(&format!("  @{} ({} unread) {}, {} in it", group.group, group.unread, group.name, group.members));
        }
        match page.last() {
            Some(last) if !is_last => after.clone_from(&last.group),
            _ => return Ok(()),
        }
    }
}

/// The last messages of a group, oldest first.
pub(super) async fn history(client: &Client, id: &str) -> Result<()> {
    let page = client.groups().history(id, 0, 20).await.map_err(broken)?;
    for message in page.messages.iter().rev() {
        print(&format!("  {}", spoken(message).unwrap_or_else(|| format!("· {}", told(message)))));
    }
    Ok(())
}

/// Writes into a group. A word with an `@` before it mentions that account, `@all` mentions all.
pub(super) async fn write(client: &Client, id: &str, text: &str) -> Result<()> {
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix('@'));
    let names = words.map(|word| word.trim_end_matches([',', '.', '!', '?', ':', ';']));
    let (mut mentions, mut mentions_all) = (Vec::new(), false);
    for name in names {
        if name == "all" {
            mentions_all = true;
        } else if UserId::parse(name).is_ok() {
            mentions.push(name.to_owned());
        }
    }
    let message = GroupSendRequest {
        group: id.to_owned(),
        body: client::text(text),
        random: u32::from_le_bytes(crate::vault::random()),
        mentions,
        mentions_all,
        ..GroupSendRequest::default()
    };
    client.groups().send(&message).await.map(drop).map_err(broken)
}

/// How something that happened in a group looks.
pub(super) fn lines_of(user: &str, event: &GroupEvent) -> Vec<String> {
    let line = match event {
        GroupEvent::Message(notice) => {
            let Some(message) = &notice.message else { return Vec::new() };
            match spoken(message) {
                None => format!("· [{}] {}", notice.group, told(message)),
                Some(line) => {
                    let is_meant = message.from != user
                        && (message.mentions_all || message.mentions.iter().any(|name| name == user));
                    let mark = if is_meant { " (you are meant)" } else { "" };
                    format!("[{}] {line}{mark}", notice.group)
                }
            }
        }
        GroupEvent::Notice(notice) => return noticed(notice).into_iter().collect(),
        GroupEvent::Changed(notice) if !notice.recalled.is_empty() => {
            format!("· [{}] {} recalled a message", notice.group, notice.by)
        }
        GroupEvent::Changed(notice) => match notice.modified.as_ref().and_then(spoken) {
            Some(line) => format!("[{}] {line} (changed)", notice.group),
            None => return Vec::new(),
        },
        GroupEvent::Gap => "· something was left out; /history tells".to_owned(),
        _ => return Vec::new(),
    };
    vec![line]
}

fn elements(message: &GroupMessage) -> Value {
    serde_json::from_str(&message.body).unwrap_or_default()
}

/// Who says what; none of a tip.
fn spoken(message: &GroupMessage) -> Option<String> {
    if message.tip {
        return None;
    }
    if message.recalled {
        return Some(format!("{}: (recalled)", message.from));
    }
    let elements = elements(message);
    let element = |element: &Value| {
        let content = &element["MsgContent"];
        let text = content["Text"].as_str().or_else(|| content["Chunks"][0]["Markdown"].as_str());
        text.map_or_else(|| format!("[{}]", element["MsgType"].as_str().unwrap_or_default()), str::to_owned)
    };
    let text: String = elements.as_array().into_iter().flatten().map(element).collect();
    Some(format!("{}: {text}", message.from))
}

/// What a tip tells.
fn told(message: &GroupMessage) -> String {
    let content = elements(message)[0]["MsgContent"].clone();
    let names = |list: &Value, field: Option<&str>| {
        let name = |item: &Value| field.map_or(item, |field| &item[field]).as_str().unwrap_or_default().to_owned();
        list.as_array().into_iter().flatten().map(name).collect::<Vec<_>>().join(", ")
    };
    let who = names(&content["List_Account"], None);
    match content["OpType"].as_i64() {
        Some(1) => format!("{who} came in"),
        Some(2) => format!("{who} left"),
        Some(3) => format!("{who} was sent away"),
        Some(4) => format!("{who} is an admin now"),
        Some(5) => format!("{who} is no admin any more"),
        Some(6) => "the group says something else of itself".to_owned(),
        Some(7) => format!("what {} may write has changed", names(&content["MsgMemberInfo"], Some("User_Account"))),
        _ => "something happened".to_owned(),
    }
}

/// What the account alone is told; what it did itself needs no line.
fn noticed(notice: &SystemNotice) -> Option<String> {
    let SystemNotice { group, operator, text, .. } = notice;
    let what = match notice.kind {
        1 => format!("{operator} asks to come in: {text}"),
        2 => "you are in".to_owned(),
        3 => format!("you may not come in: {text}"),
        4 => format!("{operator} sent you away"),
        5 => "the group is no more".to_owned(),
        7 => format!("{operator} brought you in"),
        9 => "you are an admin now".to_owned(),
        10 => "you are no admin any more".to_owned(),
        12 => format!("{operator} asks you in"),
        255 => text.clone(),
        _ => return None,
    };
    Some(format!("· [{group}] {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> GroupMessage {
        GroupMessage { from: "bo".into(), body: body.into(), ..GroupMessage::default() }
    }

    #[test]
    fn a_message_looks_like_one_and_a_tip_like_what_happened() {
        let text = message(&client::text("hello"));
        assert_eq!(spoken(&text).as_deref(), Some("bo: hello"));
        let face = message(r#"[{"MsgType":"TIMFaceElem","MsgContent":{"Index":1}}]"#);
        assert_eq!(spoken(&face).as_deref(), Some("bo: [TIMFaceElem]"));
        let stream = r#"[{"MsgType":"TIMStreamElem","MsgContent":{"Chunks":[{"Markdown":"so far"}]}}]"#;
        assert_eq!(spoken(&message(stream)).as_deref(), Some("bo: so far"));
        assert_eq!(spoken(&GroupMessage { recalled: true, ..text.clone() }).as_deref(), Some("bo: (recalled)"));
        let tip = |content: &str| GroupMessage {
            tip: true,
            ..message(&format!(r#"[{{"MsgType":"TIMGroupTipElem","MsgContent":{content}}}]"#))
        };
        assert_eq!(spoken(&tip("{}")), None);
        assert_eq!(told(&tip(r#"{"OpType":1,"List_Account":["a","b"]}"#)), "a, b came in");
        assert_eq!(
            told(&tip(r#"{"OpType":7,"MsgMemberInfo":[{"User_Account":"a"}]}"#)),
            "what a may write has changed"
        );
        assert_eq!(told(&message("no json")), "something happened");
    }

    #[test]
    fn who_is_mentioned_sees_it() {
        let said = |mentions: &[&str], all: bool| {
            let mentions = mentions.iter().map(ToString::to_string).collect();
            let message = GroupMessage { mentions, mentions_all: all, ..message(&client::text("hi")) };
            let notice = client::GroupMessageNotice { group: "g".into(), message: Some(message) };
            lines_of("ann", &GroupEvent::Message(notice)).concat()
        };
        assert_eq!(said(&["eve"], false), "[g] bo: hi");
        assert_eq!(said(&["eve", "ann"], false), "[g] bo: hi (you are meant)");
        assert_eq!(said(&[], true), "[g] bo: hi (you are meant)");
    }
}
