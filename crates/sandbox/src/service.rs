//! A vendor's service as requests meet it: what a room over plain HTTP is asked, and what it answers.
//!
//! The rooms judge; `http` talks. A request that no fault rule takes goes to [`Service::answer`] whole.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::clock::Clock;
use crate::courier::Courier;
use crate::faults::{Aim, Faults, Told};
use crate::inbox::Inbox;
use crate::listener::Patience;
use crate::room::Room;

/// What all rooms share.
#[derive(Clone)]
pub(crate) struct Hall {
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) courier: Arc<Courier>,
    pub(crate) patience: Patience,
}

/// A request as the connection read it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) connection: u64,
    pub(crate) from: IpAddr,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The vendor's word or code for the list of requests; empty for a success.
    pub(crate) word: String,
}

/// Why a sender has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Rate,
    Quota,
}

/// A room over HTTP.
pub(crate) trait Service: Room {
    /// Bytes of a body that are read.
    fn body_bytes(&self) -> usize {
        2 * 1_024 * 1_024
    }

    /// What fault rules match by. Asked only while rules stand.
    fn aim(&self, call: &Call) -> Aim;

    /// Judges a request.
    fn answer(&self, call: &Call) -> Reply;

    /// One of [`Room::codes`] as the vendor would write it, for what no request provokes.
    fn spell(&self, call: &Call, told: &Told<'_>) -> Reply;

    /// What is told to who is too fast, or has used up the day.
    fn limited(&self, call: &Call, limit: Limit) -> Reply;
}

impl Call {
    /// A header's text; empty when it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The part behind `Bearer `; none when the header is absent or of another scheme.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization").split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// Whether the body is declared to be of this media type.
    pub(crate) fn is_of(&self, media: &str) -> bool {
        let declared = self.header("content-type").split(';').next().unwrap_or("").trim();
        declared.eq_ignore_ascii_case(media)
    }

    /// The fields of a form; none when the body is not declared as one or is no text.
    pub(crate) fn form(&self) -> Option<Form> {
        if !self.is_of("application/x-www-form-urlencoded") {
            return None;
        }
        Form::parse(std::str::from_utf8(&self.body).ok()?)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Fields of a form in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

/// Fields of one form.
const FIELDS_MAX: usize = 1_000;

impl Form {
    /// None when it is no text of UTF-8, or has too many fields.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let mut fields = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields.push((decode(name)?, decode(value)?));
            if fields.len() > FIELDS_MAX {
                return None;
            }
        }
        Some(Self(fields))
    }

    /// The first field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The same, or an empty text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Reply {
    /// JSON; the word is what the list of requests shows.
    pub(crate) fn json(status: u16, body: &Value, word: impl Into<String>) -> Self {
        Self {
            status,
            kind: "application/json; charset=UTF-8",
            headers: Vec::new(),
            body: body.to_string(),
            word: word.into(),
        }
    }

    /// A page as a gateway in front of the service gives it.
    pub(crate) fn html(status: u16) -> Self {
        let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
        let body = format!(
            "<html>\r\n<head><title>{status} {name}</title></head>\r\n<body>\r\n<center><h1>{status} {name}</h1></center>\r\n\
             </body>\r\n</html>\r\n"
        );
        Self { status, kind: "text/html", headers: Vec::new(), body, word: status.to_string() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The segments of a path, without the empty first.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_field_by_field() {
        let form = Form::parse("a=1+2&b=%E4%BD%A0%26&a=again&c").unwrap();
        assert_eq!((form.text("a"), form.text("b"), form.get("c"), form.get("d")), ("1 2", "你&", Some(""), None));
        assert_eq!(Form::parse("a=%ff"), None);
        assert_eq!(Form::parse(&"x=1&".repeat(FIELDS_MAX + 1)), None);
    }
}
