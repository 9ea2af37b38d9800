//! Apple's push service: HTTP/2 over TLS, provider tokens or client certificates, one request per device.
//!
//! `connection` talks, `wire` bends the two frames that h2 keeps to itself, `headers`, `payload` and `auth` check,
//! `control` is the room's part of the control API. A request is checked in one fixed order: method and path,
//! headers that stand twice, who sends, header values, topic, token, payload, and last what the device says.

mod auth;
mod connection;
mod control;
mod headers;
mod payload;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::{HeaderMap, Method};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::auth::{Key, Session};
use crate::api::Answer;
use crate::faults::{self, Aim, Decision, Effect};
use crate::inbox::{Content, Notification, Request};
use crate::room::{self, Phone};
use crate::service::Hall;
use crate::tls::Authority;

pub(crate) use self::connection::serve;

/// The room's name in rules and lists.
pub(crate) const ROOM: &str = "apns";
/// ALPN of the room's listeners.
pub(crate) const ALPN: &[&[u8]] = &[b"h2"];
/// The push type of live activities.
const LIVE: &str = "liveactivity";
/// Keys, apps and devices that the room holds at most, each.
const REGISTERED_MAX: usize = 100_000;

/// Every reason that Apple documents, with its HTTP status.
/// <https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>
const REASONS: &[(&str, u16)] = &[
    ("BadCollapseId", 400),
    ("BadDeviceToken", 400),
    ("BadExpirationDate", 400),
    ("BadMessageId", 400),
    ("BadPriority", 400),
    ("BadTopic", 400),
    ("DeviceTokenNotForTopic", 400),
    ("DuplicateHeaders", 400),
    ("IdleTimeout", 400),
    ("InvalidPushType", 400),
    ("MissingDeviceToken", 400),
    ("MissingTopic", 400),
    ("PayloadEmpty", 400),
    ("TopicDisallowed", 400),
    ("BadCertificate", 403),
    ("BadCertificateEnvironment", 403),
    ("BadEnvironmentKeyIdInToken", 403),
    ("ExpiredProviderToken", 403),
    ("Forbidden", 403),
    ("InvalidProviderToken", 403),
    ("MissingProviderToken", 403),
    ("UnrelatedKeyIdInToken", 403),
    ("BadPath", 404),
    ("MethodNotAllowed", 405),
    ("ExpiredToken", 410),
    ("Unregistered", 410),
    ("PayloadTooLarge", 413),
    ("TooManyProviderTokenUpdates", 429),
    ("TooManyRequests", 429),
    ("InternalServerError", 500),
    ("ServiceUnavailable", 503),
    ("Shutdown", 503),
];

/// Which of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Environment {
    Production,
    Development,
}

/// A phone with an app.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Device {
    pub(crate) token: String,
    pub(crate) bundle: String,
    pub(crate) environment: Environment,
    /// The token is that of a live activity, or begins some: it takes nothing else, and nothing else takes it.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) live: bool,
    #[serde(flatten)]
    pub(crate) state: DeviceState,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what a serializer asks for")]
fn is_false(switch: &bool) -> bool {
    !switch
}

/// Whether a phone still has the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum DeviceState {
    Active,
    /// The app is gone since this moment.
    Unregistered {
        since_ms: i64,
    },
    /// The token ran out at this moment.
    Expired {
        since_ms: i64,
    },
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) since_ms: Option<i64>,
    pub(crate) retry_after_s: Option<u32>,
}

impl Refusal {
    fn new(status: u16, reason: &str) -> Self {
        Self { status, reason: reason.to_owned(), since_ms: None, retry_after_s: None }
    }

    fn body(&self) -> Value {
        match self.since_ms {
            Some(since_ms) => json!({ "reason": self.reason, "timestamp": since_ms }),
            None => json!({ "reason": self.reason }),
        }
    }
}

/// A request as the connection read it.
struct Asked {
    connection: u64,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What the connection shall do with it.
struct Reply {
    id: String,
    unique_id: Option<String>,
    outcome: Result<(), Refusal>,
    decision: Decision,
    /// Nobody looked at it: a GOAWAY names an older stream as the last.
    is_disowned: bool,
    /// The push was accepted on the word of a provider token.
    is_proof: bool,
}

/// Everything the room knows.
pub(crate) struct Room {
    hall: Hall,
    authority: Authority,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    /// Bundle to team.
    apps: BTreeMap<String, String>,
    devices: BTreeMap<String, Device>,
    connections: u64,
}

impl room::Room for Room {
    fn name(&self) -> &'static str {
        ROOM
    }

    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        self.call(method, path, body)
    }

    fn codes(&self) -> Vec<String> {
        REASONS.iter().map(|(reason, _)| (*reason).to_owned()).collect()
    }

    fn phones(&self) -> Vec<Phone> {
        let phone = |device: Device| Phone {
            app: match device.environment {
                Environment::Production => device.bundle,
                Environment::Development => format!("{} · development", device.bundle),
            },
            state: match device.state {
                DeviceState::Active => "active",
                DeviceState::Unregistered { .. } => "unregistered",
                DeviceState::Expired { .. } => "expired",
            }
            .to_owned(),
            is_there: device.state == DeviceState::Active,
            token: device.token,
        };
        self.devices().into_iter().map(phone).collect()
    }

    fn reset(&self) {
        let connections = self.state.lock().connections;
        *self.state.lock() = State { connections, ..State::default() };
    }
}

impl Room {
    pub(crate) fn new(hall: Hall, authority: Authority) -> Self {
        Self { hall, authority, state: Mutex::default() }
    }

    /// Every phone, by token.
    fn devices(&self) -> Vec<Device> {
        self.state.lock().devices.values().cloned().collect()
    }

    fn next_connection(&self) -> u64 {
        let mut state = self.state.lock();
        state.connections += 1;
        state.connections
    }

    /// Judges one request and keeps it. A GOAWAY can disown only the newest stream.
    fn answer(&self, asked: &Asked, session: &Mutex<Session>, is_newest: bool) -> Reply {
        let token = asked.path.rsplit('/').next().unwrap_or("").to_owned();
        let topic = headers::text(&asked.headers, "apns-topic").unwrap_or("");
        let aim = Aim::send(vec![token], topic);
        let decision = self.hall.faults.take(ROOM, &asked.path, &aim, self.hall.clock.now_ms());
        let is_disowned = is_newest && decision.effect == Some(Effect::GoAway);
        let id = headers::message_id(&asked.headers);
        let echo = id.as_ref().map_or_else(|_| headers::new_id(), Clone::clone);
        let outcome = match &decision.effect {
            Some(Effect::Answer { status, code, reason, retry_after_s, .. }) => {
                let refusal = self.told(*status, code.as_ref(), reason);
                let refusal = Refusal { retry_after_s: *retry_after_s, ..refusal };
                if refusal.status == 200 { Ok(None) } else { Err(refusal) }
            }
            Some(Effect::RateLimit { .. } | Effect::Quota { .. }) => Err(Refusal::new(429, "TooManyRequests")),
            Some(Effect::StreamCap { .. }) | None => self.check(asked, session, id).map(Some),
            Some(Effect::GoAway) if !is_disowned => self.check(asked, session, id).map(Some),
            // No answer, no judgement: whether the push arrived is what the sender cannot know.
            Some(_) => Ok(None),
        };
        let is_answered = match decision.effect {
            Some(Effect::GoAway) => !is_disowned,
            None
            | Some(
                Effect::Answer { .. } | Effect::StreamCap { .. } | Effect::RateLimit { .. } | Effect::Quota { .. },
            ) => true,
            Some(_) => false,
        };
        self.keep(asked, is_answered, &outcome);
        let is_proof = matches!(&outcome, Ok(Some(_))) && session.lock().certificate.is_none();
        let outcome = outcome.map(|notification| {
            if let Some(notification) = notification {
                self.hall.inbox.add_notifications([notification]);
            }
        });
        // Only the development service gives a name by which its console finds a push again.
        let unique_id = (session.lock().environment == Environment::Development).then(headers::new_id);
        Reply { id: echo, unique_id, outcome, decision, is_disowned, is_proof }
    }

    /// What a fault rule says: a reason of Apple's with the status that belongs to it, or whatever the rule names.
    fn told(&self, status: Option<u16>, code: Option<&Value>, reason: &str) -> Refusal {
        let code = code.map(faults::code_text);
        let known = REASONS.iter().find(|(known, _)| Some(*known) == code.as_deref());
        let own = known.map_or(200, |(_, status)| *status);
        let refusal = Refusal::new(status.unwrap_or(own), code.as_deref().unwrap_or(reason));
        // Whoever is gone is told since when.
        let since_ms = (refusal.status == 410 && code.is_some()).then(|| self.hall.clock.now_ms());
        Refusal { since_ms, ..refusal }
    }

    fn check(
        &self,
        asked: &Asked,
        session: &Mutex<Session>,
        id: Result<String, Refusal>,
    ) -> Result<Notification, Refusal> {
        let token = headers::token(&asked.method, &asked.path)?;
        headers::check_duplicates(&asked.headers)?;
        let sender = self.check_sender(&asked.headers, &mut session.lock())?;
        let id = id?;
        let parsed = headers::parse(&asked.headers)?;
        let topic = self.check_topic(&parsed, &sender)?;
        headers::check_token(token)?;
        let payload = payload::parse(&asked.body, parsed.push_type)?;
        let environment = session.lock().environment;
        self.check_device(token, &topic, environment, parsed.push_type == LIVE)?;
        if parsed.push_type == LIVE && payload.json["aps"]["event"] == "end" {
            self.end(token);
        }
        let mut kept: BTreeMap<String, String> = asked
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("apns-"))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        kept.insert("apns-id".to_owned(), id.clone());
        let content = Arc::new(shown(id, kept, payload));
        let at_ms = self.hall.clock.now_ms();
        Ok(Notification { room: ROOM, token: token.to_owned(), at_ms, content, is_revoked: false })
    }

    fn check_sender(&self, headers: &HeaderMap, session: &mut Session) -> Result<Sender, Refusal> {
        if let Some(certificate) = &session.certificate {
            return certificate.clone().map(Sender::Certificate);
        }
        let authorization = headers::text(headers, "authorization");
        let key_of = |id: &str| self.state.lock().keys.get(id).cloned();
        session.check_token(authorization, self.hall.clock.now_ms(), key_of).map(Sender::Key)
    }

    /// The bundle that the sender may and does mean.
    fn check_topic(&self, parsed: &headers::Headers, sender: &Sender) -> Result<String, Refusal> {
        let missing = || Refusal::new(400, "MissingTopic");
        let disallowed = || Refusal::new(400, "TopicDisallowed");
        match sender {
            Sender::Key(key) => {
                let topic = headers::topic(parsed.topic.as_deref().ok_or_else(missing)?, parsed.push_type)?;
                let is_of_team = self.state.lock().apps.get(&topic.bundle).is_some_and(|team| *team == key.team);
                let is_in_scope = key.bundles.is_empty() || key.bundles.contains(&topic.bundle);
                if is_of_team && is_in_scope { Ok(topic.bundle) } else { Err(disallowed()) }
            }
            Sender::Certificate(allowed) => {
                let Some(text) = parsed.topic.as_deref() else {
                    // Only a certificate of one topic says by itself what is meant.
                    return if allowed.topics.is_empty() { Ok(allowed.bundle.clone()) } else { Err(missing()) };
                };
                let topic = headers::topic(text, parsed.push_type)?;
                let is_allowed = if allowed.topics.is_empty() {
                    topic.bundle == allowed.bundle && topic.suffix.is_empty()
                } else {
                    allowed.topics.iter().any(|allowed| allowed == text)
                };
                if is_allowed { Ok(topic.bundle) } else { Err(disallowed()) }
            }
        }
    }

    /// An activity that has ended leaves a token that leads nowhere.
    fn end(&self, token: &str) {
        let since_ms = self.hall.clock.now_ms();
        if let Some(device) = self.state.lock().devices.get_mut(&token.to_lowercase()) {
            device.state = DeviceState::Expired { since_ms };
        }
    }

    fn check_device(&self, token: &str, bundle: &str, environment: Environment, live: bool) -> Result<(), Refusal> {
        let state = self.state.lock();
        // The services do not know each other's tokens.
        let known = state.devices.get(&token.to_lowercase()).filter(|device| device.environment == environment);
        let Some(device) = known else { return Err(Refusal::new(400, "BadDeviceToken")) };
        if device.bundle != bundle || device.live != live {
            return Err(Refusal::new(400, "DeviceTokenNotForTopic"));
        }
        match device.state {
            DeviceState::Active => Ok(()),
            DeviceState::Unregistered { since_ms } => {
                Err(Refusal { since_ms: Some(since_ms), ..Refusal::new(410, "Unregistered") })
            }
            DeviceState::Expired { since_ms } => {
                Err(Refusal { since_ms: Some(since_ms), ..Refusal::new(410, "ExpiredToken") })
            }
        }
    }

    fn keep(&self, asked: &Asked, is_answered: bool, outcome: &Result<Option<Notification>, Refusal>) {
        let (status, reason) = match outcome {
            Ok(_) if is_answered => (200, String::new()),
            Ok(_) => (0, "fault rule".to_owned()),
            Err(refusal) => (refusal.status, refusal.reason.clone()),
        };
        let shown = |name: &str, value: &[u8]| match name {
            "authorization" => "bearer …".to_owned(),
            _ => String::from_utf8_lossy(value).into_owned(),
        };
        self.hall.inbox.add_request(Request {
            room: ROOM,
            at_ms: self.hall.clock.now_ms(),
            connection: asked.connection,
            method: asked.method.to_string(),
            path: asked.path.clone(),
            headers: asked
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), shown(name.as_str(), value.as_bytes())))
                .collect(),
            body: String::from_utf8_lossy(&asked.body).into_owned(),
            status,
            reason,
        });
    }
}

/// What the phone makes of it.
fn shown(id: String, headers: BTreeMap<String, String>, payload: payload::Payload) -> Content {
    let aps = &payload.json["aps"];
    let alert = &aps["alert"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (title, body) = if alert.is_string() {
        (String::new(), text(alert))
    } else {
        let (title, subtitle) = (text(&alert["title"]), text(&alert["subtitle"]));
        (if subtitle.is_empty() { title } else { format!("{title} {subtitle}") }, text(&alert["body"]))
    };
    Content {
        id,
        title,
        body,
        badge: aps["badge"].as_i64(),
        kind: headers.get("apns-push-type").cloned().unwrap_or_default(),
        notify_id: None,
        headers,
        payload: payload.json,
        warnings: payload.warnings,
    }
}

/// Who was let in.
enum Sender {
    Key(Key),
    Certificate(auth::Certified),
}
