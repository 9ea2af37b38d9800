//! What Honor tells afterwards: one JSON body with statuses. It is not signed, so the secret of the address proves it.

use contract::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::super::callback::{Fate, RECEIPTS_MAX, Receipt, Unreadable};

#[derive(Deserialize)]
struct Body {
    statuses: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    token: String,
    status: Value,
    #[serde(default, rename = "requestId")]
    request: String,
    timestamp: Option<i64>,
}

/// Reads a call.
pub fn read(body: &[u8]) -> Result<Vec<Receipt>, Unreadable> {
    let body: Body = serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
    if body.statuses.len() > RECEIPTS_MAX {
        return Err(Unreadable::Malformed);
    }
    let receipt = |entry: Entry| {
        let code = match &entry.status {
            Value::String(code) => code.parse().ok(),
            code => code.as_i64(),
        };
        let code: i64 = code.ok_or(Unreadable::Malformed)?;
        let fate = match code {
            0 => Fate::Arrived,
            2 | 5 => Fate::Gone(None),
            102 => Fate::OverQuota,
            _ => Fate::Failed(None),
        };
        let at = entry.timestamp.map(Millis);
        Ok(Receipt { request: entry.request, token: entry.token, fate, code: code.to_string(), at })
    };
    body.statuses.into_iter().map(receipt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let body =
            br#"{"statuses":[{"token":"t1","status":0,"timestamp":5,"requestId":"r"},{"token":"t2","status":2}]}"#;
        let receipts = read(body).unwrap();
        assert_eq!((receipts[0].fate, receipts[1].fate), (Fate::Arrived, Fate::Gone(None)));
        assert_eq!((receipts[0].request.as_str(), receipts[0].at), ("r", Some(Millis(5))));
        assert_eq!(read(b"{\"statuses\":[{\"token\":\"t\"}]}"), Err(Unreadable::Malformed));
        assert_eq!(read(b"nonsense"), Err(Unreadable::Malformed));
    }
}
