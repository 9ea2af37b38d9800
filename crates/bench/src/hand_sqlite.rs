//! The raw limit of a send on the embedded store: the same schema and the same rows, by hand, on one thread, 256 a
//! transaction, with nobody waiting for an answer.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, params};

use crate::Outcome;
use crate::dice::Dice;
use crate::figure::Rate;
use crate::traffic::{ACCOUNTS, APP, Send};

/// Messages of one transaction, as in the store.
const BATCH: u64 = 256;

/// Makes the accounts.
pub(crate) fn accounts(path: &Path) -> Outcome {
    let mut conn = open(path, false)?;
    let tx = conn.transaction()?;
    for number in 0..ACCOUNTS {
        tx.prepare_cached("INSERT INTO accounts (app, id, created_at) VALUES (?1, ?2, 0)")?
            .execute(params![APP.0, format!("u{number}")])?;
    }
    Ok(tx.commit()?)
}

/// What tables and indexes take, whether it is in the file or still in the log.
pub(crate) fn bytes(path: &Path) -> Outcome<u64> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let ask = |what: &str| conn.query_row(&format!("PRAGMA {what}"), [], |row| row.get::<_, i64>(0));
    let pages = ask("page_count")? - ask("freelist_count")?;
    Ok((pages * ask("page_size")?).cast_unsigned())
}

/// Stores messages for a while, or until there are so many.
pub(crate) fn run(path: &Path, wait: Duration, most: u64, from: i64, is_durable: bool) -> Outcome<Rate> {
    let conn = open(path, is_durable)?;
    let mut dice = Dice::new(from as u64);
    let began = Instant::now();
    let mut done = 0;
    while began.elapsed() < wait && done < most {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let now = from + began.elapsed().as_millis() as i64;
        for _ in 0..BATCH.min(most - done) {
            one(&conn, &Send::next(&mut dice), now)?;
            done += 1;
        }
        conn.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok(Rate::of(done, began.elapsed(), &mut []))
}

fn open(path: &Path, is_durable: bool) -> Outcome<Connection> {
    let conn = Connection::open(path)?;
    conn.set_prepared_statement_cache_capacity(64);
    let durable = if is_durable { "FULL" } else { "OFF" };
    conn.execute_batch(&format!("PRAGMA cache_size = -262144; PRAGMA synchronous = {durable}"))?;
    Ok(conn)
}

fn one(conn: &Connection, send: &Send, now: i64) -> Outcome {
    let id = send.conversation().0;
    let (low, high) = send.members();
    for user in [low, high] {
        let _: (i64, i64) = conn
            .prepare_cached("SELECT deleted_at, reach FROM accounts WHERE app = ?1 AND id = ?2")?
            .query_row(params![APP.0, user], |row| Ok((row.get(0)?, row.get(1)?)))?;
    }
    let seq: i64 = conn
        .prepare_cached(
            "INSERT INTO conversations (app, id, kind, low, high, seq, last_at, last_seq, moved_at)
             VALUES (?1, ?2, 0, ?3, ?4, 1, ?5, 1, ?5)
             ON CONFLICT (app, id) DO UPDATE SET seq = seq + 1, last_at = ?5, last_seq = seq + 1, moved_at = ?5
             RETURNING seq",
        )?
        .query_row(params![APP.0, id, low, high, now], |row| row.get(0))?;
    let (time, sender) = (now / 1_000, send.sender.as_str());
    conn.prepare_cached(
        "INSERT INTO messages (app, conversation, seq, time, msg_seq, msg_random, at, sender, body, cloud, flags,
                               expires_at, grouped, crc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', 19, ?7, 0, ?5)",
    )?
    .execute(params![APP.0, id, seq, time, send.msg_seq, send.msg_random, now, sender, send.body])?;
    let members = if seq == 1 { &[(low, high), (high, low)][..] } else { &[] };
    for (account, peer) in members {
        conn.prepare_cached(
            "INSERT INTO memberships (app, account, conversation, peer) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![APP.0, account, id, peer])?;
    }
    Ok(())
}
