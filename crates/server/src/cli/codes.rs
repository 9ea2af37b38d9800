//! `noroshi explain`, `noroshi codes`, `noroshi commands`, `noroshi openapi`: the published lists.

use std::process::ExitCode;

use contract::{Result, codes};

use super::{complain, print, refuse};
use crate::{im, openapi};

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// For example 70001, -10009, BadDeviceToken or SignatureDoesNotMatch.
    #[arg(allow_hyphen_values = true)]
    code: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct CodesArgs {
    /// tsv, json or md.
    #[arg(long, default_value = "tsv")]
    format: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct CommandsArgs {
    /// tsv.
    #[arg(long, default_value = "tsv")]
    format: String,
}

pub(super) fn explain(args: &ExplainArgs) -> ExitCode {
    let rows = codes::find(&args.code);
    if rows.is_empty() {
        complain(&format!("no published code is called {}", args.code));
        return ExitCode::FAILURE;
    }
    for row in rows {
        let (surface, family, code) = row.key();
        print(&format!("{code}  {}  ({surface}, {family})\n  {}\n  {}\n", row.name, row.text, row.explain));
    }
    ExitCode::SUCCESS
}

pub(super) fn list(args: &CodesArgs) -> Result<()> {
    print(&match args.format.as_str() {
        "tsv" => codes::tsv(),
        "json" => codes::json(),
        "md" => codes::markdown(),
        other => return Err(refuse(format!("no format {other}: tsv, json or md"))),
    });
    Ok(())
}

pub(super) fn commands(args: &CommandsArgs) -> Result<()> {
    if args.format != "tsv" {
        return Err(refuse(format!("no format {}: tsv", args.format)));
    }
    print(&(im::commands_tsv() + &openapi::commands_tsv()));
    Ok(())
}

/// Prints the IM REST surface as an OpenAPI document.
pub(super) fn openapi() {
    print(&String::from_utf8_lossy(&im::openapi::DOCUMENT));
}
