//! Each published status of Apple's table, got through the channel: on the wire, by its own check, or from the
//! connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::Millis;
use contract::notification::{Kind, Notification, Priority};
use push::channel::{Answer, Channel, Outgoing, Scope, Status, Verdict};
use push::channels::apns::{Apns, Credential, CredentialFault, Settings, Tuning, verdict};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};

pub(crate) const BUNDLE: &str = "com.example.app";
const TEAM: &str = "TEAM000001";

/// A sandbox with an app, a key, a phone, and a channel's settings for it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) key: Value,
    pub(crate) token: String,
    /// How far the channel's clock is ahead.
    pub(crate) offset_ms: Arc<AtomicI64>,
}

pub(crate) fn machine() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "the sandbox lives by the machine's time")]
    let now = SystemTime::now();
    Millis(now.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
}

impl World {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
        sandbox.control("POST", "/apns/apps", &json!({"bundle": BUNDLE, "team": TEAM})).unwrap();
        let key = sandbox.control("POST", "/apns/keys", &json!({"team": TEAM})).unwrap();
        let device = sandbox.control("POST", "/apns/devices", &json!({"bundle": BUNDLE})).unwrap();
        let token = device["token"].as_str().unwrap().to_owned();
        Self { sandbox, key, token, offset_ms: Arc::default() }
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        self.sandbox.control(method, path, body).unwrap()
    }

    pub(crate) fn phone(&self, new: &Value) -> String {
        self.control("POST", "/apns/devices", new)["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        self.control("GET", "/requests", &json!({}))["requests"].as_array().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> Settings {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.sandbox.ca_pem().as_bytes()).unwrap()).unwrap();
        let offset_ms = Arc::clone(&self.offset_ms);
        Settings {
            credential: credential(&self.key),
            topic: Some(BUNDLE.to_owned()),
            base_url: self.sandbox.apns_url(),
            roots: Arc::new(roots),
            clock: Arc::new(move || machine().plus(offset_ms.load(Ordering::Relaxed))),
            tuning: Tuning { answer: Duration::from_secs(10), ..Tuning::default() },
        }
    }

    pub(crate) fn channel(&self) -> Apns {
        Apns::new(self.settings()).unwrap()
    }

    pub(crate) fn message(&self) -> Outgoing {
        Outgoing {
            id: *uuid::Uuid::new_v4().as_bytes(),
            token: self.token.clone(),
            notification: Arc::new(Notification { body: "hi".to_owned(), ..Notification::default() }),
            expires_at: machine().plus(3_600_000),
            attempt: 1,
        }
    }

    /// A channel whose credential is a client certificate.
    pub(crate) fn certified(&self, certificate: &Value, topic: Option<&str>) -> Apns {
        let issued = self.control("POST", "/apns/certificates", certificate);
        let pem = format!("{}{}", issued["certificate_pem"].as_str().unwrap(), issued["key_pem"].as_str().unwrap());
        let credential = Credential::from_pem(&pem).unwrap();
        Apns::new(Settings { credential, topic: topic.map(str::to_owned), ..self.settings() }).unwrap()
    }
}

fn credential(key: &Value) -> Credential {
    let text = |field: &str| key[field].as_str().unwrap().to_owned();
    Credential::Key { p8: text("p8"), key: text("key"), team: text("team") }
}

pub(crate) async fn one(channel: &Apns, message: &Outgoing) -> Answer {
    let mut answers = channel.deliver(std::slice::from_ref(message)).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn says(message: &Outgoing, notification: Notification) -> Outgoing {
    Outgoing { notification: Arc::new(notification), ..message.clone() }
}

/// Refused on the wire, with Apple's word in the receipt.
fn refused(answer: &Answer, status: Status, scope: Scope, word: &str) {
    assert_eq!(answer.verdict, Verdict::Refused { status, scope });
    assert_eq!((answer.said.text.as_str(), answer.said.is_local), (word, false));
}

#[tokio::test]
async fn a_push_is_accepted_and_arrives_as_it_was_meant() {
    let world = World::new().await;
    let message = world.message();
    let answer = one(&world.channel(), &message).await;
    let id = uuid::Uuid::from_bytes(message.id).to_string();
    assert_eq!((answer.verdict, answer.said.request.as_str()), (Verdict::Accepted, id.as_str()));
    let inbox = world.control("GET", &format!("/apns/devices/{}/inbox", world.token), &json!({}));
    let arrived = &inbox["notifications"][0];
    assert_eq!(arrived["payload"]["aps"]["alert"]["body"], "hi");
    assert_eq!((&arrived["headers"]["apns-id"], &arrived["warnings"]), (&json!(id), &json!([])));
}

#[tokio::test]
async fn payload_empty_is_seen_before_the_wire() {
    let world = World::new().await;
    let answer = one(&world.channel(), &says(&world.message(), Notification::default())).await;
    assert_eq!(answer.verdict, Verdict::Refused { status: verdict::PAYLOAD_EMPTY, scope: Scope::Message });
    assert!(answer.said.is_local && world.requests().is_empty());
}

#[tokio::test]
async fn payload_too_large_is_seen_before_the_wire() {
    let world = World::new().await;
    let long = Notification { body: "x".repeat(5_000), ..Notification::default() };
    let answer = one(&world.channel(), &says(&world.message(), long)).await;
    assert_eq!(answer.verdict, Verdict::Refused { status: verdict::PAYLOAD_TOO_LARGE, scope: Scope::Message });
    assert!(answer.said.is_local && world.requests().is_empty());
}

#[tokio::test]
async fn bad_topic_is_a_topic_that_is_no_bundle_id() {
    let world = World::new().await;
    let channel = Apns::new(Settings { topic: Some("my app".to_owned()), ..world.settings() }).unwrap();
    refused(&one(&channel, &world.message()).await, verdict::BAD_TOPIC, Scope::App, "BadTopic");
}

#[tokio::test]
async fn topic_disallowed_is_a_topic_beyond_the_credential() {
    let world = World::new().await;
    let narrow = world.control("POST", "/apns/keys", &json!({"team": TEAM, "bundles": ["com.example.other"]}));
    let channel = Apns::new(Settings { credential: credential(&narrow), ..world.settings() }).unwrap();
    let answer = one(&channel, &world.message()).await;
    refused(&answer, verdict::TOPIC_DISALLOWED, Scope::App, "TopicDisallowed");
    let channel = world.certified(&json!({"bundle": "com.example.other"}), Some(BUNDLE));
    let answer = one(&channel, &world.message()).await;
    refused(&answer, verdict::TOPIC_DISALLOWED, Scope::App, "TopicDisallowed");
}

#[tokio::test]
async fn bad_message_id_comes_only_by_a_fault_rule() {
    // The channel's ids are UUIDs by their type.
    let world = World::new().await;
    let rule = json!({"effect": "answer", "status": 400, "reason": "BadMessageId"});
    world.control("POST", "/faults", &rule);
    let answer = one(&world.channel(), &world.message()).await;
    refused(&answer, verdict::BAD_MESSAGE_ID, Scope::Message, "BadMessageId");
}

#[tokio::test]
async fn bad_expiration_date_is_a_moment_before_all_time() {
    let world = World::new().await;
    let message = Outgoing { expires_at: Millis(-5_000), ..world.message() };
    let answer = one(&world.channel(), &message).await;
    refused(&answer, verdict::BAD_EXPIRATION_DATE, Scope::Message, "BadExpirationDate");
}

#[tokio::test]
async fn bad_priority_is_haste_in_the_background() {
    let world = World::new().await;
    let hasty = Notification { kind: Kind::Background, priority: Some(Priority::High), ..Notification::default() };
    let answer = one(&world.channel(), &says(&world.message(), hasty)).await;
    refused(&answer, verdict::BAD_PRIORITY, Scope::Message, "BadPriority");
    let patient = Notification { kind: Kind::Background, ..Notification::default() };
    assert_eq!(one(&world.channel(), &says(&world.message(), patient)).await.verdict, Verdict::Accepted);
}

#[tokio::test]
async fn missing_device_token_is_seen_before_the_wire() {
    let world = World::new().await;
    let answer = one(&world.channel(), &Outgoing { token: String::new(), ..world.message() }).await;
    assert_eq!(answer.verdict, Verdict::Refused { status: verdict::MISSING_DEVICE_TOKEN, scope: Scope::Message });
    assert!(answer.said.is_local && world.requests().is_empty());
}

#[tokio::test]
async fn bad_device_token_is_malformed_unknown_or_of_the_other_environment() {
    let world = World::new().await;
    let channel = world.channel();
    let gone = Verdict::Gone { status: verdict::BAD_DEVICE_TOKEN, since: None };
    let development = world.phone(&json!({"bundle": BUNDLE, "environment": "development"}));
    for (token, is_local) in [("zz".to_owned(), true), ("ab".repeat(32), false), (development, false)] {
        let answer = one(&channel, &Outgoing { token, ..world.message() }).await;
        assert_eq!((answer.verdict, answer.said.is_local), (gone, is_local));
    }
}

#[tokio::test]
async fn device_token_not_for_topic_is_another_apps_phone() {
    let world = World::new().await;
    world.control("POST", "/apns/apps", &json!({"bundle": "com.example.other", "team": TEAM}));
    let token = world.phone(&json!({"bundle": "com.example.other"}));
    let answer = one(&world.channel(), &Outgoing { token, ..world.message() }).await;
    assert_eq!(answer.verdict, Verdict::Gone { status: verdict::DEVICE_TOKEN_NOT_FOR_TOPIC, since: None });
    assert_eq!(answer.said.text, "DeviceTokenNotForTopic");
}

#[tokio::test]
async fn unregistered_keeps_the_moment() {
    let world = World::new().await;
    let state = format!("/apns/devices/{}/state", world.token);
    for name in ["unregistered", "expired"] {
        world.control("PUT", &state, &json!({"state": name, "since_ms": 1_700_000_000_123_i64}));
        let answer = one(&world.channel(), &world.message()).await;
        let since = Some(Millis(1_700_000_000_123));
        assert_eq!(answer.verdict, Verdict::Gone { status: verdict::UNREGISTERED, since });
        assert_eq!(answer.said.code, "410");
    }
}

#[tokio::test]
async fn bad_certificate_environment_is_a_development_certificate_in_production() {
    let world = World::new().await;
    let channel = world.certified(&json!({"bundle": BUNDLE, "environment": "development"}), Some(BUNDLE));
    let answer = one(&channel, &world.message()).await;
    refused(&answer, verdict::BAD_CERTIFICATE_ENVIRONMENT, Scope::App, "BadCertificateEnvironment");
}

#[tokio::test]
async fn bad_certificate_has_expired_or_is_not_apples() {
    let world = World::new().await;
    for bad in [json!({"bundle": BUNDLE, "expires_in_ms": -5_000}), json!({"bundle": BUNDLE, "is_foreign": true})] {
        let answer = one(&world.certified(&bad, Some(BUNDLE)), &world.message()).await;
        refused(&answer, verdict::BAD_CERTIFICATE, Scope::App, "BadCertificate");
    }
}

#[tokio::test]
async fn missing_topic_is_a_key_without_a_topic() {
    let world = World::new().await;
    let channel = Apns::new(Settings { topic: None, ..world.settings() }).unwrap();
    refused(&one(&channel, &world.message()).await, verdict::MISSING_TOPIC, Scope::Message, "MissingTopic");
    let channel = world.certified(&json!({"bundle": BUNDLE}), None);
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted, "one topic, said by the certificate");
}

#[tokio::test]
async fn conn_closed_is_a_connection_lost_with_the_request_on_it() {
    let world = World::new().await;
    let channel = world.channel();
    world.control("POST", "/faults", &json!({"effect": "drop"}));
    let message = world.message();
    let answer = one(&channel, &message).await;
    let later = Verdict::Later { status: verdict::CONN_CLOSED, scope: Scope::Node, after_ms: None };
    assert_eq!((answer.verdict, answer.said.is_local), (later, true));
    // The same id goes out again, on a new connection.
    assert_eq!(one(&channel, &message).await.verdict, Verdict::Accepted);
    let requests = world.requests();
    assert_eq!(requests[0]["headers"]["apns-id"], requests[1]["headers"]["apns-id"]);
    assert_ne!(requests[0]["connection"], requests[1]["connection"]);
}

#[tokio::test]
async fn conn_unavailable_is_a_closed_port() {
    let world = World::new().await;
    let settings = world.settings();
    let message = world.message();
    world.sandbox.shutdown().await;
    let channel = Apns::new(settings).unwrap();
    for _ in 0..2 {
        let answer = one(&channel, &message).await;
        let Verdict::Later { status, scope, after_ms: Some(after_ms) } = answer.verdict else { panic!("{answer:?}") };
        assert_eq!((status, scope), (verdict::CONN_UNAVAILABLE, Scope::Node));
        assert!((1..=1_500).contains(&after_ms), "{after_ms}");
    }
}

#[tokio::test]
async fn conn_unavailable_is_also_a_service_that_nobody_vouches_for() {
    let world = World::new().await;
    let settings = Settings { roots: Arc::new(RootCertStore::empty()), ..world.settings() };
    let answer = one(&Apns::new(settings).unwrap(), &world.message()).await;
    assert_eq!(answer.verdict.status(), Some(verdict::CONN_UNAVAILABLE));
}

#[tokio::test]
async fn a_p12_opens_with_its_password_and_sends() {
    let world = World::new().await;
    let issued = world.control("POST", "/apns/certificates", &json!({"bundle": BUNDLE}));
    let p12 =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, issued["p12_base64"].as_str().unwrap())
            .unwrap();
    let wrong = Credential::from_p12(&p12, "wrong").err();
    assert_eq!(wrong, Some(CredentialFault::PasswordWrong));
    let credential = Credential::from_p12(&p12, issued["p12_password"].as_str().unwrap()).unwrap();
    let channel = Apns::new(Settings { credential, ..world.settings() }).unwrap();
    assert_eq!(one(&channel, &world.message()).await.verdict, Verdict::Accepted);
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_messages() {
    let world = World::new().await;
    let good = world.message();
    let batch: Vec<Outgoing> = (0..40)
        .map(|at| match at % 4 {
            0 => good.clone(),
            1 => Outgoing { token: String::new(), ..good.clone() },
            2 => Outgoing { token: "cd".repeat(32), ..good.clone() },
            _ => says(&good, Notification::default()),
        })
        .collect();
    let answers = world.channel().deliver(&batch).await;
    let expected =
        [None, Some(verdict::MISSING_DEVICE_TOKEN), Some(verdict::BAD_DEVICE_TOKEN), Some(verdict::PAYLOAD_EMPTY)];
    assert_eq!(answers.len(), batch.len());
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(answer.verdict.status(), expected[at % 4], "{at}");
    }
}
