//! What OPPO tells afterwards: a JSON list of events. Not signed: the secret of the address proves it.

use contract::Millis;
use serde::Deserialize;

use super::super::callback::{Fate, RECEIPTS_MAX, Receipt, Unreadable};
use super::verdict;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    registration_ids: String,
    event_type: String,
    event_time: Option<i64>,
}

/// Reads a call.
pub fn read(body: &[u8]) -> Result<Vec<Receipt>, Unreadable> {
    let events: Vec<Event> = serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
    let mut receipts = Vec::new();
    for event in events {
        let fate = match event.event_type.as_str() {
            "push_arrive" => Fate::Arrived,
            "push_click" => Fate::Opened,
            "regid_invalid" => Fate::Gone(Some(verdict::INVALID_REGISTRATION_ID)),
            "user_daily_limit" => Fate::OverQuota,
            _ => Fate::Failed(None),
        };
        for token in event.registration_ids.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            if receipts.len() == RECEIPTS_MAX {
                return Err(Unreadable::Malformed);
            }
            receipts.push(Receipt {
                request: event.message_id.clone(),
                token: token.to_owned(),
                fate,
                code: event.event_type.clone(),
                at: event.event_time.map(Millis),
            });
        }
    }
    Ok(receipts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let body = br#"[
            {"messageId":"m1","appId":"a","registrationIds":"t1, t2","eventTime":5,"eventType":"push_arrive"},
            {"messageId":"m2","registrationIds":"t3","eventType":"regid_invalid"}]"#;
        let receipts = read(body).unwrap();
        let seen: Vec<_> =
            receipts.iter().map(|receipt| (receipt.request.as_str(), receipt.token.as_str(), receipt.fate)).collect();
        let dead = Fate::Gone(Some(verdict::INVALID_REGISTRATION_ID));
        assert_eq!(seen, [("m1", "t1", Fate::Arrived), ("m1", "t2", Fate::Arrived), ("m2", "t3", dead)]);
        assert_eq!(read(b"{}"), Err(Unreadable::Malformed));
        assert_eq!(read(b"[{\"messageId\":\"m\"}]"), Err(Unreadable::Malformed));
    }
}
