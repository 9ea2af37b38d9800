//! Apple's answer → verdict and status. The one place where the published numbers stand.
//!
//! Reasons that the published table does not name fall back to the nearest row; the receipt keeps Apple's own word.
//!
//! <https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>

use contract::Millis;
use serde::Deserialize;

use crate::channel::{Scope, Status, Verdict};

const fn row(number: i32) -> Status {
    Status { family: "apns", number }
}

/// PayloadEmpty: nothing to deliver.
pub const PAYLOAD_EMPTY: Status = row(2001);
/// PayloadTooLarge: over the bound of the push type.
pub const PAYLOAD_TOO_LARGE: Status = row(2002);
/// BadTopic: the topic is no bundle id.
pub const BAD_TOPIC: Status = row(2003);
/// TopicDisallowed: the credential may not send to the topic.
pub const TOPIC_DISALLOWED: Status = row(2004);
/// BadMessageId: the id is no UUID.
pub const BAD_MESSAGE_ID: Status = row(2005);
/// BadExpirationDate: the expiry is no moment.
pub const BAD_EXPIRATION_DATE: Status = row(2006);
/// BadPriority: the priority is none, or not one for the push type.
pub const BAD_PRIORITY: Status = row(2007);
/// MissingDeviceToken: no token.
pub const MISSING_DEVICE_TOKEN: Status = row(2008);
/// BadDeviceToken: the token is malformed, unknown, or one of the other environment.
pub const BAD_DEVICE_TOKEN: Status = row(2009);
/// DeviceTokenNotForTopic: the token belongs to another app.
pub const DEVICE_TOKEN_NOT_FOR_TOPIC: Status = row(2010);
/// Unregistered: the app is gone from the device.
pub const UNREGISTERED: Status = row(2011);
/// BadCertificateEnvironment: a certificate of the other environment.
pub const BAD_CERTIFICATE_ENVIRONMENT: Status = row(2013);
/// BadCertificate: the credential is not accepted.
pub const BAD_CERTIFICATE: Status = row(2014);
/// MissingTopic: no topic, and the credential names none or several.
pub const MISSING_TOPIC: Status = row(2023);
/// ConnClosed: the connection was lost before the answer.
pub const CONN_CLOSED: Status = row(2024);
/// ConnUnavailable: no connection to send on.
pub const CONN_UNAVAILABLE: Status = row(2025);
/// NONE of the common table: the outcome is not in the tables.
pub const NONE: Status = Status { family: "common", number: 99_999_999 };

/// Without a wish of Apple: how long to leave a device alone, a service that is down, and a provider token.
const TOKEN_PAUSE_MS: i64 = 60_000;
const SERVICE_PAUSE_MS: i64 = 15 * 60_000;
const PROVIDER_PAUSE_MS: i64 = 60_000;

/// An answer as it came from the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) retry_after_s: Option<i64>,
    pub(super) body: Vec<u8>,
    /// The id that Apple gave or echoed.
    pub(super) request: String,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    reason: String,
    timestamp: Option<i64>,
}

/// What the channel itself has to do beside answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consequence {
    Nothing,
    /// The provider token was not accepted for its age.
    TokenExpired,
    /// Another connection is needed.
    ConnectionSpent,
}

/// Judges an answer; also gives Apple's word, or the whole body when it holds none.
pub(super) fn judge(raw: &Raw) -> (Verdict, Consequence, String) {
    if raw.status == 200 {
        return (Verdict::Accepted, Consequence::Nothing, String::new());
    }
    let parsed = serde_json::from_slice::<Body>(&raw.body).unwrap_or_default();
    let since = parsed.timestamp.map(Millis);
    let text =
        if parsed.reason.is_empty() { String::from_utf8_lossy(&raw.body).into_owned() } else { parsed.reason.clone() };
    let (verdict, consequence) = verdict(raw.status, &parsed.reason, since, raw.retry_after_s);
    (verdict, consequence, text)
}

fn verdict(http: u16, reason: &str, since: Option<Millis>, retry_after_s: Option<i64>) -> (Verdict, Consequence) {
    use Consequence::{ConnectionSpent, Nothing, TokenExpired};
    use Scope::{App, Message, Node, Token};
    let refused = |status, scope| (Verdict::Refused { status, scope }, Nothing);
    let gone = |status, since| (Verdict::Gone { status, since }, Nothing);
    let wish_ms = retry_after_s.map(|seconds| seconds.clamp(0, 86_400) * 1_000);
    let later =
        |status, scope, default_ms: Option<i64>| Verdict::Later { status, scope, after_ms: wish_ms.or(default_ms) };
    match reason {
        "PayloadEmpty" => refused(PAYLOAD_EMPTY, Message),
        "PayloadTooLarge" => refused(PAYLOAD_TOO_LARGE, Message),
        "BadTopic" => refused(BAD_TOPIC, App),
        "TopicDisallowed" => refused(TOPIC_DISALLOWED, App),
        "BadMessageId" => refused(BAD_MESSAGE_ID, Message),
        "BadExpirationDate" => refused(BAD_EXPIRATION_DATE, Message),
        "BadPriority" => refused(BAD_PRIORITY, Message),
        "MissingDeviceToken" => refused(MISSING_DEVICE_TOKEN, Message),
        "BadDeviceToken" => gone(BAD_DEVICE_TOKEN, None),
        "DeviceTokenNotForTopic" => gone(DEVICE_TOKEN_NOT_FOR_TOPIC, None),
        "Unregistered" | "ExpiredToken" => gone(UNREGISTERED, since),
        "BadCertificateEnvironment" => refused(BAD_CERTIFICATE_ENVIRONMENT, App),
        "BadCertificate"
        | "Forbidden"
        | "InvalidProviderToken"
        | "MissingProviderToken"
        | "BadEnvironmentKeyIdInToken" => refused(BAD_CERTIFICATE, App),
        "ExpiredProviderToken" => (later(BAD_CERTIFICATE, App, Some(0)), TokenExpired),
        "UnrelatedKeyIdInToken" => (later(BAD_CERTIFICATE, Node, Some(0)), ConnectionSpent),
        "TooManyProviderTokenUpdates" => (later(BAD_CERTIFICATE, Node, Some(PROVIDER_PAUSE_MS)), ConnectionSpent),
        "MissingTopic" => refused(MISSING_TOPIC, Message),
        "TooManyRequests" => (later(NONE, Token, Some(TOKEN_PAUSE_MS)), Nothing),
        "IdleTimeout" | "Shutdown" => (later(CONN_CLOSED, Node, Some(0)), ConnectionSpent),
        "ServiceUnavailable" => (later(CONN_CLOSED, Node, Some(SERVICE_PAUSE_MS)), Nothing),
        "InternalServerError" => (later(NONE, Message, None), Nothing),
        // A word we do not know: the HTTP status still tells trouble on their side from a refusal.
        _ if http >= 500 || http == 429 => (later(NONE, Node, None), Nothing),
        _ => refused(NONE, Message),
    }
}
