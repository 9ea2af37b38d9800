//! The rules of the house, held by reading the source. Each rule is shown to catch what it forbids.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
struct Source {
    path: String,
    text: String,
}

#[test]
fn the_house_is_tidy() {
    let mut complaints = Vec::new();
    for source in sources() {
        for rule in RULES {
            complaints.extend(rule(&source).into_iter().map(|what| format!("{}: {what}", source.path)));
        }
    }
    complaints.extend(arrows());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn each_rule_catches_what_it_forbids() {
    let check = |rule: Rule, path: &str, text: &str| {
        let source = Source { path: path.into(), text: text.into() };
        assert!(!rule(&source).is_empty(), "a rule lets this pass in {path}: {text}");
    };
    let (in_chat, in_test) = ("crates/chat/src/example.rs", "crates/server/tests/it/example.rs");
    check(is_short, in_chat, &"//! x\n".repeat(501));
    check(has_short_functions, in_chat, &format!("//! x\nfn long() {{\n{}}}\n", "    step();\n".repeat(71)));
    let long = format!("(\n    a: u8,\n) {{\n{}}}\n", "    step();\n".repeat(71));
    for before in ["pub(crate) async fn long", "pub const fn long", "fn long<'a>"] {
        check(has_short_functions, in_chat, &format!("//! x\n{before}{long}"));
    }
    check(says_what_it_is, in_chat, "fn main() {}\n");
    check(keeps_sql_in_the_store, in_chat, "//! x\nconst Q: &str = \"SELECT a FROM b\";\n");
    check(keeps_sql_in_the_store, in_chat, "//! x\nuse rusqlite::Connection;\n");
    check(keeps_numbers_in_the_catalogue, in_chat, &format!("//! x\nconst CODE: i32 = {PUBLISHED};\n"));
    check(keeps_numbers_in_the_catalogue, in_test, &format!("//! x\n// a state\nconst CODE: i32 = {PUBLISHED};\n"));
    check(keeps_shapes_at_the_surface, in_chat, "//! x\n#[derive(Serialize)]\nstruct A;\n");
    check(is_finished, in_chat, concat!("//! x\n// TO", "DO: later\n"));
    check(gives_reasons, in_chat, "//! x\n#[allow(dead_code)]\nfn a() {}\n");
    check(keeps_to_itself, in_chat, "//! x\nconst HOME: &str = \"/home/me/x\";\n");
}

#[test]
fn a_rule_lets_pass_what_only_looks_forbidden() {
    let check = |rule: Rule, path: &str, text: &str| {
        let source = Source { path: path.into(), text: text.into() };
        assert_eq!(rule(&source), Vec::<String>::new(), "in {path}: {text}");
    };
    let (in_chat, in_test) = ("crates/chat/src/example.rs", "crates/server/tests/it/example.rs");
    let steps = "    step();\n".repeat(71);
    // A declaration in a trait has no length, whatever follows the trait.
    let declared =
        format!("//! x\ntrait A {{\n    fn a(\n        &self,\n    ) -> u8;\n}}\nimpl B {{\n{steps}    }}\n");
    check(has_short_functions, in_chat, &declared);
    check(has_short_functions, in_chat, &format!("//! x\nfn a() {{}}\nstruct B {{\n{steps}}}\n"));
    check(keeps_numbers_in_the_catalogue, in_test, &format!("//! x\nrefuse(\"{PUBLISHED}\");\n"));
}

/// Stands in the catalogue. Put together, because this file is looked at as well.
const PUBLISHED: &str = concat!("701", "07");

type Rule = fn(&Source) -> Vec<String>;

const RULES: &[Rule] = &[
    is_short,
    has_short_functions,
    says_what_it_is,
    keeps_sql_in_the_store,
    keeps_numbers_in_the_catalogue,
    keeps_shapes_at_the_surface,
    is_finished,
    gives_reasons,
    keeps_to_itself,
];

/// A file fits a sitting. The vocabulary of faults is one enum, which no file can share with another.
fn is_short(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let most = if source.path == "crates/contract/src/fault.rs" { 900 } else { 500 };
    if lines > most { vec![format!("{lines} lines; do the nouns part?")] } else { Vec::new() }
}

/// A function fits a screen. Formatted code ends a function with a brace at the column where it began.
fn has_short_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
        // A function without a body, as in a trait, ends with its signature.
        let opening =
            lines[start..].iter().find(|line| line.ends_with('{') || line.ends_with(';') || line.ends_with('}'));
        if !opening.is_some_and(|line| line.ends_with('{')) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| *line == end).unwrap_or(0);
        if length > 70 {
            found.push(format!("line {}: a function of {length} lines", start + 1));
        }
    }
    found
}

fn begins_function(line: &str) -> bool {
    let Some((before, _)) = line.split_once("fn ") else { return false };
    before.split_whitespace().all(|word| matches!(word, "async" | "const" | "pub") || word.starts_with("pub("))
}

/// A module comment is a map.
fn says_what_it_is(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") || source.text.starts_with("#!") {
        Vec::new()
    } else {
        vec!["no module comment".into()]
    }
}

/// SQL, drivers and engine names live in `store`. The client keeps a cache of its own; settings name the engines.
fn keeps_sql_in_the_store(source: &Source) -> Vec<String> {
    let exempt = [
        "crates/store/",
        "crates/bench/src/hand_",
        "crates/client/",
        "crates/server/src/config",
        "crates/server/tests/",
        "xtask/",
    ];
    if exempt.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    code_lines(source)
        .filter(|(_, line)| {
            line.contains("rusqlite")
                || line.contains("tokio_postgres")
                || ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM"].iter().any(|word| line.contains(word))
        })
        .map(|(number, line)| format!("line {number}: SQL outside the store: {}", line.trim()))
        .collect()
}

/// A published number stands in the catalogue; elsewhere code says names. Five digits and more are looked at, where
/// chance does not meet them.
fn keeps_numbers_in_the_catalogue(source: &Source) -> Vec<String> {
    let exempt =
        ["crates/contract/src/codes", "crates/contract/tests/", "crates/sandbox/", "crates/push/src/channels/"];
    if exempt.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let is_test = source.path.contains("/tests/");
    let published: Vec<String> = contract::codes::rows()
        .filter_map(contract::codes::Row::number)
        .map(i64::from)
        .filter(|number| number.abs() >= 10_000)
        .map(|number| number.to_string())
        .filter(|number| !number.ends_with("000"))
        .collect();
    // PostgreSQL's states are texts of five characters, and tests of trouble name some.
    let is_state = |line: &str, word: &str| is_test && line.contains(&format!("\"{word}\""));
    code_lines(source)
        .filter(|(_, line)| {
            words(line).any(|word| published.iter().any(|number| number == word) && !is_state(line, word))
        })
        .map(|(number, line)| format!("line {number}: a published number: {}", line.trim()))
        .collect()
}

/// Shapes of the outside belong to the surface that speaks them; the store keeps shapes of its own.
fn keeps_shapes_at_the_surface(source: &Source) -> Vec<String> {
    if !source.path.starts_with("crates/chat/") {
        return Vec::new();
    }
    code_lines(source)
        .filter(|(_, line)| line.contains("derive(") && line.contains("Serialize"))
        .map(|(number, _)| format!("line {number}: a rule does not serialize"))
        .collect()
}

/// Nothing is put off in a comment.
fn is_finished(source: &Source) -> Vec<String> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimple", "mented!(")];
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(number, _)| format!("line {}: something is put off", number + 1))
        .collect()
}

/// A lint is silenced with a reason, and only as long as it speaks.
fn gives_reasons(source: &Source) -> Vec<String> {
    code_lines(source)
        .filter(|(_, line)| line.trim_start().starts_with(concat!("#[al", "low(")))
        .map(|(number, _)| format!("line {number}: say expect, with a reason"))
        .collect()
}

/// Nothing names the machine on which it was written.
fn keeps_to_itself(source: &Source) -> Vec<String> {
    code_lines(source)
        .filter(|(_, line)| [concat!("/ho", "me/"), concat!("/ro", "ot/")].iter().any(|path| line.contains(path)))
        .filter(|_| !source.path.ends_with("tests/it/tidy.rs"))
        .map(|(number, line)| format!("line {number}: a path of one machine: {}", line.trim()))
        .collect()
}

/// The one-way order of the crates.
fn arrows() -> Vec<String> {
    let order = [
        ("contract", &[][..]),
        ("store", &["contract"][..]),
        ("chat", &["contract", "store"][..]),
        ("push", &["contract", "store"][..]),
        ("gateway", &["contract", "store", "chat", "push"][..]),
        ("client", &["contract"][..]),
        ("sandbox", &[][..]),
        ("server", &["contract", "store", "chat", "push", "gateway", "sandbox", "client"][..]),
    ];
    let mut complaints = Vec::new();
    for (name, allowed) in order {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap_or_else(|error| panic!("{}: {error}", manifest.display()));
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for (other, _) in order {
            let is_named = dependencies
                .lines()
                .any(|line| line.starts_with(&format!("{other}.")) || line.starts_with(&format!("{other} =")));
            if is_named && !allowed.contains(&other) {
                complaints.push(format!("an arrow from {name} to {other} is not in the plan"));
            }
        }
    }
    complaints
}

/// The lines of a file that are code, with their numbers. What follows `mod tests` is looked at as well.
fn code_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source
        .text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').filter(|word| !word.is_empty())
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files);
    collect(&root().join("xtask"), &mut files);
    files
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            path: path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned(),
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in the workspace").to_owned()
}
