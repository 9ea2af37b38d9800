//! The surface as an OpenAPI 3.1 document, made of the commands' own types: bodies, answers, rates and codes.
//!
//! Schemas stand in their components whole, without references to one another, so that no two commands share a name by
//! chance. The document is made once, at the start.

use std::sync::LazyLock;

use bytes::Bytes;
use contract::codes::{Family, Raised, Row};
use contract::plan::Plan;
use contract::{limit, rate};
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::COMMANDS;
use super::action::Command;

/// The document as it is served.
pub static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// The schema of a command's body.
pub fn body_of(command: &Command) -> Value {
    schema(command.body, Contract::Deserialize)
}

/// The schema of what a command answers besides the envelope.
pub fn answer_of(command: &Command) -> Value {
    schema(command.answer, Contract::Serialize)
}

/// The codes that a family answers with, of its own table: only those that something raises.
pub fn codes_of(family: Family) -> impl Iterator<Item = &'static Row> {
    family.rows().iter().filter(|row| matches!(row.raised, Raised::Cause(_)))
}

/// Calls per second by plan: trial, standard, flagship, enterprise.
pub fn rates_of(command: &str) -> [u32; 4] {
    [Plan::Trial, Plan::Standard, Plan::Flagship, Plan::Enterprise]
        .map(|plan| rate::of_command(command, plan).unwrap_or_default())
}

pub(crate) fn schema(make: fn(&mut SchemaGenerator) -> Schema, contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.contract = contract;
    });
    let mut value = make(&mut settings.into_generator()).to_value();
    drop_formats(&mut value);
    value
}

/// The widths of numbers are this program's; their bounds are said by `minimum` and `maximum`.
fn drop_formats(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let widest = match fields.get("format").and_then(Value::as_str) {
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint8") => Some(u64::from(u8::MAX)),
                _ => None,
            };
            // A field may be called so as well; its value is a schema.
            if fields.get("format").is_some_and(Value::is_string) {
                fields.remove("format");
            }
            if let Some(widest) = widest {
                fields.entry("maximum").or_insert(widest.into());
            }
            fields.values_mut().for_each(drop_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_formats),
        _ => {}
    }
}

/// The first sentence and all of a command's description.
pub fn summary_of(body: &Value) -> (String, String) {
    let whole = body["description"].as_str().unwrap_or_default().replace('\n', " ");
    let first = whole.split_once(". ").map_or(whole.as_str(), |(first, _)| first);
    (first.trim_end_matches('.').to_owned(), whole)
}

fn document() -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    schemas.insert("Envelope".into(), envelope());
    schemas.insert("Refusal".into(), refusal());
    let mut chapters: Vec<&str> = COMMANDS.iter().map(|command| command.chapter).collect();
    chapters.sort_unstable();
    chapters.dedup();
    for command in COMMANDS {
        let name = command.name.replace('/', ".");
        let (mut body, mut answer) = (body_of(command), answer_of(command));
        let (summary, description) = summary_of(&body);
        for schema in [&mut body, &mut answer] {
            // It says what the command does, not what the object is.
            schema.as_object_mut().map(|fields| fields.remove("description"));
        }
        schemas.insert(format!("{name}.Body"), body);
        schemas.insert(format!("{name}.Answer"), answer);
        paths.insert(
            format!("/v4/{}", command.name),
            json!({ "post": operation(command, &name, &summary, &description) }),
        );
    }
    let shared: Vec<Value> = [Family::Common, Family::Account].into_iter().flat_map(codes_of).map(code).collect();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "noroshi IM REST",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Chat by REST, in the contract of Tencent Cloud Chat (v4)",
            "description": "Every call is a POST with a JSON object, `{}` where nothing is asked. Every answer is HTTP 200 \
                            with the envelope; `ErrorCode` says what came of the call.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": chapters.iter().map(|chapter| json!({ "name": chapter })).collect::<Vec<_>>(),
        "security": [{ "UserSig": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters(),
            "securitySchemes": {
                "UserSig": {
                    "type": "apiKey", "in": "query", "name": "usersig",
                    "description": "What the app signed for `identifier`.",
                },
            },
        },
        "x-codes": shared,
    })
}

fn operation(command: &Command, name: &str, summary: &str, description: &str) -> Value {
    let reference = |kind: &str| format!("#/components/schemas/{name}.{kind}");
    let parameters = ["sdkappid", "identifier", "random", "contenttype"]
        .map(|parameter| json!({ "$ref": format!("#/components/parameters/{parameter}") }));
    let [trial, standard, flagship, enterprise] = rates_of(command.name);
    json!({
        "operationId": name,
        "tags": [command.chapter],
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "$ref": reference("Body") } } },
        },
        "responses": {
            "200": {
                "description": "What came of the call.",
                "content": { "application/json": { "schema": { "anyOf": [
                    { "allOf": [{ "$ref": "#/components/schemas/Envelope" }, { "$ref": reference("Answer") }] },
                    { "$ref": "#/components/schemas/Refusal" },
                ] } } },
            },
        },
        "x-rate": { "trial": trial, "standard": standard, "flagship": flagship, "enterprise": enterprise },
        "x-family": command.family.as_str(),
        "x-aliases": command.aliases.iter().map(|(old, new)| ((*old).to_owned(), Value::from(*new))).collect::<Map<_, _>>(),
        "x-codes": codes_of(command.family).map(code).collect::<Vec<_>>(),
    })
}

fn code(row: &Row) -> Value {
    json!({ "code": row.number(), "name": row.name, "text": row.text })
}

fn envelope() -> Value {
    json!({
        "type": "object",
        "description": "What every answer begins with.",
        "required": ["ActionStatus", "ErrorCode", "ErrorInfo"],
        "properties": {
            "ActionStatus": { "type": "string", "enum": ["OK", "SomeError"], "description": "SomeError: a batch succeeded in part." },
            "ErrorCode": { "type": "integer", "const": 0 },
            "ErrorInfo": { "type": "string" },
        },
    })
}

fn refusal() -> Value {
    json!({
        "type": "object",
        "description": "What is answered instead, where the call was refused.",
        "required": ["ActionStatus", "ErrorCode", "ErrorInfo"],
        "properties": {
            "ActionStatus": { "type": "string", "const": "FAIL" },
            "ErrorCode": { "type": "integer", "not": { "const": 0 }, "description": "One of the codes of the command's family, or of those that all share." },
            "ErrorInfo": { "type": "string", "description": "The text of the code, and behind a colon what it is about." },
        },
    })
}

fn parameters() -> Value {
    let query = |name: &str, is_required: bool, schema: Value, what: &str| json!({ "name": name, "in": "query", "required": is_required, "schema": schema, "description": what });
    let user = json!({ "type": "string", "minLength": 1, "maxLength": limit::USER_ID_BYTES });
    json!({
        "sdkappid": query("sdkappid", true, json!({ "type": "integer", "minimum": 1 }), "The app."),
        "identifier": query("identifier", true, user, "Who calls: an administrator of the app."),
        "random": query("random", false, json!({ "type": "integer" }), "Of no consequence."),
        "contenttype": query("contenttype", false, json!({ "type": "string" }), "Of no consequence; bodies are JSON."),
    })
}
