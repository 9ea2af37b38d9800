//! The wrapping of the default VFS: the system's own files with four of their methods put aside.
//!
//! No crate fits: those that make a VFS from a trait either have no shared memory, without which there is no
//! write-ahead log, or need a C compiler's library to be built.
#![expect(unsafe_code, reason = "SQLite calls a VFS through C pointers; only tests are built with this")]

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock, Weak};

use parking_lot::Mutex;
use rusqlite::ffi;

use super::{Change, Disk, name_of};

/// The system's VFS. It is a static of SQLite's and lives as long as the process.
struct System(*mut ffi::sqlite3_vfs);

// SAFETY: after its registration a VFS is read by all threads of SQLite; here it is read only, too.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

/// An open file that is on a disk of ours.
struct Open {
    disk: Arc<Disk>,
    name: String,
    /// The methods that the system gave the file, which have no owner, and the ones that it has from us.
    system: ffi::sqlite3_io_methods,
    system_at: usize,
    _ours: Box<ffi::sqlite3_io_methods>,
}

static SYSTEM: OnceLock<System> = OnceLock::new();
static DISKS: LazyLock<Mutex<HashMap<PathBuf, Weak<Disk>>>> = LazyLock::new(Mutex::default);
static FILES: LazyLock<Mutex<HashMap<usize, Arc<Open>>>> = LazyLock::new(Mutex::default);

/// Makes the wrapped VFS the default one.
pub(super) fn register() {
    SYSTEM.get_or_init(|| {
        // SAFETY: SQLite gives its default VFS, which is never freed. The copy is leaked, so it lives as long, and it
        // differs in a name, the link that registering sets, and two functions with the same contract.
        unsafe {
            let system = ffi::sqlite3_vfs_find(std::ptr::null());
            let ours = Box::leak(Box::new(*system));
            ours.zName = c"noroshi-test-disk".as_ptr();
            ours.pNext = std::ptr::null_mut();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK, "the VFS is registered");
            System(system)
        }
    });
}

/// Names the disk of a folder; it has it as long as somebody holds the disk.
pub(super) fn attach(folder: PathBuf, disk: &Arc<Disk>) {
    DISKS.lock().insert(folder, Arc::downgrade(disk));
}

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().expect("the VFS is registered before it is called").0
}

/// The disk and the name of a path, if it has a disk.
fn place(path: &CStr) -> Option<(Arc<Disk>, String)> {
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    let disk = DISKS.lock().get(path.parent()?)?.upgrade()?;
    Some((disk, name_of(path)))
}

fn find(file: *mut ffi::sqlite3_file) -> Arc<Open> {
    Arc::clone(FILES.lock().get(&(file as usize)).expect("only files of ours have our methods"))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = system();
    // SAFETY: the arguments are SQLite's own and go on unchanged. After a success the file holds a pointer to the
    // system's methods, which are static. Ours live in a box that is dropped only after the file's close.
    unsafe {
        let opened = (*system).xOpen.expect("a VFS opens")(system, path, file, flags, out);
        if opened != ffi::SQLITE_OK || path.is_null() {
            return opened;
        }
        let Some((disk, name)) = place(CStr::from_ptr(path)) else { return opened };
        let methods = *(*file).pMethods;
        let ours = Box::new(ffi::sqlite3_io_methods {
            xClose: Some(close),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            ..methods
        });
        let system_at = (*file).pMethods as usize;
        (*file).pMethods = &raw const *ours;
        let open = Open { disk, name, system: methods, system_at, _ours: ours };
        FILES.lock().insert(file as usize, Arc::new(open));
        opened
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, is_synced: c_int) -> c_int {
    let system = system();
    // SAFETY: the arguments are SQLite's own and go on unchanged; a path to be removed is a C string.
    let (run, place) =
        unsafe { (|| (*system).xDelete.expect("a VFS deletes")(system, path, is_synced), place(CStr::from_ptr(path))) };
    let Some((disk, name)) = place else { return run() };
    let done = disk.change(&name, Change::Truncate { len: 0 }, run);
    if done == ffi::SQLITE_OK && is_synced != 0 { disk.flush(&name) } else { done }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let open = FILES.lock().remove(&(file as usize)).expect("a file is closed once");
    // SAFETY: the file gets back the methods that the system gave it, and is closed by them.
    unsafe {
        (*file).pMethods = open.system_at as *const ffi::sqlite3_io_methods;
        open.system.xClose.expect("a file closes")(file)
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, len: c_int, at: i64) -> c_int {
    let open = find(file);
    // SAFETY: SQLite hands over `len` readable bytes.
    let copy = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), len as usize) }.to_vec();
    open.disk.change(&open.name, Change::Write { at: at as u64, bytes: copy }, || {
        // SAFETY: the arguments are SQLite's own and go on unchanged.
        unsafe { open.system.xWrite.expect("a file is written")(file, bytes, len, at) }
    })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    let open = find(file);
    open.disk.change(&open.name, Change::Truncate { len: len as u64 }, || {
        // SAFETY: the arguments are SQLite's own and go on unchanged.
        unsafe { open.system.xTruncate.expect("a file is cut off")(file, len) }
    })
}

/// The real flush is left out: what counts as flushed is in the disk's memory.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let open = find(file);
    open.disk.flush(&open.name)
}
