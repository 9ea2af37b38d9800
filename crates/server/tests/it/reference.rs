//! What is published of the IM REST surface: the list of commands, the reference pages, the OpenAPI document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use server::im::openapi::{answer_of, body_of, summary_of};
use server::im::{COMMANDS, reference};
use server::openapi::action::Product;
use server::openapi::reference::params_of;

use crate::harness::Im;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Surface, chapter, command and version.
type Line = (String, String, String, String);

fn published() -> Vec<Line> {
    let text = fs::read_to_string(format!("{ROOT}/fixtures/commands.tsv")).expect("the fixture is committed");
    let rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let rows = rows.filter(|row| row[0].starts_with("im-"));
    rows.map(|row| (row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone())).collect()
}

#[test]
fn what_is_served_is_what_was_published() {
    let printed = server::im::commands_tsv();
    let mut served = BTreeSet::new();
    for line in printed.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [surface, chapter, command, version] = cells[..] else { panic!("four columns: {line}") };
        let row = (surface.to_owned(), chapter.to_owned(), command.to_owned(), version.to_owned());
        assert!(served.insert(row), "twice: {line}");
    }
    let published: BTreeSet<_> = published().into_iter().collect();
    let (lost, unheard): (Vec<_>, Vec<_>) =
        (published.difference(&served).collect(), served.difference(&published).collect());
    assert!(lost.is_empty(), "published and not served under its chapter: {lost:?}");
    assert!(unheard.is_empty(), "served, but never published so: {unheard:?}");
}

#[test]
fn the_actions_of_the_push_openapis_are_what_was_published() {
    let read = |text: &str| -> BTreeSet<(String, String, String, String)> {
        let rows = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        let rows = rows.filter(|row| matches!(&*row[0], "emas" | "mpaas"));
        rows.map(|row| (row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone())).collect()
    };
    let fixture = fs::read_to_string(format!("{ROOT}/fixtures/commands.tsv")).expect("the fixture is committed");
    let (published, served) = (read(&fixture), read(&server::openapi::commands_tsv()));
    assert_eq!(served, published);
}

#[test]
fn every_action_says_what_it_does_and_every_parameter_what_it_means() {
    let mut silent = Vec::new();
    for command in Product::ALL.into_iter().flat_map(server::openapi::commands) {
        let params = params_of(command);
        let (summary, _) = summary_of(&params);
        if summary.len() < 10 {
            silent.push(command.name.to_owned());
        }
        look(&params, command.name, &mut silent);
        let answer = server::openapi::reference::answer_of(command);
        look(&answer, command.name, &mut silent);
        assert!(answer["type"] == "object", "{}: an answer is an object", command.name);
    }
    assert!(silent.is_empty(), "without a comment that outsiders could read: {silent:#?}");
}

/// The reference pages of every surface.
fn all_pages() -> BTreeMap<String, String> {
    let mut pages = reference::pages();
    pages.extend(server::openapi::reference::pages());
    pages
}

#[test]
fn the_pages_are_current() {
    let folder = Path::new(ROOT).join("docs/reference");
    let pages = all_pages();
    if env::var_os("UPDATE").is_some() {
        for (path, page) in &pages {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().expect("it lies in a folder")).expect("the folder can be made");
            fs::write(folder.join(path), page).expect("the page can be written");
        }
    }
    for (path, page) in &pages {
        let committed = fs::read_to_string(folder.join(path)).unwrap_or_default();
        assert!(committed == *page, "docs/reference/{path} is out of date: UPDATE=1 cargo test -p server reference");
    }
    for surface in ["im-rest", "emas", "mpaas"] {
        // A product without an action has no folder.
        for entry in fs::read_dir(folder.join(surface)).into_iter().flatten().flatten() {
            let path = format!("{surface}/{}", entry.file_name().to_string_lossy());
            assert!(pages.contains_key(&path), "docs/reference/{path} is a page of nothing");
        }
    }
}

#[test]
fn links_from_page_to_page_lead_somewhere() {
    let pages = all_pages();
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
