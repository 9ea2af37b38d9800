//! What a device remembers of one account, in SQLite: messages, conversations, and where the sync stands.
//!
//! A round of writes is one transaction, on a thread that may block. The file's version is kept in `user_version`.

mod query;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use contract::frame::wire::{ContactState, ConversationGroup, Head};
use contract::stream::{Chunk, Stream};
use rusqlite::{Connection, OptionalExtension, params};

use crate::core::{Known, Write};
use crate::error::{Error, Result};
use crate::message::{Conversation, Message, MessageId};
use crate::settings::Storage;

/// The version of the tables below.
const VERSION: i64 = 2;

const TABLES: &str = "
    CREATE TABLE messages (
        peer TEXT NOT NULL,
        sender TEXT NOT NULL,
        receiver TEXT NOT NULL,
        time INTEGER NOT NULL,
        msg_seq INTEGER NOT NULL,
        msg_random INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        cloud TEXT NOT NULL,
        flags INTEGER NOT NULL,
        PRIMARY KEY (peer, time, msg_seq, msg_random, sender)
    );
    CREATE INDEX messages_by_seq ON messages (peer, seq);
    CREATE TABLE conversations (
        peer TEXT PRIMARY KEY,
        -- complete up to here; NULL if only the head was seen
        place INTEGER,
        place_time INTEGER NOT NULL DEFAULT 0,
        -- the newest place that the server told, and what was unread then
        head_seq INTEGER NOT NULL DEFAULT 0,
        head_unread INTEGER NOT NULL DEFAULT 0,
        read_seq INTEGER NOT NULL DEFAULT 0,
        peer_read_time INTEGER NOT NULL DEFAULT 0,
        -- the newest movement that the server told, and up to which changes of messages are known
        moved_at INTEGER NOT NULL DEFAULT 0,
        checked_at INTEGER NOT NULL DEFAULT 0,
        -- the account cleared the list's entry up to here
        cleared_seq INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE cursor (id INTEGER PRIMARY KEY CHECK (id = 1), heads INTEGER NOT NULL);
    INSERT INTO cursor (id, heads) VALUES (1, 0);
";

/// What version 2 added: the settings of conversations.
const CONTACTS: &str = "
    -- the account deleted the conversation from its list at this place
    ALTER TABLE conversations ADD COLUMN hidden_seq INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE cursor ADD COLUMN contacts INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE contacts (
        peer TEXT PRIMARY KEY,
        pinned_at INTEGER NOT NULL,
        -- 64 bits
        marks INTEGER NOT NULL,
        custom TEXT NOT NULL,
        -- a JSON list of the ids of groups
        groups TEXT NOT NULL
    );
    CREATE TABLE contact_groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
";

/// What came later and is no obstacle to an older client: how far broadcasts are known, and of which life of the server's
/// store all of it is.
const LATER: &str = "
    CREATE TABLE IF NOT EXISTS broadcasts (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS lives (id INTEGER PRIMARY KEY CHECK (id = 1), life INTEGER NOT NULL);
";

/// Empties the cache.
const ANEW: &str = "
    DELETE FROM messages;
    DELETE FROM conversations;
    DELETE FROM contacts;
    DELETE FROM contact_groups;
    DELETE FROM broadcasts;
    UPDATE cursor SET heads = 0, contacts = 0;
";

const NO_UNREAD: i64 = 1;
const NO_LAST: i64 = 2;
const RECEIPT_WANTED: i64 = 4;
const EXTENSIBLE: i64 = 8;
const RECALLED: i64 = 16;
const READ_BY_PEER: i64 = 32;
const EXTENDED: i64 = 64;
/// The version of a message stands above its flags, so that an older answer never takes the place of a newer one.
const VERSION_BITS: u32 = 32;
/// What once holds for a message holds for ever, whatever an older answer says.
const STICKY: i64 = RECALLED | READ_BY_PEER;

/// The cache of one account.
#[derive(Clone)]
pub(crate) struct Cache {
    me: Arc<str>,
    connection: Arc<Mutex<Connection>>,
}

impl Cache {
    /// Opens or makes the cache of an account.
    pub(crate) async fn open(storage: Storage, app: u64, me: &str) -> Result<Self> {
        let me: Arc<str> = me.into();
        blocking(move || {
            let connection = match &storage {
                Storage::Memory => Connection::open_in_memory(),
                Storage::Directory(directory) => {
                    std::fs::create_dir_all(directory).map_err(|error| Error::Cache(error.to_string()))?;
                    Connection::open(directory.join(file_name(app, &me)))
                }
            };
            let mut connection = connection.map_err(failed)?;
            prepare(&mut connection)?;
            Ok(Self { me, connection: Arc::new(Mutex::new(connection)) })
        })
        .await
    }

    /// Whose cache this is.
    pub(crate) fn owner(&self) -> &str {
        &self.me
    }

    /// Keeps a round of writes: all of them or none.
    pub(crate) async fn apply(&self, writes: Vec<Write>) -> Result<()> {
        self.run(move |connection, me| {
            let tx = connection.transaction()?;
            for write in &writes {
                keep(&tx, me, write)?;
            }
            tx.commit()
        })
        .await
    }

    /// What the sync needs to go on.
    pub(crate) async fn known(&self) -> Result<Known> {
        self.run(|connection, _| query::known(connection)).await
    }

    /// The conversations, newest first.
    pub(crate) async fn conversations(&self) -> Result<Vec<Conversation>> {
        self.run(query::conversations).await
    }

    /// The names of the conversation groups, in the order in which they were made.
    pub(crate) async fn groups(&self) -> Result<Vec<String>> {
        self.run(|connection, _| Ok(query::groups(connection)?.into_iter().map(|group| group.name).collect())).await
    }

    /// Messages older than one, or the newest; oldest first.
    pub(crate) async fn history(&self, peer: &str, before: Option<MessageId>, count: u32) -> Result<Vec<Message>> {
        let peer = peer.to_owned();
        self.run(move |connection, _| query::history(connection, &peer, before.as_ref(), count)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        blocking(move || {
            // A panic in between left a transaction that was rolled back; the connection itself is whole.
            let mut connection = this.connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection, &this.me).map_err(failed)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Cache(error.to_string()))?
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Cache(error.to_string())
}

/// An account may hold any printable character, a file name may not.
fn file_name(app: u64, me: &str) -> String {
    let mut name = format!("{app}-");
    for byte in me.bytes() {
        write!(name, "{byte:02x}").expect("a string takes every write");
    }
    name + ".db"
}

fn prepare(connection: &mut Connection) -> Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    match version {
        VERSION => {}
        0 | 1 => {
            let tx = connection.transaction().map_err(failed)?;
            if version == 0 {
                tx.execute_batch(TABLES).map_err(failed)?;
            }
            tx.execute_batch(CONTACTS).map_err(failed)?;
            tx.pragma_update(None, "user_version", VERSION).map_err(failed)?;
            tx.commit().map_err(failed)?;
        }
        other => return Err(Error::Cache(format!("the file has version {other}, this client knows {VERSION}"))),
    }
    connection.execute_batch(LATER).map_err(failed)
}

fn flags(message: &Message) -> i64 {
    let bit = |is_set: bool, bit: i64| if is_set { bit } else { 0 };
    bit(message.no_unread, NO_UNREAD)
        | bit(message.no_last, NO_LAST)
        | bit(message.receipt_wanted, RECEIPT_WANTED)
        | bit(message.extensible, EXTENSIBLE)
        | bit(message.recalled, RECALLED)
        | bit(message.read_by_peer, READ_BY_PEER)
        | bit(message.extended, EXTENDED)
        | i64::from(message.version) << VERSION_BITS
}

fn keep(tx: &Connection, me: &str, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Message { peer, message, place } => {
            keep_message(tx, peer, message)?;
            place.map_or(Ok(()), |(seq, time)| keep_place(tx, peer, seq, time))
        }
        Write::Place { peer, seq, time } => keep_place(tx, peer, *seq, *time),
        Write::Checked { peer, at } => run(
            tx,
            "INSERT INTO conversations (peer, checked_at) VALUES (?1, ?2)
             ON CONFLICT (peer) DO UPDATE SET checked_at = max(checked_at, excluded.checked_at)",
            params![peer, at],
        ),
        Write::Head(head) => keep_head(tx, head),
        Write::Broadcast(message) => {
            keep_message(tx, &message.from, message)?;
            run(tx, "INSERT INTO conversations (peer) VALUES (?1) ON CONFLICT DO NOTHING", params![message.from])
        }
        Write::Broadcasts(number) => run(
            tx,
            "INSERT INTO broadcasts (id, number) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET number = max(number, excluded.number)",
            params![number.cast_signed()],
        ),
        Write::Contact(state) => keep_contact(tx, me, state),
        Write::Groups(groups) => keep_groups(tx, groups),
        Write::Contacts(version) => run(tx, "UPDATE cursor SET contacts = ?1", params![version]),
        Write::Cursor(heads) => run(tx, "UPDATE cursor SET heads = ?1", params![heads]),
        Write::Anew { life } => {
            tx.execute_batch(ANEW)?;
            run(tx, "INSERT OR REPLACE INTO lives (id, life) VALUES (1, ?1)", params![life.cast_signed()])
        }
        Write::ReadByMe { peer, seq } => keep_read(tx, me, peer, *seq),
        Write::ReadByPeer { peer, time } => run(
            tx,
            "INSERT INTO conversations (peer, peer_read_time) VALUES (?1, ?2)
             ON CONFLICT (peer) DO UPDATE SET peer_read_time = max(peer_read_time, excluded.peer_read_time)",
            params![peer, time],
        ),
        Write::Recalled { peer, id } => run(
            tx,
            "UPDATE messages SET flags = flags | ?6
             WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
            params![peer, id.key.time, id.key.seq, id.key.random, id.from, RECALLED],
        ),
        Write::Streamed { peer, id, version, chunks } => keep_chunks(tx, peer, id, *version, chunks),
        Write::Deleted { peer, ids } => ids.iter().try_for_each(|id| {
            run(
                tx,
                "DELETE FROM messages WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
                params![peer, id.key.time, id.key.seq, id.key.random, id.from],
            )
        }),
        Write::Receipts { peer, keys } => keys.iter().try_for_each(|key| {
            run(
                tx,
                "UPDATE messages SET flags = flags | ?6
                 WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
                params![peer, key.time, key.seq, key.random, me, READ_BY_PEER],
            )
        }),
    }
}

fn run(tx: &Connection, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<()> {
    tx.prepare_cached(sql)?.execute(params).map(|_| ())
}

fn keep_message(tx: &Connection, peer: &str, message: &Message) -> rusqlite::Result<()> {
    run(
        tx,
        "INSERT INTO messages
             (peer, sender, receiver, time, msg_seq, msg_random, seq, at, body, cloud, flags)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT DO UPDATE SET
             seq = excluded.seq, body = excluded.body, cloud = excluded.cloud,
             flags = excluded.flags | (flags & ?12)
         WHERE excluded.flags >> 32 >= flags >> 32",
        params![
            peer,
            message.from,
            message.to,
            message.key.time,
            message.key.seq,
            message.key.random,
            message.seq.cast_signed(),
            message.at,
            message.body,
            message.cloud,
            flags(message),
            STICKY
        ],
    )
}

/// Adds chunks to a stream. If one is missing before them the cache waits for the whole text, which comes at the end.
fn keep_chunks(
    tx: &Connection,
    peer: &str,
    id: &MessageId,
    version: Option<u32>,
    chunks: &[Chunk],
) -> rusqlite::Result<()> {
    let key = params![peer, id.key.time, id.key.seq, id.key.random, id.from];
    let known: Option<(String, i64)> = tx
        .prepare_cached(
            "SELECT body, flags FROM messages
             WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
        )?
        .query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((body, flags)) = known else { return Ok(()) };
    let Some(mut stream) = Stream::parse(&body) else { return Ok(()) };
    match stream.append(chunks) {
        Ok(new) if !new.is_empty() => {}
        Ok(_) | Err(_) => return Ok(()),
    }
    let version = version.map_or(flags >> VERSION_BITS, i64::from);
    let flags = flags & ((1 << VERSION_BITS) - 1) | version << VERSION_BITS;
    run(
        tx,
        "UPDATE messages SET body = ?6, flags = ?7
         WHERE peer = ?1 AND time = ?2 AND msg_seq = ?3 AND msg_random = ?4 AND sender = ?5",
        params![peer, id.key.time, id.key.seq, id.key.random, id.from, stream.body(), flags],
    )
}

fn keep_place(tx: &Connection, peer: &str, seq: u64, time: i64) -> rusqlite::Result<()> {
    run(
        tx,
        "INSERT INTO conversations (peer, place, place_time) VALUES (?1, ?2, ?3)
         ON CONFLICT (peer) DO UPDATE SET place = excluded.place, place_time = excluded.place_time
         WHERE place IS NULL OR place <= excluded.place",
        params![peer, seq.cast_signed(), time],
    )
}

fn keep_head(tx: &Connection, head: &Head) -> rusqlite::Result<()> {
    let place = head.place.unwrap_or_default().seq.cast_signed();
    let read = head.read.unwrap_or_default().seq.cast_signed();
    let cleared = if head.last.is_none() { place } else { 0 };
    if let Some(last) = &head.last {
        keep_message(tx, &head.peer, &last.clone().into())?;
    }
    run(
        tx,
        "INSERT INTO conversations (peer, head_seq, head_unread, read_seq, peer_read_time, cleared_seq, moved_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (peer) DO UPDATE SET
             head_seq = excluded.head_seq, head_unread = excluded.head_unread,
             read_seq = max(read_seq, excluded.read_seq),
             peer_read_time = max(peer_read_time, excluded.peer_read_time),
             cleared_seq = max(cleared_seq, excluded.cleared_seq),
             moved_at = max(moved_at, excluded.moved_at)",
        params![head.peer, place, head.unread, read, head.peer_read_time, cleared, head.moved_at],
    )
}

/// What the account has set, and where it read, cleared and deleted. A contact need not have a conversation.
fn keep_contact(tx: &Connection, me: &str, state: &ContactState) -> rusqlite::Result<()> {
    let groups = serde_json::Value::from(state.groups.as_slice()).to_string();
    run(
        tx,
        "INSERT OR REPLACE INTO contacts (peer, pinned_at, marks, custom, groups) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![state.peer, state.pinned_at, state.marks.cast_signed(), state.custom, groups],
    )?;
    let (hidden, cleared) = (state.hidden.cast_signed(), state.cleared.cast_signed());
    let seen = state.read.max(state.hidden).max(state.cleared);
    if seen == 0 {
        return Ok(());
    }
    keep_read(tx, me, &state.peer, seen)?;
    run(
        tx,
        "UPDATE conversations SET hidden_seq = max(hidden_seq, ?2), cleared_seq = max(cleared_seq, ?3) WHERE peer = ?1",
        params![state.peer, hidden, cleared],
    )?;
    run(tx, "DELETE FROM messages WHERE peer = ?1 AND seq <= ?2", params![state.peer, cleared])
}

fn keep_groups(tx: &Connection, groups: &[ConversationGroup]) -> rusqlite::Result<()> {
    run(tx, "DELETE FROM contact_groups", [])?;
    groups.iter().try_for_each(|group| {
        run(tx, "INSERT INTO contact_groups (id, name) VALUES (?1, ?2)", params![group.id, group.name])
    })
}

/// What the head counted and is now read counts no more; of the rest, what is here is counted.
fn keep_read(tx: &Connection, me: &str, peer: &str, seq: u64) -> rusqlite::Result<()> {
    run(
        tx,
        "INSERT INTO conversations (peer, read_seq) VALUES (?1, ?2)
         ON CONFLICT (peer) DO UPDATE SET
             read_seq = max(read_seq, excluded.read_seq),
             head_unread = min(head_unread, (
                 SELECT count(*) FROM messages
                 WHERE peer = ?1 AND seq > ?2 AND seq <= head_seq AND sender <> ?3 AND flags & ?4 = 0))",
        params![peer, seq.cast_signed(), me, NO_UNREAD | RECALLED],
    )
}
