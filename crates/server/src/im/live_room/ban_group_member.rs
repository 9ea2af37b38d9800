//! Keeps accounts out of a live room.

use chat::ground::By;
use chat::live::{Terms, ban};
use contract::codes::Family;
use contract::{Fault, Result, limit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::accounts;
use crate::im::action::{Action, Call, Done, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Removes accounts from a live room and keeps them out for a while. Needs the management of live rooms, which plans of
/// the flagship and above include.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BanGroupMember {
    /// The group.
    group_id: GroupName,
    /// Up to 20.
    #[serde(rename = "Members_Account")]
    members: Vec<User>,
    /// Seconds.
    duration: u32,
    /// Why, up to 1,000 bytes.
    description: Option<String>,
}

impl Action for BanGroupMember {
    const NAME: &'static str = "group_open_http_svc/ban_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Done;
}

impl Perform for BanGroupMember {
    async fn perform(self, call: Call) -> Result<Done> {
        let banned = accounts(&self.members, "Members_Account", limit::BAN_BATCH)?;
        let (reason, max) = (self.description.unwrap_or_default(), limit::BAN_REASON_BYTES);
        if reason.len() > max {
            return Err(Fault::FieldTooLong { field: "Description", max }.into());
        }
        if self.duration == 0 {
            return Err(Fault::FieldInvalid { field: "Duration" }.into());
        }
        let (node, app, id) = (call.node.clone(), call.app.clone(), self.group_id.0);
        let (asked, named, now, by) = (id.clone(), banned.clone(), call.now, By::App(call.caller.clone()));
        let terms = Terms { seconds: self.duration.into(), reason };
        let write = move |tx: &mut store::Tx<'_>| ban(tx, now, &app, &asked, &by, &named, &terms);
        let room = node.store.write(call.app.id, write).await?;
        node.hub.remove_guests(call.app.id, room.conversation, &id, &banned);
        Ok(Done {})
    }
}
