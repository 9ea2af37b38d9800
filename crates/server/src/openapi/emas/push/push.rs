//! Pushes a notification or a message to whom its target names.

use contract::{Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::Sent;
use super::compose::{Asked, Composed, Whom, compose};
use super::fields_android::{Android, Vendors};
use super::fields_apple::Apple;
use super::fields_harmony::Harmony;
use super::words::{DeviceType, JobKey, PushType, Target, Token, channels};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::{AppKey, Moment, Text};

/// Pushes a notification or a message to whom its target names. A notification goes over our own connection to a device
/// that holds one, else by its vendor; to Apple's devices by Apple. A message goes over our own connection alone, unless
/// it asks to be shown where the device is away. Title, text and what goes with them have up to 1800 bytes together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Push {
    /// The app.
    app_key: AppKey,
    /// `DEVICE`, `ACCOUNT`, `ALIAS`, `TAG`, `ALL`, or `TBD` for whom is named later by `ContinuouslyPush`.
    target: Target,
    /// Up to 1000 devices, accounts or aliases, between commas; a tag or an expression of tags; `ALL`; `TBD`.
    target_value: Text<{ limit::OPENAPI_BODY_BYTES }>,
    /// `iOS`, `ANDROID`, `HARMONY` or `ALL`.
    device_type: DeviceType,
    /// `NOTICE` or `MESSAGE`.
    push_type: PushType,
    /// Up to 200 bytes; required for Android's and HarmonyOS devices.
    title: Option<Text<200>>,
    /// The text.
    body: Text<1800>,
    /// A word that is copied into receipts.
    job_key: Option<JobKey>,
    /// When it begins, at most seven days ahead; absent for at once.
    push_time: Option<Moment>,
    /// When it is not worth delivering any more, at most 72 hours after it begins.
    expire_time: Option<Moment>,
    /// Whether a device that is away gets it over our own connection when it is back before that.
    store_offline: Option<bool>,
    /// A UUID: within a quarter of an hour the same one pushes once.
    idempotent_token: Option<Token>,
    /// Channels that may carry it, between commas; absent for all.
    send_channels: Option<Text<200>>,
    /// Has no effect any more.
    #[expect(dead_code, reason = "read, so that a malformed one is refused")]
    send_speed: Option<i64>,
    /// Whether texts that are too long for a vendor are cut.
    trim: Option<bool>,
    /// Supplementary short messages are not carried: refused.
    sms_template_name: Option<String>,
    /// Goes with `SmsTemplateName`.
    sms_sign_name: Option<String>,
    /// Goes with `SmsTemplateName`.
    sms_params: Option<String>,
    /// Goes with `SmsTemplateName`.
    sms_delay_secs: Option<i64>,
    /// Goes with `SmsTemplateName`.
    sms_send_policy: Option<i64>,
    /// To Apple's devices.
    #[serde(rename = "*Apple")]
    #[schemars(flatten)]
    apple: Apple,
    /// To Android's devices.
    #[serde(rename = "*Android")]
    #[schemars(flatten)]
    android: Android,
    /// To single vendors.
    #[serde(rename = "*Vendors")]
    #[schemars(flatten)]
    vendors: Vendors,
    /// To HarmonyOS devices.
    #[serde(rename = "*Harmony")]
    #[schemars(flatten)]
    harmony: Harmony,
    /// Drawn once for each call.
    #[serde(skip, default = "task::fresh_id")]
    id: i64,
}

impl Action for Push {
    const NAME: &'static str = "Push";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Push {
    fn has_sms(&self) -> bool {
        let texts = [&self.sms_template_name, &self.sms_sign_name, &self.sms_params];
        texts.into_iter().any(Option::is_some) || self.sms_delay_secs.is_some() || self.sms_send_policy.is_some()
    }

    fn asked(&self) -> Result<Asked, contract::Fault> {
        let text = |text: &Option<Text<200>>| text.as_ref().map(|text| text.0.clone()).unwrap_or_default();
        Ok(Asked {
            title: text(&self.title),
            body: self.body.0.clone(),
            both: None,
            is_bounded: false,
            job_key: self.job_key.as_ref().map(|key| key.0.clone()).unwrap_or_default(),
            push_at: self.push_time.map(|at| at.0),
            expires_at: self.expire_time.map(|at| at.0),
            store_offline: self.store_offline.unwrap_or(false),
            channels: self.send_channels.as_ref().map_or(Ok(Vec::new()), |names| channels(&names.0))?,
            is_cut: self.trim.unwrap_or(false),
            apple: self.apple.clone(),
            android: self.android.clone(),
            vendors: self.vendors.clone(),
            harmony: self.harmony.clone(),
        })
    }
}

impl Push {
    fn composed(&self, call: &Call) -> Result<Composed, contract::Fault> {
        if self.has_sms() {
            // The account has no short messages here.
            return Err(contract::Fault::CloudAccountDisabled);
        }
        let audience = self.target.audience(&self.target_value.0)?;
        let whom = Whom { target: self.target, audience, devices: self.device_type, kind: self.push_type };
        compose(call.now, &whom, &self.asked()?)
    }
}

impl Write for Push {
    fn is_light(&self) -> bool {
        self.idempotent_token.is_none() && self.target.is_light(&self.target_value.0)
    }

    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        let token = self.idempotent_token.as_ref().map(|token| token.0.as_str());
        let id = task::once(tx, call.now, token, |tx| {
            // Only a first call: what it asked for may be over when it comes again.
            self.composed(call)?.submit(tx, call, self.id)?;
            Ok(self.id.to_string())
        })?;
        Ok(Sent::new(id))
    }
}
