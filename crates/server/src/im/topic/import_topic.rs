//! Brings a topic from elsewhere.

use chat::topic::{New, create};
use contract::codes::Family;
use contract::{Fault, Millis, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Card, Made, by, wish};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Brings a topic from elsewhere, with the time of its creation. Nobody is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImportTopic {
    /// The group.
    group_id: GroupName,
    /// Up to 30 bytes.
    topic_name: String,
    /// `{GroupId}@TOPIC#_` and a name of its own; absent lets the server choose.
    topic_id: Option<String>,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    /// Seconds since the epoch; absent means now.
    create_time: Option<i64>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    card: Card,
}

impl Action for ImportTopic {
    const NAME: &'static str = "group_open_http_svc/import_topic";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "topic";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Made;
}

impl Perform for ImportTopic {
    async fn perform(self, call: Call) -> Result<Made> {
        let number: u64 = rand::random();
        let at = self.create_time.map_or(call.now, Millis::from_secs);
        if at > call.now || at.0 < 0 {
            return Err(Fault::FieldInvalid { field: "CreateTime" }.into());
        }
        let wish = wish(&call, &self.card, Some(&self.topic_name))?;
        let (store, app) = (call.node.store.clone(), call.app.id);
        let write = move |tx: &mut store::Tx<'_>| {
            let by = by(&call, tx, self.from.as_ref())?;
            let id = self.topic_id.as_deref();
            create(tx, at, &call.app, &self.group_id.0, &by, &New { id, wish: &wish, number, is_import: true })
        };
        Ok(Made { topic_id: store.write(app, write).await? })
    }
}
