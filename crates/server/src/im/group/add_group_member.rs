//! Adds accounts to a group.

use std::sync::Arc;

use chat::group::member::{add, tell_full};
use contract::codes::Family;
use contract::group::ADD_BATCH;
use contract::webhook::{GroupQuestion, Webhook};
use contract::{Error, Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GroupName, ask_app, by, group_fault, is_on, scope};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};

/// Adds accounts to a group. All of them must exist, and there must be room for all who are not in it yet; otherwise
/// nobody is added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AddGroupMember {
    /// The group.
    group_id: GroupName,
    /// 1: nobody is told.
    silence: Option<i64>,
    /// Up to 300.
    member_list: Vec<Item>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
struct Item {
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
}

/// What became of one account.
#[derive(Serialize, JsonSchema)]
pub struct Outcome {
    #[serde(rename = "Member_Account")]
    pub(super) account: String,
    /// 0 not added, 1 in from now on, 2 was in already, 3 in as soon as somebody consents.
    #[serde(rename = "Result")]
    pub(super) result: i64,
}

/// What became of each, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    pub(super) member_list: Vec<Outcome>,
}

impl Action for AddGroupMember {
    const NAME: &'static str = "group_open_http_svc/add_group_member";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "group";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for AddGroupMember {
    async fn perform(self, call: Call) -> Result<Answer> {
        let is_silent = is_on(self.silence, "Silence")?;
        let users: Vec<User> = self.member_list.into_iter().map(|item| item.account).collect();
        if users.is_empty() {
            return Err(Fault::FieldInvalid { field: "MemberList" }.into());
        }
        let accounts = super::batch(&users, "MemberList", ADD_BATCH)?;
        let (store, app, id) = (call.node.store.clone(), call.app.id, self.group_id.0);
        let mut refused = Vec::new();
        if call.app.settings.webhook.has(Webhook::BeforeInviteJoinGroup) {
            let asked = id.clone();
            let kind = store.read(app, move |snapshot| Ok(chat::group::find(snapshot, &asked)?.kind)).await?;
            let (operator, accounts) = (call.caller.clone(), accounts.clone());
            refused = ask_app(&call, &GroupQuestion::Invite { group: id.clone(), kind, operator, accounts }).await?;
        }
        let (call, full) = (Arc::new(call), id.clone());
        let caller = Arc::clone(&call);
        let adding = store.write(app, move |tx| {
            tx.act_for(caller.origin());
            add(tx, &scope(&caller), &by(&caller, None), &id, &accounts, &refused, is_silent)
        });
        let addition = match adding.await {
            Err(Error::Fault(Fault::GroupFull)) => {
                let tell = move |tx: &mut store::Tx<'_>| {
                    tx.act_for(call.origin());
                    tell_full(tx, &scope(&call), &by(&call, None), &full)
                };
                store.write(app, tell).await?;
                return Err(Fault::GroupFull.into());
            }
            outcome => outcome?,
        };
        let outcome = |(account, added): (contract::UserId, chat::group::member::Added)| Outcome {
            account: account.to_string(),
            result: added as i64,
        };
        Ok(Answer { member_list: addition.results.into_iter().map(outcome).collect() })
    }
}
