//! How operators switch webhooks on, by the admin API.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use server::admin::{Answer, Ask, Refusal, answer};
use store::testing::TestEngine;

use crate::harness::{APP, Im};

async fn ask(im: &Im, method: Method, path: &str, body: Value) -> Result<Answer, Refusal> {
    let path = format!("apps/{APP}/{path}");
    let body = body.to_string().into();
    answer(&Arc::clone(im.node()), &Ask { method, path, query: String::new(), body, actor: "test".into() }).await
}

#[tokio::test]
async fn webhooks_are_set_shown_and_taken_away_and_the_token_is_never_shown() {
    let im = Im::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    let shown = ask(&im, Method::GET, "webhook", json!({})).await.expect("shown").body;
    assert_eq!(
        shown,
        json!({ "url": "", "is_signed": false, "ca_pem": "", "has_client_certificate": false, "retry": true,
            "keep_s": 86_400, "commands": {} })
    );
    let changes = json!({ "url": "https://example.com/hooks", "token": "a-secret", "keep_s": 60, "retry": false });
    ask(&im, Method::PATCH, "webhook", changes).await.expect("changed");
    let before = json!({ "on_failure": "refuse", "timeout_ms": 500 });
    ask(&im, Method::PUT, "webhook/C2C.CallbackBeforeSendMsg", before).await.expect("on");
    let on = ask(&im, Method::PUT, "webhook/C2C.CallbackAfterSendMsg", json!({})).await.expect("on").body;
    let expected = json!({
        "url": "https://example.com/hooks", "is_signed": true, "ca_pem": "", "has_client_certificate": false,
        "retry": false, "keep_s": 60,
        "commands": {
            "C2C.CallbackAfterSendMsg": { "on_failure": "pass", "timeout_ms": 2_000 },
            "C2C.CallbackBeforeSendMsg": { "on_failure": "refuse", "timeout_ms": 500 }
        }
    });
    assert_eq!(on, expected);
    let off = ask(&im, Method::DELETE, "webhook/C2C.CallbackAfterSendMsg", json!({})).await.expect("off").body;
    assert_eq!(off["commands"].as_object().map(serde_json::Map::len), Some(1));
    let ask_all = Ask {
        method: Method::GET,
        path: "audit".into(),
        query: String::new(),
        body: bytes::Bytes::new(),
        actor: "test".into(),
    };
    let audit = answer(im.node(), &ask_all).await.expect("shown").body.to_string();
    assert!(
        audit.contains("app.webhook.on") && !audit.contains("a-secret") && !audit.contains("example.com"),
        "{audit}"
    );
}

#[test]
fn the_webhooks_that_are_served_are_those_of_the_published_list_in_its_words() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/commands.tsv");
    let published = std::fs::read_to_string(fixture).expect("the fixture is committed");
    let columns = |line: &str| line.split('\t').take(4).collect::<Vec<_>>().join("\t");
    let published: Vec<String> = published.lines().map(columns).collect();
    let served = server::im::commands_tsv();
    let webhooks: Vec<&str> = served.lines().filter(|line| line.starts_with("im-webhook\t")).collect();
    // What becomes of pushes is told by a webhook of our own.
    let own = contract::webhook::Webhook::ALL.iter().filter(|webhook| !webhook.is_published()).count();
    assert_eq!(webhooks.len() + own, contract::webhook::Webhook::ALL.len());
    for line in webhooks {
        assert!(published.iter().any(|known| known == line), "not in the published list: {line}");
    }
}

#[tokio::test]
async fn what_could_not_be_called_is_refused() {
    let im = Im::start(TestEngine::Sqlite).await.expect("SQLite is always tested");
    let changes = [
        json!({}),
        json!({ "url": "example.com" }),
        json!({ "url": "ftp://example.com" }),
        json!({ "url": "http://user:word@example.com" }),
        json!({ "url": "https://example.com", "ca_pem": "no certificate" }),
        json!({ "client_pem": "no certificate" }),
        json!({ "token": "two words" }),
        json!({ "keep_s": 0 }),
        json!({ "keep_s": "a day" }),
        json!({ "unheard_of": 1 }),
    ];
    for change in changes {
        let refused = ask(&im, Method::PATCH, "webhook", change.clone()).await;
        assert!(matches!(refused, Err(Refusal::ValueInvalid(_) | Refusal::BodyMalformed(_))), "{change}");
    }
    let unknown = ask(&im, Method::PUT, "webhook/C2C.CallbackNever", json!({})).await;
    assert_eq!(unknown.err(), Some(Refusal::WebhookUnknown));
    for body in [json!({ "on_failure": "refuse" }), json!({ "timeout_ms": 0 }), json!({ "timeout_ms": 10_001 })] {
        let refused = ask(&im, Method::PUT, "webhook/C2C.CallbackAfterSendMsg", body.clone()).await;
        assert!(matches!(refused, Err(Refusal::ValueInvalid(_))), "{body}");
    }
    let off = ask(&im, Method::DELETE, "webhook/C2C.CallbackAfterSendMsg", json!({})).await;
    assert_eq!(off.err(), Some(Refusal::WebhookUnknown));
}
