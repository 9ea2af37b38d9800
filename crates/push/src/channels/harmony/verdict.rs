//! HarmonyOS's answer → verdict and status.
//!
//! When tokens are refused, the vendor names a cause for each. Only causes that lie in a token drop it; the others are
//! settings of the app, and dropping would cost tokens that are well.

use std::collections::{BTreeMap, HashMap};

use contract::Millis;
use contract::codes::{Family, Harmony as Code};
use serde::Deserialize;
use serde_json::Value;

use super::super::wire::{Judged, NONE, Reply, listed, unlisted};
use crate::channel::{Answer, Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const PARAMETER_INVALID: Status = status(Code::ParameterInvalid);
pub(super) const MESSAGE_INVALID: Status = status(Code::MessageInvalid);
pub(super) const LIFE_TIME_INVALID: Status = status(Code::LifeTimeInvalid);
pub(super) const AUTHENTICATION_FAILED: Status = status(Code::AuthenticationFailed);
pub(super) const BODY_TOO_LARGE: Status = status(Code::BodyTooLarge);

/// When the vendor says only that it is too much.
const FLOW_PAUSE_MS: i64 = 1_000;
/// Today's tests are used up.
const LONG_PAUSE_MS: i64 = 300_000;
/// Causes that lie in the token itself.
const TOKEN_CAUSES: [&str; 3] = ["tokenFormatError", "tokenPlatformNotSupport", "noRight"];

#[derive(Deserialize)]
struct Body {
    code: Value,
    #[serde(default)]
    msg: String,
    #[serde(default, rename = "requestId")]
    request: String,
}

/// What stands in the text of a call of which tokens are wrong.
#[derive(Deserialize)]
struct Partial {
    #[serde(default, rename = "illegalTokens")]
    illegal_tokens: BTreeMap<String, Vec<String>>,
}

/// Judges an answer.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    let body: Option<Body> = reply.json();
    let number = body.as_ref().and_then(|body| match &body.code {
        Value::String(code) => code.parse().ok(),
        code => code.as_i64(),
    });
    match (body, number) {
        (Some(body), Some(number)) => {
            let said = Said { request: body.request, ..Said::new(number.to_string(), "") };
            by_code(number, said, body.msg, wish)
        }
        _ => by_http(reply, wish),
    }
}

/// What happens before the service itself answers.
fn by_http(reply: &Reply, wish: Option<i64>) -> Judged {
    let said = Said::new(reply.status.to_string(), reply.body_text());
    let verdict = match reply.status {
        401 => return Judged::session_refused(AUTHENTICATION_FAILED, said),
        404 => Verdict::Refused { status: NONE, scope: Scope::App },
        503 | 429 => Verdict::Later { status: NONE, scope: Scope::App, after_ms: wish.or(Some(FLOW_PAUSE_MS)) },
        500.. => Verdict::Later { status: NONE, scope: Scope::Node, after_ms: wish },
        _ => Verdict::Refused { status: NONE, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}

fn by_code(number: i64, said: Said, text: String, wish: Option<i64>) -> Judged {
    use Scope::{App, Message};
    let cut = |text: String| Said { text: Said::new("", text).text, ..said.clone() };
    let Some(code) = listed(Code::ALL, number) else {
        let status = unlisted(Family::Harmony, number);
        return Judged::all(Verdict::Refused { status, scope: Message }, cut(text));
    };
    let status = status(code);
    let verdict = match code {
        Code::Success => Verdict::Accepted,
        // The text of these two names tokens, which are kept out of receipts.
        Code::SomeTokensFailed => return by_token(status, true, &said, &text),
        Code::AllTokensInvalid => return by_token(status, false, &said, &text),
        Code::AuthenticationFailed | Code::TokenOfAppExpired | Code::TokenOfAppTooLong => {
            return Judged::session_refused(status, cut(text));
        }
        Code::AppForbidden | Code::AppPenalized => Verdict::Refused { status, scope: App },
        Code::TestThrottled => Verdict::Later { status, scope: Message, after_ms: wish.or(Some(LONG_PAUSE_MS)) },
        Code::InternalError => Verdict::Later { status, scope: Message, after_ms: wish },
        Code::ParameterInvalid
        | Code::MessageInvalid
        | Code::LifeTimeInvalid
        | Code::ContentRejected
        | Code::ImageNotVerified
        | Code::BodyTooLarge
        | Code::TokensTooMany
        | Code::TestTokensTooMany => Verdict::Refused { status, scope: Message },
    };
    Judged::all(verdict, cut(text))
}

/// Tokens fare by their causes. The others were taken, if any was.
fn by_token(status: Status, is_partial: bool, said: &Said, text: &str) -> Judged {
    let refused = Verdict::Refused { status, scope: Scope::Message };
    let Ok(partial) = serde_json::from_str::<Partial>(text) else {
        // Without causes nobody knows whose fault it is; the guard over tokens keeps a wrong project from dropping all.
        let verdict = if is_partial { refused } else { Verdict::Gone { status, since: None } };
        return Judged::all(verdict, said.clone());
    };
    let mut named = HashMap::new();
    for (cause, tokens) in partial.illegal_tokens {
        let verdict =
            if TOKEN_CAUSES.contains(&cause.as_str()) { Verdict::Gone { status, since: None } } else { refused };
        let said = Said { text: Said::new("", cause).text, ..said.clone() };
        named.extend(tokens.into_iter().map(|token| (token, Answer { verdict, said: said.clone() })));
    }
    let rest = if is_partial { Verdict::Accepted } else { refused };
    Judged { named, ..Judged::all(rest, said.clone()) }
}
