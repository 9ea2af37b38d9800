//! Published statuses from the rooms of the sandbox to the delivery: by their situations (a wrong secret, a disabled app, a
//! quota that is used up, a forbidden word, a phone without the app), and by fault rules what no sender here provokes.

use std::sync::Arc;

use contract::codes::{Family, Fcm, Harmony, Honor, Huawei, Oppo, PushCommon, Row, Surface, Vivo, Xiaomi};
use contract::ledger::{How, note};
use contract::notification::{Notification, Weight};
use push::channel::Verdict;
use push::engine::Request;
use sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::apns::machine;
use crate::bench::{APP, Bench, CREDENTIAL, HOUR, device, until};
use crate::rooms::{Room, all, hello, sandbox};
use crate::vendors::VENDORS;

/// One situation: what is wrong with the app at the vendor, with the credential, the token or the words.
struct Case {
    vendor: &'static str,
    row: &'static Row,
    app: Value,
    credential: Vec<(&'static str, &'static str)>,
    token: Option<&'static str>,
    /// What befell the phone.
    state: Option<&'static str>,
    /// How far the vendor's clock is moved, once the sender has its session.
    clock_ms: i64,
    notification: Notification,
}

fn good(vendor: &'static str, row: impl Into<&'static Row>) -> Case {
    let (app, credential) = (json!({}), Vec::new());
    let row = row.into();
    Case { vendor, row, app, credential, token: None, state: None, clock_ms: 0, notification: hello() }
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

    fn phone(self, state: &'static str) -> Self {
        Self { state: Some(state), ..self }
    }

    fn clock(self, clock_ms: i64) -> Self {
        Self { clock_ms, ..self }
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

/// From now back to half past eleven in the evening in Shanghai.
fn last_evening_ms() -> i64 {
    let of_day = (machine().0 + 8 * HOUR).rem_euclid(24 * HOUR);
    -(of_day - 23 * HOUR - HOUR / 2).rem_euclid(24 * HOUR)
}

/// Situations of vendors whose gateways are retired, and of phones.
fn more_cases() -> Vec<Case> {
    let legacy = |row: Huawei, more: Value| {
        let mut app = json!({"is_legacy": true});
        app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        good("huawei", row).app(app)
    };
    let mi_app = |row: Xiaomi, state: &str| good("xiaomi", row).app(json!({ "state": state }));
    vec![
        good("fcm", Fcm::NotRegistered).phone("unregistered"),
        good("harmony", Harmony::AuthenticationFailed).app(json!({"sub_account": "another"})),
        good("harmony", Harmony::TokenOfAppExpired).clock(2 * HOUR),
        good("honor", Honor::TimestampInvalid).clock(HOUR),
        legacy(Huawei::SessionKeyInvalid, json!({"token_life_s": 0})),
        legacy(Huawei::ServiceForbidden, json!({"is_push_enabled": false})),
        legacy(Huawei::SecretOutdated, json!({"is_secret_rotated": true})),
        legacy(Huawei::DeviceOffline, json!({})).phone("offline"),
        legacy(Huawei::AppUninstalled, json!({})).phone("unregistered"),
        legacy(Huawei::DeviceTimeout, json!({})).phone("silent"),
        legacy(Huawei::DeviceNeverConnected, json!({})).phone("unrouted"),
        legacy(Huawei::DeviceInOtherRegion, json!({})).phone("abroad"),
        legacy(Huawei::DeviceMoved, json!({})).phone("moved"),
        good("oppo", Oppo::InvalidAuthToken).app(json!({"token_life_s": 0})),
        good("vivo", Vivo::DailyQuota).app(json!({"system_per_day": 0})),
        good("vivo", Vivo::TimeForbidden)
            .clock(last_evening_ms())
            .says(Notification { weight: Some(Weight::Marketing), ..hello() }),
        mi_app(Xiaomi::ApiRestricted, "review"),
        mi_app(Xiaomi::AppBlacklisted, "blacklisted"),
        mi_app(Xiaomi::AppInvalid, "deleted"),
        mi_app(Xiaomi::AppUnknown, "unknown"),
        mi_app(Xiaomi::AppRevoked, "revoked"),
        good("xiaomi", Xiaomi::AppSecretInvalid).credential("app_secret", "short"),
        good("xiaomi", Xiaomi::DeviceInvalid).token("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"),
        good("xiaomi", Xiaomi::UserNotAuthorized).phone("unauthorised"),
    ]
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
    let channel = room.channel(&case.credential);
    if case.clock_ms != 0 {
        let answers = all(&*channel, std::slice::from_ref(&token), hello()).await;
        assert_eq!(answers[0].verdict, Verdict::Accepted, "{answers:?}");
    }
    let control = |method: &str, path: &str, body: &Value| {
        sandbox.control(method, path, body).map_err(|refused| format!("{refused:?}"))
    };
    control("PATCH", &format!("/{}/apps/{}", case.vendor, room.id()), &case.app)?;
    if let Some(state) = case.state {
        control("PUT", &format!("/{}/devices/{token}/state", case.vendor), &json!({ "state": state }))?;
    }
    control("PUT", "/clock", &json!({ "offset_ms": case.clock_ms }))?;
    bench.vendors.set(APP, CREDENTIAL, Ok(channel));
    // A token of its own, though several cases have the same wrong one.
    bench.bind(APP, name, name, Some(&token)).await;
    let request = Request { notification: case.notification, ..bench.request(&[name]) };
    let task = bench.engine.push(APP, request).await.unwrap();
    let delivery = bench.sees(APP, task, |delivery| delivery.attempts > 0 || delivery.ended_at.0 != 0).await;
    control("PUT", "/clock", &json!({ "offset_ms": 0 }))?;
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
    for (number, case) in cases().into_iter().chain(more_cases()).enumerate() {
        let (vendor, row) = (case.vendor, case.row.name);
        if let Err(what) = got(&bench, &sandbox, &format!("{vendor}-{number}"), case).await {
            missed.push(format!("{vendor} {row}: {what}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// The code by which a vendor says a published status: Google has words for its numbers.
fn spelt(row: &Row) -> Option<String> {
    let is = |code: Fcm| row.family == Family::Fcm && row.code == code.row().code;
    if row.family != Family::Fcm {
        return Some(row.code.to_string());
    }
    let words = [
        (Fcm::NotRegistered, "UNREGISTERED"),
        (Fcm::InvalidRegistration, "SENDER_ID_MISMATCH"),
        (Fcm::InternalServerError, "INTERNAL"),
        (Fcm::Authentication, "PERMISSION_DENIED"),
    ];
    // The others stand for fields of a message, which situations provoke.
    words.into_iter().find(|(code, _)| is(*code)).map(|(_, word)| word.to_owned())
}

fn family(vendor: &str) -> Family {
    let is_own = |family: &&Family| family.as_str() == vendor && family.surface() == Surface::Push;
    *Family::ALL.iter().find(is_own).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_that_a_room_is_told_to_answer_is_the_status_of_a_delivery() {
    let sandbox = sandbox().await;
    let (bench, _) = Bench::new().await;
    for vendor in VENDORS {
        for row in family(vendor).rows() {
            let Some(code) = spelt(row) else { continue };
            // An app and a phone of its own for each: a dead token is dropped, a refused credential waits.
            let room = Room::new(&sandbox, vendor, &json!({}));
            let (name, token) = (format!("{vendor}-{}", row.name), room.phone());
            let rule = json!({"room": vendor, "token": token, "effect": "answer", "code": code, "count": 0});
            sandbox.control("POST", "/faults", &rule).unwrap();
            bench.vendors.set(APP, CREDENTIAL, Ok(room.channel(&[])));
            bench.bind(APP, &name, &name, Some(&token)).await;
            let request = Request { notification: hello(), ..bench.request(&[&name]) };
            let task = bench.engine.push(APP, request).await.unwrap();
            let delivery = bench.sees(APP, task, |delivery| delivery.attempts > 0 || delivery.ended_at.0 != 0).await;
            let is_taken = delivery.status == Some(push::delivery::status(PushCommon::Acked))
                && delivery.said.code == row.code.to_string();
            assert!(is_taken || delivery.status == Some(push::delivery::status(row)), "{name}: {delivery:?}");
            assert!(!delivery.said.is_local, "{name}: {delivery:?}");
            note(row, How::FaultRule);
            sandbox.control("DELETE", "/faults", &json!({})).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_one_phone_of_many_is_told_of_it_alone() {
    let sandbox = sandbox().await;
    let (bench, _) = Bench::new().await;
    let rows = [Huawei::SomeTokensInvalid.row(), Harmony::SomeTokensFailed.row(), Honor::SomeTokensFailed.row()];
    for (vendor, row) in ["huawei", "harmony", "honor"].into_iter().zip(rows) {
        let room = Room::new(&sandbox, vendor, &json!({}));
        bench.vendors.set(APP, CREDENTIAL, Ok(room.channel(&[])));
        let (well, wrong) = (format!("{vendor}-well"), format!("{vendor}-wrong"));
        bench.bind(APP, &well, &well, Some(&room.phone())).await;
        bench.bind(APP, &wrong, &wrong, Some("wrong")).await;
        // Held, so that both go out by one call.
        let request = Request { notification: hello(), hold: true, ..bench.request(&[&well, &wrong]) };
        let task = bench.engine.push(APP, request).await.unwrap();
        bench.engine.release(APP, task).await.unwrap();
        let ended = async || {
            let all = bench.deliveries(APP, task).await;
            all.len() == 2 && all.iter().all(|delivery| delivery.ended_at.0 != 0)
        };
        until("both deliveries end", ended).await;
        for delivery in bench.deliveries(APP, task).await {
            let is_well = delivery.device == Some(device(&well));
            let expected = if is_well { PushCommon::Acked.row() } else { row };
            assert_eq!(delivery.status, Some(push::delivery::status(expected)), "{vendor}: {delivery:?}");
        }
        note(row, How::Delivery);
    }
}
