//! `noroshi dev`: everything on loopback, at once.

use std::net::SocketAddr;
use std::path::PathBuf;

use contract::Result;

use super::{asked_to_stop, log, print};
use crate::clock::Clock;
use crate::config::Log;
use crate::dev::{Dev, Options, write};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data folder; it is made if it is not there.
    #[arg(long, default_value = "noroshi-data")]
    data: PathBuf,
    /// "sqlite" for a file in the data folder, or the URL of a PostgreSQL database: "postgres://user:password@host/database"
    #[arg(long, default_value = "sqlite")]
    store: String,
    /// Plain HTTP; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "IP:PORT")]
    http: SocketAddr,
    /// HTTPS; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "IP:PORT")]
    https: SocketAddr,
    /// The operators' listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "IP:PORT")]
    admin: SocketAddr,
    /// Write where everything is, with all secrets, as JSON, once everything listens.
    #[arg(long)]
    credentials: Option<PathBuf>,
}

impl Args {
    /// What holds when nothing is said.
    pub(super) fn defaults() -> Self {
        let command = <Self as clap::Args>::augment_args(clap::Command::new("dev"));
        let defaults = <Self as clap::FromArgMatches>::from_arg_matches(&command.get_matches_from(["dev"]));
        defaults.expect("every argument of development mode has a default")
    }
}

pub(super) async fn run(args: Args) -> Result<()> {
    log(&Log { level: "warn".into(), ..Log::default() });
    let options = Options { data: args.data, store: args.store, http: args.http, https: args.https, admin: args.admin };
    let stop = asked_to_stop();
    let dev = Dev::start(&options, Clock::default()).await?;
    if let Some(file) = args.credentials {
        write(&file, &dev.credentials().to_string())?;
    }
    print(&dev.greeting());
    stop.await;
    dev.stop().await;
    Ok(())
}
