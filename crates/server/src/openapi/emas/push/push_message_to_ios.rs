//! Pushes a message to Apple's devices: over our own connection, for the app alone.

use contract::Result;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::Sent;
use super::simple::Message;
use super::words::DeviceType;
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::AppKey;

/// Pushes a message to Apple's devices: over our own connection, for the app alone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushMessageToiOS {
    /// The app.
    app_key: AppKey,
    /// The message.
    #[serde(rename = "*Message")]
    #[schemars(flatten)]
    message: Message,
}

impl Action for PushMessageToiOS {
    const NAME: &'static str = "PushMessageToiOS";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for PushMessageToiOS {
    fn is_light(&self) -> bool {
        self.message.is_light()
    }

    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        self.message.send(tx, call, DeviceType::Ios)
    }
}
