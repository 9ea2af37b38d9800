//! Friends, friend groups and blocklists.
//!
//! A list of friends has a direction. Most commands take many items, of which each succeeds or fails on its own: the
//! answer lists them in the order asked, and once more those that failed.

pub mod black_list_add;
pub mod black_list_check;
pub mod black_list_delete;
pub mod black_list_get;
pub mod friend_add;
pub mod friend_check;
pub mod friend_delete;
pub mod friend_delete_all;
pub mod friend_get;
pub mod friend_get_list;
pub mod friend_import;
pub mod friend_update;
pub mod group_add;
pub mod group_delete;
pub mod group_get;

use std::borrow::Cow;

use chat::relation::Mutual;
use contract::codes::{self, Family};
use contract::{Fault, Result, UserId, limit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use store::relations::friends::Friend;
use store::relations::labels::Label;

use super::fields::User;
use super::number_of;

/// Tags of a friend's standard fields.
const GROUP: &str = "Tag_SNS_IM_Group";
const REMARK: &str = "Tag_SNS_IM_Remark";
const SOURCE: &str = "Tag_SNS_IM_AddSource";
const WORDING: &str = "Tag_SNS_IM_AddWording";
const ADD_TIME: &str = "Tag_SNS_IM_AddTime";
const REMARK_TIME: &str = "Tag_SNS_IM_RemarkTime";

/// What happened to one account of a batch.
#[derive(Serialize, JsonSchema)]
pub struct ItemResult {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// 0, or why not.
    #[serde(rename = "ResultCode")]
    code: i32,
    /// Empty, or why not in words.
    #[serde(rename = "ResultInfo")]
    info: String,
}

/// What happened to each account of a batch.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Items {
    /// In the order asked.
    result_item: Vec<ItemResult>,
    /// Those that failed; absent if none did.
    #[serde(rename = "Fail_Account", skip_serializing_if = "Vec::is_empty")]
    fail_account: Vec<String>,
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

/// An answer without fields of its own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Plain {
    /// Always empty; kept for clients that read it.
    error_display: &'static str,
}

/// A tag with its value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Tagged {
    /// `Tag_SNS_IM_…`, `Tag_SNS_Custom_…` or `Tag_Profile_…`.
    tag: Cow<'static, str>,
    /// Text, a whole number, or for groups a list of names.
    value: Value,
}

/// One name or several: the contract has both, and clients mix them up.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            One(String),
            Many(Vec<String>),
        }
        Ok(Self(match Either::deserialize(from)? {
            Either::One(name) if name.is_empty() => Vec::new(),
            Either::One(name) => vec![name],
            Either::Many(names) => names,
        }))
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "items": { "type": "string" } })
    }
}

/// Whose relations a call is about. That the caller may name the account is checked before (`Action::is_own`).
fn owner(from: &User) -> Result<UserId> {
    chat::relation::check_account(&from.0)?;
    Ok(from.0.clone())
}

/// Refuses a batch of the wrong size.
fn check_batch<T>(items: &[T]) -> Result<(), Fault> {
    let max = limit::RELATION_BATCH;
    if (1..=max).contains(&items.len()) { Ok(()) } else { Err(Fault::BatchSizeInvalid { max }) }
}

/// Reads a list of accounts; one that cannot be fails on its own.
fn accounts(list: &[Value]) -> Vec<Result<UserId, Fault>> {
    list.iter().map(account).collect()
}

fn account(name: &Value) -> Result<UserId, Fault> {
    let field = "To_Account";
    let name = name.as_str().ok_or(Fault::FieldInvalid { field })?;
    UserId::parse(name).map_err(|_| Fault::FieldInvalid { field })
}

/// Reads the items of a batch; one that does not fit its type fails on its own.
fn read<T: serde::de::DeserializeOwned>(items: &[Value], field: &'static str) -> Vec<Result<T, Fault>> {
    let one = |item: &Value| serde_json::from_value(item.clone()).map_err(|_| Fault::FieldInvalid { field });
    items.iter().map(one).collect()
}

/// The names of the accounts of items, as they were given.
fn names(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| name(item.get("To_Account").unwrap_or(&Value::Null))).collect()
}

/// An account's name as it was given; empty if it is none.
fn name(given: &Value) -> String {
    given.as_str().unwrap_or_default().to_owned()
}

/// Puts what became of a batch in words.
fn results(api: &str, names: Vec<String>, outcomes: &[Result<(), Fault>]) -> (Vec<ItemResult>, Vec<String>) {
    let mut failed = Vec::new();
    let mut items = Vec::with_capacity(outcomes.len());
    for (account, outcome) in names.into_iter().zip(outcomes) {
        let (code, info) = match outcome {
            Ok(()) => (0, String::new()),
            Err(fault) => {
                failed.push(account.clone());
                spell(api, fault)
            }
        };
        items.push(ItemResult { account, code, info });
    }
    (items, failed)
}

fn items(api: &str, names: Vec<String>, outcomes: &[Result<(), Fault>]) -> Items {
    let (result_item, fail_account) = results(api, names, outcomes);
    Items { result_item, fail_account, error_display: "" }
}

/// The number of an item's fault and its reason. Where the contract's own words are known, they are the same.
fn spell(api: &str, fault: &Fault) -> (i32, String) {
    let reason = match fault {
        Fault::NotAnAccount => "SdkAppId_Illegal",
        Fault::AccountUnknown => "Account_Not_Exist",
        Fault::SelfRelation => "Self",
        Fault::AlreadyFriend | Fault::AlreadyBlocked => "Already_Exist",
        Fault::NotFriend | Fault::FriendUnknown => "Friend_Not_Exist",
        Fault::NotBlocked => "Not_Exist",
        Fault::GroupedNotFriend => "ToTinyId_Not_Friend",
        Fault::RequestForbidden => "Forbid_Type_Send_Out",
        Fault::FriendQuota { .. } => "My_Friend_Num_Exceed_Threshold",
        Fault::PeerFriendQuota { .. } => "Peer_Friend_Num_Exceed_Threshold",
        Fault::FriendGroupQuota { .. } => "Group_Num_Exceed_Threshold",
        Fault::RequestQuota { .. } => "Pendency_Num_Exceed_Threshold",
        Fault::BlocklistQuota { .. } => "BlackList_Num_Exceed_Threshold",
        Fault::PeerBlocked => "Peer_In_Self_BlackList",
        Fault::BlockedByPeer => "Self_In_Peer_BlackList",
        Fault::RequestRefused => "Allow_Type_Deny_Any",
        Fault::RequestPending => "Allow_Type_Need_Confirm",
        Fault::RequestThrottled | Fault::RemoveThrottled => "Freq_Limit",
        Fault::FieldMissing { field } | Fault::FieldInvalid { field } | Fault::FieldTooLong { field, .. } => {
            return (number_of(Family::Relation, fault), format!("Err_SNS_{api}_Invalid_{field}"));
        }
        _ => return (number_of(Family::Relation, fault), codes::render(Family::Relation, fault).text.to_owned()),
    };
    (number_of(Family::Relation, fault), format!("Err_SNS_{api}_{reason}"))
}

/// Which of two answers a type asks for.
fn is_both(given: &str, single: &str, both: &str, field: &'static str) -> Result<bool, Fault> {
    if given == both {
        Ok(true)
    } else if given == single {
        Ok(false)
    } else {
        Err(Fault::FieldInvalid { field })
    }
}

/// What an account is to another one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Checked {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// `…_AWithB`: it is on the caller's list; `…_BWithA`: the caller is on its; `…_BothWay`; or none of them.
    relation: String,
    /// 0, or why not.
    result_code: i32,
    /// Empty, or why not in words.
    result_info: String,
}

/// Puts the answers of a check in words, with the prefix of its type and its word for none. Answers also whom it failed
/// for.
fn checked(
    api: &str,
    prefix: &str,
    none: &str,
    names: Vec<String>,
    found: Vec<Result<Mutual, Fault>>,
) -> (Vec<Checked>, Vec<String>) {
    let mut failed = Vec::new();
    let one = |(account, found): (String, Result<Mutual, Fault>)| {
        let (mutual, result_code, result_info) = match found {
            Ok(mutual) => (mutual, 0, String::new()),
            Err(fault) => {
                failed.push(account.clone());
                let (code, info) = spell(api, &fault);
                (Mutual::Neither, code, info)
            }
        };
        let word = match mutual {
            Mutual::Neither => none,
            Mutual::Mine => "AWithB",
            Mutual::Theirs => "BWithA",
            Mutual::Both => "BothWay",
        };
        Checked { account, relation: format!("{prefix}_{word}"), result_code, result_info }
    };
    let checked = names.into_iter().zip(found).map(one).collect();
    (checked, failed)
}

/// The standard fields of a friend; what is empty is left out.
fn standard(friend: &Friend, labels: &[Label]) -> Vec<Tagged> {
    let groups = chat::relation::names_of(friend, labels);
    let text =
        |tag: &'static str, text: &str| (!text.is_empty()).then(|| Tagged { tag: tag.into(), value: text.into() });
    let time = |tag: &'static str, time: i64| (time > 0).then(|| Tagged { tag: tag.into(), value: time.into() });
    let fields = [
        (!groups.is_empty()).then(|| Tagged { tag: GROUP.into(), value: groups.into() }),
        text(REMARK, &friend.remark),
        text(SOURCE, &friend.source),
        text(WORDING, &friend.wording),
        time(ADD_TIME, friend.added_at),
        time(REMARK_TIME, friend.remark_at),
    ];
    fields.into_iter().flatten().collect()
}

/// The app's own fields of a friend.
fn custom(friend: &Friend) -> Result<Vec<Tagged>> {
    let fields: Map<String, Value> = chat::relation::fields_of(&friend.custom)?;
    Ok(fields.into_iter().map(|(tag, value)| Tagged { tag: tag.into(), value }).collect())
}
