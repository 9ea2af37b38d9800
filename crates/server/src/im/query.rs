//! The query of a call: who calls, and by what right.

/// The parameters of the URL.
#[derive(Default)]
pub(crate) struct Query {
    pub(crate) app: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) user_sig: Option<String>,
    pub(crate) net_type: Option<String>,
}

impl Query {
    /// Reads the query; none if it is not percent-encoded UTF-8. `random` and `contenttype` are of no consequence, as
    /// at the service whose contract this is.
    pub(crate) fn parse(query: &str) -> Option<Self> {
        let mut parsed = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "sdkappid" => &mut parsed.app,
                "identifier" => &mut parsed.identifier,
                "usersig" => &mut parsed.user_sig,
                "nettype" => &mut parsed.net_type,
                _ => {
                    percent_decode(value)?;
                    continue;
                }
            };
            if place.is_none() {
                *place = Some(percent_decode(value)?);
            }
        }
        Some(parsed)
    }
}

pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                // Digit by digit: the parser of numbers would take a sign.
                let digit = |byte: u8| char::from(byte).to_digit(16);
                bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
                rest = tail;
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}
