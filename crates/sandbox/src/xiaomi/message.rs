//! The parameters of a message for Xiaomi's phones, and the words of the codes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Refusal;
use crate::inbox::Content;
use crate::service::Form;

const PAYLOAD_BYTES: usize = 4_096;
const TITLE_CHARS: usize = 50;
const DESCRIPTION_CHARS: usize = 128;
/// Ten days for messages of private channels, the longest there is.
const TTL_MS_MAX: i64 = 10 * 86_400_000;
/// A message may be planned a week ahead.
const AHEAD_MS_MAX: i64 = 7 * 86_400_000;
const EXTRAS_MAX: usize = 10;
const EXTRA_CHARS: usize = 1_024;
/// Extras that the service itself reads; the others are the app's own.
const KNOWN_EXTRAS: [&str; 23] = [
    "channel_id",
    "channel_name",
    "channel_description",
    "notify_foreground",
    "notify_effect",
    "intent_uri",
    "web_uri",
    "ticker",
    "sound_uri",
    "flow_control",
    "jobkey",
    "callback",
    "callback.param",
    "callback.type",
    "connpt",
    "only_send_once",
    "badge_count",
    "locale",
    "locale_not_in",
    "model",
    "model_not_in",
    "app_version",
    "app_version_not_in",
];

/// Judges everything but the targets.
pub(super) fn check(form: &Form, channels: &BTreeSet<String>, now_ms: i64) -> Result<(), Refusal> {
    let chars = |name: &str| form.text(name).chars().count();
    let odd = |field: &str| Err(Refusal::about(10_017, field));
    if form.text("payload").len() > PAYLOAD_BYTES {
        return Err(Refusal::about(10_018, "payload"));
    }
    let is_silent = match form.get("pass_through") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return odd("pass_through"),
    };
    if !is_silent && (form.text("description").trim().is_empty() || form.text("title").trim().is_empty()) {
        return Err(Refusal::about(22_100, "title and description"));
    }
    if chars("title") >= TITLE_CHARS {
        return odd("title");
    }
    if chars("description") >= DESCRIPTION_CHARS {
        return odd("description");
    }
    let kind = number(form, "notify_type")?;
    if kind.is_some_and(|kind| kind != -1 && !(1..=7).contains(&kind)) {
        return odd("notify_type");
    }
    if let Some(ttl) = number(form, "time_to_live")? {
        if ttl < 0 {
            return Err(Refusal::about(10_008, "time_to_live"));
        }
        if ttl > TTL_MS_MAX {
            return odd("time_to_live");
        }
    }
    if number(form, "time_to_send")?.is_some_and(|at_ms| at_ms > now_ms + AHEAD_MS_MAX) {
        return odd("time_to_send");
    }
    let id = form.get("notify_id").map(str::parse::<i64>);
    if id.is_some_and(|id| id.map_or(true, |id| !(0..=i64::from(i32::MAX)).contains(&id))) {
        return Err(Refusal::about(22_103, "notify_id"));
    }
    check_extras(form, channels)
}

fn number(form: &Form, name: &str) -> Result<Option<i64>, Refusal> {
    let text = form.get(name).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Refusal::about(10_008, name))).transpose()
}

fn check_extras(form: &Form, channels: &BTreeSet<String>) -> Result<(), Refusal> {
    let odd = |field: &str| Err(Refusal::about(10_017, field));
    let job = form.text("extra.jobkey");
    let is_job = |job: &str| {
        job.len() <= 20
            && !job.starts_with('_')
            && job.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
    };
    if !is_job(job) {
        return odd("extra.jobkey");
    }
    let channel = form.text("extra.channel_id");
    if !channels.is_empty() && !channels.contains(channel) {
        // A newer code: the channel is missing or not the app's.
        return Err(Refusal::about(27_001, "extra.channel_id"));
    }
    if form.get("extra.notify_foreground").is_some_and(|it| it != "0" && it != "1") {
        return odd("extra.notify_foreground");
    }
    let is_effect_complete = match form.get("extra.notify_effect") {
        None | Some("1") => true,
        Some("2") => !form.text("extra.intent_uri").is_empty(),
        Some("3") => form.text("extra.web_uri").starts_with("http"),
        Some(_) => false,
    };
    if !is_effect_complete {
        return odd("extra.notify_effect");
    }
    number(form, "extra.callback.type")?;
    if form.text("extra.callback.param").len() > 256 {
        return Err(Refusal::about(65_036, "extra.callback.param"));
    }
    let url = form.text("extra.callback");
    if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Refusal::about(65_038, "extra.callback"));
    }
    let own: Vec<(&str, &str)> = form
        .iter()
        .filter_map(|(name, value)| name.strip_prefix("extra.").map(|name| (name, value)))
        .filter(|(name, _)| !KNOWN_EXTRAS.contains(name))
        .collect();
    let size: usize = own.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if own.len() > EXTRAS_MAX || size > EXTRA_CHARS {
        return odd("extra");
    }
    Ok(())
}

/// What the phone makes of it.
pub(super) fn content(form: &Form, id: &str) -> Content {
    let is_silent = form.text("pass_through") == "1";
    let fields: serde_json::Map<String, Value> = form
        .iter()
        .filter(|(name, _)| *name != "registration_id")
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let mut warnings = Vec::new();
    if !is_silent && form.text("extra.channel_id").is_empty() {
        warnings.push("no extra.channel_id: the default channel has the smallest allowance");
    }
    Content {
        id: id.to_owned(),
        title: if is_silent { String::new() } else { form.text("title").to_owned() },
        body: if is_silent { String::new() } else { form.text("description").to_owned() },
        badge: form.get("extra.badge_count").and_then(|count| count.parse().ok()),
        kind: if is_silent { "pass through" } else { "notification" }.to_owned(),
        notify_id: form.get("notify_id").and_then(|id| id.parse().ok()),
        headers: BTreeMap::new(),
        payload: Value::Object(fields),
        warnings,
    }
}

/// Every code that is known of the vendor: the reason, in English as it was seen or derived, and the published
/// description where there is one.
pub(super) const WORDS: &[(i64, &str, &str)] = &[
    (-1, "Unknown error", "未知错误"),
    (1, "Internal error", "未知错误"),
    (10_001, "System error", "系统错误"),
    (10_002, "Service suspended", "服务暂停"),
    (10_003, "Remote service error", "远程服务错误"),
    (10_004, "IP limit", "IP限制不能请求该资源"),
    (10_005, "Permission denied, need a high level appkey", "该资源需要appkey拥有授权"),
    (10_008, "Parameter error", "参数错误，请参考API文档"),
    (10_009, "System is busy", "系统繁忙"),
    (10_012, "Illegal request", "非法请求"),
    (10_013, "Invalid user", "不合法的用户"),
    (10_014, "Insufficient app permissions", "应用的接口访问权限受限"),
    (10_016, "Missing required parameter", "未知错误"),
    (10_017, "Parameter value invalid", "参数值非法"),
    (10_018, "Request body length over limit", "请求长度超过限制"),
    (10_022, "IP requests out of rate limit", "IP请求频次超过上限"),
    (10_023, "User requests out of rate limit", "用户请求频次超过上限"),
    (10_024, "User requests for this API out of rate limit", "用户请求特殊接口频次超过上限"),
    (10_026, "Application is in the blacklist", "应用被加入黑名单，不能调用API"),
    (10_027, "Application requests out of rate limit", "应用的API调用太频繁"),
    (10_029, "Invalid device", "不合法的设备"),
    (10_030, "Invalid list requested too often", "未知错误"),
    (10_031, "Application is blacklisted", "未知错误"),
    (10_032, "Invalid list requested too often", "未知错误"),
    (10_033, "Feedback is blocked", "未知错误"),
    (10_034, "Day quota exceeded", "未知错误"),
    (10_036, "Operation forbidden", "未知错误"),
    (10_037, "Request expired", "未知错误"),
    (20_209, "Invalid topic", "未知错误"),
    (20_301, "No valid targets!", "发送消息失败"),
    (21_301, "Invalid application credentials", "认证失败"),
    (21_302, "Token authentication failed", "未知错误"),
    (21_303, "Application restricted", "未知错误"),
    (21_305, "Missing authentication parameter", "未知错误"),
    (22_000, "Illegal application", "非法应用"),
    (22_001, "Application does not exist", "应用不存在"),
    (22_002, "Application revoked", "应用已经撤销"),
    (22_003, "Application update failed", "更新应用程序失败"),
    (22_004, "Application info missing", "缺少应用程序信息"),
    (22_005, "Invalid application name", "应用程序名字不合法"),
    (22_006, "Invalid application id", "应用程序Id不合法"),
    (22_007, "Invalid application key", "应用程序Key不合法"),
    (22_008, "Invalid application secret", "应用程序Secret不合法"),
    (22_020, "Invalid application description", "应用程序描述信息不合法"),
    (22_021, "User has not authorised the application", "用户没有授权给应用程序"),
    (22_022, "Invalid package name", "应用程序package name不合法"),
    (22_100, "Invalid notification format", "应用通知数据格式不合法"),
    (22_101, "Too many notifications", "太多应用通知消息"),
    (22_102, "Failed to send the notification", "发送应用通知消息失败"),
    (22_103, "Invalid notification id", "应用通知ID不合法"),
    (26_003, "Internal error", "未知错误"),
    (26_004, "Broadcast too often", "未知错误"),
    (26_006, "Broadcast needs review", "未知错误"),
    (27_001, "Channel mismatch", "未知错误"),
    (65_003, "Device not found or offline", "未知错误"),
    (65_009, "Payload too long", "未知错误"),
    (65_036, "Callback param too long", "未知错误"),
    (65_037, "Callback url too long", "未知错误"),
    (65_038, "Callback url invalid", "未知错误"),
];

/// Why, in a few words.
pub(super) fn reason(code: i64) -> &'static str {
    WORDS.iter().find(|(known, ..)| *known == code).map_or("Unknown error", |(_, reason, _)| *reason)
}

/// The published description of a code.
pub(super) fn description(code: i64) -> &'static str {
    WORDS.iter().find(|(known, ..)| *known == code).map_or("未知错误", |(.., description)| *description)
}
