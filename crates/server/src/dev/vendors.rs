//! The app of development mode at each vendor of the sandbox, which begins anew at every start: an account there, a
//! credential here, phones; and the way back for receipts.
//!
//! Apple's service names apps and keys its own way; the rooms of the others answer a registration with everything that
//! their consoles would show, and the names are translated into those of a credential.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use contract::{Failure, Result};
use sandbox::Sandbox;
use serde_json::{Value, json};
use store::apps::{App, Credential};

use super::BUNDLE;
use crate::node::Node;
use crate::vault::random;

/// Every vendor's channel in the order of the businessIDs of their credentials, which begin with 1. The rooms of the
/// sandbox have the same names.
pub const CHANNELS: [&str; 8] = [APPLE, "fcm", "huawei", "honor", "harmony", "xiaomi", "oppo", "vivo"];
const APPLE: &str = "apns";

/// Whom receipts that are signed are from.
const CALLBACK_USER: &str = "noroshi";

/// What a room shows of an app, and what a credential calls it. A room has some of them.
const SETTINGS: [(&str, &str); 4] =
    [("app_id", "app_id"), ("client_id", "client_id"), ("app_key", "app_key"), ("package", "package_name")];
/// The same for what stays sealed.
const SECRETS: [(&str, &str); 5] = [
    ("secret", "app_secret"),
    ("app_secret", "app_secret"),
    ("client_secret", "client_secret"),
    ("master_secret", "master_secret"),
    ("service_account", "key_file"),
];

/// How a vendor learns where to tell what became of a push.
enum Told {
    /// It tells nothing.
    Never,
    /// Its console knows.
    ByConsole,
    /// Its console knows, and with what it signs.
    Signed,
    /// Every message says so.
    ByMessage,
}

fn told(channel: &str) -> Told {
    match channel {
        "huawei" | "harmony" => Told::Signed,
        "honor" => Told::ByConsole,
        "xiaomi" | "oppo" | "vivo" => Told::ByMessage,
        _ => Told::Never,
    }
}

/// Makes the app known to every vendor, and lets it have a credential for each. Receipts come to `http`.
pub(super) async fn enrol(node: &Node, app: &App, sandbox: &Sandbox, http: Option<SocketAddr>) -> Result<Arc<App>> {
    let mut made = Vec::new();
    for (id, channel) in (1..).zip(CHANNELS) {
        let secret = hex::encode(random::<12>());
        let back = http.map(|http| format!("http://{http}/push/receipts/{channel}/{}/{id}/{secret}", app.id));
        let (mut settings, mut secrets) =
            if channel == APPLE { at_apple(sandbox)? } else { at_vendor(sandbox, channel, back.as_deref(), &secret)? };
        match (told(channel), back) {
            (Told::ByMessage, Some(back)) => {
                settings.insert("callback_url".into(), back);
                secrets.insert("callback_secret".into(), secret);
            }
            (Told::Signed, Some(_)) => {
                settings.insert("callback_user".into(), CALLBACK_USER.into());
                secrets.insert("callback_key".into(), secret.clone());
                secrets.insert("callback_secret".into(), secret);
            }
            (Told::ByConsole, Some(_)) => {
                secrets.insert("callback_secret".into(), secret);
            }
            _ => {}
        }
        let url = room_url(sandbox, channel)?;
        settings.insert("base_url".into(), url.clone());
        settings.insert("auth_url".into(), url);
        settings.insert("ca_pem".into(), sandbox.ca_pem().to_owned());
        made.push((id, Credential { channel: channel.into(), settings }, secrets));
    }
    let change = |all: &mut store::apps::AppSettings, hidden: &mut store::apps::AppSecrets| {
        for (id, credential, secrets) in &made {
            all.credentials.insert(*id, credential.clone());
            hidden.credentials.insert(*id, secrets.clone());
        }
    };
    let changed = node.apps.change(app.id, change).await?;
    changed.ok_or_else(|| Failure::internal("the app of development mode is gone").into())
}

/// Gives a new phone with the app to a vendor; answers its token.
pub fn add_phone(sandbox: &Sandbox, channel: &str) -> Result<String> {
    let wanted = if channel == APPLE { json!({ "bundle": BUNDLE }) } else { json!({}) };
    let phone = post(sandbox, &format!("/{channel}/devices"), &wanted)?;
    let token = phone["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| Failure::internal("a phone of the sandbox has a token").into())
}

/// What a phone got, oldest first.
pub fn inbox(sandbox: &Sandbox, channel: &str, token: &str) -> Result<Vec<Value>> {
    let path = format!("/{channel}/devices/{token}/inbox");
    let inbox = sandbox.control("GET", &path, &Value::Null).map_err(Failure::internal)?;
    Ok(inbox["notifications"].as_array().cloned().unwrap_or_default())
}

/// The vendors that told what became of a push, and were heard: the rooms of receipts that were answered well.
pub fn heard(sandbox: &Sandbox) -> Result<Vec<&'static str>> {
    let all = sandbox.control("GET", "/receipts", &Value::Null).map_err(Failure::internal)?;
    let all = all["receipts"].as_array().cloned().unwrap_or_default();
    let is_heard = |channel: &str| all.iter().any(|one| one["room"] == channel && one["status"] == 200);
    Ok(CHANNELS.into_iter().filter(|channel| is_heard(channel)).collect())
}

/// Those that tell at all.
pub fn telling() -> Vec<&'static str> {
    CHANNELS.into_iter().filter(|channel| !matches!(told(channel), Told::Never)).collect()
}

/// Settings and secrets of a credential.
type Made = (BTreeMap<String, String>, BTreeMap<String, String>);

fn at_apple(sandbox: &Sandbox) -> Result<Made> {
    post(sandbox, "/apns/apps", &json!({ "bundle": BUNDLE }))?;
    let key = post(sandbox, "/apns/keys", &json!({}))?;
    let settings = [("topic", text(&json!(BUNDLE))), ("key_id", text(&key["key"])), ("team_id", text(&key["team"]))];
    let mut settings: BTreeMap<String, String> =
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    settings.insert("development_url".into(), sandbox.apns_development_url());
    Ok((settings, BTreeMap::from([("p8".to_owned(), text(&key["p8"]))])))
}

fn at_vendor(sandbox: &Sandbox, channel: &str, back: Option<&str>, secret: &str) -> Result<Made> {
    let mut wanted = json!({ "package": BUNDLE });
    let receiver = match (told(channel), back) {
        (Told::Signed, Some(url)) => json!({ "url": url, "user": CALLBACK_USER, "key": secret }),
        (Told::ByConsole, Some(url)) => json!(url),
        _ => Value::Null,
    };
    if !receiver.is_null() {
        wanted["receivers"] = json!({ "default": receiver });
    }
    let app = post(sandbox, &format!("/{channel}/apps"), &wanted)?;
    let named = |names: &[(&str, &str)]| -> BTreeMap<String, String> {
        let shown = names.iter().filter(|(theirs, _)| !app[*theirs].is_null());
        shown.map(|(theirs, ours)| ((*ours).to_owned(), text(&app[*theirs]))).collect()
    };
    Ok((named(&SETTINGS), named(&SECRETS)))
}

/// A text as it is; a key file as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn room_url(sandbox: &Sandbox, channel: &str) -> Result<String> {
    let found = sandbox.urls().into_iter().find(|(room, _)| *room == channel);
    found.map(|(_, url)| url).ok_or_else(|| Failure::internal("the sandbox has a room for every channel").into())
}

fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Result<Value> {
    Ok(sandbox.control("POST", path, body).map_err(Failure::internal)?)
}
