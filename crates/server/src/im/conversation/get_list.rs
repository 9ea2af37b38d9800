//! Lists the recent conversations of an account, the pinned ones first.

use std::sync::Arc;

use chat::conversation::list::{self, Asked, Entry};
use contract::codes::Family;
use contract::{Result, UserId, limit};
use gateway::order::Look;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::conversations::contacts::{self, Contact};
use store::conversations::list::Cursor;

use super::{Marks, check_alive};
use crate::im::action::{Action, Call, Perform};
use crate::im::fields::User;

/// A page of the recent conversations of an account: the pinned ones first, then the others, newest first. A page holds
/// up to 100. A conversation is listed from its first message until it is deleted, and again from its next message on.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetList {
    /// Whose list.
    #[serde(rename = "From_Account")]
    account: User,
    /// 0 for the first page, then what the page before answered.
    #[serde(rename = "TimeStamp")]
    time: u32,
    /// 0 for the first page, then what the page before answered.
    #[serde(rename = "StartIndex")]
    index: u32,
    /// As `TimeStamp`, of the pinned conversations.
    #[serde(rename = "TopTimeStamp")]
    top_time: u32,
    /// As `StartIndex`, of the pinned conversations.
    #[serde(rename = "TopStartIndex")]
    top_index: u32,
    /// A sum of: 1, pinned conversations come first; 2, also conversations without a message to show; 4, pinned
    /// conversations are paged by their own cursor, instead of all on the first page. 63 and more answer marks and groups
    /// as well.
    #[serde(rename = "AssistFlags")]
    flags: u32,
}

const WITH_PINS: u32 = 1;
const WITH_EMPTY: u32 = 2;
const PAGES_PINS: u32 = 4;
const WITH_MARKS: u32 = 63;

#[derive(Serialize, JsonSchema)]
struct SessionItem {
    /// 1 with an account, 2 of a group.
    #[serde(rename = "Type")]
    kind: u32,
    /// Type 1: the account.
    #[serde(rename = "To_Account", skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    /// Type 2: the group.
    #[serde(rename = "GroupId", skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Seconds, of the newest message.
    #[serde(rename = "MsgTime")]
    time: i64,
    /// 1 if it is pinned.
    #[serde(rename = "TopFlag")]
    top: u32,
    #[serde(flatten)]
    marks: Option<Marks>,
}

/// The page and where the next one goes on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    session_item: Vec<SessionItem>,
    /// 1 if this was the last page.
    complete_flag: u32,
    time_stamp: i64,
    start_index: i64,
    top_time_stamp: i64,
    top_start_index: i64,
    error_display: &'static str,
}

impl Action for GetList {
    const NAME: &'static str = "recentcontact/get_list";
    const FAMILY: Family = Family::Conversation;
    const CHAPTER: &'static str = "conversation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Perform for GetList {
    async fn perform(self, call: Call) -> Result<Answer> {
        let (asked, looking) = (Arc::new(self), call.clone());
        let account = asked.account.0.clone();
        let look = move |snapshot: &mut Snapshot<'_>| asked.read(&looking, snapshot);
        call.node.hub.order.read(&call.node.store, call.app.id, &account, look).await
    }
}

impl GetList {
    /// Reads the page; none if too much has moved since somebody looked.
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Option<Look<Answer>>> {
        let account = &self.account.0;
        let has = |flag: u32| self.flags & flag != 0;
        let is_first = (self.time, self.index) == (0, 0);
        let mut top = list::cursor_of(self.top_time.into(), self.top_index.into());
        let mut asked = Asked {
            behind: list::cursor_of(self.time.into(), self.index.into()),
            without_pinned: has(WITH_PINS),
            with_empty: has(WITH_EMPTY),
            with_groups: true,
            count: limit::CONVERSATION_PAGE,
            max: call.app.plan().allowance().conversations_max,
        };
        let beginning = list::begin(snapshot, account, &asked)?;
        check_alive(call, account, beginning.account.as_ref())?;
        let mut pinned = Vec::new();
        if has(WITH_PINS) && (is_first || has(PAGES_PINS)) {
            pinned = list::pinned(snapshot, account, &beginning, has(WITH_EMPTY))?;
            pinned.retain(|entry| entry.cursor < top);
            top = pinned.last().map_or(top, |entry| entry.cursor);
            asked.count -= pinned.len();
        }
        let Some(page) = list::page(snapshot, account, &asked, beginning)? else { return Ok(None) };
        let pins = pinned.len();
        pinned.extend(page.entries);
        let (time_stamp, start_index) = outside(page.next);
        let (top_time_stamp, top_start_index) = outside(top);
        let is_loose = page.is_loose;
        let answer = Answer {
            session_item: self.items(snapshot, pinned, pins)?,
            complete_flag: page.is_complete.into(),
            time_stamp,
            start_index,
            top_time_stamp,
            top_start_index,
            error_display: "",
        };
        Ok(Some(Look { answer, is_loose }))
    }

    fn items(&self, snapshot: &mut Snapshot<'_>, entries: Vec<Entry>, pins: usize) -> Result<Vec<SessionItem>> {
        let mut marks = Vec::new();
        if self.flags >= WITH_MARKS {
            let groups = contacts::groups(snapshot, &self.account.0)?;
            let states = list::states(snapshot, &self.account.0, entries.iter().map(|entry| &entry.peer))?;
            marks = states.iter().map(|state| Marks::of(state, &groups)).collect();
        }
        let mut marks = marks.into_iter();
        let item = |(index, entry): (usize, Entry)| {
            let name = Some(entry.peer.name().to_owned());
            let (kind, peer, group) = match entry.peer {
                Contact::User(_) => (1, name, None),
                Contact::Group(_) => (2, None, name),
            };
            SessionItem { kind, peer, group, time: entry.time, top: (index < pins).into(), marks: marks.next() }
        };
        Ok(entries.into_iter().enumerate().map(item).collect())
    }
}

/// A cursor as callers keep it; the start is two zeros.
fn outside(cursor: Cursor) -> (i64, i64) {
    if cursor == Cursor::START { (0, 0) } else { (cursor.time, list::index_of(&cursor)) }
}
