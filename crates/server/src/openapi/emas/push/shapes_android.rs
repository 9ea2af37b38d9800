//! The newer form of what is said to Android's devices and to single vendors among them.

use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::compose::Asked;
use super::fields_android::{Android, Vendors};
use super::words::{Extra, NotifyType, OpenType};

/// What is said to Android's devices.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Droid {
    /// The class that the number belongs to.
    badge_activity: Option<String>,
    /// 1–99: the number on the icon grows by this.
    badge_add_num: Option<u32>,
    /// The number on the icon becomes this.
    badge_set_num: Option<u32>,
    /// The channel of the phone in which it is shown.
    channel_id: Option<String>,
    /// What the app gets beside the text.
    ext_parameters: Option<Extra>,
    /// Notifications of one group are shown together.
    group_id: Option<String>,
    /// The small picture.
    image_url: Option<String>,
    /// Up to 5 lines.
    inbox_content: Option<Vec<String>>,
    /// The sound.
    music: Option<String>,
    /// A later one with the same number replaces this one.
    notify_id: Option<i64>,
    /// The big picture.
    picture_url: Option<String>,
    /// 0 plain, 1 long text, 2 big picture, 3 lines.
    render_style: Option<u8>,
    /// Sends it as a test.
    test_message: Option<bool>,
    /// The page that a tap opens where a vendor shows it.
    vendor_channel_activity: Option<String>,
    /// To single channels.
    options: Option<DroidOptions>,
}

/// What is said to single channels.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DroidOptions {
    /// To our own connection.
    accs: Option<Accs>,
    /// To one vendor.
    huawei: Option<Huawei>,
    /// To one vendor.
    honor: Option<Honor>,
    /// To one vendor.
    xiaomi: Option<Xiaomi>,
    /// To one vendor.
    oppo: Option<Oppo>,
    /// To one vendor.
    vivo: Option<Vivo>,
    /// To a vendor that has no channel here.
    meizu: Option<Meizu>,
}

/// What is said to our own connection.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Accs {
    /// 1–100: a style of the app.
    custom_style: Option<u8>,
    /// `VIBRATE`, `SOUND`, `BOTH` or `NONE`.
    notify_type: Option<NotifyType>,
    /// The page that a tap opens.
    open_activity: Option<String>,
    /// `APPLICATION`, `ACTIVITY`, `URL` or `NONE`.
    open_type: Option<OpenType>,
    /// The address that a tap opens.
    open_url: Option<String>,
    /// -2 to 2.
    priority: Option<i8>,
    /// Notifications of one thread are shown together.
    thread_id: Option<String>,
}

/// What is said to one vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Huawei {
    /// 1 is a quick notification.
    business_type: Option<u8>,
    /// What it is about.
    category: Option<String>,
    /// 0 low, 1 normal.
    importance: Option<i64>,
    /// A live notification.
    live_notification_payload: Option<Extra>,
    /// Where receipts go.
    receipt_id: Option<String>,
    /// `HIGH` or `NORMAL`.
    urgency: Option<String>,
}

/// What is said to one vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Honor {
    /// 0 low, 1 normal.
    importance: Option<i64>,
}

/// What is said to one vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Xiaomi {
    /// The vendor's channel.
    channel: Option<String>,
    /// A JSON object.
    focus_param: Option<String>,
    /// A JSON object.
    focus_pics: Option<String>,
    /// The vendor's template.
    template_id: Option<String>,
    /// A JSON object.
    template_params: Option<String>,
}

/// What is said to one vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Oppo {
    /// What it is about.
    category: Option<String>,
    /// Takes an intent back.
    delete_intent_data: Option<Extra>,
    /// An intelligent intent.
    intelligent_intent: Option<Extra>,
    /// 1, 2 or 16.
    notify_level: Option<i32>,
    /// For the template's text.
    private_content_parameters: Option<Extra>,
    /// The vendor's template.
    private_msg_template_id: Option<String>,
    /// For the template's title.
    private_title_parameters: Option<Extra>,
}

/// What is said to one vendor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Vivo {
    /// What it is about.
    category: Option<String>,
    /// 0 operations, 1 system.
    importance: Option<i64>,
    /// A live message.
    live_message: Option<Extra>,
    /// Where receipts go.
    receipt_id: Option<String>,
}

/// What is said to a vendor that has no channel here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Meizu {
    /// 0 public, 1 private.
    notice_msg_type: Option<u8>,
}

/// `LOW` or `NORMAL` by number.
fn importance(number: Option<i64>) -> Option<String> {
    number.map(|number| if number == 0 { "LOW".to_owned() } else { "NORMAL".to_owned() })
}

impl Droid {
    pub(super) fn say(&self, asked: &Asked) -> Result<(Android, Vendors), Fault> {
        let options = self.options.as_ref();
        let accs = options.and_then(|options| options.accs.as_ref());
        let lines = self.inbox_content.as_ref().map(|lines| serde_json::Value::from(lines.clone()).to_string());
        let popup = self.vendor_channel_activity.is_some();
        let letters = |text: &str, field: &'static str, max: usize| {
            let fits = text.chars().count() <= max;
            fits.then(|| text.to_owned()).ok_or(Fault::FieldLettersTooMany { field, max })
        };
        let android = Android {
            open_type: accs.and_then(|accs| accs.open_type),
            activity: accs.and_then(|accs| accs.open_activity.clone()),
            open_url: accs.and_then(|accs| accs.open_url.clone()),
            notify_type: accs.and_then(|accs| accs.notify_type),
            bar_type: accs.and_then(|accs| accs.custom_style),
            bar_priority: accs.and_then(|accs| accs.priority),
            ext: self.ext_parameters.clone(),
            channel: self.channel_id.clone(),
            group: self.group_id.clone(),
            thread: accs.and_then(|accs| accs.thread_id.clone()),
            notify_id: self.notify_id,
            music: self.music.clone(),
            style: self.render_style,
            big_picture: self.picture_url.clone(),
            image: self.image_url.clone(),
            inbox: lines,
            badge_add: self.badge_add_num,
            badge_set: self.badge_set_num,
            badge_class: self.badge_activity.clone(),
            popup_activity: self.vendor_channel_activity.clone(),
            old_title: if popup { Some(letters(&asked.title, "Title", 50)?) } else { None },
            old_body: popup.then(|| asked.body.clone()),
            test: self.test_message.map(u8::from),
            ..Android::default()
        };
        Ok((android, options.map(DroidOptions::say).unwrap_or_default()))
    }
}

impl DroidOptions {
    fn say(&self) -> Vendors {
        let mut vendors = Vendors::default();
        if let Some(own) = &self.huawei {
            vendors.huawei_business = own.business_type;
            vendors.huawei_category.clone_from(&own.category);
            vendors.huawei_channel = importance(own.importance);
            vendors.huawei_live.clone_from(&own.live_notification_payload);
            vendors.huawei_receipt.clone_from(&own.receipt_id);
            vendors.huawei_urgency.clone_from(&own.urgency);
        }
        if let Some(own) = &self.honor {
            vendors.honor_channel = importance(own.importance);
        }
        if let Some(own) = &self.xiaomi {
            vendors.xiaomi_channel.clone_from(&own.channel);
            vendors.xiaomi_focus.clone_from(&own.focus_param);
            vendors.xiaomi_focus_pics.clone_from(&own.focus_pics);
            vendors.xiaomi_template.clone_from(&own.template_id);
            vendors.xiaomi_template_params.clone_from(&own.template_params);
        }
        if let Some(own) = &self.oppo {
            vendors.oppo_category.clone_from(&own.category);
            vendors.oppo_delete_intent.clone_from(&own.delete_intent_data);
            vendors.oppo_intent.clone_from(&own.intelligent_intent);
            vendors.oppo_level = own.notify_level;
            vendors.oppo_content_params.clone_from(&own.private_content_parameters);
            vendors.oppo_template.clone_from(&own.private_msg_template_id);
            vendors.oppo_title_params.clone_from(&own.private_title_parameters);
        }
        if let Some(own) = &self.vivo {
            vendors.vivo_category.clone_from(&own.category);
            vendors.vivo_channel = own.importance.map(|number| number.to_string());
            vendors.vivo_live.clone_from(&own.live_message);
            vendors.vivo_receipt.clone_from(&own.receipt_id);
        }
        vendors.meizu_type = self.meizu.as_ref().and_then(|own| own.notice_msg_type);
        vendors
    }
}
