//! Pushes: one message to a few, a template, a batch with texts of their own, all devices of a system.
//!
//! What the four actions have in common is here: which parameters they share, in which order they are checked, and how a
//! push that is checked is pushed or planned.

pub mod push_broadcast;
pub mod push_multiple;
pub mod push_simple;
pub mod push_template;

use std::collections::BTreeMap;

use contract::error::refuse;
use contract::notification::{Kind, Live, LiveEvent, Notification};
use contract::{Fault, Millis, Result};
use push::mpaas::content::{self, Extended, Look};
use push::mpaas::order::{Aim, Delivery, Order};
use push::mpaas::schedule::{self, Strategy};
use push::mpaas::vendor::{self, Words};
use push::mpaas::{EXPIRY_S, KEY_BYTES, TARGET_BYTES, TARGETS, fresh_id, run};
use push::template::{self, Texts};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;
use store::templates::{self, Template};
use store::{Snapshot, Tx};

use super::answer::Pushed;
use super::parameters::{Choice, Object, text_of, texts};
use crate::openapi::action::Call;
use crate::openapi::fields::Text;

/// Whom a push is for, and how long it is valid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Whom {
    /// What the caller calls the push; filled if it is there.
    task_name: Option<Text<{ push::mpaas::TASK_NAME_BYTES }>>,
    /// What the targets are: 1 Android devices, 2 iOS devices, 3 users, 7 HarmonyOS devices; of a simple push and of one
    /// by template also 5 live activities by their push token, 6 by their id.
    delivery_type: i64,
    /// Seconds for which the push is valid, up to 30 days. Meanwhile it goes to devices that connect and users that are
    /// bound.
    expired_seconds: i64,
}

impl Whom {
    /// The name of the push.
    fn name(&self) -> String {
        self.task_name.as_ref().map(|name| name.0.clone()).unwrap_or_default()
    }

    /// What the targets are.
    fn delivery(&self) -> Result<Delivery> {
        Delivery::of(self.delivery_type).ok_or_else(|| Fault::DeliveryTypeInvalid.into())
    }

    /// What the targets are, where live activities are none.
    fn plain_delivery(&self) -> Result<Delivery> {
        let delivery = self.delivery()?;
        if delivery.is_live() { refuse(Fault::DeliveryTypeInvalid) } else { Ok(delivery) }
    }

    /// How long the push is valid.
    fn life_ms(&self) -> Result<i64> {
        match self.expired_seconds {
            ..=0 => refuse(Fault::ExpiryInvalid),
            seconds if seconds > EXPIRY_S => refuse(Fault::ExpiryTooLong { max: EXPIRY_S }),
            seconds => Ok(seconds * 1_000),
        }
    }
}

/// How a push is shown, when it runs, and what vendors are told: whatever the kind of push.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct How {
    /// Up to 20 parameters that reach the app: a flat JSON object. `sound`, `badge`, `badge_add_num`, `badge_class`,
    /// `big_text` (1: a long text, where `PushStyle` says nothing) and `mutable-content` are for channels.
    extended_params: Option<Object>,
    /// 1: given to the app without a sign to the user. Default 0, or what the template says.
    silent: Option<Choice<1>>,
    /// 0: the URI is a URL (default). 1: it is an activity of the app.
    push_action: Option<Choice<1>>,
    /// `transparent`: over our own connection alone. `notify`: by the vendor where there is one (default).
    notify_type: Option<NotifyType>,
    /// When it is pushed: 0 at once (default), 1 once, later, 2 in a cycle of days.
    strategy_type: Option<Choice<2>>,
    /// A JSON object. `fixedTime`: the moment, in milliseconds. Or `startTime` and `endTime` (days, at most 180 ahead),
    /// `circleType` (1 daily, 2 weekly, 3 monthly), `circleValue` (days of the week from Monday, or of the month) and
    /// `time` (`HH:mm:ss`).
    strategy_content: Option<String>,
    /// vivo: 0 for what somebody wants to be read, 1 for what its reader waits for.
    classification: Option<Choice<1>>,
    /// The kind of message by vendor: `hms`, `honor`, `vivo`, `oppo`, `harmonyos`.
    third_channel_category: Option<Object>,
    /// How much it may disturb: `{"oppo":"16"}`.
    notify_level: Option<Object>,
    /// The Android notification channel in which it is shown.
    channel_id: Option<Text<256>>,
    /// The same at Xiaomi.
    mi_channel_id: Option<Text<256>>,
    /// What the app gets by vendor: `hms`, `honor`, `fcm`, `harmonyos`.
    transparent_message_payload: Option<Object>,
    /// Whether that is urgent.
    transparent_message_urgency: Option<Urgency>,
    /// Members of vendors' own requests, by vendor.
    vendor_template: Option<Object>,
    /// What happens to a live activity: `update` or `end`. To begin one takes its attributes, for which the contract has no
    /// parameter.
    activity_event: Option<String>,
    /// What the live activity shows now: a JSON object. Required with `update`.
    activity_content_state: Option<Object>,
    /// When the live activity disappears, in seconds; with `end`.
    dismissal_date: Option<i64>,
    /// 0. Short messages have no channel here.
    #[expect(dead_code, reason = "every other number is refused by reading it")]
    sms_strategy: Option<Choice<0>>,
}

/// By which channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum NotifyType {
    /// Our own connection alone.
    Transparent,
    /// The vendor's where there is one.
    Notify,
}

/// How soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Urgency {
    /// At once.
    High,
    /// When the phone has power to spare.
    Normal,
}

impl How {
    fn extended(&self) -> Result<Extended> {
        Ok(content::extended(&self.extended_params.clone().unwrap_or_default().0)?)
    }

    /// How it looks: what the call says wins over the template.
    fn look(&self, template: Option<&Template>) -> Look {
        let of_template = template.map_or((false, 0), |one| (one.is_silent, one.jump));
        let object = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Map::new());
        Look {
            is_silent: self.silent.map_or(of_template.0, |choice| choice.0 == 1),
            jump: self.push_action.map_or(of_template.1, |choice| choice.0),
            style: template.map_or(0, |one| one.style),
            images: template.map(|one| object(&one.images)).unwrap_or_default(),
        }
    }

    fn words(&self) -> Words {
        let object = |object: &Option<Object>| object.clone().unwrap_or_default().0;
        Words {
            classification: self.classification.map(|choice| choice.0),
            category: object(&self.third_channel_category),
            level: object(&self.notify_level),
            channel: self.channel_id.as_ref().map(|text| text.0.clone()),
            xiaomi_channel: self.mi_channel_id.as_ref().map(|text| text.0.clone()),
            payload: object(&self.transparent_message_payload),
            is_urgent: self.transparent_message_urgency.map(|urgency| urgency == Urgency::High),
            template: object(&self.vendor_template),
        }
    }

    fn is_own_only(&self) -> bool {
        self.notify_type == Some(NotifyType::Transparent)
    }

    fn strategy(&self, now: Millis, ahead_ms: i64) -> Result<Strategy> {
        let kind = self.strategy_type.unwrap_or_default().0;
        Ok(schedule::parse(kind, self.strategy_content.as_deref(), now, ahead_ms)?)
    }

    /// The notification, complete.
    fn notification(
        &self,
        delivery: Delivery,
        texts: &Texts,
        look: &Look,
        extended: &Extended,
    ) -> Result<Notification> {
        let mut made = content::notification(texts, look, extended)?;
        vendor::say(&mut made, &self.words());
        made.live = self.live(delivery)?;
        if made.live.is_some() {
            made.kind = Kind::Live;
            // Nothing of it can be tapped but the activity, and its alert has no room for a picture.
            made.has_content = false;
        }
        Ok(made)
    }

    /// What happens to a live activity; what belongs to one is refused where none is meant.
    fn live(&self, delivery: Delivery) -> Result<Option<Live>> {
        let invalid = |field| refuse(Fault::FieldInvalid { field });
        if !delivery.is_live() {
            return match (&self.activity_event, &self.activity_content_state, self.dismissal_date) {
                (Some(_), ..) => invalid("ActivityEvent"),
                (_, Some(_), _) => invalid("ActivityContentState"),
                (_, _, Some(_)) => invalid("DismissalDate"),
                (None, None, None) => Ok(None),
            };
        }
        let event = match self.activity_event.as_deref().and_then(LiveEvent::parse) {
            Some(event @ (LiveEvent::Update | LiveEvent::End)) => event,
            Some(LiveEvent::Start) | None => return invalid("ActivityEvent"),
        };
        let state = self.activity_content_state.as_ref().map(|state| state.0.clone());
        if state.is_none() && event == LiveEvent::Update {
            return invalid("ActivityContentState");
        }
        if self.dismissal_date.is_some_and(|at| at < 0 || event != LiveEvent::End) {
            return invalid("DismissalDate");
        }
        Ok(Some(Live {
            token: String::new(),
            name: String::new(),
            event,
            at: 0,
            state,
            attributes: None,
            stale_at: None,
            dismissed_at: self.dismissal_date,
        }))
    }
}

/// Reads targets with their keys: `{"target":"key"}`.
fn aims(targets: &Object) -> Result<Vec<Aim>> {
    if targets.0.is_empty() {
        return refuse(Fault::TargetEmpty);
    }
    if targets.0.len() > TARGETS {
        return refuse(Fault::TargetsTooMany { max: TARGETS });
    }
    targets
        .0
        .iter()
        .map(|(target, key)| {
            let key = text_of(key).ok_or(Fault::FieldInvalid { field: "TargetMsgkey" })?;
            aim(target, &key, "TargetMsgkey")
        })
        .collect()
}

/// Checks one target and its key.
fn aim(target: &str, key: &str, field: &'static str) -> Result<Aim> {
    if target.trim().is_empty() || key.trim().is_empty() {
        return refuse(Fault::TargetEmpty);
    }
    for (text, max) in [(target, TARGET_BYTES), (key, KEY_BYTES)] {
        if text.len() > max {
            return refuse(Fault::FieldTooLong { field, max });
        }
    }
    Ok(Aim { target: target.to_owned(), key: key.to_owned(), own: None })
}

/// Reads the template that a push names.
fn template(snapshot: &mut Snapshot<'_>, name: &str) -> Result<Template> {
    if name.is_empty() {
        return refuse(Fault::TemplateMissing);
    }
    templates::named(snapshot, name)?.ok_or_else(|| Fault::TemplateUnknown.into())
}

/// The texts of a template with its placeholders filled.
fn filled(template: &Template, values: Option<&Object>) -> Result<Texts> {
    let values: BTreeMap<String, String> = match values {
        Some(values) => texts(values, "TemplateKeyValue")?,
        None => BTreeMap::new(),
    };
    let own = Texts { title: template.title.clone(), content: template.content.clone(), uri: template.uri.clone() };
    Ok(template::fill(&own, &template.variables, &values)?)
}

/// Pushes an order or plans it, and answers its number or the id of the plan.
async fn submit(
    call: &Call,
    strategy: Strategy,
    order: impl Fn(&mut Tx<'_>) -> Result<Order> + Send + 'static,
) -> Result<Pushed> {
    let (app, now, id) = (call.app()?, call.now, fresh_id());
    let is_told = !app.settings.mpaas.callback_url.is_empty();
    let plan = push::mpaas::plan_id();
    let push = move |tx: &mut Tx<'_>| {
        let order = order(tx)?;
        if strategy == Strategy::Now {
            run::push(tx, now, id, &order, is_told)?;
            Ok(id.to_string())
        } else {
            run::plan(tx, now, &plan, &order, &strategy)?;
            Ok(plan.clone())
        }
    };
    Ok(Pushed::with(call.node.store.write(app.id, push).await?))
}
