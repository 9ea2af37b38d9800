//! What a phone shall show or do, in nobody's dialect. A channel translates it; the queue keeps it as JSON.
//!
//! Fields that a vendor has no word for are left out by its channel; nothing here is required, so that a channel can
//! say by itself that nothing is left to send.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One notification, the same for every device that gets it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notification {
    /// How the phone takes it.
    pub kind: Kind,
    /// The first line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The line below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subtitle: String,
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The number on the app's icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badge: Option<Badge>,
    /// The name of a sound in the app; `default` is the phone's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<String>,
    /// Which buttons the app shows with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Notifications of one thread are shown as a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// A later notification with the same key replaces this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapse_key: Option<String>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Wakes the app in the background.
    pub has_content: bool,
    /// Lets the app change the notification before it is shown.
    pub is_mutable: bool,
    /// How much it may disturb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interruption: Option<Interruption>,
    /// From 0 to 1: the place in a summary of many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
    /// How soon it must arrive; none leaves it to the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// What the app gets beside the text; keys of the first level are the app's own.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// A text that the app gets untouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// How long it is worth delivering; none leaves it to the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
}

/// How the phone takes a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Shown to the user.
    #[default]
    Alert,
    /// Given to the app without a sign to the user.
    Background,
    /// A call: rings.
    Voip,
}

/// The number on the app's icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Badge {
    /// Becomes this; 0 removes it.
    Set(u32),
    /// Grows by this. Whoever counts turns it into [`Badge::Set`] for channels that cannot add.
    Add(i32),
}

/// How much a notification may disturb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interruption {
    /// Waits in the list, without light or sound.
    Passive,
    /// Lights up the screen.
    Active,
    /// Breaks through focus modes.
    TimeSensitive,
    /// Breaks through the mute switch.
    Critical,
}

/// How soon a notification must arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// At once.
    High,
    /// When the phone has power to spare.
    Normal,
    /// Power before all.
    Low,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_survives_the_queue() {
        let full = Notification {
            kind: Kind::Voip,
            title: "t".into(),
            badge: Some(Badge::Add(-2)),
            interruption: Some(Interruption::TimeSensitive),
            relevance: Some(0.5),
            priority: Some(Priority::Low),
            data: Map::from_iter([("order".to_owned(), Value::from(7))]),
            ttl_ms: Some(60_000),
            ..Notification::default()
        };
        for kept in [full, Notification::default()] {
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(serde_json::from_str::<Notification>(&text).unwrap(), kept, "{text}");
        }
        assert_eq!(serde_json::from_str::<Notification>("{}").unwrap(), Notification::default());
    }
}
