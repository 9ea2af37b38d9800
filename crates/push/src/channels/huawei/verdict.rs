//! Huawei's answer → verdict and status.
//!
//! The published table mixes the retired gateway (100 to 111, in the header `NSP_STATUS`), the retired synchronous
//! results (80000003 to 80000008) and today's interface; all are read, whichever answers.

use std::collections::HashMap;

use contract::Millis;
use contract::codes::{Family, Huawei as Code, OfflinePush};
use serde::Deserialize;
use serde_json::Value;

use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const TOKEN_LIST_INVALID: Status = status(Code::TokenListInvalid);
pub(super) const PAYLOAD_INVALID: Status = status(Code::PayloadInvalid);
pub(super) const LIFE_TIME_INVALID: Status = status(Code::LifeTimeInvalid);
pub(super) const BODY_TOO_LARGE: Status = status(Code::BodyTooLarge);
pub(super) const APP_UNINSTALLED: Status = status(Code::AppUninstalled);
pub(super) const DEVICE_OFFLINE: Status = status(Code::DeviceOffline);
pub(super) const DEVICE_TIMEOUT: Status = status(Code::DeviceTimeout);
pub(super) const DEVICE_NEVER_CONNECTED: Status = status(Code::DeviceNeverConnected);

const SUCCESS: i64 = 80_000_000;
const OAUTH_ERROR: i64 = 80_200_001;
const OAUTH_EXPIRED: i64 = 80_200_003;
const OAUTH_FAILED: i64 = 80_600_003;
const TASKS_TOO_MANY: i64 = 80_100_017;

/// When the vendor says only that it is too much.
const FLOW_PAUSE_MS: i64 = 1_000;
/// A wish this long means that today's number is used up.
const QUOTA_PAUSE_MS: i64 = 3_600_000;
/// For what somebody has to mend, or a device has to do.
const LONG_PAUSE_MS: i64 = 60_000;

#[derive(Deserialize)]
struct Body {
    code: Value,
    #[serde(default)]
    msg: String,
    #[serde(default, rename = "requestId")]
    request: String,
}

/// What stands in the text of a call of which some tokens are wrong.
#[derive(Deserialize)]
struct Partial {
    #[serde(default)]
    illegal_tokens: Vec<String>,
}

/// Judges an answer.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    if let Some(status) = reply.text("nsp_status").and_then(|status| status.trim().parse().ok()) {
        return by_code(status, Said::new(status.to_string(), reply.body_text()), wish);
    }
    let body: Option<Body> = reply.json();
    let number = body.as_ref().and_then(|body| match &body.code {
        Value::String(code) => code.parse().ok(),
        code => code.as_i64(),
    });
    match (body, number) {
        (Some(body), Some(number)) => {
            let said = Said { request: body.request, ..Said::new(number.to_string(), body.msg) };
            by_code(number, said, wish)
        }
        _ => by_http(reply, wish),
    }
}

/// What happens before the service itself answers.
fn by_http(reply: &Reply, wish: Option<i64>) -> Judged {
    let mut said = Said::new(reply.status.to_string(), reply.body_text());
    let verdict = match reply.status {
        401 | 403 => return Judged::session_refused(NONE, said),
        404 => Verdict::Refused { status: NONE, scope: Scope::App },
        503 | 429 => {
            let is_day = wish.is_some_and(|wish| wish >= QUOTA_PAUSE_MS);
            said.class = is_day.then_some(OfflinePush::HuaweiDailyQuota);
            let scope = if is_day { Scope::Day } else { Scope::App };
            Verdict::Later { status: NONE, scope, after_ms: wish.or(Some(FLOW_PAUSE_MS)) }
        }
        500.. => Verdict::Later { status: NONE, scope: Scope::Node, after_ms: wish },
        _ => Verdict::Refused { status: NONE, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

fn by_code(number: i64, said: Said, wish: Option<i64>) -> Judged {
    if number == SUCCESS {
        return Judged::all(Verdict::Accepted, said);
    }
    match listed(Code::ALL, number) {
        Some(code) => published(code, said, wish),
        None => other(number, said, wish),
    }
}

fn published(code: Code, said: Said, wish: Option<i64>) -> Judged {
    use Scope::{App, Message, Token};
    let status = status(code);
    let refused = |scope| Verdict::Refused { status, scope };
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    let verdict = match code {
        Code::ApiKeyInvalid | Code::ServiceForbidden | Code::SecretOutdated | Code::TokensForbidden => refused(App),
        Code::SessionKeyInvalid => return Judged::session_refused(status, said),
        Code::ClockDrift => later(App, Some(LONG_PAUSE_MS)),
        Code::GatewayBusy => later(App, Some(FLOW_PAUSE_MS)),
        Code::GatewayError | Code::InternalError => later(Message, None),
        // What became of one device, as the retired gateway told it at once.
        Code::DeviceOffline | Code::DeviceTimeout => later(Token, Some(LONG_PAUSE_MS)),
        Code::DeviceMoved => later(Token, Some(0)),
        Code::DeviceNeverConnected | Code::DeviceInOtherRegion => refused(Token),
        Code::AppUninstalled | Code::AllTokensInvalid => Verdict::Gone { status, since: None },
        Code::SomeTokensInvalid => return partial(status, said),
        Code::ParameterUnknown
        | Code::TokenListInvalid
        | Code::PayloadInvalid
        | Code::LifeTimeInvalid
        | Code::BodyTooLarge => refused(Message),
    };
    Judged::all(verdict, said)
}

/// Today's numbers that are not published as statuses.
fn other(number: i64, said: Said, wish: Option<i64>) -> Judged {
    let status = unlisted(Family::Huawei, number);
    let later = |scope, default: Option<i64>| Verdict::Later { status, scope, after_ms: wish.or(default) };
    let verdict = match number {
        OAUTH_ERROR | OAUTH_EXPIRED => return Judged::session_refused(status, said),
        TASKS_TOO_MANY => later(Scope::App, Some(LONG_PAUSE_MS)),
        OAUTH_FAILED => later(Scope::Node, None),
        _ => Verdict::Refused { status, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

/// Some tokens are wrong, the others were taken.
fn partial(status: Status, said: Said) -> Judged {
    let Ok(partial) = serde_json::from_str::<Partial>(&said.text) else {
        return Judged::all(Verdict::Refused { status, scope: Scope::Message }, said);
    };
    let gone =
        Answer { verdict: Verdict::Gone { status, since: None }, said: Said { text: String::new(), ..said.clone() } };
    let named: HashMap<String, Answer> =
        partial.illegal_tokens.into_iter().map(|token| (token, gone.clone())).collect();
    let rest = Said { text: String::new(), ..said };
    Judged { named, ..Judged::all(Verdict::Accepted, rest) }
}
