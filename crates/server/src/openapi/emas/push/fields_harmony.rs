//! What is said to HarmonyOS devices.

use schemars::JsonSchema;
use serde::Deserialize;

use super::words::Extra;

/// What is said to HarmonyOS devices.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Harmony {
    /// `APP_HOME_PAGE` or `APP_CUSTOM_PAGE`, which needs an action or a URI.
    #[serde(rename = "HarmonyActionType")]
    pub(super) action_type: Option<String>,
    /// The page by its action; goes before the URI.
    #[serde(rename = "HarmonyAction")]
    pub(super) action: Option<String>,
    /// The page by its URI.
    #[serde(rename = "HarmonyUri")]
    pub(super) uri: Option<String>,
    /// What it is about, such as `IM` or `MARKETING`.
    #[serde(rename = "HarmonyCategory")]
    pub(super) category: Option<String>,
    /// The slot in which our own connection shows it.
    #[serde(rename = "HarmonyNotificationSlotType")]
    pub(super) slot: Option<String>,
    /// `NORMAL` or `MULTI_LINE`, which needs lines.
    #[serde(rename = "HarmonyRenderStyle")]
    pub(super) style: Option<String>,
    /// A JSON array of up to 3 lines.
    #[serde(rename = "HarmonyInboxContent")]
    pub(super) inbox: Option<String>,
    /// A picture, by https.
    #[serde(rename = "HarmonyImageUrl")]
    pub(super) image: Option<String>,
    /// A later one with the same number replaces this one.
    #[serde(rename = "HarmonyNotifyId")]
    pub(super) notify_id: Option<i64>,
    /// The number on the icon grows by this.
    #[serde(rename = "HarmonyBadgeAddNum")]
    pub(super) badge_add: Option<u32>,
    /// The number on the icon becomes this; goes before the one to add.
    #[serde(rename = "HarmonyBadgeSetNum")]
    pub(super) badge_set: Option<u32>,
    /// Where the vendor sends receipts.
    #[serde(rename = "HarmonyReceiptId")]
    pub(super) receipt: Option<String>,
    /// Sends it as a test.
    #[serde(rename = "HarmonyTestMessage")]
    pub(super) test: Option<bool>,
    /// What the app gets beside the text: a JSON object.
    #[serde(rename = "HarmonyExtParameters")]
    pub(super) ext: Option<Extra>,
    /// Hands it to the app's extension.
    #[serde(rename = "HarmonyExtensionPush")]
    pub(super) extension: Option<bool>,
    /// What the extension gets.
    #[serde(rename = "HarmonyExtensionExtraData")]
    pub(super) extension_data: Option<String>,
    /// A message to a device that is away becomes a notification.
    #[serde(rename = "HarmonyRemind")]
    pub(super) remind: Option<bool>,
    /// The title of that notification.
    #[serde(rename = "HarmonyRemindTitle")]
    pub(super) remind_title: Option<String>,
    /// Its text.
    #[serde(rename = "HarmonyRemindBody")]
    pub(super) remind_body: Option<String>,
    /// A live view, as the vendor wants it.
    #[serde(rename = "HarmonyLiveViewPayload")]
    pub(super) live: Option<Extra>,
}
