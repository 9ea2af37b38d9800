//! Refusals as Google's APIs write them: a status in words, a message, and details in the order in which they were
//! seen on the wire.

use serde_json::{Value, json};

use super::schema::Violation;
use crate::faults::Told;
use crate::service::Reply;

const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const FCM_ERROR: &str = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
const APNS_ERROR: &str = "type.googleapis.com/google.firebase.fcm.v1.ApnsError";
/// What Google says behind both of its 401.
const EXPECTED: &str = "Expected OAuth 2 access token, login cookie or other valid authentication credential. \
                        See https://developers.google.com/identity/sign-in/web/devconsole-project.";

/// What every refusal is told as.
#[derive(Debug)]
pub(super) struct Refusal(Box<Reply>);

impl Refusal {
    pub(super) fn new(reply: Reply) -> Self {
        Self(Box::new(reply))
    }

    pub(super) fn into_reply(self) -> Reply {
        *self.0
    }
}

fn refuse(code: u16, status: &str, message: &str, details: &[Value], word: &str) -> Refusal {
    let mut error = json!({ "code": code, "message": message, "status": status });
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    Refusal::new(Reply::json(code, &json!({ "error": error }), word))
}

fn fcm_error(code: &str) -> Value {
    json!({ "@type": FCM_ERROR, "errorCode": code })
}

fn error_info(reason: &str, metadata: &Value) -> Value {
    json!({ "@type": ERROR_INFO, "reason": reason, "domain": "googleapis.com", "metadata": metadata })
}

/// Google's own codes for messages, each with its HTTP status, the word of the API, and a text.
const CODES: &[(&str, u16, &str, &str)] = &[
    ("UNSPECIFIED_ERROR", 500, "INTERNAL", "Unspecified error."),
    ("INVALID_ARGUMENT", 400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    ("UNREGISTERED", 404, "NOT_FOUND", "Requested entity was not found."),
    ("SENDER_ID_MISMATCH", 403, "PERMISSION_DENIED", "SenderId mismatch"),
    ("QUOTA_EXCEEDED", 429, "RESOURCE_EXHAUSTED", "Quota exceeded."),
    ("UNAVAILABLE", 503, "UNAVAILABLE", "The service is currently unavailable."),
    ("INTERNAL", 500, "INTERNAL", "Internal error encountered."),
    ("THIRD_PARTY_AUTH_ERROR", 401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
];
/// What every Google API says of a caller, without a code of the messaging service.
const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
const PERMISSION_DENIED: &str = "PERMISSION_DENIED";

/// Everything that a rule may name.
pub(super) fn codes() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, ..)| *code).chain([UNAUTHENTICATED, PERMISSION_DENIED])
}

/// A refusal as a fault rule names it.
pub(super) fn told(told: &Told<'_>) -> Refusal {
    match told.code {
        UNAUTHENTICATED => bad_credential(true),
        PERMISSION_DENIED => no_permission("sandbox"),
        code => by_code(code, told.reason),
    }
}

/// A refusal by Google's own code.
fn by_code(code: &str, message: &str) -> Refusal {
    let known = CODES.iter().find(|(own, ..)| *own == code);
    let (_, http, status, text) = known.expect("every caller names one of the codes");
    refuse(*http, status, if message.is_empty() { text } else { message }, &[fcm_error(code)], code)
}

/// No credential.
pub(super) fn missing_credential() -> Refusal {
    let message = format!("Request is missing required authentication credential. {EXPECTED}");
    unauthenticated(&message, "CREDENTIALS_MISSING")
}

/// A credential that is none, or none any more.
pub(super) fn bad_credential(is_expired: bool) -> Refusal {
    let message = format!("Request had invalid authentication credentials. {EXPECTED}");
    unauthenticated(&message, if is_expired { "ACCESS_TOKEN_EXPIRED" } else { "ACCESS_TOKEN_TYPE_UNSUPPORTED" })
}

fn unauthenticated(message: &str, reason: &str) -> Refusal {
    let metadata =
        json!({ "service": "fcm.googleapis.com", "method": "google.firebase.fcm.v1.FcmService.SendMessage" });
    let mut refusal = refuse(401, "UNAUTHENTICATED", message, &[error_info(reason, &metadata)], "UNAUTHENTICATED");
    refusal.0.headers.push(("www-authenticate".into(), "Bearer realm=\"https://accounts.google.com/\"".into()));
    refusal
}

/// The account may not send for this project.
pub(super) fn no_permission(project: &str) -> Refusal {
    let resource = format!("//cloudresourcemanager.googleapis.com/projects/{project}");
    let message =
        format!("Permission 'cloudmessaging.messages.create' denied on resource '{resource}' (or it may not exist).");
    let metadata = json!({ "resource": format!("projects/{project}"), "permission": "cloudmessaging.messages.create" });
    refuse(403, "PERMISSION_DENIED", &message, &[error_info("IAM_PERMISSION_DENIED", &metadata)], "PERMISSION_DENIED")
}

/// The API is switched off.
pub(super) fn disabled(project: &str) -> Refusal {
    let message = format!(
        "Firebase Cloud Messaging API has not been used in project {project} before or it is disabled. Enable it by \
         visiting https://console.developers.google.com/apis/api/fcm.googleapis.com/overview?project={project} then \
         retry."
    );
    let metadata = json!({ "service": "fcm.googleapis.com", "consumer": format!("projects/{project}") });
    refuse(403, "PERMISSION_DENIED", &message, &[error_info("SERVICE_DISABLED", &metadata)], "PERMISSION_DENIED")
}

/// Nobody has this project: no word of the messaging service in it.
pub(super) fn no_project() -> Refusal {
    refuse(404, "NOT_FOUND", "Requested entity was not found.", &[], "NOT_FOUND")
}

/// The front end's complaints about the shape.
pub(super) fn bad_shape(violations: &[Violation]) -> Refusal {
    let listed: Vec<Value> = violations
        .iter()
        .map(|violation| match violation.field.as_str() {
            "" => json!({ "description": violation.text }),
            field => json!({ "field": field, "description": violation.text }),
        })
        .collect();
    let message = violations.iter().map(|violation| violation.text.as_str()).collect::<Vec<_>>().join("\n");
    let details = [json!({ "@type": BAD_REQUEST, "fieldViolations": listed })];
    refuse(400, "INVALID_ARGUMENT", &message, &details, "INVALID_ARGUMENT")
}

/// A field that the messaging service does not like.
pub(super) fn bad_field(field: &str, message: &str) -> Refusal {
    let violation = json!({ "@type": BAD_REQUEST, "fieldViolations": [{ "field": field, "description": message }] });
    refuse(400, "INVALID_ARGUMENT", message, &[violation, fcm_error("INVALID_ARGUMENT")], "INVALID_ARGUMENT")
}

/// A token that is none: the one refusal with its details the other way round.
pub(super) fn bad_token() -> Refusal {
    let message = "The registration token is not a valid FCM registration token";
    let violation =
        json!({ "@type": BAD_REQUEST, "fieldViolations": [{ "field": "message.token", "description": message }] });
    refuse(400, "INVALID_ARGUMENT", message, &[fcm_error("INVALID_ARGUMENT"), violation], "INVALID_ARGUMENT")
}

/// A condition that cannot be read: no details at all.
pub(super) fn bad_condition() -> Refusal {
    refuse(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", &[], "INVALID_ARGUMENT")
}

/// Too many bytes: a detail without fields.
pub(super) fn too_large(max: usize) -> Refusal {
    let message = format!("Message is too large. The maximum is {}K ({max} bytes).", max / 1_024);
    let details = [json!({ "@type": BAD_REQUEST }), fcm_error("INVALID_ARGUMENT")];
    refuse(400, "INVALID_ARGUMENT", &message, &details, "INVALID_ARGUMENT")
}

/// The phone has the app no more, or never had it.
pub(super) fn unregistered() -> Refusal {
    by_code("UNREGISTERED", "")
}

/// The token belongs to another project.
pub(super) fn mismatch() -> Refusal {
    by_code("SENDER_ID_MISMATCH", "")
}

/// Apple refuses what the project has of it.
pub(super) fn no_apns_key() -> Refusal {
    let details = [
        fcm_error("THIRD_PARTY_AUTH_ERROR"),
        json!({ "@type": APNS_ERROR, "statusCode": 403, "reason": "InvalidProviderToken" }),
    ];
    let message = "Auth error from APNS or Web Push Service";
    refuse(401, "UNAUTHENTICATED", message, &details, "THIRD_PARTY_AUTH_ERROR")
}

/// Too many, of whatever.
pub(super) fn quota(what: &str) -> Refusal {
    let mut refusal = refuse(
        429,
        "RESOURCE_EXHAUSTED",
        &format!("Quota exceeded for quota metric '{what}' of service 'fcm.googleapis.com'."),
        &[fcm_error("QUOTA_EXCEEDED")],
        "QUOTA_EXCEEDED",
    );
    refusal.0.headers.push(("retry-after".into(), "60".into()));
    refusal
}
