//! Huawei's service for HarmonyOS (v3): a signed credential per request, eight kinds of messages, receipts, revoking.
//!
//! `auth` checks who sends, `message` what. A send is checked in one fixed order: path, credential, size, shape, push
//! type, tokens' count, options, payload, permission, rate, and last the tokens.
//!
//! | published code | got by |
//! | --- | --- |
//! | 80000000 | an accepted message |
//! | 80100000 | a good token and one that is unknown, malformed or of another project |
//! | 80100001 | another `push-type`; no target |
//! | 80100003 | no JSON; a field missing or out of bounds: `Illegal payload, …` |
//! | 80100004 | `ttl` under a second or over fifteen days (for calls: outside 30 to 60 s) |
//! | 80100016 | one of the project's `sensitive_words` |
//! | 80100022 | an image that is not in `verified_images`, once the project has such a list |
//! | 80200001 | no credential, one of another algorithm, key, issuer or audience; a URL of v1 or v2 |
//! | 80200005 | an expired credential |
//! | 80300002 | a project that nobody has, or that did not sign; `is_push_enabled` false |
//! | 80300007 | no token that can be reached; a kind for which the project lacks the right |
//! | 80300008 | over 4,096 bytes without tokens |
//! | 80300010 | over 1,000 tokens (1 for widgets and subscriptions) |
//! | 80300029 | over `tests_per_day` test messages |
//! | 80300030 | a test message to over 10 phones (1 for widgets and subscriptions) |
//! | 80300036 | a credential that lives over a day |
//! | 80300037 | a project with `is_penalised` |
//! | 81000001 | a rule: `{"effect":"answer","code":"81000001"}` |

mod auth;
mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::message::Kind;
use crate::api::Answer;
use crate::desk::{ACTIVE, App, Desk, Device, GONE};
use crate::faults::{Aim, Told};
use crate::hms::{self, BYTES_MAX, Receiver, Refusal, Whose};
use crate::inbox::{Content, Notification};
use crate::keys;
use crate::meter::{DAY_MS, Meter, SECOND_MS};
use crate::random;
use crate::room::{self, Phone};
use crate::seen::Seen;
use crate::service::{Call, Hall, Limit, Reply, Service, segments};

/// The room's name.
pub(crate) const ROOM: &str = "harmony";
/// Phones of a test message.
const TEST_TOKENS_MAX: usize = 10;

/// A project as AppGallery Connect has it, with its service account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Project {
    project_id: String,
    client_id: String,
    key_id: String,
    sub_account: String,
    /// Empty makes a new pair at registration.
    public_key_pem: String,
    package: String,
    is_push_enabled: bool,
    is_penalised: bool,
    /// Of `extension`, `live_view`, `voip` and `mdm`.
    rights: BTreeSet<String>,
    tests_per_day: u64,
    /// Requests in a second.
    per_s: u64,
    sensitive_words: Vec<String>,
    /// None takes every image.
    verified_images: Option<Vec<String>>,
    /// By receipt id; `default` is for messages that name none.
    receivers: BTreeMap<String, Receiver>,
}

impl App for Project {
    const STATES: &'static [&'static str] = &[
        ACTIVE,
        GONE,
        "reset",
        "muted",
        "offline",
        "replaced",
        "capped",
        "controlled",
        "abroad",
        "foreign_platform",
        "unsubscribed",
    ];

    fn fresh() -> Self {
        Self {
            project_id: random::digits(18),
            client_id: random::digits(9),
            key_id: random::hex(32),
            sub_account: random::digits(9),
            public_key_pem: String::new(),
            package: "com.example.app".to_owned(),
            is_push_enabled: true,
            is_penalised: false,
            rights: BTreeSet::new(),
            tests_per_day: 1_000,
            per_s: 6_000,
            sensitive_words: Vec::new(),
            verified_images: None,
            receivers: BTreeMap::new(),
        }
    }

    fn id(&self) -> &str {
        &self.project_id
    }

    fn new_token() -> String {
        format!("MAMzLg{}", random::letters(106))
    }

    fn is_token(text: &str) -> bool {
        (32..=512).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.~+/=".contains(&c))
    }
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<Project>,
    meter: Meter,
    seen: Seen,
    verified: auth::Verified,
}

/// Makes the room.
pub(crate) fn open(hall: Hall, _url: &str) -> Arc<dyn Service> {
    let (meter, seen) = (Meter::default(), Seen::default());
    Arc::new(Room { hall, desk: Desk::new(), meter, seen, verified: auth::Verified::default() })
}

impl room::Room for Room {
    fn name(&self) -> &'static str {
        ROOM
    }

    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        match (method, path) {
            ("POST", ["apps"]) => self.register(body),
            _ => self.desk.control(&self.hall, ROOM, method, path, body),
        }
    }

    fn codes(&self) -> Vec<String> {
        hms::codes(Whose::Harmony).collect()
    }

    fn phones(&self) -> Vec<Phone> {
        self.desk.phones()
    }

    fn reset(&self) {
        self.desk.clear();
        self.meter.clear();
        self.seen.clear();
        self.verified.clear();
    }
}

impl Service for Room {
    fn aim(&self, call: &Call) -> Aim {
        hms::aim(call, "/target/token")
    }

    fn answer(&self, call: &Call) -> Reply {
        if call.method != http::Method::POST {
            return Reply::html(404);
        }
        let outcome = match segments(&call.path).as_slice() {
            ["v3", project, "messages:send"] => self.send(call, project),
            ["v1", client, "messages:revoke"] => self.revoke(call, client),
            ["v1" | "v2", _, "messages:send"] => Err(Refusal::new("80200001")),
            _ => return Reply::html(404),
        };
        outcome.unwrap_or_else(|refusal| refusal.reply(&hms::request_id(&self.hall)))
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        let illegal = |tokens: &[String]| {
            let causes = json!({ "tokenFormatError": tokens });
            json!({ "success": 0, "failure": tokens.len(), "illegalTokens": causes })
        };
        hms::spell(&self.hall, told, illegal)
    }

    fn limited(&self, _call: &Call, limit: Limit) -> Reply {
        match limit {
            Limit::Rate => Reply::html(503),
            Limit::Quota => Refusal::new("80300029").reply(&hms::request_id(&self.hall)),
        }
    }
}

impl Room {
    /// Registers a project; the answer holds the key file as the vendor's console gives it.
    fn register(&self, body: &[u8]) -> Answer {
        let project = self.desk.add_app(body)?;
        if !project.public_key_pem.is_empty() {
            keys::public(&project.public_key_pem)?;
            return Ok(json!(*project));
        }
        let pair = keys::generate()?;
        let with_key = Project { public_key_pem: pair.public_pem, ..(*project).clone() };
        self.desk.add_app(json!(with_key).to_string().as_bytes())?;
        let mut answer = json!(with_key);
        answer["service_account"] = json!({
            "project_id": with_key.project_id,
            "key_id": with_key.key_id,
            "private_key": pair.private_pem,
            "sub_account": with_key.sub_account,
            "auth_uri": "https://oauth-login.cloud.huawei.com/oauth2/v3/authorize",
            "token_uri": "https://oauth-login.cloud.huawei.com/oauth2/v3/token",
            "auth_provider_cert_uri": "https://oauth-login.cloud.huawei.com/oauth2/v3/certs",
            "client_cert_uri": "https://oauth-login.cloud.huawei.com/oauth2/v3/x509?client_id=",
        });
        Ok(answer)
    }

    fn send(&self, call: &Call, wanted: &str) -> Result<Reply, Refusal> {
        let project = self.caller(call)?;
        if project.project_id != wanted {
            return Err(Refusal::new(if self.desk.app(wanted).is_some() { "80200001" } else { "80300002" }));
        }
        let body = call.json().filter(Value::is_object).ok_or_else(|| Refusal::new("80100003"))?;
        if hms::weigh(&body, &["target", "token"]) > BYTES_MAX {
            return Err(Refusal::new("80300008"));
        }
        let (payload, options) = (&body["payload"], &body["pushOptions"]);
        let odd = |what: &str| Refusal::saying("80100001", format!("Parameters check error: {what}"));
        let kind = Kind::of(call.header("push-type"), payload).ok_or_else(|| odd("push-type"))?;
        let tokens = hms::texts(&body["target"]["token"]).filter(|it| !it.is_empty()).ok_or_else(|| odd("target"))?;
        let is_test = options["testMessage"] == true;
        if is_test && tokens.len() > kind.tokens_max().min(TEST_TOKENS_MAX) {
            return Err(Refusal::new("80300030"));
        }
        if tokens.len() > kind.tokens_max() {
            return Err(Refusal::new("80300010"));
        }
        message::check_options(options, kind)?;
        message::check_payload(payload, kind)?;
        check_project(&project, payload)?;
        let receipt_id = options["receiptId"].as_str();
        let receiver = project.receivers.get(receipt_id.unwrap_or("default"));
        if receipt_id.is_some() && receiver.is_none() {
            return Err(odd("receiptId"));
        }
        let now_ms = self.hall.clock.now_ms();
        if is_test && !self.meter.take(&format!("test {wanted}"), now_ms, DAY_MS, project.tests_per_day, 1) {
            return Err(Refusal::new("80300029"));
        }
        if !self.meter.take(wanted, now_ms, SECOND_MS, project.per_s, 1) {
            return Ok(Reply::html(503));
        }
        self.judge(&project, kind, &tokens, call, &body, receiver)
    }

    fn judge(
        &self,
        project: &Project,
        kind: Kind,
        tokens: &[&str],
        call: &Call,
        body: &Value,
        to: Option<&Receiver>,
    ) -> Result<Reply, Refusal> {
        let lacks_right = kind.right().is_some_and(|right| !project.rights.contains(right));
        let fates = self.desk.look(tokens, |token, device| match device {
            _ if lacks_right => Err("noPushTypeRight"),
            None if Project::is_token(token) && token.trim() != token => Err("tokenFormatError"),
            None => Err(if Project::is_token(token) { "noRight" } else { "tokenFormatError" }),
            Some(device) if device.app != project.project_id => Err("noRight"),
            Some(device) => match device.state.as_str() {
                "abroad" => Err("countryNotSupport"),
                "foreign_platform" => Err("tokenPlatformNotSupport"),
                "unsubscribed" => Err("atomicUnableSendUnsubscribedMsg"),
                _ => Ok(device.clone()),
            },
        });
        let (mut phones, mut illegal) = (Vec::new(), BTreeMap::<&str, Vec<&str>>::new());
        for (token, fate) in tokens.iter().zip(fates) {
            match fate {
                Ok(device) => phones.push(device),
                Err(cause) => illegal.entry(cause).or_default().push(token),
            }
        }
        let failed = tokens.len() - phones.len();
        let text = json!({ "illegalTokens": illegal, "success": phones.len(), "failure": failed }).to_string();
        if phones.is_empty() {
            return Err(Refusal::saying("80300007", text));
        }
        let request_id = hms::request_id(&self.hall);
        self.deliver(project, phones, call.header("push-type"), body, to, &request_id);
        if failed == 0 {
            return Ok(hms::success(&request_id));
        }
        Ok(Refusal::saying("80100000", text).reply(&request_id))
    }

    fn deliver(
        &self,
        project: &Project,
        phones: Vec<Device>,
        push_type: &str,
        body: &Value,
        to: Option<&Receiver>,
        request_id: &str,
    ) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(content(body, push_type, request_id));
        let own_id = body["payload"]["notification"]["appMessageId"].as_str();
        let (mut arrived, mut statuses) = (Vec::with_capacity(phones.len()), Vec::new());
        for phone in phones {
            let result = result(&phone.state);
            if to.is_some() {
                statuses.push(json!({
                    "token": phone.token,
                    "pushType": push_type.parse::<i64>().unwrap_or_default(),
                    "appPackageName": project.package,
                    "biTag": body["pushOptions"]["biTag"].as_str().unwrap_or_default(),
                    "requestId": request_id,
                    "deliveryStatus": { "result": result, "timestamp": now_ms },
                }));
            }
            // A phone shows what has the same id of its sender's once a day.
            let is_new = own_id.is_none_or(|id| self.seen.is_first(format!("{} {id}", phone.token), now_ms));
            if result == 0 && is_new {
                let (token, content) = (phone.token, Arc::clone(&content));
                arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
            }
        }
        self.hall.inbox.add_notifications(arrived);
        if let Some(receiver) = to {
            hms::tell(&self.hall, ROOM, receiver, &statuses);
        }
    }

    fn revoke(&self, call: &Call, client: &str) -> Result<Reply, Refusal> {
        let project = self.caller(call)?;
        if project.client_id != client {
            return Err(Refusal::new("80300002"));
        }
        if !matches!(call.header("push-type"), "0" | "2") {
            return Err(Refusal::saying("80100001", "Parameters check error: push-type"));
        }
        hms::revoke(&self.hall, ROOM, call)?;
        Ok(hms::success(&hms::request_id(&self.hall)))
    }
}

/// What concerns the project, whoever the phones are.
fn check_project(project: &Project, payload: &Value) -> Result<(), Refusal> {
    if !project.is_push_enabled {
        return Err(Refusal::new("80300002"));
    }
    if project.is_penalised {
        return Err(Refusal::new("80300037"));
    }
    if hms::is_sensitive(&project.sensitive_words, payload) {
        return Err(Refusal::new("80100016"));
    }
    let image = payload["notification"]["image"].as_str();
    let is_verified = |url: &str| project.verified_images.as_ref().is_none_or(|it| it.iter().any(|it| it == url));
    if image.is_none_or(is_verified) { Ok(()) } else { Err(Refusal::new("80100022")) }
}

/// What a receipt says of a phone.
fn result(state: &str) -> i64 {
    match state {
        ACTIVE => 0,
        GONE => 2,
        "reset" => 5,
        "muted" => 6,
        "offline" => 10,
        "replaced" => 15,
        "capped" => 102,
        _ => 201,
    }
}

/// What the phone makes of it.
fn content(body: &Value, push_type: &str, id: &str) -> Content {
    let payload = &body["payload"];
    let own = &payload["notification"];
    let badge = if own.is_object() { &own["badge"] } else { &payload["badge"] };
    Content {
        id: id.to_owned(),
        title: own["title"].as_str().unwrap_or_default().to_owned(),
        body: own["body"].as_str().unwrap_or_default().to_owned(),
        badge: badge["setNum"].as_i64().or_else(|| badge["addNum"].as_i64()),
        kind: own["category"].as_str().map_or_else(|| format!("push-type {push_type}"), str::to_owned),
        notify_id: own["notifyId"].as_i64(),
        headers: BTreeMap::from([("push-type".to_owned(), push_type.to_owned())]),
        payload: json!({ "payload": payload, "pushOptions": body["pushOptions"] }),
        ..Content::default()
    }
}
