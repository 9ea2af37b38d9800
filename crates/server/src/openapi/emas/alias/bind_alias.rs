//! Gives a device up to ten more aliases.

use contract::{Result, limit};
use push::binding;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::emas::{Alias, Device};
use crate::openapi::fields::{AppKey, Listed};

/// Gives a device up to ten more aliases. One that it has stays. A device has at most 128 aliases, an alias at most 128
/// devices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BindAlias {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
    /// 1–10 aliases of up to 128 bytes, between commas.
    alias_name: Listed<Alias, { limit::ALIAS_BATCH }>,
}

impl Action for BindAlias {
    const NAME: &'static str = "BindAlias";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "alias";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for BindAlias {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        let aliases: Vec<String> = self.alias_name.0.iter().map(|alias| alias.0.clone()).collect();
        binding::bind_aliases(tx, call.now, &self.device_id.0, &aliases)?;
        Ok(Done {})
    }
}
