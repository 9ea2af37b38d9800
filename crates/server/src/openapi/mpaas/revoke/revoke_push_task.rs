//! Takes a batch or a broadcast back.

use contract::{Error, Result};
use push::mpaas::run;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Takes a batch or a broadcast of the last seven days back: whom it has not reached it does not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RevokePushTask {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The task, as the push answered it.
    task_id: i64,
}

impl Action for RevokePushTask {
    const NAME: &'static str = "RevokePushTask";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "revoke";
    type Answer = Pushed;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Push, error)
    }
}

impl Write for RevokePushTask {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Pushed> {
        self.instance.open_app(call)?;
        run::revoke_task(tx, call.now, self.task_id)?;
        Ok(Pushed::with(""))
    }
}
