//! The append on PostgreSQL: one set-based statement a step, two round trips for most batches, four at most.
//!
//! 1. BEGIN, read the heads that are not remembered, the accounts and the exact matches.
//! 2. Only where somebody is blocked or friends alone may write: what stands between sender and receiver.
//! 3. Only if memory cannot tell: the newest messages that drafts may repeat.
//! 4. Heads, messages, memberships, outbox, COMMIT. A head is locked by the statement that moves or makes it, and must be
//!    as it was remembered or read: otherwise everything is undone and runs again carefully, which makes and locks the
//!    heads in key order before they are read. Two nodes that take turns in a conversation can so wait for each other;
//!    the database ends that, and the careful run locks in order.
//!
//! The statements are plain ones, not one with many changing parts: those are refused by some who speak the protocol.

use contract::group::{GroupKind, Role};
use contract::{AppId, Failure, Millis, MsgKey, Result, Seq};
use tokio_postgres::Row;

use super::columns::{Assumed, Ends, Events, GroupArgs, Heads, Members, Messages, Pushes};
use super::plan::{Account, Engine, Gathered, Head, Pair, Plan, Questions, Recent, Slot};
use super::window::{GROUP_LOOKBACK, Stored};
use super::{GroupFacts, Waiting};
use crate::postgres::{Args, Session};
use crate::relations::Tie;
use crate::tx::Sql;

/// Makes the missing heads and locks all, in key order.
///
/// `WHERE FALSE` writes nothing to a head that is there, but locks it all the same (page "INSERT" of PostgreSQL's
/// manual, on ON CONFLICT DO UPDATE): one statement, one order, so two nodes cannot wait for each other.
const LOCK: Sql = sql!(
    postgres: "INSERT INTO conversations (app, id, kind, low, high)
               SELECT u.app, u.id, 0, u.low, u.high
               FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[]) AS u (app, id, low, high)
               ORDER BY u.app, u.id
               ON CONFLICT (app, id) DO UPDATE SET seq = conversations.seq WHERE FALSE"
);

const HEADS: Sql = sql!(
    postgres: "SELECT u.n, c.seq, c.last_at, c.last_seq, c.last_time, c.moved_at, c.writer, c.scan_until, c.parted
               FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS u (app, id, n)
               JOIN conversations c ON c.app = u.app AND c.id = u.id"
);

const ACCOUNTS: Sql = sql!(
    postgres: "SELECT u.n, a.deleted_at, a.reach, a.muted_until, a.blocks
               FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS u (app, id, n)
               JOIN accounts a ON a.app = u.app AND a.id = u.id"
);

const EXACT: Sql = sql!(
    postgres: "SELECT u.n, f.time, f.msg_seq, f.msg_random, f.seq, f.at
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
                    WITH ORDINALITY AS u (app, conversation, time, msg_seq, msg_random, n)
               CROSS JOIN LATERAL (
                   SELECT m.time, m.msg_seq, m.msg_random, m.seq, m.at FROM messages m
                   WHERE m.app = u.app AND m.conversation = u.conversation AND m.time = u.time
                     AND m.msg_seq = u.msg_seq AND m.msg_random = u.msg_random AND m.grouped = 0
                   ORDER BY m.seq LIMIT 1) AS f"
);

const RECENT: Sql = sql!(
    postgres: "SELECT u.n, f.time, f.msg_seq, f.msg_random, f.seq, f.at
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                           $7::bigint[], $8::bigint[], $9::bigint[])
                    WITH ORDINALITY AS u (app, conversation, time, msg_seq, msg_random, sender, crc, since, until, n)
               CROSS JOIN LATERAL (
                   SELECT m.time, m.msg_seq, m.msg_random, m.seq, m.at FROM messages m
                   WHERE m.app = u.app AND m.conversation = u.conversation
                     AND m.time BETWEEN u.time AND u.until / 1000
                     AND m.msg_seq = u.msg_seq AND m.msg_random = u.msg_random AND m.grouped = 0
                     AND m.sender = u.sender AND m.crc = u.crc AND m.at BETWEEN u.since AND u.until
                     AND m.flags & 32 = 0
                   ORDER BY m.time DESC, m.seq DESC LIMIT 1) AS f"
);

/// As [`RECENT`], in groups: $8 is the place behind which is looked.
const RECENT_IN_GROUPS: Sql = sql!(
    postgres: "SELECT u.n, f.time, f.msg_seq, f.msg_random, f.seq, f.at
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
                           $7::bigint[], $8::bigint[])
                    WITH ORDINALITY AS u (app, conversation, msg_random, sender, crc, since, until, behind, n)
               CROSS JOIN LATERAL (
                   SELECT m.time, m.msg_seq, m.msg_random, m.seq, m.at FROM messages m
                   WHERE m.app = u.app AND m.conversation = u.conversation AND m.seq > u.behind AND m.grouped = 1
                     AND m.msg_random = u.msg_random AND m.sender = u.sender AND m.crc = u.crc
                     AND m.at BETWEEN u.since AND u.until AND m.flags & 32 = 0
                   ORDER BY m.seq DESC LIMIT 1) AS f"
);

// Who is muted in a community is so in its topics.
const GROUPS: Sql = sql!(
    postgres: "SELECT u.n, g.kind, GREATEST(g.is_muted, h.is_muted), COALESCE(m.role, 0),
                      COALESCE(GREATEST(q.until, r.until), 0), COALESCE(a.group_muted_until, 0),
                      EXISTS (SELECT 1 FROM accounts p WHERE p.app = u.app AND p.reach > 0)::int::bigint,
                      COALESCE(h.members, g.members)
               FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::bytea[])
                    WITH ORDINALITY AS u (app, id, conversation, sender, home, n)
               JOIN groups g ON g.app = u.app AND g.id = u.id AND g.conversation = u.conversation AND g.ended_at = 0
               LEFT JOIN group_members m ON m.app = u.app AND m.conversation = u.home AND m.account = u.sender
               LEFT JOIN group_mutes q ON q.app = u.app AND q.conversation = u.conversation AND q.account = u.sender
               LEFT JOIN group_mutes r ON u.home <> u.conversation AND r.app = u.app AND r.conversation = u.home
                                      AND r.account = u.sender
               LEFT JOIN groups h ON u.home <> u.conversation AND h.app = u.app AND h.conversation = u.home
               LEFT JOIN accounts a ON a.app = u.app AND a.id = u.sender"
);

const TIES: Sql = sql!(
    postgres: "SELECT u.n,
                      EXISTS (SELECT 1 FROM blocks b
                              WHERE b.app = u.app AND b.peer = u.sender AND b.account = u.receiver)::int::bigint,
                      EXISTS (SELECT 1 FROM friends f WHERE f.app = u.app AND f.friend = u.receiver
                                AND f.account = u.sender AND f.ended = 0)::int::bigint,
                      EXISTS (SELECT 1 FROM friends f WHERE f.app = u.app AND f.friend = u.sender
                                AND f.account = u.receiver AND f.ended = 0)::int::bigint
               FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS u (app, sender, receiver, n)"
);

const MESSAGES: Sql = sql!(
    postgres: "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                                     expires_at, grouped, crc, extra)
               SELECT u.app, u.conversation, u.seq, u.time, u.msg_seq, u.msg_random, u.at, u.sender, u.body, u.cloud,
                      u.flags, u.expires_at, u.grouped, u.crc, u.extra
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                           $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[],
                           $13::bigint[], $14::bigint[], $15::text[])
                    AS u (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags, expires_at,
                          crc, grouped, extra)"
);

/// Moves heads. One whose last message changes loses its place in the order of lists ([`UNSETTLED`], as a number,
/// because it is asked of the row and not of what is remembered); an index notices only if it had one.
///
/// [`UNSETTLED`]: crate::conversations::list::UNSETTLED
const MOVE: Sql = sql!(
    postgres: "UPDATE conversations AS c
               SET seq = u.seq, last_at = u.last_at, last_seq = u.last_seq, last_time = u.last_time,
                   moved_at = u.moved_at, writer = u.writer, scan_until = u.scan_until, parted = 0,
                   listed = CASE WHEN c.last_seq = u.last_seq THEN c.listed ELSE 9223372036854775807 END
               FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                           $7::bigint[], $8::bigint[], $9::bigint[])
                    AS u (app, id, seq, last_at, last_seq, last_time, moved_at, writer, scan_until)
               WHERE c.app = u.app AND c.id = u.id"
);

/// Moves heads that were assumed; an error if one was not as assumed ($13 is how many they are).
const MOVE_ASSUMED: Sql = sql!(
    postgres: "WITH moved AS (
                   UPDATE conversations AS c
                   SET seq = u.seq, last_at = u.last_at, last_seq = u.last_seq, last_time = u.last_time,
                       moved_at = GREATEST(c.moved_at, u.moved_at), writer = u.writer, scan_until = u.scan_until, parted = 0,
                       listed = CASE WHEN c.last_seq = u.last_seq THEN c.listed ELSE 9223372036854775807 END
                   FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                               $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
                        AS u (app, id, seq, last_at, last_seq, last_time, moved_at, writer, scan_until, since, was, parted)
                   WHERE c.app = u.app AND c.id = u.id AND c.seq = u.since AND c.writer = u.was AND c.parted = u.parted
                   RETURNING 1)
               SELECT 1 / (CASE WHEN COUNT(*) = $13 THEN 1 ELSE 0 END) FROM moved"
);

/// Makes heads that were not there; an error if one is there meanwhile ($12 is how many they are).
const MAKE: Sql = sql!(
    postgres: "WITH made AS (
                   INSERT INTO conversations (app, id, kind, low, high, seq, last_at, last_seq, last_time, moved_at, writer,
                                              scan_until)
                   SELECT u.app, u.id, 0, u.low, u.high, u.seq, u.last_at, u.last_seq, u.last_time, u.moved_at, u.writer,
                          u.scan_until
                   FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                               $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
                        AS u (app, id, seq, last_at, last_seq, last_time, moved_at, writer, scan_until, low, high)
                   ORDER BY u.app, u.id
                   ON CONFLICT (app, id) DO NOTHING
                   RETURNING 1)
               SELECT 1 / (CASE WHEN COUNT(*) = $12 THEN 1 ELSE 0 END) FROM made"
);

const JOIN: Sql = sql!(
    postgres: "INSERT INTO memberships (app, account, conversation, peer, cleared_seq, read_seq, hidden_seq)
               SELECT u.app, u.account, u.conversation, u.peer, u.since, u.since, u.since
               FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[], $5::bigint[])
                    AS u (app, account, conversation, peer, since)
               ORDER BY u.app, u.account, u.conversation
               ON CONFLICT (app, account, conversation) DO NOTHING"
);

const PUSH: Sql = sql!(
    postgres: "INSERT INTO outbox (app, id, topic, part, due_at, payload, conversation, seq)
               SELECT u.app, u.id, u.topic, u.part, u.due_at, u.payload, u.conversation, u.seq
               FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bytea[],
                           $8::bigint[])
                    AS u (topic, app, id, part, due_at, payload, conversation, seq)"
);

const TELL: Sql = sql!(
    postgres: "INSERT INTO webhook_events (app, count, events)
               SELECT u.app, u.count, u.events
               FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u (app, count, events)
               RETURNING id"
);

/// Takes back heads that were made for drafts which all were refused.
const UNMAKE: Sql = sql!(
    postgres: "DELETE FROM conversations AS c USING unnest($1::bigint[], $2::bytea[]) AS u (app, id)
               WHERE c.app = u.app AND c.id = u.id AND c.seq = 0"
);

impl Engine for Session {
    const ASSUMES: bool = true;
    // A row of 2 KB and more would be compressed or kept in pieces elsewhere (chapter "TOAST" of PostgreSQL's manual).
    const TOLD_BYTES: usize = 1_600;

    fn gather(&mut self, questions: &Questions<'_>) -> Result<Gathered> {
        let slots: Vec<&Slot<'_>> = questions.slots.iter().filter(|slot| slot.assumed.is_none()).collect();
        let apps: Vec<i64> = slots.iter().map(|slot| slot.app.0).collect();
        let ids: Vec<&[u8]> = slots.iter().map(|slot| &slot.id.0[..]).collect();
        let lows: Vec<&str> = slots.iter().map(|slot| slot.low.as_str()).collect();
        let highs: Vec<&str> = slots.iter().map(|slot| slot.high.as_str()).collect();
        let owners: Vec<i64> = questions.accounts.iter().map(|(app, _)| app.0).collect();
        let users: Vec<&str> = questions.accounts.iter().map(|(_, user)| user.as_str()).collect();
        let exact = &questions.exact;
        let exact_apps: Vec<i64> = exact.iter().map(|it| it.app.0).collect();
        let exact_ids: Vec<&[u8]> = exact.iter().map(|it| &it.conversation.0[..]).collect();
        let times: Vec<i64> = exact.iter().map(|it| it.key.time).collect();
        let seqs: Vec<i64> = exact.iter().map(|it| it.key.seq.into()).collect();
        let randoms: Vec<i64> = exact.iter().map(|it| it.key.random.into()).collect();
        // The accounts after the heads: whoever deletes one parts its heads first.
        let groups = GroupArgs::of(questions);
        let mut statements: Vec<(Sql, Args<'_>)> = Vec::with_capacity(5);
        if !slots.is_empty() && questions.locks {
            statements.push((LOCK, vec![&apps, &ids, &lows, &highs]));
        }
        if !slots.is_empty() {
            statements.push((HEADS, vec![&apps, &ids]));
        }
        statements.push((ACCOUNTS, vec![&owners, &users]));
        if !exact.is_empty() {
            statements.push((EXACT, vec![&exact_apps, &exact_ids, &times, &seqs, &randoms]));
        }
        if !questions.groups.is_empty() {
            statements.push((GROUPS, groups.args()));
        }
        let answers = self.flush(&statements, false)?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let mut read = Vec::new();
        if !slots.is_empty() && questions.locks {
            drop(next());
        }
        if !slots.is_empty() {
            read = place(&next(), slots.len(), head)?;
        }
        let accounts = place(&next(), questions.accounts.len(), account)?;
        let absent = || (!questions.locks).then(|| Head { is_new: true, is_absent: true, ..Head::default() });
        let mut read = read.into_iter().map(|head| head.or_else(absent));
        let heads: Option<Vec<Head>> =
            questions.slots.iter().map(|slot| slot.assumed.clone().or_else(|| read.next().flatten())).collect();
        Ok(Gathered {
            heads: heads.ok_or_else(|| Failure::internal("a locked head cannot be read"))?,
            accounts,
            exact: if exact.is_empty() { Vec::new() } else { place(&next(), exact.len(), stored)? },
            groups: match questions.groups.len() {
                0 => Vec::new(),
                count => place(&next(), count, group_facts)?.into_iter().map(Option::flatten).collect(),
            },
        })
    }

    fn ties(&mut self, questions: &[Pair<'_>]) -> Result<Vec<Tie>> {
        let apps: Vec<i64> = questions.iter().map(|it| it.app.0).collect();
        let senders: Vec<&str> = questions.iter().map(|it| it.sender.as_str()).collect();
        let receivers: Vec<&str> = questions.iter().map(|it| it.receiver.as_str()).collect();
        let answers = self.flush(&[(TIES, vec![&apps, &senders, &receivers])], false)?;
        let tie = |row: &Row| -> Result<Tie> {
            Ok(Tie {
                is_blocked: get(row, 1)? != 0,
                is_senders_friend: get(row, 2)? != 0,
                is_receivers_friend: get(row, 3)? != 0,
            })
        };
        let ties: Option<Vec<Tie>> = place(&answers[0], questions.len(), tie)?.into_iter().collect();
        Ok(ties.ok_or_else(|| Failure::internal("a question about two accounts has no answer"))?)
    }

    fn recent(&mut self, all: &[Recent<'_>]) -> Result<Vec<Option<Stored>>> {
        let mut found: Vec<Option<Stored>> = all.iter().map(|_| None).collect();
        for is_group in [false, true] {
            let asked: Vec<(usize, &Recent<'_>)> =
                all.iter().enumerate().filter(|(_, question)| question.group_seq.is_some() == is_group).collect();
            if asked.is_empty() {
                continue;
            }
            let questions: Vec<&Recent<'_>> = asked.iter().map(|(_, question)| *question).collect();
            let rows = if is_group { self.recent_in_groups(&questions)? } else { self.recent_in_pairs(&questions)? };
            for ((index, _), row) in asked.into_iter().zip(rows) {
                found[index] = row;
            }
        }
        Ok(found)
    }

    fn write(&mut self, waiting: &[(AppId, Waiting)], slots: &[Slot<'_>], plan: &Plan) -> Result<Vec<i64>> {
        let messages = Messages::of(waiting, plan);
        let (assumed, locked): (Vec<_>, Vec<_>) =
            plan.heads.iter().partition(|(slot, _)| slots[*slot].assumed.is_some());
        let (absent, assumed): (Vec<_>, Vec<_>) = assumed.into_iter().partition(|(_, head)| head.is_absent);
        let (ends, before) = (Ends::of(slots, &absent), Assumed::of(slots, &assumed));
        let [absent, assumed, locked] = [absent, assumed, locked].map(|heads| Heads::of(slots, &heads));
        let (made, moved) = (absent.app.len() as i64, assumed.app.len() as i64);
        let members = Members::of(slots, plan);
        let pushes = Pushes::of(waiting, plan);
        let told = Events::of(plan);
        let idle_apps: Vec<i64> = plan.idle.iter().map(|slot| slots[*slot].app.0).collect();
        let idle_ids: Vec<&[u8]> = plan.idle.iter().map(|slot| &slots[*slot].id.0[..]).collect();
        // What was assumed first: a message for a place that another node has taken would be an error of another kind.
        let mut statements = Vec::with_capacity(8);
        if moved > 0 {
            let mut args = assumed.args();
            args.extend(before.args());
            args.push(&moved);
            statements.push((MOVE_ASSUMED, args));
        }
        if made > 0 {
            let mut args = absent.args();
            args.extend(ends.args());
            args.push(&made);
            statements.push((MAKE, args));
        }
        if !locked.app.is_empty() {
            statements.push((MOVE, locked.args()));
        }
        if !plan.rows.is_empty() {
            statements.push((MESSAGES, messages.args()));
        }
        if !members.app.is_empty() {
            statements.push((JOIN, members.args()));
        }
        if !plan.pushes.is_empty() {
            statements.push((PUSH, pushes.args()));
        }
        let telling = (!plan.told.is_empty()).then_some(statements.len());
        if telling.is_some() {
            statements.push((TELL, told.args()));
        }
        if !plan.idle.is_empty() {
            statements.push((UNMAKE, vec![&idle_apps, &idle_ids]));
        }
        let answers = self.flush(&statements, true)?;
        let ids = telling.and_then(|index| answers.get(index));
        ids.into_iter().flatten().map(|row| get(row, 0)).collect()
    }
}

impl Session {
    fn recent_in_pairs(&mut self, questions: &[&Recent<'_>]) -> Result<Vec<Option<Stored>>> {
        let apps: Vec<i64> = questions.iter().map(|it| it.app.0).collect();
        let ids: Vec<&[u8]> = questions.iter().map(|it| &it.conversation.0[..]).collect();
        let times: Vec<i64> = questions.iter().map(|it| it.since.secs()).collect();
        let seqs: Vec<i64> = questions.iter().map(|it| it.msg_seq.into()).collect();
        let randoms: Vec<i64> = questions.iter().map(|it| it.msg_random.into()).collect();
        let senders: Vec<&str> = questions.iter().map(|it| it.sender.as_str()).collect();
        let crcs: Vec<i64> = questions.iter().map(|it| it.crc.into()).collect();
        let since: Vec<i64> = questions.iter().map(|it| it.since.0).collect();
        let until: Vec<i64> = questions.iter().map(|it| it.until.0).collect();
        let args: Args<'_> = vec![&apps, &ids, &times, &seqs, &randoms, &senders, &crcs, &since, &until];
        let answers = self.flush(&[(RECENT, args)], false)?;
        place(&answers[0], questions.len(), stored)
    }

    fn recent_in_groups(&mut self, questions: &[&Recent<'_>]) -> Result<Vec<Option<Stored>>> {
        let apps: Vec<i64> = questions.iter().map(|it| it.app.0).collect();
        let ids: Vec<&[u8]> = questions.iter().map(|it| &it.conversation.0[..]).collect();
        let randoms: Vec<i64> = questions.iter().map(|it| it.msg_random.into()).collect();
        let senders: Vec<&str> = questions.iter().map(|it| it.sender.as_str()).collect();
        let crcs: Vec<i64> = questions.iter().map(|it| it.crc.into()).collect();
        let since: Vec<i64> = questions.iter().map(|it| it.since.0).collect();
        let until: Vec<i64> = questions.iter().map(|it| it.until.0).collect();
        let behind: Vec<i64> = questions.iter().map(|it| it.group_seq.unwrap_or_default() - GROUP_LOOKBACK).collect();
        let args: Args<'_> = vec![&apps, &ids, &randoms, &senders, &crcs, &since, &until, &behind];
        let answers = self.flush(&[(RECENT_IN_GROUPS, args)], false)?;
        place(&answers[0], questions.len(), stored)
    }
}

fn head(row: &Row) -> Result<Head> {
    let seq = get(row, 1)?;
    Ok(Head {
        seq,
        last_at: get(row, 2)?,
        last_seq: get(row, 3)?,
        last_time: get(row, 4)?,
        moved_at: get(row, 5)?,
        writer: get(row, 6)?,
        scan_until: get(row, 7)?,
        since: seq,
        is_parted: get(row, 8)? != 0,
        // A head that was there before holds a message at least.
        is_new: seq == 0,
        is_absent: false,
        is_settled: false,
        moves_list: false,
    })
}

fn account(row: &Row) -> Result<Account> {
    Ok(Account {
        is_deleted: get(row, 1)? != 0,
        is_reached: get(row, 2)? > 0,
        muted_until: Millis(get(row, 3)?),
        has_blocks: get(row, 4)? > 0,
    })
}

fn group_facts(row: &Row) -> Result<Option<(GroupFacts, bool)>> {
    let Some(kind) = GroupKind::from_number(get(row, 1)?) else { return Ok(None) };
    let facts = GroupFacts {
        kind,
        is_muted: get(row, 2)? != 0,
        role: Role::from_number(get(row, 3)?),
        muted_until: Millis(get(row, 4)?),
        banned_until: Millis(get(row, 5)?),
        members: get(row, 7)?,
    };
    Ok(Some((facts, get(row, 6)? != 0)))
}

/// Puts rows at the places that their first column (from 1) names.
fn place<T>(rows: &[Row], len: usize, parse: impl Fn(&Row) -> Result<T>) -> Result<Vec<Option<T>>> {
    let mut placed: Vec<Option<T>> = (0..len).map(|_| None).collect();
    for row in rows {
        let index = usize::try_from(get(row, 0)? - 1).map_err(Failure::internal)?;
        *placed.get_mut(index).ok_or_else(|| Failure::internal("a row for no question"))? = Some(parse(row)?);
    }
    Ok(placed)
}

fn get(row: &Row, index: usize) -> Result<i64> {
    row.try_get(index).map_err(|error| Failure::internal(error).into())
}

fn stored(row: &Row) -> Result<Stored> {
    let small = |index| -> Result<u32> { u32::try_from(get(row, index)?).map_err(|e| Failure::internal(e).into()) };
    Ok(Stored {
        key: MsgKey { time: get(row, 1)?, seq: small(2)?, random: small(3)? },
        seq: Seq(get(row, 4)?),
        at: Millis(get(row, 5)?),
    })
}
