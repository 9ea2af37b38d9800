//! Ends a push that was opened with the target `TBD`.

use contract::Result;
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Sent, message_id, unknown_message};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::{AppKey, Text};

/// Ends a push that was opened with the target `TBD`: no more targets can be named. What was sent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CompleteContinuouslyPush {
    /// The app.
    app_key: AppKey,
    /// The push.
    message_id: Text<32>,
}

impl Action for CompleteContinuouslyPush {
    const NAME: &'static str = "CompleteContinuouslyPush";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for CompleteContinuouslyPush {
    fn write(&self, _: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        let id = message_id(&self.message_id.0)?;
        if !task::complete(tx, id)? {
            return Err(unknown_message().into());
        }
        Ok(Sent::new(id.to_string()))
    }
}
