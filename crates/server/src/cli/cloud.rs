//! `noroshi cloud …` and `noroshi key …`: who calls the push OpenAPIs. What is printed is JSON.

use axum::http::Method;
use clap::{Subcommand, ValueEnum};
use contract::Result;
use serde_json::{Map, Value, json};

use super::desk::{Way, value_or_file};
use super::{print_json, refuse};
use crate::admin::client::Desk;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    way: Way,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the cloud accounts.
    List,
    /// Make a cloud account, or change it: NAME=VALUE, where a VALUE is a text or JSON.
    Set {
        /// The account; `default` owns every app that names no other.
        account: String,
        /// `state` (active, unsupported, prohibited, in_debt, disabled), `has_quotas`, `rates`, `rate_total`, `name`.
        settings: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    #[command(flatten)]
    way: Way,
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Owner,
    User,
    Temporary,
    Bearer,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make an access key. Its secret is printed, once.
    Create(CreateArgs),
    /// List the access keys of an account.
    List {
        /// The account.
        #[arg(default_value = "default")]
        account: String,
    },
    /// Change an access key: NAME=VALUE, such as is_off=true.
    Set {
        /// AccessKeyId.
        id: String,
        /// `is_off`, `grants`, `expires_at`, `note`.
        #[arg(required = true)]
        settings: Vec<String>,
    },
    /// Take an access key away.
    Delete {
        /// AccessKeyId.
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The account that it belongs to.
    #[arg(long, default_value = "default")]
    account: String,
    /// What it stands for: the owner of the account, a sub-user, a temporary session, a token without a signature.
    #[arg(long, value_enum, default_value = "owner")]
    kind: Kind,
    /// An action such as mpush:BindTag or mpush:*; may be given again.
    #[arg(long = "grant")]
    grants: Vec<String>,
    /// An app that the grants hold for; may be given again. Absent: every app of the account.
    #[arg(long = "app")]
    apps: Vec<i64>,
    /// Seconds that it lives; a temporary one an hour by default.
    #[arg(long)]
    expires_in: Option<i64>,
    /// An AccessKeyId of one's own; absent makes a fresh one.
    #[arg(long, requires = "access_key_secret")]
    access_key_id: Option<String>,
    /// AccessKeySecret, or @FILE.
    #[arg(long, requires = "access_key_id")]
    access_key_secret: Option<String>,
    /// For people.
    #[arg(long, default_value = "")]
    note: String,
}

impl CreateArgs {
    fn body(&self) -> Result<Value> {
        let kind = match self.kind {
            Kind::Owner => "owner",
            Kind::User => "user",
            Kind::Temporary => "temporary",
            Kind::Bearer => "bearer",
        };
        let mut body = json!({ "kind": kind, "note": self.note });
        if !self.grants.is_empty() {
            body["grants"] = json!([{ "actions": self.grants, "apps": self.apps }]);
        } else if !matches!(self.kind, Kind::Owner) {
            return Err(refuse("a key that is not the owner's may do only what --grant names, such as mpush:*"));
        }
        if let Some(seconds) = self.expires_in {
            body["expires_in_s"] = seconds.into();
        }
        if let (Some(id), Some(secret)) = (&self.access_key_id, &self.access_key_secret) {
            body["access_key_id"] = id.as_str().into();
            body["access_key_secret"] = value_or_file(secret)?.into();
        }
        Ok(body)
    }
}

pub(super) async fn run(args: Args) -> Result<()> {
    let desk = args.way.open().await?;
    let done = match args.command {
        Command::List => desk.ask(Method::GET, "cloud/accounts", None).await,
        Command::Set { account, settings } => match changes(&settings) {
            Ok(body) => desk.ask(Method::PATCH, &format!("cloud/accounts/{account}"), Some(&body)).await,
            Err(error) => Err(error),
        },
    };
    finish(desk, done).await
}

pub(super) async fn run_key(args: KeyArgs) -> Result<()> {
    let desk = args.way.open().await?;
    let done = key(&desk, args.command).await;
    finish(desk, done).await
}

async fn key(desk: &Desk, command: KeyCommand) -> Result<Value> {
    match command {
        KeyCommand::Create(args) => {
            desk.ask(Method::POST, &format!("cloud/accounts/{}/keys", args.account), Some(&args.body()?)).await
        }
        KeyCommand::List { account } => desk.ask(Method::GET, &format!("cloud/accounts/{account}/keys"), None).await,
        KeyCommand::Set { id, settings } => {
            desk.ask(Method::PATCH, &format!("cloud/keys/{id}"), Some(&changes(&settings)?)).await
        }
        KeyCommand::Delete { id } => desk.ask(Method::DELETE, &format!("cloud/keys/{id}"), None).await,
    }
}

async fn finish(desk: Desk, done: Result<Value>) -> Result<()> {
    desk.close().await;
    print_json(&done?);
    Ok(())
}

/// Reads `NAME=VALUE`: JSON where it is some, a text otherwise.
fn changes(settings: &[String]) -> Result<Value> {
    let mut body = Map::new();
    for setting in settings {
        let (name, text) = setting.split_once('=').ok_or_else(|| refuse(format!("{setting}: write NAME=VALUE")))?;
        let is_text = matches!(name, "name" | "note" | "state");
        let json = if is_text { None } else { serde_json::from_str(text).ok() };
        body.insert(name.to_owned(), json.unwrap_or_else(|| Value::from(text)));
    }
    Ok(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_json_where_it_can_be() {
        let check =
            |text: &str, expected: Value| assert_eq!(changes(&[text.to_owned()]).ok(), Some(expected), "{text}");
        check("state=in_debt", json!({ "state": "in_debt" }));
        check("name=12", json!({ "name": "12" }));
        check("has_quotas=true", json!({ "has_quotas": true }));
        check(r#"rates={"Push":5}"#, json!({ "rates": { "Push": 5 } }));
        assert!(changes(&["x".into()]).is_err());
    }
}
