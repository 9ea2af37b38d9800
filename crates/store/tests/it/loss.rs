//! What survives when the power goes: everything that was acknowledged, whatever the disk had not written yet.
//!
//! A life of the store ends at a chosen step of its disk, also while it opens, moves its log or closes. The next life
//! begins with what the disk holds then: all that was flushed and some of the rest. Senders repeat what was not
//! answered, with the same identity.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use store::testing::{Dice, Disk, Weather, permissive};
use store::{Settings, Store, sql};
use tempfile::TempDir;

use crate::support::{APP, NOW, draft};

const SENDERS: usize = 8;

/// What every sender was told.
#[derive(Default)]
struct Told {
    /// Per sender, how many sends were answered; their numbers are 1, 2, 3 …
    sends: [u32; SENDERS],
    /// How often the value that a job writes was acknowledged.
    value: i64,
}

/// A store on a disk of its own.
struct Machine {
    folder: TempDir,
    disk: Arc<Disk>,
    told: Arc<Mutex<Told>>,
    /// How large bodies and values are.
    scale: usize,
}

impl Machine {
    fn new(scale: usize) -> Self {
        let folder = TempDir::with_prefix("noroshi-loss-").unwrap();
        let disk = Disk::attach(folder.path());
        Self { folder, disk, told: Arc::default(), scale }
    }

    fn settings(&self) -> Settings {
        settings(self.folder.path())
    }

    /// Serves until the power is gone, or until so many sends of each sender were answered and the store is closed.
    async fn live(&self, sends: u32) {
        // A cut while it opens is a life as well.
        let Ok(store) = Store::open(&self.settings(), permissive()).await else {
            assert!(self.disk.is_off(), "a store opens while there is power");
            return;
        };
        let senders = (0..SENDERS).map(|sender| self.send(&store, sender, sends));
        let work = futures_util::future::join(futures_util::future::join_all(senders), self.write(&store, sends));
        let bounded = tokio::time::timeout(Duration::from_mins(1), work).await;
        bounded.expect("every call is answered, with or without power");
        store.close().await;
    }

    /// Sends one after the other, and the unanswered one of the last life first.
    async fn send(&self, store: &Store, sender: usize, sends: u32) {
        for _ in 0..sends {
            let number = self.told.lock().sends[sender] + 1;
            // Two and two write in one conversation.
            let mut draft = draft(&format!("s{sender}"), &format!("s{}", sender ^ 1), number, NOW);
            draft.body = format!("[\"{}\"]", "x".repeat(1 + self.scale * (number as usize % 7)));
            match store.send(APP, draft).await {
                Ok(_) => self.told.lock().sends[sender] = number,
                Err(_) if self.disk.is_off() => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Writes one value again and again, so that pages change in place and the log moves into the file.
    async fn write(&self, store: &Store, writes: u32) {
        for _ in 0..writes {
            let value = self.told.lock().value + 1;
            let bytes = vec![value as u8; self.scale * 64];
            let written = store.write(APP, move |tx| {
                tx.run(
                    sql!(
                        "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2"
                    ),
                    ("bytes", &bytes[..]),
                )?;
                tx.run(
                    sql!(
                        "INSERT INTO accounts (app, id, created_at, reach) VALUES ($1, 'value', 0, $2)
                         ON CONFLICT (app, id) DO UPDATE SET reach = $2"
                    ),
                    (tx.app(), value),
                )
            });
            match written.await {
                Ok(_) => self.told.lock().value = value,
                Err(_) if self.disk.is_off() => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Compares what the disk holds with what was told; answers what is wrong.
    fn check(&self) -> Vec<String> {
        let told = self.told.lock();
        // A look from outside of the store, on a copy, so that the store itself does the recovery.
        let copy = TempDir::with_prefix("noroshi-look-").unwrap();
        for name in ["noroshi.db", "noroshi.db-wal"] {
            if self.folder.path().join(name).exists() {
                std::fs::copy(self.folder.path().join(name), copy.path().join(name)).unwrap();
            }
        }
        if !copy.path().join("noroshi.db").exists() {
            return if told.sends == [0; SENDERS] { Vec::new() } else { vec!["the file is gone".into()] };
        }
        compare(&copy.path().join("noroshi.db"), &told).unwrap_or_else(|error| vec![error.to_string()])
    }
}

fn settings(folder: &Path) -> Settings {
    Settings::Sqlite { path: folder.join("noroshi.db"), cache_mb: 2, readers: 1 }
}

fn compare(file: &Path, told: &Told) -> rusqlite::Result<Vec<String>> {
    let conn = rusqlite::Connection::open(file)?;
    let mut wrong = Vec::new();
    let whole: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if whole != "ok" {
        wrong.push(whole);
    }
    let is_empty: i64 =
        conn.query_row("SELECT COUNT(*) FROM sqlite_master WHERE name = 'messages'", [], |row| row.get(0))?;
    if is_empty == 0 {
        return Ok(if told.sends == [0; SENDERS] { wrong } else { vec!["the tables are gone".into()] });
    }
    for (sender, count) in told.sends.iter().enumerate() {
        // In the order of the contract; within a pair live messages are numbered in it.
        let mut of = conn.prepare("SELECT msg_seq FROM messages WHERE sender = ? ORDER BY conversation, seq")?;
        let found: Vec<u32> = of.query_map([format!("s{sender}")], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let (answered, one_more) = (*count as usize, *count as usize + 1);
        let expected: Vec<u32> = (1..=found.len() as u32).collect();
        if found != expected || !(answered..=one_more).contains(&found.len()) {
            wrong.push(format!("s{sender} was answered {count} times, and there are {found:?}"));
        }
    }
    let gaps: i64 = conn.query_row(
        "SELECT COUNT(*) FROM conversations c WHERE seq <>
           (SELECT COUNT(DISTINCT seq) FROM messages m WHERE m.app = c.app AND m.conversation = c.id)",
        [],
        |row| row.get(0),
    )?;
    if gaps > 0 {
        wrong.push(format!("{gaps} conversations have gaps"));
    }
    let value: i64 =
        conn.query_row("SELECT COALESCE(MAX(reach), 0) FROM accounts WHERE id = 'value'", [], |row| row.get(0))?;
    if !(told.value..=told.value + 1).contains(&value) {
        wrong.push(format!("the value {} was acknowledged, and there is {value}", told.value));
    }
    Ok(wrong)
}

/// The figures of a run; the test harness shows them when asked or when the test fails.
#[expect(clippy::print_stdout, reason = "how much was tried is what such a test is worth")]
fn say(text: &str) {
    println!("{text}");
}

/// Lives many lives; each ends within so many steps of the disk.
async fn many_lives(what: &str, lives: u32, scale: usize, steps: &[u64]) {
    let mut dice = Dice::new(what);
    let machine = Machine::new(scale);
    let began = Instant::now();
    let mut closed = 0;
    for life in 0..lives {
        let at_most = steps[dice.between(0, steps.len() as u64) as usize];
        machine.disk.cut(dice.between(0, at_most));
        // Some lives would end by themselves, so that closing is cut as well.
        let sends = if dice.percent(30) { dice.between(1, 8) as u32 } else { u32::MAX };
        machine.live(sends).await;
        closed += u32::from(!machine.disk.is_off());
        machine.disk.cut(0);
        machine.disk.power_on(&mut dice);
        let wrong = machine.check();
        assert!(wrong.is_empty(), "life {life}: {wrong:#?}");
    }
    let told = machine.told.lock();
    let sends: u32 = told.sends.iter().sum();
    say(&format!(
        "{what}: {lives} power cuts ({closed} after a close), {sends} sends and {} writes acknowledged, {} steps, {:?}",
        told.value,
        machine.disk.steps(),
        began.elapsed()
    ));
    assert!(sends > lives && told.value > 0, "{sends} sends, {} writes", told.value);
}

#[tokio::test]
async fn whatever_a_power_cut_leaves_unwritten_every_acknowledged_send_is_there() {
    many_lives("power cuts", 120, 40, &[40, 150, 1_500]).await;
}

#[tokio::test]
async fn a_power_cut_while_the_log_moves_into_the_file_loses_nothing() {
    // Values of 512 KB: a checkpoint every few commits, and a log that begins anew.
    many_lives("power cuts in checkpoints", 12, 8_192, &[4_000, 12_000, 60_000]).await;
}

#[tokio::test]
async fn a_disk_that_lies_about_flushes_is_found_out() {
    let mut dice = Dice::seeded(5);
    for life in 0.. {
        let machine = Machine::new(40);
        machine.disk.set(Weather::Lying);
        machine.disk.cut(2_000);
        machine.live(u32::MAX).await;
        machine.disk.power_on(&mut dice);
        if !machine.check().is_empty() {
            return;
        }
        assert!(life < 20, "a check that never complains proves nothing");
    }
}
