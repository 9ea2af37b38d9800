//! Google's service (HTTP v1): access tokens for service accounts, one message to one target, topics.
//!
//! `oauth` is the token endpoint, `schema` the front end that knows every field, `message` what the messaging service
//! itself checks, `topics` the subscriptions, `refusal` the words. A send is checked in one fixed order: path,
//! credential, shape, project, permission, message, size, quota, and last what the phone says.
//!
//! | published code | got by |
//! | --- | --- |
//! | 90000002 InvalidRegistration | a token that is none (400 with a violation on `message.token`); no target |
//! | 90000003 NotRegistered | an unknown token of the right form, or a phone in the state `unregistered` (404) |
//! | 90000004 InvalidPackageName | `restricted_package_name` that is not the phone's |
//! | 90000007 MessageTooBig | data and notification over 4,096 bytes, to a topic 2,048 |
//! | 90000009 InvalidTtl | a `ttl` that is negative or over four weeks; one that is no duration |
//! | 90000011 InternalServerError | a rule: `{"effect":"answer","code":"INTERNAL"}`, or `UNAVAILABLE` |
//! | 90000401 Authentication | no, an unknown or an expired access token; an account without permission; the API off |
//!
//! Beside them: `SENDER_ID_MISMATCH` (a phone of another project), `QUOTA_EXCEEDED` (the project's or the phone's
//! allowance), `THIRD_PARTY_AUTH_ERROR` (a phone of platform `ios` in a project with `has_apns_key` false).
//!
//! The envelopes without target, of a bad token, topic, condition, of a message that is too large and of an unknown
//! phone are as others saw them on the wire; texts of package, ttl and reserved keys are ours, with the real field.
//!
//! The Node SDK's multicast writes `:scheme` as `https:`, which the HTTP/2 library here resets as malformed, as most
//! servers do; its legacy transport works.

mod message;
mod oauth;
mod refusal;
mod schema;
mod topics;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::refusal::Refusal;
use crate::api::Answer;
use crate::desk::{ACTIVE, App, Desk, GONE};
use crate::faults::{Aim, Told};
use crate::inbox::Notification;
use crate::keys;
use crate::meter::{HOUR_MS, MINUTE_MS, Meter};
use crate::random;
use crate::room::{self, Phone};
use crate::service::{Call, Hall, Limit, Reply, Service, segments};
use crate::tickets::{Stale, Tickets};

/// The room's name.
pub(crate) const ROOM: &str = "fcm";

/// A project with its service account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Project {
    project_id: String,
    client_email: String,
    private_key_id: String,
    /// Empty makes a new pair at registration.
    public_key_pem: String,
    /// The Android package of the project's phones.
    package: String,
    /// The account may send.
    has_permission: bool,
    is_api_enabled: bool,
    is_key_deleted: bool,
    has_apns_key: bool,
    token_life_s: i64,
    /// Messages in a minute.
    per_minute: u64,
    /// Messages to one phone in a minute.
    device_per_minute: u64,
    /// Messages to one phone in an hour.
    device_per_hour: u64,
}

impl App for Project {
    const STATES: &'static [&'static str] = &[ACTIVE, GONE];

    fn fresh() -> Self {
        let project_id = format!("sandbox-{}", random::hex(6));
        Self {
            client_email: format!("push@{project_id}.iam.gserviceaccount.com"),
            project_id,
            private_key_id: random::hex(40),
            public_key_pem: String::new(),
            package: "com.example.app".to_owned(),
            has_permission: true,
            is_api_enabled: true,
            is_key_deleted: false,
            has_apns_key: true,
            token_life_s: 3_599,
            per_minute: 600_000,
            device_per_minute: 240,
            device_per_hour: 5_000,
        }
    }

    fn id(&self) -> &str {
        &self.project_id
    }

    fn new_token() -> String {
        format!("{}:APA91b{}", random::letters(22), random::letters(134))
    }

    fn is_token(text: &str) -> bool {
        let is_part = |part: &str| part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
        text.split_once(':').is_some_and(|(name, rest)| {
            name.len() >= 11 && rest.len() >= 100 && text.len() <= 4_096 && is_part(name) && is_part(rest)
        })
    }
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    url: String,
    desk: Desk<Project>,
    tickets: Tickets,
    meter: Meter,
}

/// Makes the room that is reached at this URL.
pub(crate) fn open(hall: Hall, url: &str) -> Arc<dyn Service> {
    let (desk, tickets, meter) = (Desk::new(), Tickets::default(), Meter::default());
    Arc::new(Room { hall, url: url.to_owned(), desk, tickets, meter })
}

impl room::Room for Room {
    fn name(&self) -> &'static str {
        ROOM
    }

    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        match (method, path) {
            ("POST", ["apps"]) => self.register(body),
            ("DELETE", ["apps", project, "tokens"]) => {
                self.tickets.revoke(project);
                Ok(json!({}))
            }
            _ => self.desk.control(&self.hall, ROOM, method, path, body),
        }
    }

    fn codes(&self) -> Vec<String> {
        refusal::codes().map(str::to_owned).collect()
    }

    fn phones(&self) -> Vec<Phone> {
        self.desk.phones()
    }

    fn reset(&self) {
        self.desk.clear();
        self.tickets.clear();
        self.meter.clear();
    }
}

impl Service for Room {
    fn body_bytes(&self) -> usize {
        256 * 1_024
    }

    fn aim(&self, call: &Call) -> Aim {
        let Some(body) = call.json().filter(|_| call.path.ends_with("/messages:send")) else { return Aim::default() };
        let text = |name: &str| body["message"][name].as_str().unwrap_or_default().to_owned();
        Aim::send(vec![text("token")], text("topic"))
    }

    fn answer(&self, call: &Call) -> Reply {
        let path = segments(&call.path);
        if let ["v1", "projects", project, "registrations", token, "topicSubscriptions", topic @ ..] = path.as_slice() {
            return self.subscription(call, project, token, topic).unwrap_or_else(Refusal::into_reply);
        }
        if call.method != http::Method::POST {
            return Reply::html(404);
        }
        match path.as_slice() {
            ["token"] | ["oauth2", "v4", "token"] | ["o", "oauth2", "token"] => self.token(call),
            ["v1", "projects", project, "messages:send"] => {
                self.send(call, project).unwrap_or_else(Refusal::into_reply)
            }
            ["iid", "v1:batchAdd"] => self.batch(call, true).unwrap_or_else(Refusal::into_reply),
            ["iid", "v1:batchRemove"] => self.batch(call, false).unwrap_or_else(Refusal::into_reply),
            _ => Reply::html(404),
        }
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        refusal::told(told).into_reply()
    }

    fn limited(&self, _call: &Call, _limit: Limit) -> Reply {
        refusal::quota("Message send requests").into_reply()
    }
}

impl Room {
    /// Registers a project; the answer holds the key file as Google's console gives it.
    fn register(&self, body: &[u8]) -> Answer {
        let project = self.desk.add_app(body)?;
        let mut answer = json!(*project);
        if !project.public_key_pem.is_empty() {
            keys::public(&project.public_key_pem)?;
            return Ok(answer);
        }
        let pair = keys::generate()?;
        let with_key = Project { public_key_pem: pair.public_pem, ..(*project).clone() };
        self.desk.add_app(json!(with_key).to_string().as_bytes())?;
        answer = json!(with_key);
        answer["service_account"] = json!({
            "type": "service_account",
            "project_id": with_key.project_id,
            "private_key_id": with_key.private_key_id,
            "private_key": pair.private_pem,
            "client_email": with_key.client_email,
            "client_id": random::digits(21),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": format!("{}/token", self.url),
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": format!(
                "https://www.googleapis.com/robot/v1/metadata/x509/{}",
                with_key.client_email.replace('@', "%40")
            ),
            "universe_domain": "googleapis.com",
        });
        Ok(answer)
    }

    /// The project that the caller's access token stands for.
    fn caller(&self, call: &Call) -> Result<Arc<Project>, Refusal> {
        let token = call.bearer().ok_or_else(refusal::missing_credential)?;
        let id = self
            .tickets
            .check(token, self.hall.clock.now_ms())
            .map_err(|stale| refusal::bad_credential(stale == Stale::Expired))?;
        self.desk.app(&id).ok_or_else(|| refusal::bad_credential(false))
    }

    fn send(&self, call: &Call, wanted: &str) -> Result<Reply, Refusal> {
        let account = self.caller(call)?;
        let request = message::read(&call.body)?;
        let project = self.desk.app(wanted).ok_or_else(refusal::no_project)?;
        if account.project_id != project.project_id || !project.has_permission {
            return Err(refusal::no_permission(wanted));
        }
        if !project.is_api_enabled {
            return Err(refusal::disabled(wanted));
        }
        let message = message::check(request)?;
        let now_ms = self.hall.clock.now_ms();
        if !self.meter.take(&project.project_id, now_ms, MINUTE_MS, project.per_minute, 1) {
            return Err(refusal::quota("Message send requests"));
        }
        let tokens = self.targets(&message, &project)?;
        let id = match &message.target {
            message::Target::Token(_) => format!("0:{}%{}", random::digits(16), random::hex(16)),
            message::Target::Topics(_) => random::digits(19),
        };
        if message.is_validate_only {
            return Ok(name(wanted, "fake_message_id"));
        }
        if let message::Target::Token(token) = &message.target
            && !(self.meter.take(token, now_ms, MINUTE_MS, project.device_per_minute, 1)
                && self.meter.take(&format!("hour {token}"), now_ms, HOUR_MS, project.device_per_hour, 1))
        {
            return Err(refusal::quota("Messages per device"));
        }
        let content = Arc::new(message.content(&id));
        self.hall.inbox.add_notifications(tokens.into_iter().map(|token| Notification {
            room: ROOM,
            token,
            at_ms: now_ms,
            content: Arc::clone(&content),
            is_revoked: false,
        }));
        Ok(name(wanted, &id))
    }

    /// The phones that a message goes to.
    fn targets(&self, message: &message::Message, project: &Project) -> Result<Vec<String>, Refusal> {
        match &message.target {
            message::Target::Token(token) => {
                let device = self.desk.device(token);
                let Some(device) = device else {
                    return Err(if Project::is_token(token) { refusal::unregistered() } else { refusal::bad_token() });
                };
                if device.app != project.project_id {
                    return Err(refusal::mismatch());
                }
                if device.state == GONE {
                    return Err(refusal::unregistered());
                }
                message.check_package(&project.package)?;
                if device.platform == "ios" && !project.has_apns_key {
                    return Err(refusal::no_apns_key());
                }
                Ok(vec![token.clone()])
            }
            message::Target::Topics(condition) => Ok(self.desk.tokens(|device| {
                device.app == project.project_id && device.state == ACTIVE && condition.holds(&device.topics)
            })),
        }
    }
}

fn name(project: &str, id: &str) -> Reply {
    Reply::json(200, &json!({ "name": format!("projects/{project}/messages/{id}") }), "")
}
