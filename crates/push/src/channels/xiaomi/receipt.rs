//! What Xiaomi tells afterwards: a form whose field `data` is JSON by message id. Not signed: the secret of the address
//! proves it.

use std::collections::BTreeMap;

use contract::Millis;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::super::callback::{Fate, RECEIPTS_MAX, Receipt, Unreadable};

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Value,
    #[serde(default)]
    targets: String,
    timestamp: Option<i64>,
}

/// Reads a call.
pub fn read(body: &[u8]) -> Result<Vec<Receipt>, Unreadable> {
    let data = field(body, "data").ok_or(Unreadable::Malformed)?;
    let entries: BTreeMap<String, Entry> = serde_json::from_str(&data).map_err(|_| Unreadable::Malformed)?;
    let mut receipts = Vec::new();
    for (message, entry) in entries {
        let code = match &entry.kind {
            Value::String(code) => code.parse().ok(),
            code => code.as_i64(),
        };
        let code: i64 = code.ok_or(Unreadable::Malformed)?;
        let fate = match code {
            1 => Fate::Arrived,
            2 => Fate::Opened,
            16 => Fate::Gone(Some(super::verdict::TARGET_INVALID)),
            128 => Fate::OverQuota,
            _ => Fate::Failed(None),
        };
        for token in entry.targets.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            if receipts.len() == RECEIPTS_MAX {
                return Err(Unreadable::Malformed);
            }
            let (request, token, code) = (message.clone(), token.to_owned(), code.to_string());
            receipts.push(Receipt { request, token, fate, code, at: entry.timestamp.map(Millis) });
        }
    }
    Ok(receipts)
}

/// A field of a form.
fn field(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let value = text.split('&').filter_map(|field| field.split_once('=')).find(|(own, _)| *own == name)?.1;
    let value = value.replace('+', " ");
    percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::form;
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_each_token() {
        let data =
            r#"{"slm1":{"param":"p","type":1,"targets":"t1,t2","timestamp":5},"slm2":{"type":16,"targets":"t3"}}"#;
        let receipts = read(form([("other", "x"), ("data", data)]).as_bytes()).unwrap();
        let seen: Vec<_> =
            receipts.iter().map(|receipt| (receipt.request.as_str(), receipt.token.as_str(), receipt.fate)).collect();
        let dead = Fate::Gone(Some(super::super::verdict::TARGET_INVALID));
        assert_eq!(seen, [("slm1", "t1", Fate::Arrived), ("slm1", "t2", Fate::Arrived), ("slm2", "t3", dead)]);
        assert_eq!(receipts[0].at, Some(Millis(5)));
        for bad in ["", "data=x", "other=%7B%7D", "data=%7B%22a%22%3A1%7D"] {
            assert_eq!(read(bad.as_bytes()), Err(Unreadable::Malformed), "{bad}");
        }
    }
}
