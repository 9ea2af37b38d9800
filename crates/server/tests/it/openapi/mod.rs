//! The push OpenAPIs from the outside: signed calls over real sockets, on both engines.
//!
//! [`Signer`] signs as published clients do; a [`Reply`] checks the envelope and knows the code by its name.

mod bindings;
mod cloud;
mod device_side;
mod environments;
mod gate;
mod live;
mod mpaas;
mod operators;
mod parameters;
mod push_bounds;
mod pushes;

use std::sync::atomic::{AtomicU64, Ordering};

use contract::codes::Row;
use contract::ledger::{How, note};
use contract::openapi::{Params, Request, sign_rpc};
use contract::{Millis, moment};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use store::apps::AccessKey;

use crate::harness::{APP, Answer, Im};

/// The access key of the app.
pub(crate) const KEY_ID: &str = "LTAItestkey";
/// Its secret.
pub(crate) const KEY_SECRET: &str = "testsecret000000000000000001";

/// Signs calls.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) version: &'static str,
}

impl Signer {
    /// The app's own key, for EMAS.
    pub(crate) fn own() -> Self {
        Self::new(KEY_ID, KEY_SECRET)
    }

    /// A key, for EMAS.
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self { id: id.into(), secret: secret.into(), token: None, version: "2016-08-01" }
    }

    /// The parameters that every call has, and those of an action.
    pub(crate) fn params(&self, now: Millis, action: &str, params: &[(&str, &str)]) -> Vec<(String, String)> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let nonce = format!("nonce-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut all: Vec<(String, String)> = [
            ("Action", action),
            ("Version", self.version),
            ("Format", "JSON"),
            ("AccessKeyId", &self.id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &moment::write(now)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        all.extend(self.token.clone().map(|token| ("SecurityToken".into(), token)));
        for (name, value) in params {
            all.retain(|(own, _)| own != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        all
    }

    /// A signed query.
    pub(crate) fn query(&self, params: &[(String, String)]) -> String {
        let query = encode(params);
        let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
        let signature = sign_rpc("POST", &Params::of(&request).expect("parameters"), &self.secret);
        format!("{query}&{}", encode(&[("Signature".into(), signature)]))
    }

    /// Calls an action on the app.
    pub(crate) async fn call(&self, im: &Im, action: &str, params: &[(&str, &str)]) -> Reply {
        let app = APP.to_string();
        let mut all: Vec<(&str, &str)> = vec![("AppKey", &app)];
        all.extend(params);
        self.call_plain(im, action, &all).await
    }

    /// Calls an action with these parameters alone.
    pub(crate) async fn call_plain(&self, im: &Im, action: &str, params: &[(&str, &str)]) -> Reply {
        send(im, &self.query(&self.params(im.clock.now(), action, params))).await
    }
}

/// Sends a query by POST.
pub(crate) async fn send(im: &Im, query: &str) -> Reply {
    Reply(im.send("POST", &format!("/?{query}"), "").await)
}

/// Encodes pairs as a form.
pub(crate) fn encode(pairs: &[(String, String)]) -> String {
    let one = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", one(name), one(value))).collect::<Vec<_>>().join("&")
}

/// Gives the app its access key.
pub(crate) async fn with_key(im: &Im) -> Signer {
    im.app(|_, secrets| secrets.access_keys = vec![AccessKey { id: KEY_ID.into(), secret: KEY_SECRET.into() }]).await;
    Signer::own()
}

/// Registers a device for push.
pub(crate) async fn register(im: &Im, id: &str) {
    let (id, now) = (contract::DeviceId::parse(id).expect("a device"), im.clock.now());
    let what =
        store::bindings::Registration { os: 2, brand: "Example".into(), model: "One".into(), ..Default::default() };
    let register = im.node().store.write(APP, move |tx| store::bindings::register(tx, now, &id, 2, &what));
    register.await.expect("the device is registered");
}

/// A device as a push service names it.
pub(crate) fn device(number: u32) -> String {
    format!("{number:032}")
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply(pub(crate) Answer);

impl Reply {
    fn value(&self) -> Value {
        serde_json::from_slice(self.0.body()).expect("the answer is JSON")
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        let value = self.value();
        assert_eq!(self.0.head().status, 200, "{value}");
        assert_eq!(self.0.head().headers["content-type"], "application/json;charset=utf-8");
        assert_eq!(value["RequestId"].as_str().map(str::len), Some(36), "{value}");
        assert!(value.get("Code").is_none(), "{value}");
        value
    }

    /// Checks that the call was refused with a row, its code spelt in full.
    #[track_caller]
    pub(crate) fn fails(&self, row: impl Into<&'static Row>, spelt: &str) -> Value {
        self.fails_by(row, spelt, How::Request)
    }

    /// As [`Self::fails`], where the trouble that is answered was made.
    #[track_caller]
    pub(crate) fn fails_by(&self, row: impl Into<&'static Row>, spelt: &str, how: How) -> Value {
        let (row, value) = (row.into(), self.value());
        assert_eq!(value["Code"], spelt, "{value}");
        assert_eq!(Some(self.0.head().status.as_u16()), row.http, "{value}");
        assert!(value["Message"].as_str().is_some_and(|text| text.starts_with(row.text)), "{value}");
        assert_eq!(value["HostId"], "noroshi.test");
        assert_eq!(value["RequestId"].as_str().map(str::len), Some(36), "{value}");
        assert!(value["Recommend"].as_str().is_some_and(|url| url.contains("codes.md#openapi")), "{value}");
        note(row, how);
        value
    }
}
