//! Makes a permission group.

use chat::permission::{New, Wish, create};
use contract::Result;
use contract::codes::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::im::action::{Action, Call, Perform};
use crate::im::attribute::by;
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Makes a permission group in a community.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CreatePermissionGroup {
    /// The group.
    group_id: GroupName,
    /// Up to 150 bytes.
    permission_group_name: String,
    /// `@PMG#_` and a name of its own; absent lets the server choose.
    permission_group_id: Option<String>,
    /// What its members may do, one bit for each thing; absent means nothing.
    permission: Option<i64>,
    /// Up to 3,000 bytes of the app's own.
    custom_string: Option<String>,
}

/// Its id.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    permission_group_id: String,
}

impl Action for CreatePermissionGroup {
    const NAME: &'static str = "group_open_http_svc/create_permission_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "permission-group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for CreatePermissionGroup {
    async fn perform(self, call: Call) -> Result<Answer> {
        let wish =
            Wish { name: Some(self.permission_group_name), permission: self.permission, custom: self.custom_string };
        let (chosen, number, id): (_, u64, _) = (self.permission_group_id, rand::random(), self.group_id.0);
        let (store, app) = (call.node.store.clone(), call.app.id);
        let write = move |tx: &mut store::Tx<'_>| {
            create(tx, call.now, &call.app, &id, &by(&call), &New { id: chosen.as_deref(), wish: &wish, number })
        };
        Ok(Answer { permission_group_id: store.write(app, write).await? })
    }
}
