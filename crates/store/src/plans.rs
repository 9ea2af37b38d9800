//! Pushes that run later, once or in a cycle of days: what is pushed is a *plan*, each of its moments a *run*.
//!
//! The runs of a plan are rows from the start, because the contract lets callers list them and cancel single ones. A
//! bound on plans and on the days of a cycle bounds them.

use contract::{AppId, Millis, Result, limit};

use crate::value::{FromRow, Row};
use crate::{Snapshot, Tx};

/// What is pushed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Unique in the app.
    pub id: String,
    /// Which action made it, as the contract numbers it.
    pub kind: i64,
    /// What its targets are, as the contract numbers it.
    pub delivery: i64,
    /// 1 for once, 2 for a cycle.
    pub strategy: i64,
    /// What is shown, to find it by.
    pub title: String,
    /// What is shown, to find it by.
    pub content: String,
    /// What is pushed, as JSON.
    pub spec: String,
    /// When it was made.
    pub created_at: Millis,
}

/// One moment of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Unique in the app; that of the plan where it runs once.
    pub id: String,
    /// The plan.
    pub plan: String,
    /// When it is pushed.
    pub push_at: Millis,
}

/// A run as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The run.
    pub run: Run,
    /// Whether it has run.
    pub has_run: bool,
    /// Its plan, without what is pushed.
    pub plan: Plan,
}

impl FromRow for Listed {
    fn from_row(row: Row<'_>) -> Result<Self> {
        let plan: String = row.get(1)?;
        Ok(Self {
            run: Run { id: row.get(0)?, plan: plan.clone(), push_at: row.get(2)? },
            has_run: row.get(3)?,
            plan: Plan {
                id: plan,
                kind: row.get(4)?,
                delivery: row.get(5)?,
                strategy: row.get(6)?,
                title: row.get(7)?,
                content: row.get(8)?,
                spec: String::new(),
                created_at: row.get(9)?,
            },
        })
    }
}

/// Adds a plan with its runs.
pub fn add(tx: &mut Tx<'_>, plan: &Plan, runs: &[Run]) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO push_plans (app, id, kind, delivery, strategy, title, content, spec, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ),
        (
            app,
            &plan.id,
            plan.kind,
            plan.delivery,
            plan.strategy,
            &plan.title,
            &plan.content,
            &plan.spec,
            plan.created_at,
        ),
    )?;
    tx.post_all(
        sql!("INSERT INTO push_runs (app, id, plan, push_at) VALUES ($1, $2, $3, $4)"),
        runs.iter().map(|run| (app, &run.id, &run.plan, run.push_at)),
    )
}

/// Counts plans that have runs to come.
pub fn count_open(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) =
        snapshot.one(sql!("SELECT COUNT(DISTINCT plan) FROM push_runs WHERE app = $1 AND state = 0"), (app,))?;
    Ok(count)
}

/// Cancels what is left of a plan. Answers how many runs that were.
pub fn cancel_plan(tx: &mut Tx<'_>, plan: &str) -> Result<u64> {
    let app = tx.app();
    tx.run(sql!("UPDATE push_runs SET state = 2 WHERE app = $1 AND plan = $2 AND state = 0"), (app, plan))
}

/// Cancels one run. Answers false if there is none to come.
pub fn cancel_run(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let app = tx.app();
    let cancelled =
        tx.run(sql!("UPDATE push_runs SET state = 2 WHERE app = $1 AND id = $2 AND state + 0 = 0"), (app, id))?;
    Ok(cancelled > 0)
}

/// A run whose time has come, with what is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The run.
    pub id: String,
    /// When it was to be pushed.
    pub push_at: Millis,
    /// What is pushed, as JSON.
    pub spec: String,
}

/// Takes runs whose time has come, oldest first: they count as run when this transaction commits.
pub fn take_due(tx: &mut Tx<'_>, now: Millis, count: usize) -> Result<Vec<Due>> {
    let app = tx.app();
    let rows: Vec<(String, Millis, String)> = tx.all(
        sql! {
            sqlite: "SELECT r.id, r.push_at, p.spec FROM push_runs r
                         JOIN push_plans p ON p.app = r.app AND p.id = r.plan
                     WHERE r.app = $1 AND r.state = 0 AND r.push_at <= $2 ORDER BY r.push_at, r.id LIMIT $3",
            postgres: "SELECT r.id, r.push_at, p.spec FROM push_runs r
                           JOIN push_plans p ON p.app = r.app AND p.id = r.plan
                       WHERE r.app = $1 AND r.state = 0 AND r.push_at <= $2 ORDER BY r.push_at, r.id LIMIT $3
                       FOR UPDATE OF r SKIP LOCKED"
        },
        (app, now, count.min(limit::STORE_PAGE) as i64),
    )?;
    tx.post_all(
        sql!("UPDATE push_runs SET state = 1 WHERE app = $1 AND id = $2"),
        rows.iter().map(|(id, ..)| (app, id.as_str())),
    )?;
    Ok(rows.into_iter().map(|(id, push_at, spec)| Due { id, push_at, spec }).collect())
}

/// Lists apps that have runs whose time has come, in pages by id. It spans apps, so it runs for the platform.
pub fn apps_due(snapshot: &mut Snapshot<'_>, now: Millis, after: AppId) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(r.app) FROM push_runs r WHERE r.state = 0 AND r.app > $2)
                 UNION ALL
                 SELECT (SELECT MIN(r.app) FROM push_runs r WHERE r.state = 0 AND r.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM push_runs r WHERE r.app = firsts.app AND r.state = 0 AND r.push_at <= $1
             ) LIMIT $3"
        ),
        (now, after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}

/// Which runs are asked for; cancelled ones are never listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// From this moment …
    pub from: Millis,
    /// … up to this one.
    pub until: Millis,
    /// Made by this action; none for all.
    pub kind: Option<i64>,
    /// Of this plan, or this run; empty for all.
    pub id: String,
}

/// Counts runs.
pub fn count(snapshot: &mut Snapshot<'_>, filter: &Filter) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!(
            "SELECT COUNT(*) FROM push_runs r JOIN push_plans p ON p.app = r.app AND p.id = r.plan
             WHERE r.app = $1 AND r.push_at >= $2 AND r.push_at <= $3 AND r.state <> 2
                 AND (CAST($4 AS BIGINT) IS NULL OR p.kind = $4) AND ($5 = '' OR r.plan = $5 OR r.id = $5)"
        ),
        (app, filter.from, filter.until, filter.kind, filter.id.as_str()),
    )?;
    Ok(count)
}

/// Lists runs in the order of their moments.
pub fn list(snapshot: &mut Snapshot<'_>, filter: &Filter, skip: i64, count: usize) -> Result<Vec<Listed>> {
    let app = snapshot.app();
    snapshot.all(
        sql!(
            "SELECT r.id, r.plan, r.push_at, r.state, p.kind, p.delivery, p.strategy, p.title, p.content, p.created_at
             FROM push_runs r JOIN push_plans p ON p.app = r.app AND p.id = r.plan
             WHERE r.app = $1 AND r.push_at >= $2 AND r.push_at <= $3 AND r.state <> 2
                 AND (CAST($4 AS BIGINT) IS NULL OR p.kind = $4) AND ($5 = '' OR r.plan = $5 OR r.id = $5)
             ORDER BY r.push_at, r.id LIMIT $6 OFFSET $7"
        ),
        (app, filter.from, filter.until, filter.kind, filter.id.as_str(), count.min(limit::STORE_PAGE) as i64, skip),
    )
}

/// Forgets runs of long ago, and plans of which nothing is left. Answers how many runs.
pub fn purge(tx: &mut Tx<'_>, before: Millis) -> Result<u64> {
    let app = tx.app();
    let gone = tx.run(
        sql!(
            "DELETE FROM push_runs WHERE app = $1 AND id IN (
                 SELECT id FROM push_runs WHERE app = $1 AND push_at < $2 AND state <> 0 ORDER BY push_at, id LIMIT $3
             )"
        ),
        (app, before, limit::STORE_PAGE as i64),
    )?;
    if gone > 0 {
        tx.post(
            sql!(
                "DELETE FROM push_plans WHERE app = $1 AND created_at < $2 AND NOT EXISTS (
                     SELECT 1 FROM push_runs r WHERE r.app = push_plans.app AND r.plan = push_plans.id
                 )"
            ),
            (app, before),
        )?;
    }
    Ok(gone)
}
