//! Changes a topic.

use chat::topic::modify;
use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::{Card, by, wish};
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Changes what a topic says of itself, and whether plain members may speak in it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyTopic {
    /// The group.
    group_id: GroupName,
    /// Which.
    topic_id: String,
    /// Up to 30 bytes.
    topic_name: Option<String>,
    /// In whose name; absent means the calling administrator.
    #[serde(rename = "From_Account")]
    from: Option<User>,
    /// `On` or `Off`.
    mute_all_member: Option<String>,
    #[serde(rename = "*")]
    #[schemars(flatten)]
    card: Card,
}

impl Action for ModifyTopic {
    const NAME: &'static str = "million_group_open_http_svc/modify_topic";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "topic";
    const FIELD_FAULT: FieldFault = group_fault;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("ShutUpAllMember", "MuteAllMember")];
    type Answer = Done;
}

impl Perform for ModifyTopic {
    async fn perform(self, call: Call) -> Result<Done> {
        let is_muted = match self.mute_all_member.as_deref() {
            None => None,
            Some("On") => Some(true),
            Some("Off") => Some(false),
            Some(_) => return Err(Fault::FieldInvalid { field: "MuteAllMember" }.into()),
        };
        let mut wish = wish(&call, &self.card, self.topic_name.as_deref())?;
        wish.is_muted = is_muted;
        let (store, app) = (call.node.store.clone(), call.app.id);
        let write = move |tx: &mut Tx<'_>| {
            tx.act_for(call.origin());
            let by = by(&call, tx, self.from.as_ref())?;
            modify(tx, call.now, &call.app, &self.group_id.0, &by, &self.topic_id, &wish)
        };
        store.write(app, write).await?;
        Ok(Done {})
    }
}
