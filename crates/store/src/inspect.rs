//! Looks at a store from outside, without opening it for work and without changing it: for operators who want to
//! know why a node does not start, or whether what it stands on is sound.

use std::path::Path;
use std::time::{Duration, Instant};

use contract::{Failure, Millis, Result};
use rusqlite::OpenFlags;
use tokio_postgres::Config;

use crate::migrate::NEWEST;
use crate::postgres::{Patience, Role, Session};
use crate::sqlite::{APPLICATION_ID, connect, translate};
use crate::{Settings, blocking, sqlite};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The engine with its version.
    pub engine: String,
    /// The schema that the data have; 0 if there are none yet.
    pub schema: i64,
    /// The schema that this program makes of them.
    pub schema_newest: i64,
    /// Settings of the server on which durability depends, by name; none on SQLite, where we set them ourselves.
    pub durability: Vec<(&'static str, String)>,
    /// What the server's clock says; none on SQLite.
    pub clock: Option<Millis>,
}

/// Looks at the store.
pub async fn inspect(settings: &Settings) -> Result<Inspection> {
    let settings = settings.clone();
    blocking(move || match settings {
        Settings::Sqlite { path, .. } => file(&path),
        Settings::Postgres { url, statement_ms, away_ms, .. } => {
            server(&url, Duration::from_millis(statement_ms), Duration::from_millis(away_ms))
        }
    })
    .await
}

/// Whether another process has the embedded store open. A server is never held: many share it.
pub fn is_held(settings: &Settings) -> Result<bool> {
    match settings {
        Settings::Sqlite { path, .. } if path.exists() => sqlite::is_held(path),
        _ => Ok(false),
    }
}

fn file(path: &Path) -> Result<Inspection> {
    let engine = format!("SQLite {}", rusqlite::version());
    let mut found = Inspection { engine, schema: 0, schema_newest: NEWEST, durability: Vec::new(), clock: None };
    if !path.exists() {
        return Ok(found);
    }
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, 2)?;
    let pragma =
        |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(translate);
    if pragma("application_id")? != APPLICATION_ID {
        return Err(Failure::Unavailable("the file is a database of another program".into()).into());
    }
    found.schema = pragma("user_version")?;
    Ok(found)
}

fn server(url: &str, statement: Duration, away: Duration) -> Result<Inspection> {
    // The parser's error does not repeat the url, which may hold a password.
    let config: Config =
        url.parse().map_err(|error| Failure::Unavailable(format!("the database url is malformed: {error}")))?;
    let mut session = Session::new(&config, Role::Migrate, Patience { statement, away })?;
    session.ensure(Instant::now() + away)?;
    let mut found =
        Inspection { engine: String::new(), schema: 0, schema_newest: NEWEST, durability: Vec::new(), clock: None };
    let mut is_ours = false;
    let settings = sql!(postgres:
        "SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync'),
                current_setting('full_page_writes'), (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint,
                to_regclass('schema_version') IS NOT NULL");
    session.query(settings, &[], &mut |row| {
        found.engine = format!("PostgreSQL {}", row.get::<String>(0)?);
        found.durability =
            vec![("synchronous_commit", row.get(1)?), ("fsync", row.get(2)?), ("full_page_writes", row.get(3)?)];
        found.clock = Some(row.get(4)?);
        is_ours = row.get(5)?;
        Ok(false)
    })?;
    if is_ours {
        let newest = sql!(postgres: "SELECT COALESCE(MAX(version), 0) FROM schema_version");
        session.query(newest, &[], &mut |row| {
            found.schema = row.get(0)?;
            Ok(false)
        })?;
    }
    Ok(found)
}
