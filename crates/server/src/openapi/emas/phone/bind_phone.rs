//! Notes the phone number of a device.

use contract::{Result, limit};
use push::binding;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::emas::Device;
use crate::openapi::fields::{AppKey, Text};

/// Notes the phone number of a device, in the place of another one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BindPhone {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
    /// At least five digits, perhaps behind a `+`.
    phone_number: Text<{ limit::PHONE_BYTES }>,
}

impl Action for BindPhone {
    const NAME: &'static str = "BindPhone";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "phone";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for BindPhone {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        binding::bind_phone(tx, call.now, &self.device_id.0, &self.phone_number.0)?;
        Ok(Done {})
    }
}
