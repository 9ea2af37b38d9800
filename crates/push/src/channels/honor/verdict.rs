//! Honor's answer → verdict and status.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, Honor as Code};
use serde::Deserialize;
use serde_json::Value;

use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const AUTHENTICATION_FAILED: Status = status(Code::AuthenticationFailed);
pub(super) const TOKEN_MISSING: Status = status(Code::TokenMissing);
pub(super) const MESSAGE_INVALID: Status = status(Code::MessageInvalid);
pub(super) const BODY_TOO_LARGE: Status = status(Code::BodyTooLarge);
const SOME_TOKENS_FAILED: Status = status(Code::SomeTokensFailed);

/// Numbers that are not published as statuses.
const OAUTH_ERROR: i64 = 80_200_001;
const OAUTH_EXPIRED: i64 = 80_200_003;

/// When the vendor says only that it is too much.
const FLOW_PAUSE_MS: i64 = 1_000;
/// For what somebody has to mend.
const LONG_PAUSE_MS: i64 = 60_000;

#[derive(Deserialize)]
struct Body {
    code: Value,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    request_id: String,
    fail_tokens: Option<Vec<String>>,
    expire_tokens: Option<Vec<String>>,
}

/// Judges an answer: by the code in it, and by the HTTP status where there is none.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    let body: Option<Body> = reply.json();
    let number = body.as_ref().and_then(|body| match &body.code {
        Value::String(code) => code.parse().ok(),
        code => code.as_i64(),
    });
    let (number, text, data) = match (body, number) {
        (Some(body), Some(number)) => (number, body.message, body.data.unwrap_or_default()),
        _ if reply.status == 200 => {
            let verdict = Verdict::Refused { status: NONE, scope: Scope::Message };
            return Judged::all(verdict, Said::new("200", reply.body_text()));
        }
        _ => (i64::from(reply.status), reply.body_text(), Data::default()),
    };
    let said = Said { request: data.request_id.clone(), ..Said::new(number.to_string(), text) };
    by_code(number, said, data, wish)
}

fn by_code(number: i64, said: Said, data: Data, wish: Option<i64>) -> Judged {
    match listed(Code::ALL, number) {
        Some(code) => published(code, said, data, wish),
        None => other(number, said, wish),
    }
}

fn published(code: Code, said: Said, data: Data, wish: Option<i64>) -> Judged {
    use Scope::{App, Message, Node};
    let status = status(code);
    let refused = |scope| Verdict::Refused { status, scope };
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    let verdict = match code {
        Code::Success | Code::SomeTokensFailed => return some(data, said),
        Code::AuthenticationFailed => return Judged::session_refused(status, said),
        Code::ServiceNotFound | Code::AppUnknown => refused(App),
        Code::InternalError => later(Message, None),
        Code::ConnectionAbnormal => later(Node, None),
        Code::CallThrottled => later(App, Some(FLOW_PAUSE_MS)),
        Code::TimestampInvalid => later(App, Some(LONG_PAUSE_MS)),
        Code::AllTokensInvalid => Verdict::Gone { status, since: None },
        Code::ParameterInvalid
        | Code::MessageInvalid
        | Code::TokenTwice
        | Code::BodyTooLarge
        | Code::TokensTooMany
        | Code::ReceiptIdMismatch
        | Code::TimestampMissing
        | Code::TokenMissing => refused(Message),
    };
    Judged::all(verdict, said)
}

/// Numbers and HTTP statuses that the published table does not have.
fn other(number: i64, said: Said, wish: Option<i64>) -> Judged {
    let status = unlisted(Family::Honor, number);
    let verdict = match number {
        401 | OAUTH_ERROR | OAUTH_EXPIRED => return Judged::session_refused(AUTHENTICATION_FAILED, said),
        429 => Verdict::Later { status, scope: Scope::App, after_ms: wish.or(Some(FLOW_PAUSE_MS)) },
        501..=599 => Verdict::Later { status, scope: Scope::Node, after_ms: wish },
        _ => Verdict::Refused { status, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

/// The call was taken; tokens that are named were not.
fn some(data: Data, said: Said) -> Judged {
    let gone = Verdict::Gone { status: SOME_TOKENS_FAILED, since: None };
    let dead = data.fail_tokens.into_iter().chain(data.expire_tokens).flatten();
    let named: HashMap<String, Answer> =
        dead.map(|token| (token, Answer { verdict: gone, said: said.clone() })).collect();
    Judged { named, ..Judged::all(Verdict::Accepted, said) }
}
