//! Cancels a push that has not begun.

use contract::Result;
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::unknown_message;
use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::fields::AppKey;

/// Cancels a push that was planned with `PushTime` and has not begun.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CancelPush {
    /// The app.
    app_key: AppKey,
    /// The push.
    message_id: i64,
}

impl Action for CancelPush {
    const NAME: &'static str = "CancelPush";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for CancelPush {
    fn write(&self, _: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        if task::cancel(tx, self.message_id)? { Ok(Done {}) } else { Err(unknown_message().into()) }
    }
}
