//! One connection, driven by the thread that owns it: connects, prepares once, pipelines, translates errors.

use std::collections::HashMap;
use std::future::Future;
use std::time::{Duration, Instant};

use contract::{Failure, Result};
use futures_util::TryStreamExt;
use futures_util::future::{join, join_all, join3};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::Patience;
use super::posted::Posted;
use crate::tx::{Each, ROWS, Sql};
use crate::value::{self, Value};

/// What a connection is for, which decides how it is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Migrate,
    Work,
    Append,
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Each statement commits by itself.
    Auto,
    /// BEGIN goes out with the first statement, in one flush.
    Wanted,
    Open,
}

/// What the client waits beyond the server's own limit before it gives the connection up.
const SLACK: Duration = Duration::from_secs(5);
/// How long a connection that may only read is kept before another one is tried.
const READ_ONLY_WAIT: Duration = Duration::from_secs(1);
const BACK_OFF_MIN: Duration = Duration::from_millis(50);
const BACK_OFF_MAX: Duration = Duration::from_secs(2);

/// Parameters of a set-based statement.
pub(crate) type Args<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// What goes out before a statement, in one flush with it.
struct Lead {
    begins: bool,
    posted: Vec<Posted>,
}

/// What was posted up to some moment.
pub(super) struct Mark {
    flushes: u64,
    lens: Vec<usize>,
}

/// The connection and the runtime that drives it.
pub(crate) struct Session {
    runtime: Runtime,
    config: Config,
    role: Role,
    patience: Patience,
    client: Option<Client>,
    statements: HashMap<(usize, usize), Statement>,
    stage: Stage,
    /// They go out with the next statement, or with the commit.
    posted: Vec<Posted>,
    /// Flushes that took posted statements along, or began a transaction.
    flushes: u64,
    /// The last flush held a COMMIT: if its answer is lost, nobody knows the outcome.
    commit_sent: bool,
    /// The server refused a change. A connection may stay read-only for ever where a new one would not be: after a
    /// setting was taken back, or behind an address that moved on to another server.
    is_read_only: bool,
    connected_at: Instant,
    back_off: Duration,
    next_attempt: Instant,
}

impl Session {
    pub(crate) fn new(config: &Config, role: Role, patience: Patience) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::internal)?;
        Ok(Self {
            runtime,
            config: config.clone(),
            role,
            patience,
            client: None,
            statements: HashMap::new(),
            stage: Stage::Auto,
            posted: Vec::new(),
            flushes: 0,
            commit_sent: false,
            is_read_only: false,
            connected_at: Instant::now(),
            back_off: BACK_OFF_MIN,
            next_attempt: Instant::now(),
        })
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Drives the connection while the thread waits for something else.
    pub(crate) fn wait<T>(&self, other: impl Future<Output = T>) -> T {
        self.runtime.block_on(other)
    }

    /// Waits a while. The timer is made inside, because it belongs to the runtime that drives it.
    pub(crate) fn pause(&self, duration: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(duration).await });
    }

    /// Whether the connection is gone, so that what it had open is undone.
    pub(crate) fn is_lost(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }

    /// Makes sure that there is a connection; tries again, less and less often, until the deadline.
    pub(crate) fn ensure(&mut self, deadline: Instant) -> Result<()> {
        let mut last = Failure::Unavailable("the database is away".into());
        if self.is_read_only && self.connected_at.elapsed() >= READ_ONLY_WAIT {
            self.abandon();
        }
        while self.is_lost() {
            let now = Instant::now();
            if now >= self.next_attempt {
                match self.connect() {
                    Ok(()) => break,
                    Err(failure) => {
                        tracing::warn!(%failure, "no connection to the database");
                        last = failure;
                        self.next_attempt = Instant::now() + self.back_off;
                        self.back_off = (self.back_off * 2).min(BACK_OFF_MAX);
                    }
                }
            } else if now >= deadline {
                return Err(last.into());
            } else {
                let pause = self.next_attempt.min(deadline) - now;
                self.pause(pause);
            }
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(), Failure> {
        self.abandon();
        let setup = setup(self.role, self.patience);
        let (config, runtime) = (&self.config, &self.runtime);
        let connected = runtime.block_on(async {
            tokio::time::timeout(SLACK, async {
                let (client, connection) = config.connect(NoTls).await?;
                runtime.spawn(async move {
                    // Whoever uses the client sees that it is closed.
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "connection ended");
                    }
                });
                client.batch_execute(&setup).await?;
                Ok::<_, tokio_postgres::Error>(client)
            })
            .await
        });
        let away = |what: &dyn std::fmt::Display| Failure::Unavailable(format!("connecting to the database: {what}"));
        self.client = Some(match connected {
            Ok(Ok(client)) => client,
            // By itself the error says no more than that there was one.
            Ok(Err(error)) => {
                return Err(match error.as_db_error() {
                    Some(answer) => away(&format_args!("postgres {}: {}", answer.code().code(), answer.message())),
                    None => match std::error::Error::source(&error) {
                        Some(cause) => away(&format_args!("{error}: {cause}")),
                        None => away(&error),
                    },
                });
            }
            Err(_) => return Err(away(&"no answer in time")),
        });
        self.back_off = BACK_OFF_MIN;
        self.is_read_only = false;
        self.connected_at = Instant::now();
        Ok(())
    }

    /// Gives the connection up; the server undoes what it had open.
    pub(crate) fn abandon(&mut self) {
        self.client = None;
        self.statements.clear();
        self.posted.clear();
        self.stage = Stage::Auto;
    }

    /// Starts a transaction with the next statement.
    pub(crate) fn arm(&mut self) {
        self.stage = Stage::Wanted;
    }

    /// Commits; a lost answer is [`Failure::Unavailable`], because nobody knows the outcome then. If a posted statement
    /// fails, the COMMIT behind it is a rollback and the statement's error is the answer.
    pub(crate) fn commit(&mut self) -> Result<()> {
        let is_said = self.stage == Stage::Open || !self.posted.is_empty();
        let lead = self.lead();
        self.stage = Stage::Auto;
        if !is_said {
            return Ok(());
        }
        self.drive(async |client| led(client, &lead, client.batch_execute("COMMIT")).await)
    }

    /// Whether a COMMIT went out since this was asked last.
    pub(crate) fn take_commit_sent(&mut self) -> bool {
        std::mem::take(&mut self.commit_sent)
    }

    /// Undoes what is open.
    pub(crate) fn rollback(&mut self) {
        self.posted.clear();
        let stage = std::mem::replace(&mut self.stage, Stage::Auto);
        if stage == Stage::Open
            && !self.is_lost()
            && self.drive(async |client| client.batch_execute("ROLLBACK").await).is_err()
        {
            // A connection whose state nobody knows is not used again; the server undoes what it had open.
            self.abandon();
        }
    }

    /// Runs simple statements, for migrations.
    pub(crate) fn batch(&mut self, text: &str) -> Result<()> {
        self.drive(async |client| client.batch_execute(text).await)
    }

    /// Hands each row to `each` until it has enough.
    pub(crate) fn query(&mut self, sql: Sql, args: &[Value<'_>], each: Each<'_>) -> Result<()> {
        let statement = self.prepare(sql.postgres)?;
        let lead = self.lead();
        let rows = self.drive(async |client| led(client, &lead, rows(client, &statement, args)).await)?;
        for row in &rows {
            if !each(value::Row::Postgres(row))? {
                break;
            }
        }
        Ok(())
    }

    /// Asks several questions in one flush; answers their rows, one more than a list may have at most. Outside of a
    /// transaction they get one of their own, so that all answers are of one moment.
    pub(crate) fn query_all(&mut self, asked: &[(Sql, &[Value<'_>])]) -> Result<Vec<Vec<Row>>> {
        debug_assert!(asked.len() <= ORDERED, "more statements than join_all polls in order");
        let prepared: Vec<Statement> =
            asked.iter().map(|(sql, _)| self.prepare(sql.postgres)).collect::<Result<_>>()?;
        let is_alone = self.stage == Stage::Auto;
        let lead = self.lead();
        self.drive(async |client| {
            let say = async |text| if is_alone { client.batch_execute(text).await } else { Ok(()) };
            let all = prepared.iter().zip(asked).map(|(statement, (_, args))| rows(client, statement, args));
            let all = join_all(all.collect::<Vec<_>>());
            let answered = async {
                let (begun, rows, committed) = join3(say(ONE_MOMENT), all, say("COMMIT")).await;
                begun?;
                let rows = rows.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
                committed.map(|()| rows)
            };
            led(client, &lead, answered).await
        })
    }

    /// Runs a statement; answers how many rows it changed.
    pub(crate) fn run(&mut self, sql: Sql, args: &[Value<'_>]) -> Result<u64> {
        let statement = self.prepare(sql.postgres)?;
        let lead = self.lead();
        self.drive(async |client| led(client, &lead, client.execute_raw(&statement, args)).await)
    }

    /// Runs a statement with the next one, or with the commit: nobody waits for its answer.
    pub(crate) fn post(&mut self, sql: Sql, args: &[Value<'_>]) -> Result<()> {
        let statement = self.prepare(sql.postgres)?;
        self.posted.push(Posted::one(statement, args));
        self.drain()
    }

    /// Adds a row to those that a statement gets as columns with the next one, or with the commit.
    pub(crate) fn post_row(&mut self, sql: Sql, row: &[Value<'_>]) -> Result<()> {
        let statement = self.prepare(sql.postgres)?;
        let key = Sql::key(sql.postgres);
        if !self.posted.iter_mut().any(|posted| posted.joins(key, row)) {
            self.posted.push(Posted::rows(statement, key, row));
        }
        self.drain()
    }

    /// Lets go what was posted, when it is as much as one flush takes.
    fn drain(&mut self) -> Result<()> {
        if self.posted.len() < ORDERED {
            return Ok(());
        }
        let lead = self.lead();
        self.drive(async |client| led(client, &lead, async { Ok(()) }).await)
    }

    /// What was posted so far.
    pub(super) fn mark(&self) -> Mark {
        Mark { flushes: self.flushes, lens: self.posted.iter().map(Posted::len).collect() }
    }

    /// Forgets what was posted since, as if it had never been. Answers false if some of it went out: then only a rollback
    /// undoes it.
    pub(super) fn back_to(&mut self, mark: &Mark) -> bool {
        if self.flushes != mark.flushes {
            return false;
        }
        self.posted.truncate(mark.lens.len());
        self.posted.iter_mut().zip(&mark.lens).for_each(|(posted, len)| posted.truncate(*len));
        true
    }

    /// Runs a statement for many rows in one flush; answers how many rows it changed altogether.
    pub(crate) fn run_all(&mut self, sql: Sql, rows: &[&[Value<'_>]]) -> Result<u64> {
        let statement = self.prepare(sql.postgres)?;
        let lead = self.lead();
        self.drive(async |client| {
            // Groups of up to 30 are polled in order, which is the order on the wire.
            let groups = rows
                .chunks(ORDERED)
                .map(|rows| join_all(rows.iter().map(|args| client.execute_raw(&statement, *args))));
            let all = join_all(groups.collect::<Vec<_>>());
            let changed = async { all.await.into_iter().flatten().try_fold(0, |sum, changed| Ok(sum + changed?)) };
            led(client, &lead, changed).await
        })
    }

    /// Runs set-based statements in one flush, with BEGIN before them if it is due and COMMIT after them if asked.
    ///
    /// If a statement fails, the COMMIT behind it is a rollback and the statement's error is the answer.
    pub(crate) fn flush(&mut self, statements: &[(Sql, Args<'_>)], and_commit: bool) -> Result<Vec<Vec<Row>>> {
        let prepared: Vec<Statement> =
            statements.iter().map(|(sql, _)| self.prepare(sql.postgres)).collect::<Result<_>>()?;
        debug_assert!(statements.len() <= ORDERED, "more statements than join_all polls in order");
        self.commit_sent = and_commit;
        let lead = self.lead();
        let answered = self.drive(async |client| {
            let queries = prepared.iter().zip(statements).map(|(statement, (_, args))| client.query(statement, args));
            let queries = join_all(queries.collect::<Vec<_>>());
            let commit = async { if and_commit { client.batch_execute("COMMIT").await } else { Ok(()) } };
            let answered = async {
                let (rows, committed) = join(queries, commit).await;
                let rows = rows.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
                committed.map(|()| rows)
            };
            led(client, &lead, answered).await
        });
        if and_commit {
            self.stage = Stage::Auto;
        }
        answered
    }

    /// What is due before a statement; from here on the transaction is open, if there is to be one.
    fn lead(&mut self) -> Lead {
        let begins = self.stage == Stage::Wanted;
        if begins {
            self.stage = Stage::Open;
        }
        self.flushes += 1;
        Lead { begins, posted: std::mem::take(&mut self.posted) }
    }

    /// Prepares a statement once per connection.
    fn prepare(&mut self, text: &'static str) -> Result<Statement> {
        let key = Sql::key(text);
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        // It leads nothing: preparing may come before BEGIN, and before what was posted.
        let statement = self.drive(async |client| client.prepare(text).await)?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    /// Runs something on the connection, within a bounded time.
    fn drive<T>(
        &mut self,
        run: impl AsyncFnOnce(&Client) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let wait = if self.role == Role::Migrate { Duration::MAX } else { self.patience.statement + SLACK };
        let Some(client) = &self.client else {
            return Err(Failure::Unavailable("the connection to the database is lost".into()).into());
        };
        let answered = self.runtime.block_on(async { tokio::time::timeout(wait, run(client)).await });
        match answered {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                self.is_read_only |= error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
                Err(translate(&error).into())
            }
            Err(_) => {
                // Its answers may still come, and belong to nobody then.
                self.abandon();
                Err(Failure::Timeout("the database did not answer".into()).into())
            }
        }
    }
}

/// Begins a transaction whose statements see the same state.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Futures that `join_all` polls strictly in order.
const ORDERED: usize = 30;

/// Sends a statement and what leads it in one flush. The first of them that failed is the answer: what follows it only
/// says that the transaction is spoiled.
async fn led<T>(
    client: &Client,
    lead: &Lead,
    statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> std::result::Result<T, tokio_postgres::Error> {
    if !lead.begins && lead.posted.is_empty() {
        return statement.await;
    }
    let begin = async { if lead.begins { client.batch_execute("BEGIN").await } else { Ok(()) } };
    let posted = lead.posted.iter().map(|one| one.run(client));
    let (begun, posted, answered) = join3(begin, join_all(posted.collect::<Vec<_>>()), statement).await;
    begun?;
    posted.into_iter().try_for_each(|posted| posted.map(drop))?;
    answered
}

/// Reads rows: one over the bound at most, so that whoever counts can tell.
async fn rows(
    client: &Client,
    statement: &Statement,
    args: &[Value<'_>],
) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
    let rows = client.query_raw(statement, args).await?;
    let mut rows = std::pin::pin!(rows);
    let mut found: Vec<Row> = Vec::new();
    while found.len() <= ROWS
        && let Some(row) = rows.try_next().await?
    {
        found.push(row);
    }
    Ok(found)
}

/// How a connection is set up.
fn setup(role: Role, patience: Patience) -> String {
    let ms = patience.statement.as_millis();
    let common =
        "SET default_transaction_isolation = 'read committed'; SET jit = off; SET client_min_messages = warning";
    match role {
        Role::Migrate => format!("{common}; SET statement_timeout = 0"),
        Role::Work => {
            format!("{common}; SET statement_timeout = {ms}; SET idle_in_transaction_session_timeout = {ms}")
        }
        // Each statement there finds few rows by key. A plan made while the tables were empty would scan them for ever.
        Role::Append => format!(
            "{common}; SET statement_timeout = {ms}; SET idle_in_transaction_session_timeout = {ms};
             SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
             SET enable_mergejoin = off; SET enable_bitmapscan = off"
        ),
    }
}

/// Translates what PostgreSQL says into what an operator would do about it. The server's detail is left out: it
/// repeats values.
fn translate(error: &tokio_postgres::Error) -> Failure {
    let Some(answer) = error.as_db_error() else {
        let is_io = std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if error.is_closed() || is_io {
            Failure::Unavailable(format!("the connection to the database is lost: {error}"))
        } else {
            Failure::Internal(format!("postgres: {error}"))
        };
    };
    let what = format!("postgres {}: {}", answer.code().code(), answer.message());
    match *answer.code() {
        // The append divides by zero where a head is not as it assumed: the only error that a plain statement can choose.
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::DIVISION_BY_ZERO => {
            Failure::Conflict(what)
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => Failure::Timeout(what),
        SqlState::DISK_FULL | SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Full(what),
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::OUT_OF_MEMORY
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Failure::Unavailable(what),
        _ => Failure::Internal(what),
    }
}
