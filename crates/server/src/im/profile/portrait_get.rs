//! Reads fields of up to 100 profiles.

use std::collections::HashSet;

use chat::profile::{Class, get, tags};
use contract::codes::{self, Family};
use contract::{Error, Failure, Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;
use store::profiles::Profile;
use tracing::error;

use super::ProfileItem;
use crate::im::action::{Action, Call, Read};
use crate::im::fields::FieldFault;

/// Reads fields of up to 100 profiles. An account that does not exist, or whose profile cannot be read, does not keep
/// the others from being answered; if none exists the call as a whole fails.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PortraitGet {
    /// 1–100 UserIDs.
    #[serde(rename = "To_Account")]
    accounts: Vec<String>,
    /// 1–64 tags; see `portrait_set`.
    #[serde(rename = "TagList")]
    tags: Vec<String>,
}

/// One profile.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserProfileItem {
    /// Whose.
    #[serde(rename = "To_Account")]
    account: String,
    /// The fields that were asked for and hold something.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_item: Option<Vec<ProfileItem>>,
    /// Rises with every change of a standard field. An addition to the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_sequence: Option<i64>,
    /// Rises with every change of a custom field. An addition to the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_sequence: Option<i64>,
    /// 0, or why there is no profile.
    result_code: i32,
    /// Empty, or why in words.
    result_info: &'static str,
}

/// All of them, in the order asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    user_profile_item: Vec<UserProfileItem>,
    /// Accounts without a profile.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    failed: Vec<String>,
    /// Always empty.
    error_display: &'static str,
}

impl Action for PortraitGet {
    const NAME: &'static str = "profile/portrait_get";
    const FAMILY: Family = Family::Profile;
    const CHAPTER: &'static str = "profile";
    const FIELD_FAULT: FieldFault = |field, given| match (field, given) {
        ("To_Account", None | Some(Value::Null)) => Some(Fault::ProfileTargetMissing),
        _ => None,
    };
    type Answer = Answer;
}

impl Read for PortraitGet {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        if self.accounts.is_empty() {
            return Err(Fault::ProfileTargetMissing.into());
        }
        if self.accounts.len() > limit::PROFILE_BATCH {
            return Err(Fault::BatchSizeInvalid { max: limit::PROFILE_BATCH }.into());
        }
        tags(&call.app, Class::Admin, &self.tags)?;
        let users: Vec<Option<UserId>> = self.accounts.iter().map(|name| UserId::parse(name).ok()).collect();
        let known: Vec<UserId> = users.iter().flatten().cloned().collect();
        let mut found = get(snapshot, &known)?.into_iter();
        let mut answer = Answer { user_profile_item: Vec::new(), failed: Vec::new(), error_display: "" };
        for (name, user) in self.accounts.iter().zip(users) {
            let profile = user.and_then(|_| found.next().flatten());
            let item = self.item(name, profile.unwrap_or_else(|| Err(Fault::AccountUnknown.into())));
            if item.result_code != 0 && !answer.failed.contains(name) {
                answer.failed.push(name.clone());
            }
            answer.user_profile_item.push(item);
        }
        let unknown = codes::Profile::AccountUnknown.row().number();
        if answer.user_profile_item.iter().all(|item| Some(item.result_code) == unknown) {
            return Err(Fault::AccountUnknown.into());
        }
        Ok(answer)
    }
}

impl PortraitGet {
    fn item(&self, name: &str, profile: Result<Profile>) -> UserProfileItem {
        let account = name.to_owned();
        let profile = match profile {
            Ok(profile) => profile,
            Err(error) => {
                if let Error::Failure(failure @ Failure::Internal(_)) = &error {
                    error!(%failure, "a profile cannot be read");
                }
                let row = crate::im::spell(Family::Profile, &error);
                return UserProfileItem {
                    account,
                    profile_item: None,
                    standard_sequence: None,
                    custom_sequence: None,
                    result_code: crate::im::number(row),
                    result_info: row.text,
                };
            }
        };
        let mut asked = HashSet::new();
        let tags = self.tags.iter().filter(|tag| asked.insert(tag.as_str()));
        let held = tags.filter_map(|tag| {
            let value = profile.standard.get(tag).or_else(|| profile.custom.get(tag))?;
            Some(ProfileItem::of((tag.clone(), value.clone())))
        });
        UserProfileItem {
            account,
            profile_item: Some(held.collect()),
            standard_sequence: Some(profile.sequences.standard),
            custom_sequence: Some(profile.sequences.custom),
            result_code: 0,
            result_info: "",
        }
    }
}
