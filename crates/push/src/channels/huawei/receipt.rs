//! What Huawei tells afterwards: one JSON body with up to a hundred statuses, signed if a key was agreed.

use contract::Millis;
use serde::Deserialize;
use serde_json::Value;

use super::super::callback::{self, CallbackKey, Fate, RECEIPTS_MAX, Receipt, Unreadable};
use super::verdict;

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
    body.statuses
        .into_iter()
        .map(|entry| {
            let code = match &entry.status {
                Value::String(code) => code.parse().ok(),
                code => code.as_i64(),
            };
            let code = code.ok_or(Unreadable::Malformed)?;
            Ok(Receipt {
                request: entry.request,
                token: entry.token,
                fate: fate(code),
                code: code.to_string(),
                at: entry.timestamp.map(Millis),
            })
        })
        .collect()
}

fn fate(code: i64) -> Fate {
    match code {
        0 => Fate::Arrived,
        2 => Fate::Gone(Some(verdict::APP_UNINSTALLED)),
        5 => Fate::Gone(None),
        10 => Fate::Failed(Some(verdict::DEVICE_OFFLINE)),
        14 => Fate::Failed(Some(verdict::DEVICE_TIMEOUT)),
        102 => Fate::OverQuota,
        201 => Fate::Failed(Some(verdict::DEVICE_NEVER_CONNECTED)),
        _ => Fate::Failed(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let body = br#"{"statuses":[
            {"biTag":"b","appid":"1","token":"t1","status":0,"timestamp":1700000000000,"requestId":"r"},
            {"biTag":"b","appid":"1","token":"t2","status":"2","timestamp":1700000000001,"requestId":"r"},
            {"token":"t3","status":102,"requestId":"r"}]}"#;
        let receipts = read(None, body, None, Millis(0)).unwrap();
        let fates: Vec<_> = receipts.iter().map(|receipt| (receipt.token.as_str(), receipt.fate)).collect();
        let expected =
            [("t1", Fate::Arrived), ("t2", Fate::Gone(Some(verdict::APP_UNINSTALLED))), ("t3", Fate::OverQuota)];
        assert_eq!(fates, expected);
        assert_eq!((receipts[0].request.as_str(), receipts[0].at), ("r", Some(Millis(1_700_000_000_000))));
    }

    #[test]
    fn what_is_not_proved_or_not_readable_is_refused() {
        let key = CallbackKey { user: "u".into(), key: "k".into() };
        assert_eq!(read(None, b"{\"statuses\":[]}", Some(&key), Millis(0)), Err(Unreadable::Unproved));
        for bad in ["", "[]", "{}", r#"{"statuses":[{"token":"t","status":"x"}]}"#] {
            assert_eq!(read(None, bad.as_bytes(), None, Millis(0)), Err(Unreadable::Malformed), "{bad}");
        }
    }
}
