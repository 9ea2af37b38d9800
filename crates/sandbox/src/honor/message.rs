//! The shape and the bounds of a message for Honor's phones; a refusal names the field.

use serde_json::Value;

use crate::hms::{TTL_S_MAX, is_moment};

type Checked = Result<(), &'static str>;

fn hold(is_fine: bool, field: &'static str) -> Checked {
    if is_fine { Ok(()) } else { Err(field) }
}

/// Judges everything but the tokens.
pub(super) fn check(body: &Value) -> Checked {
    let android = &body["android"];
    hold(android.is_null() || android.is_object(), "android")?;
    hold(body["data"].is_null() || body["data"].is_string(), "data")?;
    hold(android["data"].is_null() || android["data"].is_string(), "android.data")?;
    hold(android["ttl"].is_null() || is_ttl(&android["ttl"]), "ttl")?;
    hold(is_in(&android["targetUserType"], 0, 1), "targetUserType")?;
    let (common, own) = (&body["notification"], &android["notification"]);
    if !common.is_object() && !own.is_object() {
        return hold(body["data"].is_string() || android["data"].is_string(), "notification or data is required");
    }
    for name in ["title", "body"] {
        let value = own[name].as_str().or_else(|| common[name].as_str()).unwrap_or_default();
        hold(!value.is_empty(), name)?;
    }
    for image in [&common["image"], &own["image"]] {
        hold(image.is_null() || is_https(image), "image")?;
    }
    hold(is_click(&own["clickAction"]), "clickAction")?;
    let importance = &own["importance"];
    hold(importance.is_null() || importance == "LOW" || importance == "NORMAL", "importance")?;
    hold(is_style(own), "style")?;
    hold(is_in(&own["notifyId"], i64::from(i32::MIN), i64::from(i32::MAX)), "notifyId")?;
    hold(own["when"].is_null() || own["when"].as_str().is_some_and(is_moment), "when")?;
    let badge = &own["badge"];
    hold(is_in(&badge["addNum"], 1, 99) && is_in(&badge["setNum"], 0, 99), "badge")?;
    hold(are_buttons(&own["buttons"]), "buttons")
}

fn is_ttl(value: &Value) -> bool {
    let seconds = value.as_str().and_then(|text| text.strip_suffix('s')).and_then(|text| text.parse::<i64>().ok());
    seconds.is_some_and(|seconds| (1..=TTL_S_MAX).contains(&seconds))
}

fn is_https(value: &Value) -> bool {
    value.as_str().is_some_and(|url| url.starts_with("https://"))
}

fn is_in(value: &Value, least: i64, most: i64) -> bool {
    value.is_null() || value.as_i64().is_some_and(|number| (least..=most).contains(&number))
}

fn is_click(action: &Value) -> bool {
    let has = |name: &str| action[name].as_str().is_some_and(|text| !text.is_empty());
    match action["type"].as_i64() {
        Some(1) => has("intent") || has("action"),
        Some(2) => is_https(&action["url"]),
        Some(3) => true,
        _ => false,
    }
}

fn is_style(own: &Value) -> bool {
    let has = |name: &str| own[name].as_str().is_some_and(|text| !text.is_empty());
    match own["style"].as_i64() {
        None => own["style"].is_null(),
        Some(0) => true,
        Some(1) => has("bigTitle") && has("bigBody"),
        Some(_) => false,
    }
}

fn are_buttons(buttons: &Value) -> bool {
    let length = |button: &Value, name: &str| button[name].as_str().unwrap_or_default().chars().count();
    let is_button = |button: &Value| {
        (1..=40).contains(&length(button, "name"))
            && length(button, "data") <= 1_024
            && button["actionType"].as_i64().is_some_and(|kind| (0..=2).contains(&kind))
    };
    buttons.is_null() || buttons.as_array().is_some_and(|list| list.len() <= 3 && list.iter().all(is_button))
}
