//! Binds a user to a device.

use contract::{Error, Result};
use push::mpaas::device;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use super::{Token, User, os};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::Text;
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Binds a user to a device, in the place of another one. A device that is not known yet is taken on. What waits for the
/// user goes out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushBind {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The device: its own name on Android, the vendor's token on iOS and HarmonyOS.
    delivery_token: Token,
    /// The user, up to 64 bytes.
    user_id: User,
    /// 1 Android, 2 iOS, 7 HarmonyOS.
    os_type: i64,
    /// The phone of the device, for the supplementary short message.
    phone_number: Option<Text<32>>,
}

impl Action for PushBind {
    const NAME: &'static str = "PushBind";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWEST;
    const CHAPTER: &'static str = "device";
    type Answer = Pushed;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Push, error)
    }
}

impl Write for PushBind {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Pushed> {
        self.instance.open_app(call)?;
        let phone = self.phone_number.as_ref().map(|phone| phone.0.as_str());
        device::bind(tx, call.now, os(self.os_type)?, &self.delivery_token.0, &self.user_id.0, phone)?;
        Ok(Pushed::with(""))
    }
}
