//! What the four short pushes have in common: a target, a title, a text, and nothing of single vendors.

use contract::{Fault, Result};
use store::Tx;

use super::Sent;
use super::compose::{Asked, Whom, compose};
use super::words::{DeviceType, JobKey, PushType, Target};
use crate::openapi::action::Call;

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
