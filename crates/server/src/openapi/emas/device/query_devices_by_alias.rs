//! Lists the devices that carry an alias.

use contract::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::{Alias, DeviceIds};
use crate::openapi::fields::AppKey;

/// Lists the devices that carry an alias.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryDevicesByAlias {
    /// The app.
    app_key: AppKey,
    /// The alias.
    alias: Alias,
}

/// The devices.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// At most 128; none if no device carries it.
    device_ids: DeviceIds,
}

impl Action for QueryDevicesByAlias {
    const NAME: &'static str = "QueryDevicesByAlias";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "device";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryDevicesByAlias {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        Ok(Answer { device_ids: DeviceIds::new(bindings::devices_of_alias(snapshot, &self.alias.0)?) })
    }
}
