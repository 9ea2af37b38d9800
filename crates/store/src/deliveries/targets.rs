//! Targets that a task named, until their ways are known: taken, given their ways, left to wait, ended.

use contract::{DeviceId, Millis, Result, UserId};

use super::{Claim, Look, Road, Route, Status, Target, Way, add_ways};
use crate::Tx;

/// A target whose ways have to be looked up, or whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The task.
    pub task: i64,
    /// Its number in the task.
    pub number: i64,
    /// Whom the task named.
    pub target: Target,
    /// What is pushed, as JSON.
    pub notification: String,
    /// When it is not worth delivering any more.
    pub expires_at: Millis,
    /// Whether it is kept for a device that is away.
    pub is_kept: bool,
    /// By which ways it goes.
    pub route: Route,
}

type OpenRow = (i64, i64, String, String, String, Millis, bool, String, i64, i64, String, bool, i64, String);

/// Takes due targets for this transaction.
pub fn take_targets(tx: &mut Tx<'_>, look: Look) -> Result<Vec<Open>> {
    let app = tx.app();
    let rows: Vec<OpenRow> = tx.all(
        sql! {
            sqlite: "SELECT d.task, d.number, d.account, d.device, t.notification, t.expires_at, t.store_offline, t.own,
                         t.road, t.systems, t.channels, t.fleeting, t.counted, t.kind
                     FROM deliveries d JOIN tasks t ON t.app = d.app AND t.id = d.task
                     WHERE d.app = $1 AND d.lane = '' AND d.ended_at = 0 AND d.due_at > $4 AND d.due_at <= $2
                     ORDER BY d.due_at LIMIT $3",
            postgres: "SELECT d.task, d.number, d.account, d.device, t.notification, t.expires_at, t.store_offline, t.own,
                           t.road, t.systems, t.channels, t.fleeting, t.counted, t.kind
                       FROM deliveries d JOIN tasks t ON t.app = d.app AND t.id = d.task
                       WHERE d.app = $1 AND d.lane = '' AND d.ended_at = 0 AND d.due_at > $4 AND d.due_at <= $2
                       ORDER BY d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED"
        },
        (app, look.now, look.count as i64, look.after),
    )?;
    Ok(rows.into_iter().map(open).collect())
}

fn open(row: OpenRow) -> Open {
    let (
        task,
        number,
        account,
        device,
        notification,
        expires_at,
        is_kept,
        own,
        road,
        systems,
        channels,
        fleeting,
        counted,
        kind,
    ) = row;
    let target = if account.is_empty() {
        Target::Device(DeviceId::trusted(&device))
    } else {
        Target::Account(UserId::trusted(&account))
    };
    let road = Road::from_number(road);
    let route = Route { own, road, systems, channels, is_fleeting: fleeting, counted, kind };
    Open { task, number, target, notification, expires_at, is_kept, route }
}

/// A target with the ways that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// The target.
    pub open: &'a Open,
    /// At least one.
    pub ways: Vec<Way>,
    /// Whether the first of them is not left for somebody to claim: it is sent by whoever has chosen it.
    pub is_claimed: bool,
}

/// Gives targets their ways, the first of them in the target's own row.
pub fn set_ways(tx: &mut Tx<'_>, now: Millis, chosen: &[Chosen<'_>], claim: &Claim) -> Result<()> {
    let app = tx.app();
    if chosen.is_empty() {
        return Ok(());
    }
    let firsts = || {
        chosen.iter().filter_map(|Chosen { open, ways, is_claimed }| {
            let lease = if *is_claimed { (claim.until, claim.node, claim.id) } else { (now, 0, 0) };
            Some((*open, ways.first()?, lease))
        })
    };
    tx.post_many_or_set(
        sql! {
            sqlite: "UPDATE deliveries SET device = $4, lane = $5, badge = $6, due_at = $7, lease_by = $8, lease = $9,
                         waits = 0, woken = 0, family = '', status = 0
                     WHERE app = $1 AND task = $2 AND number = $3 AND ended_at + 0 = 0",
            postgres: "UPDATE deliveries d SET device = l.v ->> 2, lane = l.v ->> 3, badge = CAST(l.v ->> 4 AS BIGINT),
                           due_at = CAST(l.v ->> 5 AS BIGINT), lease_by = CAST(l.v ->> 6 AS BIGINT),
                           lease = CAST(l.v ->> 7 AS BIGINT), waits = 0, woken = 0, family = '', status = 0
                       FROM jsonb_array_elements($2::text::jsonb) AS l (v)
                       WHERE d.app = $1 AND d.task = CAST(l.v ->> 0 AS BIGINT)
                           AND d.number = CAST(l.v ->> 1 AS BIGINT) AND d.ended_at + 0 = 0"
        },
        firsts().map(|(open, way, (due, node, lease))| {
            (app, open.task, open.number, &way.device, &way.lane, way.badge, due, node, lease)
        }),
        || {
            let row = |(open, way, (due, node, lease)): (&Open, &Way, (Millis, i64, i64))| {
                serde_json::json!([
                    open.task,
                    open.number,
                    way.device.as_str(),
                    way.lane,
                    way.badge,
                    due.0,
                    node,
                    lease
                ])
            };
            (app, firsts().map(row).collect::<serde_json::Value>().to_string())
        },
    )?;
    for Chosen { open, ways, .. } in chosen.iter().filter(|chosen| chosen.ways.len() > 1) {
        let account = match &open.target {
            Target::Account(account) => account.as_str(),
            Target::Device(_) => "",
        };
        add_ways(tx, open.task, open.number + 1, account, &ways[1..], now)?;
    }
    Ok(())
}

/// Lets a target wait for a binding.
pub fn set_unbound(tx: &mut Tx<'_>, open: &Open, status: &Status) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE deliveries SET family = $4, status = $5, waits = 2, due_at = $6
             WHERE app = $1 AND task = $2 AND number = $3 AND ended_at + 0 = 0"
        ),
        (app, open.task, open.number, &status.family, i64::from(status.number), open.expires_at),
    )
}

/// Ends a target whose time is over; it keeps the status it has, or gets this one.
pub fn end_target(tx: &mut Tx<'_>, now: Millis, open: &Open, otherwise: &Status) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE deliveries SET ended_at = $4, waits = 0,
                 status = CASE WHEN family = '' THEN CAST($6 AS BIGINT) ELSE status END,
                 family = CASE WHEN family = '' THEN CAST($5 AS TEXT) ELSE family END
             WHERE app = $1 AND task = $2 AND number = $3 AND ended_at + 0 = 0"
        ),
        (app, open.task, open.number, now, &otherwise.family, i64::from(otherwise.number)),
    )
}
