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
    huawei(&mut over, common, given);
    over.put("honor", &["android", "notification", "importance"], text(&given.honor_channel));
    over.put("honor", &["android", "targetUserType"], given.honor_test.map(|test| json!(test)));
    over.put("honor", &["android", "notification", "badge", "badgeClass"], text(&common.badge_class));
    over.put("xiaomi", &["extra.channel_id"], text(&given.xiaomi_channel));
    over.put("xiaomi", &["extra.template_id"], text(&given.xiaomi_template));
    let params = parse(&given.xiaomi_template_params, "AndroidXiaomiTemplateParams")?;
    over.put("xiaomi", &["extra.template_params"], params);
    over.put("xiaomi", &["extra.focus_param"], parse(&given.xiaomi_focus, "AndroidXiaomiFocusParam")?);
    over.put("xiaomi", &["extra.focus_pics"], parse(&given.xiaomi_focus_pics, "AndroidXiaomiFocusPics")?);
    oppo(&mut over, given)?;
    over.put("vivo", &["classification"], number(given.vivo_channel.as_ref(), "AndroidNotificationVivoChannel")?);
    over.put("vivo", &["category"], text(&given.vivo_category));
    over.put("vivo", &["pushMode"], given.vivo_mode.map(|mode| json!(mode)));
    over.put("vivo", &["extra", "callback.id"], text(&given.vivo_receipt));
    over.put("vivo", &["liveMessage"], given.vivo_live.as_ref().map(|live| json!(live.0)));
    Ok(over.0)
}

fn huawei(over: &mut Over, common: &Android, given: &Vendors) {
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    over.put("huawei", &["android", "notification", "importance"], text(&given.huawei_channel));
    over.put("huawei", &["android", "category"], text(&given.huawei_category));
    over.put("huawei", &["android", "urgency"], text(&given.huawei_urgency));
    over.put("huawei", &["android", "receipt_id"], text(&given.huawei_receipt));
    over.put("huawei", &["android", "target_user_type"], given.huawei_test.map(|test| json!(test)));
    let quick = given.huawei_business.filter(|kind| *kind == 1);
    over.put("huawei", &["android", "fast_app_target"], quick.map(|kind| json!(kind)));
    over.put("huawei", &["android", "notification", "badge", "class"], text(&common.badge_class));
    over.put("huawei", &["android", "live_notification"], given.huawei_live.as_ref().map(|live| json!(live.0)));
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
    over.put("oppo", &["intent_env"], given.oppo_intent_env.map(|env| json!(env)));
    Ok(())
}

fn number(text: Option<&String>, field: &'static str) -> Result<Option<Value>, Fault> {
    let Some(text) = text else { return Ok(None) };
    text.parse::<i64>().map(|number| Some(json!(number))).map_err(|_| Fault::FieldInvalid { field })
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
