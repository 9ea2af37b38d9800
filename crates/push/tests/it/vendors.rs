//! The channels of vendors on a wire: sessions, batches, protocols, and what trouble on the way means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::Millis;
use contract::notification::Notification;
use push::channel::{Answer, Channel, Outgoing, Recall, Scope, Verdict};
use push::credential::{Apps, ChannelFactory, Credentials, Trouble};
use rustls::RootCertStore;
use serde_json::{Value, json};
use store::apps::{App, AppSecrets, AppSettings, Credential};

use crate::bench::{APP, CREDENTIAL};
use crate::endpoint::{Endpoint, Say, Seen};

pub(crate) const VENDORS: [&str; 7] = ["fcm", "harmony", "honor", "huawei", "oppo", "vivo", "xiaomi"];
pub(crate) const NOW: Millis = Millis(1_800_000_000_000);
const KEY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/rsa-2048.pem"));

/// A vendor's channel, made of a credential that leads to the endpoint.
pub(crate) fn channel(vendor: &str, endpoint: &Endpoint) -> Arc<dyn Channel> {
    open(vendor, endpoint, &[], &[]).unwrap()
}

/// The same with changed settings and secrets.
pub(crate) fn open(
    vendor: &str,
    endpoint: &Endpoint,
    settings: &[(&str, &str)],
    secrets: &[(&str, &str)],
) -> Result<Arc<dyn Channel>, Trouble> {
    let own = [
        ("base_url", &*endpoint.url),
        ("auth_url", &*endpoint.url),
        ("ca_pem", &*endpoint.ca_pem),
        ("app_id", "104"),
        ("client_id", "105"),
        ("app_key", "key"),
        ("package_name", "com.example.app"),
    ];
    let file = json!({
        "type": "service_account", "project_id": "p1", "private_key_id": "k1", "private_key": KEY,
        "client_email": "e@example.com", "key_id": "k1", "sub_account": "a1",
    });
    let file = file.to_string();
    let hidden = [("app_secret", "s"), ("client_secret", "s"), ("master_secret", "s"), ("key_file", &*file)];
    let map = |own: &[(&str, &str)], over: &[(&str, &str)]| -> BTreeMap<String, String> {
        own.iter().chain(over).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let credential = Credential { channel: vendor.to_owned(), settings: map(&own, settings) };
    let app = Arc::new(App {
        id: APP,
        version: 1,
        settings: AppSettings { credentials: BTreeMap::from([(CREDENTIAL, credential)]), ..AppSettings::default() },
        secrets: AppSecrets {
            credentials: BTreeMap::from([(CREDENTIAL, map(&hidden, secrets))]),
            ..AppSecrets::default()
        },
    });
    let apps: Apps = Arc::new(move |_| Some(Arc::clone(&app)));
    let factory = Credentials::new(apps, Arc::new(RootCertStore::empty()), Arc::new(|| NOW));
    factory.open(APP, vendor, CREDENTIAL).map(|opened| opened.channel)
}

pub(crate) fn hello() -> Notification {
    Notification {
        title: "Title".into(),
        body: "A body".into(),
        subject: Some("WORK".into()),
        ..Notification::default()
    }
}

fn batch(count: usize) -> Vec<Outgoing> {
    let notification = Arc::new(hello());
    let message = |number: usize| Outgoing {
        id: [number as u8; 16],
        token: format!("token-{number}"),
        notification: Arc::clone(&notification),
        expires_at: NOW.plus(3_600_000),
        attempt: 1,
    };
    (0..count).map(message).collect()
}

/// Whether a request asks for a session.
pub(crate) fn is_auth(seen: &Seen) -> bool {
    seen.path.ends_with("/token") || seen.path.ends_with("/auth")
}

/// A session as each vendor hands it out, with a number in it.
pub(crate) fn session(vendor: &str, number: usize) -> Say {
    let token = format!("session-{number}");
    Say::json(match vendor {
        "oppo" => json!({"code": 0, "data": {"auth_token": token}}),
        "vivo" => json!({"result": 0, "desc": "ok", "authToken": token}),
        _ => json!({"access_token": token, "expires_in": 3_600, "token_type": "Bearer"}),
    })
}

/// What each vendor says when all is well.
pub(crate) fn success(vendor: &str, seen: &Seen) -> Say {
    Say::json(match vendor {
        "fcm" => json!({"name": "projects/p1/messages/1"}),
        "honor" => json!({"code": 200, "message": "success", "data": {"sendResult": true, "requestId": "r1"}}),
        "oppo" if seen.path.ends_with("unicast") => json!({"code": 0, "message": "ok", "data": {"messageId": "m1"}}),
        "oppo" => json!({"code": 0, "message": "ok", "data": []}),
        "vivo" => json!({"result": 0, "desc": "ok", "taskId": "task-1"}),
        "xiaomi" => json!({"result": "ok", "code": 0, "data": {"id": "slm1"}}),
        _ => json!({"code": "80000000", "msg": "Success", "requestId": "r1"}),
    })
}

/// What each vendor says of a session that it does not accept.
fn session_refused(vendor: &str) -> Say {
    match vendor {
        "fcm" => Say::status(401, json!({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "m"}})),
        "honor" => Say::json(json!({"code": 403, "message": "m"})),
        "oppo" => Say::json(json!({"code": 11, "message": "m"})),
        "vivo" => Say::json(json!({"result": 10_000, "desc": "m"})),
        "harmony" => Say::status(401, json!({"code": "80200001", "msg": "m"})),
        _ => Say::status(401, "<html>"),
    }
}

/// The session that a request shows.
fn shown(vendor: &str, seen: &Seen) -> String {
    match vendor {
        "oppo" => seen.body.split('&').find_map(|field| field.strip_prefix("auth_token=")).unwrap().to_owned(),
        "vivo" => seen.header("authtoken").to_owned(),
        _ => seen.header("authorization").to_owned(),
    }
}

/// The vendors that hand out sessions; HarmonyOS's are signed here, Xiaomi has none.
fn with_sessions() -> impl Iterator<Item = &'static str> {
    VENDORS.into_iter().filter(|vendor| !matches!(*vendor, "harmony" | "xiaomi"))
}

#[tokio::test]
async fn a_batch_of_each_vendor_needs_one_session_and_as_few_calls_as_it_allows() {
    for protocol in ["h2", "http/1.1"] {
        for vendor in VENDORS {
            let script = move |seen: &Seen| if is_auth(seen) { session(vendor, 1) } else { success(vendor, seen) };
            let endpoint = Endpoint::start(&[protocol], script).await;
            let channel = channel(vendor, &endpoint);
            let answers = channel.deliver(&batch(5)).await;
            assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted), "{vendor}: {answers:?}");
            assert_eq!(answers.len(), 5);
            let seen = endpoint.seen("");
            let auths = seen.iter().filter(|seen| is_auth(seen)).count();
            assert_eq!(auths, usize::from(!matches!(vendor, "harmony" | "xiaomi")), "{vendor}");
            let expected = match vendor {
                "fcm" => 5,
                // The words, and then the devices.
                "vivo" => 2,
                _ => 1,
            };
            assert_eq!(seen.len() - auths, expected, "{vendor}");
            channel.close().await;
        }
    }
}

#[tokio::test]
async fn a_session_that_is_refused_is_renewed_once_and_the_messages_go_out() {
    for vendor in with_sessions() {
        let auths = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&auths);
        let script = move |seen: &Seen| {
            if is_auth(seen) {
                return session(vendor, count.fetch_add(1, Ordering::SeqCst));
            }
            if shown(vendor, seen).ends_with("session-0") { session_refused(vendor) } else { success(vendor, seen) }
        };
        let endpoint = Endpoint::start(&["h2"], script).await;
        let answers = channel(vendor, &endpoint).deliver(&batch(20)).await;
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted), "{vendor}: {answers:?}");
        assert_eq!(auths.load(Ordering::SeqCst), 2, "{vendor}");
    }
}

#[tokio::test]
async fn sessions_that_are_never_accepted_stop_the_credential_without_a_storm() {
    for vendor in with_sessions().chain(["harmony"]) {
        let script = move |seen: &Seen| if is_auth(seen) { session(vendor, 7) } else { session_refused(vendor) };
        let endpoint = Endpoint::start(&["h2"], script).await;
        let answers = channel(vendor, &endpoint).deliver(&batch(20)).await;
        let is_app = |answer: &Answer| matches!(answer.verdict, Verdict::Refused { scope: Scope::App, .. });
        assert!(answers.iter().all(is_app), "{vendor}: {answers:?}");
        let auths = endpoint.seen("").iter().filter(|seen| is_auth(seen)).count();
        assert!(auths <= 21, "{vendor}: {auths}");
    }
}

#[tokio::test]
async fn a_refused_secret_is_told_for_each_message_and_asked_once() {
    for vendor in with_sessions() {
        let script = move |_: &Seen| match vendor {
            "oppo" => Say::json(json!({"code": 16, "message": "sign"})),
            "vivo" => Say::json(json!({"result": 10_206, "desc": "sign"})),
            _ => Say::status(400, json!({"error": "invalid_client", "error_description": "d"})),
        };
        let endpoint = Endpoint::start(&["h2"], script).await;
        let answers = channel(vendor, &endpoint).deliver(&batch(20)).await;
        let is_app = |answer: &Answer| matches!(answer.verdict, Verdict::Refused { scope: Scope::App, .. });
        assert!(answers.len() == 20 && answers.iter().all(is_app), "{vendor}: {answers:?}");
        assert_eq!(endpoint.seen("").len(), 1, "{vendor}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_tried_again_only_where_the_vendor_knows_repetitions() {
    for vendor in VENDORS {
        let script = move |seen: &Seen| if is_auth(seen) { session(vendor, 1) } else { Say::Break };
        let endpoint = Endpoint::start(&["h2", "http/1.1"], script).await;
        let answer = channel(vendor, &endpoint).deliver(&batch(1)).await.remove(0);
        // Without a number by which it replaces itself, a notification of these would be shown twice.
        let is_final = matches!(vendor, "fcm" | "honor" | "huawei");
        match answer.verdict {
            Verdict::Refused { scope: Scope::Node, .. } => assert!(is_final, "{vendor}"),
            Verdict::Later { scope: Scope::Node, .. } => assert!(!is_final, "{vendor}"),
            other => panic!("{vendor}: {other:?}"),
        }
        assert_eq!(endpoint.seen("").iter().filter(|seen| !is_auth(seen)).count(), 1, "{vendor}");
    }
}

#[tokio::test]
async fn a_peer_of_http_1_is_spoken_to_over_few_connections_that_are_kept() {
    let script = |seen: &Seen| if is_auth(seen) { session("fcm", 1) } else { success("fcm", seen) };
    let endpoint = Endpoint::start(&["http/1.1"], script).await;
    let channel = channel("fcm", &endpoint);
    for _ in 0..3 {
        let answers = channel.deliver(&batch(100)).await;
        assert!(answers.iter().all(|answer| answer.verdict == Verdict::Accepted), "{answers:?}");
    }
    let seen = endpoint.seen("messages:send");
    let connections: BTreeSet<usize> = seen.iter().map(|seen| seen.connection).collect();
    assert_eq!(seen.len(), 300);
    assert!(connections.len() <= 16, "{connections:?}");
    channel.close().await;
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_costs_no_message() {
    for vendor in VENDORS {
        let endpoint = Endpoint::start(&["h2"], |_| Say::Break).await;
        let nowhere = [("base_url", "https://127.0.0.1:1"), ("auth_url", "https://127.0.0.1:1")];
        let channel = open(vendor, &endpoint, &nowhere, &[]).unwrap();
        let answers = channel.deliver(&batch(3)).await;
        let is_away = |answer: &Answer| matches!(answer.verdict, Verdict::Later { scope: Scope::Node, .. });
        assert!(answers.len() == 3 && answers.iter().all(is_away), "{vendor}: {answers:?}");
    }
}

#[tokio::test]
async fn one_wrong_token_among_many_is_found_and_the_others_arrive() {
    let script = |seen: &Seen| {
        let is_bad = seen.body.contains("token-7");
        if is_bad {
            Say::json(json!({"result": "error", "code": 20_301, "reason": "r"}))
        } else {
            success("xiaomi", seen)
        }
    };
    let endpoint = Endpoint::start(&["h2"], script).await;
    let answers = channel("xiaomi", &endpoint).deliver(&batch(20)).await;
    for (number, answer) in answers.iter().enumerate() {
        match answer.verdict {
            Verdict::Accepted => assert_ne!(number, 7),
            Verdict::Gone { .. } => assert_eq!(number, 7),
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_notification_is_taken_back_by_its_number_where_the_vendor_can() {
    let recalls = [
        Recall { token: "t1".into(), notify_id: 9 },
        Recall { token: "t2".into(), notify_id: 8 },
        Recall { token: "t3".into(), notify_id: 9 },
    ];
    for vendor in VENDORS {
        let script = move |seen: &Seen| if is_auth(seen) { session(vendor, 1) } else { success(vendor, seen) };
        let endpoint = Endpoint::start(&["h2"], script).await;
        let channel = channel(vendor, &endpoint);
        let Some(recalled) = channel.recall(&recalls) else {
            assert!(!matches!(vendor, "huawei" | "harmony"));
            continue;
        };
        let answers = recalled.await;
        assert!(answers.len() == 3 && answers.iter().all(|answer| answer.verdict == Verdict::Accepted));
        let bodies: Vec<Value> =
            endpoint.seen("messages:revoke").iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
        assert_eq!(bodies, [json!({"notifyId": 8, "token": ["t2"]}), json!({"notifyId": 9, "token": ["t1", "t3"]})]);
    }
}

#[tokio::test]
async fn credentials_that_cannot_work_are_refused_before_anything_is_sent() {
    let endpoint = Endpoint::start(&["h2"], |_| Say::Break).await;
    let check = |vendor: &str, settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        open(vendor, &endpoint, settings, secrets).err().unwrap_or_else(|| panic!("{vendor} {settings:?}"))
    };
    for vendor in VENDORS {
        assert!(matches!(check(vendor, &[("rate", "many")], &[]), Trouble::Invalid(_)));
        assert!(matches!(check(vendor, &[("defaults", "[]")], &[]), Trouble::Invalid(_)));
        assert!(matches!(check(vendor, &[("ca_pem", "no")], &[]), Trouble::Invalid(_)));
        check(vendor, &[("base_url", "http://127.0.0.1")], &[]);
    }
    for vendor in ["huawei", "xiaomi", "vivo"] {
        assert!(matches!(check(vendor, &[], &[("app_secret", " ")]), Trouble::Invalid(_)));
    }
    assert!(matches!(check("vivo", &[("app_id", "x")], &[]), Trouble::Invalid(_)));
    assert!(matches!(check("honor", &[("app_id", "a/b")], &[]), Trouble::Invalid(_)));
    assert!(matches!(check("oppo", &[], &[("master_secret", "")]), Trouble::Invalid(_)));
    assert!(matches!(check("harmony", &[], &[("key_file", "{}")]), Trouble::Invalid(_)));
    let fcm = check("fcm", &[], &[("key_file", r#"{"type":"service_account"}"#)]);
    assert!(matches!(fcm, Trouble::KeyFileInvalid(_)), "{fcm:?}");
}
