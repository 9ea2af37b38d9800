//! HTTPS to a vendor: few long-lived connections of one credential, on HTTP/2 where the vendor speaks it and on HTTP/1.1
//! where not.
//!
//! * `pool`: which connection takes a request, when another one is opened, the pause after a failed attempt.
//! * `connection`: what both protocols have in common. `h2`, `h1`: one request on one of them.
//! * `line`: a client together with the session that its calls need, and what trouble on the way means for a message.
//! * `session`: tokens that a vendor hands out, fetched once and shared.
//!
//! A request is sent again only when the peer has never looked at it.

mod connection;
mod h1;
mod h2;
mod line;
mod pool;
mod session;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::Millis;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

pub(crate) use self::line::{Judged, Line, NONE, listed, lost, unlisted};
pub(crate) use self::pool::{Pool, Target, Trouble};
pub(crate) use self::session::{ClientCredentials, Fresh, Grant, Session, exchange};

/// Bytes of an answer that are read when nobody says otherwise: a thousand results of a batch with their ids.
const ANSWER_BYTES: usize = 512 * 1_024;

/// Bounds and times; the default suits what vendors publish.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// Connections at once that carry many requests each.
    pub connections_max: usize,
    /// Connections at once to a peer that takes one request after the other.
    pub singles_max: usize,
    /// From the hand-over of a request to its answer, waiting for a stream included.
    pub answer: Duration,
    /// Bytes of an answer that are read; the rest is cut off.
    pub answer_bytes: usize,
    /// TCP, TLS and preface together.
    pub connect: Duration,
    /// How often an idle connection is asked whether it lives.
    pub ping: Duration,
    /// How long it may take to say so.
    pub pong: Duration,
    /// The pause after the first failed attempt to connect.
    pub pause_min: Duration,
    /// The longest pause, before jitter.
    pub pause_max: Duration,
    /// For the jitter; different in every process.
    pub seed: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connections_max: 4,
            singles_max: 16,
            answer: Duration::from_secs(20),
            answer_bytes: ANSWER_BYTES,
            connect: Duration::from_secs(10),
            ping: Duration::from_mins(1),
            pong: Duration::from_secs(5),
            pause_min: Duration::from_millis(500),
            pause_max: Duration::from_secs(30),
            seed: 0,
        }
    }
}

/// An answer as it came from the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the peer wants to be left alone: seconds, or until a date.
    pub(crate) fn retry_after_ms(&self, now: Millis) -> Option<i64> {
        /// A day: whoever says more means «not now».
        const WISH_MAX_MS: i64 = 86_400_000;
        let wish = self.text("retry-after")?.trim();
        let ms = match wish.parse::<i64>() {
            Ok(seconds) => seconds.saturating_mul(1_000),
            Err(_) => date(wish)?.0 - now.0,
        };
        Some(ms.clamp(0, WISH_MAX_MS))
    }

    /// The body as text, for whoever cannot read it otherwise.
    pub(crate) fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Millis> {
    let mut parts = text.split_once(", ")?.1.split(' ');
    let mut part = || parts.next();
    let (day, month, year, time) = (part()?, part()?, part()?, part()?);
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .iter()
        .position(|name| *name == month)?;
    contract::moment::parse(&format!("{year}-{:02}-{day}T{time}Z", month + 1))
}

/// Base URLs that cannot be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UrlMalformed;

impl fmt::Display for UrlMalformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the base URL is not https://host[:port]")
    }
}

/// Splits a base URL into where to connect and what requests begin with.
pub(crate) fn target(base_url: &str) -> Result<(Target, String), UrlMalformed> {
    let uri: Uri = base_url.parse().map_err(|_| UrlMalformed)?;
    let host = uri.host().ok_or(UrlMalformed)?.to_owned();
    if uri.scheme_str() != Some("https") || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(UrlMalformed);
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare.clone()).map_err(|_| UrlMalformed)?;
    let target = Target { host: bare, port: uri.port_u16().unwrap_or(443), name };
    Ok((target, base_url.trim_end_matches('/').to_owned()))
}

/// A URL with a path, as base URL and path; `path` stands in for a missing one.
pub(crate) fn split_url(url: &str, path: &str) -> Result<(String, String), UrlMalformed> {
    let uri: Uri = url.parse().map_err(|_| UrlMalformed)?;
    let authority = uri.authority().ok_or(UrlMalformed)?;
    let scheme = uri.scheme_str().ok_or(UrlMalformed)?;
    let own = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let path = if own == "/" { path } else { own };
    Ok((format!("{scheme}://{authority}"), path.to_owned()))
}

/// A request before it has a host.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// How forms are announced.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded;charset=UTF-8");
/// How JSON is announced.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

impl Call {
    /// A POST of JSON.
    pub(crate) fn json(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::post(path, JSON, body.into())
    }

    /// A POST of a form.
    pub(crate) fn form(
        path: impl Into<String>,
        fields: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> Self {
        Self::post(path, FORM, Bytes::from(form(fields)))
    }

    fn post(path: impl Into<String>, kind: HeaderValue, body: Bytes) -> Self {
        let headers = vec![(http::header::CONTENT_TYPE, kind)];
        Self { method: Method::POST, path: path.into(), headers, body }
    }

    /// Adds a header. A value that cannot stand in one is left out: the vendor says so in its own words.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Adds a header that must not be seen: it stays out of debug output and of HTTP/2's tables.
    pub(crate) fn with_secret(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

/// Writes a form: everything but letters, digits and `-_.~` in percents.
pub(crate) fn form(fields: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(percent_encoding::utf8_percent_encode(name.as_ref(), &KEPT));
        text.push('=');
        text.extend(percent_encoding::utf8_percent_encode(value.as_ref(), &KEPT));
    }
    text
}

/// Talks to one host.
pub(crate) struct Client {
    pool: Pool,
    base_url: String,
}

impl Client {
    /// Checks the base URL; connects with the first call.
    pub(crate) fn new(base_url: &str, roots: Arc<RootCertStore>, tuning: Tuning) -> Result<Self, UrlMalformed> {
        let (target, base_url) = target(base_url)?;
        let mut config = builder(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let pool = Pool::new(target, TlsConnector::from(Arc::new(config)), tuning, Protocol::Negotiated);
        Ok(Self { pool, base_url })
    }

    /// Sends a call and waits for the answer.
    pub(crate) async fn call(&self, call: &Call) -> Result<Reply, Trouble> {
        let request = Request::builder().method(call.method.clone()).uri(format!("{}{}", self.base_url, call.path));
        let mut request = request
            .body(())
            .map_err(|_| Trouble::Unavailable { text: "the address cannot be written".to_owned(), after_ms: None })?;
        request.headers_mut().extend(call.headers.iter().map(|(name, value)| (Some(name.clone()), value.clone())));
        let (reply, connection) = self.pool.send(&request, &call.body).await?;
        self.pool.praise();
        // A 421 or the like is the peer's own matter; only what it announces ends a connection.
        if reply.text("connection") == Some("close") {
            connection.retire();
        }
        Ok(reply)
    }

    /// Ends the connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Which protocol a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/2, whatever TLS negotiated.
    Http2,
    /// What TLS negotiated; HTTP/1.1 without a word.
    Negotiated,
}

/// TLS as every channel speaks it; what proves the client is the caller's.
pub(crate) fn builder(
    roots: Arc<RootCertStore>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions of TLS")
        .with_root_certificates(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_be_left_alone_is_seconds_or_a_date() {
        let check = |text: &str, expected: Option<i64>| {
            let mut reply = Reply::default();
            reply.headers.insert("retry-after", HeaderValue::from_str(text).unwrap());
            assert_eq!(reply.retry_after_ms(Millis(784_111_770_000)), expected, "{text}");
        };
        check("7", Some(7_000));
        check("-3", Some(0));
        check("99999999", Some(86_400_000));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
        check("soon", None);
        check("Sun, 06 Now 1994 08:49:37 GMT", None);
    }

    #[test]
    fn a_url_is_split_into_host_and_path_and_a_missing_path_is_the_vendors() {
        let check = |url: &str, expected: (&str, &str)| {
            let (base, path) = split_url(url, "/token").unwrap();
            assert_eq!((base.as_str(), path.as_str()), expected);
        };
        check("https://a.example/oauth2/v3/token", ("https://a.example", "/oauth2/v3/token"));
        check("https://a.example:1", ("https://a.example:1", "/token"));
        check("https://a.example/", ("https://a.example", "/token"));
        for bad in ["", "/token", "a b"] {
            assert!(split_url(bad, "/token").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_base_url_names_a_host_and_nothing_else() {
        for bad in ["http://a", "https://a/b", "a", "https://", "https://a?b"] {
            assert_eq!(target(bad).err(), Some(UrlMalformed), "{bad}");
        }
        let (target, base) = target("https://[::1]:2197/").unwrap();
        assert_eq!((target.host.as_str(), target.port, base.as_str()), ("::1", 2197, "https://[::1]:2197"));
    }

    #[test]
    fn a_form_escapes_what_would_end_a_field() {
        assert_eq!(form([("a b", "1&2=3"), ("c", "狼+/~")]), "a%20b=1%262%3D3&c=%E7%8B%BC%2B%2F~");
    }
}
