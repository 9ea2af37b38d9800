//! Xiaomi's answer → verdict and status.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, Xiaomi as Code};
use serde::Deserialize;
use serde_json::Value;

use super::super::batching::until_china;
use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const PARAMETER_ERROR: Status = status(Code::ParameterError);
pub(super) const VALUE_INVALID: Status = status(Code::ValueInvalid);
pub(super) const REQUEST_TOO_LARGE: Status = status(Code::RequestTooLarge);
pub(super) const TARGET_INVALID: Status = status(Code::TargetInvalid);
pub(super) const NOTIFICATION_INVALID: Status = status(Code::NotificationInvalid);
pub(super) const NOTIFICATION_ID_INVALID: Status = status(Code::NotificationIdInvalid);

/// A vendor that has suspended itself.
const SUSPENDED_PAUSE_MS: i64 = 30_000;
/// Somebody calls too often.
const RATE_PAUSE_MS: i64 = 60_000;

#[derive(Deserialize)]
struct Body {
    code: i64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    data: Option<Value>,
}

/// Judges an answer. Business errors come with HTTP 200; anything else is the vendor's gateway.
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
    let data = body.data.unwrap_or_default();
    let id = data.get("id").and_then(Value::as_str).unwrap_or(&body.trace_id).to_owned();
    let text = if body.reason.is_empty() { body.description } else { body.reason };
    let said = Said { request: id, ..Said::new(body.code.to_string(), text) };
    let mut judged = Judged::all(by_code(body.code, wish, now), said);
    judged.named = named(&data, &judged.all);
    judged
}

/// Tokens that were not taken although the others were.
fn named(data: &Value, all: &Answer) -> HashMap<String, Answer> {
    let tokens: Vec<String> = match data.get("bad_regids") {
        Some(Value::String(list)) => list.split(',').map(|token| token.trim().to_owned()).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let verdict = Verdict::Gone { status: TARGET_INVALID, since: None };
    tokens.into_iter().map(|token| (token, Answer { verdict, said: all.said.clone() })).collect()
}

fn by_code(number: i64, wish: Option<i64>, now: Millis) -> Verdict {
    match listed(Code::ALL, number) {
        _ if number == 0 => Verdict::Accepted,
        Some(code) => published(code, wish, now),
        None => other(number, wish, now),
    }
}

fn published(code: Code, wish: Option<i64>, now: Millis) -> Verdict {
    use Scope::{App, Day, Message, Node, Token};
    let status = status(code);
    let refused = |scope| Verdict::Refused { status, scope };
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    match code {
        Code::SystemError | Code::RemoteServiceError | Code::SystemBusy | Code::NotificationFailed => {
            later(Message, None)
        }
        Code::ServiceSuspended => later(App, Some(SUSPENDED_PAUSE_MS)),
        Code::AppUpdateFailed => later(App, None),
        Code::AddressThrottled => later(Node, Some(RATE_PAUSE_MS)),
        Code::UserThrottled | Code::UserApiThrottled | Code::AppThrottled => later(App, Some(RATE_PAUSE_MS)),
        Code::NotificationsTooMany => later(Day, Some(until_china(0, now))),
        Code::AddressForbidden
        | Code::ResourceForbidden
        | Code::ApiRestricted
        | Code::AppBlacklisted
        | Code::AuthenticationFailed
        | Code::AppInvalid
        | Code::AppUnknown
        | Code::AppRevoked
        | Code::AppInfoMissing
        | Code::AppNameInvalid
        | Code::AppIdInvalid
        | Code::AppKeyInvalid
        | Code::AppSecretInvalid
        | Code::AppDescriptionInvalid
        | Code::PackageNameInvalid => refused(App),
        Code::DeviceInvalid | Code::TargetInvalid => Verdict::Gone { status, since: None },
        Code::UserInvalid | Code::UserNotAuthorized => refused(Token),
        Code::ParameterError
        | Code::RequestInvalid
        | Code::ValueInvalid
        | Code::RequestTooLarge
        | Code::NotificationInvalid
        | Code::NotificationIdInvalid => refused(Message),
    }
}

/// Newer numbers, which are not published as statuses.
fn other(number: i64, wish: Option<i64>, now: Millis) -> Verdict {
    let status = unlisted(Family::Xiaomi, number);
    match number {
        DAY_QUOTA | CHANNEL_QUOTA => {
            Verdict::Later { status, scope: Scope::Day, after_ms: wish.or_else(|| Some(until_china(0, now))) }
        }
        TOKEN_REFUSED | API_FORBIDDEN | REVIEW_NEEDED => Verdict::Refused { status, scope: Scope::App },
        DEVICE_ABSENT => Verdict::Refused { status, scope: Scope::Token },
        _ => Verdict::Refused { status, scope: Scope::Message },
    }
}

const DAY_QUOTA: i64 = 10_034;
const CHANNEL_QUOTA: i64 = 200_001;
const TOKEN_REFUSED: i64 = 21_302;
const API_FORBIDDEN: i64 = 21_303;
const REVIEW_NEEDED: i64 = 26_006;
const DEVICE_ABSENT: i64 = 65_003;
