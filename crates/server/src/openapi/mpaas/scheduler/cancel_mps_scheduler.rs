//! Cancels what is planned, by its older name.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;

use super::{Cancelled, Which};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::mpaas::answer::Shape;
use crate::openapi::mpaas::parameters::Instance;

/// As `CancelPushScheduler`, by its older name.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CancelMpsScheduler {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Which ones.
    #[serde(rename = "*which")]
    #[schemars(flatten)]
    which: Which,
}

impl Action for CancelMpsScheduler {
    const NAME: &'static str = "CancelMpsScheduler";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = &["2020-07-10"];
    const CHAPTER: &'static str = "scheduler";
    type Answer = Cancelled;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        super::refusal(Shape::Cancel, error)
    }
}

impl Write for CancelMpsScheduler {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Cancelled> {
        self.instance.open_app(call)?;
        self.which.cancel(tx)
    }
}
