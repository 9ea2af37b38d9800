//! Huawei's service for Android (HMS Core): access tokens, a message to up to a thousand phones, topics, receipts.
//!
//! `message` checks fields, `topics` has the subscriptions, `legacy` the retired gateway. A send is checked in one fixed
//! order: path, access token, size, shape, tokens' count, fields, permission, rate, and last the tokens.
//!
//! | published code | got by |
//! | --- | --- |
//! | 80100000 | a good token and one that is unknown, malformed or of another app (HTTP 200, the rest is delivered) |
//! | 80100002 | `token` that is no list, or an empty one |
//! | 80100003 | no JSON; no title, body or `click_action`; a badge, style, button … out of bounds |
//! | 80100004 | `ttl` under a second or over fifteen days |
//! | 80300002 | an app id that nobody has; an app with `is_push_enabled` false |
//! | 80300007 | no token of this app among them |
//! | 80300008 | over 4,096 bytes without tokens |
//! | 81000001 | a rule: `{"effect":"answer","code":"81000001"}` |
//! | 80000003 … 80000008 | an app with `is_legacy`: a single phone in the state `offline`, `unregistered`, `silent`, `unrouted`, `abroad`, `moved`; of any app by receipt |
//! | 102, 106, 107 | an app with `is_legacy`: a wrong access token, `is_push_enabled` false, `is_secret_rotated` |
//! | 100, 101, 109 | `legacy`, at its own path |
//! | 110, 111 | rules: `{"effect":"answer","code":110}` |
//!
//! Beside them 80100001, 80100013, 80100016 (`sensitive_words`), 80100017 (over 100 messages to topics in a second), 80200001, 80200003, 80300010, 80300011, 80300013,
//! 82000007 to 82000011, and HTTP 503 over `per_s` requests in a second.

mod legacy;
mod message;
mod topics;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Answer;
use crate::desk::{ACTIVE, App, Desk, Device, GONE};
use crate::faults::{Aim, Told};
use crate::hms::{self, BYTES_MAX, Receiver, Refusal, TOKENS_MAX, Whose};
use crate::inbox::{Content, Notification};
use crate::meter::{DAY_MS, Meter, SECOND_MS};
use crate::random;
use crate::room::{self, Phone};
use crate::service::{Call, Hall, Limit, Reply, Service, segments};
use crate::tickets::{Stale, Tickets};

/// The room's name.
pub(crate) const ROOM: &str = "huawei";

/// Messages to topics that the service works on at once; each takes a second here.
const TOPIC_TASKS_MAX: u64 = 100;

/// An app as AppGallery Connect has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HmsApp {
    app_id: String,
    secret: String,
    project_id: String,
    package: String,
    is_push_enabled: bool,
    has_high_priority: bool,
    token_life_s: i64,
    /// Requests in a second.
    per_s: u64,
    /// Messages to one phone in a day; more are accepted and reported as capped.
    device_per_day: u64,
    sensitive_words: Vec<String>,
    /// By receipt id; `default` is for messages that name none.
    receivers: BTreeMap<String, Receiver>,
    /// The retired gateway answers for this app.
    is_legacy: bool,
    /// The retired gateway wants its secret fetched anew.
    is_secret_rotated: bool,
}

impl App for HmsApp {
    const STATES: &'static [&'static str] = &[
        ACTIVE,
        GONE,
        "reset",
        "muted",
        "offline",
        "silent",
        "replaced",
        "locked",
        "capped",
        "controlled",
        "unrouted",
        "abroad",
        "moved",
    ];

    fn fresh() -> Self {
        Self {
            app_id: random::digits(9),
            secret: random::hex(64),
            project_id: random::digits(18),
            package: "com.example.app".to_owned(),
            is_push_enabled: true,
            has_high_priority: false,
            token_life_s: 3_600,
            per_s: 6_000,
            device_per_day: 3_000,
            sensitive_words: Vec::new(),
            receivers: BTreeMap::new(),
            is_legacy: false,
            is_secret_rotated: false,
        }
    }

    fn id(&self) -> &str {
        &self.app_id
    }

    fn new_token() -> String {
        format!("IQAAAACy{}", random::letters(122))
    }

    fn is_token(text: &str) -> bool {
        (32..=512).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.~+/=".contains(&c))
    }
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<HmsApp>,
    tickets: Tickets,
    meter: Meter,
}

/// Makes the room.
pub(crate) fn open(hall: Hall, _url: &str) -> Arc<dyn Service> {
    Arc::new(Room { hall, desk: Desk::new(), tickets: Tickets::default(), meter: Meter::default() })
}

impl room::Room for Room {
    fn name(&self) -> &'static str {
        ROOM
    }

    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        if let ("DELETE", ["apps", app, "tokens"]) = (method, path) {
            self.tickets.revoke(app);
            return Ok(json!({}));
        }
        self.desk.control(&self.hall, ROOM, method, path, body)
    }

    fn codes(&self) -> Vec<String> {
        legacy::codes().chain(hms::codes(Whose::Android)).collect()
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
    fn aim(&self, call: &Call) -> Aim {
        if call.path == legacy::PATH { legacy::aim(call) } else { hms::aim(call, "/message/token") }
    }

    fn answer(&self, call: &Call) -> Reply {
        if call.method != http::Method::POST {
            return Reply::html(404);
        }
        match segments(&call.path).as_slice() {
            ["oauth2", "v3" | "v2", "token"] => self.token(call),
            ["v1", app, "messages:send"] => {
                self.gate(call, app).unwrap_or_else(|| self.done(self.send(call, app, false)))
            }
            ["v2", project, "messages:send"] => self.done(self.send(call, project, true)),
            ["v1", app, "messages:revoke"] => self.done(self.revoke(call, app)),
            ["v1", app, "topic:subscribe"] => self.done(self.subscribe(call, app, true)),
            ["v1", app, "topic:unsubscribe"] => self.done(self.subscribe(call, app, false)),
            ["v1", app, "topic:list"] => self.done(self.topics(call, app)),
            _ if call.path == legacy::PATH && self.desk.find(|app| app.is_legacy).is_some() => self.legacy(call),
            _ => Reply::html(404),
        }
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        if legacy::is_own(told.code) {
            return legacy::spell(told);
        }
        let illegal = |tokens: &[String]| json!({ "success": 0, "failure": tokens.len(), "illegal_tokens": tokens });
        hms::spell(&self.hall, told, illegal)
    }

    fn limited(&self, _call: &Call, _limit: Limit) -> Reply {
        Reply::html(503)
    }
}

impl Room {
    fn done(&self, outcome: Result<Reply, Refusal>) -> Reply {
        outcome.unwrap_or_else(|refusal| refusal.reply(&hms::request_id(&self.hall)))
    }

    /// The OAuth endpoint. Of its numbers those of a wrong secret were seen; the others are derived.
    fn token(&self, call: &Call) -> Reply {
        let refuse = |sub_error: u32, text: &str| {
            let body = json!({ "sub_error": sub_error, "error_description": text, "error": 1_101 });
            Reply::json(400, &body, format!("1101/{sub_error}: {text}"))
        };
        let Some(form) = call.form() else { return refuse(20_001, "missing required parameter: grant_type") };
        if form.text("grant_type") != "client_credentials" {
            return refuse(20_155, "invalid grant_type");
        }
        let Some(app) = self.desk.app(form.text("client_id")) else { return refuse(12_303, "invalid client_id") };
        if form.text("client_secret") != app.secret {
            return refuse(12_304, "invalid client_secret");
        }
        let token = format!("DQEDA{}/{}==", STANDARD.encode(random::letters(60)), random::letters(16));
        self.tickets.issue(&token, &app.app_id, self.hall.clock.now_ms() + app.token_life_s * 1_000);
        let body = json!({ "access_token": token, "expires_in": app.token_life_s, "token_type": "Bearer" });
        let mut reply = Reply::json(200, &body, "").header("cache-control", "no-store");
        // The vendor escapes slashes: whoever cuts the token out of the text instead of reading the JSON gets another.
        reply.body = reply.body.replace('/', "\\/");
        reply
    }

    /// The app that the caller's access token stands for, which must be the one of the path.
    fn caller(&self, call: &Call, wanted: &str, is_project: bool) -> Result<Arc<HmsApp>, Refusal> {
        let token = call.bearer().ok_or_else(|| Refusal::new("80200001"))?;
        let id = self.tickets.check(token, self.hall.clock.now_ms()).map_err(|stale| match stale {
            // A token with a character too many reads as one that is not known any more.
            Stale::Unknown | Stale::Expired => Refusal::new("80200003"),
        })?;
        let app = self.desk.app(&id).ok_or_else(|| Refusal::new("80200001"))?;
        let is_own = if is_project { app.project_id == wanted } else { app.app_id == wanted };
        if is_own {
            return Ok(app);
        }
        let is_known = self.desk.find(|app| if is_project { app.project_id == wanted } else { app.app_id == wanted });
        Err(Refusal::new(if is_known.is_some() { "80200001" } else { "80300002" }))
    }

    fn send(&self, call: &Call, wanted: &str, is_project: bool) -> Result<Reply, Refusal> {
        let app = self.caller(call, wanted, is_project)?;
        let body: Value = call.json().filter(Value::is_object).ok_or_else(|| Refusal::new("80100003"))?;
        if hms::weigh(&body, &["message", "token"]) > BYTES_MAX {
            return Err(Refusal::new("80300008"));
        }
        let message = &body["message"];
        let tokens = self.targets(message, &app)?;
        message::check(message, app.has_high_priority)?;
        if hms::is_sensitive(&app.sensitive_words, message) {
            return Err(Refusal::new("80100016"));
        }
        let receipt_id = message["android"]["receipt_id"].as_str();
        let receiver = app.receivers.get(receipt_id.unwrap_or("default"));
        if receipt_id.is_some() && receiver.is_none() {
            return Err(Refusal::new("80300013"));
        }
        if !app.is_push_enabled {
            return Err(Refusal::new("80300002"));
        }
        let now_ms = self.hall.clock.now_ms();
        if !self.meter.take(&app.app_id, now_ms, SECOND_MS, app.per_s, 1) {
            return Ok(Reply::html(503));
        }
        let asked: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let fates = self.desk.look(&asked, |_, device| device.filter(|it| it.app == app.app_id).cloned());
        let illegal: Vec<&str> =
            asked.iter().zip(&fates).filter(|(_, it)| it.is_none()).map(|(token, _)| *token).collect();
        if illegal.len() == asked.len() && !asked.is_empty() {
            return Err(Refusal::new("80300007"));
        }
        if let (true, [Some(only)]) = (app.is_legacy, &fates[..])
            && let Some(code) = legacy::fate(&only.state)
        {
            return Err(Refusal::new(code));
        }
        let request_id = hms::request_id(&self.hall);
        if body["validate_only"] != true {
            let phones: Vec<Device> = fates.into_iter().flatten().collect();
            self.deliver(&app, message, receiver, phones, &request_id);
        }
        if illegal.is_empty() {
            return Ok(hms::success(&request_id));
        }
        let text = json!({
            "success": asked.len() - illegal.len(), "failure": illegal.len(), "illegal_tokens": illegal,
        });
        Ok(Refusal::saying("80100000", text.to_string()).reply(&request_id))
    }

    /// The tokens that a message names, or those of the phones of its topic.
    fn targets(&self, message: &Value, app: &HmsApp) -> Result<Vec<String>, Refusal> {
        let named = ["token", "topic", "condition"].into_iter().filter(|name| !message[name].is_null()).count();
        match named {
            0 => return Err(Refusal::new("80300010")),
            1 => {}
            _ => return Err(Refusal::saying("80100001", "Parameters check error: one of token, topic and condition")),
        }
        let is_wide = message["token"].is_null();
        let key = format!("wide {}", app.app_id);
        if is_wide && !self.meter.take(&key, self.hall.clock.now_ms(), SECOND_MS, TOPIC_TASKS_MAX, 1) {
            return Err(Refusal::new("80100017"));
        }
        if let Some(topic) = message["topic"].as_str() {
            return Ok(self.desk.tokens(|it| it.app == app.app_id && it.topics.contains(topic)));
        }
        if let Some(condition) = message["condition"].as_str() {
            return topics::matching(condition)
                .map(|holds| self.desk.tokens(|it| it.app == app.app_id && holds(&it.topics)))
                .ok_or_else(|| Refusal::saying("80100001", "Parameters check error: condition"));
        }
        let tokens = hms::texts(&message["token"]).filter(|tokens| !tokens.is_empty());
        let tokens = tokens.ok_or_else(|| Refusal::new("80100002"))?;
        if tokens.len() > TOKENS_MAX {
            return Err(Refusal::new("80300010"));
        }
        Ok(tokens.into_iter().map(str::to_owned).collect())
    }

    fn deliver(&self, app: &HmsApp, message: &Value, to: Option<&Receiver>, phones: Vec<Device>, request_id: &str) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(content(message, request_id));
        let mut arrived = Vec::with_capacity(phones.len());
        let mut statuses = Vec::new();
        for phone in phones {
            let key = format!("day {}", phone.token);
            let is_capped = !self.meter.take(&key, now_ms, DAY_MS, app.device_per_day, 1);
            let status = if is_capped { 102 } else { status(&phone.state) };
            if to.is_some() {
                statuses.push(json!({
                    "biTag": message["android"]["bi_tag"].as_str().unwrap_or_default(),
                    "appid": app.app_id, "token": phone.token, "status": status,
                    "timestamp": now_ms, "requestId": request_id,
                }));
            }
            if status == 0 {
                let (token, content) = (phone.token, Arc::clone(&content));
                arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
            }
        }
        self.hall.inbox.add_notifications(arrived);
        if let Some(receiver) = to {
            hms::tell(&self.hall, ROOM, receiver, &statuses);
        }
    }

    fn revoke(&self, call: &Call, wanted: &str) -> Result<Reply, Refusal> {
        self.caller(call, wanted, false)?;
        hms::revoke(&self.hall, ROOM, call)?;
        Ok(hms::success(&hms::request_id(&self.hall)))
    }
}

/// What a receipt says of a phone.
fn status(state: &str) -> i64 {
    match state {
        ACTIVE => 0,
        GONE => 2,
        "reset" => 5,
        "muted" => 6,
        "offline" => 10,
        "replaced" => 15,
        "locked" => 51,
        "capped" => 102,
        "controlled" | "unrouted" | "abroad" => 201,
        _ => 14,
    }
}

/// What the phone makes of it.
fn content(message: &Value, id: &str) -> Content {
    let own = &message["android"]["notification"];
    let text = |name: &str| {
        own[name].as_str().or_else(|| message["notification"][name].as_str()).unwrap_or_default().to_owned()
    };
    let is_shown = own.is_object() || message["notification"].is_object();
    let category = message["android"]["category"].as_str();
    let mut payload = message.clone();
    if let Some(payload) = payload.as_object_mut() {
        payload.remove("token");
    }
    Content {
        id: id.to_owned(),
        title: text("title"),
        body: text("body"),
        badge: own["badge"]["set_num"].as_i64().or_else(|| own["badge"]["add_num"].as_i64()),
        kind: category.unwrap_or(if is_shown { "notification" } else { "data" }).to_owned(),
        notify_id: own["notify_id"].as_i64(),
        payload,
        ..Content::default()
    }
}
