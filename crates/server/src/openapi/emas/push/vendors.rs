//! What is said to single vendors, put over the requests that their channels build, in the vendors' own spelling.

use std::collections::BTreeMap;

use contract::Fault;
use serde_json::{Map, Value, json};

use super::compose::nested;
use super::fields_android::{Android, Vendors};
use super::fields_harmony::Harmony;

/// Overrides by channel.
pub(super) type Overrides = BTreeMap<String, Map<String, Value>>;

struct Over(Overrides);

impl Over {
    fn put(&mut self, channel: &str, path: &[&str], value: Option<Value>) {
        let Some(value) = value else { return };
        let own = self.0.entry(channel.to_owned()).or_default();
        merge(own, nested(path, value));
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// What is said to the vendors of Android's devices.
pub(super) fn of(common: &Android, given: &Vendors) -> Result<Overrides, Fault> {
    let mut over = Over(Overrides::new());
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let parse = |text: &Option<String>, field: &'static str| match text {
        None => Ok(None),
        Some(text) => serde_json::from_str::<Map<String, Value>>(text)
            .map(|map| Some(json!(Value::Object(map).to_string())))
            .map_err(|_| Fault::FieldInvalid { field }),
    };
    huawei(&mut over, common, given)?;
    let importance = word(given.honor_channel.as_deref(), &["LOW", "NORMAL"], "AndroidNotificationHonorChannel")?;
    over.put("honor", &["android", "notification", "importance"], importance);
    let test = switch(given.honor_test, "AndroidHonorTargetUserType")?;
    over.put("honor", &["android", "targetUserType"], test.map(|test| json!(test)));
    over.put("honor", &["android", "notification", "badge", "badgeClass"], text(&common.badge_class));
    over.put("xiaomi", &["extra.channel_id"], text(&given.xiaomi_channel));
    over.put("xiaomi", &["extra.template_id"], text(&given.xiaomi_template));
    let params = parse(&given.xiaomi_template_params, "AndroidXiaomiTemplateParams")?;
    over.put("xiaomi", &["extra.template_params"], params);
    over.put("xiaomi", &["extra.focus_param"], parse(&given.xiaomi_focus, "AndroidXiaomiFocusParam")?);
    over.put("xiaomi", &["extra.focus_pics"], parse(&given.xiaomi_focus_pics, "AndroidXiaomiFocusPics")?);
    oppo(&mut over, given)?;
    let kind = number(given.vivo_channel.as_deref(), "AndroidNotificationVivoChannel")?;
    over.put("vivo", &["classification"], kind.map(|kind| json!(kind)));
    over.put("vivo", &["category"], text(&given.vivo_category));
    let mode = switch(given.vivo_mode, "AndroidVivoPushMode")?;
    over.put("vivo", &["pushMode"], mode.map(|mode| json!(mode)));
    over.put("vivo", &["extra", "callback.id"], text(&given.vivo_receipt));
    over.put("vivo", &["liveMessage"], given.vivo_live.as_ref().map(|live| json!(live.0)));
    switch(given.meizu_type, "AndroidMeizuNoticeMsgType")?;
    Ok(over.0)
}

fn huawei(over: &mut Over, common: &Android, given: &Vendors) -> Result<(), Fault> {
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let importance = word(given.huawei_channel.as_deref(), &["LOW", "NORMAL"], "AndroidNotificationHuaweiChannel")?;
    over.put("huawei", &["android", "notification", "importance"], importance);
    over.put("huawei", &["android", "category"], text(&given.huawei_category));
    let urgency = word(given.huawei_urgency.as_deref(), &["HIGH", "NORMAL"], "AndroidMessageHuaweiUrgency")?;
    over.put("huawei", &["android", "urgency"], urgency);
    over.put("huawei", &["android", "receipt_id"], text(&given.huawei_receipt));
    let test = switch(given.huawei_test, "AndroidHuaweiTargetUserType")?;
    over.put("huawei", &["android", "target_user_type"], test.map(|test| json!(test)));
    let quick = switch(given.huawei_business, "AndroidHuaweiBusinessType")?.filter(|kind| *kind == 1);
    over.put("huawei", &["android", "fast_app_target"], quick.map(|kind| json!(kind)));
    over.put("huawei", &["android", "notification", "badge", "class"], text(&common.badge_class));
    over.put("huawei", &["android", "live_notification"], given.huawei_live.as_ref().map(|live| json!(live.0)));
    Ok(())
}

fn oppo(over: &mut Over, given: &Vendors) -> Result<(), Fault> {
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    match (given.oppo_level, &given.oppo_category) {
        (Some(1 | 2 | 16), Some(_)) | (None, _) => {}
        (Some(_), None) => return Err(Fault::FieldMissing { field: "AndroidMessageOppoCategory" }),
        (Some(_), Some(_)) => return Err(Fault::FieldInvalid { field: "AndroidMessageOppoNotifyLevel" }),
    }
    over.put("oppo", &["category"], text(&given.oppo_category));
    over.put("oppo", &["notify_level"], given.oppo_level.map(|level| json!(level)));
    over.put("oppo", &["private_msg_template_id"], text(&given.oppo_template));
    let params = |extra: &Option<super::words::Extra>| extra.as_ref().map(|extra| json!(extra.0));
    over.put("oppo", &["private_title_parameters"], params(&given.oppo_title_params));
    over.put("oppo", &["private_content_parameters"], params(&given.oppo_content_params));
    over.put("oppo", &["intelligent_intent"], params(&given.oppo_intent));
    if given.oppo_intent.is_none() {
        over.put("oppo", &["delete_intent_data"], params(&given.oppo_delete_intent));
    }
    let env = switch(given.oppo_intent_env, "AndroidOppoIntentEnv")?;
    over.put("oppo", &["intent_env"], env.map(|env| json!(env)));
    Ok(())
}

/// 0 or 1.
pub(super) fn switch<T: Into<i64> + Copy>(number: Option<T>, field: &'static str) -> Result<Option<i64>, Fault> {
    match number.map(Into::into) {
        None => Ok(None),
        Some(number @ (0 | 1)) => Ok(Some(number)),
        Some(_) => Err(Fault::FieldInvalid { field }),
    }
}

/// 0 or 1 as a text.
fn number(text: Option<&str>, field: &'static str) -> Result<Option<i64>, Fault> {
    let number = text.map(|text| text.trim().parse::<i64>().map_err(|_| Fault::FieldInvalid { field }));
    switch(number.transpose()?, field)
}

/// One of some words, in any case, as the vendor spells it.
fn word(given: Option<&str>, words: &[&str], field: &'static str) -> Result<Option<Value>, Fault> {
    let Some(given) = given else { return Ok(None) };
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(given.trim()));
    known.map(|word| Some(json!(word))).ok_or(Fault::FieldInvalid { field })
}

/// What is said to HarmonyOS's vendor.
pub(super) fn of_harmony(given: &Harmony) -> Overrides {
    let mut over = Over(Overrides::new());
    over.put("harmony", &["pushOptions", "receiptId"], given.receipt.as_ref().map(|id| json!(id)));
    if given.extension.unwrap_or(false) {
        over.put("harmony", &["push_type"], Some(json!(2)));
        over.put("harmony", &["payload", "extraData"], given.extension_data.as_ref().map(|data| json!(data)));
    }
    if let Some(live) = &given.live {
        over.put("harmony", &["push_type"], Some(json!(7)));
        over.put("harmony", &["payload"], Some(json!(live.0)));
    }
    over.0
}
