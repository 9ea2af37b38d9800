//! Reads a template.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Snapshot;

use super::{Shown, Which};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::mpaas::answer::{self, Kept, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Reads a template by its id or its name.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetTemplate {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Which one.
    #[serde(rename = "*which")]
    #[schemars(flatten)]
    which: Which,
}

impl Action for GetTemplate {
    const NAME: &'static str = "GetTemplate";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "template";
    type Answer = Kept<Shown>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Template, error)
    }
}

impl Read for GetTemplate {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Kept<Shown>> {
        self.instance.app(call)?;
        Ok(Kept::with(Some(self.which.find(snapshot)?.into())))
    }
}
