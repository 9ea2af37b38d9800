//! Makes what a node needs before it can serve: two secrets and a configuration. Nothing is ever overwritten: a second
//! master key in place of the first would make every secret in the store unreadable.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use contract::{Failure, Result};

use crate::config::EXAMPLE;
use crate::dev::make_private_folder;
use crate::vault::{Vault, random};

/// The files that were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Opens every secret in the store.
    pub master_key: PathBuf,
    /// What the admin API asks of its callers.
    pub admin_token: PathBuf,
    /// What `noroshi serve --config` reads.
    pub config: PathBuf,
}

/// Makes the files in a folder, or none of them.
pub fn init(folder: &Path) -> Result<Made> {
    let folder = std::path::absolute(folder).map_err(|error| unwritable(folder, &error))?;
    let folder = folder.as_path();
    let made = Made {
        master_key: folder.join("master.key"),
        admin_token: folder.join("admin.token"),
        config: folder.join("noroshi.toml"),
    };
    // Looked at before anything is made, so that a refusal leaves nothing behind.
    for file in [&made.master_key, &made.admin_token, &made.config] {
        if file.symlink_metadata().is_ok() {
            return Err(Failure::Unavailable(format!("{} exists and is not overwritten", file.display())).into());
        }
    }
    let config = configuration(folder, &made)?;
    make_private_folder(folder)?;
    create(&made.master_key, &format!("{}\n", Vault::fresh_key()))?;
    create(&made.admin_token, &format!("{}\n", hex::encode(random::<32>())))?;
    create(&made.config, &config)?;
    Ok(made)
}

/// The commented example with the paths of this folder in it.
fn configuration(folder: &Path, made: &Made) -> Result<String> {
    let quoted = |path: &Path| -> Result<String> {
        let text = path.to_str().ok_or_else(|| unwritable(path, &"the path is not UTF-8"))?;
        // A TOML basic string escapes what a JSON string escapes.
        Ok(serde_json::Value::from(text).to_string())
    };
    let places = [
        ("data = \"noroshi-data\"", format!("data = {}", quoted(&folder.join("data"))?)),
        ("# master_key_file = \"/etc/noroshi/master.key\"", format!("master_key_file = {}", quoted(&made.master_key)?)),
        (
            "# admin_token_file = \"/etc/noroshi/admin.token\"",
            format!("admin_token_file = {}", quoted(&made.admin_token)?),
        ),
    ];
    let mut text = EXAMPLE.to_owned();
    for (place, line) in places {
        if !text.contains(place) {
            return Err(Failure::internal(format!("the example has lost its line: {place}")).into());
        }
        text = text.replacen(place, &line, 1);
    }
    Ok(text)
}

fn create(file: &Path, text: &str) -> Result<()> {
    let save = || -> std::io::Result<()> {
        let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        to.write_all(text.as_bytes())?;
        to.sync_all()
    };
    save().map_err(|error| unwritable(file, &error).into())
}

fn unwritable(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Unavailable(format!("{}: {error}", file.display()))
}
