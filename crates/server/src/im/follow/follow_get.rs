//! Lists whom an account follows, or who follows it.

use contract::codes::Family;
use contract::profile::standard;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::follows::List;

use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;
use crate::im::profile::ProfileItem;

/// Lists whom an account follows, who follows it, or who does both, the newest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct FollowGet {
    /// Whose list.
    #[serde(rename = "From_Account")]
    account: User,
    /// 1: who follows it; 2: whom it follows; 3: who does both.
    follow_type: u8,
    /// `NextCursor` of an earlier answer; empty or absent means from the newest.
    start_cursor: Option<String>,
    /// 1–1,000; absent means 100. A page may be shorter before the end, where profiles are large.
    want_num: Option<u32>,
}

/// An account of the list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Listed {
    /// The other account.
    #[serde(rename = "To_Account")]
    account: String,
    /// Since when, in seconds; of a mutual one since when `From_Account` follows it.
    follow_time: i64,
    /// The standard fields of its profile that hold something.
    profile_item: Vec<ProfileItem>,
    /// Rises with every change of its profile.
    #[serde(rename = "profile_sequence")]
    sequence: i64,
}

/// A page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    follow_item: Vec<Listed>,
    /// Where the next page goes on; empty at the end.
    next_cursor: String,
    /// 1 at the end, otherwise 0.
    complete_flag: u8,
    /// Always empty.
    error_display: &'static str,
}

impl Action for FollowGet {
    const NAME: &'static str = "follow/follow_get";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "follow";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.account.0 == *caller
    }
}

impl Read for FollowGet {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let list = match self.follow_type {
            1 => List::Followers,
            2 => List::Following,
            3 => List::Mutual,
            _ => return Err(Fault::FieldInvalid { field: "FollowType" }.into()),
        };
        let count = self.want_num.map_or(limit::FOLLOW_PAGE_DEFAULT, |wanted| wanted as usize);
        if !(1..=limit::FOLLOW_PAGE).contains(&count) {
            return Err(Fault::FieldInvalid { field: "WantNum" }.into());
        }
        let cursor = self.start_cursor.as_deref().unwrap_or_default();
        let page = chat::follow::list(snapshot, &call.app, &self.account.0, list, cursor, count)?;
        let listed = page.listed.into_iter().map(|listed| {
            let profile = listed.profile;
            let fields = profile.standard.into_iter().filter(|(tag, _)| standard(tag).is_some());
            Listed {
                account: listed.entry.account.to_string(),
                follow_time: listed.entry.at.secs(),
                profile_item: fields.map(ProfileItem::of).collect(),
                sequence: profile.sequences.standard + profile.sequences.custom,
            }
        });
        Ok(Answer {
            follow_item: listed.collect(),
            complete_flag: u8::from(page.next.is_empty()),
            next_cursor: page.next,
            error_display: "",
        })
    }
}
