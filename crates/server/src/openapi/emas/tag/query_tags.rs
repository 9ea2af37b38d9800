//! Lists the tags that a device, an account or an alias carries.

use contract::Result;
use push::tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;

use super::{Key, KeyType, TagInfos};
use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::fields::AppKey;

/// Lists the tags that a device, an account or an alias carries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryTags {
    /// The app.
    app_key: AppKey,
    /// One device, account or alias.
    client_key: Key,
    /// What it is.
    key_type: KeyType,
}

/// The tags.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Its own tags; none if nobody knows it.
    tag_infos: TagInfos,
}

impl Action for QueryTags {
    const NAME: &'static str = "QueryTags";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "tag";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryTags {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let tags = tag::tags_of(snapshot, self.key_type.holder(), &self.client_key.0)?;
        Ok(Answer { tag_infos: TagInfos::new(tags) })
    }
}
