//! Says whether an app has what the channel of iOS asks of it, and until when it holds.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Millis, Result};
use push::channels::apns::{self, CredentialFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::apps::App;

use crate::openapi::action::{Action, Call, Perform, Product, Whose};
use crate::openapi::fields::AppKey;

/// Says whether an app has what the channel of iOS asks of it, and until when it holds. Signing keys do not expire.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CheckCertificate {
    /// The app.
    app_key: AppKey,
}

/// What the app has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// Always true: the self-built channel, which reaches Android, asks for nothing.
    android: bool,
    /// Whether one of the two below is `OK`.
    #[serde(rename = "IOS")]
    ios: bool,
    /// For apps from the store.
    production_cert_info: Info,
    /// For apps from a developer's machine.
    development_cert_info: Info,
}

/// A certificate or signing key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Info {
    /// `OK`, `EXPIRED`, `NOT_CONFIGURED` (also for what cannot be read), or `NO_PASSWORD` where the password does not open
    /// it.
    status: &'static str,
    /// When a certificate expires, in milliseconds since 1970. The contract spells it so.
    #[serde(rename = "ExipreTime", skip_serializing_if = "Option::is_none")]
    expire_time: Option<i64>,
}

impl Action for CheckCertificate {
    const NAME: &'static str = "CheckCertificate";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "app";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Perform for CheckCertificate {
    async fn perform(self, call: Call) -> Result<Answer> {
        let app = call.app()?;
        let production_cert_info = look(app, "production", call.now);
        let development_cert_info = look(app, "development", call.now);
        let ios = [&production_cert_info, &development_cert_info].into_iter().any(|info| info.status == OK);
        Ok(Answer { android: true, ios, production_cert_info, development_cert_info })
    }
}

/// The channel that asks for certificates.
const CHANNEL: &str = "apns";
const OK: &str = "OK";

/// Looks at the app's credential for an environment. What names none is for production, and a key for both.
fn look(app: &App, environment: &str, now: Millis) -> Info {
    let has_key = |id: &i64| app.secrets.credentials.get(id).is_some_and(|own| own.contains_key("p8"));
    let own = app.settings.credentials.iter().find(|(id, own)| {
        let named = own.settings.get("environment").filter(|text| !text.is_empty());
        let usual = if has_key(id) { "both" } else { "production" };
        let named = named.map_or(usual, String::as_str);
        own.channel == CHANNEL && (named == environment || named == "both")
    });
    let none = BTreeMap::new();
    let secrets = own.map(|(id, _)| app.secrets.credentials.get(id).unwrap_or(&none));
    secrets.map_or(Info { status: "NOT_CONFIGURED", expire_time: None }, |secrets| judge(secrets, now))
}

fn judge(secrets: &BTreeMap<String, String>, now: Millis) -> Info {
    if secrets.contains_key("p8") {
        return Info { status: OK, expire_time: None };
    }
    let password = secrets.get("password").map_or("", String::as_str);
    let read = match (secrets.get("p12"), secrets.get("pem")) {
        (Some(p12), _) => match STANDARD.decode(p12) {
            Ok(bytes) => apns::Credential::from_p12(&bytes, password),
            Err(_) => Err(CredentialFault::CertificateMalformed),
        },
        (None, Some(pem)) => apns::Credential::from_pem(pem),
        (None, None) => Err(CredentialFault::CertificateMalformed),
    };
    let chain = match read {
        Ok(apns::Credential::Certificate { chain, .. }) => chain,
        Ok(apns::Credential::Key { .. }) => return Info { status: OK, expire_time: None },
        Err(CredentialFault::PasswordWrong) => return Info { status: "NO_PASSWORD", expire_time: None },
        Err(_) => return Info { status: "NOT_CONFIGURED", expire_time: None },
    };
    let end = chain
        .first()
        .and_then(|der| x509_parser::parse_x509_certificate(der).ok())
        .map(|(_, certificate)| Millis::from_secs(certificate.validity().not_after.timestamp()));
    match end {
        None => Info { status: "NOT_CONFIGURED", expire_time: None },
        Some(end) if end <= now => Info { status: "EXPIRED", expire_time: Some(end.0) },
        Some(end) => Info { status: OK, expire_time: Some(end.0) },
    }
}
