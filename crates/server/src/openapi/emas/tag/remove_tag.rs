//! Removes a tag from the app and from everything that carries it.

use contract::{Result, limit};
use push::tag;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Tag;
use crate::openapi::action::{Action, Call, Done, Perform, Product, Whose};
use crate::openapi::fields::AppKey;

/// Removes a tag from the app and from everything that carries it. A tag with many bindings goes in steps of a thousand;
/// should the node stop in between, the call can be made again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RemoveTag {
    /// The app.
    app_key: AppKey,
    /// The tag.
    tag_name: Tag,
}

impl Action for RemoveTag {
    const NAME: &'static str = "RemoveTag";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "tag";
    type Answer = Done;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Perform for RemoveTag {
    async fn perform(self, call: Call) -> Result<Done> {
        let app = call.app()?.id;
        // Bounded by what one tag can hang on: every device, account and alias of an app of this size.
        for _ in 0..STEPS {
            let name = self.tag_name.0.clone();
            if call.node.store.write(app, move |tx| tag::remove_page(tx, &name)).await? {
                return Ok(Done {});
            }
        }
        Err(contract::Failure::Timeout(format!("a tag has more than {} bindings", STEPS * limit::STORE_PAGE)).into())
    }
}

/// Steps of one call.
const STEPS: usize = 100_000;
