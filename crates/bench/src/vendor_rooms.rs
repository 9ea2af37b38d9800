//! What the benchmarks of vendor channels have in common: the sandbox's rooms with their rates out of the way, phones, and
//! the channels as an app's credentials make them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contract::AppId;
use contract::notification::{Notification, Weight};
use push::channel::{Channel, Outgoing, Verdict};
use push::credential::{Apps, ChannelFactory, Credentials};
use rustls::RootCertStore;
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use server::clock::Clock;
use store::apps::{App, AppSecrets, AppSettings, Credential};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::figure::Rate;

/// Every vendor, by the name of its room.
pub(crate) const VENDORS: [&str; 8] = ["apns", "fcm", "huawei", "honor", "harmony", "xiaomi", "oppo", "vivo"];
/// The credential of each channel.
const CREDENTIAL: i64 = 7;
/// The app of the room that goes by its bundle.
const BUNDLE: &str = "com.example.bench";
/// What no benchmark reaches.
const FREE: u64 = 1_000_000_000;

/// Starts the vendors.
pub(crate) async fn sandbox() -> Outcome<Arc<Sandbox>> {
    Ok(Arc::new(Sandbox::start(SandboxSettings::default()).await?))
}

/// A vendor's room with an app and its phones.
pub(crate) struct Room {
    sandbox: Arc<Sandbox>,
    pub(crate) vendor: &'static str,
    app: Value,
    pub(crate) tokens: Arc<Vec<String>>,
}

impl Room {
    /// Makes an app whose rates are out of the way, but for what `limits` says, and so many phones.
    pub(crate) fn open(sandbox: &Arc<Sandbox>, vendor: &'static str, phones: usize, limits: &Value) -> Outcome<Self> {
        let mut wanted = serde_json::Map::new();
        wanted.extend(rates(vendor).iter().map(|name| ((*name).to_owned(), json!(FREE))));
        wanted.extend(limits.as_object().cloned().unwrap_or_default());
        if vendor == "apns" {
            wanted = serde_json::Map::from_iter([("bundle".to_owned(), json!(BUNDLE))]);
        }
        let call = |what: &str, body: &Value| sandbox.control("POST", &format!("/{vendor}/{what}"), body);
        let mut app = call("apps", &Value::Object(wanted))?;
        if vendor == "apns" {
            app["certificate"] = call("certificates", &json!({ "bundle": BUNDLE }))?;
        }
        let of = match vendor {
            "apns" => json!({ "bundle": BUNDLE }),
            "fcm" | "harmony" => json!({ "app": app["project_id"] }),
            "oppo" => json!({ "app": app["app_key"] }),
            _ => json!({ "app": app["app_id"] }),
        };
        let mut tokens = Vec::with_capacity(phones);
        for _ in 0..phones {
            let phone = call("devices", &of)?;
            tokens.push(phone["token"].as_str().ok_or("a phone without a token")?.to_owned());
        }
        Ok(Self { sandbox: Arc::clone(sandbox), vendor, app, tokens: Arc::new(tokens) })
    }

    /// Where the room is.
    pub(crate) fn url(&self) -> String {
        let urls = self.sandbox.urls();
        urls.into_iter().find(|(name, _)| *name == self.vendor).map(|(_, url)| url).unwrap_or_default()
    }

    /// The port of the room.
    pub(crate) fn port(&self) -> Outcome<u16> {
        Ok(self.url().rsplit(':').next().unwrap_or_default().parse()?)
    }

    /// Whom to trust.
    pub(crate) fn ca_pem(&self) -> &str {
        self.sandbox.ca_pem()
    }

    /// Certificate and key of the app, in the room that knows its callers by them.
    pub(crate) fn certificate(&self) -> Option<String> {
        let certificate = &self.app["certificate"];
        Some(format!("{}{}", certificate["certificate_pem"].as_str()?, certificate["key_pem"].as_str()?))
    }

    /// Asks the sandbox.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        Ok(self.sandbox.control(method, path, body)?)
    }

    /// The app's channel; `base_url` stands in front of the room, where there is something.
    pub(crate) fn channel(&self, base_url: Option<String>) -> Outcome<Arc<dyn Channel>> {
        let text = |name: &str| self.app[name].as_str().unwrap_or_default().to_owned();
        let secret = if self.vendor == "huawei" { text("secret") } else { text("app_secret") };
        let url = base_url.unwrap_or_else(|| self.url());
        let settings = [
            ("base_url", url.clone()),
            ("auth_url", url),
            ("ca_pem", self.ca_pem().to_owned()),
            ("app_id", text("app_id")),
            ("client_id", text("client_id")),
            ("app_key", text("app_key")),
            ("package_name", text("package")),
            ("topic", text("bundle")),
        ];
        let mut secrets = vec![
            ("app_secret", secret),
            ("client_secret", text("client_secret")),
            ("master_secret", text("master_secret")),
            ("key_file", self.app["service_account"].to_string()),
        ];
        secrets.extend(self.certificate().map(|pem| ("pem", pem)));
        let credential = Credential {
            channel: self.vendor.to_owned(),
            settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        let secrets = secrets.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let app = Arc::new(App {
            id: AppId(1),
            version: 1,
            settings: AppSettings { credentials: BTreeMap::from([(CREDENTIAL, credential)]), ..AppSettings::default() },
            secrets: AppSecrets { credentials: BTreeMap::from([(CREDENTIAL, secrets)]), ..AppSecrets::default() },
        });
        let apps: Apps = Arc::new(move |_| Some(Arc::clone(&app)));
        let clock = Clock::default();
        let factory = Credentials::new(apps, Arc::new(RootCertStore::empty()), Arc::new(move || clock.now()));
        let opened = factory.open(AppId(1), self.vendor, CREDENTIAL);
        Ok(opened.map_err(|trouble| format!("{}: {trouble:?}", self.vendor))?.channel)
    }
}

/// The bounds of a room that are in the way of a measurement.
fn rates(vendor: &str) -> &'static [&'static str] {
    match vendor {
        "fcm" => &["per_minute", "device_per_minute"],
        "huawei" => &["per_s", "device_per_day"],
        "apns" => &[],
        _ => &["per_s"],
    }
}

/// Words that no vendor takes for a test.
pub(crate) fn words() -> Notification {
    Notification {
        title: "Your order: no. 7".into(),
        body: "It will be with you today, at 5.".into(),
        weight: Some(Weight::Service),
        subject: Some("IM".into()),
        ..Notification::default()
    }
}

/// Sends to phones again and again, so many batches at once, until the time is over; a rate of tokens, with the times of
/// batches. Every message must be taken.
pub(crate) async fn drive(
    channel: &Arc<dyn Channel>,
    tokens: &Arc<Vec<String>>,
    under_way: usize,
    wait: Duration,
) -> Outcome<Rate> {
    let numbers = Arc::new(AtomicU64::new(1));
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..under_way {
        let (channel, tokens, numbers) = (Arc::clone(channel), Arc::clone(tokens), Arc::clone(&numbers));
        workers.spawn(async move {
            let (mut took, mut sent) = (Vec::new(), 0);
            while began.elapsed() < wait {
                let batch = batch(&channel, &tokens, &numbers);
                let asked = Instant::now();
                let answers = channel.deliver(&batch).await;
                took.push(asked.elapsed().as_micros() as u32);
                if let Some(other) = answers.iter().find(|answer| answer.verdict != Verdict::Accepted) {
                    return Err(format!("a message was not taken: {other:?}").into());
                }
                sent += answers.len() as u64;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((took, sent))
        });
    }
    let (mut took, mut sent) = (Vec::new(), 0);
    while let Some(ended) = workers.join_next().await {
        let (own, count) = ended??;
        took.extend(own);
        sent += count;
    }
    Ok(Rate::of(sent, began.elapsed(), &mut took))
}

/// A full batch, each message with a number that no other has.
fn batch(channel: &Arc<dyn Channel>, tokens: &[String], numbers: &AtomicU64) -> Vec<Outgoing> {
    let count = channel.limits().batch_max.min(tokens.len());
    let notification = Arc::new(words());
    let expires_at = Clock::default().now().plus(3_600_000);
    let first = numbers.fetch_add(count as u64, Ordering::Relaxed);
    let outgoing = |(token, number): (&String, u64)| {
        let mut id = [0x80; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        id[6] = 0x80;
        let notification = Arc::clone(&notification);
        Outgoing { id, token: token.clone(), notification, expires_at, attempt: 1 }
    };
    tokens.iter().take(count).zip(first..).map(outgoing).collect()
}
