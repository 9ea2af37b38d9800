//! Conversations as their members see them: the head joined with the member's marks.
//!
//! A send touches one head and no member. Unread is not stored either: it is counted behind the read mark, over a
//! bounded number of rows, and only where the head has moved beyond the mark. So recalls and deletions need no
//! bookkeeping and a count can never drift.
//!
//! `list`: an account's conversations in the order of their last messages. `contacts`: what an account has set for
//! them (pins, marks, groups).

pub mod contacts;
pub mod list;

use contract::message::Flags;
use contract::{AppId, ConversationId, Failure, Millis, Place, Result, Seq, UserId, limit};

use crate::ask::{Ask, Asks, ask};
use crate::value::Params;
use crate::{Snapshot, Tx};

/// A conversation of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its key.
    pub conversation: ConversationId,
    /// The other account.
    pub peer: UserId,
    /// The newest place.
    pub place: Place,
    /// The newest message that moves the list; its place is 0 if there is none.
    pub last: Place,
    /// The account has read up to here.
    pub read: Place,
    /// Nothing up to here is shown to the account.
    pub cleared: Place,
    /// The account deleted the conversation from its list at this place; what comes later shows it again.
    pub hidden: Place,
    /// The peer has read up to here.
    pub peer_read: Place,
    /// When the conversation changed; the order of the list.
    pub moved_at: Millis,
}

impl Head {
    /// What is unread lies behind this place: the account has read up to it, or put it away unread.
    pub fn seen(&self) -> Place {
        [self.read, self.cleared, self.hidden]
            .into_iter()
            .fold(Place::default(), |seen, mark| Place { seq: seen.seq.max(mark.seq), time: seen.time.max(mark.time) })
    }

    /// Whether the list shows it: it was not deleted, or a message came since that moves the list.
    pub fn is_listed(&self) -> bool {
        self.hidden.seq == Seq(0) || self.last.seq > self.hidden.seq
    }

    /// Whether the list has no message to show for it.
    pub fn is_empty(&self) -> bool {
        self.last.seq == Seq(0) || self.last.seq <= self.cleared.seq
    }
}

type Row =
    (ConversationId, String, Seq, Millis, Seq, i64, Seq, i64, Seq, i64, Seq, i64, Option<Seq>, Option<i64>, Millis);

fn head(row: Row) -> Head {
    let (
        conversation,
        peer,
        seq,
        last_at,
        last_seq,
        last_time,
        read_seq,
        read_time,
        cleared,
        cleared_time,
        hidden,
        hidden_time,
        peer_seq,
        peer_time,
        moved_at,
    ) = row;
    Head {
        conversation,
        peer: UserId::trusted(&peer),
        place: Place { seq, time: last_at.secs() },
        last: Place { seq: last_seq, time: last_time },
        read: Place { seq: read_seq, time: read_time },
        cleared: Place { seq: cleared, time: cleared_time },
        hidden: Place { seq: hidden, time: hidden_time },
        peer_read: Place { seq: peer_seq.unwrap_or_default(), time: peer_time.unwrap_or_default() },
        moved_at,
    }
}

/// Reads one conversation of an account.
pub fn get(snapshot: &mut Snapshot<'_>, account: &UserId, peer: &UserId) -> Result<Option<Head>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                    m.cleared_time, m.hidden_seq, m.hidden_time, p.read_seq, p.read_time, c.moved_at
             FROM memberships m
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             LEFT JOIN memberships p ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND m.conversation = $3"
        ),
        (app, account, ConversationId::pair(account, peer)),
    )?;
    Ok(row.map(head))
}

/// Reads those conversations of an account that are among `ids` (a bounded batch), in no particular order.
pub fn among(snapshot: &mut Snapshot<'_>, account: &UserId, ids: &[ConversationId]) -> Result<Vec<Head>> {
    let app = snapshot.app();
    let list = serde_json::Value::from(ids.iter().map(hex).collect::<Vec<_>>()).to_string();
    let rows: Vec<Row> = snapshot.all(
        sql! {
            sqlite: "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time,
                            m.cleared_seq, m.cleared_time, m.hidden_seq, m.hidden_time, p.read_seq, p.read_time,
                            c.moved_at
                     FROM json_each($3) AS u
                     CROSS JOIN memberships m ON m.app = $1 AND m.account = $2 AND m.conversation = unhex(u.value)
                     CROSS JOIN conversations c ON c.app = m.app AND c.id = m.conversation
                     LEFT JOIN memberships p
                       ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation",
            postgres: "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time,
                              m.cleared_seq, m.cleared_time, m.hidden_seq, m.hidden_time, p.read_seq, p.read_time,
                              c.moved_at
                       FROM jsonb_array_elements_text($3::text::jsonb) AS u (id)
                       CROSS JOIN LATERAL (
                           SELECT * FROM memberships
                           WHERE app = $1 AND account = $2 AND conversation = decode(u.id, 'hex') OFFSET 0
                       ) AS m
                       JOIN conversations c ON c.app = m.app AND c.id = m.conversation
                       LEFT JOIN memberships p
                         ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation"
        },
        (app, account, list),
    )?;
    Ok(rows.into_iter().map(head).collect())
}

/// Spells a key as both engines read it back.
pub(crate) fn hex(id: &ConversationId) -> String {
    format!("{id:?}")
}

/// Lists the account's conversations that moved after a moment, or in that very moment behind a peer; oldest movement
/// first.
pub fn moved(
    snapshot: &mut Snapshot<'_>,
    account: &UserId,
    after: Millis,
    behind: Option<&UserId>,
    count: usize,
) -> Result<Vec<Head>> {
    let app = snapshot.app();
    // No peer has an empty name, so all of the next moment lies behind it.
    let (at, peer) = behind.map_or((after.plus(1), ""), |peer| (after, peer.as_str()));
    let rows: Vec<Row> = snapshot.all(
        sql!(
            "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                    m.cleared_time, m.hidden_seq, m.hidden_time, p.read_seq, p.read_time, c.moved_at
             FROM memberships m
             JOIN conversations c ON c.app = m.app AND c.id = m.conversation
             LEFT JOIN memberships p ON p.app = m.app AND p.account = m.peer AND p.conversation = m.conversation
             WHERE m.app = $1 AND m.account = $2 AND (c.moved_at > $3 OR c.moved_at = $3 AND m.peer > $4)
             ORDER BY c.moved_at, m.peer LIMIT $5"
        ),
        (app, account, at, peer, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(head).collect())
}

/// Moves the account's read mark forward to a place; it never goes back. Answers whether it moved.
pub fn set_read(tx: &mut Tx<'_>, account: &UserId, conversation: ConversationId, place: Place) -> Result<bool> {
    let app = tx.app();
    let moved = tx.run(
        sql!(
            "UPDATE memberships SET read_seq = $4, read_time = $5
             WHERE app = $1 AND account = $2 AND conversation = $3 AND read_seq < $4"
        ),
        (app, account, conversation, place.seq, place.time),
    )?;
    Ok(moved > 0)
}

/// Takes the conversation out of the account's list up to a place; a mark never goes back.
pub fn hide(tx: &mut Tx<'_>, account: &UserId, conversation: ConversationId, place: Place) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE memberships SET hidden_seq = $4, hidden_time = $5
             WHERE app = $1 AND account = $2 AND conversation = $3 AND hidden_seq < $4"
        ),
        (app, account, conversation, place.seq, place.time),
    )
}

/// Takes the history up to a place away from the account.
pub fn clear(tx: &mut Tx<'_>, account: &UserId, conversation: ConversationId, place: Place) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE memberships SET cleared_seq = $4, cleared_time = $5
             WHERE app = $1 AND account = $2 AND conversation = $3 AND cleared_seq < $4"
        ),
        (app, account, conversation, place.seq, place.time),
    )
}

/// Notes that a conversation changes without a new message, and holds it. Answers the moment of the change: after all
/// others of the conversation, in the order in which they are committed. Whoever asks for what changed after a moment
/// then misses nothing that came in earlier and was committed later.
pub fn touch(tx: &mut Tx<'_>, conversation: ConversationId, now: Millis) -> Result<Millis> {
    let app = tx.app();
    let moved: Option<(Millis,)> = tx.opt(
        sql!(
            "UPDATE conversations SET moved_at = CASE WHEN moved_at < $3 THEN $3 ELSE moved_at + 1 END
             WHERE app = $1 AND id = $2 RETURNING moved_at"
        ),
        (app, conversation, now),
    )?;
    Ok(moved.map_or(now, |(at,)| at))
}

/// Finds the last place that was reached by live messages up to and with a second.
pub fn place_at(snapshot: &mut Snapshot<'_>, conversation: ConversationId, time: i64) -> Result<Place> {
    let app = snapshot.app();
    let last: Option<(i64,)> = snapshot.opt(
        sql!(
            "SELECT time FROM messages
             WHERE app = $1 AND conversation = $2 AND time <= $3 AND grouped = 0 AND flags & 32 = 0
             ORDER BY time DESC LIMIT 1"
        ),
        (app, conversation, time),
    )?;
    let Some((second,)) = last else { return Ok(Place::default()) };
    let (seq,): (Seq,) = snapshot.one(
        sql!(
            "SELECT MAX(seq) FROM messages
             WHERE app = $1 AND conversation = $2 AND time = $3 AND grouped = 0 AND flags & 32 = 0"
        ),
        (app, conversation, second),
    )?;
    Ok(Place { seq, time: second })
}

/// Counts what the account has not read in one conversation, up to the documented cap.
pub fn unread(snapshot: &mut Snapshot<'_>, account: &UserId, head: &Head) -> Result<i64> {
    Ok(unread_each(snapshot, account, std::slice::from_ref(head))?[0])
}

/// Counts what the account has not read in each of a bounded number of conversations, up to the documented cap.
pub fn unread_each(snapshot: &mut Snapshot<'_>, account: &UserId, heads: &[Head]) -> Result<Vec<i64>> {
    let Some(unread) = unread_question(snapshot.app(), account, heads) else { return Ok(vec![0; heads.len()]) };
    let rows = unread.question.all(snapshot)?;
    unread.asked.counts(rows)
}

/// How much is unread in some conversations: the question, and what its answer is about.
struct Unread<P> {
    asked: Asked,
    question: Ask<(i64, i64), P>,
}

/// Which of some conversations may hold something unread.
struct Asked {
    of: usize,
    places: Vec<usize>,
}

impl Asked {
    /// The counts of all of them from the answer.
    fn counts(&self, rows: Vec<(i64, i64)>) -> Result<Vec<i64>> {
        let mut counts = vec![0; self.of];
        for (item, count) in rows {
            let place = usize::try_from(item).ok().and_then(|item| self.places.get(item));
            let place = place.ok_or_else(|| Failure::internal("a count of no conversation"))?;
            counts[*place] = count.min(limit::UNREAD_PER_CONVERSATION);
        }
        Ok(counts)
    }
}

/// Asks how much the account has not read in some conversations; none if it has read all.
///
/// Imports carry old times, so they are looked for by place alone; most conversations have none.
fn unread_question<'a>(app: AppId, account: &'a UserId, heads: &[Head]) -> Option<Unread<impl Params + use<'a>>> {
    let mut places = Vec::new();
    let mut items = Vec::new();
    for (index, head) in heads.iter().enumerate() {
        let seen = head.seen();
        if head.place.seq > seen.seq {
            places.push(index);
            let hidden = Flags::RECALLED.with(Flags::deleted_for(account, &head.peer)).0;
            items.push(serde_json::json!([hex(&head.conversation), seen.time, seen.seq.0, hidden]));
        }
    }
    if places.is_empty() {
        return None;
    }
    let items = serde_json::Value::from(items).to_string();
    let question = ask(
        sql! {
            sqlite: "SELECT u.key,
                            (SELECT COUNT(*) FROM (
                                 SELECT sender, flags FROM messages
                                 WHERE app = $1 AND conversation = unhex(u.value->>0) AND time >= u.value->>1
                                   AND seq > u.value->>2 AND grouped = 0 AND flags & 32 = 0
                                 ORDER BY time DESC LIMIT $3
                             ) AS live WHERE sender <> $4 AND flags & $5 <> 0 AND flags & (u.value->>3) = 0)
                            + (SELECT COUNT(*) FROM (
                                 SELECT sender, flags FROM messages
                                 WHERE app = $1 AND conversation = unhex(u.value->>0)
                                   AND seq > u.value->>2 AND flags & 32 = 32
                                 ORDER BY seq DESC LIMIT $3
                             ) AS imported WHERE sender <> $4 AND flags & $5 <> 0 AND flags & (u.value->>3) = 0)
                     FROM json_each($2) AS u",
            postgres: "SELECT u.n - 1,
                              (SELECT COUNT(*) FROM (
                                   SELECT sender, flags FROM messages
                                   WHERE app = $1 AND conversation = decode(u.v->>0, 'hex')
                                     AND time >= (u.v->>1)::bigint AND seq > (u.v->>2)::bigint
                                     AND grouped = 0 AND flags & 32 = 0
                                   ORDER BY time DESC LIMIT $3
                               ) AS live WHERE sender <> $4 AND flags & $5 <> 0 AND flags & (u.v->>3)::bigint = 0)
                              + (SELECT COUNT(*) FROM (
                                   SELECT sender, flags FROM messages
                                   WHERE app = $1 AND conversation = decode(u.v->>0, 'hex')
                                     AND seq > (u.v->>2)::bigint AND flags & 32 = 32
                                   ORDER BY seq DESC LIMIT $3
                               ) AS imported WHERE sender <> $4 AND flags & $5 <> 0 AND flags & (u.v->>3)::bigint = 0)
                       FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS u (v, n)"
        },
        (app, items, limit::UNREAD_SCAN, account, Flags::COUNTS.0),
    );
    Some(Unread { asked: Asked { of: heads.len(), places }, question })
}

/// Counts what the account has not read in all its conversations, within the documented caps.
pub fn unread_total(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<i64> {
    Ok(unread_totals(snapshot, std::slice::from_ref(account))?[0])
}

/// Accounts that are counted at once.
const TOTALS: usize = 32;

/// [`unread_total`] of each of some accounts.
pub fn unread_totals(snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<i64>> {
    let mut totals = Vec::with_capacity(accounts.len());
    for some in accounts.chunks(TOTALS) {
        totals.extend(some_totals(snapshot, some)?);
    }
    Ok(totals)
}

fn some_totals(snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<i64>> {
    let app = snapshot.app();
    let lists: Vec<_> = accounts
        .iter()
        .map(|account| {
            ask::<Row, _>(
                sql!(
                    "SELECT c.id, m.peer, c.seq, c.last_at, c.last_seq, c.last_time, m.read_seq, m.read_time, m.cleared_seq,
                            m.cleared_time, m.hidden_seq, m.hidden_time, NULL, NULL, c.moved_at
                     FROM memberships m
                     JOIN conversations c ON c.app = m.app AND c.id = m.conversation
                     WHERE m.app = $1 AND m.account = $2
                       AND c.seq > m.read_seq AND c.seq > m.cleared_seq AND c.seq > m.hidden_seq
                     ORDER BY c.last_at DESC LIMIT $3"
                ),
                (app, account, limit::STORE_PAGE as i64),
            )
        })
        .collect();
    let heads: Vec<Vec<Head>> =
        lists.all(snapshot)?.into_iter().map(|rows| rows.into_iter().map(head).collect()).collect();
    // What is unread, and in how many conversations.
    let mut sums = vec![(0, 0); accounts.len()];
    for page in 0.. {
        let mut places = Vec::new();
        let mut questions = Vec::new();
        let is_open = |sum: &(i64, usize)| sum.1 < limit::UNREAD_CONVERSATIONS;
        for (place, heads) in heads.iter().enumerate().filter(|(place, _)| is_open(&sums[*place])) {
            let Some(some) = heads.chunks(limit::UNREAD_CONVERSATIONS).nth(page) else { continue };
            if let Some(unread) = unread_question(app, &accounts[place], some) {
                places.push((place, unread.asked));
                questions.push(unread.question);
            }
        }
        if questions.is_empty() {
            break;
        }
        for ((place, asked), rows) in places.into_iter().zip(questions.all(snapshot)?) {
            let (total, counted) = &mut sums[place];
            for unread in asked.counts(rows)? {
                if *counted < limit::UNREAD_CONVERSATIONS {
                    *counted += usize::from(unread > 0);
                    *total += unread;
                }
            }
        }
    }
    Ok(sums.into_iter().map(|(total, _)| total).collect())
}

/// Forgets all conversations of an account; the peers keep theirs.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE conversations SET parted = 1 WHERE app = $1
               AND id IN (SELECT conversation FROM memberships WHERE app = $1 AND account = $2)"
        ),
        (app, account),
    )?;
    tx.post(sql!("DELETE FROM memberships WHERE app = $1 AND account = $2"), (app, account))?;
    contacts::forget(tx, account)
}
