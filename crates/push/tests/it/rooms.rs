//! The channels against the vendors' rooms of the sandbox, which judge by the vendors' documents alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::notification::{Badge, Click, Kind, Notification, Style, Weight};
use push::channel::{Answer, Channel, Outgoing, Recall, Verdict};
use push::credential::{Apps, ChannelFactory, Credentials};
use rustls::RootCertStore;
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Map, Value, json};
use store::apps::{App, AppSecrets, AppSettings, Credential};

use crate::apns::machine;
use crate::bench::{APP, CREDENTIAL};
use crate::vendors::VENDORS;

/// Words that nobody takes for a test.
pub(crate) fn hello() -> Notification {
    let (title, body) = ("Your order: no. 7", "It will be with you today, at 5.");
    Notification { title: title.into(), body: body.into(), ..Notification::default() }
}

/// A room with an app of its own.
pub(crate) struct Room {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) vendor: &'static str,
    pub(crate) app: Value,
}

impl Room {
    pub(crate) fn new(sandbox: &Arc<Sandbox>, vendor: &'static str, app: &Value) -> Self {
        let app = sandbox.control("POST", &format!("/{vendor}/apps"), app).unwrap();
        Self { sandbox: Arc::clone(sandbox), vendor, app }
    }

    /// What the room calls the app.
    pub(crate) fn id(&self) -> String {
        let name = match self.vendor {
            "fcm" | "harmony" => "project_id",
            "oppo" => "app_key",
            _ => "app_id",
        };
        self.app[name].as_str().unwrap().to_owned()
    }

    /// A phone's token.
    pub(crate) fn phone(&self) -> String {
        let wanted = json!({"app": self.id()});
        let phone = self.sandbox.control("POST", &format!("/{}/devices", self.vendor), &wanted).unwrap();
        phone["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn url(&self) -> String {
        match self.vendor {
            "fcm" => self.sandbox.fcm_url(),
            "harmony" => self.sandbox.harmony_url(),
            "honor" => self.sandbox.honor_url(),
            "huawei" => self.sandbox.huawei_url(),
            "oppo" => self.sandbox.oppo_url(),
            "vivo" => self.sandbox.vivo_url(),
            _ => self.sandbox.xiaomi_url(),
        }
    }

    /// The app's channel, made of a credential with what changes it.
    pub(crate) fn channel(&self, changed: &[(&str, &str)]) -> Arc<dyn Channel> {
        let text = |name: &str| self.app[name].as_str().unwrap_or_default().to_owned();
        let secret = if self.vendor == "huawei" { text("secret") } else { text("app_secret") };
        let mut settings = BTreeMap::from([
            ("base_url", self.url()),
            ("auth_url", self.url()),
            ("ca_pem", self.sandbox.ca_pem().to_owned()),
            ("app_id", text("app_id")),
            ("client_id", text("client_id")),
            ("app_key", text("app_key")),
            ("package_name", text("package")),
        ]);
        let mut secrets = BTreeMap::from([
            ("app_secret", secret),
            ("client_secret", text("client_secret")),
            ("master_secret", text("master_secret")),
            ("key_file", self.app["service_account"].to_string()),
        ]);
        for (name, value) in changed {
            let known = if secrets.contains_key(name) { &mut secrets } else { &mut settings };
            known.insert(name, (*value).to_owned());
        }
        let owned =
            |map: BTreeMap<&str, String>| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let credential = Credential { channel: self.vendor.to_owned(), settings: owned(settings) };
        let app = Arc::new(App {
            id: APP,
            version: 1,
            settings: AppSettings { credentials: BTreeMap::from([(CREDENTIAL, credential)]), ..AppSettings::default() },
            secrets: AppSecrets {
                credentials: BTreeMap::from([(CREDENTIAL, owned(secrets))]),
                ..AppSecrets::default()
            },
        });
        let apps: Apps = Arc::new(move |_| Some(Arc::clone(&app)));
        let factory = Credentials::new(apps, Arc::new(RootCertStore::empty()), Arc::new(machine));
        factory.open(APP, self.vendor, CREDENTIAL).unwrap().channel
    }
}

pub(crate) async fn sandbox() -> Arc<Sandbox> {
    Arc::new(Sandbox::start(SandboxSettings::default()).await.unwrap())
}

fn message(number: u8, token: &str, notification: &Arc<Notification>) -> Outgoing {
    Outgoing {
        id: [number; 16],
        token: token.to_owned(),
        notification: Arc::clone(notification),
        expires_at: machine().plus(3_600_000),
        attempt: 1,
    }
}

pub(crate) async fn all(channel: &dyn Channel, tokens: &[String], notification: Notification) -> Vec<Answer> {
    let notification = Arc::new(notification);
    let expires_at = machine().plus(3_600_000);
    let batch: Vec<Outgoing> = tokens
        .iter()
        .enumerate()
        .map(|(number, token)| Outgoing { expires_at, ..message(number as u8, token, &notification) })
        .collect();
    channel.deliver(&batch).await
}

pub(crate) fn inbox(room: &Room, token: &str) -> Value {
    let path = format!("/{}/devices/{token}/inbox", room.vendor);
    room.sandbox.control("GET", &path, &json!({})).unwrap()
}

#[tokio::test]
async fn each_vendor_takes_what_is_meant_for_its_phones_and_refuses_a_wrong_token_alone() {
    let sandbox = sandbox().await;
    for vendor in VENDORS {
        let room = Room::new(&sandbox, vendor, &json!({}));
        let channel = room.channel(&[]);
        let mut tokens = vec![room.phone(), room.phone(), room.phone()];
        tokens.insert(1, "wrong".to_owned());
        let answers = all(&*channel, &tokens, hello()).await;
        for (number, answer) in answers.iter().enumerate() {
            let is_gone = matches!(answer.verdict, Verdict::Gone { .. });
            assert!(
                if number == 1 { is_gone } else { answer.verdict == Verdict::Accepted },
                "{vendor} {number}: {answer:?}"
            );
        }
        assert_eq!(answers.len(), 4, "{vendor}");
        for token in [&tokens[0], &tokens[2], &tokens[3]] {
            let arrived = inbox(&room, token).to_string();
            assert!(arrived.contains("no. 7") && arrived.contains("today, at 5"), "{vendor}: {arrived}");
        }
        channel.close().await;
    }
}

/// A notification that uses every word that the vendors have.
fn full() -> Notification {
    Notification {
        badge: Some(Badge::Set(5)),
        image: Some("https://example.com/a.png".into()),
        data: Map::from_iter([("order".to_owned(), json!(7))]),
        ext: Some("raw".into()),
        click: Click::Intent("intent://order/7#Intent;scheme=app;end".into()),
        style: Style::Long { title: "Big".into(), body: "All of it".into() },
        channel_id: Some("chat".into()),
        subject: Some("IM".into()),
        weight: Some(Weight::Service),
        notify_id: Some(9),
        collapse_key: Some("order-7".into()),
        ..hello()
    }
}

#[tokio::test]
async fn a_full_notification_breaks_no_rule_of_any_vendor() {
    let sandbox = sandbox().await;
    for vendor in VENDORS {
        let room = Room::new(&sandbox, vendor, &json!({}));
        let channel = room.channel(&[]);
        let tokens = [room.phone(), room.phone()];
        let answers = all(&*channel, &tokens, full()).await;
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted), "{vendor}: {answers:?}");
        let silent = Notification { kind: Kind::Background, ..full() };
        let answers = all(&*channel, &tokens, silent).await;
        let is_shown_only = matches!(vendor, "oppo" | "vivo");
        let is_taken = |answer: &Answer| answer.verdict == Verdict::Accepted;
        assert!(answers.iter().all(|answer| is_taken(answer) != is_shown_only), "{vendor}: {answers:?}");
    }
}

#[tokio::test]
async fn what_was_sent_is_taken_back_where_the_vendor_can() {
    let sandbox = sandbox().await;
    for vendor in ["huawei", "harmony"] {
        let room = Room::new(&sandbox, vendor, &json!({}));
        let channel = room.channel(&[]);
        let token = room.phone();
        let answers = all(&*channel, std::slice::from_ref(&token), full()).await;
        assert_eq!(answers[0].verdict, Verdict::Accepted, "{vendor}: {answers:?}");
        let recalls = [Recall { token, notify_id: 9 }];
        let answers = channel.recall(&recalls).unwrap().await;
        assert_eq!(answers[0].verdict, Verdict::Accepted, "{vendor}: {answers:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_shown_once_where_the_vendor_knows_it() {
    let sandbox = sandbox().await;
    let room = Room::new(&sandbox, "vivo", &json!({}));
    let channel = room.channel(&[]);
    let message = message(7, &room.phone(), &Arc::new(hello()));
    for _ in 0..2 {
        let answers = channel.deliver(std::slice::from_ref(&message)).await;
        assert_eq!(answers[0].verdict, Verdict::Accepted, "{answers:?}");
    }
    assert_eq!(inbox(&room, &message.token)["notifications"].as_array().unwrap().len(), 1);
}
