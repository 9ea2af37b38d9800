//! Lists the apps of the account that calls.

use contract::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::openapi::action::{Action, Call, Perform, Product, Whose};

/// Lists the apps of the account that calls, as far as the access key was granted them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListSummaryApps {}

/// The apps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// All of them.
    summary_app_infos: Infos,
}

/// The list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Infos {
    /// In the order of their numbers.
    summary_app_info: Vec<Info>,
}

/// One app.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    /// Its number.
    app_key: i64,
    /// What people call it.
    app_name: String,
}

impl Action for ListSummaryApps {
    const NAME: &'static str = "ListSummaryApps";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "app";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::Account
    }
}

impl Perform for ListSummaryApps {
    async fn perform(self, call: Call) -> Result<Answer> {
        let is_granted = |app: &store::apps::App| {
            let action = format!("{}:{}", Self::PRODUCT.grants(), Self::NAME);
            call.caller.owns(app) && call.caller.may(&action, Some(app.id))
        };
        let apps = call.node.apps.all();
        let info = |app: &store::apps::App| Info { app_key: app.id.0, app_name: app.settings.name.clone() };
        let summary_app_info = apps.iter().filter(|app| is_granted(app)).map(|app| info(app)).collect();
        Ok(Answer { summary_app_infos: Infos { summary_app_info } })
    }
}
