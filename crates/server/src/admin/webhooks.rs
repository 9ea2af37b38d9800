//! Webhooks of an app: where they go and which are on. The token that they are signed with and the client certificate go
//! in and never come out.

use std::sync::Arc;

use contract::AppId;
use contract::webhook::Webhook;
use serde::Deserialize;
use serde_json::{Value, json};
use store::apps::{App, AppSecrets, CommandSettings, OnFailure, WebhookSettings};

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;
use crate::outbound::{self, Papers, Target};

/// A token; the signature is a hash of it.
const TOKEN_BYTES_MAX: usize = 256;
/// Authorities to trust, and a client certificate with its chain.
const PEM_BYTES_MAX: usize = 64 * 1024;
/// A call may take this long at most: a sender waits for it.
const TIMEOUT_MS_MAX: u64 = 10_000;
/// Events are kept this long at most.
const KEEP_S_MAX: i64 = 30 * 86_400;

/// `GET apps/ID/webhook`.
pub(super) fn show(node: &Arc<Node>, id: AppId) -> Result<Answer, Refusal> {
    let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}

/// What an operator sees.
fn view(app: &App) -> Value {
    let WebhookSettings { url, ca_pem, retry, keep_s, commands } = &app.settings.webhook;
    json!({
        "url": url,
        "is_signed": !app.secrets.webhook_token.is_empty(),
        "ca_pem": ca_pem,
        "has_client_certificate": !app.secrets.webhook_client_pem.is_empty(),
        "retry": retry,
        "keep_s": keep_s,
        "commands": commands,
    })
}

/// What may be changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    url: Option<String>,
    token: Option<String>,
    ca_pem: Option<String>,
    client_pem: Option<String>,
    retry: Option<bool>,
    keep_s: Option<i64>,
}

/// `PATCH apps/ID/webhook`.
pub(super) async fn change(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let changes: Changes = ask.parse()?;
    // A URL may hold what its owner wants nobody to read, and a token is a secret: neither is in the entry.
    let named = [
        ("url", changes.url.is_some()),
        ("token", changes.token.is_some()),
        ("ca_pem", changes.ca_pem.is_some()),
        ("client_pem", changes.client_pem.is_some()),
        ("retry", changes.retry.is_some()),
        ("keep_s", changes.keep_s.is_some()),
    ];
    let named: Vec<&str> = named.iter().filter(|(_, is_named)| *is_named).map(|(name, _)| *name).collect();
    if named.is_empty() {
        return Err(invalid("nothing to change is named"));
    }
    let entry = audit::entry(node.clock.now(), ask, "app.webhook.change", id.to_string(), named.join(" "));
    let app = node
        .apps
        .change_noted(id, Some(entry), |settings, secrets| {
            let own = &mut settings.webhook;
            own.url.clone_from(changes.url.as_ref().unwrap_or(&own.url.clone()));
            own.ca_pem.clone_from(changes.ca_pem.as_ref().unwrap_or(&own.ca_pem.clone()));
            own.retry = changes.retry.unwrap_or(own.retry);
            own.keep_s = changes.keep_s.unwrap_or(own.keep_s);
            if let Some(token) = &changes.token {
                secrets.webhook_token.clone_from(token);
            }
            if let Some(client) = &changes.client_pem {
                secrets.webhook_client_pem.clone_from(client);
            }
            check(own, secrets)
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}

/// Refuses what could not be called.
fn check(own: &WebhookSettings, secrets: &AppSecrets) -> Result<(), Refusal> {
    let AppSecrets { webhook_token: token, webhook_client_pem: client_pem, .. } = secrets;
    for (what, pem) in [("ca_pem", &own.ca_pem), ("client_pem", client_pem)] {
        if pem.len() > PEM_BYTES_MAX {
            return Err(invalid(format!("{what} has at most 64 KB")));
        }
    }
    if !client_pem.is_empty() {
        outbound::check_client(client_pem).map_err(|what| invalid(format!("client_pem: {what}")))?;
    }
    if !own.url.is_empty() {
        let papers = Papers { ca_pem: &own.ca_pem, client_pem };
        Target::new(&own.url, papers, Arc::default()).map_err(|what| invalid(format!("url: {what}")))?;
    }
    if token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(format!("token has at most {TOKEN_BYTES_MAX} visible ASCII characters")));
    }
    if !(1..=KEEP_S_MAX).contains(&own.keep_s) {
        return Err(invalid(format!("keep_s lies between 1 and {KEEP_S_MAX}")));
    }
    Ok(())
}

/// How a webhook is switched on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    on_failure: Option<OnFailure>,
    timeout_ms: Option<u64>,
}

/// `PUT apps/ID/webhook/COMMAND`.
pub(super) async fn switch_on(node: &Arc<Node>, ask: &Ask, id: AppId, command: &str) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    let webhook = Webhook::parse(command).ok_or(Refusal::WebhookUnknown)?;
    if wanted.on_failure.is_some() && !webhook.is_before() {
        return Err(invalid("on_failure is for webhooks that are asked before something happens"));
    }
    if wanted.timeout_ms.is_some_and(|wait| !(1..=TIMEOUT_MS_MAX).contains(&wait)) {
        return Err(invalid(format!("timeout_ms lies between 1 and {TIMEOUT_MS_MAX}")));
    }
    let entry = audit::entry(node.clock.now(), ask, "app.webhook.on", id.to_string(), command.to_owned());
    let app = node
        .apps
        .change_noted(id, Some(entry), |settings, _| {
            let default = CommandSettings::default();
            let own = CommandSettings {
                on_failure: wanted.on_failure.unwrap_or(default.on_failure),
                timeout_ms: wanted.timeout_ms.unwrap_or(default.timeout_ms),
            };
            settings.webhook.commands.insert(command.to_owned(), own);
            Ok::<_, Refusal>(())
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}

/// `DELETE apps/ID/webhook/COMMAND`.
pub(super) async fn switch_off(node: &Arc<Node>, ask: &Ask, id: AppId, command: &str) -> Result<Answer, Refusal> {
    let entry = audit::entry(node.clock.now(), ask, "app.webhook.off", id.to_string(), command.to_owned());
    let app = node
        .apps
        .change_noted(id, Some(entry), |settings, _| {
            settings.webhook.commands.remove(command).map(drop).ok_or(Refusal::WebhookUnknown)
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}
