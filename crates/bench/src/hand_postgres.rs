//! The raw limit of a send on PostgreSQL: the same schema and the same rows, by hand, two connections with the
//! conversations of each its own, 256 a transaction, one statement a table, nobody waiting for an answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use crate::Outcome;
use crate::dice::Dice;
use crate::figure::Rate;
use crate::traffic::{ACCOUNTS, APP, Send};

/// Messages of one transaction, as in the store.
const BATCH: u64 = 256;
/// Connections, as the store has for appending.
const CONNECTIONS: u64 = 2;

const HEADS: &str = "INSERT INTO conversations (app, id, kind, low, high, seq, last_at, last_seq, moved_at)
    SELECT $1, u.id, 0, u.low, u.high, u.count, $2, u.count, $2
    FROM unnest($3::bytea[], $4::text[], $5::text[], $6::bigint[]) AS u (id, low, high, count) ORDER BY u.id
    ON CONFLICT (app, id) DO UPDATE SET seq = conversations.seq + EXCLUDED.seq, last_at = $2,
        last_seq = conversations.seq + EXCLUDED.seq, moved_at = $2
    RETURNING id, seq";
const KNOWN: &str = "SELECT a.id, a.deleted_at, a.reach FROM unnest($2::text[]) AS u (id)
    JOIN accounts a ON a.app = $1 AND a.id = u.id";
const MESSAGES: &str =
    "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud,
        flags, expires_at, grouped, crc)
    SELECT $1, u.id, u.seq, $2::bigint / 1000, u.msg_seq, u.msg_random, $2, u.sender, u.body, '', 19, $2, 0, u.msg_seq
    FROM unnest($3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
        AS u (id, seq, msg_seq, msg_random, sender, body)";
const JOINS: &str = "INSERT INTO memberships (app, account, conversation, peer)
    SELECT $1, u.account, u.id, u.peer FROM unnest($2::text[], $3::bytea[], $4::text[]) AS u (account, id, peer)
    ORDER BY u.account, u.id ON CONFLICT DO NOTHING";

/// A connection with its statements.
struct Hand {
    client: Client,
    heads: Statement,
    known: Statement,
    messages: Statement,
    joins: Statement,
    /// Drives the connection; ends with this.
    _driver: JoinSet<()>,
}

/// Makes the accounts.
pub(crate) async fn accounts(url: &str) -> Outcome {
    let hand = Hand::open(url, false).await?;
    let text = format!(
        "INSERT INTO accounts (app, id, created_at) SELECT {}, 'u' || n, 0 FROM generate_series(0, {}) AS n",
        APP.0,
        ACCOUNTS - 1
    );
    Ok(hand.client.batch_execute(&text).await?)
}

/// Lets the planner know what was filled in, as a server does that has run for a while.
pub(crate) async fn analyze(url: &str) -> Outcome {
    let hand = Hand::open(url, false).await?;
    hand.client.batch_execute("VACUUM ANALYZE").await?;
    Ok(hand.client.batch_execute("CHECKPOINT").await?)
}

/// What tables and indexes take on disk, without what the server keeps of them for itself.
pub(crate) async fn bytes(url: &str) -> Outcome<u64> {
    let hand = Hand::open(url, false).await?;
    let sizes = "SELECT CAST(SUM(pg_relation_size(c.oid)) AS BIGINT)
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'i') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
    let row = hand.client.query_one(sizes, &[]).await?;
    Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
}

/// Stores messages for a while, or until there are so many.
pub(crate) async fn run(url: &str, wait: Duration, most: u64, from: i64, is_durable: bool) -> Outcome<Rate> {
    let mut hands = Vec::new();
    for _ in 0..CONNECTIONS {
        hands.push(Hand::open(url, is_durable).await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, hand) in hands.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut dice = Dice::new(from as u64 + number as u64);
            let mut done = 0;
            while began.elapsed() < wait && done < most / CONNECTIONS {
                let own = std::iter::repeat_with(|| Send::next(&mut dice))
                    .filter(|send| send.number % CONNECTIONS == number as u64)
                    .take(BATCH.min(most / CONNECTIONS - done) as usize)
                    .collect::<Vec<_>>();
                done += own.len() as u64;
                hand.store(&own, from + began.elapsed().as_millis() as i64).await?;
            }
            Outcome::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(ended) = tasks.join_next().await {
        done += ended??;
    }
    Ok(Rate::of(done, began.elapsed(), &mut []))
}

impl Hand {
    async fn open(url: &str, is_durable: bool) -> Outcome<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        let durable = if is_durable { "on" } else { "off" };
        client
            .batch_execute(&format!(
                "SET synchronous_commit = {durable}; SET jit = off; SET plan_cache_mode = force_generic_plan;
                 SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
                 SET enable_bitmapscan = off"
            ))
            .await?;
        let (heads, known) = (client.prepare(HEADS).await?, client.prepare(KNOWN).await?);
        let (messages, joins) = (client.prepare(MESSAGES).await?, client.prepare(JOINS).await?);
        Ok(Self { client, heads, known, messages, joins, _driver: driver })
    }

    /// Two round trips: heads and accounts, then everything else with the commit.
    async fn store(&self, sends: &[Send], now: i64) -> Outcome {
        let ids: Vec<[u8; 16]> = sends.iter().map(|send| send.conversation().0).collect();
        let mut heads: BTreeMap<[u8; 16], (&str, &str, i64)> = BTreeMap::new();
        for (send, id) in sends.iter().zip(&ids) {
            let (low, high) = send.members();
            heads.entry(*id).or_insert((low, high, 0)).2 += 1;
        }
        let keys: Vec<&[u8]> = heads.keys().map(|id| &id[..]).collect();
        let lows: Vec<&str> = heads.values().map(|head| head.0).collect();
        let highs: Vec<&str> = heads.values().map(|head| head.1).collect();
        let counts: Vec<i64> = heads.values().map(|head| head.2).collect();
        let users: Vec<&str> = lows.iter().chain(&highs).copied().collect();
        let ((), moved, _known) = tokio::try_join!(
            self.client.batch_execute("BEGIN"),
            async { self.client.query(&self.heads, &[&APP.0, &now, &keys, &lows, &highs, &counts]).await },
            async { self.client.query(&self.known, &[&APP.0, &users]).await },
        )?;
        let mut seqs: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for row in moved {
            let (id, seq): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
            let count = <[u8; 16]>::try_from(&id[..]).map_or(0, |id| heads[&id].2);
            seqs.insert(id, seq - count);
        }
        // Only a new conversation gets its members.
        let is_new = |id: &[u8; 16]| seqs.get(&id[..]) == Some(&0);
        let new: Vec<_> = heads.iter().filter(|(id, _)| is_new(id)).collect();
        let both: Vec<&[u8]> = new.iter().chain(&new).map(|(id, _)| &id[..]).collect();
        let members: Vec<&str> = new.iter().map(|(_, it)| it.0).chain(new.iter().map(|(_, it)| it.1)).collect();
        let peers: Vec<&str> = new.iter().map(|(_, it)| it.1).chain(new.iter().map(|(_, it)| it.0)).collect();
        let mut places = Vec::with_capacity(sends.len());
        for id in &ids {
            let seq = seqs.get_mut(&id[..]).ok_or("a head is missing")?;
            *seq += 1;
            places.push(*seq);
        }
        let id_refs: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
        let msg_seqs: Vec<i64> = sends.iter().map(|send| send.msg_seq.into()).collect();
        let randoms: Vec<i64> = sends.iter().map(|send| send.msg_random.into()).collect();
        let senders: Vec<&str> = sends.iter().map(|send| send.sender.as_str()).collect();
        let bodies: Vec<&str> = sends.iter().map(|send| send.body.as_str()).collect();
        let rows: [&(dyn ToSql + Sync); 8] = [&APP.0, &now, &id_refs, &places, &msg_seqs, &randoms, &senders, &bodies];
        tokio::try_join!(
            async { self.client.execute(&self.messages, &rows).await },
            async {
                if members.is_empty() {
                    return Ok(0);
                }
                self.client.execute(&self.joins, &[&APP.0, &members, &both, &peers]).await
            },
            self.client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }
}
