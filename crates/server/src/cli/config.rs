//! `noroshi config`: the commented example, or what a file and the environment make of it.

use std::path::PathBuf;

use contract::Result;

use super::{complain, print, refuse};
use crate::config::{Config, EXAMPLE};

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Args {
    /// Print the commented example with every value.
    #[arg(long)]
    example: bool,
    /// Read this file and the environment; print what holds and what cannot. Secrets are not shown.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let Some(file) = &args.check else {
        print(EXAMPLE);
        return Ok(());
    };
    let config = Config::read(file)?;
    print(&Config::report(file)?);
    let problems = config.problems();
    for problem in &problems {
        complain(problem);
    }
    match problems.len() {
        0 => Ok(()),
        count => Err(refuse(format!("{}: {count} of its settings cannot hold", file.display()))),
    }
}
