//! Pushes one message to up to ten targets.

use contract::Fault;
use contract::error::refuse;
use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{How, Whom, aims, submit};
use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::{Choice, Instance, Object};
use push::mpaas::order::{Kind, Order};
use push::template::Texts;

/// Pushes one message to up to ten targets, at once or later. Answers the number of the first message, or the id of the
/// plan. Icons (`IconUrls`) are taken and shown by no channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushSimple {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Whom it is for.
    #[serde(rename = "*whom")]
    #[schemars(flatten)]
    whom: Whom,
    /// 1 to 10 targets, each with the caller's own key of the message for it: `{"user1024":"1578807462788"}`.
    target_msgkey: Object,
    /// The title.
    title: String,
    /// The content; with title, URI and extended parameters up to 2 KB.
    content: String,
    /// Where a tap leads.
    uri: Option<String>,
    /// 0 plain (default), 1 long text, 2 with a picture.
    push_style: Option<Choice<2>>,
    /// Addresses of pictures by channel; `defaultUrl` is for all.
    image_urls: Option<Object>,
    /// How it is pushed.
    #[serde(rename = "*how")]
    #[schemars(flatten)]
    how: How,
}

impl Action for PushSimple {
    const NAME: &'static str = "PushSimple";
    const PRODUCT: Product = Product::Mpaas;
    const CHAPTER: &'static str = "push";
    type Answer = Pushed;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Push, error)
    }
}

impl Perform for PushSimple {
    async fn perform(self, call: Call) -> Result<Pushed> {
        let app = self.instance.open_app(&call)?;
        let strategy = self.how.strategy(call.now, app.settings.mpaas.ahead_ms());
        let order = self.order()?;
        // Last, as what is checked after the message itself.
        submit(&call, strategy?, move |_| Ok(order.clone())).await
    }
}

impl PushSimple {
    fn order(&self) -> Result<Order> {
        let delivery = self.whom.delivery()?;
        let life_ms = self.whom.life_ms()?;
        let aims = aims(&self.target_msgkey)?;
        if self.title.trim().is_empty() || self.content.trim().is_empty() {
            return refuse(Fault::PushTextMissing);
        }
        let extended = self.how.extended()?;
        let texts = Texts {
            title: self.title.clone(),
            content: self.content.clone(),
            uri: self.uri.clone().unwrap_or_default(),
        };
        let mut look = self.how.look(None);
        look.style = self.push_style.unwrap_or_default().0;
        look.images = self.image_urls.clone().unwrap_or_default().0;
        Ok(Order {
            kind: Kind::Simple,
            delivery,
            name: self.whom.name(),
            template: None,
            notification: self.how.notification(delivery, &texts, &look, &extended)?,
            aims,
            crowd: None,
            is_own_only: self.how.is_own_only(),
            life_ms,
        })
    }
}
