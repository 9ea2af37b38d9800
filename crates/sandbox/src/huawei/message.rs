//! The shape and the bounds of a message for Android, field by field, in the order of the vendor's tables.

use serde_json::Value;

use crate::hms::{CATEGORIES, Refusal, TTL_S_MAX, is_moment};

type Checked = Result<(), Refusal>;

/// A field that has no such value.
fn odd(field: &str) -> Refusal {
    Refusal::saying("80100001", format!("Parameters check error: {field}"))
}

/// A message that lacks something, or says it the wrong way.
fn broken(field: &str) -> Refusal {
    Refusal::saying("80100003", format!("Message structure error: {field}"))
}

/// Judges everything but the tokens.
pub(super) fn check(message: &Value, has_high_priority: bool) -> Checked {
    if !message["data"].is_null() && !message["data"].is_string() {
        return Err(odd("data"));
    }
    let android = &message["android"];
    if !android.is_null() && !android.is_object() {
        return Err(odd("android"));
    }
    check_control(android, has_high_priority)?;
    let is_shown = message["notification"].is_object() || android["notification"].is_object();
    let has_data = !message["data"].is_null() || !android["data"].is_null();
    if is_shown {
        return check_notification(&message["notification"], &android["notification"]);
    }
    if has_data { Ok(()) } else { Err(broken("notification or data is required")) }
}

fn check_control(android: &Value, has_high_priority: bool) -> Checked {
    let is_group = |value: &Value| value.as_i64().is_some_and(|key| (-1..=100).contains(&key));
    if !android["collapse_key"].is_null() && !is_group(&android["collapse_key"]) {
        return Err(Refusal::new("80100013"));
    }
    one_of(android, "urgency", &["HIGH", "NORMAL"])?;
    if android["urgency"] == "HIGH" && !has_high_priority {
        return Err(Refusal::new("80300011"));
    }
    one_of(android, "category", &CATEGORIES)?;
    ttl(&android["ttl"])?;
    int(android, "fast_app_target", 1, 2)?;
    int(android, "target_user_type", 0, 1)?;
    text(android, "bi_tag", 64)?;
    text(android, "data", usize::MAX)
}

/// A text of seconds: at least one, at most fifteen days.
fn ttl(value: &Value) -> Checked {
    if value.is_null() {
        return Ok(());
    }
    let seconds = value.as_str().and_then(|text| text.strip_suffix('s')).and_then(|text| text.parse::<f64>().ok());
    let seconds = seconds.filter(|seconds| seconds.is_finite()).ok_or_else(|| odd("ttl"))?;
    if seconds >= 1.0 && seconds <= TTL_S_MAX as f64 { Ok(()) } else { Err(Refusal::new("80100004")) }
}

fn check_notification(common: &Value, own: &Value) -> Checked {
    for name in ["title", "body"] {
        let value = own[name].as_str().or_else(|| common[name].as_str()).unwrap_or_default();
        let is_translated = own[format!("{name}_loc_key")].is_string();
        if value.is_empty() && !is_translated {
            return Err(broken(name));
        }
    }
    for image in [&common["image"], &own["image"]] {
        if !image.is_null() && !image.as_str().is_some_and(|url| url.starts_with("https://")) {
            return Err(broken("image"));
        }
    }
    click(&own["click_action"])?;
    one_of(own, "importance", &["LOW", "NORMAL", "HIGH"])?;
    one_of(own, "visibility", &["VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"])?;
    if own["icon"].as_str().is_some_and(|icon| !icon.starts_with("/raw/")) {
        return Err(broken("icon"));
    }
    if own["color"].as_str().is_some_and(|color| !is_color(color)) {
        return Err(broken("color"));
    }
    style(own)?;
    badge(&own["badge"])?;
    lights(own)?;
    text(own, "profile_id", 64)?;
    if !own["when"].is_null() && !own["when"].as_str().is_some_and(is_moment) {
        return Err(broken("when"));
    }
    if own["multi_lang_key"].as_object().is_some_and(|texts| texts.values().any(|it| languages(it) > 3)) {
        return Err(broken("multi_lang_key"));
    }
    for name in ["default_sound", "use_default_vibrate", "use_default_light", "auto_cancel", "foreground_show"] {
        if !own[name].is_null() && !own[name].is_boolean() {
            return Err(odd(name));
        }
    }
    for name in ["notify_id", "auto_clear"] {
        int(own, name, i64::from(i32::MIN), i64::from(i32::MAX))?;
    }
    buttons(&own["buttons"])
}

/// Languages of one translated text.
fn languages(text: &Value) -> usize {
    text.as_object().map_or(0, serde_json::Map::len)
}

fn click(action: &Value) -> Checked {
    let has = |name: &str| action[name].as_str().is_some_and(|text| !text.is_empty());
    match action["type"].as_i64() {
        Some(1) if has("intent") || has("action") => Ok(()),
        Some(2) if action["url"].as_str().is_some_and(|url| url.starts_with("https://")) => Ok(()),
        Some(3) => Ok(()),
        _ => Err(broken("click_action")),
    }
}

fn style(own: &Value) -> Checked {
    let has = |name: &str| own[name].as_str().is_some_and(|text| !text.is_empty());
    match own["style"].as_i64() {
        None if own["style"].is_null() => Ok(()),
        Some(0) => Ok(()),
        Some(1) if has("big_title") && has("big_body") => Ok(()),
        Some(3) => {
            let lines = own["inbox_content"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_short = |line: &Value| line.as_str().is_some_and(|line| line.chars().count() <= 1_024);
            if (1..=5).contains(&lines.len()) && lines.iter().all(is_short) {
                Ok(())
            } else {
                Err(broken("inbox_content"))
            }
        }
        Some(1) => Err(broken("big_title and big_body")),
        _ => Err(odd("style")),
    }
}

fn badge(badge: &Value) -> Checked {
    let is_in = |name: &str, least: i64| {
        badge[name].is_null() || badge[name].as_i64().is_some_and(|number| (least..=99).contains(&number))
    };
    if badge.is_null() || (badge.is_object() && is_in("add_num", 1) && is_in("set_num", 0)) {
        return Ok(());
    }
    Err(broken("badge"))
}

fn lights(own: &Value) -> Checked {
    let vibrations = own["vibrate_config"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_span = |value: &Value| {
        let seconds = value.as_str().and_then(|text| text.trim_end_matches('s').parse::<f64>().ok());
        seconds.is_some_and(|seconds| seconds > 0.0 && seconds <= 60.0)
    };
    if vibrations.len() > 10 || !vibrations.iter().all(is_span) {
        return Err(broken("vibrate_config"));
    }
    let light = &own["light_settings"];
    if light.is_null() {
        return Ok(());
    }
    let is_part = |name: &str| light["color"][name].as_f64().is_none_or(|part| (0.0..=1.0).contains(&part));
    let is_lit = ["light_on_duration", "light_off_duration"].iter().all(|name| light[*name].is_string());
    if light["color"].is_object() && ["alpha", "red", "green", "blue"].into_iter().all(is_part) && is_lit {
        return Ok(());
    }
    Err(broken("light_settings"))
}

fn buttons(buttons: &Value) -> Checked {
    if buttons.is_null() {
        return Ok(());
    }
    let is_button = |button: &Value| {
        let name = button["name"].as_str().unwrap_or_default().chars().count();
        let data = button["data"].as_str().unwrap_or_default().chars().count();
        (1..=40).contains(&name)
            && data <= 1_024
            && button["action_type"].as_i64().is_some_and(|kind| (0..=4).contains(&kind))
    };
    let is_fine = buttons.as_array().is_some_and(|buttons| buttons.len() <= 3 && buttons.iter().all(is_button));
    if is_fine { Ok(()) } else { Err(broken("buttons")) }
}

fn one_of(object: &Value, name: &str, values: &[&str]) -> Checked {
    let value = &object[name];
    if value.is_null() || value.as_str().is_some_and(|value| values.contains(&value)) { Ok(()) } else { Err(odd(name)) }
}

fn int(object: &Value, name: &str, least: i64, most: i64) -> Checked {
    let value = &object[name];
    let is_in = value.as_i64().is_some_and(|number| (least..=most).contains(&number));
    if value.is_null() || is_in { Ok(()) } else { Err(odd(name)) }
}

fn text(object: &Value, name: &str, max: usize) -> Checked {
    let value = &object[name];
    let is_short = value.as_str().is_some_and(|text| text.len() <= max);
    if value.is_null() || is_short { Ok(()) } else { Err(odd(name)) }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
