//! Pushes a message that a template makes to up to ten targets.

use contract::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{How, Whom, aims, filled, submit, template};
use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::{Instance, Object};
use push::mpaas::order::{Kind, Order};
use store::Snapshot;

/// Pushes a message that a template makes to up to ten targets, at once or later. Answers the number of the first
/// message, or the id of the plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushTemplate {
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
    /// The template.
    template_name: String,
    /// What fills its placeholders: `{"name":"value"}`.
    template_key_value: Option<Object>,
    /// How it is pushed.
    #[serde(rename = "*how")]
    #[schemars(flatten)]
    how: How,
}

impl Action for PushTemplate {
    const NAME: &'static str = "PushTemplate";
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

impl Perform for PushTemplate {
    async fn perform(self, call: Call) -> Result<Pushed> {
        let app = self.instance.open_app(&call)?;
        let (now, ahead_ms) = (call.now, app.settings.mpaas.ahead_ms());
        let id = app.id;
        let (order, strategy) = call
            .node
            .store
            .read(id, move |snapshot| Ok((self.order(snapshot)?, self.how.strategy(now, ahead_ms)?)))
            .await?;
        submit(&call, strategy, move |_| Ok(order.clone())).await
    }
}

impl PushTemplate {
    fn order(&self, snapshot: &mut Snapshot<'_>) -> Result<Order> {
        let delivery = self.whom.delivery()?;
        let life_ms = self.whom.life_ms()?;
        let aims = aims(&self.target_msgkey)?;
        let own = template(snapshot, &self.template_name)?;
        let texts = filled(&own, self.template_key_value.as_ref())?;
        let extended = self.how.extended()?;
        Ok(Order {
            kind: Kind::Template,
            delivery,
            name: self.whom.name(),
            notification: self.how.notification(delivery, &texts, &self.how.look(Some(&own)), &extended)?,
            template: Some((own.id, own.name)),
            aims,
            crowd: None,
            is_own_only: self.how.is_own_only(),
            life_ms,
        })
    }
}
