//! vivo's service: a signed call for a token of a day, single messages, stored ones for lists, broadcasts, receipts.
//!
//! `message` checks fields. A call is checked in one fixed order: path, token, the app, rates, fields, time of day and
//! quota, request id, targets. Answers come with HTTP 200 and a number in `result`.
//!
//! | published code | got by |
//! | --- | --- |
//! | 10000 | no, an unknown or an expired `authToken` |
//! | 10040 | over `tasks_max` stored messages that were not pushed yet |
//! | 10050 | neither `regId` nor `alias` |
//! | 10055, 10056, 10058 | title or content missing or too long |
//! | 10066, 10067 | over ten custom pairs; over 1,024 characters, or a value that is no text |
//! | 10070 | over `operational_per_day` or `system_per_day` |
//! | 10071 | an operational message outside 07:00 to 23:00 in Shanghai |
//! | 10072 | over `per_s` calls in a second |
//! | 10101, 10103 | one of the app's `audited_words`, one of its `sensitive_words` |
//! | 10102 | a rule: `{"effect":"answer","code":10102}` |
//! | 10104 | a formal message that reads like a try |
//! | 10110 | an operational message of an app with `is_frequency_configured` false |
//! | 10302 | a registration id that is malformed, unknown, of another app, or whose phone lost the app |
//! | 10303 | a `requestId` for the second time |
//!
//! Beside them 10094, 10096, 10097, 10200 to 10207, 10250 (over ten sign-ins in a second), 10252, 10254.

mod message;
mod tasks;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use md5::{Digest, Md5};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::tasks::Tasks;
use crate::api::Answer;
use crate::courier::Parcel;
use crate::desk::{ACTIVE, App, Desk, Device, GONE};
use crate::faults::{Aim, Told};
use crate::inbox::Notification;
use crate::meter::{DAY_MS, Meter, SECOND_MS};
use crate::random;
use crate::room::{self, Phone};
use crate::service::{Call, Form, Hall, Limit, Reply, Service};
use crate::tickets::Tickets;

/// The room's name.
pub(crate) const ROOM: &str = "vivo";
/// How far the sender's clock may be off.
const SKEW_MS: u64 = 600_000;
/// Sign-ins of one app in a second.
const AUTH_PER_S: u64 = 10;
/// Request ids that are remembered.
const REQUESTS_MAX: usize = 100_000;
/// Operational messages go out between these hours in Shanghai.
const HOURS: std::ops::Range<i64> = 7..23;
const HOUR_MS: i64 = 3_600_000;

/// An app as vivo's console has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VivoApp {
    app_id: String,
    app_key: String,
    app_secret: String,
    package: String,
    token_life_s: i64,
    is_frequency_configured: bool,
    per_s: u64,
    operational_per_day: u64,
    system_per_day: u64,
    tasks_max: usize,
    sensitive_words: Vec<String>,
    audited_words: Vec<String>,
}

impl App for VivoApp {
    const STATES: &'static [&'static str] = &[ACTIVE, GONE, "offline", "muted"];

    fn fresh() -> Self {
        Self {
            app_id: random::digits(6),
            app_key: random::hex(32),
            app_secret: random::uuid(),
            package: "com.example.app".to_owned(),
            token_life_s: 86_400,
            is_frequency_configured: true,
            per_s: 3_000,
            operational_per_day: 20_000,
            system_per_day: 1_000_000_000,
            tasks_max: 1_000,
            sensitive_words: Vec::new(),
            audited_words: Vec::new(),
        }
    }

    fn id(&self) -> &str {
        &self.app_id
    }

    fn new_token() -> String {
        random::digits(23)
    }

    fn is_token(text: &str) -> bool {
        text.len() == 23 && text.bytes().all(|c| c.is_ascii_alphanumeric())
    }
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: i64,
    text: String,
    /// The one target that is none, and why.
    invalid: Option<(String, i64)>,
}

impl Refusal {
    fn new(code: i64) -> Self {
        Self { code, text: message::words(code).to_owned(), invalid: None }
    }

    fn reply(&self) -> Reply {
        let mut body = json!({ "result": self.code, "desc": self.text });
        if let Some((id, status)) = &self.invalid {
            body["invalidUser"] = json!({ "userid": id, "status": status });
        }
        Reply::json(200, &body, self.code.to_string())
    }
}

fn success(more: &Value) -> Reply {
    let mut body = json!({ "result": 0, "desc": message::words(0) });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Reply::json(200, &body, "")
}

/// Request ids that were used, the oldest first.
#[derive(Debug, Default)]
struct Requests {
    known: HashSet<String>,
    order: VecDeque<String>,
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<VivoApp>,
    tickets: Tickets,
    meter: Meter,
    requests: Mutex<Requests>,
    tasks: Mutex<Tasks>,
}

/// Makes the room.
pub(crate) fn open(hall: Hall, _url: &str) -> Arc<dyn Service> {
    Arc::new(Room {
        hall,
        desk: Desk::new(),
        tickets: Tickets::default(),
        meter: Meter::default(),
        requests: Mutex::default(),
        tasks: Mutex::default(),
    })
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
        *self.requests.lock() = Requests::default();
        *self.tasks.lock() = Tasks::default();
    }
}

impl Service for Room {
    fn aim(&self, call: &Call) -> Aim {
        let body = call.json().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match call.path.as_str() {
            "/message/send" => Aim::send(vec![text(&body["regId"])], ""),
            "/message/pushToList" => Aim::send(body["regIds"].as_array().into_iter().flatten().map(text).collect(), ""),
            "/message/saveListPayload" | "/message/all" | "/message/tagPush" => Aim::send(Vec::new(), ""),
            _ => Aim::default(),
        }
    }

    fn answer(&self, call: &Call) -> Reply {
        let outcome = match (call.method.as_str(), call.path.as_str()) {
            ("POST", "/message/auth") => self.auth(call),
            ("POST", "/message/send") => self.with_body(call, |app, body| self.send(app, body)),
            ("POST", "/message/saveListPayload") => self.with_body(call, |app, body| self.save(app, body)),
            ("POST", "/message/pushToList") => self.with_body(call, |app, body| self.push_to_list(app, body)),
            ("POST", "/message/all") => self.with_body(call, |app, body| self.push_to_all(app, body)),
            ("POST", "/message/tagPush") => self.with_body(call, |app, body| self.push_to_tags(app, body)),
            ("GET", "/report/getStatistics") => self.caller(call).map(|app| self.statistics(&app, call)),
            _ => return Reply::html(404),
        };
        outcome.unwrap_or_else(|refusal| refusal.reply())
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        let refusal = Refusal::new(told.number());
        Refusal { text: told.text(&refusal.text).to_owned(), ..refusal }.reply()
    }

    fn limited(&self, _call: &Call, limit: Limit) -> Reply {
        Refusal::new(if limit == Limit::Rate { 10_072 } else { 10_070 }).reply()
    }
}

impl Room {
    /// Signs in. The parts are trimmed before they are signed.
    fn auth(&self, call: &Call) -> Result<Reply, Refusal> {
        let body = call.json().unwrap_or_default();
        let text = |name: &str| match &body[name] {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let need =
            |name: &str, code: i64| Some(text(name)).filter(|it| !it.is_empty()).ok_or_else(|| Refusal::new(code));
        let (id, key) = (need("appId", 10_200)?, need("appKey", 10_201)?);
        let (timestamp, sign) = (need("timestamp", 10_203)?, need("sign", 10_204)?);
        let app = self.desk.app(&id).ok_or_else(|| Refusal::new(10_205))?;
        if app.app_key != key {
            return Err(Refusal::new(10_202));
        }
        let now_ms = self.hall.clock.now_ms();
        if timestamp.parse::<i64>().map_or(true, |sent_ms| now_ms.abs_diff(sent_ms) > SKEW_MS) {
            return Err(Refusal::new(10_207));
        }
        let expected = hex::encode(Md5::digest(format!("{id}{key}{timestamp}{}", app.app_secret)));
        if expected != sign {
            return Err(Refusal::new(10_206));
        }
        if !self.meter.take(&format!("auth {id}"), now_ms, SECOND_MS, AUTH_PER_S, 1) {
            return Err(Refusal::new(10_250));
        }
        let token = random::uuid();
        self.tickets.issue(&token, &id, now_ms + app.token_life_s * 1_000);
        Ok(success(&json!({ "authToken": token })))
    }

    /// The app that the caller's token stands for.
    fn caller(&self, call: &Call) -> Result<Arc<VivoApp>, Refusal> {
        let now_ms = self.hall.clock.now_ms();
        let id = self.tickets.check(call.header("authtoken"), now_ms).map_err(|_| Refusal::new(10_000))?;
        self.desk.app(&id).ok_or_else(|| Refusal::new(10_000))
    }

    fn with_body(
        &self,
        call: &Call,
        work: impl Fn(&VivoApp, &Value) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Refusal> {
        let app = self.caller(call)?;
        let now_ms = self.hall.clock.now_ms();
        if !self.meter.take(&format!("s {}", app.app_id), now_ms, SECOND_MS, app.per_s, 1) {
            return Err(Refusal::new(10_072));
        }
        let body = call.json().filter(Value::is_object).unwrap_or_else(|| json!({}));
        let named = match &body["appId"] {
            Value::Null => None,
            Value::String(text) => Some(text.trim().to_owned()),
            other => Some(other.to_string()),
        };
        if named.is_some_and(|named| named != app.app_id) {
            return Err(Refusal::new(10_094));
        }
        work(&app, &body)
    }

    /// What concerns the whole message: its fields, the hour, the day's allowance.
    fn check(&self, app: &VivoApp, body: &Value, targets: usize) -> Result<(), Refusal> {
        message::check(body, &app.sensitive_words, &app.audited_words)?;
        if body["pushMode"] == 1 {
            return Ok(());
        }
        let now_ms = self.hall.clock.now_ms();
        let is_operational = body["classification"] != 1;
        if is_operational && !app.is_frequency_configured {
            return Err(Refusal::new(10_110));
        }
        let hour = (now_ms + 8 * HOUR_MS).rem_euclid(24 * HOUR_MS) / HOUR_MS;
        if is_operational && !HOURS.contains(&hour) {
            return Err(Refusal::new(10_071));
        }
        let (class, max) =
            if is_operational { ("operational", app.operational_per_day) } else { ("system", app.system_per_day) };
        let key = format!("{class} {}", app.app_id);
        let is_left = self.meter.take(&key, now_ms, DAY_MS, max, targets as u64);
        if is_left { Ok(()) } else { Err(Refusal::new(10_070)) }
    }

    /// A request id serves once.
    fn use_up(&self, app: &VivoApp, body: &Value) -> Result<(), Refusal> {
        let id = format!("{} {}", app.app_id, body["requestId"].as_str().unwrap_or_default());
        let mut requests = self.requests.lock();
        if !requests.known.insert(id.clone()) {
            return Err(Refusal::new(10_303));
        }
        requests.order.push_back(id);
        if requests.order.len() > REQUESTS_MAX
            && let Some(oldest) = requests.order.pop_front()
        {
            requests.known.remove(&oldest);
        }
        Ok(())
    }

    fn send(&self, app: &VivoApp, body: &Value) -> Result<Reply, Refusal> {
        let text = |name: &str| body[name].as_str().filter(|it| !it.is_empty());
        if text("regId").is_none() && text("alias").is_none() {
            return Err(Refusal::new(10_050));
        }
        self.check(app, body, 1)?;
        self.use_up(app, body)?;
        let phones = match (text("regId"), text("alias")) {
            (Some(id), _) => {
                let fate = self.fate(app, body, id);
                let phone =
                    fate.map_err(|status| Refusal { invalid: Some((id.to_owned(), status)), ..Refusal::new(10_302) });
                vec![phone?]
            }
            (None, alias) => self.where_it(app, |it| it.alias.as_deref() == alias),
        };
        let task = random::digits(18);
        self.deliver(app, body, phones, &task, 0);
        Ok(success(&json!({ "taskId": task })))
    }

    /// The phone of a registration id, or the vendor's status of an invalid user.
    fn fate(&self, app: &VivoApp, body: &Value, id: &str) -> Result<Device, i64> {
        let device = self.desk.device(id).filter(|device| device.app == app.app_id).ok_or(1)?;
        if device.state == GONE {
            return Err(2);
        }
        if body["pushMode"] == 1 && !device.is_test { Err(4) } else { Ok(device) }
    }

    fn where_it(&self, app: &VivoApp, fits: impl Fn(&Device) -> bool) -> Vec<Device> {
        let tokens = self.desk.tokens(|it| it.app == app.app_id && fits(it));
        tokens.iter().filter_map(|token| self.desk.device(token)).collect()
    }

    fn deliver(&self, app: &VivoApp, body: &Value, phones: Vec<Device>, task: &str, invalid: usize) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(message::content(body, task));
        let count = |state: &str| phones.iter().filter(|phone| phone.state == state).count();
        self.tasks.lock().count(
            task,
            &app.app_id,
            [phones.len() + invalid, count(ACTIVE), invalid + count(GONE), count("muted"), count("offline")],
        );
        let mut shown = Vec::new();
        let mut arrived = Vec::new();
        for phone in phones.into_iter().filter(|phone| phone.state == ACTIVE) {
            shown.push(phone.token.clone());
            let (token, content) = (phone.token, Arc::clone(&content));
            arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
        }
        self.hall.inbox.add_notifications(arrived);
        let url = body["extra"]["callback"].as_str().unwrap_or_default();
        // Receipts exist for formal single pushes only.
        let is_single = body["regId"].is_string() || body["alias"].is_string();
        if url.is_empty() || shown.is_empty() || !is_single || body["pushMode"] == 1 {
            return;
        }
        let param = body["extra"]["callback.param"].as_str().unwrap_or_default();
        let receipt =
            json!({ task: { "param": param, "targets": shown.join(","), "ackTime": now_ms, "ackType": "arrive" } });
        self.hall.courier.send(Parcel {
            room: ROOM,
            url: url.to_owned(),
            kind: "application/json",
            headers: Vec::new(),
            body: receipt.to_string(),
        });
    }

    /// What became of tasks, a hundred at most.
    fn statistics(&self, app: &VivoApp, call: &Call) -> Reply {
        let query = Form::parse(&call.query).unwrap_or_default();
        let ids = query.text("taskIds").split(',').take(100);
        let tasks = self.tasks.lock();
        let found: Vec<Value> = ids.filter_map(|id| tasks.statistics(id, &app.app_id)).collect();
        success(&json!({ "statistics": found }))
    }
}
