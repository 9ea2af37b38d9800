//! vivo's answer → verdict and status.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, Vivo as Code};
use serde::Deserialize;
use serde_json::Value;

use super::super::Refusal;
use super::super::batching::until_china;
use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const TARGET_MISSING: Status = status(Code::TargetMissing);
pub(super) const TITLE_EMPTY: Status = status(Code::TitleEmpty);
pub(super) const TITLE_TOO_LONG: Status = status(Code::TitleTooLong);
pub(super) const CONTENT_TOO_LONG: Status = status(Code::ContentTooLong);
pub(super) const PAIRS_TOO_MANY: Status = status(Code::CustomPairsTooMany);
pub(super) const PAIRS_INVALID: Status = status(Code::CustomPairsInvalid);

/// When the vendor says only that it is too much.
const FLOW_PAUSE_MS: i64 = 1_000;
/// As many tasks as the vendor works on at once.
const TASKS_PAUSE_MS: i64 = 60_000;
/// The vendor's night ends at seven.
const MORNING_MS: i64 = 7 * 3_600_000;
/// What a list says of a device that is not registered for tests.
const NO_TEST_USER: i64 = 4;

/// Numbers that are not published as statuses.
const SYSTEM_QUOTA: i64 = 10_073;
const APP_ID_MISMATCH: i64 = 10_094;
const AUTH_FIRST: i64 = 10_200;
const AUTH_LAST: i64 = 10_207;
const AUTH_TOO_OFTEN: i64 = 10_250;
const LISTS_TOO_MANY: i64 = 10_252;
const BROADCASTS_TOO_MANY: i64 = 10_254;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    result: i64,
    #[serde(default)]
    desc: String,
    #[serde(default)]
    task_id: Option<String>,
    #[serde(default)]
    auth_token: Option<String>,
    #[serde(default)]
    invalid_user: Option<Invalid>,
    #[serde(default)]
    invalid_users: Option<Vec<Invalid>>,
}

#[derive(Deserialize)]
struct Invalid {
    userid: String,
    #[serde(default)]
    status: Value,
}

/// Judges an answer.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    let Some(body) = reply.json::<Body>() else {
        let said = Said::new(reply.status.to_string(), reply.body_text());
        let verdict = match reply.status {
            429 | 500.. => Verdict::Later { status: NONE, scope: Scope::Node, after_ms: wish },
            _ => Verdict::Refused { status: NONE, scope: Scope::Message },
        };
        return Judged::all(verdict, said);
    };
    let said = Said { request: body.task_id.unwrap_or_default(), ..Said::new(body.result.to_string(), body.desc) };
    let mut judged = by_code(body.result, said, wish, now);
    let invalid = body.invalid_users.into_iter().flatten().chain(body.invalid_user);
    judged.named = invalid.map(|invalid| named(invalid, &judged.all)).collect::<HashMap<_, _>>();
    judged
}

/// The task of words that were handed over.
pub(super) fn task(saved: &Judged) -> Option<&str> {
    let is_accepted = saved.all.verdict == Verdict::Accepted;
    Some(saved.all.said.request.as_str()).filter(|task| is_accepted && !task.is_empty())
}

/// Reads the session of an answer to a signature.
pub(super) fn session(reply: &Reply, now: Millis) -> Result<String, Refusal> {
    let body = reply.json::<Body>().filter(|body| body.result == 0);
    if let Some(token) = body.and_then(|body| body.auth_token).filter(|token| !token.is_empty()) {
        return Ok(token);
    }
    let answer = judge(reply, now).all;
    // What was refused is refused for every message; a number of the door is told as the vendor's «not authorized».
    let status = match answer.verdict {
        Verdict::Later { .. } => return Err(Box::new(answer)),
        _ => status(Code::AuthenticationFailed),
    };
    Err(Box::new(Answer { verdict: Verdict::Refused { status, scope: Scope::App }, ..answer }))
}

fn named(invalid: Invalid, all: &Answer) -> (String, Answer) {
    let reason = match &invalid.status {
        Value::String(status) => status.parse().ok(),
        status => status.as_i64(),
    };
    let status = status(Code::RegistrationIdInvalid);
    let verdict = match reason {
        Some(NO_TEST_USER) => Verdict::Refused { status: NONE, scope: Scope::Token },
        _ => Verdict::Gone { status, since: None },
    };
    let text = reason.map_or_else(|| "invalid user".to_owned(), |reason| format!("invalid user, status {reason}"));
    (invalid.userid, Answer { verdict, said: Said { text, ..all.said.clone() } })
}

fn by_code(number: i64, said: Said, wish: Option<i64>, now: Millis) -> Judged {
    use Scope::{App, Day, Message};
    let Some(code) = listed(Code::ALL, number) else { return other(number, said, wish, now) };
    let status = status(code);
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    let verdict = match code {
        Code::AuthenticationFailed => return Judged::session_refused(status, said),
        Code::ResourceLimited => later(App, Some(TASKS_PAUSE_MS)),
        Code::DailyQuota => later(Day, Some(until_china(0, now))),
        // Only what its reader does not wait for is kept until the morning.
        Code::TimeForbidden => later(Message, Some(until_china(MORNING_MS, now))),
        Code::SendThrottled => later(App, Some(FLOW_PAUSE_MS)),
        Code::VendorError => later(Message, None),
        Code::RegistrationIdInvalid => Verdict::Gone { status, since: None },
        // It is on its way since the first request.
        Code::RequestRepeated => Verdict::Accepted,
        Code::TargetMissing
        | Code::TitleEmpty
        | Code::TitleTooLong
        | Code::ContentTooLong
        | Code::CustomPairsTooMany
        | Code::CustomPairsInvalid
        | Code::ContentRejected
        | Code::ContentSensitive
        | Code::FrequencyUnset
        | Code::ContentTestLike => Verdict::Refused { status, scope: Message },
    };
    Judged::all(verdict, said)
}

/// Numbers that are not published as statuses.
fn other(number: i64, said: Said, wish: Option<i64>, now: Millis) -> Judged {
    let status = unlisted(Family::Vivo, number);
    let later = |scope, after: i64| Verdict::Later { status, scope, after_ms: wish.or(Some(after)) };
    let verdict = match number {
        0 => Verdict::Accepted,
        SYSTEM_QUOTA | LISTS_TOO_MANY | BROADCASTS_TOO_MANY => later(Scope::Day, until_china(0, now)),
        AUTH_TOO_OFTEN => later(Scope::App, TASKS_PAUSE_MS),
        APP_ID_MISMATCH | AUTH_FIRST..=AUTH_LAST => Verdict::Refused { status, scope: Scope::App },
        _ => Verdict::Refused { status, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}
