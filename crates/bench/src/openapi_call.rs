//! What a signed call costs before and after the store: parameters, signature, action, answer; processor time of one
//! thread.

use std::time::Instant;

use contract::moment;
use contract::openapi::{Credentials, Params, Request, sign_rpc};
use serde_json::json;
use server::clock::Clock;
use server::openapi::emas::push::Sent;
use server::openapi::emas::push::push::Push;
use server::openapi::fields;

use crate::figure::Figure;
use crate::{Effort, Outcome};

/// Calls of a round.
const CALLS: u32 = 20_000;
const SECRET: &str = "a secret of thirty letters or so";

/// Measures.
pub(crate) async fn run(effort: &Effort) -> Outcome<Vec<Figure>> {
    let now = Clock::default().now();
    let query = signed(&moment::write(now));
    let mut best = f64::MAX;
    for _ in 0..effort.rounds.max(3) {
        let began = Instant::now();
        for _ in 0..CALLS {
            let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
            let params = Params::of(&request).map_err(fault)?;
            let credentials = Credentials::of(&request, &params).map_err(fault)?;
            credentials.check_time(now).map_err(fault)?;
            credentials.verify(SECRET).map_err(fault)?;
            let action: Push = fields::read(&params).map_err(fault)?;
            let answer = serde_json::to_vec(&json!({ "RequestId": "", "Answer": Sent::new("1") }))?;
            std::hint::black_box((action, answer));
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
        tokio::task::yield_now().await;
    }
    Ok(vec![Figure {
        name: "overhead of a signed `Push`: parse, verify, read, answer".into(),
        figure: format!("{best:.1} µs"),
        goal: "≤ 60 µs CPU".into(),
        raw: "–".into(),
        ratio: None,
        latency: "–".into(),
        note: "one thread, the best of the rounds; transport and store excluded".into(),
    }])
}

fn fault(fault: contract::Fault) -> String {
    format!("{fault:?}")
}

fn signed(now: &str) -> String {
    let pairs = [
        ("AccessKeyId", "LTAIbench"),
        ("Action", "Push"),
        ("AndroidOpenType", "APPLICATION"),
        ("AppKey", "1"),
        ("Body", "a-notification-of-the-usual-length"),
        ("DeviceType", "ANDROID"),
        ("Format", "JSON"),
        ("PushType", "NOTICE"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", "0e0d4f51-4bf6-4d3a-8c0e-3ad6c1a1a0f1"),
        ("SignatureVersion", "1.0"),
        ("Target", "ACCOUNT"),
        ("TargetValue", "alice"),
        ("Timestamp", now),
        ("Title", "a-title"),
        ("Version", "2016-08-01"),
    ];
    let encode = |text: &str| text.replace(':', "%3A");
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = query.join("&");
    let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
    let signature = Params::of(&request).map(|params| sign_rpc("POST", &params, SECRET)).unwrap_or_default();
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("{query}&Signature={signature}")
}
