//! Live rooms: who is in them, who may not be, who helps the owner, and what is said to all of them.
//!
//! Who is in a room is known to the node that its connections are on, and to no table.

pub mod add_robots;
pub mod ban_group_member;
pub mod check_members;
pub mod del_robots;
pub mod get_admin_list;
pub mod get_group_ban_member;
pub mod get_members;
pub mod get_online_member_num;
pub mod modify_admin;
pub mod modify_user_info;
pub mod send_broadcast_msg;
pub mod unban_group_member;

use contract::group::GroupId;
use contract::{AppId, ConversationId, Fault, Result, UserId};
use serde::Serialize;
use store::accounts;

use super::action::Call;
use super::fields::User;

/// The accounts of a list that may not be empty and has a bound.
pub(super) fn accounts(users: &[User], field: &'static str, max: usize) -> Result<Vec<UserId>, Fault> {
    match users.len() {
        0 => Err(Fault::FieldInvalid { field }),
        count if count > max => Err(Fault::BatchSizeInvalid { max }),
        _ => Ok(users.iter().map(|user| user.0.clone()).collect()),
    }
}

/// Accounts of one call, where the contract names no other bound.
pub(super) const BATCH: usize = 500;

/// Finds a live room by its id.
async fn room(call: &Call, id: &GroupId) -> Result<(AppId, ConversationId)> {
    let asked = id.clone();
    let found = call.node.store.read(call.app.id, move |snapshot| chat::live::room(snapshot, &asked)).await?;
    Ok((call.app.id, found.conversation))
}

/// 1 sets, 2 takes back.
fn sets(kind: i64) -> Result<bool, Fault> {
    match kind {
        1 => Ok(true),
        2 => Ok(false),
        _ => Err(Fault::FieldInvalid { field: "CommandType" }),
    }
}

/// Reads nicks and pictures of accounts, in their order.
async fn cards(call: &Call, names: Vec<UserId>) -> Result<Vec<(UserId, String, String)>> {
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let mut cards = Vec::with_capacity(names.len());
        for some in names.chunks(contract::limit::STORE_PAGE) {
            let found = accounts::among(snapshot, some)?;
            for name in some {
                let account = found.iter().find(|account| account.id == *name);
                let text = |of: fn(&accounts::Account) -> &String| account.map(of).cloned().unwrap_or_default();
                cards.push((name.clone(), text(|account| &account.nick), text(|account| &account.face)));
            }
        }
        Ok(cards)
    };
    call.node.store.read(call.app.id, read).await
}

/// Accounts as a list of names.
fn names(accounts: &[UserId]) -> Vec<String> {
    accounts.iter().map(ToString::to_string).collect()
}

/// An answer that names accounts.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Members {
    /// Who.
    #[serde(rename = "Member_Account")]
    pub(super) members: Vec<String>,
}
