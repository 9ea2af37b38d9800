//! `noroshi app webhook …`: where an app is asked and told, and of what.

use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use contract::Result;
use serde_json::{Map, Value, json};

use super::desk::value_or_file;
use crate::admin::client::Desk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show where they go and which are on.
    Show {
        /// SDKAppID.
        id: i64,
    },
    /// Say where they go.
    Set {
        /// SDKAppID.
        id: i64,
        /// An http or https URL; empty switches all of them off.
        #[arg(long)]
        url: Option<String>,
        /// What they are signed with, or @FILE; empty: not signed.
        #[arg(long)]
        token: Option<String>,
        /// Authorities to trust instead of the system's: PEM, mostly @FILE.
        #[arg(long)]
        ca: Option<String>,
        /// What they show where TLS asks for it: certificate, chain and key as PEM, mostly @FILE; empty: nothing.
        #[arg(long)]
        client: Option<String>,
        /// Whether what failed is told again.
        #[arg(long)]
        retry: Option<bool>,
        /// Seconds after which what could not be told is given up.
        #[arg(long)]
        keep_s: Option<i64>,
    },
    /// Switch webhooks on.
    On {
        /// SDKAppID.
        id: i64,
        /// Such as C2C.CallbackAfterSendMsg; `noroshi commands` lists them.
        #[arg(required = true)]
        commands: Vec<String>,
        /// What it means if one that is asked before something happens fails.
        #[arg(long)]
        on_failure: Option<OnFailure>,
        /// Milliseconds for a call.
        #[arg(long)]
        timeout_ms: Option<u64>,
    },
    /// Switch webhooks off.
    Off {
        /// SDKAppID.
        id: i64,
        /// As `show` names them.
        #[arg(required = true)]
        commands: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OnFailure {
    /// What it was asked about happens.
    Pass,
    /// It does not.
    Refuse,
}

pub(super) async fn run(desk: &Desk, command: Command) -> Result<Value> {
    match command {
        Command::Show { id } => desk.ask(Method::GET, &format!("apps/{id}/webhook"), None).await,
        Command::Set { id, url, token, ca, client, retry, keep_s } => {
            let mut body = Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    body.insert(name.into(), value);
                }
            };
            put("url", url.map(Value::from));
            put("token", token.as_deref().map(value_or_file).transpose()?.map(Value::from));
            put("ca_pem", ca.as_deref().map(value_or_file).transpose()?.map(Value::from));
            put("client_pem", client.as_deref().map(value_or_file).transpose()?.map(Value::from));
            put("retry", retry.map(Value::from));
            put("keep_s", keep_s.map(Value::from));
            desk.ask(Method::PATCH, &format!("apps/{id}/webhook"), Some(&Value::Object(body))).await
        }
        Command::On { id, commands, on_failure, timeout_ms } => {
            let mut body = json!({});
            if let Some(on_failure) = on_failure {
                body["on_failure"] = match on_failure {
                    OnFailure::Pass => "pass".into(),
                    OnFailure::Refuse => "refuse".into(),
                };
            }
            if let Some(timeout) = timeout_ms {
                body["timeout_ms"] = timeout.into();
            }
            each(desk, Method::PUT, id, &commands, Some(&body)).await
        }
        Command::Off { id, commands } => each(desk, Method::DELETE, id, &commands, None).await,
    }
}

/// Switches one after the other; answers what holds after the last.
async fn each(desk: &Desk, method: Method, id: i64, commands: &[String], body: Option<&Value>) -> Result<Value> {
    let mut last = Value::Null;
    for command in commands {
        last = desk.ask(method.clone(), &format!("apps/{id}/webhook/{command}"), body).await?;
    }
    Ok(last)
}
