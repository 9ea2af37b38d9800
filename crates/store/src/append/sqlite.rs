//! The append on SQLite: a loop over prepared statements, which beats any set-based text there.

use contract::group::{GroupKind, Role};
use contract::message::Flags;
use contract::{AppId, Millis, MsgKey, Result};

use super::grouped::InGroup;
use super::plan::{Account, Engine, Exact, Gathered, Head, Pair, Plan, Questions, Recent, Slot};
use super::window::{GROUP_LOOKBACK, Stored};
use super::{GroupFacts, Waiting};
use crate::conversations::list::UNSETTLED;
use crate::relations::Tie;
use crate::sqlite::Lite;
use crate::value::{FromRow, Params};
use crate::{GROUP_PUSH, OFFLINE_PUSH, Sql};

impl Lite {
    fn opt<R: FromRow>(&mut self, sql: Sql, params: impl Params) -> Result<Option<R>> {
        let mut found = None;
        self.query(sql, params.values().as_ref(), &mut |row| {
            found = Some(R::from_row(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    fn change(&mut self, sql: Sql, params: impl Params) -> Result<()> {
        self.run(sql, params.values().as_ref()).map(|_| ())
    }

    fn head(&mut self, slot: &Slot<'_>) -> Result<Head> {
        let row: Option<HeadRow> = self.opt(
            sql!(
                "SELECT seq, last_at, last_seq, last_time, moved_at, writer, scan_until, parted, listed
                         FROM conversations
                         WHERE app = $1 AND id = $2"
            ),
            (slot.app, slot.id),
        )?;
        Ok(match row {
            None => Head { is_new: true, ..Head::default() },
            Some((seq, last_at, last_seq, last_time, moved_at, writer, scan_until, is_parted, listed)) => Head {
                seq,
                last_at,
                last_seq,
                last_time,
                moved_at,
                writer,
                scan_until,
                since: seq,
                is_parted,
                is_settled: listed != UNSETTLED,
                moves_list: false,
                is_new: false,
                is_absent: false,
            },
        })
    }

    fn account(&mut self, app: AppId, user: &contract::UserId) -> Result<Option<Account>> {
        let row: Option<(i64, i64, Millis, i64)> = self.opt(
            sql!("SELECT deleted_at, reach, muted_until, blocks FROM accounts WHERE app = $1 AND id = $2"),
            (app, user),
        )?;
        Ok(row.map(|(deleted_at, reach, muted_until, blocks)| Account {
            is_deleted: deleted_at != 0,
            is_reached: reach > 0,
            muted_until,
            has_blocks: blocks > 0,
        }))
    }

    fn tie(&mut self, pair: &Pair<'_>) -> Result<Tie> {
        let row: Option<(bool, bool, bool)> = self.opt(
            sql!(
                "SELECT EXISTS (SELECT 1 FROM blocks WHERE app = $1 AND peer = $2 AND account = $3),
                        EXISTS (SELECT 1 FROM friends WHERE app = $1 AND friend = $3 AND account = $2 AND ended = 0),
                        EXISTS (SELECT 1 FROM friends WHERE app = $1 AND friend = $2 AND account = $3 AND ended = 0)"
            ),
            (pair.app, pair.sender, pair.receiver),
        )?;
        let tie = row.map(|(is_blocked, is_senders_friend, is_receivers_friend)| Tie {
            is_blocked,
            is_senders_friend,
            is_receivers_friend,
        });
        Ok(tie.ok_or_else(|| contract::Failure::internal("a question about two accounts has no answer"))?)
    }

    fn exact(&mut self, question: &Exact) -> Result<Option<Stored>> {
        let MsgKey { time, seq, random } = question.key;
        self.opt::<Found>(
            sql!(
                "SELECT time, msg_seq, msg_random, seq, at FROM messages
                         WHERE app = $1 AND conversation = $2 AND time = $3 AND msg_seq = $4 AND msg_random = $5
                           AND grouped = 0
                         ORDER BY seq LIMIT 1"
            ),
            (question.app, question.conversation, time, seq, random),
        )
        .map(|row| row.map(stored))
    }

    fn in_group(&mut self, question: &InGroup<'_>) -> Result<Option<(GroupFacts, bool)>> {
        type Found = (i64, bool, Option<i64>, Millis, Millis, bool, i64);
        let row: Option<Found> = self.opt(
            sql!(
                // Who is muted in a community is so in its topics.
                "SELECT g.kind, CASE WHEN h.is_muted = 1 THEN 1 ELSE g.is_muted END, m.role,
                        CASE WHEN r.until > COALESCE(q.until, 0) THEN r.until ELSE COALESCE(q.until, 0) END,
                        COALESCE((SELECT group_muted_until FROM accounts WHERE app = $1 AND id = $4), 0),
                        EXISTS (SELECT 1 FROM accounts WHERE app = $1 AND reach > 0), COALESCE(h.members, g.members)
                         FROM groups g
                         LEFT JOIN group_members m ON m.app = $1 AND m.conversation = $5 AND m.account = $4
                         LEFT JOIN group_mutes q ON q.app = $1 AND q.conversation = $3 AND q.account = $4
                         LEFT JOIN group_mutes r ON $5 <> $3 AND r.app = $1 AND r.conversation = $5 AND r.account = $4
                         LEFT JOIN groups h ON $5 <> $3 AND h.app = $1 AND h.conversation = $5
                         WHERE g.app = $1 AND g.id = $2 AND g.conversation = $3 AND g.ended_at = 0"
            ),
            (question.app, &question.group.id, question.group.conversation, question.sender, question.home),
        )?;
        Ok(row.and_then(|(kind, is_muted, role, muted_until, banned_until, is_reached, members)| {
            let (kind, role) = (GroupKind::from_number(kind)?, role.and_then(Role::from_number));
            Some((GroupFacts { kind, is_muted, role, muted_until, banned_until, members }, is_reached))
        }))
    }

    fn newest_of_group(&mut self, question: &Recent<'_>, seq: i64) -> Result<Option<Stored>> {
        self.opt::<Found>(
            sql!(
                "SELECT time, msg_seq, msg_random, seq, at FROM messages
                         WHERE app = $1 AND conversation = $2 AND seq > $3 AND grouped = 1 AND msg_random = $4
                           AND sender = $5 AND crc = $6 AND at BETWEEN $7 AND $8 AND flags & 32 = 0
                         ORDER BY seq DESC LIMIT 1"
            ),
            (
                question.app,
                question.conversation,
                seq - GROUP_LOOKBACK,
                question.msg_random,
                question.sender,
                question.crc,
                question.since,
                question.until,
            ),
        )
        .map(|row| row.map(stored))
    }

    fn newest(&mut self, question: &Recent<'_>) -> Result<Option<Stored>> {
        if let Some(seq) = question.group_seq {
            return self.newest_of_group(question, seq);
        }
        self.opt::<Found>(
            sql!(
                "SELECT time, msg_seq, msg_random, seq, at FROM messages
                         WHERE app = $1 AND conversation = $2 AND time BETWEEN $3 AND $4 AND msg_seq = $5
                           AND msg_random = $6 AND grouped = 0 AND sender = $7 AND crc = $8 AND at BETWEEN $9 AND $10
                           AND flags & $11 = 0
                         ORDER BY time DESC, seq DESC LIMIT 1"
            ),
            (
                question.app,
                question.conversation,
                question.since.secs(),
                question.until.secs(),
                question.msg_seq,
                question.msg_random,
                question.sender,
                question.crc,
                question.since,
                question.until,
                Flags::IMPORTED.0,
            ),
        )
        .map(|row| row.map(stored))
    }

    fn save_head(&mut self, slot: &Slot<'_>, head: &Head) -> Result<()> {
        let Head { seq, last_at, last_seq, last_time, moved_at, writer, scan_until, .. } = *head;
        if head.is_new {
            self.change(
                sql!(
                    "INSERT INTO conversations
                             (app, id, kind, low, high, seq, last_at, last_seq, last_time, moved_at, writer, scan_until)
                             VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
                ),
                (
                    slot.app, slot.id, slot.low, slot.high, seq, last_at, last_seq, last_time, moved_at, writer,
                    scan_until,
                ),
            )
        } else {
            if head.is_settled && head.moves_list {
                // A statement of its own: the index is rewritten whenever a statement names its column.
                self.change(
                    sql!("UPDATE conversations SET listed = $3 WHERE app = $1 AND id = $2"),
                    (slot.app, slot.id, UNSETTLED),
                )?;
            }
            self.change(
                sql!(
                    "UPDATE conversations SET seq = $3, last_at = $4, last_seq = $5, last_time = $6,
                                    moved_at = $7, writer = $8, scan_until = $9, parted = 0
                             WHERE app = $1 AND id = $2"
                ),
                (slot.app, slot.id, seq, last_at, last_seq, last_time, moved_at, writer, scan_until),
            )
        }
    }

    fn push(&mut self, waiting: &[(AppId, Waiting)], (index, id, seq): &(usize, i64, contract::Seq)) -> Result<()> {
        let (app, w) = &waiting[*index];
        let (topic, part) = match &w.draft.group {
            Some(group) => (GROUP_PUSH, group.id.as_str()),
            None => (OFFLINE_PUSH, w.draft.receiver.as_str()),
        };
        self.change(
            sql!(
                "INSERT INTO outbox (app, id, topic, part, due_at, payload, conversation, seq)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            (*app, *id, topic, part, w.draft.at, w.draft.push.as_deref(), w.conversation, *seq),
        )
    }

    /// Makes the memberships that are missing: all of a new conversation, and that of an account which was deleted and
    /// returned, to whom the past does not belong: neither its messages nor its place in the list.
    fn join(&mut self, slot: &Slot<'_>, since: i64) -> Result<()> {
        for (account, peer) in slot.members() {
            self.change(
                sql!(
                    "INSERT INTO memberships (app, account, conversation, peer, cleared_seq, read_seq, hidden_seq)
                             VALUES ($1, $2, $3, $4, $5, $5, $5)
                             ON CONFLICT (app, account, conversation) DO NOTHING"
                ),
                (slot.app, account, slot.id, peer, since),
            )?;
        }
        Ok(())
    }
}

type HeadRow = (i64, i64, i64, i64, i64, i64, i64, bool, i64);
type Found = (i64, u32, u32, contract::Seq, contract::Millis);

fn stored((time, msg_seq, random, seq, at): Found) -> Stored {
    Stored { key: MsgKey { time, seq: msg_seq, random }, seq, at }
}

impl Engine for Lite {
    const ASSUMES: bool = false;
    const TOLD_BYTES: usize = 64 * 1024;

    fn gather(&mut self, questions: &Questions<'_>) -> Result<Gathered> {
        Ok(Gathered {
            heads: questions.slots.iter().map(|slot| self.head(slot)).collect::<Result<_>>()?,
            accounts: questions.accounts.iter().map(|(app, user)| self.account(*app, user)).collect::<Result<_>>()?,
            exact: questions.exact.iter().map(|question| self.exact(question)).collect::<Result<_>>()?,
            groups: questions.groups.iter().map(|question| self.in_group(question)).collect::<Result<_>>()?,
        })
    }

    fn ties(&mut self, questions: &[Pair<'_>]) -> Result<Vec<Tie>> {
        questions.iter().map(|pair| self.tie(pair)).collect()
    }

    fn recent(&mut self, questions: &[Recent<'_>]) -> Result<Vec<Option<Stored>>> {
        questions.iter().map(|question| self.newest(question)).collect()
    }

    fn write(&mut self, waiting: &[(AppId, Waiting)], slots: &[Slot<'_>], plan: &Plan) -> Result<Vec<i64>> {
        for row in &plan.rows {
            let (app, w) = &waiting[row.draft];
            let key = row.stored.key;
            let draft = &w.draft;
            self.change(
                sql!(
                    "INSERT INTO messages
                             (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                              expires_at, grouped, crc, extra)
                             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
                ),
                (
                    *app,
                    w.conversation,
                    row.stored.seq,
                    key.time,
                    key.seq,
                    key.random,
                    row.stored.at,
                    &draft.sender,
                    &draft.body,
                    &draft.cloud,
                    row.flags.0,
                    draft.expires_at,
                    draft.group.is_some(),
                    w.crc,
                    &w.extra,
                ),
            )?;
        }
        for (slot, head) in &plan.heads {
            self.save_head(&slots[*slot], head)?;
            if head.needs_members() {
                self.join(&slots[*slot], head.since)?;
            }
        }
        let mut ids = Vec::with_capacity(plan.told.len());
        for (app, written) in &plan.told {
            let at = written.batch.events.last().map_or(Millis(0), |event| event.at);
            let id = self.batch_id(*app, at)?;
            self.change(
                sql!("INSERT INTO webhook_events (app, id, count, events) VALUES ($1, $2, $3, $4)"),
                (*app, id, written.count(), written.text()),
            )?;
            ids.push(id);
        }
        plan.pushes.iter().try_for_each(|push| self.push(waiting, push))?;
        Ok(ids)
    }
}
