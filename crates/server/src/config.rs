//! What a node is started with: a commented TOML file, with every value open to the environment.
//!
//! `NOROSHI_LISTEN__HTTP=…` overrides `http` in `[listen]`. There is no default secret anywhere: what is secret is
//! made by `noroshi init`, and a node without it does not start. `check` says what cannot hold and shows what does.

mod check;

pub use check::without_password;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use contract::{Failure, Result};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Deserializer, Serialize};

use crate::dev::VARIABLES;

/// A statement that takes longer is given up; the contract's own back ends give up after three seconds.
const STATEMENT_MS: u64 = 3_000;
/// How long work waits for a PostgreSQL that is away.
const AWAY_MS: u64 = 2_000;

/// The commented example, which is also the documentation of every value.
pub const EXAMPLE: &str = include_str!("config.example.toml");

/// All settings of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of everything that the node keeps in files.
    pub data: PathBuf,
    /// Tells this node from others in logs and in the table of nodes.
    pub name: String,
    /// Which store.
    pub store: StoreConfig,
    /// Where the node listens.
    pub listen: Listen,
    /// The certificate of HTTPS and of the gateway.
    pub tls: Tls,
    /// Where secrets come from.
    pub secrets: Secrets,
    /// Uploaded files and the files of history.
    pub media: MediaConfig,
    /// How much is taken on.
    pub bounds: Bounds,
    /// What firewalls must let through.
    pub addresses: Addresses,
    /// How the push OpenAPIs are served.
    pub openapi: OpenApi,
    /// Where calls may go.
    pub outbound: Outbound,
    /// How the log looks.
    pub log: Log,
}

/// Which store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite` for the embedded store in the data folder, or the URL of a PostgreSQL database.
    pub url: String,
    /// Threads that work on the store.
    pub threads: usize,
    /// Page cache of the embedded store in MB; a file of less than a gigabyte gets at most 32.
    pub cache_mb: u32,
}

/// Where the node listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Plain HTTP: REST, gateway, probes. `"off"` switches it off.
    #[serde(deserialize_with = "address_or_off")]
    pub http: Option<SocketAddr>,
    /// The same over TLS.
    #[serde(deserialize_with = "address_or_off")]
    pub https: Option<SocketAddr>,
    /// The operators' own listener.
    #[serde(deserialize_with = "address_or_off")]
    pub admin: Option<SocketAddr>,
}

/// TOML has no null, so a default is taken away by a word.
fn address_or_off<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    match Option::<String>::deserialize(value)?.as_deref() {
        None | Some("off" | "") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            serde::de::Error::custom(format!("{text:?} is no address with a port, such as 127.0.0.1:8080, nor \"off\""))
        }),
    }
}

/// How the push OpenAPIs are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenApi {
    /// Whether calls over plain HTTP are refused.
    pub require_tls: bool,
    /// Whether a caller whose signature does not match is told what this side signed.
    pub echo_signature: bool,
}

impl Default for OpenApi {
    fn default() -> Self {
        Self { require_tls: false, echo_signature: true }
    }
}

/// The certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and its chain.
    pub certificate: Option<PathBuf>,
    /// PEM file with the key.
    pub key: Option<PathBuf>,
}

/// Where secrets come from. The environment is the way of containers, files that of machines.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// 64 hex digits.
    pub master_key: Option<String>,
    /// A file with 64 hex digits.
    pub master_key_file: Option<PathBuf>,
    /// What the admin API asks of its callers.
    pub admin_token: Option<String>,
    /// A file with it.
    pub admin_token_file: Option<PathBuf>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// The master key, from wherever it is.
    pub fn master_key(&self) -> Result<String> {
        of(self.master_key.as_ref(), self.master_key_file.as_deref(), "master_key")
    }

    /// The admin token, from wherever it is.
    pub fn admin_token(&self) -> Result<String> {
        of(self.admin_token.as_ref(), self.admin_token_file.as_deref(), "admin_token")
    }
}

fn of(value: Option<&String>, file: Option<&Path>, name: &str) -> Result<String> {
    match (value, file) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::Unavailable(format!("secrets.{name}_file {}: {error}", file.display())))?;
            Ok(text.trim().to_owned())
        }
        (None, None) => {
            Err(Failure::Unavailable(format!("secrets.{name} is not set; `noroshi init` makes one")).into())
        }
    }
}

/// What `ConfigSvc/GetIPList` answers: addresses and networks that firewalls must let through. Told, not used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Addresses {
    /// Where native devices connect.
    pub native: Vec<String>,
    /// Where browsers connect.
    pub web: Vec<String>,
    /// Where webhooks come from.
    pub webhooks: Vec<String>,
}

/// Uploaded files and the files of history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// The folder in which they lie; absent means `media` in the data folder. Nodes of one store share one folder.
    pub folder: Option<PathBuf>,
    /// What links begin with; absent means the address of the node's own listener.
    pub url: Option<String>,
}

/// How much is taken on; more is refused, not queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Connections of the gateway.
    pub gateway_connections: usize,
    /// Connections of HTTP and HTTPS, the gateway's among them.
    pub connections: usize,
    /// REST calls under way.
    pub calls: usize,
    /// REST calls under way of one administrator.
    pub calls_per_caller: usize,
    /// Uploads under way, and as many downloads.
    pub transfers: usize,
    /// Milliseconds for a request's head, and between two requests of a connection that is kept open.
    pub head_ms: u64,
    /// Milliseconds for a request's body.
    pub body_ms: u64,
    /// Milliseconds for which a peer may leave bytes unread or unacknowledged.
    pub write_ms: u64,
}

/// Where calls may go that apps ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outbound {
    /// Networks that are not public and may be reached all the same.
    pub networks: Vec<String>,
}

/// How the log looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    pub format: String,
    /// `error`, `warn`, `info`, `debug`, or filters such as `info,store=debug`.
    pub level: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "noroshi-data".into(),
            name: "noroshi".into(),
            store: StoreConfig::default(),
            listen: Listen::default(),
            tls: Tls::default(),
            secrets: Secrets::default(),
            media: MediaConfig::default(),
            bounds: Bounds::default(),
            addresses: Addresses::default(),
            openapi: OpenApi::default(),
            outbound: Outbound::default(),
            log: Log::default(),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: "sqlite".into(), threads: 8, cache_mb: 256 }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            http: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            https: None,
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 8081))),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            gateway_connections: 100_000,
            connections: 110_000,
            calls: 4_096,
            calls_per_caller: 2_048,
            transfers: 128,
            head_ms: 60_000,
            body_ms: 20_000,
            write_ms: 30_000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: "text".into(), level: "info".into() }
    }
}

impl Config {
    /// Reads a file and the environment.
    pub fn read(file: &Path) -> Result<Self> {
        Self::layers(file)?.extract().map_err(|error| check::unreadable(file, error).into())
    }

    /// The defaults, the file and the environment, one over the other.
    fn layers(file: &Path) -> Result<Figment> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::Unavailable(format!("configuration {}: {error}", file.display())))?;
        let environment = Env::prefixed(PREFIX).filter(|key| may_be_setting(key.as_str())).split("__");
        Ok(Figment::from(Serialized::defaults(Self::default())).merge(Toml::string(&text)).merge(environment))
    }

    /// How the store is opened.
    pub fn store(&self) -> store::Settings {
        if self.store.url == "sqlite" {
            store::Settings::Sqlite {
                path: self.data.join("noroshi.db"),
                cache_mb: self.store.cache_mb,
                readers: self.store.threads.clamp(1, 4),
            }
        } else {
            store::Settings::Postgres {
                url: self.store.url.clone(),
                threads: self.store.threads,
                statement_ms: STATEMENT_MS,
                away_ms: AWAY_MS,
            }
        }
    }
}

/// What the variables of the environment begin with.
const PREFIX: &str = "NOROSHI_";

/// Whether a variable, without its prefix, is read as a setting. Those of the tests and those that `noroshi env` gives
/// a shell are not; every other one must be known, so that a misspelt one is noticed.
fn may_be_setting(key: &str) -> bool {
    let name = key.to_ascii_uppercase();
    let is_of_shell = VARIABLES.iter().any(|(variable, _)| variable.strip_prefix(PREFIX) == Some(name.as_str()));
    !is_of_shell && !name.starts_with("TEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_the_defaults_and_nothing_unknown() {
        let example: Config = Figment::new().merge(Toml::string(EXAMPLE)).extract().expect("the example is read");
        assert_eq!(example, Config::default());
    }

    #[test]
    fn a_shell_that_knows_a_development_node_can_use_a_configuration() {
        for (variable, _) in VARIABLES {
            let key = variable.strip_prefix(PREFIX).expect("it is one of ours");
            assert!(!may_be_setting(key) && !may_be_setting(&key.to_ascii_lowercase()), "{variable}");
        }
        for key in ["listen__http", "LISTEN__HTTP", "htpp", "app_id"] {
            assert!(may_be_setting(key), "{key}");
        }
    }

    #[test]
    fn a_node_without_secrets_says_how_to_make_them() {
        let error = Secrets::default().master_key().expect_err("there is none").to_string();
        assert!(error.contains("noroshi init"), "{error}");
    }
}
