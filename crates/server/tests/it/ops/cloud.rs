//! Cloud accounts, access keys and brought devices, by the admin API and by the command line.

use axum::http::Method;
use serde_json::{Value, json};
use store::cloud::DEFAULT_ACCOUNT;

use crate::harness::APP;
use crate::openapi::{Signer, device};
use crate::ops::office::{Installation, noroshi, stderr};

operated! {
    async fn keys_are_made_shown_once_changed_and_removed(office: Office) {
        let body = json!({ "kind": "user", "grants": [{ "actions": ["mpush:ListTags"] }], "note": "reports" });
        let made = office.ok(Method::POST, "cloud/accounts/default/keys", body).await;
        let (id, secret) = (made["access_key_id"].as_str().expect("an id"), made["access_key_secret"].as_str().expect("a secret"));
        let signer = Signer::new(id, secret);
        signer.call(&office.im, "ListTags", &[]).await.ok();
        let listed = office.ok(Method::GET, "cloud/accounts/default/keys", Value::Null).await;
        assert_eq!((&listed["keys"][0]["access_key_id"], &listed["keys"][0]["note"]), (&json!(id), &json!("reports")));
        assert!(!listed.to_string().contains(secret), "a secret is told once");
        let path = format!("cloud/keys/{id}");
        office.ok(Method::PATCH, &path, json!({ "is_off": true })).await;
        signer.call(&office.im, "ListTags", &[]).await
            .fails(contract::codes::OpenApiClient::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
        office.ok(Method::PATCH, &path, json!({ "is_off": false })).await;
        signer.call(&office.im, "ListTags", &[]).await.ok();
        office.ok(Method::DELETE, &path, Value::Null).await;
        signer.call(&office.im, "ListTags", &[]).await
            .fails(contract::codes::OpenApiClient::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
        let actions: Vec<Value> = office.audit().await.iter().map(|entry| entry["action"].clone()).collect();
        assert!(actions.contains(&json!("cloud.key.add")) && actions.contains(&json!("cloud.key.remove")), "{actions:?}");
        assert!(!json!(office.audit().await).to_string().contains(secret));
    }

    async fn an_account_is_made_and_its_state_holds_at_once(office: Office) {
        office.refused(Method::POST, "cloud/accounts/team/keys", json!({}), 404, "CloudUnknown").await;
        office.ok(Method::PATCH, "cloud/accounts/team", json!({ "name": "The team" })).await;
        let key = office.ok(Method::POST, "cloud/accounts/team/keys", json!({})).await;
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        let signer = Signer::new(&text("access_key_id"), &text("access_key_secret"));
        office.ok(Method::PATCH, &format!("apps/{APP}"), json!({ "cloud_account": "team" })).await;
        signer.call(&office.im, "ListTags", &[]).await.ok();
        office.ok(Method::PATCH, "cloud/accounts/team", json!({ "state": "prohibited" })).await;
        signer.call(&office.im, "ListTags", &[]).await
            .fails(contract::codes::OpenApiClient::AccountProhibited, "AccountProhibited");
        let all = office.ok(Method::GET, "cloud/accounts", Value::Null).await;
        let names: Vec<_> = all["accounts"].as_array().expect("a list").iter().map(|own| own["account"].clone()).collect();
        assert_eq!(names, [json!(DEFAULT_ACCOUNT), json!("team")]);
    }

    async fn what_cannot_be_is_refused(office: Office) {
        for (method, path, body, status, name) in [
            (Method::PATCH, "cloud/accounts/a%20b", json!({}), 400, "ValueInvalid"),
            (Method::PATCH, "cloud/accounts/a", json!({ "state": "sleepy" }), 400, "BodyMalformed"),
            (Method::PATCH, "cloud/accounts/a", json!({ "rates": { "NoAction": 1 } }), 400, "ValueInvalid"),
            (Method::PATCH, "cloud/accounts/a", json!({ "unheard": 1 }), 400, "BodyMalformed"),
            (Method::POST, "cloud/accounts/default/keys", json!({ "kind": "god" }), 400, "BodyMalformed"),
            (Method::POST, "cloud/accounts/default/keys", json!({ "kind": "temporary", "expires_in_s": 0 }), 400, "ValueInvalid"),
            (Method::POST, "cloud/accounts/default/keys", json!({ "access_key_id": "a b" }), 400, "ValueInvalid"),
            (Method::PATCH, "cloud/keys/nobody", json!({ "note": "x" }), 404, "AccessKeyUnknown"),
            (Method::DELETE, "cloud/keys/nobody", Value::Null, 404, "AccessKeyUnknown"),
            (Method::DELETE, "cloud/accounts", Value::Null, 405, "MethodUnknown"),
            (Method::GET, "cloud/elsewhere", Value::Null, 404, "PathUnknown"),
        ] {
            office.refused(method, path, body, status, name).await;
        }
    }

    async fn devices_are_brought_whole_or_not_at_all(office: Office) {
        let path = format!("apps/{APP}/devices");
        let one = json!({ "device": device(1), "os": "android", "account": "alice", "aliases": ["a"], "tags": ["t"],
            "phone": "+8613800000000", "tokens": { "apns": "aa" } });
        let two = json!({ "device": device(2), "os": "ios" });
        for _ in 0..2 {
            let done = office.ok(Method::POST, &path, json!({ "devices": [one, two] })).await;
            assert_eq!(done["imported"], 2);
        }
        let signer = crate::openapi::with_key(&office.im).await;
        let shown = signer.call(&office.im, "QueryDeviceInfo", &[("DeviceId", &device(1))]).await.ok();
        let shown = &shown["DeviceInfo"];
        assert_eq!((&shown["Account"], &shown["Alias"], &shown["Tags"]), (&json!("alice"), &json!("a"), &json!("t")));
        assert_eq!((&shown["DeviceToken"], &shown["PhoneNumber"]), (&json!("aa"), &json!("+8613800000000")));
        for (bad, words) in [
            (json!({ "device": "", "os": "ios" }), "devices[1]: device is malformed"),
            (json!({ "device": device(4), "os": "ios", "aliases": ["a,b"] }), "devices[1]: alias is malformed"),
            (json!({ "device": device(4), "os": "ios", "account": "a".repeat(65) }), "account has more than 64 bytes"),
            (json!({ "device": device(4), "os": "beos" }), "devices[1]: os is"),
        ] {
            let good = json!({ "device": device(3), "os": "ios" });
            let (status, answer) = office.ask(Method::POST, &path, json!({ "devices": [good, bad] })).await;
            assert_eq!(status.as_u16(), 400, "{answer}");
            assert!(answer["message"].as_str().is_some_and(|text| text.contains(words)), "{answer}");
        }
        let checked = signer.call(&office.im, "CheckDevice", &[("DeviceId", &device(3))]).await.ok();
        assert_eq!(checked["Available"], false, "nothing of a refused request stays");
        office.refused(Method::POST, &path, json!({ "devices": [] }), 400, "ValueInvalid").await;
    }
}

#[test]
fn the_command_line_makes_accounts_keys_and_devices() {
    let installation = Installation::new();
    let config = installation.file.to_str().expect("UTF-8").to_owned();
    let run = |args: &[&str]| {
        let all: Vec<&str> = args.iter().copied().chain(["--config", &config]).collect();
        let output = noroshi(&all);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    run(&["app", "create", "--sdk-app-id", "23267207"]);
    run(&["cloud", "set", "team", "state=active", "has_quotas=true"]);
    let key =
        run(&["key", "create", "--account", "team", "--kind", "user", "--grant", "mpush:Query*", "--app", "23267207"]);
    assert_eq!(key["grants"], json!([{ "actions": ["mpush:Query*"], "apps": [23_267_207] }]));
    let id = key["access_key_id"].as_str().expect("an id");
    assert_eq!(run(&["key", "list", "team"])["keys"][0]["access_key_id"], id);
    assert_eq!(run(&["key", "set", id, "is_off=true"])["is_off"], true);
    assert_eq!(run(&["key", "delete", id])["removed"], id);
    let file = installation.path().join("devices.jsonl");
    let lines: String = (0..450)
        .map(|number| format!("{{\"device\":\"{number:032}\",\"os\":\"ios\",\"tags\":[\"t\"]}}"))
        .collect::<Vec<_>>()
        .join("\n");
    std::fs::write(&file, lines).expect("written");
    assert_eq!(run(&["app", "import", "23267207", file.to_str().expect("UTF-8")])["imported"], 450);
    std::fs::write(&file, "{\"device\":\"x\",\"os\":\"ios\"}\nnonsense\n").expect("written");
    let output = noroshi(&["app", "import", "23267207", file.to_str().expect("UTF-8"), "--config", &config]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
    let output = noroshi(&["key", "create", "--kind", "user", "--config", &config]);
    assert!(stderr(&output).contains("--grant"), "{}", stderr(&output));
}
