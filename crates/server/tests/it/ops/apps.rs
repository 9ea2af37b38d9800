//! Apps by the admin API: made, shown, changed; keys and credentials.

use axum::http::Method;
use contract::Fault;
use contract::codes::{self, Family};
use serde_json::{Value, json};

/// The number of a fault at the door of the IM surface.
fn code(fault: &Fault) -> i64 {
    codes::render(Family::Account, fault).number().expect("a number").into()
}

operated! {
    async fn an_app_is_made_listed_shown_and_changed(office: Office) {
        let made = office.ok(Method::POST, "apps", json!({ "name": "Shop", "admins": ["root"] })).await;
        let id = made["sdk_app_id"].as_i64().expect("an id");
        assert!((1_400_000_000..1_500_000_000).contains(&id), "{id}");
        assert_eq!(made["secrets"]["secret_keys"][0].as_str().map(str::len), Some(64));
        let listed = office.ok(Method::GET, "apps?after=0", Value::Null).await;
        let ids: Vec<_> = listed["apps"].as_array().expect("a list").iter().map(|app| &app["sdk_app_id"]).collect();
        assert!(ids.contains(&&json!(id)), "{listed}");
        let changes = json!({ "status": "disabled", "rate_total": 7, "plan": "trial", "plan_until": 5_000 });
        let changed = office.ok(Method::PATCH, &format!("apps/{id}"), changes).await;
        let shown = office.ok(Method::GET, &format!("apps/{id}"), Value::Null).await;
        assert_eq!(changed, shown);
        assert_eq!((&shown["status"], &shown["rate_total"], &shown["plan"]), (&json!("disabled"), &json!(7), &json!("trial")));
        assert_eq!((&shown["name"], &shown["admins"]), (&json!("Shop"), &json!(["root"])));
        let changed = office.ok(Method::PATCH, &format!("apps/{id}"), json!({ "rate_total": null })).await;
        assert_eq!((&changed["rate_total"], &changed["plan_until"]), (&Value::Null, &json!(5_000)));
    }

    async fn a_list_of_apps_comes_in_pages(office: Office) {
        for id in [5, 6, 7] {
            office.ok(Method::POST, "apps", json!({ "sdk_app_id": id })).await;
        }
        let page = office.ok(Method::GET, "apps?limit=2", Value::Null).await;
        assert_eq!(page["next"], 6);
        let page = office.ok(Method::GET, "apps?limit=2&after=6", Value::Null).await;
        assert_eq!(page["apps"][0]["sdk_app_id"], 7);
        office.refused(Method::GET, "apps?limit=0", Value::Null, 400, "ValueInvalid").await;
    }

    async fn a_user_sig_of_an_imported_key_verifies(office: Office) {
        let (id, key) = (1_400_777_888, "a-key-that-was-in-use-in-the-cloud");
        let body = json!({ "sdk_app_id": id, "secret_key": key, "access_key_id": "LTAI1", "access_key_secret": "s1",
            "mpaas_app_id": "ONEX570DA892117", "workspace_id": "PROD" });
        let made = office.ok(Method::POST, "apps", body).await;
        assert_eq!(made["secrets"], json!({ "secret_keys": [key], "access_keys": [{ "id": "LTAI1", "secret": "s1" }] }));
        assert_eq!((&made["mpaas_app_id"], &made["workspace_id"]), (&json!("ONEX570DA892117"), &json!("PROD")));
        assert_eq!(office.code_with_key(id, key).await, 0);
        assert_eq!(office.code_with_key(id, "another-key-of-another-app").await, code(&Fault::UserSigForged));
    }

    async fn an_old_key_holds_until_it_is_retired(office: Office) {
        let (id, old) = (1_400_777_889, "the-old-key-the-old-key");
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": id, "secret_key": old })).await;
        let rotated = office.ok(Method::POST, &format!("apps/{id}/keys"), Value::Null).await;
        let new = rotated["secrets"]["secret_keys"][0].as_str().expect("the new key").to_owned();
        assert_eq!(rotated["signing_keys"][0]["key"], server::admin::fingerprint(&new));
        assert_eq!((office.code_with_key(id, old).await, office.code_with_key(id, &new).await), (0, 0));
        office.ok(Method::DELETE, &format!("apps/{id}/keys"), Value::Null).await;
        assert_eq!(office.code_with_key(id, old).await, code(&Fault::UserSigForged));
        assert_eq!(office.code_with_key(id, &new).await, 0);
        let path = format!("apps/{id}/keys/{}", server::admin::fingerprint(&new));
        office.refused(Method::DELETE, &path, Value::Null, 409, "KeyLast").await;
    }

    async fn a_rotation_may_retire_at_once_and_one_key_may_be_taken_away(office: Office) {
        let id = 1_400_777_890;
        let keys = ["first-first-first", "second-second-second", "third-third-third"];
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": id, "secret_key": keys[0] })).await;
        let path = format!("apps/{id}/keys");
        office.ok(Method::POST, &path, json!({ "secret_key": keys[1], "retire": true })).await;
        assert_eq!(office.code_with_key(id, keys[0]).await, code(&Fault::UserSigForged));
        office.refused(Method::POST, &path, json!({ "secret_key": keys[1] }), 409, "KeyTaken").await;
        office.ok(Method::POST, &path, json!({ "secret_key": keys[2] })).await;
        let second = server::admin::fingerprint(keys[1]);
        office.ok(Method::DELETE, &format!("{path}/{second}"), Value::Null).await;
        assert_eq!(office.code_with_key(id, keys[1]).await, code(&Fault::UserSigForged));
        assert_eq!(office.code_with_key(id, keys[2]).await, 0);
        office.refused(Method::DELETE, &format!("{path}/{second}"), Value::Null, 404, "KeyUnknown").await;
    }

    async fn keys_of_an_app_are_bounded(office: Office) {
        let id = office.ok(Method::POST, "apps", Value::Null).await["sdk_app_id"].clone();
        let path = format!("apps/{id}/keys");
        for _ in 0..4 {
            office.ok(Method::POST, &path, Value::Null).await;
        }
        office.refused(Method::POST, &path, Value::Null, 409, "TooMany").await;
        office.refused(Method::POST, &path, json!({ "secret_key": "short" }), 400, "ValueInvalid").await;
    }

    async fn a_plan_holds_until_its_end(office: Office) {
        let (id, key) = (1_400_777_891, "a-key-of-a-trial-app");
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": id, "secret_key": key })).await;
        let until = office.im.clock.now().0 + 1_000;
        office.ok(Method::PATCH, &format!("apps/{id}"), json!({ "plan": "trial", "plan_until": until })).await;
        assert_eq!(office.code_with_key(id, key).await, 0);
        office.im.clock.advance(1_000);
        assert_eq!(office.code_with_key(id, key).await, code(&Fault::PlanExpired));
    }

    async fn secrets_are_shown_when_asked_for_and_it_is_noted(office: Office) {
        let key = "a-key-that-nobody-sees";
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": 9, "secret_key": key })).await;
        let shown = office.ok(Method::GET, "apps/9", Value::Null).await;
        assert!(shown.get("secrets").is_none() && !shown.to_string().contains(key), "{shown}");
        let before = office.audit().await.len();
        let shown = office.ok(Method::GET, "apps/9?secrets=true", Value::Null).await;
        assert_eq!(shown["secrets"]["secret_keys"], json!([key]));
        let entries = office.audit().await;
        assert_eq!((entries.len(), &entries[0]["action"]), (before + 1, &json!("app.secrets.read")));
    }

    async fn a_push_credential_goes_in_and_its_secrets_never_come_out(office: Office) {
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": 10 })).await;
        let body = json!({ "channel": "apns", "settings": { "topic": "com.example" }, "secrets": { "key": "PRIVATE" } });
        let added = office.ok(Method::POST, "apps/10/credentials", body.clone()).await;
        assert_eq!(added, json!({ "id": 1, "channel": "apns", "settings": { "topic": "com.example" }, "secrets": ["key"] }));
        let mut taken = body.clone();
        taken["id"] = json!(1);
        office.refused(Method::POST, "apps/10/credentials", taken, 409, "CredentialTaken").await;
        let app = office.im.node().apps.get(contract::AppId(10)).expect("the app");
        assert_eq!(app.secrets.credentials[&1]["key"], "PRIVATE");
        let shown = office.ok(Method::GET, "apps/10?secrets=true", Value::Null).await;
        assert!(!shown.to_string().contains("PRIVATE"), "{shown}");
        office.ok(Method::DELETE, "apps/10/credentials/1", Value::Null).await;
        let listed = office.ok(Method::GET, "apps/10/credentials", Value::Null).await;
        assert_eq!(listed, json!({ "credentials": [] }));
        let app = office.im.node().apps.get(contract::AppId(10)).expect("the app");
        assert!(app.secrets.credentials.is_empty());
        office.refused(Method::DELETE, "apps/10/credentials/1", Value::Null, 404, "CredentialUnknown").await;
    }

    async fn what_cannot_be_is_refused_and_changes_nothing(office: Office) {
        office.ok(Method::POST, "apps", json!({ "sdk_app_id": 11, "access_key_id": "A", "access_key_secret": "s" })).await;
        let before = (office.ok(Method::GET, "apps/11", Value::Null).await, office.audit().await.len());
        office.refused(Method::POST, "apps", json!({ "sdk_app_id": 11 }), 409, "AppTaken").await;
        let other = json!({ "access_key_id": "A", "access_key_secret": "other" });
        office.refused(Method::POST, "apps", other, 400, "ValueInvalid").await;
        let invalid = [
            json!({ "addresses": ["10.0.0.0/40"] }),
            json!({ "plan": "platinum" }),
            json!({ "admins": [] }),
            json!({ "commands_off": ["openim/no_such"] }),
            json!({ "rate_total": 0 }),
            json!({}),
        ];
        for body in invalid {
            office.refused(Method::PATCH, "apps/11", body, 400, "ValueInvalid").await;
        }
        for body in [json!({ "unknown": 1 }), json!({ "status": "asleep" }), json!([1]), json!({ "admins": "a" })] {
            office.refused(Method::PATCH, "apps/11", body, 400, "BodyMalformed").await;
        }
        for path in ["apps/12", "apps/0", "apps/x"] {
            office.refused(Method::GET, path, Value::Null, 404, "AppUnknown").await;
            office.refused(Method::PATCH, path, json!({ "name": "n" }), 404, "AppUnknown").await;
            office.refused(Method::POST, &format!("{path}/keys"), Value::Null, 404, "AppUnknown").await;
        }
        let after = (office.ok(Method::GET, "apps/11", Value::Null).await, office.audit().await.len());
        assert_eq!(before, after);
    }
}
