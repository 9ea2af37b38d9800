//! `noroshi env`: what a shell needs to call a node in development mode, as variables.

use std::path::PathBuf;

use contract::Result;

use super::{print, refuse};
use crate::dev::VARIABLES;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The credentials that development mode keeps in its data folder.
    #[arg(long, default_value = "noroshi-data/credentials.json")]
    credentials: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let text = std::fs::read_to_string(&args.credentials)
        .map_err(|error| refuse(format!("{}: {error}; start `noroshi dev` first", args.credentials.display())))?;
    let known: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| refuse(format!("{}: {error}", args.credentials.display())))?;
    for (variable, place) in VARIABLES {
        let missing = || refuse(format!("{}: nothing at {place}", args.credentials.display()));
        let value = known.pointer(place).filter(|value| !value.is_null()).ok_or_else(missing)?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        print(&format!("export {variable}='{value}'"));
    }
    Ok(())
}
