//! Lists the aliases of a device.

use contract::Result;
use push::binding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::Device;
use crate::openapi::fields::AppKey;

/// Lists the aliases of a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryAliases {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
}

/// The aliases.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// At most 128.
    alias_infos: Infos,
}

/// The list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Infos {
    /// In the order of the alphabet.
    alias_info: Vec<Info>,
}

/// One alias.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    /// The alias.
    alias_name: String,
}

impl Action for QueryAliases {
    const NAME: &'static str = "QueryAliases";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "alias";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryAliases {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let device = binding::device(snapshot, call.now, &self.device_id.0)?;
        let aliases = bindings::aliases_of(snapshot, &device.id)?;
        let alias_info = aliases.into_iter().map(|alias_name| Info { alias_name }).collect();
        Ok(Answer { alias_infos: Infos { alias_info } })
    }
}
