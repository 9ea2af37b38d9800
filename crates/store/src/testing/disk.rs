//! A disk under SQLite that can be full, refuse, lie, and lose its power.
//!
//! The process's default VFS is wrapped once. Files in a folder without a [`Disk`] see no difference; for the others
//! each write, truncation and flush goes through the disk's memory, which keeps what was flushed apart from what was
//! not. After a [`Disk::cut`] nothing reaches the disk any more, and [`Disk::power_on`] leaves in the folder what
//! a real one might hold then: all that was flushed, and of the rest some sectors and others not.
//!
//! What is not modelled: sectors that hold neither the old bytes nor the new ones, and names that are lost (a file
//! counts as made with its first flush, a removed file as emptied).

mod shim;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::ffi;

use super::Dice;

/// What a disk writes at once or not at all.
const SECTOR: usize = 512;

/// How the disk feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// All is well.
    Fair,
    /// No file may grow.
    Full,
    /// Nothing may be changed, as after the system has remounted the disk read-only.
    ReadOnly,
    /// Flushes fail, and what they should have flushed is never written by a later one.
    BadFlush,
    /// Flushes are answered and not done.
    Lying,
}

/// A folder's disk.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    files: BTreeMap<String, Kept>,
    weather: Weather,
    /// Changes and flushes so far.
    steps: u64,
    /// The step before which the power goes.
    cut_at: u64,
}

/// One file: what is safe, and what happened since.
#[derive(Debug, Default)]
struct Kept {
    safe: Vec<u8>,
    since: Vec<(Change, Fate)>,
    /// As the processes see it.
    len: u64,
}

/// What happens to a file.
#[derive(Debug)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Truncate { len: u64 },
}

/// What becomes of a change at a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Not flushed yet.
    Open,
    /// Its flush failed: no later one covers it.
    Doubtful,
    /// Flushed, and kept here because something doubtful was before it.
    Safe,
}

impl Disk {
    /// Puts a folder on a disk of its own. Its files must not be open yet.
    pub fn attach(folder: &Path) -> Arc<Self> {
        shim::register();
        let folder = folder.canonicalize().expect("the folder is there");
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let safe = fs::read(&path).expect("the file can be read");
            let len = safe.len() as u64;
            files.insert(name_of(&path), Kept { safe, since: Vec::new(), len });
        }
        let state = State { files, weather: Weather::Fair, steps: 0, cut_at: u64::MAX };
        let disk = Arc::new(Self { folder: folder.clone(), state: Mutex::new(state) });
        shim::attach(folder, &disk);
        disk
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.state.lock().weather = weather;
    }

    /// Lets the power go after so many more steps; 0 is now.
    pub fn cut(&self, after: u64) {
        let mut state = self.state.lock();
        state.cut_at = state.steps.saturating_add(after);
    }

    /// Whether the power is gone.
    pub fn is_off(&self) -> bool {
        let state = self.state.lock();
        state.steps >= state.cut_at
    }

    /// Counts changes and flushes so far.
    pub fn steps(&self) -> u64 {
        self.state.lock().steps
    }

    /// Leaves in the folder what the disk holds after the cut, and is a good disk again. All its files must be closed.
    pub fn power_on(&self, dice: &mut Dice) {
        let mut state = self.state.lock();
        for entry in fs::read_dir(&self.folder).expect("the folder can be read") {
            fs::remove_file(entry.expect("the folder can be read").path()).expect("the file is removed");
        }
        // Of what was not flushed nothing may be there, a few sectors, most of them, or all.
        let survive = [0, 10, 50, 90, 100][dice.between(0, 5) as usize];
        for (name, kept) in &mut state.files {
            kept.settle(dice, survive);
            if !kept.safe.is_empty() {
                fs::write(self.folder.join(name), &kept.safe).expect("the file is written");
            }
        }
        state.weather = Weather::Fair;
        state.cut_at = u64::MAX;
    }

    /// Does a change, or answers the code of the error that the weather makes of it.
    fn change(&self, name: &str, change: Change, run: impl FnOnce() -> i32) -> i32 {
        let mut state = self.state.lock();
        let is_write = matches!(change, Change::Write { .. });
        let refused = if is_write { ffi::SQLITE_IOERR_WRITE } else { ffi::SQLITE_IOERR_TRUNCATE };
        if !state.step() || state.weather == Weather::ReadOnly {
            return refused;
        }
        let weather = state.weather;
        let kept = state.files.entry(name.to_owned()).or_default();
        let end = match &change {
            Change::Write { at, bytes } => kept.len.max(at + bytes.len() as u64),
            Change::Truncate { len } => *len,
        };
        if weather == Weather::Full && end > kept.len {
            return ffi::SQLITE_FULL;
        }
        let done = run();
        if done == ffi::SQLITE_OK {
            kept.len = end;
            kept.since.push((change, Fate::Open));
        }
        done
    }

    /// Flushes a file, or does not.
    fn flush(&self, name: &str) -> i32 {
        let mut state = self.state.lock();
        if !state.step() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        let weather = state.weather;
        let kept = state.files.entry(name.to_owned()).or_default();
        match weather {
            Weather::Lying => {}
            Weather::BadFlush | Weather::ReadOnly => {
                kept.since.iter_mut().filter(|(_, fate)| *fate == Fate::Open).for_each(|(_, fate)| {
                    *fate = Fate::Doubtful;
                });
                return ffi::SQLITE_IOERR_FSYNC;
            }
            Weather::Fair | Weather::Full => kept.flush(),
        }
        ffi::SQLITE_OK
    }
}

impl State {
    /// Counts a step; answers false once the power is gone.
    fn step(&mut self) -> bool {
        let is_on = self.steps < self.cut_at;
        if is_on {
            self.steps += 1;
        }
        is_on
    }
}

impl Kept {
    fn flush(&mut self) {
        if self.since.iter().any(|(_, fate)| *fate == Fate::Doubtful) {
            self.since.iter_mut().filter(|(_, fate)| *fate == Fate::Open).for_each(|(_, fate)| *fate = Fate::Safe);
            return;
        }
        for (change, _) in self.since.drain(..) {
            change.apply(&mut self.safe);
        }
    }

    /// Decides which of the changes that were not flushed are there after the cut.
    fn settle(&mut self, dice: &mut Dice, survive: u64) {
        for (change, fate) in self.since.drain(..) {
            match change {
                change if fate == Fate::Safe => change.apply(&mut self.safe),
                Change::Truncate { .. } => {
                    if dice.percent(survive) {
                        change.apply(&mut self.safe);
                    }
                }
                Change::Write { at, bytes } => {
                    for (at, bytes) in sectors(at, &bytes) {
                        if dice.percent(survive) {
                            Change::Write { at, bytes: bytes.to_owned() }.apply(&mut self.safe);
                        }
                    }
                }
            }
        }
        self.len = self.safe.len() as u64;
    }
}

impl Change {
    fn apply(self, file: &mut Vec<u8>) {
        match self {
            Self::Truncate { len } => file.resize(len as usize, 0),
            Self::Write { at, bytes } => {
                let (start, end) = (at as usize, at as usize + bytes.len());
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[start..end].copy_from_slice(&bytes);
            }
        }
    }
}

/// Cuts a write at the borders of sectors.
fn sectors(at: u64, bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut at, mut rest, mut parts) = (at, bytes, Vec::new());
    while !rest.is_empty() {
        let room = SECTOR - (at as usize % SECTOR);
        let (part, tail) = rest.split_at(room.min(rest.len()));
        parts.push((at, part));
        at += part.len() as u64;
        rest = tail;
    }
    parts
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a file has a name").to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at: u64, bytes: &[u8]) -> (Change, Fate) {
        (Change::Write { at, bytes: bytes.to_vec() }, Fate::Open)
    }

    #[test]
    fn what_was_flushed_survives_and_the_rest_by_sectors() {
        let mut kept = Kept::default();
        kept.since.push(write(0, &[1; 1_024]));
        kept.flush();
        kept.since.push(write(256, &[2; 512]));
        assert_eq!(
            sectors(256, &[2; 512]).iter().map(|(at, part)| (*at, part.len())).collect::<Vec<_>>(),
            [(256, 256), (512, 256)]
        );
        kept.settle(&mut Dice::seeded(1), 0);
        assert_eq!(kept.safe, [1; 1_024]);
        kept.since.push(write(256, &[2; 512]));
        kept.settle(&mut Dice::seeded(1), 100);
        assert_eq!(kept.safe[256..768], [2; 512]);
    }

    #[test]
    fn what_a_failed_flush_left_out_no_later_one_covers() {
        let mut kept = Kept::default();
        kept.since.push((Change::Write { at: 0, bytes: vec![1; 512] }, Fate::Doubtful));
        kept.since.push(write(512, &[2; 512]));
        kept.flush();
        kept.settle(&mut Dice::seeded(1), 0);
        assert_eq!(kept.safe[..512], [0; 512]);
        assert_eq!(kept.safe[512..], [2; 512]);
    }
}
