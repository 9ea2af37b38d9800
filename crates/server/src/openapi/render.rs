//! Answers and refusals as the contract writes them, in JSON or XML.

use axum::http::StatusCode;
use bytes::Bytes;
use contract::codes::Row;
use contract::{Error, Failure, Fault};
use serde_json::{Map, Value, json};

/// Where a developer reads what a code means.
const CATALOGUE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/codes.md");
/// Seconds after which a throttled caller may try again.
const RETRY_S: u32 = 1;
/// Letters of the host that are answered.
const HOST: usize = 255;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `Format=JSON`, and whatever is not XML.
    #[default]
    Json,
    /// `Format=XML`.
    Xml,
}

impl Format {
    /// Reads the parameter `Format`.
    pub fn of(text: Option<&str>) -> Self {
        if text.is_some_and(|text| text.eq_ignore_ascii_case("xml")) { Self::Xml } else { Self::Json }
    }

    /// The content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::Xml => "application/xml;charset=utf-8",
        }
    }
}

/// What is answered.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
    /// How it is written.
    pub format: Format,
    /// The name of the request.
    pub id: String,
    /// `x-acs-retry-after`, in seconds.
    pub retry_after: Option<u32>,
}

/// Writes what an action answered.
pub(super) fn answer(action: &str, id: &str, format: Format, fields: Map<String, Value>) -> Answer {
    let mut all = Map::with_capacity(fields.len() + 1);
    all.insert("RequestId".into(), id.into());
    all.extend(fields);
    let body = match format {
        Format::Json => Value::Object(all).to_string(),
        Format::Xml => xml(&format!("{action}Response"), &all),
    };
    Answer { status: StatusCode::OK, body: body.into(), format, id: id.to_owned(), retry_after: None }
}

/// Writes a refusal.
pub(super) fn refusal(row: &Row, error: &Error, id: &str, host: &str, format: Format, shows_signed: bool) -> Answer {
    let code = code(row, error);
    let host: String = host.chars().take(HOST).collect();
    let anchor = format!("{CATALOGUE}#{}--{}", row.surface.as_str(), row.family.as_str());
    let fields = json!({ "RequestId": id, "HostId": host, "Code": code, "Message": message(row, error, shows_signed),
        "Recommend": anchor });
    let body = match (format, fields) {
        (Format::Xml, Value::Object(fields)) => xml("Error", &fields),
        (_, fields) => fields.to_string(),
    };
    let is_throttled = matches!(
        error,
        Error::Fault(Fault::AppThrottled | Fault::CallerThrottled | Fault::CallThrottled | Fault::NodeBusy)
            | Error::Failure(Failure::Overloaded(_))
    );
    Answer {
        status: row.http.and_then(|http| StatusCode::from_u16(http).ok()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        body: body.into(),
        format,
        id: id.to_owned(),
        retry_after: is_throttled.then_some(RETRY_S),
    }
}

/// The code with the parameter's name in it.
pub(super) fn code(row: &Row, error: &Error) -> String {
    let code = row.code.to_string();
    match error {
        Error::Fault(fault) => field(fault).map_or(code.clone(), |field| code.replace("{ParameterName}", field)),
        Error::Failure(_) => code,
    }
}

/// The parameter that a fault is about.
const fn field(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::FieldMissing { field }
        | Fault::FieldInvalid { field }
        | Fault::FieldTooLong { field, .. }
        | Fault::FieldNotFound { field }
        | Fault::FieldEmpty { field }
        | Fault::FieldBlank { field }
        | Fault::FieldLettersTooMany { field, .. }
        | Fault::FieldItemsTooMany { field, .. } => Some(field),
        _ => None,
    }
}

/// The text of the row, and behind a colon what it is about.
fn message(row: &Row, error: &Error, shows_signed: bool) -> String {
    let text = row.text;
    match error {
        // Clients compare what follows this phrase with what they signed themselves.
        Error::Fault(Fault::SignatureMismatch { signed }) if shows_signed => {
            format!("{text}. server string to sign is:{signed}")
        }
        Error::Fault(
            Fault::FieldTooLong { field, max }
            | Fault::FieldLettersTooMany { field, max }
            | Fault::FieldItemsTooMany { field, max },
        ) => format!("{text}: {field}, at most {max}"),
        Error::Fault(Fault::PeriodTooLong { max }) => format!("{text}: at most {max}"),
        Error::Fault(fault) => field(fault).map_or_else(|| text.to_owned(), |field| format!("{text}: {field}")),
        Error::Failure(_) => text.to_owned(),
    }
}

/// Writes an object as XML: a list is its element again and again, nothing is no element.
fn xml(root: &str, fields: &Map<String, Value>) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    element(&mut text, root, &Value::Object(fields.clone()));
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    if let Value::Array(items) = value {
        for item in items {
            element(text, name, item);
        }
        return;
    }
    if value.is_null() {
        return;
    }
    text.push('<');
    text.push_str(name);
    text.push('>');
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                element(text, name, value);
            }
        }
        Value::String(own) => escape(text, own),
        other => text.push_str(&other.to_string()),
    }
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

/// What XML cannot hold at all is left out: control characters have no spelling there.
fn escape(text: &mut String, own: &str) {
    for letter in own.chars() {
        match letter {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            '\t' | '\n' | '\r' => text.push(letter),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_repeated_elements_and_text_is_escaped() {
        let Value::Object(fields) = json!({
            "TagInfos": { "TagInfo": [{ "TagName": "a<b>" }, { "TagName": "\u{1}c&\"" }] },
            "Ids": ["1", "2"], "Empty": [], "None": null, "Is": true,
        }) else {
            panic!("an object")
        };
        let answer = answer("QueryTags", "ID", Format::Xml, fields);
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><QueryTagsResponse><RequestId>ID</RequestId>\
            <TagInfos><TagInfo><TagName>a&lt;b&gt;</TagName></TagInfo><TagInfo><TagName>c&amp;&quot;</TagName></TagInfo>\
            </TagInfos><Ids>1</Ids><Ids>2</Ids><Is>true</Is></QueryTagsResponse>";
        assert_eq!(answer.body, expected);
        assert_eq!(Format::of(Some("xml")), Format::Xml);
        assert_eq!((Format::of(None), Format::of(Some("Json"))), (Format::Json, Format::Json));
    }
}
