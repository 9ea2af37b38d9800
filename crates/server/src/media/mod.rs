//! Files: uploaded by accounts, read by links that run out; and the hourly files of history.
//!
//! What is known of a file is in the store, its bytes are in an object store: a local folder, which nodes of one cluster
//! share. Bytes are streamed in and out, a chunk at a time.
//!
//! * `link`: who may do what with which object, and until when: signed URLs. `http`: the surface `/media/…`.
//! * `upload`: the way in, with its bounds and digests, `parts` with those of its parts. `download`: the way out. `desk`:
//!   what devices and back ends ask.
//! * `history`: writes the files of history. `upkeep`: when, and what is removed after its time. `staged`: what a process
//!   that died left half written.

mod desk;
mod download;
mod history;
mod http;
mod link;
mod parts;
mod purge;
mod staged;
mod upkeep;
mod upload;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use contract::{AppId, Failure, Millis, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

pub(crate) use desk::{decide, known, number_of};
pub(crate) use history::moment_text;
pub use history::{hour_of, hour_text};
pub use http::serve;
pub use link::Purpose;
pub use upkeep::{clear, keep, round};

/// Bytes of a chunk on its way to the object store. A transfer holds a few of them.
const CHUNK_BYTES: usize = 256 * 1024;

/// The objects and what guards them.
pub struct Media {
    objects: Arc<dyn ObjectStore>,
    /// Where they lie.
    folder: PathBuf,
    /// What links are signed with, the same on all nodes.
    secret: [u8; 32],
    /// What links begin with; known once the node listens.
    base: OnceLock<String>,
    uploads: Semaphore,
    downloads: Arc<Semaphore>,
    /// Uploads that this node receives: who gives one up tells it here.
    under_way: Mutex<HashMap<(AppId, String), Arc<Notify>>>,
    /// When the history of an app wants to be looked after next; an app that is not here, at once.
    cares: Mutex<HashMap<AppId, Millis>>,
}

impl Media {
    /// Opens the folder of all objects.
    pub fn open(folder: PathBuf, secret: [u8; 32], base: Option<&str>, transfers: usize) -> Result<Self> {
        let away =
            |error: &dyn std::fmt::Display| Failure::Unavailable(format!("media folder {}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(|error| away(&error))?;
        // What is acknowledged is on the disk.
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| away(&error))?.with_fsync(true);
        let known = OnceLock::new();
        if let Some(base) = base {
            drop(known.set(base.trim_end_matches('/').to_owned()));
        }
        Ok(Self {
            objects: Arc::new(objects),
            folder,
            secret,
            base: known,
            uploads: Semaphore::new(transfers),
            downloads: Arc::new(Semaphore::new(transfers)),
            under_way: Mutex::default(),
            cares: Mutex::default(),
        })
    }

    /// Where the objects of a node lie unless it says otherwise.
    pub fn usual_folder(data: &Path) -> PathBuf {
        data.join("media")
    }

    /// Says where the node is reached, unless its configuration does.
    pub fn reached_at(&self, url: String) {
        // The first one holds.
        drop(self.base.set(url));
    }

    /// Shows the metrics what never happened as 0.
    pub fn measure(&self) {
        for way in ["in", "out"] {
            metrics::counter!("noroshi_media_requests_total", "way" => way, "code" => "0").increment(0);
            metrics::counter!("noroshi_media_bytes_total", "way" => way).increment(0);
        }
        metrics::counter!("noroshi_media_removed_total").increment(0);
        metrics::counter!("noroshi_history_files_total").increment(0);
        metrics::counter!("noroshi_history_purged_total").increment(0);
        metrics::counter!("noroshi_history_purged_notes_total").increment(0);
        metrics::counter!("noroshi_ended_groups_purged_rows_total").increment(0);
        metrics::gauge!("noroshi_media_uploads").set(self.uploads() as f64);
    }

    /// Uploads under way on this node.
    pub fn uploads(&self) -> usize {
        self.under_way.lock().len()
    }

    fn base(&self) -> &str {
        self.base.get().map_or("", String::as_str)
    }
}

/// Where the bytes of an uploaded file lie.
fn file_key(app: AppId, id: &str) -> Key {
    Key::from(format!("files/{app}/{id}"))
}

/// Where the file of an hour lies: that of pairs, or that of groups.
fn history_key(app: AppId, hour: i64, is_group: bool) -> Key {
    Key::from(format!("history/{app}/{hour}-{}.gz", if is_group { "group" } else { "c2c" }))
}

/// What a link to the file of an hour names.
pub fn history_name(hour: i64, is_group: bool) -> String {
    format!("history-{hour}{}", if is_group { OF_GROUPS } else { "" })
}

/// The hour that a link names, and whether the file of its groups is meant.
fn history_named(name: &str) -> Option<(i64, bool)> {
    let hour = name.strip_prefix("history-")?;
    let own = hour.strip_suffix(OF_GROUPS);
    Some((own.unwrap_or(hour).parse().ok()?, own.is_some()))
}

const OF_GROUPS: &str = "-group";

/// The object store's trouble in our words.
fn trouble(error: object_store::Error) -> Failure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && matches!(
                io.kind(),
                std::io::ErrorKind::StorageFull
                    | std::io::ErrorKind::QuotaExceeded
                    | std::io::ErrorKind::ReadOnlyFilesystem
            )
        {
            return Failure::Full(format!("the media folder takes no more: {io}"));
        }
        source = inner.source();
    }
    Failure::Internal(format!("the object store: {error}"))
}
