//! The newer form of a push: one object with parts, as `PushV2` and `MassPushV2` take it.

use contract::{Fault, Millis, Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::compose::{Asked, Composed, Whom, compose};
use super::fields_apple::Apple;
use super::fields_harmony::Harmony;
use super::shapes_android::Droid;
use super::words::{ApnsEnv, DeviceType, Extra, JobKey, PushType, Target, channels};
use crate::openapi::fields::{Moment, Text};

/// Bytes of a message.
const MESSAGE_BYTES: usize = 4_000;

/// A push in one object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Task {
    /// `PUSH_IMMEDIATELY` (default), `SCHEDULED_PUSH`, which needs `Options.PushTime`, `CREATE_CONTINUOUS_PUSH`, whose
    /// targets are named later, or `CONTINUOUS_PUSH`, which names them for `Options.MessageId`.
    pub(super) action: Option<String>,
    /// Whom it is for.
    target: Option<Whose>,
    /// What is for the app alone: connected devices get it, and nothing else if there is a notification too.
    message: Option<Message>,
    /// What is shown.
    notification: Option<Notice>,
    /// When and how.
    options: Option<Options>,
    /// Drawn once for each.
    #[serde(skip, default = "task::fresh_id")]
    pub(super) id: i64,
}

/// Whom a push is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Whose {
    /// `iOS`, `ANDROID`, `HARMONY` or `ALL` (default).
    platform: Option<DeviceType>,
    /// `DEVICE`, `ACCOUNT`, `ALIAS`, `TAG` or `ALL`.
    #[serde(rename = "Type")]
    kind: Target,
    /// Up to 1000 devices, accounts or aliases, between commas; a tag or an expression of tags; `ALL`.
    value: Option<Text<{ limit::OPENAPI_BODY_BYTES }>>,
}

/// What is for the app alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    /// Its title.
    title: Option<String>,
    /// Its text; both have up to 4000 bytes together.
    body: Text<MESSAGE_BYTES>,
}

/// What is shown.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Notice {
    /// Up to 200 bytes; required for Android's and HarmonyOS devices.
    title: Option<Text<200>>,
    /// The text.
    body: Option<Text<1800>>,
    /// To Apple's devices.
    ios: Option<Ios>,
    /// To Android's devices.
    android: Option<Droid>,
    /// To HarmonyOS devices.
    hmos: Option<Hmos>,
}

/// What is said to Apple's devices.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Ios {
    /// `DEV` or `PRODUCT` (default).
    apns_env: Option<ApnsEnv>,
    /// The number on the icon.
    badge: Option<u32>,
    /// Lets the number grow by one.
    badge_auto_increment: Option<bool>,
    /// Which buttons the app shows with it.
    category: Option<String>,
    /// A later one with the same id replaces this one.
    collapse_id: Option<String>,
    /// What the app gets beside the text.
    ext_parameters: Option<Extra>,
    /// `passive`, `active`, `time-sensitive` or `critical`.
    interruption_level: Option<String>,
    /// What is done with a live activity of one device.
    live_activity: Option<Activity>,
    /// The sound.
    music: Option<String>,
    /// Lets the app change it before it is shown.
    mutable: Option<bool>,
    /// From 0 to 1.
    relevance_score: Option<f64>,
    /// Wakes the app without showing anything; needs `Mutable`.
    silent: Option<bool>,
    /// The line below the title.
    subtitle: Option<String>,
    /// Notifications of one thread are shown as a group.
    thread_id: Option<String>,
}

/// What is done with a live activity.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Activity {
    /// `start`, `update` or `end`.
    event: Option<String>,
    /// The activity, as its device has reported it; required but for `start`.
    id: Option<String>,
    /// What the attributes are; required with `start`.
    attributes_type: Option<String>,
    /// What stays as long as the activity is there; required with `start`.
    attributes: Option<Extra>,
    /// What the activity shows now; required but for `end`.
    content_state: Option<Extra>,
    /// When it disappears, in seconds; with `end`.
    dismissal_date: Option<i64>,
    /// When what it shows is out of date, in seconds.
    stale_date: Option<i64>,
}

/// What is said to HarmonyOS devices.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Hmos {
    /// The page by its action.
    action: Option<String>,
    /// The number on the icon grows by this.
    badge_add_num: Option<u32>,
    /// The number on the icon becomes this.
    badge_set_num: Option<u32>,
    /// What it is about.
    category: Option<String>,
    /// What the app gets beside the text.
    ext_parameters: Option<Extra>,
    /// What the extension gets.
    extension_extra_data: Option<String>,
    /// Hands it to the app's extension.
    extension_push: Option<bool>,
    /// A picture, by https.
    image_url: Option<String>,
    /// Up to 3 lines.
    inbox_content: Option<Vec<String>>,
    /// A live view.
    live_view_payload: Option<Extra>,
    /// A later one with the same number replaces this one.
    notify_id: Option<i64>,
    /// Where receipts go.
    receipt_id: Option<String>,
    /// `NORMAL` or `MULTI_LINE`.
    render_style: Option<String>,
    /// The slot in which our own connection shows it.
    slot_type: Option<String>,
    /// Sends it as a test.
    test_message: Option<bool>,
    /// The page by its URI.
    uri: Option<String>,
}

/// When and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Options {
    /// When it begins, at most seven days ahead.
    push_time: Option<Moment>,
    /// Until then a device that is away gets it over our own connection when it is back; absent for not at all.
    expire_time: Option<Moment>,
    /// A word that is copied into receipts.
    job_key: Option<JobKey>,
    /// The push whose targets are named.
    message_id: Option<i64>,
    /// Channels that may carry it, between commas.
    use_channels: Option<Text<200>>,
    /// Whether texts that are too long for a vendor are cut.
    trim: Option<bool>,
    /// Supplementary short messages are not carried: refused.
    sms: Option<Extra>,
}

/// What a push in one object comes down to.
pub(super) enum Wanted {
    /// A new push.
    New(Box<Composed>),
    /// More targets of an open one.
    Name(i64, task::Audience),
}

impl Task {
    /// Checks the object; a mass push takes named targets alone.
    pub(super) fn wanted(&self, now: Millis, is_mass: bool) -> Result<Wanted, Fault> {
        let options = self.options.as_ref();
        let action = self.action.as_deref().unwrap_or("PUSH_IMMEDIATELY");
        let push_at = options.and_then(|options| options.push_time).map(|at| at.0);
        match action {
            "SCHEDULED_PUSH" if push_at.is_none() => return Err(Fault::FieldMissing { field: "PushTime" }),
            "PUSH_IMMEDIATELY" | "CREATE_CONTINUOUS_PUSH" | "SCHEDULED_PUSH" => {}
            "CONTINUOUS_PUSH" => {
                let id = options.and_then(|options| options.message_id);
                let id = id.ok_or(Fault::FieldMissing { field: "MessageId" })?;
                let (target, audience) = self.named(true)?;
                debug_assert!(target != Target::Tbd, "named targets");
                return Ok(Wanted::Name(id, audience));
            }
            _ => return Err(Fault::FieldInvalid { field: "Action" }),
        }
        if options.is_some_and(|options| options.sms.is_some()) {
            return Err(Fault::CloudAccountDisabled);
        }
        let is_open = action == "CREATE_CONTINUOUS_PUSH";
        let (target, audience) = if is_open { (Target::Tbd, task::Audience::Open) } else { self.named(is_mass)? };
        let devices = self.target.as_ref().and_then(|target| target.platform).unwrap_or(DeviceType::All);
        let kind = if self.notification.is_some() { PushType::Notice } else { PushType::Message };
        let asked = self.asked(push_at.filter(|_| action == "SCHEDULED_PUSH"))?;
        compose(now, &Whom { target, audience, devices, kind }, &asked).map(|made| Wanted::New(Box::new(made)))
    }

    fn named(&self, is_mass: bool) -> Result<(Target, task::Audience), Fault> {
        let target = self.target.as_ref().ok_or(Fault::FieldMissing { field: "Target" })?;
        let is_refused = match target.kind {
            Target::Tbd => true,
            Target::Tag | Target::All => is_mass,
            Target::Device | Target::Account | Target::Alias => false,
        };
        if is_refused {
            return Err(Fault::FieldInvalid { field: "Type" });
        }
        let value = match (&target.value, target.kind) {
            (Some(value), _) => value.0.as_str(),
            (None, Target::All) => "ALL",
            (None, _) => return Err(Fault::FieldMissing { field: "Value" }),
        };
        Ok((target.kind, target.kind.audience(value)?))
    }

    fn asked(&self, push_at: Option<Millis>) -> Result<Asked, Fault> {
        let none = Options::default();
        let options = self.options.as_ref().unwrap_or(&none);
        let message =
            self.message.as_ref().map(|message| (message.title.clone().unwrap_or_default(), message.body.0.clone()));
        if message.as_ref().is_some_and(|(title, body)| written(title, body) > MESSAGE_BYTES) {
            return Err(Fault::FieldTooLong { field: "Message", max: MESSAGE_BYTES });
        }
        let mut asked = Asked {
            job_key: options.job_key.as_ref().map(|key| key.0.clone()).unwrap_or_default(),
            push_at,
            expires_at: options.expire_time.map(|at| at.0),
            store_offline: options.expire_time.is_some(),
            channels: options.use_channels.as_ref().map_or(Ok(Vec::new()), |names| channels(&names.0))?,
            is_cut: options.trim.unwrap_or(false),
            is_bounded: true,
            ..Asked::default()
        };
        match (&self.notification, message) {
            (None, None) => return Err(Fault::FieldMissing { field: "Notification" }),
            (None, Some((title, body))) => (asked.title, asked.body) = (title, body),
            (Some(notice), message) => {
                asked.title = notice.title.as_ref().map(|text| text.0.clone()).unwrap_or_default();
                asked.body = notice.body.as_ref().map(|text| text.0.clone()).unwrap_or_default();
                asked.both = message;
                notice.say(&mut asked)?;
            }
        }
        Ok(asked)
    }
}

/// Bytes of a message as one JSON text.
fn written(title: &str, body: &str) -> usize {
    let message = if title.is_empty() { json!({ "Body": body }) } else { json!({ "Title": title, "Body": body }) };
    message.to_string().len()
}

impl Notice {
    fn say(&self, asked: &mut Asked) -> Result<(), Fault> {
        asked.apple = self.ios.as_ref().map(Ios::say).unwrap_or_default();
        if asked.apple.env.is_none() {
            asked.apple.env = Some(ApnsEnv::Product);
        }
        if let Some(droid) = &self.android {
            (asked.android, asked.vendors) = droid.say(asked)?;
        }
        asked.harmony = self.hmos.as_ref().map(Hmos::say).unwrap_or_default();
        Ok(())
    }
}

impl Ios {
    fn say(&self) -> Apple {
        let none = Activity::default();
        let live = self.live_activity.as_ref().unwrap_or(&none);
        Apple {
            env: self.apns_env,
            badge: self.badge,
            badge_auto: self.badge_auto_increment,
            music: self.music.clone(),
            subtitle: self.subtitle.clone(),
            category: self.category.clone(),
            thread: self.thread_id.clone(),
            collapse: self.collapse_id.clone(),
            mutable: self.mutable,
            silent: self.silent,
            ext: self.ext_parameters.clone(),
            level: self.interruption_level.clone(),
            relevance: self.relevance_score,
            // An activity to which nothing happens is none of the three.
            live_event: self.live_activity.as_ref().map(|one| one.event.clone().unwrap_or_default()),
            live_id: live.id.clone(),
            live_type: live.attributes_type.clone(),
            live_attributes: live.attributes.clone(),
            live_state: live.content_state.clone(),
            live_dismissal: live.dismissal_date,
            live_stale: live.stale_date,
            ..Apple::default()
        }
    }
}

impl Hmos {
    fn say(&self) -> Harmony {
        let is_page = self.action.is_some() || self.uri.is_some();
        Harmony {
            action_type: is_page.then(|| "APP_CUSTOM_PAGE".to_owned()),
            action: self.action.clone(),
            uri: self.uri.clone(),
            category: self.category.clone(),
            slot: self.slot_type.clone(),
            style: self.render_style.clone(),
            inbox: self.inbox_content.as_ref().map(|lines| serde_json::Value::from(lines.clone()).to_string()),
            image: self.image_url.clone(),
            notify_id: self.notify_id,
            badge_add: self.badge_add_num,
            badge_set: self.badge_set_num,
            receipt: self.receipt_id.clone(),
            test: self.test_message,
            ext: self.ext_parameters.clone(),
            extension: self.extension_push,
            extension_data: self.extension_extra_data.clone(),
            live: self.live_view_payload.clone(),
            ..Harmony::default()
        }
    }
}
