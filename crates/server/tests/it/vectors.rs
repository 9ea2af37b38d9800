//! Documented requests and the shapes of their answers: `conformance/vectors`, one file on a fresh node.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::Im;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    command: String,
    body: Value,
    answer: Value,
    source: String,
}

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/vectors");
    let entries = fs::read_dir(folder).expect("the vectors are committed").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).collect();
    files.sort();
    files
}

fn read(file: &PathBuf) -> Vec<Vector> {
    let text = fs::read_to_string(file).expect("a file of vectors");
    let vectors = text.lines().enumerate();
    vectors
        .map(|(number, line)| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1))
        })
        .collect()
}

both! {
    async fn accounts_are_answered_as_documented(im: Im) { follow(&im, "account").await; }
    async fn broadcasts_are_answered_as_documented(im: Im) { follow(&im, "broadcast").await; }
    async fn conversations_are_answered_as_documented(im: Im) { follow(&im, "conversation").await; }
    async fn follows_are_answered_as_documented(im: Im) { follow(&im, "follow").await; }
    async fn messages_are_answered_as_documented(im: Im) { follow(&im, "message").await; }
    async fn mutes_are_answered_as_documented(im: Im) { follow(&im, "mute").await; }
    async fn operations_are_answered_as_documented(im: Im) { follow(&im, "operations").await; }
    async fn profiles_are_answered_as_documented(im: Im) { follow(&im, "profile").await; }
    async fn relations_are_answered_as_documented(im: Im) { follow(&im, "relation").await; }
    async fn robots_are_answered_as_documented(im: Im) { follow(&im, "robot").await; }
}

#[test]
fn every_file_is_followed_and_every_call_has_its_source() {
    let followed = include_str!("vectors.rs");
    for file in files() {
        let chapter = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(followed.contains(&format!("follow(&im, \"{chapter}\")")), "{chapter} is followed by no test");
        for vector in read(&file) {
            let source = vector.source.split(':').next().unwrap_or_default();
            assert!(source == "derived" || source.contains("/document/product/"), "{}: {source}", vector.command);
        }
    }
}

/// Makes the calls of a chapter in order. All that differ are told together.
async fn follow(im: &Im, chapter: &str) {
    let file = files().into_iter().find(|file| file.file_stem().is_some_and(|stem| stem == chapter)).expect("a file");
    let mut kept = HashMap::new();
    let mut surprises = Vec::new();
    for (number, Vector { command, body, answer, .. }) in read(&file).into_iter().enumerate() {
        let body = bring(&body, &kept);
        let given = im.call(&command, body.clone()).await.value();
        if let Err(place) = fits(&answer, &given, &mut kept) {
            surprises.push(format!(
                "{chapter}.jsonl:{}: {command} {body}\n  at {place}: {given}\n  instead of {answer}",
                number + 1
            ));
        }
    }
    assert!(surprises.is_empty(), "{} calls are answered otherwise\n{}", surprises.len(), surprises.join("\n"));
}

/// A body with what was kept in its places.
fn bring(body: &Value, kept: &HashMap<String, Value>) -> Value {
    match body {
        Value::String(text) => {
            let name = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
            name.and_then(|name| kept.get(name)).unwrap_or(body).clone()
        }
        Value::Array(items) => items.iter().map(|item| bring(item, kept)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), bring(field, kept))).collect(),
        _ => body.clone(),
    }
}

/// Whether an answer has a shape; if not, where.
fn fits(shape: &Value, given: &Value, kept: &mut HashMap<String, Value>) -> Result<(), String> {
    match (shape, given) {
        (Value::String(shape), _) if shape.starts_with('<') => {
            let (kind, name) =
                shape.trim_matches(['<', '>']).split_once(" as ").unwrap_or((shape.trim_matches(['<', '>']), ""));
            let is_kind = match kind {
                "string" => given.is_string(),
                "integer" => given.is_i64() || given.is_u64(),
                "array" => given.is_array(),
                "any" => true,
                other => return Err(format!("no kind is called {other}")),
            };
            if is_kind && !name.is_empty() {
                kept.insert(name.to_owned(), given.clone());
            }
            if is_kind { Ok(()) } else { Err(format!("(not {kind})")) }
        }
        (Value::Object(fields), Value::Object(found)) => fields.iter().try_for_each(|(name, field)| {
            let found = found.get(name).ok_or_else(|| format!("{name} (absent)"))?;
            fits(field, found, kept).map_err(|place| format!("{name}.{place}"))
        }),
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            let mut pairs = items.iter().zip(found).enumerate();
            pairs.try_for_each(|(number, (item, found))| {
                fits(item, found, kept).map_err(|place| format!("{number}.{place}"))
            })
        }
        _ if shape == given => Ok(()),
        _ => Err("(another value)".into()),
    }
}

#[test]
fn a_shape_tells_what_fits_from_what_does_not() {
    let mut kept = HashMap::new();
    let mut check = |shape: Value, given: Value, expected: Result<(), &str>| {
        assert_eq!(
            fits(&shape, &given, &mut kept).map_err(|place| place.clone()),
            expected.map_err(str::to_owned),
            "{shape}"
        );
    };
    check(json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), Ok(()));
    check(json!({ "a": 1 }), json!({ "b": 2 }), Err("a (absent)"));
    check(json!({ "a": [{ "b": 1 }] }), json!({ "a": [{ "b": 2 }] }), Err("a.0.b.(another value)"));
    check(json!([1]), json!([1, 2]), Err("(another value)"));
    check(json!("<integer>"), json!("1"), Err("(not integer)"));
    check(json!("<string as key>"), json!("x"), Ok(()));
    assert_eq!(bring(&json!({ "MsgKey": "<key>", "Text": "<b>" }), &kept), json!({ "MsgKey": "x", "Text": "<b>" }));
}
