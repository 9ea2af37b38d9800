//! Forgets the phone number of a device.

use contract::Result;
use push::binding;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::emas::Device;
use crate::openapi::fields::AppKey;

/// Forgets the phone number of a device. That there is none is no fault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UnbindPhone {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
}

impl Action for UnbindPhone {
    const NAME: &'static str = "UnbindPhone";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "phone";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for UnbindPhone {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        binding::unbind_phone(tx, call.now, &self.device_id.0)?;
        Ok(Done {})
    }
}
