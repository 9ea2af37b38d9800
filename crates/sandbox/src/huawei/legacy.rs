//! The retired gateway (NSP), for its codes: off until an app has `is_legacy`.
//!
//! How it told its errors is derived: the header `NSP_STATUS` and a body with the words. A message to a single phone
//! was carried while the caller waited, so its fate is the answer. In front of today's path ([`Room::gate`]) it judges
//! who calls, and tells a single phone's fate, for apps with `is_legacy`: so its numbers meet senders of today, too.
//!
//! | code | got by |
//! | --- | --- |
//! | 100 | another `nsp_svc` |
//! | 101 | an unknown `appId` in `nsp_ctx` |
//! | 102 | an unknown or expired `access_token` |
//! | 106 | an app with `is_push_enabled` false |
//! | 107 | an app with `is_secret_rotated` |
//! | 109 | `nsp_ts` more than five minutes off |
//! | 110, 111 | rules: `{"room":"huawei","effect":"answer","code":110}` |

use serde_json::{Value, json};

use super::{HmsApp, ROOM, Room};
use crate::desk::{App, GONE};
use crate::faults::{Aim, Told};
use crate::hms::{self, Refusal, TOKENS_MAX};
use crate::inbox::{Content, Notification};
use crate::service::{Call, Form, Reply};

/// The gateway's one path.
pub(super) const PATH: &str = "/pushsend.do";
const SERVICE: &str = "openpush.message.api.send";
const SKEW_S: i64 = 300;

pub(super) fn aim(call: &Call) -> Aim {
    let form = call.form().unwrap_or_default();
    let tokens: Vec<String> = serde_json::from_str(form.text("device_token_list")).unwrap_or_default();
    Aim::send(tokens, "")
}

/// Whether a code is the gateway's own.
pub(super) fn is_own(code: &str) -> bool {
    codes().any(|own| own == code)
}

/// The gateway's codes.
pub(super) fn codes() -> impl Iterator<Item = String> {
    WORDS.iter().map(|(code, _)| code.to_string())
}

/// A code of the gateway as a fault rule names it.
pub(super) fn spell(told: &Told<'_>) -> Reply {
    gateway(told.number(), told.text(words(told.number())))
}

fn gateway(code: i64, text: &str) -> Reply {
    Reply::json(200, &json!({ "error": text }), code.to_string()).header("NSP_STATUS", code.to_string())
}

const WORDS: &[(i64, &str)] = &[
    (100, "invalid unknown parameter"),
    (101, "invalid API_KEY"),
    (102, "invalid SESSION_KEY"),
    (106, "no permission to access the service"),
    (107, "obtain the client and secret again"),
    (109, "the nsp_ts difference is too large"),
    (110, "internal error"),
    (111, "service busy"),
];

fn words(code: i64) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == code).map_or("", |(_, words)| *words)
}

impl Room {
    /// What the gateway refuses in front of today's path.
    pub(super) fn gate(&self, call: &Call, wanted: &str) -> Option<Reply> {
        let app = self.desk.app(wanted).filter(|app| app.is_legacy)?;
        let ticket = self.tickets.check(call.bearer().unwrap_or_default(), self.hall.clock.now_ms());
        let code = if app.is_secret_rotated {
            107
        } else if ticket.as_deref() != Ok(app.app_id.as_str()) {
            102
        } else if !app.is_push_enabled {
            106
        } else {
            return None;
        };
        Some(gateway(code, words(code)))
    }

    /// Answers a call of the retired gateway.
    pub(super) fn legacy(&self, call: &Call) -> Reply {
        let refuse = |code: i64| gateway(code, words(code));
        let query = Form::parse(&call.query).unwrap_or_default();
        let context: Value = serde_json::from_str(query.text("nsp_ctx")).unwrap_or_default();
        let app = context["appId"].as_str().and_then(|id| self.desk.app(id)).filter(|app| app.is_legacy);
        let Some(app) = app else { return refuse(101) };
        let Some(form) = call.form().filter(|form| form.text("nsp_svc") == SERVICE) else { return refuse(100) };
        let now_ms = self.hall.clock.now_ms();
        let sent_s = form.text("nsp_ts").parse::<i64>().unwrap_or_default();
        if (now_ms / 1_000).abs_diff(sent_s) > SKEW_S as u64 {
            return refuse(109);
        }
        if app.is_secret_rotated {
            return refuse(107);
        }
        if self.tickets.check(form.text("access_token"), now_ms).as_deref() != Ok(app.app_id.as_str()) {
            return refuse(102);
        }
        if !app.is_push_enabled {
            return refuse(106);
        }
        self.done(self.carry(&app, &form))
    }

    fn carry(&self, app: &HmsApp, form: &Form) -> Result<Reply, Refusal> {
        let tokens: Vec<String> = serde_json::from_str(form.text("device_token_list"))
            .ok()
            .filter(|tokens: &Vec<String>| (1..=TOKENS_MAX).contains(&tokens.len()))
            .ok_or_else(|| Refusal::new("80100002"))?;
        let payload: Value = serde_json::from_str(form.text("payload")).unwrap_or_default();
        let message = &payload["hps"]["msg"];
        if !message["type"].as_i64().is_some_and(|kind| kind == 1 || kind == 3) || message["body"].is_null() {
            return Err(Refusal::new("80100003"));
        }
        let expiry = form.text("expire_time");
        if !expiry.is_empty() && minute_ms(expiry).is_none_or(|at_ms| at_ms <= self.hall.clock.now_ms()) {
            return Err(Refusal::new("80100004"));
        }
        let devices: Vec<_> =
            tokens.iter().filter_map(|token| self.desk.device(token)).filter(|it| it.app == app.app_id).collect();
        let (Some(first), true) = (devices.first(), tokens.iter().any(|token| HmsApp::is_token(token))) else {
            return Err(Refusal::new("80300007"));
        };
        let is_single = tokens.len() == 1;
        if let (true, Some(code)) = (is_single, fate(&first.state)) {
            return Err(Refusal::new(code));
        }
        let request_id = hms::request_id(&self.hall);
        let text = |name: &str| message["body"][name].as_str().unwrap_or_default().to_owned();
        let content = std::sync::Arc::new(Content {
            id: request_id.clone(),
            title: text("title"),
            body: text("content"),
            kind: "legacy".to_owned(),
            payload: payload.clone(),
            ..Content::default()
        });
        let at_ms = self.hall.clock.now_ms();
        let reached = devices.into_iter().filter(|device| device.state == "active");
        self.hall.inbox.add_notifications(reached.map(|device| Notification {
            room: ROOM,
            token: device.token,
            at_ms,
            content: std::sync::Arc::clone(&content),
            is_revoked: false,
        }));
        let body = json!({ "code": "80000000", "msg": "success", "requestId": request_id });
        Ok(Reply::json(200, &body, ""))
    }
}

/// What became of a single phone in a state, if that is an answer.
pub(super) fn fate(state: &str) -> Option<&'static str> {
    match state {
        "offline" => Some("80000003"),
        GONE => Some("80000004"),
        "silent" => Some("80000005"),
        "unrouted" => Some("80000006"),
        "abroad" => Some("80000007"),
        "moved" => Some("80000008"),
        _ => None,
    }
}

/// The moment of `yyyy-MM-ddTHH:mm` in Shanghai.
fn minute_ms(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00T00:00" {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let minutes = (days * 24 + number(11, 13)? - 8) * 60 + number(14, 16)?;
    Some(minutes * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_told_in_the_time_of_shanghai() {
        assert_eq!(minute_ms("1970-01-01T08:00"), Some(0));
        assert_eq!(minute_ms("2024-03-01T00:00"), Some(1_709_222_400_000));
        assert_eq!(minute_ms("2024-03-01 00:00"), None);
    }
}
