//! Copies of a SQLite store: made while it serves, verified before they are put in place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use contract::{Failure, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::append::window::random;
use crate::migrate::check_version;
use crate::platform::LIFE;
use crate::sqlite::{APPLICATION_ID, connect, translate};

/// Copies the store into a file that must not exist yet.
///
/// The copy is one read of the whole file from a connection of its own: writers go on meanwhile, and the log grows
/// until it is done.
pub(crate) fn backup(source: &Path, target: &Path) -> Result<()> {
    let from = connect(source, OpenFlags::SQLITE_OPEN_READ_ONLY, 2)?;
    copy(&from, target, None)
}

/// Puts a backup in place of a store. Refuses to overwrite one, and anything that is not a sound copy of ours.
///
/// The store begins another life: what devices got from it after the copy was made is gone, and its places are given to
/// other messages. Each time another one, because one copy may be put back twice.
pub fn restore(backup: &Path, target: &Path) -> Result<()> {
    let named = |what: String| Failure::Unavailable(format!("{}: {what}", backup.display()));
    if !backup.is_file() {
        return Err(named("no such file".into()).into());
    }
    let unsound = |error: contract::Error| contract::Error::from(named(error.to_string()));
    let from = connect(backup, OpenFlags::SQLITE_OPEN_READ_ONLY, 2).map_err(unsound)?;
    let unread = |error: rusqlite::Error| unsound(translate(error));
    let number = |name: &str| from.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(unread);
    if number("application_id")? != APPLICATION_ID {
        return Err(named("not a backup of this program".into()).into());
    }
    check_version(number("user_version")?)?;
    let check: String = from.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(unread)?;
    if check != "ok" {
        return Err(named(format!("damaged: {check}")).into());
    }
    copy(&from, target, Some(random().max(1)))
}

/// Copies all pages beside the target, makes them durable, then gives them the target's name.
fn copy(from: &Connection, target: &Path, life: Option<i64>) -> Result<()> {
    let io = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", target.display()));
    for file in [target.to_owned(), beside(target, "-wal"), beside(target, "-journal")] {
        if file.exists() {
            return Err(Failure::Unavailable(format!("{} exists and is not overwritten", file.display())).into());
        }
    }
    let partial = beside(target, ".partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error).into()),
        _ => {}
    }
    let done = fill(from, &partial, life).and_then(|()| {
        File::open(&partial).and_then(|file| file.sync_all()).map_err(io)?;
        // A link fails where a rename would silently replace what somebody put there meanwhile.
        fs::hard_link(&partial, target).map_err(io)?;
        Ok(())
    });
    let removed = fs::remove_file(&partial).map_err(io);
    done?;
    removed?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(())
}

fn fill(from: &Connection, partial: &Path, life: Option<i64>) -> Result<()> {
    let mut to = connect(partial, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, 2)?;
    let copied = Backup::new(from, &mut to).and_then(|backup| backup.step(-1)).map_err(translate)?;
    if copied != StepResult::Done {
        return Err(Failure::Unavailable("the copy could not be finished: the store is locked".into()).into());
    }
    if let Some(life) = life {
        // A table of the first versions, so that a copy of an older program takes it, too.
        let set = "INSERT OR REPLACE INTO secrets (name, value) VALUES (?1, ?2)";
        to.execute(set, (LIFE, &life.to_be_bytes()[..])).map_err(translate)?;
    }
    // One file without a log beside it, so that it can be carried away.
    to.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(translate)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
