//! How the mPaaS OpenAPI serves an app, and where results are told. The key that they are signed with goes in and never
//! comes out.

use std::sync::Arc;

use contract::AppId;
use push::mpaas::callback::{self, BadKey, SECRET_BYTES};
use serde::Deserialize;
use serde_json::{Value, json};
use store::apps::{App, MpaasSettings};

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;
use crate::outbound::{Papers, Target};

/// Authorities to trust, and a key.
const PEM_BYTES_MAX: usize = 64 * 1024;

/// `GET apps/ID/mpaas`.
pub(super) fn show(node: &Arc<Node>, id: AppId) -> Result<Answer, Refusal> {
    let app = node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}

/// What an operator sees.
fn view(app: &App) -> Value {
    let MpaasSettings { tenant_id, takes_pushes, zone_hours, callback_url, callback_ca_pem } = &app.settings.mpaas;
    json!({
        "app_id": app.settings.mpaas_app_id,
        "workspace_id": app.settings.workspace_id,
        "tenant_id": tenant_id,
        "takes_pushes": takes_pushes,
        "zone_hours": zone_hours,
        "callback_url": callback_url,
        "callback_ca_pem": callback_ca_pem,
        "is_signed": !app.secrets.callback_key.is_empty(),
    })
}

/// What may be changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    tenant_id: Option<String>,
    takes_pushes: Option<bool>,
    zone_hours: Option<i64>,
    callback_url: Option<String>,
    callback_ca_pem: Option<String>,
    callback_key: Option<String>,
}

/// `PATCH apps/ID/mpaas`.
pub(super) async fn change(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let changes: Changes = ask.parse()?;
    // A URL may hold what its owner wants nobody to read, and a key is a secret: neither is in the entry.
    let named: serde_json::Map<String, Value> = ask.parse()?;
    if named.is_empty() {
        return Err(invalid("nothing to change is named"));
    }
    let names: Vec<&str> = named.keys().map(String::as_str).collect();
    let entry = audit::entry(node.clock.now(), ask, "app.mpaas.change", id.to_string(), names.join(" "));
    let app = node
        .apps
        .change_noted(id, Some(entry), |settings, secrets| {
            let own = &mut settings.mpaas;
            set(&mut own.tenant_id, changes.tenant_id.as_ref());
            set(&mut own.takes_pushes, changes.takes_pushes.as_ref());
            set(&mut own.zone_hours, changes.zone_hours.as_ref());
            set(&mut own.callback_url, changes.callback_url.as_ref());
            set(&mut own.callback_ca_pem, changes.callback_ca_pem.as_ref());
            set(&mut secrets.callback_key, changes.callback_key.as_ref());
            check(own, &secrets.callback_key)
        })
        .await?
        .ok_or(Refusal::AppUnknown)?;
    Ok(Answer::ok(view(&app)))
}

fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}

/// Refuses what could not hold.
fn check(own: &MpaasSettings, key: &str) -> Result<(), Refusal> {
    if own.tenant_id.len() > 64 || !own.tenant_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("tenant_id has at most 64 visible ASCII characters"));
    }
    if !(-12..=14).contains(&own.zone_hours) {
        return Err(invalid("zone_hours lies between -12 and 14"));
    }
    if own.callback_ca_pem.len() > PEM_BYTES_MAX || key.len() > PEM_BYTES_MAX {
        return Err(invalid("callback_ca_pem and callback_key have at most 64 KB each"));
    }
    if !own.callback_url.is_empty() {
        let papers = Papers { ca_pem: &own.callback_ca_pem, ..Papers::default() };
        Target::new(&own.callback_url, papers, Arc::default())
            .map_err(|what| invalid(format!("callback_url: {what}")))?;
    }
    match callback::check(key) {
        _ if key.is_empty() => Ok(()),
        Ok(()) => Ok(()),
        Err(BadKey::Pem) => Err(invalid("callback_key: the PEM holds no private RSA key")),
        Err(BadKey::Short) => Err(invalid(format!("callback_key: a secret has at least {SECRET_BYTES} characters"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_could_not_hold_are_refused() {
        let check_with = |what: &str, edit: &dyn Fn(&mut MpaasSettings), key: &str, expected: bool| {
            let mut own = MpaasSettings::default();
            edit(&mut own);
            assert_eq!(check(&own, key).is_ok(), expected, "{what}");
        };
        check_with("defaults", &|_| {}, "", true);
        check_with("an address", &|own| own.callback_url = "https://example.com/r".into(), "", true);
        check_with("no address", &|own| own.callback_url = "example.com".into(), "", false);
        check_with("a tenant", &|own| own.tenant_id = "LZFPEFIM".into(), "", true);
        check_with("no tenant", &|own| own.tenant_id = "a b".into(), "", false);
        check_with("no zone", &|own| own.zone_hours = 15, "", false);
        check_with("a secret", &|_| {}, "0123456789abcdef", true);
        check_with("a short secret", &|_| {}, "0123", false);
        check_with("no key", &|_| {}, "-----BEGIN PRIVATE KEY-----", false);
    }
}
