//! `noroshi app …`: apps, made, shown and changed. What is printed is JSON, but for the list.

use axum::http::Method;
use clap::Subcommand;
use contract::Result;
use serde_json::{Map, Value, json};

use super::desk::{Way, value_or_file};
use super::{credential, devices, moment, mpaas, print, print_json, refuse, webhook, words};
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
    /// Make an app. Its secrets are printed.
    Create(CreateArgs),
    /// List the apps: id, name, status, plan.
    List,
    /// Show an app.
    Show {
        /// SDKAppID.
        id: i64,
        /// With its secrets; the audit log notes it.
        #[arg(long)]
        secrets: bool,
    },
    /// Add a signing key in front. Older keys keep holding until they are retired.
    Rotate {
        /// SDKAppID.
        id: i64,
        /// A key of one's own, or @FILE; absent makes a fresh one.
        #[arg(long)]
        secret_key: Option<String>,
        /// Every older key stops at once.
        #[arg(long)]
        retire: bool,
    },
    /// Take a signing key away: UserSigs made with it stop at once.
    DeleteKey {
        /// SDKAppID.
        id: i64,
        /// The key as `show` names it.
        #[arg(required_unless_present = "old", conflicts_with = "old")]
        key: Option<String>,
        /// All keys but the newest.
        #[arg(long)]
        old: bool,
    },
    /// Set the plan: from its first moment until the first moment after it.
    Plan {
        /// SDKAppID.
        id: i64,
        /// unlimited, trial, standard, flagship or enterprise.
        name: String,
        /// 2027-01-31, 2027-01-31T12:00:00Z or seconds since 1970; absent: ever since.
        #[arg(long)]
        from: Option<String>,
        /// The same; absent: for ever.
        #[arg(long)]
        until: Option<String>,
    },
    /// Change settings: NAME=VALUE, where a VALUE is a text or JSON, such as rate_total=null.
    Set {
        /// SDKAppID.
        id: i64,
        /// Names as `show` prints them.
        #[arg(required = true)]
        settings: Vec<String>,
    },
    /// Words that an app does not want to be said.
    Words {
        #[command(subcommand)]
        command: words::Command,
    },
    /// Texts that an operator should look at.
    Reviews {
        #[command(subcommand)]
        command: words::Reviews,
    },
    /// Push credentials of an app.
    Credential {
        #[command(subcommand)]
        command: credential::Command,
    },
    /// Register devices with their accounts, aliases and tags, from a file with one JSON object a line.
    Import {
        /// SDKAppID.
        id: i64,
        /// `{"device":…,"os":"android","account":…,"aliases":[…],"tags":[…],"phone":…,"tokens":{"apns":…}}`
        file: std::path::PathBuf,
    },
    /// How the mPaaS OpenAPI serves an app.
    Mpaas {
        #[command(subcommand)]
        command: mpaas::Command,
    },
    /// Webhooks of an app.
    Webhook {
        #[command(subcommand)]
        command: webhook::Command,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The SDKAppID (and AppKey) of a team that moves; absent makes a fresh one, as with all that follows.
    #[arg(long)]
    sdk_app_id: Option<i64>,
    /// The key that its UserSigs are signed with, or @FILE.
    #[arg(long)]
    secret_key: Option<String>,
    /// AccessKeyId of its calls of the push OpenAPI.
    #[arg(long, requires = "access_key_secret")]
    access_key_id: Option<String>,
    /// AccessKeySecret, or @FILE.
    #[arg(long, requires = "access_key_id")]
    access_key_secret: Option<String>,
    /// The appId by which mPaaS knows the app.
    #[arg(long)]
    mpaas_app_id: Option<String>,
    /// The mPaaS workspace.
    #[arg(long)]
    workspace_id: Option<String>,
    /// For people.
    #[arg(long)]
    name: Option<String>,
    /// UserID of an administrator; may be given again. Absent: administrator.
    #[arg(long = "admin")]
    admins: Vec<String>,
}

impl CreateArgs {
    fn body(self) -> Result<Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.into(), value);
            }
        };
        put("sdk_app_id", self.sdk_app_id.map(Value::from));
        put("secret_key", self.secret_key.as_deref().map(value_or_file).transpose()?.map(Value::from));
        put("access_key_id", self.access_key_id.map(Value::from));
        put("access_key_secret", self.access_key_secret.as_deref().map(value_or_file).transpose()?.map(Value::from));
        put("mpaas_app_id", self.mpaas_app_id.map(Value::from));
        put("workspace_id", self.workspace_id.map(Value::from));
        put("name", self.name.map(Value::from));
        put("admins", (!self.admins.is_empty()).then(|| Value::from(self.admins)));
        Ok(Value::Object(body))
    }
}

pub(super) async fn run(args: Args) -> Result<()> {
    let desk = args.way.open().await?;
    let done = execute(&desk, args.command).await;
    desk.close().await;
    done
}

async fn execute(desk: &Desk, command: Command) -> Result<()> {
    let answer = match command {
        Command::Create(args) => desk.ask(Method::POST, "apps", Some(&args.body()?)).await?,
        Command::List => return list(desk).await,
        Command::Show { id, secrets } => {
            let query = if secrets { "?secrets=true" } else { "" };
            desk.ask(Method::GET, &format!("apps/{id}{query}"), None).await?
        }
        Command::Rotate { id, secret_key, retire } => {
            let mut body = json!({ "retire": retire });
            if let Some(key) = secret_key {
                body["secret_key"] = value_or_file(&key)?.into();
            }
            desk.ask(Method::POST, &format!("apps/{id}/keys"), Some(&body)).await?
        }
        Command::DeleteKey { id, key, .. } => {
            let path = key.map_or_else(|| format!("apps/{id}/keys"), |key| format!("apps/{id}/keys/{key}"));
            desk.ask(Method::DELETE, &path, None).await?
        }
        Command::Plan { id, name, from, until } => {
            let from = from.as_deref().map(moment::parse).transpose()?.map_or(0, |moment| moment.0);
            let until = until.as_deref().map(moment::parse).transpose()?.map(|moment| moment.0);
            let body = json!({ "plan": name, "plan_from": from, "plan_until": until });
            desk.ask(Method::PATCH, &format!("apps/{id}"), Some(&body)).await?
        }
        Command::Set { id, settings } => {
            desk.ask(Method::PATCH, &format!("apps/{id}"), Some(&changes(&settings)?)).await?
        }
        Command::Words { command } => words::run(desk, command).await?,
        Command::Reviews { command } => words::review(desk, command).await?,
        Command::Credential { command } => credential::run(desk, command).await?,
        Command::Import { id, file } => devices::import(desk, id, &file).await?,
        Command::Mpaas { command } => mpaas::run(desk, command).await?,
        Command::Webhook { command } => webhook::run(desk, command).await?,
    };
    print_json(&answer);
    Ok(())
}

async fn list(desk: &Desk) -> Result<()> {
    let mut after = 0;
    loop {
        let page = desk.ask(Method::GET, &format!("apps?after={after}&limit=1000"), None).await?;
        for app in page["apps"].as_array().into_iter().flatten() {
            let text = |name: &str| app[name].as_str().unwrap_or_default().to_owned();
            print(&format!("{}\t{}\t{}\t{}", app["sdk_app_id"], text("name"), text("status"), text("plan")));
        }
        match page["next"].as_i64() {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// Settings that are texts, whatever they look like.
const TEXTS: [&str; 9] =
    ["name", "company", "status", "plan", "sealing", "allow_type", "cloud_account", "mpaas_app_id", "workspace_id"];

/// Reads `NAME=VALUE`.
fn changes(settings: &[String]) -> Result<Value> {
    let mut body = Map::new();
    for setting in settings {
        let (name, text) = setting.split_once('=').ok_or_else(|| refuse(format!("{setting}: write NAME=VALUE")))?;
        let value = if TEXTS.contains(&name) {
            Value::from(text)
        } else {
            serde_json::from_str(text)
                .map_err(|_| refuse(format!("{name}: {text} is no JSON; a list is written '[\"a\",\"b\"]'")))?
        };
        body.insert(name.to_owned(), value);
    }
    Ok(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_text_or_json() {
        let check = |text: &str, expected: Option<Value>| {
            assert_eq!(changes(&[text.to_owned()]).ok(), expected, "{text}");
        };
        check("name=12", Some(json!({ "name": "12" })));
        check("name=a=b", Some(json!({ "name": "a=b" })));
        check("rate_total=null", Some(json!({ "rate_total": null })));
        check(r#"admins=["a"]"#, Some(json!({ "admins": ["a"] })));
        check("admins=a", None);
        check("admins", None);
    }
}
