//! Apps: listed, made, shown.

use std::sync::Arc;

use contract::AppId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::apps::{AccessKey, App, AppSettings, Credential, SigningKey};
use store::platform;

use super::ask::{Answer, Ask};
use super::refusal::{Refusal, invalid};
use super::{audit, keys, settings};
use crate::dev::fresh_secrets;
use crate::node::Node;
use crate::vault::random;

/// How many ids are drawn before the operator is told that none is free.
const ID_TRIES: usize = 20;

/// `GET apps?after=ID&limit=N`: a page ordered by id.
pub(super) fn list(node: &Arc<Node>, ask: &Ask) -> Result<Answer, Refusal> {
    let (after, count) = (ask.number("after")?.unwrap_or(0), ask.page()?);
    let page: Vec<_> = node.apps.all().into_iter().filter(|app| app.id.0 > after).take(count).collect();
    let next = if page.len() == count { page.last().map(|app| app.id.0) } else { None };
    let apps: Vec<_> = page
        .iter()
        .map(|app| {
            json!({
                "sdk_app_id": app.id.0,
                "name": app.settings.name,
                "status": app.settings.status,
                "plan": app.settings.plan,
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "apps": apps, "next": next })))
}

/// `GET apps/ID?secrets=true`. Whoever looks at secrets is noted.
pub(super) async fn show(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    let mut body = view(&app);
    if ask.param("secrets") == Some("true") {
        let entry = audit::entry(node.clock.now(), ask, "app.secrets.read", id.to_string(), String::new());
        node.store.write(AppId::PLATFORM, move |tx| platform::add_entry(tx, &entry)).await?;
        body["secrets"] = secrets(&app);
    }
    Ok(Answer::ok(body))
}

/// What a new app is made of; what is absent is made fresh.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    sdk_app_id: Option<i64>,
    secret_key: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    mpaas_app_id: Option<String>,
    workspace_id: Option<String>,
    name: Option<String>,
    admins: Option<Vec<String>>,
    plan: Option<String>,
}

/// `POST apps`. The answer is the one place that shows the new secrets unasked.
pub(super) async fn create(node: &Arc<Node>, ask: &Ask) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    let now = node.clock.now();
    let mut made = AppSettings {
        name: wanted.name.unwrap_or_default(),
        mpaas_app_id: wanted.mpaas_app_id.unwrap_or_else(|| format!("NSH{}", hex::encode_upper(random::<6>()))),
        workspace_id: wanted.workspace_id.unwrap_or_else(|| "default".into()),
        ..AppSettings::default()
    };
    if let Some(admins) = wanted.admins {
        made.admins = admins;
    }
    if let Some(plan) = wanted.plan {
        made.plan = plan;
    }
    settings::check(&made)?;
    let mut secrets = fresh_secrets(now);
    if let Some(secret) = wanted.secret_key {
        keys::check(&secret)?;
        secrets.signing_keys = vec![SigningKey { secret, added_at: now.0 }];
    }
    match (wanted.access_key_id, wanted.access_key_secret) {
        (Some(id), Some(secret)) => secrets.access_keys = vec![AccessKey { id, secret }],
        (None, None) => {}
        _ => return Err(invalid("access_key_id and access_key_secret come together")),
    }
    for key in &secrets.access_keys {
        check_access_key(node, key)?;
    }
    check_mpaas(node, &made)?;
    let is_chosen = wanted.sdk_app_id.is_some();
    for _ in 0..ID_TRIES {
        let id = match wanted.sdk_app_id {
            Some(id) if id > 0 => AppId(id),
            Some(_) => return Err(invalid("sdk_app_id is a positive number")),
            None => fresh_id(),
        };
        let detail = if is_chosen { "with an id of its own" } else { "" };
        let entry = audit::entry(now, ask, "app.create", id.to_string(), detail.into());
        if node.apps.add_noted(now, id, made.clone(), secrets.clone(), Some(entry)).await? {
            let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
            let mut body = view(&app);
            body["secrets"] = self::secrets(&app);
            return Ok(Answer::created(body));
        }
        if is_chosen {
            break;
        }
    }
    Err(Refusal::AppTaken)
}

/// An SDKAppID as the cloud gives them: ten digits that begin with 14.
fn fresh_id() -> AppId {
    AppId(1_400_000_000 + i64::from(u32::from_le_bytes(random()) % 99_999_999))
}

/// One pair may serve several apps, as a cloud account owns several; one id with two secrets could not be verified.
fn check_access_key(node: &Node, key: &AccessKey) -> Result<(), Refusal> {
    for (what, text) in [("access_key_id", &key.id), ("access_key_secret", &key.secret)] {
        if text.is_empty() || text.len() > 128 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid(format!("{what} has 1 to 128 visible ASCII characters")));
        }
    }
    let is_other =
        |app: &Arc<App>| app.secrets.access_keys.iter().any(|known| known.id == key.id && known.secret != key.secret);
    if node.apps.all().iter().any(is_other) {
        return Err(invalid("access_key_id belongs to another app with another secret"));
    }
    Ok(())
}

/// The pair names one app.
fn check_mpaas(node: &Node, made: &AppSettings) -> Result<(), Refusal> {
    let is_same = |app: &Arc<App>| {
        app.settings.mpaas_app_id == made.mpaas_app_id && app.settings.workspace_id == made.workspace_id
    };
    if !made.mpaas_app_id.is_empty() && node.apps.all().iter().any(is_same) {
        return Err(invalid("another app has this mpaas_app_id in this workspace_id"));
    }
    Ok(())
}

/// An app without its secrets: all its settings under their own names.
pub(super) fn view(app: &App) -> Value {
    let keys: Vec<_> = app.secrets.signing_keys.iter().map(keys::view).collect();
    let access_keys: Vec<_> = app.secrets.access_keys.iter().map(|key| &key.id).collect();
    let credentials: Vec<_> = app.settings.credentials.iter().map(|(id, one)| credential(app, *id, one)).collect();
    let mut shown = json!({ "sdk_app_id": app.id.0, "version": app.version });
    if let (Value::Object(shown), Ok(Value::Object(settings))) = (&mut shown, serde_json::to_value(&app.settings)) {
        shown.extend(settings);
    }
    shown["signing_keys"] = json!(keys);
    shown["access_key_ids"] = json!(access_keys);
    shown["credentials"] = json!(credentials);
    shown
}

/// A push credential: of its secrets only the names.
pub(super) fn credential(app: &App, id: i64, own: &Credential) -> Value {
    let secrets: Vec<_> = app.secrets.credentials.get(&id).into_iter().flat_map(|all| all.keys()).collect();
    json!({ "id": id, "channel": own.channel, "settings": own.settings, "secrets": secrets })
}

/// What the app's own people need and nobody else may see. Secrets of push credentials stay inside: they are given
/// to noroshi, not by it.
fn secrets(app: &App) -> Value {
    let access_keys: Vec<_> =
        app.secrets.access_keys.iter().map(|key| json!({ "id": key.id, "secret": key.secret })).collect();
    json!({ "secret_keys": app.signing_keys(), "access_keys": access_keys })
}
