//! Says of up to 100 devices whether they can be pushed to.

use contract::{Result, limit};
use push::binding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::Device;
use crate::openapi::fields::{AppKey, Listed};

/// Says of up to 100 devices whether they can be pushed to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CheckDevices {
    /// The app.
    app_key: AppKey,
    /// 1–100 devices, between commas.
    device_ids: Listed<Device, { limit::CHECK_BATCH }>,
}

/// All of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// One for each device.
    device_check_infos: Infos,
}

/// The list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Infos {
    /// In the order asked.
    device_check_info: Vec<Info>,
}

/// One device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    /// The device.
    device_id: String,
    /// Whether it can be pushed to; false also for a device that is not there.
    available: bool,
}

impl Action for CheckDevices {
    const NAME: &'static str = "CheckDevices";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "device";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for CheckDevices {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let mut device_check_info = Vec::with_capacity(self.device_ids.0.len());
        for Device(id) in &self.device_ids.0 {
            let device = bindings::get(snapshot, call.now, id)?;
            let available = device.is_some_and(|device| binding::is_available(&device));
            device_check_info.push(Info { device_id: id.clone(), available });
        }
        Ok(Answer { device_check_infos: Infos { device_check_info } })
    }
}
