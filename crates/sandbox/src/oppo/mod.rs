//! OPPO's service (for realme and OnePlus, too): a signed call for a token of a day, forms with JSON inside, single
//! notifications, a thousand at once, or a stored one for many, receipts.
//!
//! `message` checks fields. A call is checked in one fixed order: path and method, token, the app, rates, arguments,
//! targets. Answers come with HTTP 200 and a number in `code`.
//!
//! | published code | got by |
//! | --- | --- |
//! | -1 | a rule: `{"effect":"answer","code":-1}` |
//! | -2 | over `per_s` calls in a second |
//! | 11 | an unknown or expired token |
//! | 13 | over `per_day` calls in a day |
//! | 14, 15 | signing in with an unknown key, without one |
//! | 16, 17 | signing in with another signature (also of another moment), without one |
//! | 28 | an app with `is_disabled` |
//! | 29 | a call without a token |
//! | 30 | an app with `has_push_right` false; a channel that is not among its `channels` |
//! | 10000 | a registration id that is malformed, unknown, of another app; in batches per id |
//!
//! Beside them, derived: 12 (another method), 18 and 19 (timestamp missing, or over ten minutes off), 33 (`messages_per_day`),
//! 40 and 41 (an argument missing or out of bounds).

mod message;

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::Answer;
use crate::courier::Parcel;
use crate::desk::{ACTIVE, App, Desk, Device, GONE};
use crate::faults::{Aim, Told};
use crate::inbox::Notification;
use crate::meter::{DAY_MS, Meter, SECOND_MS};
use crate::random;
use crate::room::{self, Phone};
use crate::seen::Seen;
use crate::service::{Call, Form, Hall, Limit, Reply, Service};
use crate::tickets::Tickets;

/// The room's name.
pub(crate) const ROOM: &str = "oppo";
/// Messages of one batch, targets of one broadcast.
const BATCH_MAX: usize = 1_000;
/// Stored notifications.
const STORED_MAX: usize = 10_000;
/// How far the sender's clock may be off.
const SKEW_MS: u64 = 600_000;

/// An app as OPPO's console has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OppoApp {
    app_id: String,
    app_key: String,
    /// Of the app on the phone: signing in with it is the usual mistake.
    app_secret: String,
    master_secret: String,
    package: String,
    is_disabled: bool,
    has_push_right: bool,
    /// Channels that messages may name; empty means any.
    channels: Vec<String>,
    token_life_s: i64,
    /// Calls in a second, calls in a day, messages in a day.
    per_s: u64,
    per_day: u64,
    messages_per_day: u64,
}

impl App for OppoApp {
    const STATES: &'static [&'static str] = &[ACTIVE, GONE, "offline", "capped"];

    fn fresh() -> Self {
        Self {
            app_id: random::digits(8),
            app_key: random::hex(32),
            app_secret: random::hex(32),
            master_secret: random::hex(32),
            package: "com.example.app".to_owned(),
            is_disabled: false,
            has_push_right: true,
            channels: Vec::new(),
            token_life_s: 86_400,
            per_s: 5_000,
            per_day: 1_000_000_000,
            messages_per_day: 1_000_000_000,
        }
    }

    fn id(&self) -> &str {
        &self.app_key
    }

    fn new_token() -> String {
        format!("OPPO_CN_{}", random::hex(32))
    }

    fn is_token(text: &str) -> bool {
        let (maker, id) = text.rsplit_once('_').unwrap_or(("", text));
        let is_maker = maker.len() <= 32 && maker.bytes().all(|c| c.is_ascii_alphabetic() || c == b'_');
        is_maker && id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())
    }
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: i64,
    text: String,
}

impl Refusal {
    fn new(code: i64) -> Self {
        Self { code, text: message::words(code).to_owned() }
    }

    fn about(code: i64, field: &str) -> Self {
        Self { code, text: format!("{}: {field}", message::words(code)) }
    }

    fn reply(&self) -> Reply {
        Reply::json(200, &json!({ "code": self.code, "message": self.text, "data": {} }), self.code.to_string())
    }
}

fn success(data: &Value) -> Reply {
    Reply::json(200, &json!({ "code": 0, "message": "Success", "data": data }), "")
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<OppoApp>,
    tickets: Tickets,
    meter: Meter,
    seen: Seen,
    stored: Mutex<Vec<Stored>>,
}

/// A notification that waits for its targets.
#[derive(Debug, Clone)]
struct Stored {
    id: String,
    app: String,
    notification: Value,
}

/// Makes the room.
pub(crate) fn open(hall: Hall, _url: &str) -> Arc<dyn Service> {
    let (desk, tickets, meter, stored) = (Desk::new(), Tickets::default(), Meter::default(), Mutex::default());
    Arc::new(Room { hall, desk, tickets, meter, seen: Seen::default(), stored })
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
        message::WORDS.iter().map(|(code, _)| code.to_string()).collect()
    }

    fn phones(&self) -> Vec<Phone> {
        self.desk.phones()
    }

    fn reset(&self) {
        self.desk.clear();
        self.tickets.clear();
        self.meter.clear();
        self.seen.clear();
        self.stored.lock().clear();
    }
}

const AUTH: &str = "/server/v1/auth";
const MESSAGES: &str = "/server/v1/message/notification/";
const INVALID: &str = "/server/v1/feedback/fetch_invalid_regidList";

impl Service for Room {
    fn body_bytes(&self) -> usize {
        8 * 1_024 * 1_024
    }

    fn aim(&self, call: &Call) -> Aim {
        let form = call.form().unwrap_or_default();
        let json = |name: &str| serde_json::from_str::<Value>(form.text(name)).unwrap_or_default();
        let target = |message: &Value| message["target_value"].as_str().unwrap_or_default().to_owned();
        match call.path.strip_prefix(MESSAGES) {
            Some("unicast") => Aim::send(vec![target(&json("message"))], ""),
            Some("unicast_batch") => {
                Aim::send(json("messages").as_array().into_iter().flatten().map(target).collect(), "")
            }
            Some("broadcast") => Aim::send(form.text("target_value").split(';').map(str::to_owned).collect(), ""),
            _ => Aim::default(),
        }
    }

    fn answer(&self, call: &Call) -> Reply {
        let known = [AUTH, INVALID].contains(&call.path.as_str()) || call.path.starts_with(MESSAGES);
        if !known {
            return Reply::html(404);
        }
        if call.method != http::Method::POST {
            return Refusal::new(12).reply();
        }
        let outcome = match call.form() {
            None => Err(Refusal::new(40)),
            Some(form) if call.path == AUTH => self.auth(&form),
            Some(form) => self.work(call, &form),
        };
        outcome.unwrap_or_else(|refusal| refusal.reply())
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        let code = told.number();
        Refusal { code, text: told.text(message::words(code)).to_owned() }.reply()
    }

    fn limited(&self, _call: &Call, limit: Limit) -> Reply {
        Refusal::new(if limit == Limit::Rate { -2 } else { 13 }).reply()
    }
}

impl Room {
    /// Signs in: the moment and the key, signed with the master secret.
    fn auth(&self, form: &Form) -> Result<Reply, Refusal> {
        let need = |name: &str, code: i64| form.get(name).filter(|it| !it.is_empty()).ok_or_else(|| Refusal::new(code));
        let key = need("app_key", 15)?;
        let timestamp = need("timestamp", 18)?;
        let sign = need("sign", 17)?;
        let app = self.desk.app(key).ok_or_else(|| Refusal::new(14))?;
        let now_ms = self.hall.clock.now_ms();
        let sent_ms: i64 = timestamp.parse().map_err(|_| Refusal::new(19))?;
        if now_ms.abs_diff(sent_ms) > SKEW_MS {
            return Err(Refusal::new(19));
        }
        let expected = Sha256::digest(format!("{key}{timestamp}{}", app.master_secret));
        if hex::encode(expected) != sign {
            return Err(Refusal::new(16));
        }
        if app.is_disabled {
            return Err(Refusal::new(28));
        }
        let token = random::uuid();
        self.tickets.issue(&token, key, now_ms + app.token_life_s * 1_000);
        Ok(success(&json!({ "auth_token": token, "create_time": now_ms })))
    }

    fn work(&self, call: &Call, form: &Form) -> Result<Reply, Refusal> {
        let header = call.header("auth_token");
        let token = form.get("auth_token").unwrap_or(header);
        if token.is_empty() {
            return Err(Refusal::new(29));
        }
        let now_ms = self.hall.clock.now_ms();
        let key = self.tickets.check(token, now_ms).map_err(|_| Refusal::new(11))?;
        let app = self.desk.app(&key).ok_or_else(|| Refusal::new(11))?;
        if app.is_disabled {
            return Err(Refusal::new(28));
        }
        if !app.has_push_right {
            return Err(Refusal::new(30));
        }
        if !self.meter.take(&format!("s {key}"), now_ms, SECOND_MS, app.per_s, 1) {
            return Err(Refusal::new(-2));
        }
        if !self.meter.take(&format!("day {key}"), now_ms, DAY_MS, app.per_day, 1) {
            return Err(Refusal::new(13));
        }
        match call.path.strip_prefix(MESSAGES) {
            Some("unicast") => self.unicast(&app, form),
            Some("unicast_batch") => self.batch(&app, form),
            Some("save_message_content") => self.save(&app, form),
            Some("broadcast") => self.broadcast(&app, form),
            None => Ok(self.invalid(&app)),
            Some(_) => Ok(Reply::html(404)),
        }
    }

    fn unicast(&self, app: &OppoApp, form: &Form) -> Result<Reply, Refusal> {
        let message = form.get("message").ok_or_else(|| Refusal::about(40, "message"))?;
        let message: Value = serde_json::from_str(message).map_err(|_| Refusal::about(41, "message"))?;
        let id = self.deliver_one(app, &message)?;
        Ok(success(&json!({ "messageId": id })))
    }

    fn batch(&self, app: &OppoApp, form: &Form) -> Result<Reply, Refusal> {
        let messages = form.get("messages").ok_or_else(|| Refusal::about(40, "messages"))?;
        let messages: Vec<Value> = serde_json::from_str(messages).map_err(|_| Refusal::about(41, "messages"))?;
        if messages.is_empty() || messages.len() > BATCH_MAX {
            return Err(Refusal::about(41, "messages"));
        }
        let results: Vec<Value> = messages
            .iter()
            .map(|message| {
                let target = message["target_value"].as_str().unwrap_or_default();
                match self.deliver_one(app, message) {
                    Ok(id) => json!({ "messageId": id, "registrationId": target }),
                    Err(refusal) => {
                        json!({ "registrationId": target, "errorCode": refusal.code, "errorMessage": refusal.text })
                    }
                }
            })
            .collect();
        Ok(success(&json!(results)))
    }

    fn deliver_one(&self, app: &OppoApp, message: &Value) -> Result<String, Refusal> {
        message::check(&message["notification"], false, &app.channels)?;
        let target = message["target_value"].as_str().filter(|it| !it.is_empty());
        let target = target.ok_or_else(|| Refusal::about(40, "target_value"))?;
        let phones = match message["target_type"].as_i64() {
            Some(2) => vec![self.by_id(app, target).ok_or_else(|| Refusal::new(10_000))?],
            Some(5) => self.where_it(app, |it| it.alias.as_deref() == Some(target)),
            _ => return Err(Refusal::about(41, "target_type")),
        };
        let id = random::hex(24);
        // Of the same message a target gets one.
        let own_id = message["notification"]["app_message_id"].as_str().filter(|it| !it.is_empty());
        let key = own_id.map(|own| format!("{} {own} {target}", app.app_key));
        if key.is_some_and(|key| !self.seen.is_first(key, self.hall.clock.now_ms())) {
            return Ok(id);
        }
        self.count(app, 1)?;
        self.deliver(app, &message["notification"], phones, &id, None);
        Ok(id)
    }

    fn by_id(&self, app: &OppoApp, id: &str) -> Option<Device> {
        self.desk.device(id).filter(|device| device.app == app.app_key && OppoApp::is_token(id))
    }

    fn where_it(&self, app: &OppoApp, fits: impl Fn(&Device) -> bool) -> Vec<Device> {
        let tokens = self.desk.tokens(|it| it.app == app.app_key && fits(it));
        tokens.iter().filter_map(|token| self.desk.device(token)).collect()
    }

    fn count(&self, app: &OppoApp, messages: usize) -> Result<(), Refusal> {
        let key = format!("messages {}", app.app_key);
        let now_ms = self.hall.clock.now_ms();
        let is_left = self.meter.take(&key, now_ms, DAY_MS, app.messages_per_day, messages as u64);
        if is_left { Ok(()) } else { Err(Refusal::new(33)) }
    }

    fn save(&self, app: &OppoApp, form: &Form) -> Result<Reply, Refusal> {
        let fields = form.iter().filter(|(name, _)| *name != "auth_token");
        let notification: Value = Value::Object(fields.map(|(name, value)| (name.to_owned(), json!(value))).collect());
        message::check(&notification, true, &app.channels)?;
        let mut stored = self.stored.lock();
        if stored.len() >= STORED_MAX {
            stored.remove(0);
        }
        let id = random::hex(24);
        stored.push(Stored { id: id.clone(), app: app.app_key.clone(), notification });
        Ok(success(&json!({ "message_id": id })))
    }

    fn broadcast(&self, app: &OppoApp, form: &Form) -> Result<Reply, Refusal> {
        let id = form.text("message_id");
        let found = self.stored.lock().iter().find(|it| it.id == id && it.app == app.app_key).cloned();
        let stored = found.ok_or_else(|| Refusal::about(41, "message_id"))?;
        let targets: Vec<&str> = form.text("target_value").split(';').filter(|it| !it.is_empty()).collect();
        if form.text("target_type") != "1" && (targets.is_empty() || targets.len() > BATCH_MAX) {
            return Err(Refusal::about(if targets.is_empty() { 40 } else { 41 }, "target_value"));
        }
        let mut wrong = Vec::new();
        let phones = match form.text("target_type") {
            "1" => self.where_it(app, |_| true),
            "2" => {
                let known = targets.iter().map(|id| self.by_id(app, id).ok_or(*id));
                let (good, bad): (Vec<_>, Vec<_>) = known.partition(Result::is_ok);
                wrong = bad.into_iter().filter_map(Result::err).collect();
                good.into_iter().filter_map(Result::ok).collect()
            }
            "5" => self.where_it(app, |it| it.alias.as_deref().is_some_and(|alias| targets.contains(&alias))),
            "6" => self.where_it(app, |it| targets.iter().any(|tag| it.topics.contains(*tag))),
            _ => return Err(Refusal::about(41, "target_type")),
        };
        self.count(app, phones.len())?;
        let task = random::hex(24);
        self.deliver(app, &stored.notification, phones, id, Some(&task));
        let mut data = json!({ "message_id": id, "task_id": task });
        if !wrong.is_empty() {
            data["10000"] = json!(wrong);
        }
        Ok(success(&data))
    }

    fn deliver(&self, app: &OppoApp, own: &Value, phones: Vec<Device>, id: &str, task: Option<&str>) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(message::content(own, id));
        let (mut arrived, mut events) = (Vec::new(), Vec::new());
        for phone in phones {
            let event = match phone.state.as_str() {
                ACTIVE => "push_arrive",
                GONE => "regid_invalid",
                "capped" => "user_daily_limit",
                // The vendor keeps it until the phone comes back; no receipt yet.
                _ => continue,
            };
            events.push((event, phone.token.clone()));
            if event == "push_arrive" {
                let (token, content) = (phone.token, Arc::clone(&content));
                arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
            }
        }
        self.hall.inbox.add_notifications(arrived);
        let url = own["call_back_url"].as_str().unwrap_or_default();
        for event in ["push_arrive", "regid_invalid", "user_daily_limit"] {
            let ids: Vec<&str> = events.iter().filter(|(it, _)| *it == event).map(|(_, id)| id.as_str()).collect();
            if ids.is_empty() || url.is_empty() {
                continue;
            }
            let entry = json!({
                "messageId": id, "appId": app.app_id, "taskId": task.unwrap_or(id),
                "registrationIds": ids.join(","), "eventTime": now_ms,
                "param": own["call_back_parameter"].as_str().unwrap_or_default(), "eventType": event,
            });
            let (url, body) = (url.to_owned(), json!([entry]).to_string());
            self.hall.courier.send(Parcel { room: ROOM, url, kind: "application/json", headers: Vec::new(), body });
        }
    }

    /// The phones that lost the app.
    fn invalid(&self, app: &OppoApp) -> Reply {
        let mut gone = self.desk.tokens(|it| it.app == app.app_key && it.state == GONE);
        let count = gone.len();
        gone.truncate(BATCH_MAX);
        success(&json!({ "registration_ids": gone, "totalCount": count }))
    }
}
