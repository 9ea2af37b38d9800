//! Requests of eight published client libraries, as a listener received them, with made-up keys.

use contract::openapi::{Credentials, Params, Request, Target};
use contract::{Fault, Millis, moment};

const SECRET: &str = "testAccessKeySecret000000000001";
const KEY: &str = "testAccessKeyId0001";

/// A captured request, taken apart.
struct Captured {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Captured {
    fn read(path: &std::path::Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a fixture");
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut lines = head.lines();
        let mut first = lines.next().expect("a request line").split(' ');
        let method = first.next().expect("a method").to_owned();
        let target = first.next().expect("a target");
        let (path_part, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').expect("a header"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        let body = body.trim_end_matches('\n');
        let body = if is_chunked { body.lines().nth(1).expect("a chunk") } else { body };
        Self {
            name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            method,
            path: path_part.into(),
            query: query.into(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn request(&self) -> Request<'_> {
        Request { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers, body: &self.body }
    }
}

fn all() -> Vec<Captured> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/openapi");
    let mut found: Vec<_> =
        std::fs::read_dir(folder).expect("the fixtures").map(|it| it.expect("an entry").path()).collect();
    found.sort();
    assert_eq!(found.len(), 21);
    found.iter().map(|path| Captured::read(path)).collect()
}

fn read(request: &Request<'_>) -> Result<Credentials, Fault> {
    Credentials::of(request, &Params::of(request)?)
}

#[test]
fn every_captured_request_verifies_and_names_its_action() {
    for captured in all() {
        let request = captured.request();
        let params = Params::of(&request).expect("fits");
        let target = Target::of(&request, &params).expect("a target");
        assert!(matches!(target.version.as_str(), "2016-08-01" | "2020-10-28"), "{}", captured.name);
        assert!(!target.action.is_empty());
        let credentials = Credentials::of(&request, &params).expect("credentials");
        match &credentials {
            Credentials::Bearer(token) => {
                assert_eq!((captured.name.as_str(), token.as_str()), ("v5", "fake-bearer-token"));
            }
            Credentials::Signed { key, token, at, .. } => {
                assert_eq!(key, KEY);
                let is_temporary = ["v4", "v8", "v12", "v15"].contains(&captured.name.as_str());
                assert_eq!(token.as_deref(), is_temporary.then_some("CAISfakeStsToken=="), "{}", captured.name);
                assert!(at.0 > moment::parse("2026-11-21T15:00:00Z").expect("a moment").0);
            }
        }
        assert_eq!(credentials.verify(SECRET), Ok(()), "{}", captured.name);
    }
}

#[test]
fn another_secret_or_a_changed_parameter_header_or_body_does_not_verify() {
    for captured in all().iter().filter(|captured| captured.name != "v5") {
        let is_refused = |request: Request<'_>, secret: &str, what: &str| {
            let outcome = read(&request).and_then(|credentials| credentials.verify(secret));
            assert!(matches!(outcome, Err(Fault::SignatureMismatch { .. })), "{} {what}: {outcome:?}", captured.name);
        };
        let request = captured.request();
        is_refused(request, "another", "secret");
        let query = format!("{}&Added=1", captured.query);
        is_refused(Request { query: &query, ..request }, SECRET, "query");
        is_refused(Request { method: "PUT", ..request }, SECRET, "method");
        if !captured.body.is_empty() {
            let body = [&captured.body[..], b"&Added=1"].concat();
            is_refused(Request { body: &body, ..request }, SECRET, "body");
        }
        if captured.headers.iter().any(|(name, _)| name == "authorization") {
            for name in ["x-acs-action", "x-acs-version"] {
                let mut headers = captured.headers.clone();
                headers.iter_mut().filter(|(own, _)| own == name).for_each(|(_, value)| value.push('X'));
                is_refused(Request { headers: &headers, ..request }, SECRET, name);
            }
        }
    }
}

#[test]
fn what_a_signature_needs_is_asked_for_by_name_in_the_documented_order() {
    let full = "AccessKeyId=k&Signature=eA%3D%3D&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&SignatureNonce=n\
                &Timestamp=2026-11-21T00:00:00Z";
    let names = ["AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"];
    let get = |query: &str| read(&Request { method: "GET", path: "/", query, headers: &[], body: b"" });
    for (index, name) in names.iter().enumerate() {
        let query: Vec<&str> = full
            .split('&')
            .filter(|pair| !names[index..].iter().any(|name| pair.starts_with(&format!("{name}="))))
            .collect();
        assert_eq!(get(&query.join("&")), Err(Fault::FieldMissing { field: name }));
    }
    assert!(get(full).is_ok());
    assert_eq!(get(&full.replace("T00:00:00Z", "")), Err(Fault::TimestampMalformed));
    let long = full.replace("Nonce=n", &format!("Nonce={}", "n".repeat(129)));
    assert_eq!(get(&long), Err(Fault::FieldTooLong { field: "SignatureNonce", max: 128 }));
    assert!(matches!(get(&full.replace("HMAC-SHA1", "HMAC-MD5")), Err(Fault::SignatureMismatch { .. })));
}

#[test]
fn a_call_may_be_fifteen_minutes_off_either_way() {
    let captured = all().into_iter().find(|captured| captured.name == "v6").expect("a capture");
    let credentials = read(&captured.request()).expect("credentials");
    let signed = moment::parse("2026-11-21T15:54:48Z").expect("a moment");
    for (off, expected) in [
        (900_000, Ok(())),
        (-900_000, Ok(())),
        (900_001, Err(Fault::TimestampExpired)),
        (-900_001, Err(Fault::TimestampExpired)),
    ] {
        assert_eq!(credentials.check_time(Millis(signed.0 + off)), expected);
    }
}

#[test]
fn what_is_signed_is_in_the_order_of_the_names_whatever_order_it_came_in() {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit, Mac};
    let pairs = [("Version", "2016-08-01"), ("AccessKeyId", KEY), ("Action", "ListTags"), ("SignatureNonce", "n")];
    let rest =
        [("Timestamp", "2026-11-21T15%3A58%3A39Z"), ("SignatureMethod", "HMAC-SHA1"), ("SignatureVersion", "1.0")];
    let of = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    };
    let mut all: Vec<(&str, &str)> = pairs.into_iter().chain(rest).collect();
    let verified = |query: &str, canonical: &str| {
        let encoded = canonical.replace('%', "%25").replace('=', "%3D").replace('&', "%26");
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(format!("{SECRET}&").as_bytes()).expect("any length");
        mac.update(format!("POST&%2F&{encoded}").as_bytes());
        let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let query = format!("{query}&Signature={signature}");
        let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
        read(&request).expect("all is there").verify(SECRET).is_ok()
    };
    let unordered = of(&all);
    all.sort_unstable();
    let ordered = of(&all);
    assert!(verified(&unordered, &ordered), "a call may come in any order");
    assert!(!verified(&unordered, &unordered), "and is signed in one");
    assert!(!verified(&ordered, &unordered));
}
