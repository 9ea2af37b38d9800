//! Honor's service: access tokens, a message to up to a thousand phones, receipts.
//!
//! `message` checks fields. A send is checked in one fixed order: path, method, access token, moment, size, shape, tokens'
//! count, fields, rate, and last the tokens. Which HTTP status goes with a code inside is not published: codes below a
//! thousand are the HTTP status, the others come with 200.
//!
//! | published code | got by |
//! | --- | --- |
//! | 200 | an accepted message; phones that lost the app stand in `expireTokens` |
//! | 400 | a body that is no JSON |
//! | 403 | no, an unknown or an expired access token |
//! | 404 | another path |
//! | 500 | another method; another media type |
//! | 502 | a rule: `{"effect":"answer","code":502}` |
//! | 503 | over `per_s` requests in a second |
//! | 80100000 | a good token and one that is unknown, malformed or of another app |
//! | 80100003 | no title, body or `clickAction`; a `ttl`, badge, style, button … out of bounds |
//! | 80300006 | a token that stands twice |
//! | 80300007 | no token of this app among them; an access token of another app |
//! | 80300008 | over 4,096 bytes without tokens |
//! | 80300010 | over 1,000 tokens |
//! | 80200020 | an `android.receiptId` that the app does not have (where the id stands is derived) |
//! | 10001 | no `timestamp` header |
//! | 10207 | a `timestamp` that is no moment in milliseconds, or over ten minutes off (the window is derived) |
//! | 10300 | no tokens |
//! | 10205 | an app id that nobody has |

mod message;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Answer;
use crate::courier::Parcel;
use crate::desk::{ACTIVE, App, Desk, Device, GONE};
use crate::faults::{Aim, Told};
use crate::hms::{self, BYTES_MAX, TOKENS_MAX};
use crate::inbox::{Content, Notification};
use crate::meter::{Meter, SECOND_MS};
use crate::random;
use crate::room::{self, Phone};
use crate::service::{Call, Hall, Limit, Reply, Service, segments};
use crate::tickets::Tickets;

/// The room's name.
pub(crate) const ROOM: &str = "honor";
/// How far the sender's clock may be off.
const SKEW_MS: u64 = 600_000;

/// An app as Honor's console has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HonorApp {
    app_id: String,
    client_id: String,
    client_secret: String,
    package: String,
    token_life_s: i64,
    /// Requests in a second.
    per_s: u64,
    /// Where receipts go, by receipt id; `default` is for messages that name none.
    receivers: BTreeMap<String, String>,
}

impl App for HonorApp {
    const STATES: &'static [&'static str] = &[ACTIVE, GONE, "offline", "muted"];

    fn fresh() -> Self {
        Self {
            app_id: random::digits(9),
            client_id: random::hex(32),
            client_secret: random::letters(32),
            package: "com.example.app".to_owned(),
            token_life_s: 3_600,
            per_s: 3_000,
            receivers: BTreeMap::new(),
        }
    }

    fn id(&self) -> &str {
        &self.app_id
    }

    fn new_token() -> String {
        format!("BAEAAAAA.{}", random::letters(120))
    }

    fn is_token(text: &str) -> bool {
        (32..=512).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.~+/=".contains(&c))
    }
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: i64,
    text: String,
    failed: Vec<String>,
    expired: Vec<String>,
}

impl Refusal {
    fn new(code: i64) -> Self {
        Self { code, text: words(code).to_owned(), failed: Vec::new(), expired: Vec::new() }
    }

    fn reply(&self, hall: &Hall) -> Reply {
        let status = u16::try_from(self.code).ok().filter(|status| *status < 1_000).unwrap_or(200);
        let is_sent = matches!(self.code, 200 | 80_100_000);
        Reply::json(
            status,
            &envelope(hall, self.code, &self.text, is_sent, &self.failed, &self.expired),
            self.code.to_string(),
        )
    }
}

fn envelope(hall: &Hall, code: i64, text: &str, is_sent: bool, failed: &[String], expired: &[String]) -> Value {
    json!({
        "code": code,
        "message": text,
        "data": {
            "sendResult": is_sent,
            "requestId": format!("{}{}", hall.clock.now_ms(), random::digits(8)),
            "failTokens": failed,
            "expireTokens": expired,
        },
    })
}

/// Every code that the vendor publishes, with its words.
const WORDS: &[(i64, &str)] = &[
    (200, "success"),
    (400, "Parameter error"),
    (403, "Authentication failed"),
    (404, "The service is not found"),
    (500, "Internal service error"),
    (502, "Connection abnormal"),
    (503, "Traffic control"),
    (10_001, "The timestamp is missing"),
    (10_205, "The appId does not exist"),
    (10_207, "The timestamp is invalid"),
    (10_300, "The token list is empty"),
    (80_100_000, "Some tokens are successfully sent, the others are invalid"),
    (80_100_003, "Incorrect message structure"),
    (80_200_020, "The receiptId does not match"),
    (80_300_006, "Duplicate token"),
    (80_300_007, "All tokens are invalid"),
    (80_300_008, "The message body size exceeds the default value"),
    (80_300_010, "The number of tokens exceeds the default value"),
];

fn words(code: i64) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == code).map_or("", |(_, words)| *words)
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<HonorApp>,
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
        WORDS.iter().map(|(code, _)| code.to_string()).collect()
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
        if !call.path.ends_with("/sendMessage") {
            return Aim::default();
        }
        let body = call.json().unwrap_or_default();
        let tokens = hms::texts(&body["token"]).unwrap_or_default();
        Aim::send(tokens.into_iter().map(str::to_owned).collect(), "")
    }

    fn answer(&self, call: &Call) -> Reply {
        let outcome = match segments(&call.path).as_slice() {
            ["auth", "token"] | ["auth", "realms", "developer", "protocol", "openid-connect", "token"] => {
                return self.token(call);
            }
            ["api", "v1", app, "sendMessage"] => self.send(call, app),
            _ => Err(Refusal::new(404)),
        };
        outcome.unwrap_or_else(|refusal| refusal.reply(&self.hall))
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        let refusal = Refusal::new(told.number());
        let is_about_tokens = matches!(refusal.code, 80_100_000 | 80_300_007);
        let failed = if is_about_tokens { told.tokens.to_vec() } else { Vec::new() };
        Refusal { text: told.text(&refusal.text).to_owned(), failed, ..refusal }.reply(&self.hall)
    }

    fn limited(&self, _call: &Call, _limit: Limit) -> Reply {
        Refusal::new(503).reply(&self.hall)
    }
}

impl Room {
    /// The token endpoint; its errors are those of OAuth 2.0 (RFC 6749), because the vendor publishes none.
    fn token(&self, call: &Call) -> Reply {
        let refuse = |status: u16, error: &str, text: &str| {
            Reply::json(status, &json!({ "error": error, "error_description": text }), error)
        };
        if call.method != http::Method::POST {
            return Refusal::new(500).reply(&self.hall);
        }
        let Some(form) = call.form() else {
            return refuse(400, "invalid_request", "Missing form parameter: grant_type");
        };
        match form.get("grant_type") {
            None => return refuse(400, "invalid_request", "Missing form parameter: grant_type"),
            Some("client_credentials") => {}
            Some(_) => return refuse(400, "unsupported_grant_type", "Unsupported grant_type"),
        }
        let app = self.desk.find(|app| app.client_id == form.text("client_id"));
        let Some(app) = app.filter(|app| app.client_secret == form.text("client_secret")) else {
            return refuse(401, "invalid_client", "Invalid client or Invalid client credentials");
        };
        let token = random::letters(180);
        self.tickets.issue(&token, &app.app_id, self.hall.clock.now_ms() + app.token_life_s * 1_000);
        let body = json!({ "access_token": token, "expires_in": app.token_life_s, "token_type": "Bearer" });
        Reply::json(200, &body, "").header("cache-control", "no-store")
    }

    fn send(&self, call: &Call, wanted: &str) -> Result<Reply, Refusal> {
        if call.method != http::Method::POST || !call.is_of("application/json") {
            return Err(Refusal::new(500));
        }
        let now_ms = self.hall.clock.now_ms();
        let caller = call.bearer().and_then(|token| self.tickets.check(token, now_ms).ok());
        let caller = caller.ok_or_else(|| Refusal::new(403))?;
        let sent = call.header("timestamp");
        if sent.is_empty() {
            return Err(Refusal::new(10_001));
        }
        if sent.parse::<i64>().map_or(true, |sent_ms| now_ms.abs_diff(sent_ms) > SKEW_MS) {
            return Err(Refusal::new(10_207));
        }
        let app = self.desk.app(wanted).ok_or_else(|| Refusal::new(10_205))?;
        let body = call.json().filter(Value::is_object).ok_or_else(|| Refusal::new(400))?;
        if hms::weigh(&body, &["token"]) > BYTES_MAX {
            return Err(Refusal::new(80_300_008));
        }
        let tokens = match &body["token"] {
            Value::Null => Vec::new(),
            list => hms::texts(list).ok_or_else(|| Refusal::new(400))?,
        };
        if tokens.is_empty() {
            return Err(Refusal::new(10_300));
        }
        if tokens.len() > TOKENS_MAX {
            return Err(Refusal::new(80_300_010));
        }
        if tokens.iter().collect::<HashSet<_>>().len() < tokens.len() {
            return Err(Refusal::new(80_300_006));
        }
        message::check(&body).map_err(|field| {
            let text = format!("{}: {field}", words(80_100_003));
            Refusal { text, ..Refusal::new(80_100_003) }
        })?;
        let receipt_id = body["android"]["receiptId"].as_str();
        let receiver = app.receivers.get(receipt_id.unwrap_or("default"));
        if receipt_id.is_some() && receiver.is_none() {
            return Err(Refusal::new(80_200_020));
        }
        if !self.meter.take(&app.app_id, now_ms, SECOND_MS, app.per_s, 1) {
            return Err(Refusal::new(503));
        }
        self.judge(&app, &caller, &tokens, &body, receiver)
    }

    fn judge(
        &self,
        app: &HonorApp,
        caller: &str,
        tokens: &[&str],
        body: &Value,
        to: Option<&String>,
    ) -> Result<Reply, Refusal> {
        let fates = self.desk.look(tokens, |_, device| device.filter(|it| it.app == app.app_id).cloned());
        let is_own = caller == app.app_id;
        let (mut failed, mut expired, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for (token, fate) in tokens.iter().zip(fates) {
            match fate.filter(|_| is_own) {
                None => failed.push((*token).to_owned()),
                Some(device) if device.state == GONE => expired.push(device.token),
                Some(device) => phones.push(device),
            }
        }
        if failed.len() == tokens.len() {
            return Err(Refusal { failed, ..Refusal::new(80_300_007) });
        }
        let answer = envelope(&self.hall, 200, "success", true, &failed, &expired);
        self.deliver(app, body, to, phones, &expired, answer["data"]["requestId"].as_str().unwrap_or_default());
        if failed.is_empty() {
            return Ok(Reply::json(200, &answer, ""));
        }
        Err(Refusal { failed, expired, ..Refusal::new(80_100_000) })
    }

    fn deliver(
        &self,
        app: &HonorApp,
        body: &Value,
        to: Option<&String>,
        phones: Vec<Device>,
        expired: &[String],
        request_id: &str,
    ) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(content(body, request_id));
        let bi_tag = body["android"]["biTag"].as_str().unwrap_or_default();
        let status = |token: &str, status: i64| {
            json!({
                "biTag": bi_tag, "appid": app.app_id, "token": token, "status": status, "timestamp": now_ms,
                "requestId": request_id,
            })
        };
        let mut statuses: Vec<Value> = expired.iter().map(|token| status(token, 2)).collect();
        let mut arrived = Vec::new();
        for phone in phones {
            let fate = match phone.state.as_str() {
                ACTIVE => 0,
                "muted" => 6,
                _ => 10,
            };
            statuses.push(status(&phone.token, fate));
            if fate == 0 {
                let (token, content) = (phone.token, Arc::clone(&content));
                arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
            }
        }
        self.hall.inbox.add_notifications(arrived);
        let Some(url) = to else { return };
        for part in statuses.chunks(100) {
            self.hall.courier.send(Parcel {
                room: ROOM,
                url: url.clone(),
                kind: "application/json; charset=UTF-8",
                headers: Vec::new(),
                body: json!({ "statuses": part }).to_string(),
            });
        }
    }
}

/// What the phone makes of it.
fn content(body: &Value, id: &str) -> Content {
    let own = &body["android"]["notification"];
    let text =
        |name: &str| own[name].as_str().or_else(|| body["notification"][name].as_str()).unwrap_or_default().to_owned();
    let is_shown = own.is_object() || body["notification"].is_object();
    let mut payload = body.clone();
    if let Some(payload) = payload.as_object_mut() {
        payload.remove("token");
    }
    Content {
        id: id.to_owned(),
        title: text("title"),
        body: text("body"),
        badge: own["badge"]["setNum"].as_i64().or_else(|| own["badge"]["addNum"].as_i64()),
        kind: own["importance"].as_str().unwrap_or(if is_shown { "notification" } else { "data" }).to_owned(),
        notify_id: own["notifyId"].as_i64(),
        payload,
        ..Content::default()
    }
}
