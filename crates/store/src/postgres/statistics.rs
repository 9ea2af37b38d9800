//! Tells PostgreSQL's planner of tables that have grown, sooner than its own autovacuum does.
//!
//! Of a table that nobody has analyzed the planner believes that an app owns a two-hundredth, and that any index will do;
//! connections keep the plans that they made so until the table is analyzed. A node that has just begun would work by
//! such plans for minutes, with each statement going through all that an app has. So whatever doubled since it was
//! analyzed is analyzed again, which costs some hundredths of a second and comes less and less often.

use std::time::{Duration, Instant};

use contract::Result;
use parking_lot::{Condvar, Mutex};

use super::Session;
use crate::tx::Sql;
use crate::value::Value;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);

/// Tables that one look analyzes.
const AT_ONCE: i64 = 8;

/// A quarter of the usual detail, for a quarter of the work: statements here look rows up by key. What autovacuum finds
/// out later has all of it.
const TARGET: u32 = 25;

/// Those with most changes first. A thousand rows are few enough for any plan.
const GROWN: Sql = sql!(
    postgres: "SELECT s.relname::text FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
               WHERE s.schemaname = current_schema() AND s.n_mod_since_analyze > 1000 + GREATEST(c.reltuples, 0)
               ORDER BY s.n_mod_since_analyze DESC LIMIT $1"
);

/// A word to stop.
#[derive(Default)]
pub(super) struct Stop {
    is_stopped: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    pub(super) fn stop(&self) {
        *self.is_stopped.lock() = true;
        self.bell.notify_all();
    }

    /// Waits; answers whether to go on.
    fn wait(&self) -> bool {
        let mut is_stopped = self.is_stopped.lock();
        let until = Instant::now() + LOOK;
        while !*is_stopped && !self.bell.wait_until(&mut is_stopped, until).timed_out() {}
        !*is_stopped
    }
}

/// Looks until it is stopped. Its connection is made with the first look.
pub(super) fn run(mut session: Session, stop: &Stop) {
    while stop.wait() {
        if let Err(error) = look(&mut session) {
            tracing::warn!(%error, "what the planner knows of the tables could not be renewed");
        }
    }
}

fn look(session: &mut Session) -> Result<()> {
    session.ensure(Instant::now())?;
    let mut grown: Vec<String> = Vec::new();
    session.query(GROWN, &[Value::Int(AT_ONCE)], &mut |row| {
        grown.push(row.get(0)?);
        Ok(true)
    })?;
    for table in grown {
        tracing::debug!(table, "a table has grown, it is analyzed");
        // The name is one of our own tables. Where another node is at it, that is enough.
        session.batch(&format!("SET default_statistics_target = {TARGET}; ANALYZE (SKIP_LOCKED) {table}"))?;
    }
    Ok(())
}
