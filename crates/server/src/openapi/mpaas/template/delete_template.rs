//! Deletes a template.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{Tx, templates};

use super::Which;
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::mpaas::answer::{self, Kept, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Deletes a template by its id or its name. Pushes that are planned with it keep their texts.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DeleteTemplate {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Which one.
    #[serde(rename = "*which")]
    #[schemars(flatten)]
    which: Which,
}

impl Action for DeleteTemplate {
    const NAME: &'static str = "DeleteTemplate";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "template";
    type Answer = Kept<String>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Template, error)
    }
}

impl Write for DeleteTemplate {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Kept<String>> {
        self.instance.app(call)?;
        let found = self.which.find(tx)?;
        templates::remove(tx, found.id)?;
        Ok(Kept::with(None))
    }
}
