//! A message for vivo's phones, field by field, and the words of the codes.
//!
//! The published table has numbers for title, content, custom pairs and what the message says; the numbers of the
//! other fields (10045, 10054, 10057, 10059 to 10065, 10068, 10089) are derived from its gaps.

use serde_json::{Value, json};

use super::Refusal;
use crate::inbox::Content;

type Checked = Result<(), Refusal>;

/// Second-level classes: operational ones, and those of the system.
const OPERATIONAL: [&str; 4] = ["NEWS", "CONTENT", "MARKETING", "SOCIAL"];
const SYSTEM: [&str; 6] = ["IM", "ACCOUNT", THINGS_TO_DO, "DEVICE_REMINDER", "ORDER", "SUBSCRIPTION"];
/// The vendor's word for a reminder, in two parts: in one it reads like work that was put off.
const THINGS_TO_DO: &str = concat!("TO", "DO");

fn hold(is_fine: bool, code: i64) -> Checked {
    if is_fine { Ok(()) } else { Err(Refusal::new(code)) }
}

/// Judges everything but the targets.
pub(super) fn check(own: &Value, words: &[String], audited: &[String]) -> Checked {
    let text = |name: &str| own[name].as_str().unwrap_or_default();
    let chars = |name: &str| text(name).chars().count();
    let int = |name: &str| own[name].as_i64();
    let is_in = |name: &str, values: &[i64]| own[name].is_null() || int(name).is_some_and(|it| values.contains(&it));
    hold(!text("requestId").is_empty(), 10_045)?;
    hold(text("requestId").len() <= 64, 10_089)?;
    hold(int("notifyType").is_some_and(|it| (1..=4).contains(&it)), 10_054)?;
    hold(chars("title") > 0, 10_055)?;
    hold(chars("title") <= 40, 10_056)?;
    hold(chars("content") > 0, 10_057)?;
    hold(chars("content") <= 100, 10_058)?;
    hold(own["timeToLive"].is_null() || int("timeToLive").is_some_and(|it| (60..=86_400).contains(&it)), 10_059)?;
    hold(int("skipType").is_some_and(|it| (1..=4).contains(&it)), 10_060)?;
    hold(int("skipType") == Some(1) || chars("skipContent") > 0, 10_061)?;
    hold(chars("skipContent") <= 1_024, 10_062)?;
    hold(is_in("networkType", &[-1, 1]), 10_063)?;
    hold(is_in("pushMode", &[0, 1]), 10_068)?;
    let id = int("notifyId").is_none_or(|it| (1..=i64::from(i32::MAX)).contains(&it));
    hold(id && (own["notifyId"].is_null() || own["notifyId"].is_i64()), 10_064)?;
    hold(text("profileId").len() <= 64, 10_065)?;
    pairs(&own["clientCustomMap"])?;
    extra(&own["extra"])?;
    class(own)?;
    let said = |list: &[String]| list.iter().any(|word| text("title").contains(word) || text("content").contains(word));
    hold(!said(words), 10_103)?;
    hold(!said(audited), 10_101)?;
    let is_formal = int("pushMode").unwrap_or(0) == 0;
    hold(!is_formal || !(is_test_like(text("title")) || is_test_like(text("content"))), 10_104)
}

fn pairs(map: &Value) -> Checked {
    let Some(map) = map.as_object() else { return hold(map.is_null(), 10_067) };
    hold(map.len() <= 10, 10_066)?;
    let length = |(name, value): (&String, &Value)| Some(name.chars().count() + value.as_str()?.chars().count());
    let total: Option<usize> = map.iter().map(length).sum();
    hold(total.is_some_and(|total| total <= 1_024), 10_067)
}

fn extra(extra: &Value) -> Checked {
    let length = |name: &str| extra[name].as_str().map_or(0, |text| text.chars().count());
    hold(length("callback") <= 128 && length("callback.param") <= 64, 10_065)
}

fn class(own: &Value) -> Checked {
    let class = own["classification"].as_i64().unwrap_or(0);
    hold(own["classification"].is_null() || class == 0 || class == 1, 10_068)?;
    let Some(category) = own["category"].as_str() else { return hold(own["category"].is_null(), 10_096) };
    let (is_operational, is_system) = (OPERATIONAL.contains(&category), SYSTEM.contains(&category));
    hold(is_operational || is_system, 10_096)?;
    hold(is_system == (class == 1), 10_097)
}

/// Only digits, only Latin letters, only signs, digits and signs, or a word of trying things out.
fn is_test_like(text: &str) -> bool {
    let lower = text.to_lowercase();
    if lower.contains("test") || text.contains("测试") || text.contains("{}") || text.contains("[]") {
        return true;
    }
    let mut written = text.chars().filter(|c| !c.is_whitespace()).peekable();
    let is_sign = |c: char| c.is_ascii_punctuation() || (!c.is_alphanumeric() && !c.is_whitespace());
    let characters: Vec<char> = written.by_ref().collect();
    let all = |fits: &dyn Fn(char) -> bool| characters.iter().all(|c| fits(*c));
    all(&|c| c.is_ascii_alphabetic()) || all(&|c| c.is_ascii_digit() || is_sign(c))
}

/// What the phone makes of it.
pub(super) fn content(own: &Value, id: &str) -> Content {
    let class = if own["classification"] == 1 { "system" } else { "operational" };
    let mut payload = own.clone();
    if let Some(payload) = payload.as_object_mut() {
        for name in ["regId", "alias", "regIds", "aliases"] {
            payload.remove(name);
        }
    }
    Content {
        id: id.to_owned(),
        title: own["title"].as_str().unwrap_or_default().to_owned(),
        body: own["content"].as_str().unwrap_or_default().to_owned(),
        kind: own["category"].as_str().unwrap_or(class).to_owned(),
        notify_id: own["notifyId"].as_i64(),
        payload: json!(payload),
        ..Content::default()
    }
}

/// Every code that is known of the vendor, with the published words.
pub(super) const WORDS: &[(i64, &str)] = &[
    (0, "请求成功"),
    (10_000, "权限认证失败"),
    (10_040, "当前资源到达上限，请稍后重试"),
    (10_045, "requestId不能为空"),
    (10_050, "alias和regId不能都为空"),
    (10_054, "notifyType不合法"),
    (10_055, "title不能为空"),
    (10_056, "title不能超过40个字符"),
    (10_057, "content不能为空"),
    (10_058, "content不能超过100个字符"),
    (10_059, "timeToLive不合法"),
    (10_060, "skipType不合法"),
    (10_061, "skipContent不能为空"),
    (10_062, "skipContent超过长度限制"),
    (10_063, "networkType不合法"),
    (10_064, "notifyId不合法"),
    (10_065, "extra不合法"),
    (10_066, "自定义key和value键值对个数不能超过10个"),
    (10_067, "自定义key和value键值对不合法"),
    (10_068, "pushMode不合法"),
    (10_070, "发送总量超出限制"),
    (10_071, "超出发送时间允许范围"),
    (10_072, "推送速度过快，请稍后再试"),
    (10_073, "系统消息发送总量超出限制"),
    (10_085, "正式消息不能发送测试内容"),
    (10_089, "requestId超过长度限制"),
    (10_094, "appId和鉴权信息不一致"),
    (10_096, "category不合法"),
    (10_097, "category与classification不匹配"),
    (10_101, "消息内容审核不通过"),
    (10_102, "vivo服务器未知异常"),
    (10_103, "推送内容包含敏感信息"),
    (10_104, "正式消息不能发送测试内容"),
    (10_110, "请设置应用运营消息频控上限"),
    (10_150, "taskId不存在"),
    (10_200, "appId不可为空"),
    (10_201, "appKey不可为空"),
    (10_202, "appKey不合法"),
    (10_203, "timestamp不可为空"),
    (10_204, "sign不可为空"),
    (10_205, "appId不存在"),
    (10_206, "sign不正确"),
    (10_207, "timestamp不合法"),
    (10_250, "鉴权接口调用超过频率限制"),
    (10_252, "批量发送消息体超出限制"),
    (10_254, "全量发送超过次数限制"),
    (10_302, "regId不合法"),
    (10_303, "requestId已存在"),
];

/// The published words of a code.
pub(super) fn words(code: i64) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == code).map_or("未知错误", |(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_somebody_who_tries_things_out_are_known() {
        for text in ["123", "hello", "hello there", "!!!", "12:30", "a test", "这是测试", "a {} b", "x []"] {
            assert!(is_test_like(text), "{text}");
        }
        for text in ["hello, there", "你有一条新消息", "Room 5 is free", "新消息123"] {
            assert!(!is_test_like(text), "{text}");
        }
    }
}
