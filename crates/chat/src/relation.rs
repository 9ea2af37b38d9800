//! Relations: friends, friend groups, blocklists and friend requests.
//!
//! A list of friends has a direction: B in the list of A. Two who have each other are friends both ways. A batch is one
//! transaction in which each item succeeds or fails on its own; an item fails with the fault that it would be refused
//! with alone.
//!
//! * `scene`: one account and the others that a call names, held and read at once, changed in memory, written back.
//! * `add`: new friends, asked for, forced or imported. `edit`: what is noted of them, and their removal.
//! * `request`: answers to friend requests. `block`: blocklists. `group`: friend groups. `look`: what only reads.

mod add;
mod block;
mod edit;
mod group;
mod look;
mod request;
mod scene;

use contract::error::refuse;
use contract::webhook::Happening;
use contract::{Fault, Millis, Result, UserId, limit};
use serde_json::{Map, Value};
use store::{Snapshot, Tx, accounts, relations};

pub use add::{Ask, Imported, Way, add, import};
pub use block::{block, unblock};
pub use edit::{Changes, delete, delete_all, update};
pub use group::{add_groups, change_group, delete_groups, rename_group};
pub use look::{
    Blocklist, Chosen, Friends, Group, Groups, Mutual, Requests, Since, blocklist, check, check_blocks, friends,
    friends_since, groups, names_of, received, root, sent, some,
};
pub use request::{accept, check_answer, mark_seen, refuse_request, remove_request};

use scene::Scene;

/// What became of each item of a batch.
pub type Outcomes = Vec<Result<(), Fault>>;

/// What the tags of the app's own fields begin with.
pub const CUSTOM: &str = "Tag_SNS_Custom_";

/// Leaves what happened for a webhook: as many events as their size needs, and none if nothing happened.
fn after_hooks<T>(tx: &mut Tx<'_>, now: Millis, items: &[T], happening: impl Fn(&[T]) -> Happening) -> Result<()> {
    items.chunks(limit::RELATION_BATCH).try_for_each(|items| tx.after_hook(now, &happening(items)))
}

/// Refuses an id that can never have relations.
fn check_peer(from: &UserId, to: &UserId) -> Result<(), Fault> {
    if from == to {
        Err(Fault::SelfRelation)
    } else if to.is_reserved() {
        Err(Fault::NotAnAccount)
    } else {
        Ok(())
    }
}

/// Refuses an id that names another kind of thing, whoever it is compared with.
pub fn check_account(user: &UserId) -> Result<(), Fault> {
    if user.is_reserved() { Err(Fault::NotAnAccount) } else { Ok(()) }
}

/// Refuses where one of the accounts does not live.
pub fn check_alive(snapshot: &mut Snapshot<'_>, users: &[&UserId]) -> Result<()> {
    let alive = |user: &&UserId| Ok(accounts::get(snapshot, user)?.is_some_and(|account| account.is_alive()));
    let alive: Vec<bool> = users.iter().map(alive).collect::<Result<_>>()?;
    if alive.contains(&false) { refuse(Fault::AccountUnknown) } else { Ok(()) }
}

/// Refuses a text over its bound. One of the stores keeps no NUL in a text.
fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), Fault> {
    if text.contains('\0') {
        Err(Fault::FieldInvalid { field })
    } else if text.len() > max {
        Err(Fault::FieldTooLong { field, max })
    } else {
        Ok(())
    }
}

/// Refuses what cannot be the name of a friend group.
pub fn check_group(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::FieldInvalid { field: "GroupName" });
    }
    check_text("GroupName", name, limit::FRIEND_GROUP_BYTES)
}

/// Refuses a source that is not of the documented form; a device may leave it out.
fn check_source(source: &str) -> Result<(), Fault> {
    let is_word = |word: &str| {
        (1..=limit::ADD_SOURCE_LETTERS).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    if source.is_empty() || source.strip_prefix("AddSource_Type_").is_some_and(is_word) {
        Ok(())
    } else {
        Err(Fault::FieldInvalid { field: "AddSource" })
    }
}

/// Refuses fields that the app has not declared, and values that are neither a bounded text nor a whole number.
fn check_custom(declared: &[String], custom: &Map<String, Value>) -> Result<(), Fault> {
    for (tag, value) in custom {
        let is_declared = tag.strip_prefix(CUSTOM).is_some_and(|word| declared.iter().any(|own| own == word));
        if !is_declared {
            return Err(Fault::FieldInvalid { field: "Tag" });
        }
        match value {
            Value::String(text) => check_text("Value", text, limit::FRIEND_FIELD_BYTES)?,
            Value::Number(number) if number.is_i64() || number.is_u64() => {}
            _ => return Err(Fault::FieldInvalid { field: "Value" }),
        }
    }
    Ok(())
}

/// Puts new values over kept ones; an empty text takes a field away.
fn merge_custom(kept: &str, custom: &Map<String, Value>) -> Result<String> {
    let mut fields = fields_of(kept)?;
    for (tag, value) in custom {
        if value == "" {
            fields.remove(tag);
        } else {
            fields.insert(tag.clone(), value.clone());
        }
    }
    Ok(if fields.is_empty() { String::new() } else { Value::Object(fields).to_string() })
}

/// The app's own fields as they are kept.
pub fn fields_of(kept: &str) -> Result<Map<String, Value>> {
    if kept.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(kept).map_err(|error| contract::Failure::internal(error).into())
}

/// Ends every relation of an account with up to about a thousand others, in both directions. Answers whether none is
/// left; if not, it is to be called again, in a transaction of its own: any number of accounts may have this one in
/// their lists.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<bool> {
    let max = limit::RELATION_BATCH;
    let friends_of = relations::friends::whose(tx, account, max)?;
    let blocked_by = relations::blocks::whose(tx, account, max)?;
    let received = relations::requests::received(tx, account)?;
    let sent = relations::requests::sent(tx, account, 0, max)?;
    let is_last = friends_of.len() < max && blocked_by.len() < max && sent.len() < max;
    let askers = received.iter().map(|request| &request.asker);
    let others: std::collections::BTreeSet<UserId> = friends_of
        .iter()
        .chain(&blocked_by)
        .chain(askers)
        .chain(sent.iter().map(|request| &request.receiver))
        .filter(|other| *other != account)
        .cloned()
        .collect();
    let others: Vec<UserId> = others.into_iter().collect();
    let mut scene = Scene::open(tx, account, &others)?;
    if !scene.is_alive(account) {
        return Ok(true);
    }
    for other in &others {
        scene.unlink(other, account)?;
        scene.unblock(other, account)?;
        scene.drop_requests(other)?;
    }
    if is_last {
        relations::friends::clear(tx, account)?;
        relations::labels::clear(tx, account)?;
        relations::blocks::clear(tx, account)?;
        scene.reset()?;
    }
    scene.close(tx)?;
    Ok(is_last)
}

/// Whether anybody has the account as a friend, on the blocklist or in a request.
pub(crate) fn is_of_any(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<bool> {
    Ok(!relations::friends::whose(snapshot, account, 1)?.is_empty()
        || !relations::blocks::whose(snapshot, account, 1)?.is_empty()
        || !relations::requests::received(snapshot, account)?.is_empty()
        || !relations::requests::sent(snapshot, account, 0, 1)?.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_is_a_word_after_its_prefix() {
        for (source, is_good) in [
            ("", true),
            ("AddSource_Type_Web", true),
            ("AddSource_Type_abcdefgh", true),
            ("AddSource_Type_abcdefghi", false),
            ("AddSource_Type_", false),
            ("AddSource_Type_a1", false),
            ("Web", false),
        ] {
            assert_eq!(check_source(source).is_ok(), is_good, "{source}");
        }
    }

    #[test]
    fn custom_fields_are_declared_texts_and_whole_numbers() {
        let declared = ["Level".to_owned()];
        let check = |value: Value| check_custom(&declared, value.as_object().expect("an object"));
        assert_eq!(check(json!({ "Tag_SNS_Custom_Level": "x".repeat(500) })), Ok(()));
        assert_eq!(check(json!({ "Tag_SNS_Custom_Level": -3 })), Ok(()));
        assert!(check(json!({ "Tag_SNS_Custom_Level": "x".repeat(501) })).is_err());
        assert!(check(json!({ "Tag_SNS_Custom_Level": 1.5 })).is_err());
        assert!(check(json!({ "Tag_SNS_Custom_Level": ["a"] })).is_err());
        assert!(check(json!({ "Tag_SNS_Custom_Other": "x" })).is_err());
        assert!(check(json!({ "Tag_SNS_IM_Remark": "x" })).is_err());
        let kept = merge_custom(r#"{"a":1,"b":"x"}"#, json!({ "a": "", "c": 2 }).as_object().expect("an object"));
        assert_eq!(kept, Ok(r#"{"b":"x","c":2}"#.to_owned()));
        assert_eq!(merge_custom(r#"{"a":1}"#, json!({ "a": "" }).as_object().expect("an object")), Ok(String::new()));
    }
}
