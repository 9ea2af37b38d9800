//! Apple's phones in the sandbox, for tests that follow a push to its end.

use std::collections::BTreeMap;

use contract::{DeviceId, Platform, UserId};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use store::Tx;
use store::apps::Credential;
use store::devices::{self, Login, Token};

use crate::harness::{APP, Im};
use crate::raw::until;

const BUNDLE: &str = "com.example.app";
/// The businessID of the app's credential.
const CREDENTIAL: i64 = 1;

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
        phones.control("POST", "/apns/apps", json!({ "bundle": BUNDLE }));
        let key = phones.control("POST", "/apns/keys", json!({}));
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        let settings = BTreeMap::from([
            ("topic".to_owned(), BUNDLE.to_owned()),
            ("key_id".to_owned(), text("key")),
            ("team_id".to_owned(), text("team")),
            ("base_url".to_owned(), phones.sandbox.apns_url()),
            ("ca_pem".to_owned(), phones.sandbox.ca_pem().to_owned()),
        ]);
        let secret = BTreeMap::from([("p8".to_owned(), text("p8"))]);
        im.app(move |all, secrets| {
            let credential = Credential { channel: "apns".into(), settings: settings.clone() };
            all.credentials.insert(CREDENTIAL, credential);
            secrets.credentials.insert(CREDENTIAL, secret.clone());
        })
        .await;
        phones
    }

    /// Gives an account a phone that is away; answers its token.
    pub(crate) async fn give(&self, im: &Im, account: &str) -> String {
        let phone = self.control("POST", "/apns/devices", json!({ "bundle": BUNDLE }));
        let token = phone["token"].as_str().expect("a token").to_owned();
        self.give_token(im, account, &token).await;
        token
    }

    /// Gives an account a phone that is away and has this token, whether Apple knows it or not.
    pub(crate) async fn give_token(&self, im: &Im, account: &str, token: &str) {
        let (now, account, token) = (im.clock.now(), UserId::trusted(account), token.to_owned());
        let device = DeviceId::trusted(&format!("phone-of-{account}"));
        let add = move |tx: &mut Tx<'_>| {
            let platform = Platform::IPhone as i64;
            let login = Login { device: device.clone(), account: account.clone(), platform, node: 7, session: 1 };
            devices::log_in(tx, now, &login)?;
            let (channel, device) = ("apns".to_owned(), device.clone());
            let token =
                Token { device: device.clone(), channel, token: token.clone(), credential: CREDENTIAL, bound_at: now };
            devices::set_token(tx, &account, &token)?;
            devices::disconnect(tx, now, &device, 1).map(drop)
        };
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
