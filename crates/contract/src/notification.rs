//! What a phone shall show or do, in nobody's dialect. A channel translates it; the queue keeps it as JSON.
//!
//! Fields that a vendor has no word for are left out by its channel; nothing here is required, so that a channel can
//! say by itself that nothing is left to send.

use std::collections::BTreeMap;

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
    /// Who wrote the message that is announced: the first line where there is none and a vendor insists on one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sender: String,
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
    /// What a tap opens.
    #[serde(skip_serializing_if = "Click::is_app")]
    pub click: Click,
    /// What it looks like when there is room.
    #[serde(skip_serializing_if = "Style::is_plain")]
    pub style: Style,
    /// The channel of the phone in which it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
    /// What it is about, in the words by which vendors tell kinds apart: `IM`, `ORDER`, `MARKETING` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether its reader waits for it. Vendors limit what readers do not wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// How the phone calls for attention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
    /// A later notification with the same number replaces this one where it is shown; it can be taken back by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_id: Option<i64>,
    /// Takes back what was shown by the same number, where the vendor can. Where it can only replace, the text here, if
    /// there is any, takes the place of the old one.
    #[serde(skip_serializing_if = "is_false")]
    pub is_recall: bool,
    /// Sent as a test: vendors count it apart and take few of them.
    #[serde(skip_serializing_if = "is_false")]
    pub is_test: bool,
    /// Texts over a vendor's bound are cut instead of refused.
    #[serde(skip_serializing_if = "is_false")]
    pub is_cut: bool,
    /// For which builds of the app it is, where a vendor tells them apart; none leaves it to the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What it does with something that the app shows live; with [`Kind::Live`] alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// For one channel alone, by its name: members in the vendor's own spelling, put over the request that the channel
    /// has built; `null` takes one away.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendors: BTreeMap<String, Map<String, Value>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what a serializer asks for")]
fn is_false(switch: &bool) -> bool {
    !switch
}

/// What a tap on a notification opens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Click {
    /// The app as its icon does.
    #[default]
    App,
    /// An address in the browser.
    Url(String),
    /// A page of the app by a URI.
    Intent(String),
    /// A page of the app by the name of an action that it declares.
    Action(String),
    /// A page of the app by the name of its class.
    Page(String),
}

impl Click {
    fn is_app(&self) -> bool {
        *self == Self::App
    }

    /// What is to be opened; none for the app itself.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::App => None,
            Self::Url(target) | Self::Intent(target) | Self::Action(target) | Self::Page(target) => Some(target),
        }
    }
}

/// What a notification looks like when there is room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Title and text.
    #[default]
    Plain,
    /// A long text; empty parts are those of the notification.
    Long {
        /// The title above it.
        #[serde(default)]
        title: String,
        /// The text.
        #[serde(default)]
        body: String,
    },
    /// A large picture, by its address.
    Picture(String),
    /// Lines below each other.
    Lines(Vec<String>),
}

impl Style {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// Builds of an app that a vendor tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Those that its makers try.
    Development,
    /// Those that everybody has.
    Production,
}

/// Something that an app shows live, such as the way of a parcel: begun, changed or ended by a push.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// By which it is reached; it is none of the device's other tokens. Empty until it is looked up.
    #[serde(default)]
    pub token: String,
    /// As its device has named it; what its attributes are, where a new one begins.
    #[serde(default)]
    pub name: String,
    /// What happens to it.
    pub event: LiveEvent,
    /// When: of two pushes that pass each other the later one counts. In seconds; 0 until it is sent.
    #[serde(default)]
    pub at: i64,
    /// What it shows now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Map<String, Value>>,
    /// What stays as long as it is there; of one that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
    /// When what it shows is out of date, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_at: Option<i64>,
    /// When it disappears, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_at: Option<i64>,
}

/// The token stays out of logs, and so does what is shown.
impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("name", &self.name).field("event", &self.event).finish_non_exhaustive()
    }
}

/// What happens to something that is shown live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEvent {
    /// It begins.
    Start,
    /// It shows something else.
    Update,
    /// It ends.
    End,
}

impl LiveEvent {
    /// As every contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Update => "update",
            Self::End => "end",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Start, Self::Update, Self::End].into_iter().find(|event| event.as_str() == text)
    }
}

/// Whether a notification's reader waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Advertising, news, what somebody wants to be read.
    Marketing,
    /// What somebody has asked for: messages, orders, alarms.
    Service,
}

/// How the phone calls for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Not at all.
    Silent,
    /// By a sound.
    Sound,
    /// By vibrating.
    Vibration,
    /// By both.
    Both,
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
    /// Changes what the app shows live.
    Live,
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
            click: Click::Intent("app://order/7".into()),
            style: Style::Lines(vec!["one".into(), "two".into()]),
            weight: Some(Weight::Marketing),
            attention: Some(Attention::Both),
            notify_id: Some(7),
            is_recall: true,
            is_test: true,
            stage: Some(Stage::Development),
            live: Some(Live {
                token: "t".into(),
                name: "parcel".into(),
                event: LiveEvent::End,
                at: 7,
                state: Some(Map::new()),
                attributes: None,
                stale_at: Some(8),
                dismissed_at: None,
            }),
            vendors: BTreeMap::from([("fcm".to_owned(), Map::from_iter([("token".to_owned(), Value::Null)]))]),
            ..Notification::default()
        };
        for kept in [full, Notification::default()] {
            let text = serde_json::to_string(&kept).unwrap();
            assert_eq!(serde_json::from_str::<Notification>(&text).unwrap(), kept, "{text}");
        }
        assert_eq!(serde_json::from_str::<Notification>("{}").unwrap(), Notification::default());
    }
}
