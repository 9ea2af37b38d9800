//! The body: its size by push type, and that it is an object with an `aps` dictionary.
//!
//! Apple publishes no reason for a body that is no JSON object or holds no `aps`; the sandbox answers `PayloadEmpty`,
//! because nothing in it can be delivered. Wrong types inside `aps` are not refused by Apple: phones ignore the key
//! in silence. The sandbox keeps a warning for each beside the notification.
//!
//! <https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification>

use serde_json::Value;

use super::Refusal;

/// Bytes of an ordinary payload, and of a VoIP one.
const PAYLOAD_BYTES: usize = 4_096;
const PAYLOAD_BYTES_VOIP: usize = 5_120;

/// A payload that may be delivered.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) json: Value,
    pub(super) warnings: Vec<&'static str>,
}

/// What this push type may weigh.
pub(super) fn bytes_max(push_type: &str) -> usize {
    if push_type == "voip" { PAYLOAD_BYTES_VOIP } else { PAYLOAD_BYTES }
}

/// Checks size before content.
pub(super) fn parse(body: &[u8], push_type: &str) -> Result<Payload, Refusal> {
    if body.is_empty() {
        return Err(Refusal::new(400, "PayloadEmpty"));
    }
    if body.len() > bytes_max(push_type) {
        return Err(Refusal::new(413, "PayloadTooLarge"));
    }
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // MDM payloads have a vocabulary of their own and no `aps`.
    let is_deliverable = json.get("aps").is_some_and(Value::is_object) || (push_type == "mdm" && json.is_object());
    if !is_deliverable {
        return Err(Refusal::new(400, "PayloadEmpty"));
    }
    let warnings = warnings(&json["aps"], push_type);
    Ok(Payload { json, warnings })
}

fn warnings(aps: &Value, push_type: &str) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    let mut expect = |key: &str, is_right: fn(&Value) -> bool, warning| {
        if aps.get(key).is_some_and(|value| !is_right(value)) {
            warnings.push(warning);
        }
    };
    expect("alert", |it| it.is_string() || it.is_object(), "alert is neither a text nor an object");
    expect("badge", Value::is_u64, "badge is not a number from 0");
    expect("sound", |it| it.is_string() || it["name"].is_string(), "sound is neither a name nor an object with one");
    expect("thread-id", Value::is_string, "thread-id is not a text");
    expect("category", Value::is_string, "category is not a text");
    expect("target-content-id", Value::is_string, "target-content-id is not a text");
    expect("content-available", |it| *it == 1, "content-available is not 1");
    expect("mutable-content", |it| *it == 1, "mutable-content is not 1");
    expect(
        "interruption-level",
        |it| matches!(it.as_str(), Some("passive" | "active" | "time-sensitive" | "critical")),
        "interruption-level is not one of the four",
    );
    expect(
        "relevance-score",
        |it| it.as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)),
        "relevance-score is not between 0 and 1",
    );
    let has_visible = ["alert", "badge", "sound"].iter().any(|key| aps.get(key).is_some());
    match push_type {
        "background" if aps.get("content-available").is_none() => {
            warnings.push("a background push without content-available wakes nothing");
        }
        "background" if has_visible => warnings.push("a background push shows neither alert, badge nor sound"),
        "liveactivity" => warnings.extend(live(aps)),
        "alert" if !has_visible => warnings.push("an alert push without alert, badge and sound shows nothing"),
        _ => {}
    }
    if aps.get("mutable-content").is_some() && aps.get("alert").is_none() {
        warnings.push("mutable-content without alert is ignored");
    }
    warnings
}

/// What a phone would not understand of a live activity: then nothing happens to it.
fn live(aps: &Value) -> Vec<&'static str> {
    let event = aps["event"].as_str().unwrap_or_default();
    let mut warnings = Vec::new();
    let mut expect = |is_right: bool, warning| {
        if !is_right {
            warnings.push(warning);
        }
    };
    expect(matches!(event, "start" | "update" | "end"), "event is not start, update or end");
    expect(aps["timestamp"].is_u64(), "timestamp is not a number of seconds");
    expect(event == "end" || aps["content-state"].is_object(), "content-state is not an object");
    expect(event != "start" || aps["attributes-type"].is_string(), "a start without attributes-type begins nothing");
    expect(event != "start" || aps["attributes"].is_object(), "a start without attributes begins nothing");
    expect(event != "start" || aps.get("alert").is_some(), "a start without alert begins nothing");
    for key in ["stale-date", "dismissal-date"] {
        expect(aps.get(key).is_none_or(Value::is_u64), "a date is not a number of seconds");
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_goes_by_push_type_to_the_byte() {
        let body = |bytes: usize| format!(r#"{{"aps":{{}},"x":"{}"}}"#, "y".repeat(bytes - 17)).into_bytes();
        for (push_type, max) in [("alert", 4_096), ("voip", 5_120)] {
            assert_eq!(body(max).len(), max);
            assert!(parse(&body(max), push_type).is_ok());
            assert_eq!(parse(&body(max + 1), push_type).unwrap_err().reason, "PayloadTooLarge");
        }
    }

    #[test]
    fn what_holds_no_aps_dictionary_is_empty() {
        for body in ["", "{}", "[]", "nonsense", r#"{"aps":1}"#, r#"{"aps":"hi"}"#] {
            assert_eq!(parse(body.as_bytes(), "alert").unwrap_err().reason, "PayloadEmpty", "{body}");
        }
    }

    #[test]
    fn what_a_phone_would_ignore_is_warned_about() {
        let warned = |body: &str, push_type| parse(body.as_bytes(), push_type).unwrap().warnings;
        assert!(warned(r#"{"aps":{"alert":"hi","badge":0,"sound":{"name":"a"}}}"#, "alert").is_empty());
        assert_eq!(warned(r#"{"aps":{"alert":1,"badge":"2"}}"#, "alert").len(), 2);
        assert_eq!(warned(r#"{"aps":{"alert":"hi"}}"#, "background").len(), 1);
        let update = r#"{"aps":{"timestamp":1,"event":"update","content-state":{"s":1},"stale-date":2}}"#;
        assert!(warned(update, "liveactivity").is_empty());
        let start = r#"{"aps":{"timestamp":1,"event":"start","content-state":{},"attributes-type":"A","attributes":{},"alert":"x"}}"#;
        assert!(warned(start, "liveactivity").is_empty());
        assert!(warned(r#"{"aps":{"timestamp":1,"event":"end"}}"#, "liveactivity").is_empty());
        assert_eq!(warned(r#"{"aps":{"event":"start","dismissal-date":"x"}}"#, "liveactivity").len(), 6);
    }
}
