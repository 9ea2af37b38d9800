//! The reference pages of the surface, one a chapter, made of the commands' own types: a summary, the fields of the body
//! and of the answer with their bounds, the rate, the codes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use contract::codes::Family;
use serde_json::Value;

use super::COMMANDS;
use super::action::Command;
use super::openapi::{answer_of, body_of, codes_of, rates_of, summary_of};

/// How the pages come about; stands on each.
const ORIGIN: &str = "Derived from the commands' types in `crates/server/src/im`; change it there and run `UPDATE=1 cargo test -p server reference`.";

/// Every page by its path in `docs/reference`.
pub fn pages() -> BTreeMap<String, String> {
    let chapters: BTreeSet<&str> = COMMANDS.iter().map(|command| command.chapter).collect();
    let mut pages: BTreeMap<String, String> =
        chapters.into_iter().map(|chapter| (format!("im-rest/{chapter}.md"), page(chapter))).collect();
    pages.insert("im-rest.md".into(), index());
    pages
}

fn index() -> String {
    let mut text = format!(
        "# IM REST\n\n{ORIGIN}\n\nEvery command is called as `POST /v4/<service>/<command>?sdkappid=…&identifier=…&usersig=…` \
         with a JSON object, `{{}}` where nothing is asked. Every answer is HTTP 200 with `ActionStatus` (`OK`, `FAIL`, or \
         `SomeError` where a batch succeeded in part), `ErrorCode` (0 is success) and `ErrorInfo`; the fields that a command \
         adds are named with it. The same as an OpenAPI 3.1 document: `GET /v4/openapi.json` or `noroshi openapi`.\n\n\
         Rates are calls per second of an app on a plan of the cloud; an app on the default plan has none. Unknown fields \
         are passed over. Every call may meet the codes of [common](codes.md#im-server--common) and \
         [account](codes.md#im-server--account) as well as those of its family.\n\n\
         | command | chapter | what it does |\n| --- | --- | --- |\n"
    );
    for command in COMMANDS {
        let (summary, _) = summary_of(&body_of(command));
        let (name, chapter) = (command.name, command.chapter);
        let line = format!("| [`{name}`](im-rest/{chapter}.md#{}) | {chapter} | {} |\n", anchor(name), cell(&summary));
        text.push_str(&line);
    }
    text
}

fn page(chapter: &str) -> String {
    let mut text = format!("# IM REST: {chapter}\n\n{ORIGIN}\n");
    let mut families = BTreeSet::new();
    for command in COMMANDS.iter().filter(|command| command.chapter == chapter) {
        text.push_str(&section(command));
        families.insert(command.family);
    }
    text.push_str("\n## Codes\n");
    for family in families {
        text.push_str(&codes(family));
    }
    text
}

fn section(command: &Command) -> String {
    let (body, answer) = (body_of(command), answer_of(command));
    let (_, description) = summary_of(&body);
    let name = command.name;
    let mut text = format!("\n## {name}\n\n{description}\n\n");
    let rate = match rates_of(name) {
        [one, two, three, four] if one == two && two == three && three == four => format!("{one}/s"),
        [trial, standard, flagship, enterprise] => {
            format!(
                "{trial}/s on trial, {standard}/s on standard, {flagship}/s on flagship, {enterprise}/s on enterprise"
            )
        }
    };
    let family = command.family.as_str();
    let line = format!("`POST /v4/{name}` · {rate} · codes of [{family}](../codes.md#im-server--{family})\n");
    text.push_str(&line);
    text.push_str(&table("field", &fields(&body), "\nThe body has no fields.\n"));
    for (old, new) in command.aliases {
        let line = format!("\n`{old}` is read as `{new}` where that is absent.\n");
        text.push_str(&line);
    }
    text.push_str(&table("answer", &fields(&answer), "\nNothing is answered but the envelope.\n"));
    text
}

pub(crate) fn table(what: &str, fields: &[Field], empty: &str) -> String {
    if fields.is_empty() {
        return empty.to_owned();
    }
    let is_body = what == "field";
    let mut text = if is_body {
        "\n| field | type | required | bounds | meaning |\n| --- | --- | --- | --- | --- |\n".to_owned()
    } else {
        "\n| answer | type | meaning |\n| --- | --- | --- |\n".to_owned()
    };
    for Field { path, kind, is_required, bounds, meaning } in fields {
        let required = if *is_required { "yes" } else { "" };
        let line = if is_body {
            format!("| `{path}` | {kind} | {required} | {bounds} | {meaning} |\n")
        } else {
            format!("| `{path}` | {kind} | {meaning} |\n")
        };
        text.push_str(&line);
    }
    text
}

pub(crate) fn codes(family: Family) -> String {
    let mut text = format!("\n### {}\n\n| code | text | when |\n| --- | --- | --- |\n", family.as_str());
    for row in codes_of(family) {
        let line = format!("| `{}` | {} | {} |\n", row.code, cell(row.text), cell(row.explain));
        text.push_str(&line);
    }
    text
}

/// A row of a table of fields.
pub(crate) struct Field {
    path: String,
    kind: String,
    is_required: bool,
    bounds: String,
    meaning: String,
}

/// The fields of an object and of what lies in it, in the order of the type.
pub(crate) fn fields(schema: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

fn collect(schema: &Value, prefix: &str, found: &mut Vec<Field>) {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        found.push(Field {
            kind: kind(field),
            is_required: required(name),
            bounds: bounds(field),
            meaning: cell(field["description"].as_str().unwrap_or_default()),
            path: path.clone(),
        });
        collect_inside(field, &path, found);
    }
}

/// What an object, the items of a list, or one of several forms hold.
fn collect_inside(field: &Value, path: &str, found: &mut Vec<Field>) {
    if field["properties"].is_object() {
        collect(field, &format!("{path}."), found);
    }
    if field["items"].is_object() {
        collect_inside(&field["items"], &format!("{path}[]"), found);
    }
    if field["additionalProperties"].is_object() {
        collect_inside(&field["additionalProperties"], &format!("{path}.*"), found);
    }
    for form in ["anyOf", "oneOf"].iter().filter_map(|form| field[*form].as_array()).flatten() {
        collect_inside(form, path, found);
    }
}

fn kind(schema: &Value) -> String {
    let forms = ["anyOf", "oneOf"].iter().find_map(|form| schema[*form].as_array());
    if let Some(forms) = forms {
        let kinds: BTreeSet<String> = forms.iter().map(kind).filter(|kind| kind != "null").collect();
        return kinds.into_iter().collect::<Vec<_>>().join(" or ");
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        _ if schema.get("const").is_some() || schema.get("enum").is_some() => vec!["string"],
        _ => vec!["any"],
    };
    let names: Vec<String> = names
        .into_iter()
        .map(|name| match name {
            "array" => format!("array of {}", kind(&schema["items"])),
            name => name.to_owned(),
        })
        .collect();
    names.join(" or ")
}

fn bounds(schema: &Value) -> String {
    let mut parts = Vec::new();
    for (least, most, unit) in
        [("minimum", "maximum", ""), ("minLength", "maxLength", " bytes"), ("minItems", "maxItems", " items")]
    {
        let part = match (schema[least].as_number(), schema[most].as_number()) {
            (Some(least), Some(most)) => format!("{least}–{most}{unit}"),
            (Some(least), None) => format!("at least {least}{unit}"),
            (None, Some(most)) => format!("at most {most}{unit}"),
            (None, None) => continue,
        };
        parts.push(part);
    }
    if let Some(values) = schema["enum"].as_array() {
        let shown: Vec<String> =
            values.iter().filter(|value| !value.is_null()).map(|value| format!("`{}`", plain(value))).collect();
        parts.push(shown.join(", "));
    }
    parts.join("; ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

/// The anchor that a renderer makes of a heading.
pub(crate) fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    for character in heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ')) {
        write!(anchor, "{}", if character == ' ' { '-' } else { character.to_ascii_lowercase() })
            .expect("a string takes all");
    }
    anchor
}
