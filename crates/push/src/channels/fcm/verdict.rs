//! Google's answer → verdict and status. The published names are older than the interface: today's words are
//! translated to them.
//!
//! The detail decides, then the field that was wrong, then the HTTP status; texts decide only what nothing else tells.
//!
//! <https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode>

use contract::Millis;
use contract::codes::Fcm as Code;
use serde::Deserialize;
use serde_json::Value;

use super::super::wire::{Judged, NONE, Reply};
use super::AUTHENTICATION;
use crate::channel::{Said, Scope, Status, Verdict};

const fn status(code: Code) -> Status {
    Status::of(code.row())
}

pub(super) const INVALID_REGISTRATION: Status = status(Code::InvalidRegistration);
pub(super) const NOT_REGISTERED: Status = status(Code::NotRegistered);
pub(super) const INVALID_PACKAGE_NAME: Status = status(Code::InvalidPackageName);
pub(super) const MESSAGE_TOO_BIG: Status = status(Code::MessageTooBig);
pub(super) const INVALID_TTL: Status = status(Code::InvalidTtl);
pub(super) const INTERNAL: Status = status(Code::InternalServerError);

/// Google asks to wait this long after a failure of its own.
const FAILURE_PAUSE_MS: i64 = 10_000;
/// And this long when it is too much and it names no time.
const QUOTA_PAUSE_MS: i64 = 60_000;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    name: String,
    #[serde(default)]
    error: Option<Trouble>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Value>,
}

impl Trouble {
    /// The word that decides.
    fn word(&self) -> Option<&str> {
        self.details.iter().find_map(|detail| detail.get("errorCode")?.as_str())
    }

    /// Fields that were wrong, each with what was wrong.
    fn fields<'a>(&'a self) -> Vec<(&'a str, &'a str)> {
        let text = |violation: &'a Value, name: &str| violation.get(name).and_then(Value::as_str).unwrap_or_default();
        let violations = self.details.iter().filter_map(|detail| detail.get("fieldViolations")?.as_array()).flatten();
        violations.map(|violation| (text(violation, "field"), text(violation, "description"))).collect()
    }

    /// Whether the quota that is used up is one device's.
    fn is_of_device(&self) -> bool {
        let violations = self.details.iter().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        violations.filter_map(|violation| violation.get("subject")?.as_str()).any(|subject| subject.contains("device"))
    }
}

/// Judges an answer.
pub(super) fn judge(reply: &Reply, now: Millis) -> Judged {
    let wish = reply.retry_after_ms(now);
    let body: Option<Body> = reply.json();
    match body {
        Some(Body { name, error: None }) if reply.status == 200 && !name.is_empty() => {
            Judged::all(Verdict::Accepted, Said { request: name, ..Said::new("200", "") })
        }
        Some(Body { error: Some(trouble), .. }) => {
            let word = trouble.word().map_or_else(|| trouble.status.clone(), str::to_owned);
            let said = Said::new(word, trouble.message.clone());
            by_word(reply.status, &trouble, said, wish)
        }
        _ => by_http(reply.status, Said::new(reply.status.to_string(), reply.body_text()), wish),
    }
}

fn by_word(http: u16, trouble: &Trouble, said: Said, wish: Option<i64>) -> Judged {
    let later = |scope, after_ms| Verdict::Later { status: INTERNAL, scope, after_ms };
    let gone = |status| Verdict::Gone { status, since: None };
    let verdict = match (trouble.word(), trouble.status.as_str()) {
        (Some("UNREGISTERED"), _) => gone(NOT_REGISTERED),
        // A token of another project is none of this one.
        (Some("SENDER_ID_MISMATCH"), _) => gone(INVALID_REGISTRATION),
        (Some("INVALID_ARGUMENT"), _) | (None, "INVALID_ARGUMENT") => invalid_argument(trouble),
        (Some("QUOTA_EXCEEDED"), _) | (None, "RESOURCE_EXHAUSTED") => {
            let scope = if trouble.is_of_device() { Scope::Token } else { Scope::App };
            later(scope, wish.or(Some(QUOTA_PAUSE_MS)))
        }
        (Some("UNAVAILABLE"), _) | (None, "UNAVAILABLE") => later(Scope::Node, wish),
        (Some("INTERNAL"), _) | (None, "INTERNAL") => later(Scope::Message, wish.max(Some(FAILURE_PAUSE_MS))),
        // The project's own keys for other platforms; devices of this one get theirs.
        (Some("THIRD_PARTY_AUTH_ERROR" | "APNS_AUTH_ERROR"), _) => {
            Verdict::Refused { status: AUTHENTICATION, scope: Scope::Message }
        }
        _ => return by_http(http, said, wish),
    };
    Judged::all(verdict, said)
}

/// What is wrong with the request, by its field.
fn invalid_argument(trouble: &Trouble) -> Verdict {
    let refused = |status| Verdict::Refused { status, scope: Scope::Message };
    let is_size = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["too big", "too large", "size", "4096", "4kb"].iter().any(|word| text.contains(word))
    };
    let fields = trouble.fields();
    let has = |ending: &str| fields.iter().any(|(field, _)| field.ends_with(ending));
    if has("restricted_package_name") {
        return refused(INVALID_PACKAGE_NAME);
    }
    if has(".ttl") {
        return refused(INVALID_TTL);
    }
    if has("message.token") {
        return Verdict::Gone { status: INVALID_REGISTRATION, since: None };
    }
    let is_whole = |field: &str| matches!(field, "message" | "message.data" | "message.notification");
    if fields.iter().any(|(field, text)| is_whole(field) && is_size(text)) {
        return refused(MESSAGE_TOO_BIG);
    }
    // Older answers name no field.
    let text = trouble.message.to_ascii_lowercase();
    match fields.is_empty() {
        true if text.contains("registration token") => Verdict::Gone { status: INVALID_REGISTRATION, since: None },
        true if text.contains("package") => refused(INVALID_PACKAGE_NAME),
        true if is_size(&text) => refused(MESSAGE_TOO_BIG),
        _ => refused(NONE),
    }
}

fn by_http(http: u16, said: Said, wish: Option<i64>) -> Judged {
    let verdict = match http {
        401 => return Judged::session_refused(AUTHENTICATION, said),
        // The role, the interface or the project is missing.
        403 | 404 => Verdict::Refused { status: AUTHENTICATION, scope: Scope::App },
        429 => Verdict::Later { status: INTERNAL, scope: Scope::App, after_ms: wish.or(Some(QUOTA_PAUSE_MS)) },
        500 => Verdict::Later { status: INTERNAL, scope: Scope::Message, after_ms: wish.max(Some(FAILURE_PAUSE_MS)) },
        501.. => Verdict::Later { status: INTERNAL, scope: Scope::Node, after_ms: wish },
        _ => Verdict::Refused { status: NONE, scope: Scope::Message },
    };
    Judged::all(verdict, said)
}
