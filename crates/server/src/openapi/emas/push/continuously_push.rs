//! Names more targets of a push that was opened with the target `TBD`.

use contract::{Fault, Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::words::Target;
use super::{Sent, message_id, unknown_message};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::{AppKey, Text};

/// Names more targets of a push that was opened with the target `TBD`: they get what it holds at once. As often as needed,
/// until it is complete or has expired.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ContinuouslyPush {
    /// The app.
    app_key: AppKey,
    /// The push.
    message_id: Text<32>,
    /// `DEVICE`, `ACCOUNT` or `ALIAS`.
    target: Target,
    /// Up to 1000 devices, accounts or aliases, between commas.
    target_value: Text<{ limit::OPENAPI_BODY_BYTES }>,
}

impl Action for ContinuouslyPush {
    const NAME: &'static str = "ContinuouslyPush";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for ContinuouslyPush {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        let id = message_id(&self.message_id.0)?;
        if matches!(self.target, Target::Tag | Target::All | Target::Tbd) {
            return Err(Fault::FieldInvalid { field: "Target" }.into());
        }
        let audience = self.target.audience(&self.target_value.0)?;
        if !task::name_targets(tx, call.now, id, audience)? {
            return Err(unknown_message().into());
        }
        Ok(Sent::new(id.to_string()))
    }
}
