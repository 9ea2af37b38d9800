//! Bytes that were on their way when a process died.
//!
//! The object store writes beside the place where an object will be and names it so when it is whole. A process that
//! dies in between leaves the beginning behind, under a name that no row knows; it is told by its form and by its age.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::{Failure, Millis, Result};

use super::Media;

/// The folders that hold a folder for each app.
const FOLDERS: [&str; 2] = ["files", "history"];

impl Media {
    /// Removes what was begun, never ended, and not written to since a moment. Answers how many it were.
    pub(super) async fn clear_staged(&self, before: Millis) -> Result<usize> {
        let folder = self.folder.clone();
        let before = UNIX_EPOCH + Duration::from_millis(u64::try_from(before.0).unwrap_or_default());
        let clear = move || clear(&folder, before);
        let cleared = tokio::task::spawn_blocking(clear).await.map_err(Failure::internal)?;
        Ok(cleared.map_err(|error| Failure::Internal(format!("beginnings of files could not be removed: {error}")))?)
    }
}

fn clear(folder: &Path, before: SystemTime) -> io::Result<usize> {
    let mut cleared = 0;
    for kind in FOLDERS {
        for app in entries(&folder.join(kind))? {
            let app = app?.path();
            if !app.is_dir() {
                continue;
            }
            for object in entries(&app)? {
                cleared += usize::from(clear_one(&object?, before)?);
            }
        }
    }
    Ok(cleared)
}

fn clear_one(object: &DirEntry, before: SystemTime) -> io::Result<bool> {
    if !object.file_name().to_str().is_some_and(is_staged) {
        return Ok(false);
    }
    // Its end may come at any moment, and so may another node that clears.
    let is_gone = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    match object.metadata().and_then(|found| found.modified()) {
        Ok(at) if at < before => {}
        Ok(_) => return Ok(false),
        Err(error) if is_gone(&error) => return Ok(false),
        Err(error) => return Err(error),
    }
    match fs::remove_file(object.path()) {
        Ok(()) => Ok(true),
        Err(error) if is_gone(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The entries of a folder; none if there is no such folder yet.
fn entries(folder: &Path) -> io::Result<impl Iterator<Item = io::Result<DirEntry>>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None.into_iter().flatten()),
        Err(error) => Err(error),
    }
}

/// Whether a name is that of an object with `#` and a number behind it. No object has a `#` in its own.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_beginnings_of_long_ago_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = folder.path().join("files/7");
        fs::create_dir_all(&app).expect("a folder of an app");
        for name in ["abc", "abc#1", "abc#12", "abc#", "abc#x"] {
            fs::write(app.join(name), b"x").expect("a file");
        }
        let written = fs::metadata(app.join("abc#1")).and_then(|found| found.modified()).expect("a time");
        let second = Duration::from_secs(1);
        assert_eq!(clear(folder.path(), written - second).expect("clears"), 0);
        assert_eq!(clear(folder.path(), written + second).expect("clears"), 2);
        let mut left: Vec<_> = entries(&app).expect("a list").map(|it| it.expect("an entry").file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["abc", "abc#", "abc#x"]);
    }
}
