//! Brings a group from elsewhere.

use chat::group::create::create;
use contract::codes::Family;
use contract::group::Operation;
use contract::{Fault, Millis, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::create_group::{Answer, Form};
use super::{by, group_fault, scope};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::FieldFault;

/// Brings a group from elsewhere, with the time of its creation; nobody is told. Members and messages follow by
/// `import_group_member` and `import_group_msg`. Live rooms are not imported.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ImportGroup {
    #[serde(rename = "*")]
    #[schemars(flatten)]
    form: Form,
    /// When it was created, in seconds; absent means now.
    create_time: Option<u32>,
}

impl Action for ImportGroup {
    const NAME: &'static str = "group_open_http_svc/import_group";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("MaxMemberNum", "MaxMemberCount")];
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for ImportGroup {
    async fn perform(self, call: Call) -> Result<Answer> {
        let created_at = self.create_time.map(|secs| Millis::from_secs(secs.into()));
        if created_at.is_some_and(|at| at > call.now) {
            return Err(Fault::FieldInvalid { field: "CreateTime" }.into());
        }
        let mut new = self.form.into_new(&call)?;
        new.created_at = created_at;
        if !Operation::Import.is_allowed(new.kind, contract::group::Actor::App) {
            return Err(Fault::GroupForbidden.into());
        }
        let (store, app) = (call.node.store.clone(), call.app.id);
        let group = store.write(app, move |tx| create(tx, &scope(&call), &by(&call, None), &new, true)).await?;
        Ok(Answer::of(&group.id, group.kind))
    }
}
