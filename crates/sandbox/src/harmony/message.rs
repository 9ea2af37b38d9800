//! The shape and the bounds of a message for HarmonyOS, by the kind that `push-type` names.

use serde_json::Value;

use crate::hms::{CATEGORIES, Refusal, TTL_S_MAX};

type Checked = Result<(), Refusal>;

/// What sort of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Alert,
    Subscription,
    Form,
    Extension,
    Background,
    LiveView,
    Voip,
    Mdm,
}

impl Kind {
    /// None for a push type that is none.
    pub(super) fn of(push_type: &str, payload: &Value) -> Option<Self> {
        Some(match push_type {
            "0" if payload["subscription"].is_object() => Self::Subscription,
            "0" => Self::Alert,
            "1" => Self::Form,
            "2" => Self::Extension,
            "6" => Self::Background,
            "7" => Self::LiveView,
            "10" => Self::Voip,
            "11" => Self::Mdm,
            _ => return None,
        })
    }

    /// The right that a project must have been granted.
    pub(super) fn right(self) -> Option<&'static str> {
        match self {
            Self::Extension => Some("extension"),
            Self::LiveView => Some("live_view"),
            Self::Voip => Some("voip"),
            Self::Mdm => Some("mdm"),
            _ => None,
        }
    }

    /// Phones of one request.
    pub(super) fn tokens_max(self) -> usize {
        match self {
            Self::Form | Self::Subscription => 1,
            _ => crate::hms::TOKENS_MAX,
        }
    }
}

fn illegal(field: &str) -> Refusal {
    Refusal::saying("80100003", format!("Illegal payload, {field}"))
}

fn hold(is_fine: bool, field: &str) -> Checked {
    if is_fine { Ok(()) } else { Err(illegal(field)) }
}

/// Judges the options.
pub(super) fn check_options(options: &Value, kind: Kind) -> Checked {
    hold(options.is_null() || options.is_object(), "pushOptions")?;
    hold(options["testMessage"].is_null() || options["testMessage"].is_boolean(), "testMessage")?;
    if !options["ttl"].is_null() {
        let ttl = options["ttl"].as_i64().ok_or_else(|| illegal("ttl"))?;
        let (least, most) = if kind == Kind::Voip { (30, 60) } else { (1, TTL_S_MAX) };
        if !(least..=most).contains(&ttl) {
            return Err(Refusal::new("80100004"));
        }
    }
    let tag = &options["biTag"];
    hold(tag.is_null() || tag.as_str().is_some_and(|tag| tag.len() <= 64), "biTag")?;
    let group = &options["collapseKey"];
    let may_collapse = matches!(kind, Kind::Alert | Kind::Extension);
    let is_group = group.as_i64().is_some_and(|key| (-1..=100).contains(&key)) && may_collapse;
    hold(group.is_null() || is_group, "collapseKey")
}

/// Judges the payload.
pub(super) fn check_payload(payload: &Value, kind: Kind) -> Checked {
    hold(payload.is_object(), "payload")?;
    let has = |name: &str| payload[name].as_str().is_some_and(|text| !text.is_empty());
    match kind {
        Kind::Alert if payload["notification"].is_null() && payload["badge"].is_object() => badge(&payload["badge"]),
        Kind::Alert => notification(&payload["notification"]),
        Kind::Subscription => {
            let subscription = &payload["subscription"];
            let is_named = subscription["entityId"].as_str().is_some_and(|id| !id.is_empty());
            hold(is_named, "entityId")?;
            hold(subscription["data"].is_object(), "data")?;
            click(&subscription["clickAction"])
        }
        Kind::Form => {
            hold(payload["formData"].is_object() || payload["formUpdate"].is_object(), "formData")?;
            hold(!payload["formId"].is_null(), "formId")?;
            for name in ["moduleName", "abilityName", "formName"] {
                hold(has(name), name)?;
            }
            hold(payload["version"].is_i64(), "version")
        }
        Kind::Extension => {
            notification(&payload["notification"])?;
            hold(has("extraData"), "extraData")
        }
        Kind::Background | Kind::Voip => hold(has("extraData"), "extraData"),
        Kind::LiveView => {
            hold(!payload["activityId"].is_null(), "activityId")?;
            hold(payload["operation"].is_i64(), "operation")?;
            for name in ["event", "status"] {
                hold(has(name), name)?;
            }
            Ok(())
        }
        Kind::Mdm => Ok(()),
    }
}

fn notification(own: &Value) -> Checked {
    hold(own.is_object(), "notification")?;
    let has = |name: &str| own[name].as_str().is_some_and(|text| !text.is_empty());
    // Readings are a category of Android's alone.
    let is_known = |category: &str| category != "PLAY_VOICE" && CATEGORIES.contains(&category);
    hold(own["category"].as_str().is_some_and(is_known), "category")?;
    hold(has("title"), "title")?;
    hold(has("body"), "body")?;
    click(&own["clickAction"])?;
    match own["style"].as_i64() {
        None => hold(own["style"].is_null(), "style")?,
        Some(0) => {}
        Some(3) => {
            let lines = own["inboxContent"].as_array().map(Vec::as_slice).unwrap_or_default();
            hold(!lines.is_empty() && lines.iter().all(Value::is_string), "inboxContent")?;
        }
        Some(_) => return Err(illegal("style")),
    }
    for name in ["image", "overlayIcon"] {
        let image = &own[name];
        let is_https = image.as_str().is_some_and(|url| url.starts_with("https://"));
        hold(image.is_null() || is_https || name == "overlayIcon" && image.is_string(), name)?;
    }
    let id = &own["notifyId"];
    hold(id.is_null() || id.as_i64().is_some_and(|id| (0..=i64::from(i32::MAX)).contains(&id)), "notifyId")?;
    hold(own["foregroundShow"].is_null() || own["foregroundShow"].is_boolean(), "foregroundShow")?;
    let profile = &own["profileId"];
    hold(profile.is_null() || profile.as_str().is_some_and(|profile| profile.len() <= 64), "profileId")?;
    if own["badge"].is_null() { Ok(()) } else { badge(&own["badge"]) }
}

fn click(action: &Value) -> Checked {
    let has = |name: &str| action[name].as_str().is_some_and(|text| !text.is_empty());
    let is_fine = match action["actionType"].as_i64() {
        Some(0) => true,
        Some(1) => has("action") || has("uri"),
        _ => false,
    };
    hold(is_fine, "clickAction")
}

fn badge(badge: &Value) -> Checked {
    let is_in = |name: &str, least: i64| {
        badge[name].is_null() || badge[name].as_i64().is_some_and(|number| (least..=99).contains(&number))
    };
    hold(badge.is_object() && is_in("addNum", 1), "badge.addNum")?;
    hold(is_in("setNum", 0), "badge.setNum")?;
    hold(!badge["addNum"].is_null() || !badge["setNum"].is_null(), "badge")
}
