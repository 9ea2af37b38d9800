//! `noroshi app credential …`: what push channels need of an app.

use axum::http::Method;
use clap::Subcommand;
use contract::Result;
use serde_json::{Map, Value, json};

use super::desk::value_or_file;
use super::refuse;
use crate::admin::client::Desk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add one. Its secrets cannot be read again.
    Add {
        /// SDKAppID.
        id: i64,
        /// The channel, such as apns.
        #[arg(long)]
        channel: String,
        /// businessID; absent takes the next free one.
        #[arg(long)]
        business_id: Option<i64>,
        /// NAME=VALUE; may be given again.
        #[arg(long = "setting")]
        settings: Vec<String>,
        /// NAME=VALUE or NAME=@FILE; may be given again.
        #[arg(long = "secret")]
        secrets: Vec<String>,
    },
    /// List them, without secrets.
    List {
        /// SDKAppID.
        id: i64,
    },
    /// Take one away.
    Remove {
        /// SDKAppID.
        id: i64,
        /// businessID.
        business_id: i64,
    },
}

pub(super) async fn run(desk: &Desk, command: Command) -> Result<Value> {
    match command {
        Command::Add { id, channel, business_id, settings, secrets } => {
            let mut body = json!({ "channel": channel, "settings": fields(&settings)?, "secrets": fields(&secrets)? });
            if let Some(own) = business_id {
                body["id"] = own.into();
            }
            desk.ask(Method::POST, &format!("apps/{id}/credentials"), Some(&body)).await
        }
        Command::List { id } => desk.ask(Method::GET, &format!("apps/{id}/credentials"), None).await,
        Command::Remove { id, business_id } => {
            desk.ask(Method::DELETE, &format!("apps/{id}/credentials/{business_id}"), None).await
        }
    }
}

fn fields(pairs: &[String]) -> Result<Value> {
    let mut fields = Map::new();
    for pair in pairs {
        // What follows the sign may be a secret: only the place of a bad pair is told.
        let (name, value) = pair.split_once('=').ok_or_else(|| refuse("a setting or secret is NAME=VALUE"))?;
        fields.insert(name.to_owned(), value_or_file(value)?.into());
    }
    Ok(Value::Object(fields))
}
