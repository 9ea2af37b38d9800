//! What is said to Android's devices, and to single vendors among them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{Extra, NotifyType, OpenType};
use crate::openapi::fields::{Letters, Text};

/// What is said to Android's devices.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Android {
    /// What a tap opens: `APPLICATION` (default), `ACTIVITY`, `URL` or `NONE`.
    #[serde(rename = "AndroidOpenType")]
    pub(super) open_type: Option<OpenType>,
    /// The page that a tap opens; required with `ACTIVITY`.
    #[serde(rename = "AndroidActivity")]
    pub(super) activity: Option<String>,
    /// The address that a tap opens; required with `URL`.
    #[serde(rename = "AndroidOpenUrl")]
    pub(super) open_url: Option<String>,
    /// `VIBRATE` (default), `SOUND`, `BOTH` or `NONE`.
    #[serde(rename = "AndroidNotifyType")]
    pub(super) notify_type: Option<NotifyType>,
    /// 1–100: a style of the app, over our own connection.
    #[serde(rename = "AndroidNotificationBarType")]
    pub(super) bar_type: Option<u8>,
    /// -2 to 2.
    #[serde(rename = "AndroidNotificationBarPriority")]
    pub(super) bar_priority: Option<i8>,
    /// What the app gets beside the text: a JSON object.
    #[serde(rename = "AndroidExtParameters")]
    pub(super) ext: Option<Extra>,
    /// The channel of the phone in which it is shown, from Android 8 on.
    #[serde(rename = "AndroidNotificationChannel")]
    pub(super) channel: Option<String>,
    /// Notifications of one group are shown together.
    #[serde(rename = "AndroidNotificationGroup")]
    pub(super) group: Option<String>,
    /// Notifications of one thread are shown together, where there is no group.
    #[serde(rename = "AndroidNotificationThreadId")]
    pub(super) thread: Option<String>,
    /// A later one with the same number replaces this one.
    #[serde(rename = "AndroidNotificationNotifyId")]
    pub(super) notify_id: Option<i64>,
    /// The sound: a file of the app without its extension.
    #[serde(rename = "AndroidMusic")]
    pub(super) music: Option<String>,
    /// 0 plain, 1 long text, 2 big picture, 3 lines.
    #[serde(rename = "AndroidRenderStyle")]
    pub(super) style: Option<u8>,
    /// The title above a long text; up to 200 bytes.
    #[serde(rename = "AndroidBigTitle")]
    pub(super) big_title: Option<Text<200>>,
    /// The long text; up to 1000 bytes.
    #[serde(rename = "AndroidBigBody")]
    pub(super) big_body: Option<Text<1000>>,
    /// The big picture.
    #[serde(rename = "AndroidBigPictureUrl")]
    pub(super) big_picture: Option<String>,
    /// The small picture.
    #[serde(rename = "AndroidImageUrl")]
    pub(super) image: Option<String>,
    /// A JSON array of up to 5 lines.
    #[serde(rename = "AndroidInboxBody")]
    pub(super) inbox: Option<String>,
    /// 1–99: the number on the icon grows by this.
    #[serde(rename = "AndroidBadgeAddNum")]
    pub(super) badge_add: Option<u32>,
    /// 0–99: the number on the icon becomes this; goes before the one to add.
    #[serde(rename = "AndroidBadgeSetNum")]
    pub(super) badge_set: Option<u32>,
    /// The class that the number belongs to.
    #[serde(rename = "AndroidBadgeClass")]
    pub(super) badge_class: Option<String>,
    /// The page that a tap opens where a vendor shows it; needs a popup title and body.
    #[serde(rename = "AndroidPopupActivity")]
    pub(super) popup_activity: Option<String>,
    /// The title where a vendor shows it; up to 50 characters.
    #[serde(rename = "AndroidPopupTitle")]
    pub(super) popup_title: Option<Letters<50>>,
    /// The text where a vendor shows it; up to 200 characters.
    #[serde(rename = "AndroidPopupBody")]
    pub(super) popup_body: Option<Letters<200>>,
    /// A message to a device that is away becomes a notification with the popup's title and body.
    #[serde(rename = "AndroidRemind")]
    pub(super) remind: Option<bool>,
    /// 1 sends it as a test.
    #[serde(rename = "AndroidTargetUserType")]
    pub(super) test: Option<u8>,
    /// Older name of `AndroidPopupActivity`.
    #[serde(rename = "AndroidXiaoMiActivity")]
    pub(super) old_activity: Option<String>,
    /// Older name of `AndroidPopupTitle`.
    #[serde(rename = "AndroidXiaoMiNotifyTitle")]
    pub(super) old_title: Option<String>,
    /// Older name of `AndroidPopupBody`.
    #[serde(rename = "AndroidXiaoMiNotifyBody")]
    pub(super) old_body: Option<String>,
    /// Older name of `AndroidBigPictureUrl`, for one vendor.
    #[serde(rename = "AndroidXiaomiBigPictureUrl")]
    pub(super) old_picture: Option<String>,
    /// Older name of `AndroidImageUrl`, for one vendor.
    #[serde(rename = "AndroidXiaomiImageUrl")]
    pub(super) old_image: Option<String>,
}

/// What is said to single vendors.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Vendors {
    /// `LOW` or `NORMAL`.
    #[serde(rename = "AndroidNotificationHuaweiChannel")]
    pub(super) huawei_channel: Option<String>,
    /// What it is about, in the vendor's words.
    #[serde(rename = "AndroidMessageHuaweiCategory")]
    pub(super) huawei_category: Option<String>,
    /// `HIGH` or `NORMAL`.
    #[serde(rename = "AndroidMessageHuaweiUrgency")]
    pub(super) huawei_urgency: Option<String>,
    /// Where the vendor sends receipts.
    #[serde(rename = "AndroidHuaweiReceiptId")]
    pub(super) huawei_receipt: Option<String>,
    /// 1 sends it as a test.
    #[serde(rename = "AndroidHuaweiTargetUserType")]
    pub(super) huawei_test: Option<u8>,
    /// 1 is a quick notification.
    #[serde(rename = "AndroidHuaweiBusinessType")]
    pub(super) huawei_business: Option<u8>,
    /// A live notification, as the vendor wants it.
    #[serde(rename = "AndroidHuaweiLiveNotificationPayload")]
    pub(super) huawei_live: Option<Extra>,
    /// `LOW` or `NORMAL`.
    #[serde(rename = "AndroidNotificationHonorChannel")]
    pub(super) honor_channel: Option<String>,
    /// 1 sends it as a test.
    #[serde(rename = "AndroidHonorTargetUserType")]
    pub(super) honor_test: Option<u8>,
    /// The vendor's channel.
    #[serde(rename = "AndroidNotificationXiaomiChannel")]
    pub(super) xiaomi_channel: Option<String>,
    /// The vendor's template.
    #[serde(rename = "AndroidXiaomiTemplateId")]
    pub(super) xiaomi_template: Option<String>,
    /// A JSON object for the template.
    #[serde(rename = "AndroidXiaomiTemplateParams")]
    pub(super) xiaomi_template_params: Option<String>,
    /// A JSON object for the focus notification.
    #[serde(rename = "AndroidXiaomiFocusParam")]
    pub(super) xiaomi_focus: Option<String>,
    /// A JSON object with its pictures.
    #[serde(rename = "AndroidXiaomiFocusPics")]
    pub(super) xiaomi_focus_pics: Option<String>,
    /// What it is about, in the vendor's words.
    #[serde(rename = "AndroidMessageOppoCategory")]
    pub(super) oppo_category: Option<String>,
    /// 1, 2 or 16; needs the category.
    #[serde(rename = "AndroidMessageOppoNotifyLevel")]
    pub(super) oppo_level: Option<i32>,
    /// The vendor's template.
    #[serde(rename = "AndroidOppoPrivateMsgTemplateId")]
    pub(super) oppo_template: Option<String>,
    /// A JSON object for the template's title.
    #[serde(rename = "AndroidOppoPrivateTitleParameters")]
    pub(super) oppo_title_params: Option<Extra>,
    /// A JSON object for the template's text.
    #[serde(rename = "AndroidOppoPrivateContentParameters")]
    pub(super) oppo_content_params: Option<Extra>,
    /// The vendor's intelligent intent.
    #[serde(rename = "AndroidOppoIntelligentIntent")]
    pub(super) oppo_intent: Option<Extra>,
    /// Takes an intent back; ignored beside one.
    #[serde(rename = "AndroidOppoDeleteIntentData")]
    pub(super) oppo_delete_intent: Option<Extra>,
    /// 0 or 1.
    #[serde(rename = "AndroidOppoIntentEnv")]
    pub(super) oppo_intent_env: Option<i32>,
    /// 0 for operations, 1 for the system.
    #[serde(rename = "AndroidNotificationVivoChannel")]
    pub(super) vivo_channel: Option<String>,
    /// What it is about, in the vendor's words.
    #[serde(rename = "AndroidMessageVivoCategory")]
    pub(super) vivo_category: Option<String>,
    /// 1 sends it as a test.
    #[serde(rename = "AndroidVivoPushMode")]
    pub(super) vivo_mode: Option<u8>,
    /// Where the vendor sends receipts.
    #[serde(rename = "AndroidVivoReceiptId")]
    pub(super) vivo_receipt: Option<String>,
    /// A live message, as the vendor wants it.
    #[serde(rename = "AndroidVivoLiveMessage")]
    pub(super) vivo_live: Option<Extra>,
    /// 0 public, 1 private; there is no channel of this vendor, so nothing comes of it.
    #[serde(rename = "AndroidMeizuNoticeMsgType")]
    pub(super) meizu_type: Option<u8>,
}
