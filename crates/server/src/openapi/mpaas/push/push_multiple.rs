//! Pushes a message that a template makes for each of up to a hundred targets.

use contract::Fault;
use contract::error::refuse;
use contract::{Error, Result};
use push::mpaas::content;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{How, Whom, aim, filled, submit, template};
use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::{Instance, Object};
use push::mpaas::BATCH_TARGETS;
use push::mpaas::order::{Kind, Order};
use store::Snapshot;

/// Pushes to each of up to 100 targets what a template makes of its own values, at once or later. Answers the number of
/// the task, or the id of the plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushMultiple {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Whom it is for.
    #[serde(rename = "*whom")]
    #[schemars(flatten)]
    whom: Whom,
    /// 1 to 100 targets.
    target_msg: Vec<TargetMsg>,
    /// The template.
    template_name: String,
    /// How it is pushed.
    #[serde(rename = "*how")]
    #[schemars(flatten)]
    how: How,
}

/// One target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TargetMsg {
    /// The device or the user.
    target: String,
    /// The caller's own key of the message.
    msg_key: String,
    /// What fills the placeholders for this target.
    template_key_value: Option<Object>,
    /// Fewer than ten parameters for this target, beside those of all.
    extended_params: Option<Object>,
}

impl Action for PushMultiple {
    const NAME: &'static str = "PushMultiple";
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

impl Perform for PushMultiple {
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

impl PushMultiple {
    fn order(&self, snapshot: &mut Snapshot<'_>) -> Result<Order> {
        let delivery = self.whom.plain_delivery()?;
        let life_ms = self.whom.life_ms()?;
        if self.target_msg.is_empty() {
            return refuse(Fault::TargetEmpty);
        }
        if self.target_msg.len() > BATCH_TARGETS {
            return refuse(Fault::TargetsTooMany { max: BATCH_TARGETS });
        }
        let mut aims = Vec::with_capacity(self.target_msg.len());
        for one in &self.target_msg {
            aims.push(aim(&one.target, &one.msg_key, "TargetMsg")?);
        }
        let own = template(snapshot, &self.template_name)?;
        let (look, shared) = (self.how.look(Some(&own)), self.how.extended()?);
        for (aim, one) in aims.iter_mut().zip(&self.target_msg) {
            let mut extended = shared.clone();
            extended.extend(content::target_extended(&one.extended_params.clone().unwrap_or_default().0)?);
            let texts = filled(&own, one.template_key_value.as_ref())?;
            aim.own = Some(self.how.notification(delivery, &texts, &look, &extended)?);
        }
        Ok(Order {
            kind: Kind::Multiple,
            delivery,
            name: self.whom.name(),
            // What the task as a whole shows: the template as it is.
            notification: contract::notification::Notification {
                title: own.title.clone(),
                body: own.content.clone(),
                ..contract::notification::Notification::default()
            },
            template: Some((own.id, own.name)),
            aims,
            crowd: None,
            is_own_only: self.how.is_own_only(),
            life_ms,
        })
    }
}
