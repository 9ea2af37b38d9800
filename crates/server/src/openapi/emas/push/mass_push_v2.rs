//! Pushes up to a hundred different things at once, each as one object says.

use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::MASS_MAX;
use super::mass_push::submit_all;
use super::shapes::{Task, Wanted};
use super::words::Token;
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::AppKey;

/// Pushes up to a hundred different things at once, each to devices, accounts or aliases of its own. All of them are taken
/// on, or none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct MassPushV2 {
    /// The app.
    app_key: AppKey,
    /// 1–100 pushes, each as in `PushV2`.
    push_tasks: Vec<Task>,
    /// A UUID: within a quarter of an hour the same one pushes once.
    idempotent_token: Option<Token>,
}

/// The pushes in the order of the call.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// By which each is asked for.
    message_ids: Vec<String>,
}

impl Action for MassPushV2 {
    const NAME: &'static str = "MassPushV2";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for MassPushV2 {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Answer> {
        let field = "PushTasks";
        if self.push_tasks.is_empty() {
            return Err(Fault::FieldEmpty { field }.into());
        }
        if self.push_tasks.len() > MASS_MAX {
            return Err(Fault::FieldItemsTooMany { field, max: MASS_MAX }.into());
        }
        let composed = |task: &Task| match task.wanted(call.now, true)? {
            Wanted::New(composed) => Ok((task.id, *composed)),
            Wanted::Name(..) => Err(Fault::FieldInvalid { field: "Action" }),
        };
        let all = || self.push_tasks.iter().map(composed).collect();
        let message_ids = submit_all(tx, call, self.idempotent_token.as_ref(), all)?;
        Ok(Answer { message_ids })
    }
}
