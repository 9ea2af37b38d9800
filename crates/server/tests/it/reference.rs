//! What is published of the IM REST surface: the list of commands, the reference pages, the OpenAPI document.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use server::im::openapi::{answer_of, body_of, summary_of};
use server::im::{COMMANDS, reference};

use crate::harness::Im;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Commands of the published list that are not built yet. A command leaves this list when it is served, and none
/// comes in. What belongs to groups has chapters of its own.
pub(crate) const NOT_BUILT: &[&str] = &[
    "ConfigSvc/GetIPList",
    "all_member_push/im_add_tag",
    "all_member_push/im_get_attr",
    "all_member_push/im_get_attr_name",
    "all_member_push/im_get_tag",
    "all_member_push/im_push",
    "all_member_push/im_remove_all_tags",
    "all_member_push/im_remove_attr",
    "all_member_push/im_remove_tag",
    "all_member_push/im_set_attr",
    "all_member_push/im_set_attr_name",
    "follow/follow_add",
    "follow/follow_check",
    "follow/follow_delete",
    "follow/follow_get",
    "follow/follow_get_info",
    "im_cos_msg/allow_banned_object",
    "im_cos_msg/forbid_illegal_object",
    "im_cos_msg/get_cos_sig",
    "open_msg_svc/get_history",
    "openconfigsvr/getappinfo",
    "openconfigsvr/getnospeaking",
    "openconfigsvr/setnospeaking",
    "openim/delete_c2c_msg_ramble",
    "openim/modify_c2c_msg",
    "openim_msg_ext_http_svc/get_key_values",
    "openim_msg_ext_http_svc/set_key_values",
    "openim_robot_http_svc/create_robot",
    "openim_robot_http_svc/delete_robot",
    "openim_robot_http_svc/get_all_robots",
    "openim_robot_http_svc/send_stream_msg",
    "profile/portrait_get",
    "profile/portrait_set",
    "recentcontact/create_contact_group",
    "recentcontact/del_contact_group",
    "recentcontact/delete",
    "recentcontact/get_contact_group",
    "recentcontact/get_list",
    "recentcontact/mark_contact",
    "recentcontact/search_contact_group",
    "recentcontact/update_contact_group",
    "sns/black_list_add",
    "sns/black_list_check",
    "sns/black_list_delete",
    "sns/black_list_get",
    "sns/friend_add",
    "sns/friend_check",
    "sns/friend_delete",
    "sns/friend_delete_all",
    "sns/friend_get",
    "sns/friend_get_list",
    "sns/friend_import",
    "sns/friend_update",
    "sns/group_add",
    "sns/group_delete",
    "sns/group_get",
    "stream_msg/send_c2c_stream_msg",
    "stream_msg/send_group_stream_msg",
    "timpush/add_tag",
    "timpush/batch",
    "timpush/clear_all_tags",
    "timpush/get_attr",
    "timpush/get_attr_name",
    "timpush/get_tag",
    "timpush/push",
    "timpush/remove_attr",
    "timpush/remove_tag",
    "timpush/revoke",
    "timpush/set_attr",
    "timpush/set_attr_name",
];

/// Chapters of which nothing is built yet.
const NOT_BEGUN: [&str; 4] = ["group", "live-room", "topic", "permission-group"];

fn published() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(format!("{ROOT}/fixtures/commands.tsv")).expect("the fixture is committed");
    let rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let rows = rows.filter(|row| row[0] == "im-rest" && !NOT_BEGUN.contains(&&*row[1]));
    rows.map(|row| (row[1].clone(), row[2].clone(), row[3].clone())).collect()
}

#[test]
fn what_is_served_is_what_was_published_but_for_a_list_that_only_shrinks() {
    let printed = server::im::commands_tsv();
    let mut served = BTreeSet::new();
    for line in printed.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [surface, chapter, command, version] = cells[..] else { panic!("four columns: {line}") };
        assert_eq!(surface, "im-rest");
        assert!(served.insert((chapter.to_owned(), command.to_owned(), version.to_owned())), "twice: {line}");
    }
    assert!(NOT_BUILT.is_sorted(), "the list is sorted");
    let missing: Vec<String> =
        published().into_iter().filter(|row| !served.contains(row)).map(|(_, command, _)| command).collect();
    let missing: BTreeSet<&str> = missing.iter().map(String::as_str).collect();
    let listed: BTreeSet<&str> = NOT_BUILT.iter().copied().collect();
    let (lost, done): (Vec<_>, Vec<_>) = (missing.difference(&listed).collect(), listed.difference(&missing).collect());
    assert!(lost.is_empty(), "published and neither served under its chapter nor listed as not built: {lost:?}");
    assert!(done.is_empty(), "served now: take them off the list: {done:?}");
    let published: BTreeSet<_> = published().into_iter().collect();
    let begun = served.iter().filter(|(chapter, ..)| !NOT_BEGUN.contains(&&**chapter));
    let unheard: Vec<_> = begun.filter(|row| !published.contains(row)).collect();
    assert!(unheard.is_empty(), "served, but never published so: {unheard:?}");
}

#[test]
fn the_pages_are_current() {
    let folder = Path::new(ROOT).join("docs/reference");
    let pages = reference::pages();
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(folder.join("im-rest")).expect("the folder can be made");
        for (path, page) in &pages {
            fs::write(folder.join(path), page).expect("the page can be written");
        }
    }
    for (path, page) in &pages {
        let committed = fs::read_to_string(folder.join(path)).unwrap_or_default();
        assert!(committed == *page, "docs/reference/{path} is out of date: UPDATE=1 cargo test -p server reference");
    }
    for entry in fs::read_dir(folder.join("im-rest")).expect("the pages are there").flatten() {
        let path = format!("im-rest/{}", entry.file_name().to_string_lossy());
        assert!(pages.contains_key(&path), "docs/reference/{path} is a page of nothing");
    }
}

#[test]
fn links_from_page_to_page_lead_somewhere() {
    let pages = reference::pages();
    let anchors = |page: &str| -> BTreeSet<String> {
        let headings = page.lines().filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")));
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
        headings
            .map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
            .collect()
    };
    let codes = contract::codes::markdown();
    for (path, page) in &pages {
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').expect("links name a place in a page");
            let target = if file.ends_with("codes.md") { &codes } else { &pages[file] };
            assert!(anchors(target).contains(anchor), "{path}: {link}");
        }
    }
}

#[test]
fn every_command_says_what_it_does_and_every_field_what_it_means() {
    let mut silent = Vec::new();
    for command in COMMANDS {
        let body = body_of(command);
        let (summary, _) = summary_of(&body);
        if summary.len() < 10 {
            silent.push(command.name.to_owned());
        }
        look(&body, command.name, &mut silent);
        assert!(answer_of(command)["type"] == "object", "{}: an answer is an object", command.name);
    }
    assert!(silent.is_empty(), "without a comment that outsiders could read: {silent:#?}");
}

/// Notes every field without a description.
fn look(schema: &Value, place: &str, silent: &mut Vec<String>) {
    match schema {
        Value::Object(parts) => {
            for (name, field) in parts.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if field["description"].as_str().is_none_or(str::is_empty) {
                    silent.push(format!("{place} {name}"));
                }
            }
            parts.values().for_each(|part| look(part, place, silent));
        }
        Value::Array(parts) => parts.iter().for_each(|part| look(part, place, silent)),
        _ => {}
    }
}

/// Every reference in a document.
fn references<'a>(document: &'a Value, found: &mut Vec<&'a str>) {
    match document {
        Value::Object(parts) => {
            found.extend(parts.get("$ref").and_then(Value::as_str));
            parts.values().for_each(|part| references(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_openapi_document_is_served_and_describes_every_command() {
    let im = Im::start(store::testing::TestEngine::Sqlite).await.expect("SQLite is always tested");
    let answer = server::rest::Rest::new(im.address(), 1, "nobody", "x").get("/v4/openapi.json").await;
    let document: Value = serde_json::from_slice(&answer.expect("it is served")).expect("it is JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), COMMANDS.len());
    let mut operations = BTreeSet::new();
    for command in COMMANDS {
        let operation = &paths[&format!("/v4/{}", command.name)]["post"];
        assert!(operations.insert(operation["operationId"].as_str().expect("an id")), "{}", command.name);
        assert_eq!(operation["tags"][0], command.chapter);
        assert!(operation["x-codes"].as_array().is_some_and(|codes| !codes.is_empty()), "{}", command.name);
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > COMMANDS.len() * 3);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("nothing lies outside");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    // A call to it is a call of a command that does not exist.
    im.send("POST", "/v4/openapi.json", "{}").await.fails(contract::codes::Common::CommandUnknown);
}

#[tokio::test]
async fn the_document_is_read_by_tools_in_a_browser() {
    let im = Im::start(store::testing::TestEngine::Sqlite).await.expect("SQLite is always tested");
    let answer = im.send("GET", "/v4/openapi.json", "").await;
    assert_eq!(answer.head().status, 200);
    assert_eq!(answer.head().headers["content-type"], "application/json");
    assert_eq!(answer.head().headers["access-control-allow-origin"], "*");
}
