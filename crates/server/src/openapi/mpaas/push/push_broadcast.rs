//! Pushes a message that a template makes to all devices of a system.

use contract::error::refuse;
use contract::{Error, Result};
use contract::{Fault, Millis};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{How, Whom, filled, submit, template};
use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::fields::Text;
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::{Choice, Instance, Object};
use push::audience::{Crowd, Window};
use push::mpaas::order::{Kind, Order};
use push::mpaas::{KEY_BYTES, run};
use store::Snapshot;

/// Pushes what a template makes to all devices of a system, at once or later. Answers the number of the task, or the id
/// of the plan. Two broadcasts of an app are a second apart.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushBroadcast {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// Which devices: 1 Android, 2 iOS, 7 HarmonyOS.
    #[serde(rename = "*whom")]
    #[schemars(flatten)]
    whom: Whom,
    /// The caller's own key of the message.
    msgkey: Text<KEY_BYTES>,
    /// The template.
    template_name: String,
    /// What fills its placeholders.
    template_key_value: Option<Object>,
    /// 0: devices with a user (default). 1: all. 2: devices without one.
    push_status: Option<Choice<2>>,
    /// Devices whose user was bound within 7 (1), 15 (2) or 60 days (3), or ever (4, default).
    bind_period: Option<Choice<4>>,
    /// The same of devices without a user.
    un_bind_period: Option<Choice<4>>,
    /// 1: the moments below count instead of the periods. Default: they do where there are any.
    time_mode: Option<Choice<1>>,
    /// Bound from this moment on, in milliseconds …
    bind_start_time: Option<i64>,
    /// … and before this one.
    bind_end_time: Option<i64>,
    /// The same of devices without a user.
    un_bind_start_time: Option<i64>,
    /// See `UnBindStartTime`.
    un_bind_end_time: Option<i64>,
    /// 1: over our own connection alone. 2: by the vendor where there is one (default).
    android_channel: Option<Choice<2>>,
    /// How it is pushed.
    #[serde(rename = "*how")]
    #[schemars(flatten)]
    how: How,
}

impl Action for PushBroadcast {
    const NAME: &'static str = "PushBroadcast";
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

impl Perform for PushBroadcast {
    async fn perform(self, call: Call) -> Result<Pushed> {
        let app = self.instance.open_app(&call)?;
        let (now, ahead_ms) = (call.now, app.settings.mpaas.ahead_ms());
        let id = app.id;
        let (order, strategy) = call
            .node
            .store
            .read(id, move |snapshot| Ok((self.order(snapshot, now)?, self.how.strategy(now, ahead_ms)?)))
            .await?;
        submit(&call, strategy, move |tx| {
            run::check_pause(tx, now)?;
            Ok(order.clone())
        })
        .await
    }
}

impl PushBroadcast {
    fn order(&self, snapshot: &mut Snapshot<'_>, now: Millis) -> Result<Order> {
        if matches!(self.whom.delivery_type, 3 | 5 | 6) {
            return refuse(Fault::BroadcastByDevice);
        }
        let delivery = self.whom.delivery()?;
        let life_ms = self.whom.life_ms()?;
        let own = template(snapshot, &self.template_name)?;
        let texts = filled(&own, self.template_key_value.as_ref())?;
        let extended = self.how.extended()?;
        let notification = self.how.notification(delivery, &texts, &self.how.look(Some(&own)), &extended)?;
        Ok(Order {
            kind: Kind::Broadcast,
            delivery,
            name: self.whom.name(),
            notification,
            template: Some((own.id, own.name)),
            aims: Vec::new(),
            crowd: Some((self.crowd(now)?, self.msgkey.0.clone())),
            is_own_only: self.how.is_own_only() || self.android_channel.is_some_and(|channel| channel.0 == 1),
            life_ms,
        })
    }

    /// Which devices are meant.
    fn crowd(&self, now: Millis) -> Result<Crowd> {
        let status = self.push_status.unwrap_or_default().0;
        let counts = self.time_mode.is_none_or(|mode| mode.0 == 1);
        let window = |from: Option<i64>, until: Option<i64>, period: Option<Choice<4>>, field: &'static str| {
            let named = counts && (from.is_some() || until.is_some());
            let found = if named {
                Window { from: from.unwrap_or(0), until: until.unwrap_or(i64::MAX) }
            } else {
                Window { from: period.map_or(0, |period| since(now, period.0)), until: i64::MAX }
            };
            if found.from < found.until { Ok(found) } else { Err(Fault::FieldInvalid { field }) }
        };
        let bound = || window(self.bind_start_time, self.bind_end_time, self.bind_period, "BindStartTime");
        let unbound = || window(self.un_bind_start_time, self.un_bind_end_time, self.un_bind_period, "UnBindStartTime");
        Ok(Crowd {
            bound: if status == 2 { None } else { Some(bound()?) },
            unbound: if status == 0 { None } else { Some(unbound()?) },
        })
    }
}

/// The beginning of a period that the contract numbers so.
const fn since(now: Millis, period: i64) -> i64 {
    let days = match period {
        1 => 7,
        2 => 15,
        3 => 60,
        _ => return 0,
    };
    now.0 - days * 86_400_000
}
