//! `noroshi backup` and `noroshi restore`: the embedded store as one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::Method;
use contract::{AppId, Result};
use serde_json::json;
use store::{Hooks, Store, platform};

use super::{desk, print, refuse};
use crate::config::Config;
use crate::dev::make_private_folder;
use crate::vault::random;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to make; it must not exist.
    file: PathBuf,
    /// The TOML file of the node.
    #[arg(long)]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// A file that `noroshi backup` made.
    #[arg(required_unless_present = "elsewhere")]
    file: Option<PathBuf>,
    /// The store was put back by other means, such as pg_restore: only tells it so, that devices begin anew. No node may
    /// be running.
    #[arg(long, conflicts_with = "file")]
    elsewhere: bool,
    /// The TOML file of the node whose store it becomes; the store must not exist.
    #[arg(long)]
    config: PathBuf,
}

/// Makes the copy in the data folder, where a serving node makes it too, and then moves it: so the copy is never in
/// a place that others look into before it is closed to them.
pub(super) async fn run(args: &Args) -> Result<()> {
    let config = Config::read(&args.config)?;
    if args.file.symlink_metadata().is_ok() {
        return Err(refuse(format!("{} exists and is not overwritten", args.file.display())));
    }
    let desk = desk::open(&config, || config.secrets.admin_token()).await?;
    let name = format!("moving-{}.db", hex::encode(random::<8>()));
    let answer = desk.ask(Method::POST, "backup", Some(&json!({ "file": name }))).await;
    desk.close().await;
    let answer = answer?;
    let made = answer["file"].as_str().map(PathBuf::from).ok_or_else(|| refuse("the node does not say where it is"))?;
    carry(&made, &args.file).map_err(|error| {
        refuse(format!("the backup is in {}, but not in {}: {error}", made.display(), args.file.display()))
    })?;
    print(&format!("{}: {} bytes", args.file.display(), answer["bytes"]));
    Ok(())
}

/// Gives the file its last name, never over another file.
fn carry(from: &Path, to: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if std::fs::hard_link(from, to).is_err() {
        // Another file system.
        let mut target = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        std::io::copy(&mut std::fs::File::open(from)?, &mut target)?;
        target.sync_all()?;
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()?;
    std::fs::remove_file(from)
}

pub(super) async fn restore(args: &RestoreArgs) -> Result<()> {
    let config = Config::read(&args.config)?;
    config.ensure()?;
    let Some(file) = args.file.as_deref().filter(|_| !args.elsewhere) else { return begin_life(&config).await };
    let store::Settings::Sqlite { path, .. } = config.store() else {
        return Err(refuse(
            "a PostgreSQL store is restored with PostgreSQL's own tools (pg_restore), and then told so: noroshi restore --elsewhere",
        ));
    };
    make_private_folder(&config.data)?;
    store::restore(file, &path)?;
    print(&format!("{} is restored from {}", path.display(), file.display()));
    Ok(())
}

/// Tells a store that it was put back from an older copy.
async fn begin_life(config: &Config) -> Result<()> {
    let settings = config.store();
    if let store::Settings::Sqlite { path, .. } = &settings
        && !path.exists()
    {
        return Err(refuse(format!("{}: no such file", path.display())));
    }
    if store::is_held(&settings)? {
        return Err(refuse("a node has the store open: stop it first"));
    }
    let hooks = Hooks::new(chat::message::decide, Arc::new(|_, _| {}));
    let store = Store::open(&settings, hooks).await?;
    let life = (i64::from_le_bytes(random()) & i64::MAX).max(1);
    let begun = store.write(AppId::PLATFORM, move |tx| platform::begin_life(tx, life)).await;
    store.close().await;
    begun?;
    print("devices that come back begin anew");
    Ok(())
}
