//! A notification for OPPO's phones, field by field, and the words of the codes.

use serde_json::{Value, json};

use super::Refusal;
use crate::inbox::Content;

type Checked = Result<(), Refusal>;

fn hold(is_fine: bool, field: &str) -> Checked {
    if is_fine { Ok(()) } else { Err(Refusal::about(41, field)) }
}

/// Judges a notification; stored ones may have what single ones may not.
pub(super) fn check(own: &Value, is_stored: bool, channels: &[String]) -> Checked {
    let text = |name: &str| own[name].as_str().unwrap_or_default();
    let chars = |name: &str| text(name).chars().count();
    if chars("title") == 0 || chars("content") == 0 {
        return Err(Refusal::about(40, if chars("title") == 0 { "title" } else { "content" }));
    }
    hold(chars("title") <= 50, "title")?;
    hold(chars("sub_title") <= 10, "sub_title")?;
    let style = int(own, "style", 1, 3)?.unwrap_or(1);
    hold(style != 3 || is_stored, "style")?;
    hold(chars("content") <= if style == 2 { 128 } else { 50 }, "content")?;
    click(own)?;
    if let Some(ttl) = int(own, "off_line_ttl", 0, i64::MAX)? {
        // More than ten days are taken for ten days.
        hold(ttl >= 0, "off_line_ttl")?;
    }
    int(own, "network_type", 0, 1)?;
    times(own, is_stored)?;
    int(own, "show_ttl", 0, 86_400)?;
    int(own, "notify_id", i64::from(i32::MIN), i64::from(i32::MAX))?;
    hold(text("call_back_url").len() <= 200, "call_back_url")?;
    hold(text("call_back_parameter").len() <= 100, "call_back_parameter")?;
    let level = int(own, "notify_level", 1, 16)?;
    hold(level.is_none_or(|level| [1, 2, 16].contains(&level)), "notify_level")?;
    hold(level.is_none() || !text("category").is_empty(), "notify_level")?;
    if int(own, "fix_speed_rate", 1_000, 10_000)?.is_some() {
        hold(is_stored && style != 3, "fix_speed_rate")?;
    }
    let channel = text("channel_id");
    if !channels.is_empty() && !channel.is_empty() && !channels.iter().any(|it| it == channel) {
        return Err(Refusal::new(30));
    }
    Ok(())
}

/// When it is shown, or sent: a time needs its beginning and its end, and only what is stored for all has one to be sent.
fn times(own: &Value, is_stored: bool) -> Checked {
    let moment = |name: &str| int(own, name, 0, i64::MAX);
    if int(own, "show_time_type", 0, 1)? == Some(1) {
        let (start, end) = (moment("show_start_time")?, moment("show_end_time")?);
        hold(matches!((start, end), (Some(start), Some(end)) if start < end), "show_time_type")?;
    }
    if int(own, "push_time_type", 0, 1)? == Some(1) {
        hold(is_stored && moment("push_start_time")?.is_some(), "push_time_type")?;
    }
    Ok(())
}

fn click(own: &Value) -> Checked {
    let text = |name: &str| own[name].as_str().unwrap_or_default();
    let (activity, url) = (text("click_action_activity"), text("click_action_url"));
    hold(activity.len() <= 500, "click_action_activity")?;
    hold(url.len() <= 2_000, "click_action_url")?;
    match int(own, "click_action_type", 0, 5)? {
        None | Some(0) => {}
        Some(1 | 4) => hold(!activity.is_empty(), "click_action_activity")?,
        Some(2) => hold(url.starts_with("http"), "click_action_url")?,
        Some(5) => hold(!url.is_empty(), "click_action_url")?,
        Some(_) => return Err(Refusal::about(41, "click_action_type")),
    }
    let parameters = &own["action_parameters"];
    let is_object = match parameters {
        Value::Null | Value::Object(_) => true,
        Value::String(text) => text.is_empty() || serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object()),
        _ => false,
    };
    let length = parameters.as_str().map_or_else(|| parameters.to_string().chars().count(), |it| it.chars().count());
    hold(is_object && length <= 4_000, "action_parameters")
}

/// A number, also one that came as the text of a form.
fn int(own: &Value, name: &str, least: i64, most: i64) -> Result<Option<i64>, Refusal> {
    let value = &own[name];
    if value.is_null() || value == "" {
        return Ok(None);
    }
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    let number = number.filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or_else(|| Refusal::about(41, name))
}

/// What the phone makes of it.
pub(super) fn content(own: &Value, id: &str) -> Content {
    let mut warnings = Vec::new();
    if own["channel_id"].as_str().unwrap_or_default().is_empty() {
        warnings.push("no channel_id: phones from Android 9 on need one");
    }
    let number = |name: &str| own[name].as_i64().or_else(|| own[name].as_str().and_then(|text| text.parse().ok()));
    Content {
        id: id.to_owned(),
        title: own["title"].as_str().unwrap_or_default().to_owned(),
        body: own["content"].as_str().unwrap_or_default().to_owned(),
        kind: own["category"].as_str().unwrap_or("notification").to_owned(),
        notify_id: number("notify_id"),
        payload: json!(own),
        warnings,
        ..Content::default()
    }
}

/// Every code that is known of the vendor, with its words; 20 to 27, 31, 32 and 34 are derived from neighbours.
pub(super) const WORDS: &[(i64, &str)] = &[
    (-2, "Service in Flow Control"),
    (-1, "Service Currently Unavailable"),
    (0, "Success"),
    (11, "Invalid Auth Token"),
    (12, "HTTP Action Not Allowed"),
    (13, "App Call Limited"),
    (14, "Invalid App Key"),
    (15, "Missing App Key"),
    (16, "Invalid Signature"),
    (17, "Missing Signature"),
    (18, "Missing Timestamp"),
    (19, "Invalid Timestamp"),
    (20, "Missing Method"),
    (21, "Invalid Method"),
    (22, "Missing Version"),
    (23, "Invalid Version"),
    (24, "Unsupported Version"),
    (25, "Invalid Encoding"),
    (26, "IP Black List"),
    (27, "Access Denied"),
    (28, "App Disabled"),
    (29, "Missing Auth Token"),
    (30, "Api Permission Denied"),
    (31, "Data Not Exist"),
    (32, "Data Duplicate"),
    (33, "Daily Message Count Exceeded"),
    (34, "Daily Picture Count Exceeded"),
    (40, "Missing Required Arguments"),
    (41, "Invalid Arguments"),
    (10_000, "Invalid RegistrationId"),
];

/// The words of a code.
pub(super) fn words(code: i64) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == code).map_or("Unknown Error", |(_, words)| *words)
}
