//! One SQLite connection: statements prepared once, savepoints made when first needed, errors translated.

use std::collections::HashMap;

use contract::{AppId, Error, Failure, Millis, Result};
use rusqlite::{Connection, ErrorCode, ffi, params_from_iter};

use crate::tx::{Each, Sql};
use crate::value::{FromRow, Params, Row, Value};

/// How far a job has gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The connection only reads.
    Reader,
    /// No job is under way.
    Idle,
    /// A job is under way and has changed nothing yet.
    Armed,
    /// A job has changed something: its savepoint is open.
    Open,
}

/// Where the page lies that SQLite uses for locks.
const LOCK_AT: i64 = 1 << 30;
/// The cache for a file that is shorter than that.
const SHORT_CACHE_MB: u32 = 32;

/// The size of the cache that is good for a file of some bytes.
///
/// Balancing a tree gives pages the number of the locking page for a moment. While that is beyond the end of the file, the
/// next commit looks through the whole cache for pages to drop, which is a quarter of a millisecond of a cache of 256 MB;
/// and what a small one lacks of a short file, the system's has.
fn fitting(file_bytes: i64, cache_mb: u32) -> u32 {
    if file_bytes > LOCK_AT { cache_mb } else { cache_mb.min(SHORT_CACHE_MB) }
}

/// Ids that a process may give in a millisecond of its life, so that the next one begins behind them.
const BATCHES_PER_MS: i64 = 1_000;

/// The connection.
pub(crate) struct Lite {
    conn: Connection,
    /// The statements as SQLite must read them: it numbers `$n` by first appearance, `?n` by n.
    texts: HashMap<(usize, usize), Box<str>>,
    mark: Mark,
    trouble: Option<Failure>,
    /// The last id of an event of each app.
    batch_ids: HashMap<AppId, i64>,
}

impl Lite {
    pub(crate) fn writer(conn: Connection) -> Self {
        Self { conn, texts: HashMap::new(), mark: Mark::Idle, trouble: None, batch_ids: HashMap::new() }
    }

    pub(crate) fn reader(conn: Connection) -> Self {
        Self { mark: Mark::Reader, ..Self::writer(conn) }
    }

    /// Hands each row to `each` until it has enough.
    pub(crate) fn query(&mut self, sql: Sql, args: &[Value<'_>], each: Each<'_>) -> Result<()> {
        let text = text(&mut self.texts, sql.sqlite);
        let mut read = || -> Result<()> {
            let mut statement = self.conn.prepare_cached(text).map_err(translate)?;
            if !statement.readonly() {
                open(&self.conn, &mut self.mark)?;
            }
            let mut rows = statement.query(params_from_iter(args)).map_err(translate)?;
            while let Some(row) = rows.next().map_err(translate)? {
                if !each(Row::Sqlite(row))? {
                    break;
                }
            }
            Ok(())
        };
        let done = read();
        self.note(done)
    }

    /// Runs a statement that answers no rows.
    pub(crate) fn run(&mut self, sql: Sql, args: &[Value<'_>]) -> Result<u64> {
        let text = text(&mut self.texts, sql.sqlite);
        let mut run = || -> Result<u64> {
            let mut statement = self.conn.prepare_cached(text).map_err(translate)?;
            open(&self.conn, &mut self.mark)?;
            let changed = statement.execute(params_from_iter(args)).map_err(translate)?;
            Ok(changed as u64)
        };
        let done = run();
        self.note(done)
    }

    /// The id of an app's next batch of events. They follow each other without gaps, so that many are deleted at once; the
    /// first of a process is behind all that the app has, and behind what a former process gave as long as the clock goes
    /// forward.
    pub(crate) fn batch_id(&mut self, app: AppId, at: Millis) -> Result<i64> {
        let last = match self.batch_ids.get(&app) {
            Some(last) => *last,
            None => self.last_batch_id(app)?.max(at.0.saturating_mul(BATCHES_PER_MS)),
        };
        self.batch_ids.insert(app, last + 1);
        Ok(last + 1)
    }

    fn last_batch_id(&mut self, app: AppId) -> Result<i64> {
        let mut last = 0;
        let sql = sql!("SELECT COALESCE(MAX(id), 0) FROM webhook_events WHERE app = $1");
        self.query(sql, (app,).values().as_ref(), &mut |row| {
            (last,) = FromRow::from_row(row)?;
            Ok(false)
        })?;
        Ok(last)
    }

    fn note<T>(&mut self, done: Result<T>) -> Result<T> {
        if let Err(Error::Failure(failure)) = &done {
            self.trouble = Some(failure.clone());
        }
        done
    }

    /// Runs a job that reads, all of it on one state of the file; answers what kept it from running.
    pub(crate) fn at_one_moment(&mut self, job: impl FnOnce(&mut Self)) -> Option<Failure> {
        let begun = self.execute("BEGIN");
        if begun.is_ok() {
            job(self);
        }
        // The end of a read writes nothing; some errors have ended it already.
        self.rollback();
        begun.err().map(|error| match error {
            Error::Failure(failure) => failure,
            Error::Fault(fault) => Failure::Internal(format!("a read ended in {fault:?}")),
        })
    }

    /// Begins the transaction that a batch shares.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.trouble = None;
        self.execute("BEGIN IMMEDIATE")
    }

    /// Makes the batch durable.
    pub(crate) fn commit(&mut self) -> Result<()> {
        self.mark = Mark::Idle;
        self.execute("COMMIT")
    }

    /// Undoes the batch, if SQLite has not done so already.
    pub(crate) fn rollback(&mut self) {
        if self.mark != Mark::Reader {
            self.mark = Mark::Idle;
        }
        if !self.conn.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "rollback failed");
        }
    }

    /// Expects a job, whose changes can be undone alone.
    pub(crate) fn arm(&mut self) {
        self.mark = Mark::Armed;
    }

    /// Keeps or undoes what the job changed.
    ///
    /// Some errors (no room, most of all) make SQLite undo the whole transaction: then the batch has failed.
    pub(crate) fn settle(&mut self, is_kept: bool) -> Result<()> {
        let mark = std::mem::replace(&mut self.mark, Mark::Idle);
        if self.conn.is_autocommit() {
            let failure = self.trouble.clone();
            return Err(failure.unwrap_or_else(|| Failure::internal("the transaction is gone")).into());
        }
        match (mark, is_kept) {
            (Mark::Open, true) => self.execute("RELEASE job"),
            (Mark::Open, false) => {
                self.execute("ROLLBACK TO job")?;
                self.execute("RELEASE job")
            }
            _ => Ok(()),
        }
    }

    /// Pages in the log, and how many of them are in the file already.
    pub(crate) fn log_pages(&self) -> Result<(i64, i64)> {
        let mut statement = self.conn.prepare_cached("PRAGMA wal_checkpoint(NOOP)").map_err(translate)?;
        statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?))).map_err(translate)
    }

    /// Moves the whole log into the file, so that the next commit begins it anew; answers whether it could.
    pub(crate) fn restart_log(&self) -> Result<bool> {
        let mut statement = self.conn.prepare_cached("PRAGMA wal_checkpoint(RESTART)").map_err(translate)?;
        statement.query_row([], |row| row.get::<_, i64>(0)).map(|busy| busy == 0).map_err(translate)
    }

    /// Gives the cache the size that is good for the file as long as it is now, at most `cache_mb`.
    pub(crate) fn fit_cache(&self, cache_mb: u32) -> Result<()> {
        let number = |pragma: &str| self.conn.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(translate);
        let bytes = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
        self.conn.pragma_update(None, "cache_size", -1024 * i64::from(fitting(bytes, cache_mb))).map_err(translate)
    }

    /// Moves the whole log into the file and leaves an empty one.
    pub(crate) fn truncate_log(&self) -> Result<()> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(translate)
    }

    fn execute(&self, text: &str) -> Result<()> {
        let mut statement = self.conn.prepare_cached(text).map_err(translate)?;
        statement.execute([]).map(|_| ()).map_err(translate)
    }
}

/// Opens the job's savepoint before its first change.
fn open(conn: &Connection, mark: &mut Mark) -> Result<()> {
    match mark {
        Mark::Reader => return Err(Failure::internal("a read job tried to write").into()),
        Mark::Armed => {
            conn.prepare_cached("SAVEPOINT job").and_then(|mut it| it.execute([])).map_err(translate)?;
            *mark = Mark::Open;
        }
        Mark::Idle | Mark::Open => {}
    }
    Ok(())
}

/// Finds the statement with `$n` rewritten to `?n`.
fn text<'t>(texts: &'t mut HashMap<(usize, usize), Box<str>>, text: &'static str) -> &'t str {
    texts.entry(Sql::key(text)).or_insert_with(|| text.replace('$', "?").into_boxed_str())
}

/// Translates what SQLite says into what an operator would do about it.
pub(crate) fn translate(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(code, _) = &error else {
        return Failure::Internal(format!("sqlite: {error}")).into();
    };
    let what = format!("sqlite {}: {error}", code.extended_code);
    let failure = match (code.code, code.extended_code) {
        // A quota or a limit on the file's size answers a write with the IOERRs.
        (ErrorCode::DiskFull | ErrorCode::ReadOnly, _)
        | (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_TRUNCATE) => Failure::Full(what),
        (ErrorCode::OperationInterrupted, _) => Failure::Timeout(what),
        (
            ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase,
            _,
        ) => Failure::Unavailable(what),
        _ => Failure::Internal(what),
    };
    failure.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_small_until_the_file_is_long() {
        for (bytes, configured, expected) in
            [(0, 256, 32), (LOCK_AT, 256, 32), (LOCK_AT + 1, 256, 256), (0, 16, 16), (LOCK_AT + 1, 16, 16)]
        {
            assert_eq!(fitting(bytes, configured), expected, "{bytes} bytes, {configured} MB");
        }
        let lite = Lite::writer(Connection::open_in_memory().expect("a store"));
        lite.fit_cache(256).expect("it is set");
        let size: i64 = lite.conn.query_row("PRAGMA cache_size", [], |row| row.get(0)).expect("a size");
        assert_eq!(size, -32 * 1024);
    }
}
