//! What a job sees: one app's data, read by [`Snapshot`] and changed by [`Tx`], on either engine.
//!
//! A job is a plain function that may be run again. The first statement that fails spoils its transaction,
//! whatever the job makes of the error: PostgreSQL would turn the commit into a rollback without a word, and
//! both engines must mean the same.

use std::ops::{Deref, DerefMut};

use contract::event::Event;
use contract::webhook::{Happening, Origin, Wanted, Webhook};
use contract::{AppId, Error, Failure, Millis, Result, limit};

use crate::postgres::Session;
use crate::sqlite::Lite;
use crate::value::{FromRow, Params, Row, Value};
use crate::webhooks;

/// A statement in the words of both engines; made by [`sql!`](crate::sql).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    /// What SQLite runs.
    pub sqlite: &'static str,
    /// What PostgreSQL runs.
    pub postgres: &'static str,
}

impl Sql {
    /// Tells statements apart by where their text lies, which is cheaper than reading it.
    pub(crate) fn key(text: &'static str) -> (usize, usize) {
        (text.as_ptr() as usize, text.len())
    }
}

/// Makes a [`Sql`] of one text for both engines, or of two where they must differ. A text for PostgreSQL alone is for
/// the set-based append, whose counterpart on SQLite is a loop.
///
/// A test collects these literals and prepares each on both engines, so a text stands here and nowhere else.
#[macro_export]
macro_rules! sql {
    (sqlite: $sqlite:literal, postgres: $postgres:literal $(,)?) => {
        $crate::Sql { sqlite: $sqlite, postgres: $postgres }
    };
    (postgres: $postgres:literal) => {
        $crate::Sql { sqlite: "", postgres: $postgres }
    };
    ($text:literal) => {
        $crate::Sql { sqlite: $text, postgres: $text }
    };
}

/// The engine's side of a job.
pub(crate) enum Link<'a> {
    Sqlite(&'a mut Lite),
    Postgres(&'a mut Session),
}

/// Reads the data of one app.
pub struct Snapshot<'a> {
    app: AppId,
    link: Link<'a>,
    spoiled: Option<Failure>,
}

impl Snapshot<'_> {
    /// The app that the job is bound to.
    pub fn app(&self) -> AppId {
        self.app
    }

    /// Reads the first row, if there is one.
    pub fn opt<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<Option<R>> {
        let mut found = None;
        self.query(sql, params.values().as_ref(), &mut |row| {
            found = Some(R::from_row(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// Reads the row that must be there.
    pub fn one<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<R> {
        self.opt(sql, params)?.ok_or_else(|| Failure::Internal(format!("no row from: {}", sql.sqlite)).into())
    }

    /// Reads all rows. A list is a page: a statement that answers far more than one has lost its bound.
    pub fn all<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<Vec<R>> {
        let mut found = Vec::new();
        self.query(sql, params.values().as_ref(), &mut |row| {
            if found.len() == ROWS {
                return Err(Failure::Internal(format!("more than {ROWS} rows from: {}", sql.sqlite)).into());
            }
            found.push(R::from_row(row)?);
            Ok(true)
        })?;
        Ok(found)
    }

    fn query(&mut self, sql: Sql, args: &[Value<'_>], each: Each<'_>) -> Result<()> {
        let done = match &mut self.link {
            Link::Sqlite(lite) => lite.query(sql, args, each),
            Link::Postgres(session) => session.query(sql, args, each),
        };
        self.note(done)
    }

    /// Asks several questions in one flush, where the engine has flushes.
    pub(crate) fn query_all(&mut self, asked: &[(Sql, &[Value<'_>])]) -> Result<Option<Vec<Vec<tokio_postgres::Row>>>> {
        let done = match &mut self.link {
            Link::Sqlite(_) => Ok(None),
            Link::Postgres(session) => session.query_all(asked).map(Some),
        };
        self.note(done)
    }

    /// Keeps the first failure: it decides what becomes of the transaction.
    fn note<T>(&mut self, done: Result<T>) -> Result<T> {
        if let (Err(Error::Failure(failure)), None) = (&done, &self.spoiled) {
            self.spoiled = Some(failure.clone());
        }
        done
    }
}

/// Rows that one statement may answer.
pub(crate) const ROWS: usize = limit::STORE_PAGE * 10;

/// Takes a row and says whether the next is wanted.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Row<'_>) -> Result<bool>;

/// Reads and changes the data of one app, all or nothing.
pub struct Tx<'a> {
    snapshot: Snapshot<'a>,
    events: Vec<Event>,
    wanted: Wanted,
    origin: Origin,
    is_shared: bool,
}

impl<'a> Deref for Tx<'a> {
    type Target = Snapshot<'a>;

    fn deref(&self) -> &Self::Target {
        &self.snapshot
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.snapshot
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(app: AppId, link: Link<'a>) -> Self {
        Self {
            snapshot: Snapshot { app, link, spoiled: None },
            events: Vec::new(),
            wanted: Wanted::default(),
            origin: Origin::default(),
            is_shared: false,
        }
    }

    /// A job that shares the transaction with others.
    pub(crate) fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// Whether others are in the same transaction: what would refuse this one alone is better left to the database, which
    /// refuses all of them; each runs alone then.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A job of an app that has these webhooks on.
    pub(crate) fn hooked(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// The app that the job is bound to.
    pub fn app(&self) -> AppId {
        self.snapshot.app
    }

    /// [`Snapshot::opt`]; here too, so that `tx.app()` may stand among its parameters.
    pub fn opt<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<Option<R>> {
        self.snapshot.opt(sql, params)
    }

    /// [`Snapshot::one`]; here too, so that `tx.app()` may stand among its parameters.
    pub fn one<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<R> {
        self.snapshot.one(sql, params)
    }

    /// [`Snapshot::all`]; here too, so that `tx.app()` may stand among its parameters.
    pub fn all<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<Vec<R>> {
        self.snapshot.all(sql, params)
    }

    /// Changes rows; answers how many.
    pub fn run(&mut self, sql: Sql, params: impl Params) -> Result<u64> {
        let values = params.values();
        let done = match &mut self.snapshot.link {
            Link::Sqlite(lite) => lite.run(sql, values.as_ref()),
            Link::Postgres(session) => session.run(sql, values.as_ref()),
        };
        self.snapshot.note(done)
    }

    /// Changes rows, and nobody asks how many. PostgreSQL hears of it with the next statement or the commit, which saves a
    /// round trip; what fails, fails there.
    pub fn post(&mut self, sql: Sql, params: impl Params) -> Result<()> {
        let values = params.values();
        let done = match &mut self.snapshot.link {
            Link::Sqlite(lite) => lite.run(sql, values.as_ref()).map(drop),
            Link::Postgres(session) => session.post(sql, values.as_ref()),
        };
        self.snapshot.note(done)
    }

    /// [`Self::post`] for each of some rows; many of them have flushes of their own.
    pub fn post_all<P: Params>(&mut self, sql: Sql, rows: impl IntoIterator<Item = P>) -> Result<()> {
        if let Link::Sqlite(_) = &self.snapshot.link {
            return self.many(sql, rows).map(drop);
        }
        let rows: Vec<P> = rows.into_iter().collect();
        if rows.len() > POSTED {
            return self.many(sql, rows).map(drop);
        }
        rows.into_iter().try_for_each(|row| self.post(sql, row))
    }

    /// The id of the app's next batch of events, where the engine does not give it by itself.
    pub(crate) fn batch_id(&mut self, at: Millis) -> Result<Option<i64>> {
        let app = self.app();
        let id = match &mut self.snapshot.link {
            Link::Sqlite(lite) => lite.batch_id(app, at).map(Some),
            Link::Postgres(_) => Ok(None),
        };
        self.snapshot.note(id)
    }

    /// Adds a row that no other statement of the transaction changes before it, so that it may go out together with others
    /// of the same statement: SQLite's text takes one row, PostgreSQL's takes columns.
    pub(crate) fn post_row(&mut self, sql: Sql, row: impl Params) -> Result<()> {
        let values = row.values();
        let done = match &mut self.snapshot.link {
            Link::Sqlite(lite) => lite.run(sql, values.as_ref()).map(drop),
            Link::Postgres(session) => session.post_row(sql, values.as_ref()),
        };
        self.snapshot.note(done)
    }

    /// Runs one statement for many rows; answers how many rows it changed altogether.
    ///
    /// SQLite loops over the prepared statement, which no set-based text beats; PostgreSQL gets the executions
    /// of a batch in one flush.
    pub fn many<P: Params>(&mut self, sql: Sql, rows: impl IntoIterator<Item = P>) -> Result<u64> {
        let done = match &mut self.snapshot.link {
            Link::Sqlite(lite) => {
                let mut changed = 0;
                let each = rows.into_iter().try_for_each(|row| {
                    changed += lite.run(sql, row.values().as_ref())?;
                    Ok(())
                });
                each.map(|()| changed)
            }
            Link::Postgres(session) => many_in_flushes(session, sql, rows),
        };
        self.snapshot.note(done)
    }

    /// Changes many rows in the way in which each engine is quick: SQLite runs its text for each of them, PostgreSQL runs
    /// its own once, with all of them in a list. Answers how many rows that changed.
    pub(crate) fn many_or_set<P: Params, L: Params>(
        &mut self,
        sql: Sql,
        rows: impl IntoIterator<Item = P>,
        list: impl FnOnce() -> L,
    ) -> Result<u64> {
        match &self.snapshot.link {
            Link::Sqlite(_) => self.many(sql, rows),
            Link::Postgres(_) => self.run(sql, list()),
        }
    }

    /// [`Self::many_or_set`] where nobody asks how many: PostgreSQL's one statement goes out with the next.
    pub(crate) fn post_many_or_set<P: Params, L: Params>(
        &mut self,
        sql: Sql,
        rows: impl IntoIterator<Item = P>,
        list: impl FnOnce() -> L,
    ) -> Result<()> {
        match &self.snapshot.link {
            Link::Sqlite(_) => self.many(sql, rows).map(drop),
            Link::Postgres(_) => self.post(sql, list()),
        }
    }

    /// Whether a statement that changes rows can read them together with others: PostgreSQL's can.
    pub(crate) fn reads_changes(&self) -> bool {
        matches!(self.snapshot.link, Link::Postgres(_))
    }

    /// For transactions of leases, whose loss only means that something is done once more: where the engine has the
    /// choice, they need not be on the disk when they are answered; and they look up each row by its key, whatever the
    /// planner believes of tables that were empty a moment ago.
    pub fn relax(&mut self) -> Result<()> {
        if let Link::Sqlite(_) = &self.snapshot.link {
            return Ok(());
        }
        self.post(
            sql!(
                postgres: "SELECT set_config('synchronous_commit', 'off', TRUE), set_config('enable_seqscan', 'off', TRUE),
                               set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE)"
            ),
            (),
        )
    }

    /// Leaves an event that goes out only after the commit.
    pub fn after(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Notes who acts, for the webhooks that tell of it.
    pub fn act_for(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Whether the app has a webhook on: worth asking where it costs something to find out what happened.
    pub fn wants(&self, webhook: Webhook) -> bool {
        self.wanted.has(webhook)
    }

    /// Leaves what happened for the webhook that tells of it, if the app has it on: part of this transaction, told after
    /// it, in the order of its conversation or account.
    pub fn after_hook(&mut self, now: Millis, happening: &Happening) -> Result<()> {
        if !self.wanted.has(happening.webhook()) {
            return Ok(());
        }
        let origin = self.origin;
        let untold = webhooks::add(self, now, origin, happening)?;
        self.events.push(Event::WebhookQueued(untold));
        Ok(())
    }

    pub(crate) fn spoiled(&self) -> Option<&Failure> {
        self.snapshot.spoiled.as_ref()
    }

    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events
    }
}

/// Rows of a batch that go out with the next statement.
const POSTED: usize = 8;

/// Executions in one flush: enough to hide the round trip, few enough to bound what waits in buffers.
const FLUSH: usize = 256;

fn many_in_flushes<P: Params>(session: &mut Session, sql: Sql, rows: impl IntoIterator<Item = P>) -> Result<u64> {
    let mut rows = rows.into_iter();
    let mut changed = 0;
    loop {
        let chunk: Vec<P> = rows.by_ref().take(FLUSH).collect();
        if chunk.is_empty() {
            return Ok(changed);
        }
        let values: Vec<_> = chunk.iter().map(Params::values).collect();
        let values: Vec<&[Value<'_>]> = values.iter().map(AsRef::as_ref).collect();
        changed += session.run_all(sql, &values)?;
    }
}
