//! OPPO's answer → verdict and status. The vendor answers in JSON with HTTP 200 whatever happened.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, Oppo as Code};
use serde::Deserialize;
use serde_json::Value;

use super::super::Refusal;
use super::super::batching::until_china;
use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const INVALID_REGISTRATION_ID: Status = status(Code::InvalidRegistrationId);

/// When the vendor says only that it is too much.
const FLOW_PAUSE_MS: i64 = 1_000;
/// The app's calls of a day or a second are used up.
const LIMIT_PAUSE_MS: i64 = 60_000;
/// Today's number is used up; not published as a status.
const DAY_QUOTA: i64 = 33;

#[derive(Deserialize)]
struct Body {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

/// What became of one message among many.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    message_id: String,
    registration_id: String,
    error_code: Option<i64>,
    error_message: String,
}

/// Judges an answer to a send.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    let Some(body) = reply.json::<Body>() else { return by_http(reply, wish) };
    let id = body.data.get("messageId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let said = Said { request: id, ..Said::new(body.code.to_string(), body.message) };
    let mut judged = by_code(body.code, said, wish, now);
    if body.code == 0 {
        judged.named = each(&body.data, wish, now);
    }
    judged
}

/// Reads the session of an answer to a signature.
pub(super) fn session(reply: &Reply, now: Millis) -> Result<String, Refusal> {
    let token = reply.json::<Body>().filter(|body| body.code == 0).and_then(|body| {
        let token = body.data.get("auth_token").and_then(Value::as_str)?;
        (!token.is_empty()).then(|| token.to_owned())
    });
    token.ok_or_else(|| {
        let judged = judge(reply, now);
        match judged.all.verdict {
            // What was refused is refused for every message.
            Verdict::Accepted | Verdict::Gone { .. } | Verdict::Refused { scope: Scope::Message, .. } => {
                let verdict = Verdict::Refused { status: NONE, scope: Scope::App };
                let said = Said::new(judged.all.said.code, "an answer without a session");
                Box::new(Answer { verdict, said })
            }
            _ => Box::new(judged.all),
        }
    })
}

fn by_http(reply: &Reply, wish: Option<i64>) -> Judged {
    let said = Said::new(reply.status.to_string(), reply.body_text());
    let verdict = match reply.status {
        429 => Verdict::Later { status: NONE, scope: Scope::App, after_ms: wish.or(Some(FLOW_PAUSE_MS)) },
        500.. => Verdict::Later { status: NONE, scope: Scope::Node, after_ms: wish },
        _ => Verdict::Refused { status: NONE, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

fn by_code(number: i64, said: Said, wish: Option<i64>, now: Millis) -> Judged {
    use Scope::{App, Message};
    let Some(code) = listed(Code::ALL, number) else { return other(number, said, wish, now) };
    let status = status(code);
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    let verdict = match code {
        Code::ServiceCurrentlyUnavailable => later(Message, None),
        Code::ServiceInFlowControl => later(App, Some(FLOW_PAUSE_MS)),
        Code::AppCallLimited => later(App, Some(LIMIT_PAUSE_MS)),
        Code::InvalidAuthToken | Code::MissingAuthToken => return Judged::session_refused(status, said),
        Code::InvalidAppKey
        | Code::MissingAppKey
        | Code::InvalidSignature
        | Code::MissingSignature
        | Code::AppDisabled
        | Code::ApiPermissionDenied => Verdict::Refused { status, scope: App },
        Code::InvalidRegistrationId => Verdict::Gone { status, since: None },
    };
    Judged::all(verdict, said)
}

/// Numbers that are not published as statuses.
fn other(number: i64, said: Said, wish: Option<i64>, now: Millis) -> Judged {
    let status = unlisted(Family::Oppo, number);
    let verdict = match number {
        0 => Verdict::Accepted,
        DAY_QUOTA => Verdict::Later { status, scope: Scope::Day, after_ms: wish.or_else(|| Some(until_china(0, now))) },
        _ => Verdict::Refused { status, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

/// Every message among many has an answer of its own; some answers list dead tokens by their code instead.
fn each(data: &Value, wish: Option<i64>, now: Millis) -> HashMap<String, Answer> {
    let mut named = HashMap::new();
    match data {
        Value::Array(entries) => {
            for entry in entries.iter().filter_map(|entry| Entry::deserialize(entry).ok()) {
                let code = entry.error_code.unwrap_or_default();
                let said = Said { request: entry.message_id, ..Said::new(code.to_string(), entry.error_message) };
                named.insert(entry.registration_id, by_code(code, said, wish, now).all);
            }
        }
        Value::Object(members) => {
            for (code, tokens) in members {
                let (Ok(code), Some(tokens)) = (code.parse::<i64>(), tokens.as_array()) else { continue };
                for token in tokens.iter().filter_map(Value::as_str) {
                    named.insert(token.to_owned(), by_code(code, Said::new(code.to_string(), ""), wish, now).all);
                }
            }
        }
        _ => {}
    }
    named
}
