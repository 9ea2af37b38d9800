//! Lists who is in a live room.

use chat::live::check_managed;
use contract::codes::Family;
use contract::{Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{cards, room};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::FieldFault;
use crate::im::group::{GroupName, group_fault};

/// Lists who is in a live room, the latest first, in pages of 500: the latest thousand where the plan includes the
/// management of live rooms, and thirty elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GetMembers {
    /// The group.
    group_id: GroupName,
    /// 0, or `NextTimestamp` of the last page.
    timestamp: u64,
    /// Only those with this mark.
    mark: Option<i64>,
}

/// Somebody who is there.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Member {
    #[serde(rename = "Member_Account")]
    account: String,
    /// Since when, in seconds since the epoch.
    join_time: i64,
    nick_name: String,
    avatar: String,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    member_list: Vec<Member>,
    /// Where the next page begins; 0 if there is none.
    next_timestamp: u64,
}

impl Action for GetMembers {
    const NAME: &'static str = "group_open_avchatroom_http_svc/get_members";
    const FAMILY: Family = Family::Group;
    const CHAPTER: &'static str = "live-room";
    const FIELD_FAULT: FieldFault = group_fault;
    type Answer = Answer;
}

impl Perform for GetMembers {
    async fn perform(self, call: Call) -> Result<Answer> {
        let key = room(&call, &self.group_id.0).await?;
        let newest = if check_managed(&call.app).is_ok() { limit::LIVE_SHOWN } else { limit::LIVE_SHOWN_LESS };
        let page = call.node.hub.live().guests(key, self.mark, self.timestamp, limit::LIVE_PAGE, newest);
        let times: Vec<i64> = page.guests.iter().map(|guest| guest.since.secs()).collect();
        let names = page.guests.into_iter().map(|guest| guest.account).collect();
        let cards = cards(&call, names).await?;
        let member = |((account, nick_name, avatar), join_time): ((contract::UserId, String, String), i64)| Member {
            account: account.to_string(),
            join_time,
            nick_name,
            avatar,
        };
        Ok(Answer { member_list: cards.into_iter().zip(times).map(member).collect(), next_timestamp: page.next })
    }
}
