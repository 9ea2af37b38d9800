//! Marks guests of a live room.

use chat::live::check_managed;
use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use gateway::{MARK_HIDDEN, MARK_MIN, MARK_ROBOT};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BATCH, accounts, room, sets};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::{FieldFault, User};
use crate::im::group::{GroupName, group_fault};

/// Gives marks to accounts that are in a live room, or takes them. A room has up to ten marks of the app's own, each for
/// up to a thousand accounts. Accounts that are not there are left out; if none is, nothing is done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ModifyUserInfo {
    /// The group.
    group_id: GroupName,
    /// 1 gives, 2 takes.
    command_type: i64,
    /// Up to 500.
    member_list: Vec<Member>,
}

/// An account and its marks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Member {
    /// Who.
    #[serde(rename = "Member_Account")]
    account: User,
    /// From 1,000 on the app's own; 500 stays without a connection, 600 is shown in no list.
    marks: Vec<i64>,
}

/// An account that is there.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Marked {
    #[serde(rename = "Member_Account")]
    #[schemars(with = "String")]
    account: UserId,
    marks: Vec<i64>,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    command_type: i64,
    /// Those who are there.
    member_list: Vec<Marked>,
}

const fn is_mark(mark: i64) -> bool {
    mark >= MARK_MIN || mark == MARK_ROBOT || mark == MARK_HIDDEN
}

impl Action for ModifyUserInfo {
    const NAME: &'static str = "group_open_avchatroom_http_svc/modify_user_info";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for ModifyUserInfo {
    async fn perform(self, call: Call) -> Result<Answer> {
        check_managed(&call.app)?;
        let does_give = sets(self.command_type)?;
        let users: Vec<User> = self.member_list.iter().map(|member| member.account.clone()).collect();
        accounts(&users, "MemberList", BATCH)?;
        if self.member_list.iter().flat_map(|member| &member.marks).any(|mark| !is_mark(*mark)) {
            return Err(Fault::FieldInvalid { field: "Marks" }.into());
        }
        let key = room(&call, &self.group_id.0).await?;
        let live = call.node.hub.live();
        let mut marked = Vec::new();
        for Member { account, marks } in self.member_list {
            let one = [account.0.clone()];
            let mut is_there = !live.present(key, &one).is_empty();
            for mark in &marks {
                is_there &= match (does_give, *mark) {
                    (true, MARK_ROBOT) => {
                        live.keep(key, &self.group_id.0, &one, call.now, call.now.plus(limit::LIVE_ROBOT_MS));
                        true
                    }
                    (true, mark) => !live.mark(key, mark, &one)?.is_empty(),
                    (false, mark) => !live.unmark(key, mark, &one).is_empty(),
                };
            }
            if is_there {
                marked.push(Marked { account: account.0, marks });
            }
        }
        // Nobody of them is there.
        if marked.is_empty() {
            return Err(Fault::FieldInvalid { field: "MemberList" }.into());
        }
        Ok(Answer { command_type: self.command_type, member_list: marked })
    }
}
