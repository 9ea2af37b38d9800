//! Cancels what is planned.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use super::{Cancelled, Which};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::mpaas::answer::Shape;
use crate::openapi::mpaas::parameters::Instance;

/// Cancels plans, or single runs of them: all that are named, or none.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CancelPushScheduler {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Which ones.
    #[serde(rename = "*which")]
    #[schemars(flatten)]
    which: Which,
}

impl Action for CancelPushScheduler {
    const NAME: &'static str = "CancelPushScheduler";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "scheduler";
    type Answer = Cancelled;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        super::refusal(Shape::Cancel, error)
    }
}

impl Write for CancelPushScheduler {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Cancelled> {
        self.instance.open_app(call)?;
        self.which.cancel(tx)
    }
}
