//! Files that accounts uploaded. Here lies what is known of them; their bytes are in the object store.

use contract::{AppId, Millis, Result, UserId, limit};

use crate::{Snapshot, Tx};

/// What becomes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Asked for; the bytes are not there.
    Begun,
    /// The bytes are there.
    Stored,
    /// Given up by its own side.
    GivenUp,
}

impl State {
    const fn number(self) -> i64 {
        match self {
            Self::Begun => 0,
            Self::Stored => 1,
            Self::GivenUp => 2,
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Unique in the app: 32 hex digits drawn at random, so that nobody guesses one.
    pub id: String,
    /// Who uploads it.
    pub owner: UserId,
    /// As the gateway's contract numbers kinds.
    pub kind: i64,
    /// As the user calls it.
    pub name: String,
    /// Bytes: as announced, then as stored.
    pub size: i64,
    /// In hex; before the bytes are there the announced one, or nothing.
    pub md5: String,
    /// In hex; empty before the bytes are there.
    pub sha256: String,
    /// What becomes of it.
    pub state: State,
    /// The owner's epoch when it asked.
    pub epoch: i64,
    /// When it was asked for.
    pub made_at: Millis,
    /// From when on it may be removed.
    pub expires_at: Millis,
}

type Row = (String, UserId, i64, String, i64, String, String, i64, i64, Millis, Millis);

fn file((id, owner, kind, name, size, md5, sha256, state, epoch, made_at, expires_at): Row) -> File {
    let state = match state {
        0 => State::Begun,
        1 => State::Stored,
        _ => State::GivenUp,
    };
    File { id, owner, kind, name, size, md5, sha256, state, epoch, made_at, expires_at }
}

/// Notes that somebody begins an upload.
pub fn add(tx: &mut Tx<'_>, file: &File) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO files (app, id, owner, kind, name, size, md5, state, epoch, made_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        (
            app,
            &file.id,
            &file.owner,
            file.kind,
            &file.name,
            file.size,
            &file.md5,
            file.state.number(),
            file.epoch,
            file.made_at,
            file.expires_at,
        ),
    )
}

/// Reads what is known of a file.
pub fn get(snapshot: &mut Snapshot<'_>, id: &str) -> Result<Option<File>> {
    let app = snapshot.app();
    let row: Option<Row> = snapshot.opt(
        sql!(
            "SELECT id, owner, kind, name, size, md5, sha256, state, epoch, made_at, expires_at FROM files
             WHERE app = $1 AND id = $2"
        ),
        (app, id),
    )?;
    Ok(row.map(file))
}

/// Notes that the bytes of a file are there. Answers false, and changes nothing, if nobody waits for them any more.
pub fn finish(tx: &mut Tx<'_>, file: &File) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(
        sql!(
            "UPDATE files SET state = 1, size = $3, md5 = $4, sha256 = $5, expires_at = $6
             WHERE app = $1 AND id = $2 AND state = 0"
        ),
        (app, &file.id, file.size, &file.md5, &file.sha256, file.expires_at),
    )?;
    Ok(changed > 0)
}

/// Gives an upload up. Answers false if it is not under way.
pub fn give_up(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let app = tx.app();
    let changed = tx.run(sql!("UPDATE files SET state = 2 WHERE app = $1 AND id = $2 AND state = 0"), (app, id))?;
    Ok(changed > 0)
}

/// Lists apps that have files which expired. It spans apps, so it runs for the platform.
pub fn apps_expired(snapshot: &mut Snapshot<'_>, now: Millis) -> Result<Vec<AppId>> {
    let rows: Vec<(AppId,)> = snapshot.all(
        sql!(
            "WITH RECURSIVE firsts (app) AS (
                 SELECT (SELECT MIN(f.app) FROM files f)
                 UNION ALL
                 SELECT (SELECT MIN(f.app) FROM files f WHERE f.app > firsts.app)
                 FROM firsts WHERE firsts.app IS NOT NULL
             )
             SELECT firsts.app FROM firsts WHERE firsts.app IS NOT NULL AND EXISTS (
                 SELECT 1 FROM files f WHERE f.app = firsts.app AND f.expires_at <= $1
             ) LIMIT $2"
        ),
        (now, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(app,)| app).collect())
}

/// Lists some files that expired.
pub fn expired(snapshot: &mut Snapshot<'_>, now: Millis, count: usize) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!("SELECT id FROM files WHERE app = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3"),
        (app, now, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Forgets files.
pub fn remove(tx: &mut Tx<'_>, ids: &[String]) -> Result<u64> {
    let app = tx.app();
    tx.many(sql!("DELETE FROM files WHERE app = $1 AND id = $2"), ids.iter().map(|id| (app, id.as_str())))
}
