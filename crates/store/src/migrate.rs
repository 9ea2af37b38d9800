//! Brings a database to today's schema: forward only, each step in its transaction.
//!
//! A step is one text for both engines. A line that begins with `--sqlite` or `--postgres` is for that engine
//! alone; the type BLOB is called BYTEA on PostgreSQL.

use std::time::Instant;

use contract::{Failure, Result};
use rusqlite::Connection;

use crate::postgres::Session;
use crate::sqlite::{APPLICATION_ID, translate};

/// The steps, in order; the number is the version that the step leads to.
pub(crate) const STEPS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_accounts.sql")),
    (2, include_str!("../migrations/0002_messages.sql")),
    (3, include_str!("../migrations/0003_devices.sql")),
    (4, include_str!("../migrations/0004_platform.sql")),
    (5, include_str!("../migrations/0005_push.sql")),
    (6, include_str!("../migrations/0006_daily_active.sql")),
    (7, include_str!("../migrations/0007_profiles.sql")),
    (8, include_str!("../migrations/0008_follows.sql")),
    (9, include_str!("../migrations/0009_mutes_statistics.sql")),
    (10, include_str!("../migrations/0010_relations.sql")),
    (11, include_str!("../migrations/0011_conversations.sql")),
    (12, include_str!("../migrations/0012_message_changes.sql")),
    (13, include_str!("../migrations/0013_webhooks.sql")),
    (14, include_str!("../migrations/0014_broadcasts.sql")),
    (15, include_str!("../migrations/0015_media.sql")),
    (16, include_str!("../migrations/0016_exports.sql")),
    (17, include_str!("../migrations/0017_daily_sends.sql")),
    (20, include_str!("../migrations/0020_cloud.sql")),
    (21, include_str!("../migrations/0021_bindings.sql")),
    (23, include_str!("../migrations/0023_push_tasks.sql")),
    (24, include_str!("../migrations/0024_push_counts.sql")),
    (25, include_str!("../migrations/0025_push_marks.sql")),
    (27, include_str!("../migrations/0027_push_templates.sql")),
    (28, include_str!("../migrations/0028_push_plans.sql")),
    (29, include_str!("../migrations/0029_push_results.sql")),
    (30, include_str!("../migrations/0030_groups.sql")),
    (31, include_str!("../migrations/0031_group_requests.sql")),
    (32, include_str!("../migrations/0032_group_messages.sql")),
    (34, include_str!("../migrations/0034_topics.sql")),
    (35, include_str!("../migrations/0035_group_attributes.sql")),
    (36, include_str!("../migrations/0036_live_rooms.sql")),
    (37, include_str!("../migrations/0037_receipts.sql")),
    (42, include_str!("../migrations/0042_ended_groups.sql")),
    (43, include_str!("../migrations/0043_topic_reads.sql")),
    (45, include_str!("../migrations/0045_live_activities.sql")),
    (46, include_str!("../migrations/0046_broadcast_outcomes.sql")),
    (50, include_str!("../migrations/0050_device_parts.sql")),
    (51, include_str!("../migrations/0051_answered_requests.sql")),
    (52, include_str!("../migrations/0052_webhook_ids.sql")),
    (53, include_str!("../migrations/0053_webhook_batches.sql")),
];

/// The version that this binary knows.
pub(crate) const NEWEST: i64 = STEPS[STEPS.len() - 1].0;

/// Which engine a text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Makes one engine's text of a step.
pub(crate) fn dialect(text: &str, dialect: Dialect) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let (own, line) = match (line.strip_prefix("--sqlite"), line.strip_prefix("--postgres")) {
            (Some(rest), _) => (dialect == Dialect::Sqlite, rest),
            (_, Some(rest)) => (dialect == Dialect::Postgres, rest),
            (None, None) => (true, line),
        };
        // A comment may hold anything, so it is cut before words are replaced.
        let line = line.split("--").next().unwrap_or_default();
        if own && !line.trim().is_empty() {
            out.push_str(&if dialect == Dialect::Postgres { line.replace("BLOB", "BYTEA") } else { line.to_owned() });
            out.push('\n');
        }
    }
    out
}

/// Refuses a database that a newer binary has changed.
pub(crate) fn check_version(found: i64) -> Result<()> {
    if found > NEWEST {
        return Err(Failure::Unavailable(format!(
            "the database has schema version {found}, this program knows {NEWEST}: start a newer program"
        ))
        .into());
    }
    Ok(())
}

/// Migrates a SQLite file.
pub(crate) fn sqlite(conn: &Connection) -> Result<()> {
    let pragma = |name| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(translate);
    let (owner, found) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = conn.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(translate)?;
    if owner != APPLICATION_ID && (owner != 0 || tables != 0) {
        return Err(Failure::Unavailable("the file is a database of another program".into()).into());
    }
    check_version(found)?;
    for (version, text) in STEPS.iter().filter(|(version, _)| *version > found) {
        let step = dialect(text, Dialect::Sqlite);
        let whole = format!(
            "BEGIN IMMEDIATE; {step}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT"
        );
        conn.execute_batch(&whole).map_err(|error| {
            if !conn.is_autocommit() {
                drop(conn.execute_batch("ROLLBACK"));
            }
            translate(error)
        })?;
    }
    Ok(())
}

/// Names the lock that one migrating process holds; any number that nothing else uses.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5643282910418233417)";

/// Migrates a PostgreSQL database. All steps are one transaction, and processes that start at once take turns.
pub(crate) fn postgres(session: &mut Session) -> Result<()> {
    session.ensure(Instant::now() + session.patience().away)?;
    session.batch("BEGIN")?;
    session.batch(LOCK)?;
    session.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
    let mut found = 0;
    let newest = sql!(postgres: "SELECT COALESCE(MAX(version), 0) FROM schema_version");
    session.query(newest, &[], &mut |row| {
        found = row.get(0)?;
        Ok(false)
    })?;
    check_version(found)?;
    for (version, text) in STEPS.iter().filter(|(version, _)| *version > found) {
        session.batch(&dialect(text, Dialect::Postgres))?;
        session.batch(&format!("INSERT INTO schema_version (version) VALUES ({version})"))?;
    }
    session.batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_belong_to_one_engine() {
        let text = "CREATE TABLE t ( -- a BLOB\n  id BLOB\n--sqlite ) WITHOUT ROWID;\n--postgres );\n";
        assert_eq!(dialect(text, Dialect::Sqlite), "CREATE TABLE t ( \n  id BLOB\n ) WITHOUT ROWID;\n");
        assert_eq!(dialect(text, Dialect::Postgres), "CREATE TABLE t ( \n  id BYTEA\n );\n");
    }

    #[test]
    fn events_that_wait_to_be_told_keep_their_order_and_what_they_say_over_the_steps_that_change_their_table() {
        let conn = Connection::open_in_memory().expect("a store");
        for (_, text) in STEPS.iter().take_while(|(version, _)| *version < 52) {
            conn.execute_batch(&dialect(text, Dialect::Sqlite)).expect("a step");
        }
        conn.execute_batch(&format!(
            r#"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 51;
               INSERT INTO webhook_events (app, part, at, origin, happening, conversation, time, seq)
               VALUES (2, 7, 10, '{{"i":"::1","v":"Web"}}', '{{"Sent":{{"receiver":"bob"}}}}',
                       x'0102030405060708090a0b0c0d0e0fff', 5, 6),
                      (1, 7, 11, '{{}}', '{{}}', NULL, 0, 0),
                      (2, -9223372036854775808, 12, '{{"v":"Rest"}}', '{{}}', NULL, 0, 0)"#
        ))
        .expect("rows");
        sqlite(&conn).expect("it is migrated");
        let mut lite = crate::sqlite::Lite::writer(conn);
        let id = lite.batch_id(contract::AppId(2), contract::Millis(0)).expect("an id");
        let mut found = Vec::new();
        let all = sql!("SELECT id, count, events FROM webhook_events WHERE app = 2 ORDER BY id");
        lite.query(all, &[], &mut |row| {
            found.push((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?));
            Ok(true)
        })
        .expect("rows");
        let kept: Vec<(i64, &str)> = found.iter().map(|(_, count, events)| (*count, &**events)).collect();
        let conversation = "0102030405060708090a0b0c0d0e0fff";
        let sent =
            format!(r#"[[7,10,{{"i":"::1","v":"Web"}},{{"Sent":{{"receiver":"bob"}}}},["{conversation}",5,6]]]"#);
        assert_eq!(kept, [(1, &*sent), (1, r#"[[-9223372036854775808,12,{"v":"Rest"},{},null]]"#)]);
        assert!(found.iter().all(|(old, ..)| *old < id), "what comes is behind what waits");
    }

    #[test]
    fn the_steps_are_numbered_in_order() {
        assert!(STEPS.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
