//! Broadcasts: attributes and tags of accounts, pushes to all who match, to named ones, and taking them back.
//!
//! Two products share one model: `all_member_push` and `timpush`. What differs is at this surface: the first refuses a
//! call that names an unknown account, the second does the rest and lists it; only the second revokes.
//!
//! * a file for each verb, with both products' commands. `condition`: who matches. `content`: what is carried.
//! * `hands`: how a broadcast gets to connected accounts. `task`: the ids that callers know.

pub mod add_tag;
pub mod batch;
pub mod clear_tags;
mod condition;
mod content;
pub mod get_attr;
pub mod get_attr_name;
pub mod get_tag;
pub mod hands;
pub mod im_push;
pub mod push;
pub mod remove_attr;
pub mod remove_tag;
pub mod revoke;
pub mod set_attr;
pub mod set_attr_name;
mod task;

use ::push::broadcast::Rule;
use contract::codes::{self, Family};
use contract::{Fault, Result, UserId, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Snapshot;

use super::action::Call;
use super::number_of;

/// Which of the two is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// `all_member_push`: a plan may lack it.
    AllMember,
    /// `timpush`.
    TimPush,
}

/// Refuses an app that may not broadcast.
pub fn admit(call: &Call, product: Product) -> Result<(), Fault> {
    let is_planned = product == Product::TimPush || call.app.plan().allowance().has_all_member_push;
    if is_planned && call.app.settings.has_broadcast { Ok(()) } else { Err(Fault::BroadcastDisabled) }
}

/// How often the app may.
pub fn rule(call: &Call) -> Rule {
    let allowance = call.app.plan().allowance();
    Rule { per_day: allowance.broadcasts_per_day, pause_ms: allowance.broadcast_pause_ms }
}

/// An account that a call names and that is not there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Missed {
    #[serde(rename = "To_Account")]
    account: String,
    error_code: i32,
    error_info: &'static str,
}

impl Missed {
    fn new(account: &str) -> Self {
        let fault = Fault::AccountUnknown;
        let error_info = codes::render(Family::Message, &fault).text;
        Self { account: account.to_owned(), error_code: number_of(Family::Message, &fault), error_info }
    }
}

/// What is answered where nothing is asked back: those that could not be served, if any.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_list: Vec<Missed>,
}

/// Those that live, each with the place of its entry, and those that are listed.
type Known = (Vec<(UserId, usize)>, Vec<Missed>);

/// Looks up the accounts that a call names, 1 to 100 of them. Answers those that live, each with its entry, and the
/// others as the product lists them.
pub fn named<T>(
    snapshot: &mut Snapshot<'_>,
    product: Product,
    entries: &[T],
    name: impl Fn(&T) -> &str,
) -> Result<Known> {
    if entries.is_empty() {
        return Err(Fault::FieldInvalid { field: "To_Account" }.into());
    }
    if entries.len() > limit::TAGGED_BATCH {
        return Err(Fault::PeersTooMany { max: limit::TAGGED_BATCH }.into());
    }
    let asked: Vec<(usize, UserId)> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| UserId::parse(name(entry)).ok().map(|user| (index, user)))
        .collect();
    let users: Vec<UserId> = asked.iter().map(|(_, user)| user.clone()).collect();
    let living = chat::account::check(snapshot, &users)?;
    let known: Vec<(UserId, usize)> = asked
        .into_iter()
        .zip(living)
        .filter(|(_, is_alive)| *is_alive)
        .map(|((index, user), _)| (user, index))
        .collect();
    let is_known = |index: usize| known.iter().any(|(_, own)| *own == index);
    let missed: Vec<Missed> = entries
        .iter()
        .enumerate()
        .filter(|(index, _)| !is_known(*index))
        .map(|(_, entry)| Missed::new(name(entry)))
        .collect();
    match product {
        Product::AllMember if !missed.is_empty() => Err(Fault::NamedUnknown.into()),
        Product::TimPush if known.is_empty() => Err(Fault::AccountUnknown.into()),
        _ => Ok((known, missed)),
    }
}

/// The accounts that a call is about.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserTags {
    /// The account.
    #[serde(rename = "To_Account")]
    account: String,
    /// At most 10 tags of at most 50 bytes.
    tags: Vec<String>,
}

/// Tags by account, for those that live.
fn tags_by_account(known: &[(UserId, usize)], entries: &[UserTags]) -> Vec<(UserId, Vec<String>)> {
    known.iter().map(|(user, index)| (user.clone(), entries[*index].tags.clone())).collect()
}

/// The faults of the fields of a push.
pub fn push_fault(field: &'static str, _: Option<&Value>) -> Option<Fault> {
    match field {
        "MsgRandom" => Some(Fault::MsgRandomInvalid),
        "From_Account" => Some(Fault::SenderInvalid),
        _ => None,
    }
}
