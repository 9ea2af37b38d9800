//! Apple's phones in the sandbox, for tests that follow a push to its end.

use std::collections::BTreeMap;

use contract::{DeviceId, Millis, Platform, Result, UserId};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use store::Tx;
use store::apps::{AppSecrets, AppSettings, Credential};
use store::devices::{self, Login, Token};

use crate::harness::{APP, Im};
use crate::raw::until;

const BUNDLE: &str = "com.example.app";
/// The businessID of the app's credential.
pub(crate) const CREDENTIAL: i64 = 1;

/// What an app needs to call Apple's room.
pub(crate) struct Access {
    settings: BTreeMap<String, String>,
    secret: BTreeMap<String, String>,
}

impl Access {
    /// Makes a room know an app, and a key for it.
    pub(crate) fn to(sandbox: &Sandbox, bundle: &str) -> Self {
        let control = |path: &str, body: Value| sandbox.control("POST", path, &body).expect("the sandbox obeys");
        control("/apns/apps", json!({ "bundle": bundle }));
        let key = control("/apns/keys", json!({}));
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        let settings = BTreeMap::from([
            ("topic".to_owned(), bundle.to_owned()),
            ("key_id".to_owned(), text("key")),
            ("team_id".to_owned(), text("team")),
            ("base_url".to_owned(), sandbox.apns_url()),
            ("ca_pem".to_owned(), sandbox.ca_pem().to_owned()),
        ]);
        Self { settings, secret: BTreeMap::from([("p8".to_owned(), text("p8"))]) }
    }

    /// With another setting of the credential.
    pub(crate) fn with(mut self, name: &str, value: String) -> Self {
        self.settings.insert(name.to_owned(), value);
        self
    }

    /// Gives it to an app.
    pub(crate) fn give(&self, all: &mut AppSettings, secrets: &mut AppSecrets) {
        let credential = Credential { channel: "apns".into(), settings: self.settings.clone() };
        all.credentials.insert(CREDENTIAL, credential);
        secrets.credentials.insert(CREDENTIAL, self.secret.clone());
    }
}

/// A new phone with an app; answers its token.
pub(crate) fn phone(sandbox: &Sandbox, bundle: &str) -> String {
    let made = sandbox.control("POST", "/apns/devices", &json!({ "bundle": bundle })).expect("a phone");
    made["token"].as_str().expect("a token").to_owned()
}

/// Gives an account a phone that is away.
pub(crate) fn leave(tx: &mut Tx<'_>, now: Millis, account: &UserId, device: &DeviceId, token: &str) -> Result<()> {
    let platform = Platform::IPhone as i64;
    let login = Login { device: device.clone(), account: account.clone(), platform, node: 7, session: 1 };
    devices::log_in(tx, now, &login)?;
    let (channel, token) = ("apns".to_owned(), token.to_owned());
    let token = Token { device: device.clone(), channel, token, credential: CREDENTIAL, bound_at: now };
    devices::set_token(tx, account, &token)?;
    devices::disconnect(tx, now, device, 1).map(drop)
}

/// A sandbox for which the app of a node has a credential.
pub(crate) struct Phones {
    sandbox: Sandbox,
}

impl Phones {
    /// Starts a sandbox at the time of the node and gives the app a credential.
    pub(crate) async fn start(im: &Im) -> Self {
        let phones = Self { sandbox: Sandbox::start(SandboxSettings::default()).await.expect("the sandbox starts") };
        let now = phones.control("PUT", "/clock", json!({ "offset_ms": 0 }));
        let ahead = im.clock.now().0 - now["now_ms"].as_i64().expect("a moment");
        phones.control("PUT", "/clock", json!({ "offset_ms": ahead }));
        let access = Access::to(&phones.sandbox, BUNDLE);
        im.app(move |all, secrets| access.give(all, secrets)).await;
        phones
    }

    /// Gives an account a phone that is away; answers its token.
    pub(crate) async fn give(&self, im: &Im, account: &str) -> String {
        let token = phone(&self.sandbox, BUNDLE);
        self.give_token(im, account, &token).await;
        token
    }

    /// Gives an account a phone that is away and has this token, whether Apple knows it or not.
    pub(crate) async fn give_token(&self, im: &Im, account: &str, token: &str) {
        let (now, account, token) = (im.clock.now(), UserId::trusted(account), token.to_owned());
        let device = DeviceId::trusted(&format!("phone-of-{account}"));
        let add = move |tx: &mut Tx<'_>| leave(tx, now, &account, &device, &token);
        im.node().store.write(APP, add).await.expect("the phone is added");
    }

    /// What a phone has got so far.
    pub(crate) fn inbox(&self, token: &str) -> Vec<Value> {
        let inbox = self.control("GET", &format!("/apns/devices/{token}/inbox"), Value::Null);
        inbox["notifications"].as_array().expect("a list").clone()
    }

    /// Waits until a phone has got something.
    pub(crate) async fn wait(&self, token: &str) -> Vec<Value> {
        until(async || !self.inbox(token).is_empty()).await;
        self.inbox(token)
    }

    fn control(&self, method: &str, path: &str, body: Value) -> Value {
        self.sandbox.control(method, path, &body).expect("the sandbox obeys")
    }

    /// Ends the sandbox.
    pub(crate) async fn stop(self) {
        self.sandbox.shutdown().await;
    }
}
