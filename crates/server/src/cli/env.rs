//! `noroshi env`: what a shell needs to call a node in development mode, as variables.

use std::path::PathBuf;

use contract::Result;

use super::{print, refuse};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The credentials that development mode keeps in its data folder.
    #[arg(long, default_value = "noroshi-data/credentials.json")]
    credentials: PathBuf,
}

/// The variables, each with its field in the credentials.
const VARIABLES: [(&str, &str); 7] = [
    ("NOROSHI_HTTP", "http"),
    ("NOROSHI_APP", "sdk_app_id"),
    ("NOROSHI_ADMIN", "admin"),
    ("NOROSHI_USER_SIG", "admin_user_sig"),
    ("NOROSHI_GATEWAY", "gateway"),
    ("NOROSHI_ADMIN_API", "admin_api"),
    ("NOROSHI_ADMIN_TOKEN", "admin_token"),
];

pub(super) fn run(args: &Args) -> Result<()> {
    let text = std::fs::read_to_string(&args.credentials)
        .map_err(|error| refuse(format!("{}: {error}; start `noroshi dev` first", args.credentials.display())))?;
    let known: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| refuse(format!("{}: {error}", args.credentials.display())))?;
    for (variable, field) in VARIABLES {
        let value = &known[field];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        print(&format!("export {variable}='{value}'"));
    }
    Ok(())
}
