//! Lists all tags of an app.

use contract::Result;
use push::tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::TagInfos;
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::fields::AppKey;

/// Lists all tags of an app, at most 10 000.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListTags {
    /// The app.
    app_key: AppKey,
}

/// The tags.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// All of them.
    tag_infos: TagInfos,
}

impl Action for ListTags {
    const NAME: &'static str = "ListTags";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "tag";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for ListTags {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        Ok(Answer { tag_infos: TagInfos::new(tag::all(snapshot)?) })
    }
}
