//! `noroshi init`: the secrets and the configuration of a new installation.

use std::path::PathBuf;

use contract::Result;

use super::print;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the files go; the folder is made if it is not there.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let made = crate::init::init(&args.dir)?;
    let config = made.config.display();
    print(&format!(
        "made {config}\nmade {}\nmade {}\n\nKeep a copy of master.key in a safe place: without it the secrets in the \
         store are lost.\n\nNext:\n  noroshi app create --config {config}\n  noroshi serve --config {config}",
        made.master_key.display(),
        made.admin_token.display(),
    ));
    Ok(())
}
