//! From the fields of a push to tasks: what each system of devices is shown, by which ways, and when.
//!
//! The systems of a push to all of them are told different things only if the call says so: then the push is a task with
//! a part for each of them.

use std::borrow::Cow;

use contract::notification::{Attention, Badge, Click, Interruption, Kind, Notification, Priority, Stage, Style};
use contract::{Fault, Millis, Result};
use push::task::{self, Audience, Spec, When};
use serde_json::{Map, Value, json};
use store::Tx;
use store::bindings::Os;
use store::deliveries::Road;

use super::fields_android::{Android, Vendors};
use super::fields_apple::Apple;
use super::fields_harmony::Harmony;
use super::words::{ApnsEnv, DeviceType, Extra, NotifyType, OpenType, PushType, Target};
use crate::openapi::action::Call;

/// Bytes of title, text and what goes with them.
const PAYLOAD_BYTES: usize = 1_800;

/// How often tags may be pushed to in a day, by how many have them.
const TAG_PACES: &task::TagPaces = &[(5_000_000, 2), (1_000_000, 20), (100_000, 100)];

/// What begins tasks of this surface.
pub const ORIGIN: &str = "emas";

/// What is asked for, from whatever action.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) title: String,
    pub(super) body: String,
    /// The text of a message that goes before the notification, where both are given.
    pub(super) both: Option<(String, String)>,
    /// The text of a message was bounded where it was read.
    pub(super) is_bounded: bool,
    pub(super) job_key: String,
    pub(super) push_at: Option<Millis>,
    pub(super) expires_at: Option<Millis>,
    pub(super) store_offline: bool,
    pub(super) channels: Vec<String>,
    pub(super) is_cut: bool,
    pub(super) apple: Apple,
    pub(super) android: Android,
    pub(super) vendors: Vendors,
    pub(super) harmony: Harmony,
}

/// Whom it is for and what it is.
#[derive(Debug, Clone)]
pub(super) struct Whom {
    pub(super) target: Target,
    pub(super) audience: Audience,
    pub(super) devices: DeviceType,
    pub(super) kind: PushType,
}

/// What one system is told.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    notification: Notification,
    message: Option<Notification>,
    road: Road,
}

/// A push with all that was checked of it.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    whole: Spec,
    parts: Vec<Spec>,
}

impl Composed {
    /// Takes the push on; `id` is the one of its message.
    pub(super) fn submit(&self, tx: &mut Tx<'_>, call: &Call, id: i64) -> Result<()> {
        let mut whole = Cow::Borrowed(&self.whole);
        if call.caller.account.has_quotas {
            task::check_pace(tx, call.now, &whole, super::pace(&whole.kind))?;
            let reach = task::check_tags(tx, call.now, &whole, TAG_PACES)?;
            if reach > 0 {
                whole.to_mut().reach = reach;
            }
        }
        if self.parts.is_empty() {
            task::submit(tx, call.now, id, &whole)?;
        } else {
            task::submit_parts(tx, call.now, id, &whole, &self.parts)?;
        }
        Ok(())
    }
}

/// Checks what is asked for and makes the tasks of it.
pub(super) fn compose(now: Millis, whom: &Whom, asked: &Asked) -> Result<Composed, Fault> {
    if whom.target == Target::Tbd && asked.push_at.is_some() {
        return Err(Fault::FieldInvalid { field: "PushTime" });
    }
    task::check_times(now, asked.push_at, asked.expires_at)?;
    let live = super::live::read(whom, &asked.apple)?;
    let systems: &[Os] = match whom.devices {
        DeviceType::Ios => &[Os::Ios],
        DeviceType::Android => &[Os::Android],
        DeviceType::Harmony => &[Os::Harmony],
        DeviceType::All => &[Os::Android, Os::Ios, Os::Harmony, Os::Other],
    };
    let mut told: Vec<(i64, Told)> = Vec::new();
    for os in systems {
        let one = tell(*os, whom, asked)?;
        match told.iter_mut().find(|(_, known)| *known == one) {
            Some((known, _)) => *known |= 1 << *os as i64,
            None => told.push((1 << *os as i64, one)),
        }
    }
    let kind = if live.is_some() { PushType::LiveActivity } else { whom.kind };
    if let Some((_, one)) = told.first_mut().filter(|_| live.is_some()) {
        one.notification = Notification { kind: Kind::Live, live, ..one.notification.clone() };
    }
    let begins = asked.push_at.unwrap_or(now).max(now);
    let life_ms = asked.expires_at.map_or(task::LIFE_MAX_MS, |at| (at.0 - begins.0).min(task::LIFE_MAX_MS));
    let spec = |systems: i64, told: &Told| Spec {
        job_key: asked.job_key.clone(),
        systems,
        message: told.message.clone(),
        road: told.road,
        channels: asked.channels.clone(),
        when: asked.push_at.map_or(When::Now, |at| When::At(at.0)),
        life_ms,
        store_offline: asked.store_offline,
        is_fleeting: !asked.store_offline,
        extra: json!({ "DeviceType": whom.devices.as_str() }),
        ..Spec::new(ORIGIN, kind.kind(), whom.audience.clone(), told.notification.clone())
    };
    let Some((_, first)) = told.first() else { return Err(Fault::FieldInvalid { field: "DeviceType" }) };
    let whole = spec(whom.devices.systems(), first);
    let parts = if told.len() > 1 { told.iter().map(|(systems, told)| spec(*systems, told)).collect() } else { vec![] };
    Ok(Composed { whole, parts })
}

/// What a system is told by a push.
fn tell(os: Os, whom: &Whom, asked: &Asked) -> Result<Told, Fault> {
    let notification = match os {
        Os::Ios => apple(whom, asked)?,
        Os::Android | Os::Other => android(asked)?,
        Os::Harmony => harmony(asked)?,
    };
    if os != Os::Ios && asked.title.is_empty() && whom.devices != DeviceType::All {
        return Err(Fault::FieldMissing { field: "Title" });
    }
    check_size(os, whom.kind, asked)?;
    let message = |title: &str, body: &str| Notification {
        kind: Kind::Background,
        title: title.to_owned(),
        body: body.to_owned(),
        ..Notification::default()
    };
    match (whom.kind, &asked.both) {
        (PushType::Notice, None) if os == Os::Ios => Ok(Told { notification, message: None, road: Road::VendorOnly }),
        (PushType::Notice, None) => Ok(Told { notification, message: None, road: Road::OwnFirst }),
        (PushType::Notice, Some((title, body))) => {
            Ok(Told { notification, message: Some(message(title, body)), road: Road::OwnFirst })
        }
        (PushType::Message | PushType::LiveActivity, _) => {
            let own = message(&asked.title, &asked.body);
            Ok(match remind(os, asked, &notification) {
                Some(notification) => Told { notification, message: Some(own), road: Road::OwnFirst },
                None => Told { notification: own, message: None, road: Road::OwnOnly },
            })
        }
    }
}

/// The notification that a message becomes for a device that is away, if the call wants one.
fn remind(os: Os, asked: &Asked, notification: &Notification) -> Option<Notification> {
    let (title, body) = match os {
        Os::Ios => {
            let Apple { remind, remind_body, env, .. } = &asked.apple;
            (remind.unwrap_or(false) && *env == Some(ApnsEnv::Product))
                .then(|| (asked.title.clone(), remind_body.clone().unwrap_or_else(|| asked.body.clone())))?
        }
        Os::Harmony => {
            let Harmony { remind, remind_title, remind_body, .. } = &asked.harmony;
            remind.unwrap_or(false).then(|| {
                let or = |text: &Option<String>, other: &String| text.clone().unwrap_or_else(|| other.clone());
                (or(remind_title, &asked.title), or(remind_body, &asked.body))
            })?
        }
        Os::Android | Os::Other => {
            let (title, body) = popup(&asked.android);
            let or = |text: Option<&str>, other: &String| text.map_or_else(|| other.clone(), str::to_owned);
            asked.android.remind.unwrap_or(false).then(|| (or(title, &asked.title), or(body, &asked.body)))?
        }
    };
    Some(Notification { title, body, ..notification.clone() })
}

/// Title and text of the popup, by their newer or their older name.
fn popup(android: &Android) -> (Option<&str>, Option<&str>) {
    let title = android.popup_title.as_ref().map(|text| text.0.as_str()).or(android.old_title.as_deref());
    let body = android.popup_body.as_ref().map(|text| text.0.as_str()).or(android.old_body.as_deref());
    (title, body)
}

/// What the contract bounds together: of a message its title and text; of a notification also its sound, what a tap opens
/// and what the app gets beside them. Apple's title has a bound of its own alone.
fn check_size(os: Os, kind: PushType, asked: &Asked) -> Result<(), Fault> {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let extra = |extra: &Option<Extra>| {
        extra.as_ref().filter(|extra| !extra.0.is_empty()).map_or(0, |extra| json!(extra.0).to_string().len())
    };
    let digits = |number: Option<i64>| number.map_or(0, |number| number.to_string().len());
    let more = match (kind, os) {
        (PushType::Notice, Os::Ios) => {
            let given = &asked.apple;
            text(&given.music) + digits(given.badge.map(i64::from)) + extra(&given.ext)
        }
        (PushType::Notice, Os::Android | Os::Other) => {
            let given = &asked.android;
            let open = given.open_type.map_or(0, |kind| kind.as_str().len());
            asked.title.len()
                + text(&given.music)
                + open
                + text(&given.activity)
                + text(&given.open_url)
                + extra(&given.ext)
        }
        (PushType::Notice, Os::Harmony) => {
            let given = &asked.harmony;
            let reminded = text(&given.remind_title) + text(&given.remind_body);
            let tapped = text(&given.action_type) + text(&given.action) + text(&given.uri);
            let shown = text(&given.style) + text(&given.image) + text(&given.inbox) + text(&given.slot);
            asked.title.len() + reminded + digits(given.notify_id) + tapped + shown + extra(&given.ext)
        }
        (PushType::Message | PushType::LiveActivity, _) if asked.is_bounded => return Ok(()),
        (PushType::Message | PushType::LiveActivity, _) => asked.title.len(),
    };
    if asked.body.len() + more > PAYLOAD_BYTES {
        return Err(Fault::FieldTooLong { field: "Body", max: PAYLOAD_BYTES });
    }
    Ok(())
}

fn common(asked: &Asked) -> Notification {
    Notification {
        title: asked.title.clone(),
        body: asked.body.clone(),
        is_cut: asked.is_cut,
        ..Notification::default()
    }
}

fn apple(whom: &Whom, asked: &Asked) -> Result<Notification, Fault> {
    let given = &asked.apple;
    if whom.kind == PushType::Notice && whom.devices == DeviceType::Ios && given.env.is_none() {
        return Err(Fault::FieldMissing { field: "iOSApnsEnv" });
    }
    let is_auto = given.badge_auto.unwrap_or(false);
    if is_auto && given.badge.is_some() {
        return Err(Fault::FieldInvalid { field: "iOSBadge" });
    }
    let is_silent = given.silent.unwrap_or(false);
    if is_silent && !given.mutable.unwrap_or(false) {
        return Err(Fault::FieldInvalid { field: "iOSSilentNotification" });
    }
    let interruption = match given.level.as_deref() {
        None => None,
        Some("passive") => Some(Interruption::Passive),
        Some("active") => Some(Interruption::Active),
        Some("time-sensitive") => Some(Interruption::TimeSensitive),
        Some("critical") => Some(Interruption::Critical),
        Some(_) => return Err(Fault::FieldInvalid { field: "iOSInterruptionLevel" }),
    };
    if given.relevance.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
        return Err(Fault::FieldInvalid { field: "iOSRelevanceScore" });
    }
    let sound = match given.music.as_deref() {
        None => Some("default".to_owned()),
        Some("") => None,
        Some(sound) => Some(sound.to_owned()),
    };
    Ok(Notification {
        kind: if is_silent { Kind::Background } else { Kind::Alert },
        subtitle: given.subtitle.clone().unwrap_or_default(),
        badge: if is_auto { Some(Badge::Add(1)) } else { given.badge.map(Badge::Set) },
        sound: sound.filter(|_| !is_silent),
        category: given.category.clone(),
        thread: given.thread.clone(),
        collapse_key: given.collapse.clone(),
        has_content: is_silent,
        is_mutable: given.mutable.unwrap_or(false),
        interruption,
        stage: given.env.map(|env| match env {
            ApnsEnv::Dev => Stage::Development,
            ApnsEnv::Product => Stage::Production,
        }),
        relevance: given.relevance,
        data: given.ext.clone().unwrap_or_default().0,
        ..common(asked)
    })
}

fn android(asked: &Asked) -> Result<Notification, Fault> {
    let given = &asked.android;
    let (popup_title, popup_body) = popup(given);
    let page = given.popup_activity.as_ref().or(given.old_activity.as_ref());
    if page.is_some() && popup_title.is_none() {
        return Err(Fault::FieldMissing { field: "AndroidPopupTitle" });
    }
    if page.is_some() && popup_body.is_none() {
        return Err(Fault::FieldMissing { field: "AndroidPopupBody" });
    }
    let priority = match given.bar_priority {
        None | Some(0) => None,
        Some(1 | 2) => Some(Priority::High),
        Some(-2 | -1) => Some(Priority::Low),
        Some(_) => return Err(Fault::FieldInvalid { field: "AndroidNotificationBarPriority" }),
    };
    let badge = match (given.badge_set, given.badge_add) {
        (Some(0..=99), _) => given.badge_set.map(Badge::Set),
        (Some(_), _) => return Err(Fault::FieldInvalid { field: "AndroidBadgeSetNum" }),
        (None, Some(add @ 1..=99)) => Some(Badge::Add(add as i32)),
        (None, Some(_)) => return Err(Fault::FieldInvalid { field: "AndroidBadgeAddNum" }),
        (None, None) => None,
    };
    let attention = given.notify_type.map(|kind| match kind {
        NotifyType::Vibrate => Attention::Vibration,
        NotifyType::Sound => Attention::Sound,
        NotifyType::Both => Attention::Both,
        NotifyType::None => Attention::Silent,
    });
    let mut data = given.ext.clone().unwrap_or_default().0;
    if given.bar_type.is_some_and(|bar| !(1..=100).contains(&bar)) {
        return Err(Fault::FieldInvalid { field: "AndroidNotificationBarType" });
    }
    if let Some(bar) = given.bar_type {
        data.insert("_notification_bar_style_".to_owned(), json!(bar));
    }
    Ok(Notification {
        badge,
        sound: given.music.clone(),
        thread: given.group.clone().or_else(|| given.thread.clone()),
        image: given.image.clone().or_else(|| given.old_image.clone()),
        priority,
        data,
        click: click(given, page)?,
        style: style(given)?,
        channel_id: given.channel.clone(),
        attention,
        notify_id: given.notify_id,
        is_test: super::vendors::switch(given.test, "AndroidTargetUserType")? == Some(1),
        vendors: super::vendors::of(given, &asked.vendors)?,
        ..common(asked)
    })
}

fn click(given: &Android, page: Option<&String>) -> Result<Click, Fault> {
    match given.open_type.unwrap_or(OpenType::Application) {
        OpenType::Application | OpenType::None => Ok(page.map_or(Click::App, |page| Click::Page(page.clone()))),
        OpenType::Activity => {
            let page = given.activity.clone().filter(|page| !page.is_empty());
            page.map(Click::Page).ok_or(Fault::FieldMissing { field: "AndroidActivity" })
        }
        OpenType::Url => {
            let url = given.open_url.clone().filter(|url| !url.is_empty());
            url.map(Click::Url).ok_or(Fault::FieldMissing { field: "AndroidOpenUrl" })
        }
    }
}

fn style(given: &Android) -> Result<Style, Fault> {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    match given.style.unwrap_or(0) {
        0 => Ok(Style::Plain),
        1 => Ok(Style::Long {
            title: text(given.big_title.as_ref().map(|text| &text.0)),
            body: text(given.big_body.as_ref().map(|text| &text.0)),
        }),
        2 => {
            let picture = given.big_picture.clone().or_else(|| given.old_picture.clone());
            picture.map(Style::Picture).ok_or(Fault::FieldMissing { field: "AndroidBigPictureUrl" })
        }
        3 => lines(given.inbox.as_deref(), "AndroidInboxBody", 5).map(Style::Lines),
        _ => Err(Fault::FieldInvalid { field: "AndroidRenderStyle" }),
    }
}

fn lines(text: Option<&str>, field: &'static str, max: usize) -> Result<Vec<String>, Fault> {
    let text = text.ok_or(Fault::FieldMissing { field })?;
    let lines: Vec<String> = serde_json::from_str(text).map_err(|_| Fault::FieldInvalid { field })?;
    if lines.len() > max {
        return Err(Fault::FieldItemsTooMany { field, max });
    }
    Ok(lines)
}

fn harmony(asked: &Asked) -> Result<Notification, Fault> {
    let given = &asked.harmony;
    let click = match given.action_type.as_deref() {
        None | Some("APP_HOME_PAGE") => Click::App,
        Some("APP_CUSTOM_PAGE") => {
            let action = given.action.clone().map(Click::Action);
            let page = action.or_else(|| given.uri.clone().map(Click::Intent));
            page.ok_or(Fault::FieldMissing { field: "HarmonyAction" })?
        }
        Some(_) => return Err(Fault::FieldInvalid { field: "HarmonyActionType" }),
    };
    let style = match given.style.as_deref() {
        None | Some("NORMAL") => Style::Plain,
        Some("MULTI_LINE") => Style::Lines(lines(given.inbox.as_deref(), "HarmonyInboxContent", 3)?),
        Some(_) => return Err(Fault::FieldInvalid { field: "HarmonyRenderStyle" }),
    };
    let badge = given.badge_set.map(Badge::Set).or(given.badge_add.map(|add| Badge::Add(add.min(99) as i32)));
    Ok(Notification {
        badge,
        image: given.image.clone(),
        data: given.ext.clone().unwrap_or_default().0,
        click,
        style,
        subject: given.category.clone(),
        channel_id: given.slot.clone(),
        notify_id: given.notify_id,
        is_test: given.test.unwrap_or(false),
        vendors: super::vendors::of_harmony(given),
        ..common(asked)
    })
}

/// A JSON object of one path.
pub(super) fn nested(path: &[&str], value: Value) -> Map<String, Value> {
    let mut value = value;
    for name in path.iter().rev() {
        value = json!({ *name: value });
    }
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
