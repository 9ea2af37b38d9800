//! What is said to Apple's devices.

use schemars::JsonSchema;
use serde::Deserialize;

use super::words::{ApnsEnv, Extra};

/// What is said to Apple's devices.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Apple {
    /// `DEV` or `PRODUCT`: which of Apple's services; required where only iOS is meant.
    #[serde(rename = "iOSApnsEnv")]
    pub(super) env: Option<ApnsEnv>,
    /// The number on the icon. Not together with the automatic one.
    #[serde(rename = "iOSBadge")]
    pub(super) badge: Option<u32>,
    /// Lets the number on the icon grow by one; the server counts for each device.
    #[serde(rename = "iOSBadgeAutoIncrement")]
    pub(super) badge_auto: Option<bool>,
    /// The sound: a file of the app. Empty for none; absent for the phone's own.
    #[serde(rename = "iOSMusic")]
    pub(super) music: Option<String>,
    /// The line below the title.
    #[serde(rename = "iOSSubtitle")]
    pub(super) subtitle: Option<String>,
    /// Which buttons the app shows with it.
    #[serde(rename = "iOSNotificationCategory")]
    pub(super) category: Option<String>,
    /// Notifications of one thread are shown as a group.
    #[serde(rename = "iOSNotificationThreadId")]
    pub(super) thread: Option<String>,
    /// A later one with the same id replaces this one.
    #[serde(rename = "iOSNotificationCollapseId")]
    pub(super) collapse: Option<String>,
    /// Lets the app change it before it is shown.
    #[serde(rename = "iOSMutableContent")]
    pub(super) mutable: Option<bool>,
    /// Wakes the app without showing anything; needs `iOSMutableContent`.
    #[serde(rename = "iOSSilentNotification")]
    pub(super) silent: Option<bool>,
    /// What the app gets beside the text: a JSON object.
    #[serde(rename = "iOSExtParameters")]
    pub(super) ext: Option<Extra>,
    /// `passive`, `active`, `time-sensitive` or `critical`.
    #[serde(rename = "iOSInterruptionLevel")]
    pub(super) level: Option<String>,
    /// From 0 to 1: its place in a summary of many.
    #[serde(rename = "iOSRelevanceScore")]
    pub(super) relevance: Option<f64>,
    /// A message to a device that is away becomes a notification. Only with `iOSApnsEnv=PRODUCT`.
    #[serde(rename = "iOSRemind")]
    pub(super) remind: Option<bool>,
    /// The text of that notification.
    #[serde(rename = "iOSRemindBody")]
    pub(super) remind_body: Option<String>,
    /// `start`, `update` or `end` of a live activity, on one device of iOS. Everything below goes with it.
    #[serde(rename = "iOSLiveActivityEvent")]
    pub(super) live_event: Option<String>,
    /// The activity, as its device has reported it; required but for `start`.
    #[serde(rename = "iOSLiveActivityId")]
    pub(super) live_id: Option<String>,
    /// What the attributes are; required with `start`.
    #[serde(rename = "iOSLiveActivityAttributesType")]
    pub(super) live_type: Option<String>,
    /// What stays as long as the activity is there: a JSON object; required with `start`.
    #[serde(rename = "iOSLiveActivityAttributes")]
    pub(super) live_attributes: Option<Extra>,
    /// What the activity shows now: a JSON object; required but for `end`.
    #[serde(rename = "iOSLiveActivityContentState")]
    pub(super) live_state: Option<Extra>,
    /// When it disappears, in seconds; with `end`.
    #[serde(rename = "iOSLiveActivityDismissalDate")]
    pub(super) live_dismissal: Option<i64>,
    /// When what it shows is out of date, in seconds.
    #[serde(rename = "iOSLiveActivityStaleDate")]
    pub(super) live_stale: Option<i64>,
}
