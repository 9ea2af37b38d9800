//! Takes a user off a device.

use contract::{Error, Result};
use push::mpaas::device;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use super::{Token, User};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Takes a user off a device. A user who is not bound to it changes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushUnBind {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The device, as it was bound.
    delivery_token: Token,
    /// The user.
    user_id: User,
}

impl Action for PushUnBind {
    const NAME: &'static str = "PushUnBind";
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

impl Write for PushUnBind {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Pushed> {
        self.instance.open_app(call)?;
        device::unbind(tx, call.now, &self.delivery_token.0, &self.user_id.0)?;
        Ok(Pushed::with(""))
    }
}
