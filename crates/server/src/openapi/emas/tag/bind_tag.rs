//! Hangs tags on devices, accounts or aliases.

use contract::Result;
use push::tag;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{KeyType, Keys, Tags, keys, tags};
use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::fields::AppKey;

/// Hangs tags on devices, accounts or aliases: every tag on every one of them. What hangs stays. An app has at most
/// 10 000 tags; all of the call is done, or nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BindTag {
    /// The app.
    app_key: AppKey,
    /// 1–1000 devices, accounts or aliases, between commas. Devices must be there.
    client_key: Keys,
    /// What they are.
    key_type: KeyType,
    /// 1–10 tags of up to 128 characters, between commas.
    tag_name: Tags,
}

impl Action for BindTag {
    const NAME: &'static str = "BindTag";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "tag";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for BindTag {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        tag::bind(tx, call.now, self.key_type.holder(), &keys(&self.client_key), &tags(&self.tag_name))?;
        Ok(Done {})
    }
}
