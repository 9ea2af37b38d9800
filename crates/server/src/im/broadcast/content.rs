//! What a push carries: its message, its notification, its bounds; checked in the documented order.

use ::push::chat::{Notice, check_push_info, notice};
use ::push::notice::notification;
use contract::message::check_body;
use contract::notification::Notification;
use contract::{Fault, Result, UserId, limit};
use serde_json::{Map, Value};
use store::accounts;

use crate::im::action::Call;

/// What is carried, as it was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    /// `MsgBody`.
    pub body: Option<Value>,
    /// `OfflinePushInfo`.
    pub push: Option<Value>,
    /// `Condition`.
    pub condition: Option<Value>,
}

impl Carried {
    /// Refuses what is over the bound, before anything of it is looked at.
    pub(super) fn check_size(&self) -> Result<(), Fault> {
        let size = |part: &Option<Value>| part.as_ref().map_or(0, |part| part.to_string().len());
        let bytes = size(&self.body) + size(&self.push) + size(&self.condition);
        let max = limit::BROADCAST_BYTES;
        if bytes > max { Err(Fault::BroadcastTooLong { max }) } else { Ok(()) }
    }

    /// The message, which must be there.
    pub(super) fn message(&self) -> Result<&Value, Fault> {
        let body = self.body.as_ref().ok_or(Fault::MsgBodyInvalid)?;
        check_body(body)?;
        Ok(body)
    }

    /// The options of the notification; none where none are given.
    pub(super) fn info(&self) -> Result<Option<&Map<String, Value>>, Fault> {
        match &self.push {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(info)) => {
                check_push_info(info)?;
                Ok(Some(info))
            }
            Some(_) => Err(Fault::PushInfoInvalid),
        }
    }

    /// Tells the same from others: everything that is carried, and what else makes a difference.
    pub(super) fn print(&self, others: &[&str]) -> u32 {
        let mut hash = crc32fast::Hasher::new();
        for part in [&self.body, &self.push, &self.condition] {
            hash.update(part.as_ref().map(Value::to_string).unwrap_or_default().as_bytes());
            hash.update(&[0]);
        }
        for other in others {
            hash.update(other.as_bytes());
            hash.update(&[0]);
        }
        hash.finalize()
    }
}

/// Who speaks, with the name that notifications show.
pub(super) async fn speaker(call: &Call, named: Option<UserId>) -> Result<(UserId, String)> {
    let sender = named.unwrap_or_else(|| call.caller.clone());
    let asked = sender.clone();
    let found = call.node.store.read(call.app.id, move |snapshot| accounts::get(snapshot, &asked)).await?;
    match found {
        Some(account) if account.is_alive() => Ok((sender, account.nick)),
        _ if call.app.is_admin(&sender) => Ok((sender, String::new())),
        _ => Err(Fault::BatchSenderUnknown.into()),
    }
}

/// The notification of a message; none if it must stay silent.
pub(super) fn announced(sender: &UserId, nick: &str, body: &Value, info: Option<&Value>) -> Option<Notification> {
    let text = notice(sender, body, info)?;
    let notice: Notice = serde_json::from_str(&text).ok()?;
    Some(notification(&notice, nick))
}

/// A notification that stands for itself: its text is its own, and it counts on the icon only where it says so.
pub(super) fn bare(sender: &UserId, nick: &str, info: &Map<String, Value>) -> Result<Notification, Fault> {
    let text = info.get("Desc").and_then(Value::as_str).unwrap_or_default().to_owned();
    let notice = Notice { sender: sender.to_string(), text, info: info.clone() };
    let mut made = notification(&notice, nick);
    let apns = info.get("ApnsInfo").and_then(Value::as_object);
    let counts = apns.and_then(|apns| apns.get("BadgeMode")).and_then(Value::as_i64) == Some(0);
    if !counts && !info.contains_key("BadgeSetNum") && !info.contains_key("BadgeAddNum") {
        made.badge = None;
    }
    if made.title.is_empty() && made.body.is_empty() && !made.has_content {
        return Err(Fault::PushInfoInvalid);
    }
    Ok(made)
}

/// Reads a name of the caller's own for a push.
pub(super) fn data_id(given: Option<String>) -> Result<String, Fault> {
    let id = given.unwrap_or_default();
    let max = limit::DATA_ID_BYTES;
    if id.len() > max {
        return Err(Fault::DataIdTooLong { max });
    }
    if id.contains('\0') { Err(Fault::FieldInvalid { field: "DataId" }) } else { Ok(id) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bare_notification_needs_something_to_show_and_counts_only_where_it_says_so() {
        let sender = UserId::trusted("administrator");
        let made = |info: Value| bare(&sender, "", info.as_object().expect("an object"));
        assert_eq!(made(json!({})), Err(Fault::PushInfoInvalid));
        assert_eq!(made(json!({ "Desc": "d" })).map(|made| made.badge), Ok(None));
        assert!(made(json!({ "Title": "t", "ApnsInfo": { "BadgeMode": 0 } })).is_ok_and(|made| made.badge.is_some()));
        assert!(made(json!({ "Title": "t", "BadgeSetNum": 3 })).is_ok_and(|made| made.badge.is_some()));
        assert!(made(json!({ "ApnsInfo": { "ContentAvailable": 1 } })).is_ok());
    }

    #[test]
    fn the_print_tells_what_is_carried_from_what_is_not() {
        let carried = |text: &str| Carried { body: Some(json!(text)), ..Carried::default() };
        assert_eq!(carried("a").print(&["1"]), carried("a").print(&["1"]));
        assert_ne!(carried("a").print(&["1"]), carried("b").print(&["1"]));
        assert_ne!(carried("a").print(&["1"]), carried("a").print(&["2"]));
    }
}
