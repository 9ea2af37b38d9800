//! Answers chosen fields of chosen friends.

use std::collections::HashMap;

use chat::profile::{get, shown};
use contract::codes::Family;
use contract::{Fault, Result, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use super::{Tagged, accounts, check_batch, custom, name, owner, spell, standard};
use crate::im::action::{Action, Call, Read};
use crate::im::fields::User;
use crate::im::profile::ProfileItem;

/// Answers chosen fields of up to 1,000 chosen friends: what the account has noted of them, and what their profiles say.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FriendGetList {
    /// Whose friends.
    #[serde(rename = "From_Account")]
    from: User,
    /// 1–1,000 friends; a hundred are recommended.
    #[serde(rename = "To_Account")]
    to: Vec<Value>,
    /// 1–1,000 tags: `Tag_Profile_IM_…`, `Tag_SNS_IM_…`, `Tag_SNS_Custom_…`.
    #[serde(rename = "TagList")]
    tags: Vec<String>,
}

/// A friend.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// Who.
    #[serde(rename = "To_Account")]
    account: String,
    /// The chosen fields; what is empty is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sns_profile_item: Vec<Tagged>,
    /// 0, or why not.
    result_code: i32,
    /// Empty, or why not in words.
    result_info: String,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// In the order asked.
    info_item: Vec<Entry>,
    /// Those that are not friends; absent if none.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    fail_account: Vec<String>,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

impl Action for FriendGetList {
    const NAME: &'static str = "sns/friend_get_list";
    const FAMILY: Family = Family::Relation;
    const CHAPTER: &'static str = "relation";
    type Answer = Answer;

    fn is_own(&self, caller: &UserId) -> bool {
        self.from.0 == *caller
    }
}

impl Read for FriendGetList {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let from = owner(&self.from)?;
        check_batch(&self.to)?;
        check_batch(&self.tags)?;
        let is_known = |tag: &String| tag.starts_with("Tag_Profile_") || tag.starts_with("Tag_SNS_");
        if !self.tags.iter().all(is_known) {
            return Err(Fault::FieldInvalid { field: "TagList" }.into());
        }
        let (found, labels) = chat::relation::some(snapshot, &from, &accounts(&self.to))?;
        let friends: Vec<UserId> = found.iter().flatten().map(|row| row.friend.clone()).collect();
        let profiles = self.profiles(call, snapshot, &friends)?;
        let mut answer = Answer { info_item: Vec::new(), fail_account: Vec::new(), error_display: "" };
        for (account, found) in self.to.iter().map(name).zip(found) {
            let (sns_profile_item, result_code, result_info) = match found {
                Ok(friend) => {
                    let mut values = profiles.get(&friend.friend).cloned().unwrap_or_default();
                    values.extend(standard(&friend, &labels));
                    values.extend(custom(&friend)?);
                    values.retain(|field| self.tags.iter().any(|tag| *tag == field.tag));
                    (values, 0, String::new())
                }
                Err(fault) => {
                    answer.fail_account.push(account.clone());
                    let (code, info) = spell("FriendGetList", &fault);
                    (Vec::new(), code, info)
                }
            };
            answer.info_item.push(Entry { account, sns_profile_item, result_code, result_info });
        }
        Ok(answer)
    }
}

impl FriendGetList {
    /// What the caller may read of the profiles of friends.
    fn profiles(
        &self,
        call: &Call,
        snapshot: &mut Snapshot<'_>,
        friends: &[UserId],
    ) -> Result<HashMap<UserId, Vec<Tagged>>> {
        if !self.tags.iter().any(|tag| tag.starts_with("Tag_Profile_")) {
            return Ok(HashMap::new());
        }
        let mut known = HashMap::with_capacity(friends.len());
        for (friend, profile) in friends.iter().zip(get(snapshot, friends)?) {
            let Some(profile) = profile.transpose()? else { continue };
            let fields = shown(&call.app, call.class(), &profile).into_iter().map(ProfileItem::of);
            known.insert(
                friend.clone(),
                fields.map(|field| Tagged { tag: field.tag.into(), value: field.value }).collect(),
            );
        }
        Ok(known)
    }
}
