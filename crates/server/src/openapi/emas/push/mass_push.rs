//! Pushes up to a hundred different things at once.

use contract::{Fault, Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::MASS_MAX;
use super::compose::{Asked, Composed, Whom, compose};
use super::fields_android::{Android, Vendors};
use super::fields_apple::Apple;
use super::fields_harmony::Harmony;
use super::words::{DeviceType, JobKey, PushType, Target, Token, channels};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::{AppKey, Moment, Text};

/// Pushes up to a hundred different things at once, each to devices, accounts or aliases of its own. All of them are taken
/// on, or none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MassPush {
    /// The app.
    app_key: AppKey,
    /// 1–100 pushes.
    push_task: Vec<PushTask>,
    /// A UUID: within a quarter of an hour the same one pushes once.
    idempotent_token: Option<Token>,
}

/// One push of many; its fields are those of `Push`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushTask {
    /// `DEVICE`, `ACCOUNT` or `ALIAS`.
    target: Target,
    /// Up to 1000 devices, accounts or aliases, between commas.
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
    /// Has no effect any more.
    #[expect(dead_code, reason = "read, so that a malformed one is refused")]
    send_speed: Option<i64>,
    /// When it is not worth delivering any more, at most 72 hours after it begins.
    expire_time: Option<Moment>,
    /// Whether a device that is away gets it over our own connection when it is back before that.
    store_offline: Option<bool>,
    /// Channels that may carry it, between commas; absent for all.
    send_channels: Option<Text<200>>,
    /// Whether texts that are too long for a vendor are cut.
    trim: Option<bool>,
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
    /// Drawn once for each.
    #[serde(skip, default = "task::fresh_id")]
    id: i64,
}

/// The pushes in the order of the call.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// By which each is asked for.
    message_ids: MessageIds,
}

/// A wrapped list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MessageIds {
    /// The numbers.
    message_id: Vec<String>,
}

impl Action for MassPush {
    const NAME: &'static str = "MassPush";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl PushTask {
    fn compose(&self, call: &Call) -> Result<Composed, Fault> {
        if matches!(self.target, Target::Tag | Target::All | Target::Tbd) {
            return Err(Fault::FieldInvalid { field: "Target" });
        }
        let audience = self.target.audience(&self.target_value.0)?;
        let whom = Whom { target: self.target, audience, devices: self.device_type, kind: self.push_type };
        let asked = Asked {
            title: self.title.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
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
        };
        compose(call.now, &whom, &asked)
    }
}

/// Takes on several pushes, or answers those that the same token took on before: then what is asked for is not looked at.
pub(super) fn submit_all(
    tx: &mut Tx<'_>,
    call: &Call,
    token: Option<&Token>,
    all: impl FnOnce() -> Result<Vec<(i64, Composed)>, Fault>,
) -> Result<Vec<String>> {
    let ids = task::once(tx, call.now, token.map(|token| token.0.as_str()), |tx| {
        let all = all()?;
        for (id, composed) in &all {
            composed.submit(tx, call, *id)?;
        }
        Ok(all.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(","))
    })?;
    Ok(ids.split(',').map(str::to_owned).collect())
}

impl Write for MassPush {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        if self.push_task.len() > MASS_MAX {
            return Err(Fault::FieldItemsTooMany { field: "PushTask", max: MASS_MAX }.into());
        }
        let composed = || self.push_task.iter().map(|task| Ok((task.id, task.compose(call)?))).collect();
        let message_id = submit_all(tx, call, self.idempotent_token.as_ref(), composed)?;
        Ok(Answer { message_ids: MessageIds { message_id } })
    }
}
