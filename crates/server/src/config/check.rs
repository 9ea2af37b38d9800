//! What a configuration cannot mean, and what it does mean, in words that hold no secret.

use std::fmt::Write;
use std::path::Path;

use contract::{Error, Failure, Result};
use figment::error::Kind;
use serde_json::Value;

use super::Config;

impl Config {
    /// Everything that cannot hold, one sentence each; values of files that are named are not looked at.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                found.push(what.to_owned());
            }
        };
        let url = self.store.url.as_str();
        let is_server = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        check(url == "sqlite" || is_server, "store.url is \"sqlite\" or begins with postgres://");
        check((1..=512).contains(&self.store.threads), "store.threads lies between 1 and 512");
        check((1..=1_048_576).contains(&self.store.cache_mb), "store.cache_mb lies between 1 and 1048576");
        check(self.bounds.calls > 0, "bounds.calls is at least 1");
        check(self.bounds.connections > 0, "bounds.connections is at least 1");
        check(
            self.bounds.gateway_connections <= self.bounds.connections,
            "bounds.gateway_connections is not above bounds.connections, which holds them",
        );
        check(
            self.outbound.networks.iter().all(|network| crate::address::parse(network).is_some()),
            "outbound.networks are networks such as 10.0.0.0/8",
        );
        check(matches!(self.log.format.as_str(), "text" | "json"), "log.format is \"text\" or \"json\"");
        let is_filter = tracing_subscriber::EnvFilter::try_new(&self.log.level).is_ok();
        check(is_filter, "log.level is error, warn, info, debug, trace or filters such as info,store=debug");
        let listen = &self.listen;
        check(listen.http.is_some() || listen.https.is_some(), "listen.http and listen.https are both off");
        let all: Vec<_> = [listen.http, listen.https, listen.admin].into_iter().flatten().collect();
        let is_twice =
            |at: &std::net::SocketAddr| at.port() != 0 && all.iter().filter(|other| *other == at).count() > 1;
        check(!all.iter().any(is_twice), "two listeners have the same address");
        let (certificate, key) = (self.tls.certificate.is_some(), self.tls.key.is_some());
        check(certificate == key, "tls.certificate and tls.key come together");
        check(listen.https.is_none() || (certificate && key), "listen.https needs tls.certificate and tls.key");
        let own = &self.addresses;
        let told = || [&own.native, &own.web, &own.webhooks].into_iter().flatten();
        check(
            told().all(|text| crate::address::parse(text).is_some()),
            "addresses.native, .web and .webhooks hold addresses such as 192.0.2.1 or networks such as 192.0.2.0/24",
        );
        check(told().count() <= 1_000, "addresses name at most 1000 addresses and networks");
        let is_url = |url: &String| ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        check(self.media.url.as_ref().is_none_or(is_url), "media.url begins with http:// or https://");
        check(self.bounds.transfers > 0, "bounds.transfers is at least 1");
        let secrets = &self.secrets;
        check(
            secrets.master_key.is_none() || secrets.master_key_file.is_none(),
            "secrets.master_key and secrets.master_key_file are both set: one of them is enough",
        );
        check(
            secrets.admin_token.is_none() || secrets.admin_token_file.is_none(),
            "secrets.admin_token and secrets.admin_token_file are both set: one of them is enough",
        );
        found
    }

    /// Refuses a configuration that cannot hold.
    pub fn ensure(&self) -> Result<()> {
        match self.problems().first() {
            None => Ok(()),
            Some(what) => Err(Failure::Unavailable(format!("configuration: {what}")).into()),
        }
    }

    /// What holds and where it comes from, as lines of TOML with comments. Secrets are not shown.
    pub fn report(file: &Path) -> Result<String> {
        let layers = Self::layers(file)?;
        let config: Self = layers.extract().map_err(|error| Error::from(unreadable(file, error)))?;
        let values = serde_json::to_value(&config).map_err(Failure::internal)?;
        let mut lines = String::new();
        let mut show = |key: String, value: &Value| {
            let name = layers.find_metadata(&key).map(|metadata| metadata.name.to_string()).unwrap_or_default();
            let source = match name.as_str() {
                name if name.contains("environment") => "environment",
                name if name.contains("TOML") => "file",
                _ => "default",
            };
            writeln!(lines, "{key} = {}  # {source}", shown(&key, value)).expect("a text takes more text");
        };
        let values = values.as_object().ok_or_else(|| Failure::internal("a configuration is an object"))?;
        for (section, value) in values {
            match value {
                Value::Object(own) => own.iter().for_each(|(name, value)| show(format!("{section}.{name}"), value)),
                value => show(section.clone(), value),
            }
        }
        Ok(lines)
    }
}

/// A value as a reader may see it.
fn shown(key: &str, value: &Value) -> String {
    match (key, value) {
        (_, Value::Null) => "(not set)".into(),
        ("secrets.master_key" | "secrets.admin_token", _) => "(set, not shown)".into(),
        ("store.url", Value::String(url)) => format!("\"{}\"", without_password(url)),
        (_, value) => value.to_string(),
    }
}

/// A database URL without who logs in and how: everything between the scheme and the last `@`, and the query.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url == "sqlite" { url.into() } else { "(not shown)".into() };
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://…@{}", place.split('?').next().unwrap_or_default()),
        None => format!("{scheme}://{}", rest.split('?').next().unwrap_or_default()),
    }
}

/// Why a configuration cannot be read. The words of the reader repeat values of the wrong type; those of secrets
/// must not end in a log.
pub(super) fn unreadable(file: &Path, error: figment::Error) -> Failure {
    let mut all: Vec<String> = Vec::new();
    for error in error {
        let key = error.path.join(".");
        let is_secret = key.starts_with("secrets") || key == "store.url";
        all.push(match &error.kind {
            Kind::UnknownField(name, _) => {
                let key = error.path.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join(".");
                // The path of the reader may end with the field itself.
                let key =
                    key.strip_suffix(&format!("{name}.{name}")).map_or(key.clone(), |rest| format!("{rest}{name}"));
                format!("there is no setting {key}")
            }
            Kind::InvalidType(..) | Kind::InvalidValue(..) | Kind::Unsupported(_) if is_secret => {
                format!("{key} is a text: put it in quotation marks")
            }
            // A parser quotes the line that it stumbles over, which may hold a secret.
            Kind::Message(text) => {
                let lines: Vec<_> = text.lines().filter(|line| !line.contains('|')).map(str::trim).collect();
                let joint = if key.is_empty() { "" } else { ": " };
                format!("{key}{joint}{}", lines.join(", "))
            }
            kind if key.is_empty() => kind.to_string(),
            kind => format!("{key}: {kind}"),
        });
    }
    Failure::Unavailable(format!("configuration {}: {}", file.display(), all.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        let check = |url: &str, expected: &str| assert_eq!(without_password(url), expected, "{url}");
        check("sqlite", "sqlite");
        check("postgres://u:p@host/db", "postgres://…@host/db");
        check("postgres://u:p/w@x@host:1/db?password=s", "postgres://…@host:1/db");
        check("postgres://host/db?password=s", "postgres://host/db");
        check("host=h password=s", "(not shown)");
    }

    #[test]
    fn what_cannot_hold_is_said() {
        assert_eq!(Config::default().problems(), Vec::<String>::new());
        let check = |edit: &dyn Fn(&mut Config), expected: &str| {
            let mut config = Config::default();
            edit(&mut config);
            let found = config.problems();
            assert!(found.iter().any(|what| what.contains(expected)), "{expected}: {found:?}");
        };
        check(&|config| config.store.url = "mysql://host".into(), "store.url");
        check(&|config| config.store.threads = 0, "store.threads");
        check(&|config| config.bounds.connections = 1, "gateway_connections");
        check(&|config| config.log.format = "xml".into(), "log.format");
        check(&|config| config.log.level = "a=b=c".into(), "log.level");
        check(&|config| config.listen.http = None, "both off");
        check(&|config| config.listen.admin = config.listen.http, "same address");
        check(&|config| config.listen.https = config.listen.http, "needs tls.certificate");
        check(&|config| config.tls.key = Some("key.pem".into()), "come together");
        check(&|config| config.addresses.web = vec!["here".into()], "addresses.native");
    }
}
