//! The door of the admin API, its audit log, and what it tells of the node and of accounts.

use std::collections::HashSet;

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use server::admin::client;

use crate::harness::APP;
use crate::ops::office::TOKEN;

operated! {
    async fn a_caller_without_the_token_is_refused(office: Office) {
        let at = office.address();
        let mut near = TOKEN.to_owned();
        near.replace_range(31.., "0");
        for (token, name) in [(None, "TokenMissing"), (Some("x"), "TokenWrong"), (Some(near.as_str()), "TokenWrong")] {
            for path in ["/admin/v1/apps", "/admin/v1/nothing", "/", "/metrics"] {
                let (status, body) = client::call(&at, token, Method::GET, path, Bytes::new()).await.expect("an answer");
                let body: Value = serde_json::from_slice(&body).expect("JSON");
                assert_eq!((status.as_u16(), body["code"].as_str()), (401, Some(name)), "{token:?} {path}");
            }
        }
        let body = json!({ "sdk_app_id": 99 }).to_string();
        let (status, _) = client::call(&at, None, Method::POST, "/admin/v1/apps", body.into()).await.expect("an answer");
        assert_eq!(status.as_u16(), 401);
        assert!(office.im.node().apps.get(contract::AppId(99)).is_none());
    }

    async fn the_public_listener_knows_nothing_of_it(office: Office) {
        let public = office.im.address().to_string();
        for path in ["/admin/v1/apps", "/admin/v1/node", "/admin/v1/backup"] {
            for method in [Method::GET, Method::POST] {
                let (status, body) = client::call(&public, Some(TOKEN), method, path, Bytes::new()).await.expect("an answer");
                assert_eq!((status.as_u16(), body.len()), (404, 0), "{path}");
            }
        }
    }

    async fn every_change_leaves_an_entry_without_secrets(office: Office) {
        let key = "a-key-that-no-entry-holds";
        let before = office.audit().await.len();
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": 20, "secret_key": key })).await;
        office.ok(Method::PATCH, "apps/20", json!({ "name": "renamed" })).await;
        let rotated = office.ok(Method::POST, "apps/20/keys", Value::Null).await;
        office.ok(Method::DELETE, "apps/20/keys", Value::Null).await;
        let secret = json!({ "channel": "apns", "secrets": { "key": "PRIVATE" } });
        office.ok(Method::POST, "apps/20/credentials", secret).await;
        office.ok(Method::DELETE, "apps/20/credentials/1", Value::Null).await;
        let entries = office.audit().await;
        let actions: Vec<_> = entries.iter().take(entries.len() - before).map(|entry| entry["action"].as_str()).collect();
        let expected = ["app.credentials.remove", "app.credentials.add", "app.keys.retire", "app.keys.rotate", "app.change", "app.create"];
        assert_eq!(actions, expected.map(Some));
        for entry in &entries[..expected.len()] {
            assert_eq!((&entry["actor"], &entry["target"]), (&json!("admin@127.0.0.1"), &json!("20")), "{entry}");
            assert_eq!(entry["at"], office.im.clock.now().0);
        }
        assert!(entries[4]["detail"].as_str().is_some_and(|detail| detail.contains("renamed")), "{}", entries[4]);
        let text = Value::from(entries).to_string();
        let new = rotated["secrets"]["secret_keys"][0].as_str().expect("a key");
        for secret in [key, new, "PRIVATE"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    async fn the_audit_log_comes_in_pages_newest_first(office: Office) {
        for name in ["one", "two", "three"] {
            office.ok(Method::PATCH, &format!("apps/{APP}"), json!({ "name": name })).await;
        }
        let page = office.ok(Method::GET, "audit?limit=2", Value::Null).await;
        let next = page["next"].as_str().expect("more").to_owned();
        let rest = office.ok(Method::GET, &format!("audit?limit=2&before={next}"), Value::Null).await;
        let details: Vec<_> = [&page, &rest]
            .iter()
            .flat_map(|page| page["entries"].as_array().expect("a list"))
            .map(|entry| entry["detail"].as_str().expect("a text"))
            .collect();
        assert_eq!(details, [r#"{"name":"three"}"#, r#"{"name":"two"}"#, r#"{"name":"one"}"#]);
        assert_eq!(rest["next"], Value::Null);
    }

    async fn a_request_that_is_not_understood_is_refused_by_name(office: Office) {
        office.refused(Method::GET, "nothing", Value::Null, 404, "PathUnknown").await;
        office.refused(Method::GET, "apps/1/nothing", Value::Null, 404, "PathUnknown").await;
        office.refused(Method::PUT, "apps", Value::Null, 405, "MethodUnknown").await;
        office.refused(Method::DELETE, "node", Value::Null, 405, "MethodUnknown").await;
        let large = json!({ "name": "x".repeat(300_000) });
        office.refused(Method::POST, "apps", large, 413, "BodyTooLarge").await;
        let text = format!(
            "POST /admin/v1/apps HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 2\r\n\
             connection: close\r\n\r\n{{}}"
        );
        let answer = crate::ops::raw(&office.address(), &text).await;
        assert!(answer.starts_with("HTTP/1.1 415") && answer.contains("NotJson"), "{answer}");
    }

    async fn each_request_has_an_id_that_no_other_has(office: Office) {
        let mut seen = HashSet::new();
        let admin = office.address();
        let public = office.im.address().to_string();
        for (at, path) in [(&admin, "/admin/v1/node"), (&admin, "/admin/v1/x"), (&public, "/v4/openim/sendmsg"), (&public, "/v4/x/y")] {
            let text = format!(
                "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nx-request-id: forged\r\nconnection: close\r\n\r\n"
            );
            let answer = crate::ops::raw(at, &text).await;
            let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").to_owned();
            assert_ne!(id, "forged");
            if path == "/admin/v1/x" {
                assert!(answer.contains(&format!("\"request_id\":\"{id}\"")), "{answer}");
            }
            assert!(seen.insert(id), "{path}");
        }
    }

    async fn the_node_tells_how_it_is(office: Office) {
        let node = office.ok(Method::GET, "node", Value::Null).await;
        assert_eq!(node["version"], env!("CARGO_PKG_VERSION"));
        let store = if office.im.node().store.is_exclusive() { "sqlite" } else { "postgres" };
        assert_eq!((&node["store"], &node["apps"], &node["name"]), (&json!(store), &json!(1), &json!("test")));
        // The node's own sign of life may be waiting in one of them at this very moment.
        assert!(["reads", "writes", "sends"].iter().all(|queue| node["queues"][queue].is_u64()), "{node}");
        assert_eq!(node["connections"], 0);
        office.im.import(&["a"]).await;
        let node = office.ok(Method::GET, "node", Value::Null).await;
        assert_eq!(node["connections"], 1, "the test keeps its connection");
    }

    async fn an_account_is_shown_with_what_is_known(office: Office) {
        let users = ["alice", "bo b/%"];
        office.im.import(&users).await;
        office.im.text("alice", "bo b/%", 1, "hello").await;
        let path = format!("accounts/{APP}/bo%20b%2F%25");
        let shown = office.ok(Method::GET, &path, Value::Null).await;
        assert_eq!((&shown["user_id"], &shown["is_alive"], &shown["unread"]), (&json!("bo b/%"), &json!(true), &json!(1)));
        assert_eq!((&shown["user_sigs_void_until"], &shown["epoch"]), (&Value::Null, &json!(0)));
        office.im.call("im_open_login_svc/kick", json!({ "UserID": "alice" })).await.ok();
        let shown = office.ok(Method::GET, &format!("accounts/{APP}/alice"), Value::Null).await;
        assert_eq!((&shown["user_sigs_void_until"], &shown["epoch"]), (&json!(office.im.clock.now().secs()), &json!(1)));
        office.refused(Method::GET, &format!("accounts/{APP}/carol"), Value::Null, 404, "AccountUnknown").await;
        office.refused(Method::GET, &format!("accounts/{APP}/%zz"), Value::Null, 404, "AccountUnknown").await;
        office.refused(Method::GET, "accounts/1/alice", Value::Null, 404, "AppUnknown").await;
    }
}
