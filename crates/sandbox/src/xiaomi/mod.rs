//! Xiaomi's service: the app's secret as the credential, forms, up to a thousand phones by registration id, alias,
//! account or topic, receipts.
//!
//! `message` checks fields. A call is checked in one fixed order: path, method and media type, secret, the app, rates,
//! package, fields, quota, and last the targets. Business errors come with HTTP 200. Reasons are seen or derived English,
//! descriptions are the published Chinese.
//!
//! | published code | got by |
//! | --- | --- |
//! | 10004 | an address outside the app's `ips` |
//! | 10005 | `/v3/message/all` for an app with `has_broadcast` false |
//! | 10008 | a parameter that is no number where one is due; a negative `time_to_live` |
//! | 10012 | another method or media type |
//! | 10013 | an account that no phone has |
//! | 10014 | an app in the state `review` |
//! | 10017 | a value out of bounds: `notify_type`, title, `extra.jobkey` … |
//! | 10018 | a payload over 4 KB |
//! | 10022 | over `per_s_address` calls in a second from one address |
//! | 10023 | over `per_s_developer` calls in a second of all apps |
//! | 10024 | over `per_s_path` calls in a second to one path |
//! | 10026 | an app in the state `blacklisted` |
//! | 10027 | over `per_s` calls in a second |
//! | 10029 | a registration id of the right form that no phone has |
//! | 20301 | no target that is one: malformed, of another app, an unknown alias |
//! | 21301 | a missing or wrong secret; another spelling of `key=` |
//! | 22000, 22001, 22002 | an app in the state `deleted`, `unknown`, `revoked` |
//! | 22008 | a secret of the wrong length |
//! | 22021 | a phone in the state `unauthorised` |
//! | 22022 | `restricted_package_name` of another app |
//! | 22100 | a notification without a description |
//! | 22101 | over `per_day` notifications in a day |
//! | 22103 | a `notify_id` that is none |
//! | 10001, 10002, 10003, 10009, 22003, 22102 | rules: `{"effect":"answer","code":10001}` |
//! | 22004, 22005, 22006, 22007, 22020 | rules: they belong to the console and to the registration of clients, which no sender calls |

mod message;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

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

/// The room's name.
pub(crate) const ROOM: &str = "xiaomi";
/// Targets of one call.
const TARGETS_MAX: usize = 1_000;
/// Topics of one call.
const TOPICS_MAX: usize = 5;

/// An app as Xiaomi's console has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MiApp {
    app_id: String,
    app_key: String,
    app_secret: String,
    package: String,
    /// `active`, `deleted`, `unknown`, `revoked`, `review` or `blacklisted`.
    state: String,
    /// Addresses that may call; empty means all.
    ips: Vec<String>,
    has_broadcast: bool,
    /// Channels that messages may name; empty means any, and none is needed.
    channels: BTreeSet<String>,
    per_s: u64,
    per_s_address: u64,
    per_s_developer: u64,
    per_s_path: u64,
    per_day: u64,
}

impl App for MiApp {
    const STATES: &'static [&'static str] = &[ACTIVE, GONE, "offline", "muted", "unauthorised"];

    fn fresh() -> Self {
        Self {
            app_id: format!("28823037{}", random::digits(11)),
            app_key: random::digits(13),
            app_secret: random::letters(24),
            package: "com.example.app".to_owned(),
            state: "active".to_owned(),
            ips: Vec::new(),
            has_broadcast: true,
            channels: BTreeSet::new(),
            per_s: 3_000,
            per_s_address: 1_000_000,
            per_s_developer: 1_000_000,
            per_s_path: 1_000_000,
            per_day: 1_000_000_000,
        }
    }

    fn id(&self) -> &str {
        &self.app_id
    }

    fn new_token() -> String {
        random::letters(64)
    }

    fn is_token(text: &str) -> bool {
        (40..=128).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"+/=".contains(&c))
    }
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: i64,
    reason: String,
}

impl Refusal {
    fn new(code: i64) -> Self {
        Self { code, reason: message::reason(code).to_owned() }
    }

    fn saying(code: i64, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// A code with the field that it is about.
    fn about(code: i64, field: &str) -> Self {
        Self::saying(code, format!("{}: {field}", message::reason(code)))
    }

    fn reply(&self) -> Reply {
        let body = json!({
            "result": "error", "reason": self.reason, "trace_id": trace_id(), "code": self.code,
            "description": message::description(self.code),
        });
        Reply::json(200, &body, self.code.to_string())
    }
}

fn trace_id() -> String {
    format!("Xcm{}", random::letters(20))
}

/// The room.
pub(crate) struct Room {
    hall: Hall,
    desk: Desk<MiApp>,
    meter: Meter,
    seen: Seen,
}

/// Makes the room.
pub(crate) fn open(hall: Hall, _url: &str) -> Arc<dyn Service> {
    Arc::new(Room { hall, desk: Desk::new(), meter: Meter::default(), seen: Seen::default() })
}

impl room::Room for Room {
    fn name(&self) -> &'static str {
        ROOM
    }

    fn control(&self, method: &str, path: &[&str], body: &[u8]) -> Answer {
        self.desk.control(&self.hall, ROOM, method, path, body)
    }

    fn codes(&self) -> Vec<String> {
        message::WORDS.iter().map(|(code, ..)| code.to_string()).collect()
    }

    fn phones(&self) -> Vec<Phone> {
        self.desk.phones()
    }

    fn reset(&self) {
        self.desk.clear();
        self.meter.clear();
        self.seen.clear();
    }
}

/// By what a call names its phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    RegistrationId,
    Alias,
    Account,
    Topic,
    Topics,
    All,
}

fn by(path: &str) -> Option<By> {
    let call = path.strip_prefix("/v2/message/").or_else(|| path.strip_prefix("/v3/message/"))?;
    Some(match call {
        "regid" => By::RegistrationId,
        "alias" => By::Alias,
        "user_account" => By::Account,
        "topic" => By::Topic,
        "multi_topic" => By::Topics,
        "all" => By::All,
        _ => return None,
    })
}

impl Service for Room {
    fn aim(&self, call: &Call) -> Aim {
        if by(&call.path).is_none() {
            return Aim::default();
        }
        let form = call.form().unwrap_or_default();
        let tokens = form.text("registration_id").split(',').map(str::to_owned).collect();
        Aim::send(tokens, form.text("topic"))
    }

    fn answer(&self, call: &Call) -> Reply {
        match by(&call.path) {
            Some(by) => self.send(call, by).unwrap_or_else(|refusal| refusal.reply()),
            None => Reply::html(404),
        }
    }

    fn spell(&self, _call: &Call, told: &Told<'_>) -> Reply {
        let code = told.number();
        Refusal::saying(code, told.text(message::reason(code))).reply()
    }

    fn limited(&self, _call: &Call, limit: Limit) -> Reply {
        Refusal::new(if limit == Limit::Rate { 10_027 } else { 22_101 }).reply()
    }
}

impl Room {
    fn send(&self, call: &Call, by: By) -> Result<Reply, Refusal> {
        if call.method != http::Method::POST {
            return Err(Refusal::new(10_012));
        }
        let form = call.form().ok_or_else(|| Refusal::new(10_012))?;
        let app = self.caller(call)?;
        self.check_rates(call, &app)?;
        if !form.text("restricted_package_name").split(',').any(|package| package.trim() == app.package) {
            return Err(Refusal::new(22_022));
        }
        if by == By::All && !app.has_broadcast {
            return Err(Refusal::new(10_005));
        }
        message::check(&form, &app.channels, self.hall.clock.now_ms())?;
        let (phones, bad) = self.targets(by, &form, &app)?;
        let is_shown = form.text("pass_through") != "1";
        let now_ms = self.hall.clock.now_ms();
        let day = format!("day {}", app.app_id);
        if is_shown && !self.meter.take(&day, now_ms, DAY_MS, app.per_day, phones.len() as u64) {
            return Err(Refusal::new(22_101));
        }
        let id = format!("scm{}{}", random::digits(15), random::letters(4));
        let info =
            format!("Received push messages for {} {}", phones.len(), if by == By::Alias { "ALIAS" } else { "REGID" });
        let mut data = json!({ "id": id, "day_quota": app.per_day.to_string(), "day_acked": "0" });
        if !bad.is_empty() {
            data["bad_regids"] = json!(bad.join(","));
        }
        self.deliver(&form, phones, &bad, &id);
        let body = json!({
            "result": "ok", "trace_id": trace_id(), "code": 0, "data": data, "description": "成功", "info": info,
        });
        Ok(Reply::json(200, &body, ""))
    }

    /// The app of the secret in `Authorization: key=…`.
    fn caller(&self, call: &Call) -> Result<Arc<MiApp>, Refusal> {
        let secret = call.header("authorization").strip_prefix("key=").ok_or_else(|| Refusal::new(21_301))?;
        if secret.len() < 16 {
            return Err(Refusal::new(if secret.is_empty() { 21_301 } else { 22_008 }));
        }
        let app = self.desk.find(|app| app.app_secret == secret).ok_or_else(|| Refusal::new(21_301))?;
        let code = match app.state.as_str() {
            "deleted" => 22_000,
            "unknown" => 22_001,
            "revoked" => 22_002,
            "review" => 10_014,
            "blacklisted" => 10_026,
            _ => 0,
        };
        if code != 0 {
            return Err(Refusal::new(code));
        }
        let from = call.from.to_string();
        if !app.ips.is_empty() && !app.ips.contains(&from) {
            return Err(Refusal::new(10_004));
        }
        Ok(app)
    }

    fn check_rates(&self, call: &Call, app: &MiApp) -> Result<(), Refusal> {
        let now_ms = self.hall.clock.now_ms();
        let keys = [
            (format!("address {}", call.from), app.per_s_address, 10_022),
            ("developer".to_owned(), app.per_s_developer, 10_023),
            (format!("path {} {}", app.app_id, call.path), app.per_s_path, 10_024),
            (format!("app {}", app.app_id), app.per_s, 10_027),
        ];
        for (key, max, code) in keys {
            if !self.meter.take(&key, now_ms, SECOND_MS, max, 1) {
                return Err(Refusal::new(code));
            }
        }
        Ok(())
    }

    /// The phones that are meant, and the registration ids that are none.
    fn targets(&self, by: By, form: &Form, app: &MiApp) -> Result<(Vec<Device>, Vec<String>), Refusal> {
        let list = |name: &str| -> Vec<String> {
            form.text(name).split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
        };
        let own = |fits: &dyn Fn(&Device) -> bool| {
            let tokens = self.desk.tokens(|it| it.app == app.app_id && fits(it));
            tokens.iter().filter_map(|token| self.desk.device(token)).collect::<Vec<_>>()
        };
        let none = || Refusal::new(20_301);
        let phones = match by {
            By::RegistrationId => return self.by_id(&list("registration_id"), app),
            By::Alias | By::Account => {
                let (names, code) =
                    if by == By::Alias { (list("alias"), 20_301) } else { (list("user_account"), 10_013) };
                if names.is_empty() || names.len() > TARGETS_MAX {
                    return Err(Refusal::new(10_017));
                }
                let name = |it: &Device| if by == By::Alias { it.alias.clone() } else { it.account.clone() };
                let found = own(&|it| name(it).is_some_and(|name| names.contains(&name)));
                if found.is_empty() {
                    return Err(Refusal::new(code));
                }
                found
            }
            By::Topic => {
                let topic = form.get("topic").filter(|topic| !topic.is_empty()).ok_or_else(none)?;
                own(&|it| it.topics.contains(topic))
            }
            By::Topics => {
                let topics: Vec<&str> = form.text("topics").split(";$;").filter(|it| !it.is_empty()).collect();
                if topics.is_empty() || topics.len() > TOPICS_MAX {
                    return Err(Refusal::new(10_017));
                }
                let has = |it: &Device, topic: &&str| it.topics.contains(*topic);
                match form.text("topic_op") {
                    "UNION" => own(&|it| topics.iter().any(|topic| has(it, topic))),
                    "INTERSECTION" => own(&|it| topics.iter().all(|topic| has(it, topic))),
                    "EXCEPT" => own(&|it| has(it, &topics[0]) && !topics[1..].iter().any(|topic| has(it, topic))),
                    _ => return Err(Refusal::new(10_017)),
                }
            }
            By::All => own(&|_| true),
        };
        Ok((phones, Vec::new()))
    }

    fn by_id(&self, ids: &[String], app: &MiApp) -> Result<(Vec<Device>, Vec<String>), Refusal> {
        if ids.is_empty() {
            return Err(Refusal::new(20_301));
        }
        if ids.len() > TARGETS_MAX {
            return Err(Refusal::new(10_017));
        }
        let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
        let fates = self.desk.look(&asked, |id, device| match device {
            None if MiApp::is_token(id) => Err(10_029),
            Some(device) if device.app == app.app_id && device.state == "unauthorised" => Err(22_021),
            Some(device) if device.app == app.app_id => Ok(device.clone()),
            _ => Err(20_301),
        });
        let (mut phones, mut bad, mut code) = (Vec::new(), Vec::new(), 20_301);
        for (id, fate) in ids.iter().zip(fates) {
            match fate {
                Ok(device) => phones.push(device),
                Err(why) => {
                    bad.push(id.clone());
                    code = why;
                }
            }
        }
        match (phones.is_empty(), bad.len()) {
            (false, _) => Ok((phones, bad)),
            // Only a single id is refused with what is wrong with it.
            (true, 1) => Err(Refusal::new(code)),
            (true, _) => Err(Refusal::new(20_301)),
        }
    }

    fn deliver(&self, form: &Form, phones: Vec<Device>, bad: &[String], id: &str) {
        let now_ms = self.hall.clock.now_ms();
        let content = Arc::new(message::content(form, id));
        let job = form.text("extra.jobkey");
        let mut arrived = Vec::with_capacity(phones.len());
        // By the kinds of receipts: delivered, gone, muted.
        let mut fates: [(i64, Vec<String>); 3] = [(1, Vec::new()), (16, bad.to_vec()), (32, Vec::new())];
        for phone in phones {
            match phone.state.as_str() {
                GONE => fates[1].1.push(phone.token),
                "muted" => fates[2].1.push(phone.token),
                ACTIVE => {
                    fates[0].1.push(phone.token.clone());
                    // Messages of one job are one message to a phone.
                    if !job.is_empty() && !self.seen.is_first(format!("{} {job}", phone.token), now_ms) {
                        continue;
                    }
                    let (token, content) = (phone.token, Arc::clone(&content));
                    arrived.push(Notification { room: ROOM, token, at_ms: now_ms, content, is_revoked: false });
                }
                // The vendor keeps it until the phone comes back; no receipt yet.
                _ => {}
            }
        }
        self.hall.inbox.add_notifications(arrived);
        self.tell(form, id, &fates, now_ms);
    }

    fn tell(&self, form: &Form, id: &str, fates: &[(i64, Vec<String>)], now_ms: i64) {
        let url = form.text("extra.callback");
        let wanted = form.get("extra.callback.type").map_or(Some(3), |text| text.parse::<i64>().ok()).unwrap_or(0);
        // A sum that counts a kind twice is no sum of kinds, and silently means none.
        if url.is_empty() || wanted & !(1 | 2 | 16 | 32 | 64 | 128) != 0 {
            return;
        }
        for (kind, targets) in fates.iter().filter(|(kind, targets)| wanted & kind != 0 && !targets.is_empty()) {
            let mut entry = json!({
                "param": form.text("extra.callback.param"),
                "type": kind,
                "targets": targets.join(","),
                "jobkey": form.text("extra.jobkey"),
                "timestamp": now_ms,
            });
            if *kind == 1 {
                entry["barStatus"] = json!("Enable");
            }
            let data = json!({ id: entry }).to_string();
            let encoded = percent_encoding::utf8_percent_encode(&data, percent_encoding::NON_ALPHANUMERIC);
            self.hall.courier.send(Parcel {
                room: ROOM,
                url: url.to_owned(),
                kind: "application/x-www-form-urlencoded",
                headers: Vec::new(),
                body: format!("data={encoded}"),
            });
        }
    }
}
