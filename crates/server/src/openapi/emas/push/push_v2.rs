//! Pushes a notification, a message, or both, as one object says.

use contract::Result;
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::shapes::{Task, Wanted};
use super::words::Token;
use super::{Sent, unknown_message};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::AppKey;

/// Pushes a notification, a message, or both, as one object says. Where both are given, connected devices get the message
/// and the others the notification.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushV2 {
    /// The app.
    app_key: AppKey,
    /// The push.
    push_task: Task,
    /// A UUID: within a quarter of an hour the same one pushes once.
    idempotent_token: Option<Token>,
}

impl Action for PushV2 {
    const NAME: &'static str = "PushV2";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for PushV2 {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        let token = self.idempotent_token.as_ref().map(|token| token.0.as_str());
        let id = task::once(tx, call.now, token, |tx| match self.push_task.wanted(call.now, false)? {
            Wanted::New(composed) => {
                composed.submit(tx, call, self.push_task.id)?;
                Ok(self.push_task.id.to_string())
            }
            Wanted::Name(id, audience) => {
                if !task::name_targets(tx, call.now, id, audience)? {
                    return Err(unknown_message().into());
                }
                Ok(id.to_string())
            }
        })?;
        Ok(Sent::new(id))
    }
}
