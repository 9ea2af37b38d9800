//! Eight phones of one account, one at each vendor, and one push that reaches them all.
//!
//! The devices come as those of a team that moves: by the admin API, each with the token that its vendor gave it. The
//! push comes as from the team's back end: by the push OpenAPI, signed with the app's access key. What a phone shows is
//! read at its vendor.

use axum::http::Method;
use bytes::Bytes;
use contract::codes::PushCommon;
use contract::openapi::{Params, Request, sign_rpc};
use contract::{Failure, Result, moment};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use store::deliveries::{self, Delivery};
use store::tasks;

use super::{Demo, check, say, until};
use crate::admin::client::Desk;
use crate::dev::vendors::{CHANNELS, add_phone, heard, inbox, telling};

/// Whose phones they are.
const OWNER: &str = "carol";
/// What they show. One of the vendors refuses titles of Latin letters alone as somebody's try.
const TITLE: &str = "Dinner at eight?";
const BODY: &str = "Table 5 is free until nine.";

/// A phone at its vendor.
struct Phone {
    channel: &'static str,
    token: String,
}

/// The system of the phones of a channel.
fn os(channel: &str) -> &'static str {
    match channel {
        "apns" => "ios",
        "harmony" => "harmony",
        _ => "android",
    }
}

/// Gives the account its phones, pushes once, and looks at each of them.
pub(super) async fn show(demo: &Demo<'_>) -> Result<()> {
    let phones = register(demo).await?;
    say(&format!("{OWNER} has {} devices, a phone at each vendor: {}", phones.len(), CHANNELS.join(", ")));
    let id = push(demo).await?;
    say(&format!("one push to the account by the OpenAPI, signed: MessageId {id}"));
    for phone in &phones {
        let title = see(demo, phone).await?;
        say(&format!("{OWNER}'s {} phone shows: {title:?}", phone.channel));
    }
    see_statuses(demo, id, phones.len()).await?;
    say(&format!("status of all {} deliveries: 2 (the vendor took it)", phones.len()));
    let telling = telling();
    until("the vendors tell that it arrived", async || Ok((heard(&demo.dev.sandbox)? == telling).then_some(())))
        .await?;
    say(&format!("receipts that it arrived came from those vendors that send any: {}", telling.join(", ")));
    Ok(())
}

async fn register(demo: &Demo<'_>) -> Result<Vec<Phone>> {
    let phone = |channel| Ok(Phone { channel, token: add_phone(&demo.dev.sandbox, channel)? });
    let phones: Vec<Phone> = CHANNELS.into_iter().map(phone).collect::<Result<_>>()?;
    let lines: Vec<Value> = phones
        .iter()
        .map(|Phone { channel, token }| {
            json!({ "device": format!("{OWNER}-{channel}"), "os": os(channel), "account": OWNER, "tokens": { *channel: token } })
        })
        .collect();
    let admin = demo.dev.running.admin.ok_or_else(|| Failure::internal("development mode serves operators"))?;
    let desk = Desk::remote(&format!("http://{admin}"), demo.dev.admin_token.clone())?;
    let path = format!("apps/{}/devices", demo.dev.app.id);
    let answer = desk.ask(Method::POST, &path, Some(&json!({ "devices": lines }))).await?;
    check(answer["imported"] == phones.len(), || format!("{path} answered {answer}"))?;
    Ok(phones)
}

/// Calls the action as the contract's own SDKs do: parameters in the query, signed with HMAC-SHA1.
async fn push(demo: &Demo<'_>) -> Result<i64> {
    let app = &demo.dev.app;
    let key = app.secrets.access_keys.first().ok_or_else(|| Failure::internal("the app has an access key"))?;
    let (app_key, at) = (app.id.to_string(), moment::write(demo.dev.now()));
    let nonce = uuid::Uuid::new_v4().to_string();
    let params = [
        ("Action", "Push"),
        ("Version", "2016-08-01"),
        ("Format", "JSON"),
        ("AccessKeyId", &key.id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", &nonce),
        ("Timestamp", &at),
        ("AppKey", &app_key),
        ("Target", "ACCOUNT"),
        ("TargetValue", OWNER),
        ("DeviceType", "ALL"),
        ("PushType", "NOTICE"),
        ("Title", TITLE),
        ("Body", BODY),
    ];
    let query: Vec<String> = params.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = query.join("&");
    let request = Request { method: "POST", path: "/", query: &query, headers: &[], body: b"" };
    let signed = Params::of(&request).map_err(|fault| Failure::Internal(format!("{fault:?}")))?;
    let signature = encode(&sign_rpc("POST", &signed, &key.secret));
    let answer = demo.rest.post(&format!("/?{query}&Signature={signature}"), Bytes::new()).await?;
    let answer: Value = serde_json::from_slice(&answer).map_err(Failure::internal)?;
    let id = answer["MessageId"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Failure::Internal(format!("Push answered {answer}")).into())
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Waits until a phone shows the push; answers its title.
async fn see(demo: &Demo<'_>, phone: &Phone) -> Result<String> {
    let Phone { channel, token } = phone;
    let shown = until(&format!("the {channel} phone shows the push"), async || {
        let all = inbox(&demo.dev.sandbox, channel, token)?;
        Ok((!all.is_empty()).then_some(all))
    })
    .await?;
    let text = |name: &str| shown[0][name].as_str().unwrap_or_default().to_owned();
    check(shown.len() == 1 && text("title") == TITLE && text("body") == BODY, || {
        format!("the {channel} phone shows {shown:?}")
    })?;
    Ok(text("title"))
}

/// Waits until every delivery of the push has ended well.
async fn see_statuses(demo: &Demo<'_>, id: i64, count: usize) -> Result<()> {
    let acked = push::delivery::status(PushCommon::Acked);
    until("every delivery has its status", async || {
        let all = of_push(demo, id).await?;
        check(all.len() <= count, || format!("{} deliveries", all.len()))?;
        let refused = all.iter().find(|one| one.ended_at.0 != 0 && one.status.as_ref() != Some(&acked));
        check(refused.is_none(), || format!("a delivery ended otherwise: {refused:?}"))?;
        Ok((all.len() == count && all.iter().all(|one| one.status.as_ref() == Some(&acked))).then_some(()))
    })
    .await
}

/// The deliveries of a push: each system of devices is told by a part of its own.
async fn of_push(demo: &Demo<'_>, id: i64) -> Result<Vec<Delivery>> {
    let read = move |tx: &mut store::Snapshot<'_>| {
        let mut all = deliveries::of_task(tx, id, -1)?;
        for part in tasks::parts(tx, id, 0)?.into_iter().filter(|part| part.id != id) {
            all.extend(deliveries::of_task(tx, part.id, -1)?);
        }
        all.retain(|one| !one.lane.is_empty() || one.device.is_some());
        Ok(all)
    };
    demo.dev.running.node.store.read(demo.dev.app.id, read).await
}
