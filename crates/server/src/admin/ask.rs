//! What is asked: a method, a path, a query and a body, from whoever may ask.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use contract::AppId;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::{Refusal, invalid};

/// One request after the door.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What to do.
    pub method: Method,
    /// To what: what follows [`super::PREFIX`].
    pub path: String,
    /// Narrows a list.
    pub query: String,
    /// JSON, or nothing.
    pub body: Bytes,
    /// Who asks, for the audit log.
    pub actor: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// JSON.
    pub body: Value,
}

impl Answer {
    /// What was asked for.
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body }
    }

    /// What was made.
    pub(super) fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, body }
    }
}

impl Ask {
    /// The body as what a path takes. No body is an empty object.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        // The parser's message repeats values of the wrong type, which may be secrets: it goes to the caller who sent
        // them and nowhere else.
        serde_json::from_slice(body).map_err(|error| Refusal::BodyMalformed(error.to_string()))
    }

    /// A value of the query. Values are numbers and words: none needs an escape.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// A number of the query.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.param(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(format!("{name} is a number")))
    }

    /// How many items a page may have.
    pub(super) fn page(&self) -> Result<usize, Refusal> {
        match self.number("limit")? {
            None => Ok(PAGE),
            Some(count) if (1..=PAGE_MAX).contains(&count) => Ok(count as usize),
            Some(_) => Err(invalid(format!("limit lies between 1 and {PAGE_MAX}"))),
        }
    }
}

/// Items of a page unless the caller names a number.
const PAGE: usize = 100;
const PAGE_MAX: i64 = 1_000;

/// An app's id in a path.
pub(super) fn app(text: &str) -> Result<AppId, Refusal> {
    text.parse().ok().filter(|id| *id > 0).map(AppId).ok_or(Refusal::AppUnknown)
}

/// Decodes a part of a path: a UserID may hold any printable character.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_is_decoded_or_refused() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(decode(text).as_deref(), expected, "{text}");
        check("alice", Some("alice"));
        check("a%20b%2Fc+d", Some("a b/c+d"));
        check("%", None);
        check("%+1", None);
        check("%ff", None);
    }

    #[test]
    fn a_page_is_bounded() {
        let ask = |query: &str| Ask {
            method: Method::GET,
            path: "apps".into(),
            query: query.into(),
            body: Bytes::new(),
            actor: "test".into(),
        };
        assert_eq!(ask("").page(), Ok(PAGE));
        assert_eq!(ask("after=1&limit=7").page(), Ok(7));
        for bad in ["limit=0", "limit=1001", "limit=x", "limit="] {
            assert!(ask(bad).page().is_err(), "{bad}");
        }
    }
}
