//! Makes a topic.

use chat::topic::{New, create};
use contract::Result;
use contract::codes::Family;
use contract::webhook::GroupQuestion;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Card, Made, by, wish};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, ask_app, group_fault};

/// Makes a topic in a community that was made with `SupportTopic` 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTopic {
    /// The group.
    group_id: GroupName,
    /// Up to 30 bytes.
    topic_name: String,
    /// `{GroupId}@TOPIC#_` and a name of its own; absent lets the server choose.
    topic_id: Option<String>,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    card: Card,
}

impl Action for CreateTopic {
    const NAME: &'static str = "million_group_open_http_svc/create_topic";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "topic";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Made;
}

impl Perform for CreateTopic {
    async fn perform(self, call: Call) -> Result<Made> {
        let number: u64 = rand::random();
        let wish = wish(&call, &self.card, Some(&self.topic_name))?;
        let operator = self.from.as_ref().map_or_else(|| call.caller.clone(), |from| from.0.clone());
        ask_app(&call, &GroupQuestion::CreateTopic { operator, name: self.topic_name.clone() }).await?;
        let (store, app) = (call.node.store.clone(), call.app.id);
        let write = move |tx: &mut store::Tx<'_>| {
            tx.act_for(call.origin());
            let by = by(&call, tx, self.from.as_ref())?;
            let id = self.topic_id.as_deref();
            create(tx, call.now, &call.app, &self.group_id.0, &by, &New { id, wish: &wish, number, is_import: false })
        };
        Ok(Made { topic_id: store.write(app, write).await? })
    }
}
