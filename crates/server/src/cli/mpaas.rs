//! `noroshi app mpaas …`: how the mPaaS OpenAPI serves an app, and where results are told.

use axum::http::Method;
use clap::Subcommand;
use contract::Result;
use serde_json::{Map, Value};

use super::desk::value_or_file;
use crate::admin::client::Desk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what holds.
    Show {
        /// SDKAppID.
        id: i64,
    },
    /// Change what is named.
    Set {
        /// SDKAppID.
        id: i64,
        /// The tenant that calls name; empty for any.
        #[arg(long)]
        tenant_id: Option<String>,
        /// Whether the app takes pushes by API.
        #[arg(long)]
        takes_pushes: Option<bool>,
        /// Hours by which the days of schedules and statistics are ahead of UTC.
        #[arg(long)]
        zone_hours: Option<i64>,
        /// Where the outcome of each message is told; empty for nowhere.
        #[arg(long)]
        callback_url: Option<String>,
        /// Authorities to trust instead of the system's: PEM, mostly @FILE.
        #[arg(long)]
        callback_ca: Option<String>,
        /// What that is signed with: a private RSA key as PEM, mostly @FILE, or a secret; empty: not signed.
        #[arg(long)]
        callback_key: Option<String>,
    },
}

pub(super) async fn run(desk: &Desk, command: Command) -> Result<Value> {
    match command {
        Command::Show { id } => desk.ask(Method::GET, &format!("apps/{id}/mpaas"), None).await,
        Command::Set { id, tenant_id, takes_pushes, zone_hours, callback_url, callback_ca, callback_key } => {
            let mut body = Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    body.insert(name.into(), value);
                }
            };
            put("tenant_id", tenant_id.map(Value::from));
            put("takes_pushes", takes_pushes.map(Value::from));
            put("zone_hours", zone_hours.map(Value::from));
            put("callback_url", callback_url.map(Value::from));
            put("callback_ca_pem", callback_ca.as_deref().map(value_or_file).transpose()?.map(Value::from));
            put("callback_key", callback_key.as_deref().map(value_or_file).transpose()?.map(Value::from));
            desk.ask(Method::PATCH, &format!("apps/{id}/mpaas"), Some(&Value::Object(body))).await
        }
    }
}
