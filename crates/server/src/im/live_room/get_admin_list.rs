//! Lists the administrators of a live room.

use chat::live::admins;
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cards;
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Lists the administrators of a live room, whether they are in it or not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetAdminList {
    /// The group.
    group_id: GroupName,
}

/// An administrator.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Admin {
    #[serde(rename = "Admin_Account")]
    account: String,
    nick_name: String,
    avatar: String,
}

/// By name.
#[derive(Serialize, JsonSchema)]
pub struct Answer {
    #[serde(rename = "Admin_List")]
    admins: Vec<Admin>,
}

impl Action for GetAdminList {
    const NAME: &'static str = "group_open_avchatroom_http_svc/get_admin_list";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for GetAdminList {
    async fn perform(self, call: Call) -> Result<Answer> {
        let (app, id) = (call.app.clone(), self.group_id.0);
        let found = call.node.store.read(call.app.id, move |snapshot| admins(snapshot, &app, &id)).await?;
        let admin = |(account, nick_name, avatar): (contract::UserId, String, String)| Admin {
            account: account.to_string(),
            nick_name,
            avatar,
        };
        Ok(Answer { admins: cards(&call, found).await?.into_iter().map(admin).collect() })
    }
}
