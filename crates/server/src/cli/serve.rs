//! `noroshi serve`: production. Whatever keeps it from starting is one line and exit code 1.

use std::path::PathBuf;
use std::sync::Arc;

use contract::Result;

use super::{asked_to_stop, log};
use crate::clock::Clock;
use crate::config::Config;
use crate::dev::make_private_folder;
use crate::node::{Node, Running};
use crate::tls;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The TOML file; `noroshi init` makes one, `noroshi config --example` prints a commented one.
    #[arg(long)]
    config: PathBuf,
}

pub(super) async fn run(args: &Args) -> Result<()> {
    let config = Config::read(&args.config)?;
    config.ensure()?;
    log(&config.log);
    let tls = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => Some(tls::server(&tls::read(certificate, key)?)?),
        _ => None,
    };
    make_private_folder(&config.data)?;
    let stop = asked_to_stop();
    let node = Node::open(&config, Clock::default()).await?;
    let running = match Running::start(Arc::clone(&node), &config, tls).await {
        Ok(running) => running,
        Err(error) => {
            node.store.close().await;
            return Err(error);
        }
    };
    drop(node);
    stop.await;
    running.stop().await;
    Ok(())
}
