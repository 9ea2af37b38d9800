//! The parameters of a call, wherever they stand.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::Request;
use crate::fault::Fault;

/// Parameters of one call. The largest documented one, a hundred tasks of a mass push, has far fewer than this.
const PARAMS: usize = 16_384;
/// How deep flattened names nest: `TransparentMessagePayload.a.b=…`.
const DEPTH: usize = 16;

/// Decoded names and values. An empty value is not an absent one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    own: BTreeMap<String, String>,
}

impl Params {
    /// Collects the parameters of query and form: each may stand in either.
    pub fn of(request: &Request<'_>) -> Result<Self, Fault> {
        let mut own = BTreeMap::new();
        let form = if request.has_form() { request.body } else { &[] };
        for source in [request.query.as_bytes(), form] {
            for pair in source.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
                let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
                let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
                let decoded = decode(name).zip(decode(value));
                let (name, value) = decoded.ok_or(Fault::UrlMalformed)?;
                if own.len() >= PARAMS {
                    return Err(Fault::UrlMalformed);
                }
                // Nobody sends a name twice; if it happens the first one counts, as it is the first that a proxy sees.
                own.entry(name).or_insert(value);
            }
        }
        Ok(Self { own })
    }

    /// The value of a name.
    ///
    /// One client writes every name with a capital (`IOSApnsEnv`): a name that is not there is looked for that way too.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.own.get(name).or_else(|| {
            let mut letters = name.chars();
            let first = letters.next().filter(char::is_ascii_lowercase)?;
            self.own.get(&format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
        });
        found.map(String::as_str)
    }

    /// All names and values in the order of the names' bytes, as signatures want them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.own.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The items of a flattened list: `Name.1.Field=…`, `Name.2.Field=…`, without the prefix and in order.
    ///
    /// At most `max` and one more are answered, so that the caller can tell.
    pub fn list(&self, name: &str, max: usize) -> Vec<Self> {
        let mut items = Vec::new();
        while items.len() <= max {
            let item = self.under(&format!("{name}.{}", items.len() + 1));
            if item.own.is_empty() {
                break;
            }
            items.push(item);
        }
        items
    }

    /// The scalars of a flattened list: `Name.1=…`, `Name.2=…`; at most `max` and one more.
    pub fn values(&self, name: &str, max: usize) -> Vec<&str> {
        (1..=max + 1).map_while(|number| self.own.get(&format!("{name}.{number}"))).map(String::as_str).collect()
    }

    /// What stands below a name: `Name.rest=…` without the prefix.
    pub fn under(&self, name: &str) -> Self {
        let prefix = format!("{name}.");
        let below = self.own.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        Self { own: below.map(|(key, value)| (key[prefix.len()..].to_owned(), value.clone())).collect() }
    }

    /// A value of any kind: one JSON text, a plain text, or an object that was flattened into several names.
    pub fn any(&self, name: &str) -> Result<Option<Value>, Fault> {
        if let Some(text) = self.get(name) {
            return Ok(Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))));
        }
        let below = self.under(name);
        if below.own.is_empty() {
            return Ok(None);
        }
        let mut root = Map::new();
        for (path, value) in below.own {
            insert(&mut root, &path, value, DEPTH).ok_or(Fault::UrlMalformed)?;
        }
        Ok(Some(Value::Object(root)))
    }
}

/// Puts a value at the end of a dotted path; none if it is too deep, or leads through a value that is no object.
fn insert(into: &mut Map<String, Value>, path: &str, value: String, depth: usize) -> Option<()> {
    match path.split_once('.') {
        None => {
            into.entry(path).or_insert(Value::String(value));
            Some(())
        }
        Some((first, rest)) => {
            let depth = depth.checked_sub(1)?;
            let next = into.entry(first).or_insert_with(|| Value::Object(Map::new()));
            insert(next.as_object_mut()?, rest, value, depth)
        }
    }
}

/// Decodes a name or a value as forms write it: `+` is a space.
fn decode(text: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(query: &str) -> Params {
        let request = Request { method: "GET", path: "/", query, headers: &[], body: b"" };
        Params::of(&request).expect("fits")
    }

    #[test]
    fn query_and_form_are_one_map_and_the_form_needs_its_content_type() {
        let headers = [("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        let request =
            Request { method: "POST", path: "/", query: "a=1&e=&f", headers: &headers, body: b"b=x+%2B%C3%A9&a=2" };
        let found = Params::of(&request).expect("fits");
        let found: Vec<_> = found.iter().collect();
        assert_eq!(found, [("a", "1"), ("b", "x +é"), ("e", ""), ("f", "")]);
        let plain = Params::of(&Request { headers: &[], ..request }).expect("fits");
        assert_eq!(plain.get("b"), None);
    }

    #[test]
    fn what_is_no_utf_8_or_too_much_is_refused() {
        let request = |query| Request { method: "GET", path: "/", query, headers: &[], body: b"" };
        assert_eq!(Params::of(&request("a=%ff")), Err(Fault::UrlMalformed));
        let many: Vec<String> = (0..=PARAMS).map(|number| format!("p{number}=")).collect();
        assert_eq!(Params::of(&request(&many.join("&"))), Err(Fault::UrlMalformed));
    }

    #[test]
    fn a_capitalised_name_is_found_by_its_documented_one() {
        assert_eq!(params("IOSApnsEnv=DEV").get("iOSApnsEnv"), Some("DEV"));
        assert_eq!(params("IOSApnsEnv=DEV&iOSApnsEnv=PRODUCT").get("iOSApnsEnv"), Some("PRODUCT"));
        assert_eq!(params("appKey=1").get("AppKey"), None);
    }

    #[test]
    fn flattened_lists_and_objects_are_put_together_again() {
        let found = params("T.1.A=x&T.2.A=y&T.2.B=z&T.4.A=lost&D.1=a&D.2=b&M.k=v&M.o.p=1&J=%7B%22a%22%3A1%7D&S=text");
        let tasks = found.list("T", 100);
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[1].iter().collect::<Vec<_>>(), [("A", "y"), ("B", "z")]);
        assert_eq!(found.list("T", 1).len(), 2, "one more than the bound tells that there are too many");
        assert_eq!(found.values("D", 10), ["a", "b"]);
        assert_eq!(found.any("M"), Ok(Some(json!({"k": "v", "o": {"p": "1"}}))));
        assert_eq!(found.any("J"), Ok(Some(json!({"a": 1}))));
        assert_eq!(found.any("S"), Ok(Some(json!("text"))));
        assert_eq!(found.any("N"), Ok(None));
        let deep = params(&format!("M.{}x=1", "a.".repeat(DEPTH + 2)));
        assert_eq!(deep.any("M"), Err(Fault::UrlMalformed));
    }
}
