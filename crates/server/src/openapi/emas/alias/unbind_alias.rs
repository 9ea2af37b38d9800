//! Takes aliases off a device: up to ten, or all of them.

use contract::{Fault, Result, limit};
use push::binding;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use crate::openapi::action::{Action, Call, Done, Product, Whose, Write};
use crate::openapi::emas::{Alias, Device};
use crate::openapi::fields::{AppKey, Listed};

/// Takes aliases off a device: up to ten, or all of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UnbindAlias {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
    /// 1–10 aliases, between commas; required unless all are taken off.
    alias_name: Option<Listed<Alias, { limit::ALIAS_BATCH }>>,
    /// Whether all are taken off, whatever `AliasName` says.
    unbind_all: Option<bool>,
}

impl Action for UnbindAlias {
    const NAME: &'static str = "UnbindAlias";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "alias";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for UnbindAlias {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Done> {
        if self.unbind_all == Some(true) {
            binding::clear_aliases(tx, call.now, &self.device_id.0)?;
            return Ok(Done {});
        }
        let named = self.alias_name.as_ref().ok_or(Fault::FieldMissing { field: "AliasName" })?;
        let aliases: Vec<String> = named.0.iter().map(|alias| alias.0.clone()).collect();
        binding::unbind_aliases(tx, call.now, &self.device_id.0, &aliases)?;
        Ok(Done {})
    }
}
