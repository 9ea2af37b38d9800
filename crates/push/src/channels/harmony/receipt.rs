//! What HarmonyOS's service tells afterwards: one signed JSON body with up to a hundred statuses.

use contract::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::super::callback::{self, CallbackKey, Fate, RECEIPTS_MAX, Receipt, Unreadable};

#[derive(Deserialize)]
struct Body {
    statuses: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    token: String,
    #[serde(default)]
    request_id: String,
    delivery_status: Option<Delivered>,
    form_status: Option<Delivered>,
}

#[derive(Deserialize)]
struct Delivered {
    result: Value,
    timestamp: Option<i64>,
}

/// Reads a call. Without an agreed key, the secret of the address is all there is.
pub fn read(
    header: Option<&str>,
    body: &[u8],
    key: Option<&CallbackKey>,
    now: Millis,
) -> Result<Vec<Receipt>, Unreadable> {
    if let Some(key) = key {
        callback::prove(header, key, now)?;
    }
    let body: Body = serde_json::from_slice(body).map_err(|_| Unreadable::Malformed)?;
    if body.statuses.len() > RECEIPTS_MAX {
        return Err(Unreadable::Malformed);
    }
    let receipt = |entry: Entry| {
        let delivered = entry.delivery_status.or(entry.form_status).ok_or(Unreadable::Malformed)?;
        let code = match &delivered.result {
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
        let at = delivered.timestamp.map(Millis);
        Ok(Receipt { request: entry.request_id, token: entry.token, fate, code: code.to_string(), at })
    };
    body.statuses.into_iter().map(receipt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let body = br#"{"statuses":[
            {"token":"t1","pushType":0,"requestId":"r","deliveryStatus":{"result":0,"timestamp":5}},
            {"token":"t2","pushType":1,"requestId":"r","formStatus":{"formId":1,"result":"2","timestamp":6}}]}"#;
        let receipts = read(None, body, None, Millis(0)).unwrap();
        assert_eq!((receipts[0].fate, receipts[1].fate), (Fate::Arrived, Fate::Gone(None)));
        assert_eq!((receipts[0].request.as_str(), receipts[0].at), ("r", Some(Millis(5))));
        let key = CallbackKey { user: "u".into(), key: "k".into() };
        assert_eq!(read(None, body, Some(&key), Millis(0)), Err(Unreadable::Unproved));
        assert_eq!(read(None, br#"{"statuses":[{"token":"t"}]}"#, None, Millis(0)), Err(Unreadable::Malformed));
    }
}
