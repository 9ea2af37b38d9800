//! Lists pushes by the time at which they begin, as older clients ask.

use contract::Result;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Snapshot;

use super::records::{Answer, Span};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::fields::AppKey;

/// Lists pushes by the time at which they begin, as older clients ask.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListPushRecords {
    /// The app.
    app_key: AppKey,
    /// The pushes.
    #[serde(rename = "*Span")]
    #[schemars(flatten)]
    span: Span,
}

impl Action for ListPushRecords {
    const NAME: &'static str = "ListPushRecords";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "query";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for ListPushRecords {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        self.span.read(snapshot)
    }
}
