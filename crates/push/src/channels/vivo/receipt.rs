//! What vivo tells afterwards: JSON by task id. Not signed: the secret of the address proves it.

use std::collections::BTreeMap;

use contract::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::super::callback::{Fate, RECEIPTS_MAX, Receipt, Unreadable};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    targets: String,
    ack_time: Option<i64>,
    #[serde(default)]
    ack_type: Value,
    #[serde(default)]
    sub_code: Value,
}

/// Reads a call. A kind that is not named means that it arrived: older calls name none.
pub fn read(body: &[u8]) -> Result<Vec<Receipt>, Unreadable> {
    let entries: BTreeMap<String, Entry> = serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
    let mut receipts = Vec::new();
    for (task, entry) in entries {
        let (kind, sub) = (word(&entry.ack_type), word(&entry.sub_code));
        let fate = match (kind.as_str(), sub.as_str()) {
            ("" | "0", "" | "0") => Fate::Arrived,
            ("1", _) => Fate::Opened,
            _ => Fate::Failed(None),
        };
        let code = if sub.is_empty() { kind } else { format!("{kind}.{sub}") };
        for token in entry.targets.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            if receipts.len() == RECEIPTS_MAX {
                return Err(Unreadable::Malformed);
            }
            let (request, token, code) = (task.clone(), token.to_owned(), code.clone());
            receipts.push(Receipt { request, token, fate, code, at: entry.ack_time.map(Millis) });
        }
    }
    Ok(receipts)
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let body = br#"{"task1":{"param":"p","targets":"t1,t2","ackTime":5},"task2":{"targets":"t3","ackType":"0","subCode":"3"}}"#;
        let receipts = read(body).unwrap();
        let seen: Vec<_> =
            receipts.iter().map(|receipt| (receipt.request.as_str(), receipt.token.as_str(), receipt.fate)).collect();
        let expected =
            [("task1", "t1", Fate::Arrived), ("task1", "t2", Fate::Arrived), ("task2", "t3", Fate::Failed(None))];
        assert_eq!(seen, expected);
        assert_eq!((receipts[0].at, receipts[2].code.as_str()), (Some(Millis(5)), "0.3"));
        for bad in ["", "[]", "{\"t\":1}"] {
            assert_eq!(read(bad.as_bytes()), Err(Unreadable::Malformed), "{bad}");
        }
    }
}
