//! What the four short pushes have in common: a target, a title, a text, and nothing of single vendors.

use contract::{Fault, Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::Sent;
use super::compose::{Asked, Whom, compose};
use super::words::{DeviceType, JobKey, PushType, Target};
use crate::openapi::action::Call;
use crate::openapi::fields::Text;

/// What is said of a message, whatever devices it is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    /// `DEVICE`, `ACCOUNT`, `ALIAS`, `TAG` or `ALL`.
    target: Target,
    /// Up to 1000 devices, accounts or aliases, between commas; a tag or an expression of tags; `ALL`.
    target_value: Text<{ limit::OPENAPI_BODY_BYTES }>,
    /// Up to 200 bytes.
    title: Text<200>,
    /// The text.
    body: Text<1800>,
    /// Whether a device that is away gets it over our own connection when it is back within 72 hours.
    store_offline: Option<bool>,
    /// A word that is copied into receipts.
    job_key: Option<JobKey>,
    /// Drawn once for each call.
    #[serde(skip, default = "task::fresh_id")]
    id: i64,
}

impl Message {
    /// Whether it adds a few rows and reads none.
    pub(super) fn is_light(&self) -> bool {
        self.target.is_light(&self.target_value.0)
    }

    /// Takes it on for devices of a system.
    pub(super) fn send(&self, tx: &mut Tx<'_>, call: &Call, devices: DeviceType) -> Result<Sent> {
        let asked = Asked {
            title: self.title.0.clone(),
            body: self.body.0.clone(),
            store_offline: self.store_offline.unwrap_or(false),
            ..Asked::default()
        };
        let short = Short {
            id: self.id,
            target: self.target,
            value: &self.target_value.0,
            devices,
            kind: PushType::Message,
            job_key: self.job_key.as_ref(),
            asked,
        };
        send(tx, call, short)
    }
}

/// A short push.
pub(super) struct Short<'a> {
    pub(super) id: i64,
    pub(super) target: Target,
    pub(super) value: &'a str,
    pub(super) devices: DeviceType,
    pub(super) kind: PushType,
    pub(super) job_key: Option<&'a JobKey>,
    pub(super) asked: Asked,
}

/// Takes a short push on.
pub(super) fn send(tx: &mut Tx<'_>, call: &Call, short: Short<'_>) -> Result<Sent> {
    let Short { id, target, value, devices, kind, job_key, asked } = short;
    if target == Target::Tbd {
        return Err(Fault::FieldInvalid { field: "Target" }.into());
    }
    let whom = Whom { target, audience: target.audience(value)?, devices, kind };
    let job_key = job_key.map(|key| key.0.clone()).unwrap_or_default();
    compose(call.now, &whom, &Asked { job_key, ..asked })?.submit(tx, call, id)?;
    Ok(Sent::new(id.to_string()))
}
