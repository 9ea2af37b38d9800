//! Says whether a device can be pushed to.

use contract::Result;
use push::binding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::Device;
use crate::openapi::fields::AppKey;

/// Says whether a device can be pushed to. `CheckDevices` asks about many at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CheckDevice {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
}

/// Whether it can.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// True if the device is registered for push, or an account is logged in on it.
    available: bool,
}

impl Action for CheckDevice {
    const NAME: &'static str = "CheckDevice";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "device";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for CheckDevice {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let device = bindings::get(snapshot, call.now, &self.device_id.0)?;
        Ok(Answer { available: device.is_some_and(|device| binding::is_available(&device)) })
    }
}
