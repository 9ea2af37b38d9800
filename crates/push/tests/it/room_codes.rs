//! Published statuses by their situations, from the rooms of the sandbox to the delivery: a wrong secret, a disabled app, a
//! quota that is used up, a forbidden word.

use std::sync::Arc;

use contract::codes::{Fcm, Harmony, Honor, Huawei, Oppo, PushCommon, Row, Vivo, Xiaomi};
use contract::ledger::{How, note};
use contract::notification::{Notification, Weight};
use push::engine::Request;
use sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::bench::{APP, Bench, CREDENTIAL};
use crate::rooms::{Room, hello, sandbox};

/// One situation: what is wrong with the app at the vendor, with the credential, the token or the words.
struct Case {
    vendor: &'static str,
    row: &'static Row,
    app: Value,
    credential: Vec<(&'static str, &'static str)>,
    token: Option<&'static str>,
    notification: Notification,
}

fn good(vendor: &'static str, row: impl Into<&'static Row>) -> Case {
    let (app, credential) = (json!({}), Vec::new());
    Case { vendor, row: row.into(), app, credential, token: None, notification: hello() }
}

impl Case {
    fn app(self, app: Value) -> Self {
        Self { app, ..self }
    }

    fn credential(self, name: &'static str, value: &'static str) -> Self {
        Self { credential: vec![(name, value)], ..self }
    }

    fn token(self, token: &'static str) -> Self {
        Self { token: Some(token), ..self }
    }

    fn says(self, notification: Notification) -> Self {
        Self { notification, ..self }
    }

    fn over(self, over: Value) -> Self {
        let own: Map<String, Value> = over.as_object().unwrap().clone();
        let vendors = std::iter::once((self.vendor.to_owned(), own)).collect();
        let notification = Notification { vendors, ..hello() };
        Self { notification, ..self }
    }
}

fn cases() -> Vec<Case> {
    let word = || Notification { body: "Come and see the forbidden fruit, today only!".into(), ..hello() };
    let pictured = || Notification { image: Some("https://example.com/a.png".into()), ..hello() };
    vec![
        good("fcm", Fcm::InvalidRegistration).token("abc"),
        good("fcm", Fcm::InvalidPackageName).credential("package_name", "com.example.other"),
        good("fcm", Fcm::Authentication).app(json!({"has_permission": false})),
        good("harmony", Harmony::Success),
        good("harmony", Harmony::AppForbidden).app(json!({"is_push_enabled": false})),
        good("harmony", Harmony::AppPenalized).app(json!({"is_penalised": true})),
        good("harmony", Harmony::AllTokensInvalid).token("wrong"),
        good("harmony", Harmony::ContentRejected).app(json!({"sensitive_words": ["forbidden"]})).says(word()),
        good("harmony", Harmony::TestThrottled)
            .app(json!({"tests_per_day": 0}))
            .says(Notification { is_test: true, ..hello() }),
        good("harmony", Harmony::ImageNotVerified).app(json!({"verified_images": []})).says(pictured()),
        good("honor", Honor::Success),
        good("honor", Honor::AuthenticationFailed).credential("client_secret", "wrong"),
        good("honor", Honor::AllTokensInvalid).token("wrong"),
        good("honor", Honor::AppUnknown).credential("app_id", "999"),
        good("honor", Honor::CallThrottled).app(json!({"per_s": 0})),
        good("honor", Honor::ReceiptIdMismatch).over(json!({"android": {"receiptId": "unknown"}})),
        good("huawei", Huawei::TokensForbidden).app(json!({"is_push_enabled": false})),
        good("huawei", Huawei::AllTokensInvalid).token("wrong"),
        good("oppo", Oppo::InvalidAppKey).credential("app_key", "wrong"),
        good("oppo", Oppo::InvalidSignature).credential("master_secret", "wrong"),
        good("oppo", Oppo::AppDisabled).app(json!({"is_disabled": true})),
        good("oppo", Oppo::ApiPermissionDenied).app(json!({"has_push_right": false})),
        good("oppo", Oppo::InvalidRegistrationId).token("wrong"),
        good("oppo", Oppo::ServiceInFlowControl).app(json!({"per_s": 0})),
        good("oppo", Oppo::AppCallLimited).app(json!({"per_day": 0})),
        good("vivo", Vivo::AuthenticationFailed).credential("app_secret", "wrong"),
        good("vivo", Vivo::RegistrationIdInvalid).token("wrong"),
        good("vivo", Vivo::ContentSensitive).app(json!({"sensitive_words": ["forbidden"]})).says(word()),
        good("vivo", Vivo::ContentRejected).app(json!({"audited_words": ["forbidden"]})).says(word()),
        good("vivo", Vivo::ContentTestLike).says(Notification { title: "test".into(), ..hello() }),
        good("vivo", Vivo::SendThrottled).app(json!({"per_s": 0})),
        good("vivo", Vivo::FrequencyUnset)
            .app(json!({"is_frequency_configured": false}))
            .says(Notification { weight: Some(Weight::Marketing), ..hello() }),
        good("xiaomi", Xiaomi::AuthenticationFailed).credential("app_secret", "wrongwrongwrongwrongwron"),
        good("xiaomi", Xiaomi::TargetInvalid).token("wrong"),
        good("xiaomi", Xiaomi::PackageNameInvalid).credential("package_name", "com.example.other"),
        good("xiaomi", Xiaomi::AddressForbidden).app(json!({"ips": ["192.0.2.1"]})),
        good("xiaomi", Xiaomi::AppThrottled).app(json!({"per_s": 0})),
        good("xiaomi", Xiaomi::UserThrottled).app(json!({"per_s_developer": 0})),
        good("xiaomi", Xiaomi::UserApiThrottled).app(json!({"per_s_path": 0})),
        good("xiaomi", Xiaomi::AddressThrottled).app(json!({"per_s_address": 0})),
        good("xiaomi", Xiaomi::NotificationsTooMany).app(json!({"per_day": 0})),
    ]
}

async fn got(bench: &Bench, sandbox: &Arc<Sandbox>, name: &str, case: Case) -> Result<(), String> {
    let room = Room::new(sandbox, case.vendor, &json!({}));
    let token = case.token.map_or_else(|| room.phone(), str::to_owned);
    let path = format!("/{}/apps/{}", case.vendor, room.id());
    sandbox.control("PATCH", &path, &case.app).map_err(|refused| format!("{refused:?}"))?;
    bench.vendors.set(APP, CREDENTIAL, Ok(room.channel(&case.credential)));
    // A token of its own, though several cases have the same wrong one.
    bench.bind(APP, name, name, Some(&token)).await;
    let request = Request { notification: case.notification, ..bench.request(&[name]) };
    let task = bench.engine.push(APP, request).await.unwrap();
    let delivery = bench.sees(APP, task, |delivery| delivery.attempts > 0 || delivery.ended_at.0 != 0).await;
    let acked = delivery.status == Some(push::delivery::status(PushCommon::Acked));
    let is_said = acked && delivery.said.code == case.row.code.to_string();
    if !delivery.said.is_local && (is_said || delivery.status == Some(push::delivery::status(case.row))) {
        note(case.row, How::Delivery);
        return Ok(());
    }
    Err(format!("{:?} {} {:?}", delivery.status, delivery.said.code, delivery.said.text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_situation_at_the_vendor_is_the_status_of_a_delivery() {
    let sandbox = sandbox().await;
    let (bench, _) = Bench::new().await;
    let mut missed = Vec::new();
    for (number, case) in cases().into_iter().enumerate() {
        let (vendor, row) = (case.vendor, case.row.name);
        if let Err(what) = got(&bench, &sandbox, &format!("{vendor}-{number}"), case).await {
            missed.push(format!("{vendor} {row}: {what}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
