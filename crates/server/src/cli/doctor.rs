//! `noroshi doctor`: one line a check; exit code 1 if one of them is a problem.

use std::path::PathBuf;
use std::process::ExitCode;

use contract::Result;

use super::print;
use crate::clock::Clock;
use crate::doctor::{self, Level};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The TOML file of the node.
    #[arg(long)]
    config: PathBuf,
}

pub(super) async fn run(args: &Args) -> Result<ExitCode> {
    let findings = doctor::examine(&args.config, &Clock::default()).await;
    for finding in &findings {
        print(&finding.to_string());
    }
    let is_sick = findings.iter().any(|finding| finding.level == Level::Problem);
    Ok(if is_sick { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
