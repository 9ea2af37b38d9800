//! Says how up to 500 accounts are reached at the moment.

use contract::codes::Family;
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use crate::im::action::{Action, Call, Read};
use crate::im::fields::{FieldFault, UpTo, User};
use crate::im::message::list_fault;
use crate::im::number_of;

/// Says how up to 500 accounts are reached at the moment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryOnlineStatus {
    /// 1–500 UserIDs.
    #[serde(rename = "To_Account")]
    #[schemars(with = "UpTo<User, 500>")]
    accounts: Vec<Value>,
    /// 1 asks for each platform.
    is_need_detail: Option<i64>,
}

/// The older name of `openim/query_online_status`; it answers no list of failures.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Querystate {
    /// 1–500 UserIDs.
    #[serde(rename = "To_Account")]
    #[schemars(with = "UpTo<User, 500>")]
    accounts: Vec<Value>,
}

/// One account. Older clients read `State`, newer ones `Status`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Known {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// `Online`, `PushOnline` or `Offline`.
    status: &'static str,
    /// The same, by its older name.
    state: &'static str,
    /// Its platforms that are not offline, where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Vec<Detail>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    /// The platform.
    platform: &'static str,
    /// `Online` or `PushOnline`.
    status: &'static str,
}

/// An account that could not be asked about.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Unknown {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// Why not.
    error_code: i32,
}

/// All of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Those that were asked about, in the order asked.
    query_result: Vec<Known>,
    /// Those that could not be; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Unknown>,
}

impl Action for QueryOnlineStatus {
    const NAME: &'static str = "openim/query_online_status";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = list_fault;
    type Answer = Answer;
}

impl Read for QueryOnlineStatus {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        query(call, snapshot, &self.accounts, self.is_need_detail == Some(1))
    }
}

impl Action for Querystate {
    const NAME: &'static str = "openim/querystate";
    const FAMILY: Family = Family::Message;
    const CHAPTER: &'static str = "account";
    const FIELD_FAULT: FieldFault = list_fault;
    type Answer = Answer;
}

impl Read for Querystate {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        Ok(Answer { error_list: Vec::new(), ..query(call, snapshot, &self.accounts, false)? })
    }
}

fn query(call: &Call, snapshot: &mut Snapshot<'_>, accounts: &[Value], has_detail: bool) -> Result<Answer> {
    if accounts.is_empty() {
        return Err(Fault::FieldMissing { field: "To_Account" }.into());
    }
    if accounts.len() > limit::RECEIVER_BATCH {
        return Err(Fault::ReceiversTooMany { max: limit::RECEIVER_BATCH }.into());
    }
    let names =
        accounts.iter().map(|name| name.as_str().ok_or(Fault::ReceiverInvalid)).collect::<Result<Vec<_>, _>>()?;
    let users: Vec<UserId> = names.iter().filter_map(|name| UserId::parse(name).ok()).collect();
    let mut found = chat::login::presence(snapshot, call.now, &users)?.into_iter().zip(&users).peekable();
    let mut answer = Answer { query_result: Vec::new(), error_list: Vec::new() };
    for name in names {
        let presence = found.next_if(|(_, user)| user.as_str() == name).and_then(|(presence, _)| presence);
        let account = name.to_owned();
        let Some(presence) = presence else {
            let error_code = number_of(Family::Account, &Fault::AccountUnknown);
            answer.error_list.push(Unknown { account, error_code });
            continue;
        };
        let status = presence.status.as_str();
        let detail = has_detail.then(|| {
            let platforms = presence.platforms.iter();
            platforms
                .map(|(platform, status)| Detail { platform: platform.as_str(), status: status.as_str() })
                .collect()
        });
        answer.query_result.push(Known { account, status, state: status, detail });
    }
    // Nothing could be asked about: the call as a whole fails, with the code of its items.
    if answer.query_result.is_empty() {
        return Err(Fault::AccountUnknown.into());
    }
    Ok(answer)
}
