//! What an app does not want to be said or shown: its words, its blocked files, and the texts that wait for an operator.
//!
//! Every change raises the app's version in `filters`, in the same transaction: nodes compare versions and read again.

use contract::error::refuse;
use contract::{AppId, Fault, Millis, Result, UserId, limit};

use crate::{Snapshot, Tx};

/// What happens to a text that holds a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It is refused.
    Block,
    /// The word becomes asterisks.
    Replace,
    /// It passes, and an operator is told.
    Review,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Block, Self::Replace, Self::Review];

    /// As operators and files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Replace => "replace",
            Self::Review => "review",
        }
    }

    /// The action of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    const fn number(self) -> i64 {
        match self {
            Self::Block => 1,
            Self::Replace => 2,
            Self::Review => 3,
        }
    }

    const fn from_number(number: i64) -> Self {
        match number {
            2 => Self::Replace,
            3 => Self::Review,
            // What nobody knows is the careful one.
            _ => Self::Block,
        }
    }
}

/// What is known of an app's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lists {
    /// Rises with every change; 0 if there never was one.
    pub version: i64,
    /// Words.
    pub words: i64,
    /// Blocked files.
    pub blocked: i64,
}

/// Lists the apps that have lists with their versions, in pages ordered by id. It spans apps, so it runs for the
/// platform.
pub fn versions(snapshot: &mut Snapshot<'_>, after: AppId) -> Result<Vec<(AppId, i64)>> {
    snapshot.all(
        sql!("SELECT app, version FROM filters WHERE app > $1 ORDER BY app LIMIT $2"),
        (after, limit::STORE_PAGE as i64),
    )
}

/// Reads what is known of the app's lists.
pub fn lists(snapshot: &mut Snapshot<'_>) -> Result<Lists> {
    let app = snapshot.app();
    let row: Option<(i64, i64, i64)> =
        snapshot.opt(sql!("SELECT version, words, blocked FROM filters WHERE app = $1"), (app,))?;
    Ok(row.map(|(version, words, blocked)| Lists { version, words, blocked }).unwrap_or_default())
}

/// Begins a change of the app's lists: whoever else changes them waits.
fn begin(tx: &mut Tx<'_>) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO filters (app, version) VALUES ($1, 1)
             ON CONFLICT (app) DO UPDATE SET version = filters.version + 1"
        ),
        (app,),
    )
}

/// Ends a change: counts, and refuses what is over the bounds, so that nothing of the change stays.
fn end(tx: &mut Tx<'_>) -> Result<Lists> {
    let app = tx.app();
    tx.post(
        sql!(
            "UPDATE filters SET words = (SELECT COUNT(*) FROM words WHERE app = $1),
                 blocked = (SELECT COUNT(*) FROM blocked_files WHERE app = $1)
             WHERE app = $1"
        ),
        (app,),
    )?;
    let lists = lists(tx)?;
    if lists.words > limit::WORDS as i64 {
        return refuse(Fault::BatchSizeInvalid { max: limit::WORDS });
    }
    if lists.blocked > limit::BLOCKED_FILES as i64 {
        return refuse(Fault::BatchSizeInvalid { max: limit::BLOCKED_FILES });
    }
    Ok(lists)
}

/// Adds words; one that is there gets the new action.
pub fn add(tx: &mut Tx<'_>, words: &[(String, Action)]) -> Result<Lists> {
    let app = tx.app();
    begin(tx)?;
    tx.post_all(
        sql!(
            "INSERT INTO words (app, word, action) VALUES ($1, $2, $3)
             ON CONFLICT (app, word) DO UPDATE SET action = $3"
        ),
        words.iter().map(|(word, action)| (app, word.as_str(), action.number())),
    )?;
    end(tx)
}

/// Takes words away; those that are not there are of no consequence.
pub fn remove(tx: &mut Tx<'_>, words: &[String]) -> Result<Lists> {
    let app = tx.app();
    begin(tx)?;
    tx.post_all(sql!("DELETE FROM words WHERE app = $1 AND word = $2"), words.iter().map(|word| (app, word.as_str())))?;
    end(tx)
}

/// Lists words after one, in the order of the store.
pub fn page(snapshot: &mut Snapshot<'_>, after: &str, count: usize) -> Result<Vec<(String, Action)>> {
    let app = snapshot.app();
    let rows: Vec<(String, i64)> = snapshot.all(
        sql!("SELECT word, action FROM words WHERE app = $1 AND word > $2 ORDER BY word LIMIT $3"),
        (app, after, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(word, action)| (word, Action::from_number(action))).collect())
}

/// How a file is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    /// `sha256`, `md5` or `url`.
    pub kind: String,
    /// The digest in hex, or the URL without its query.
    pub mark: String,
}

/// Blocks files; those that are blocked already stay so.
pub fn block(tx: &mut Tx<'_>, now: Millis, marks: &[Mark]) -> Result<Lists> {
    let app = tx.app();
    begin(tx)?;
    tx.post_all(
        sql!(
            "INSERT INTO blocked_files (app, kind, mark, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, kind, mark) DO NOTHING"
        ),
        marks.iter().map(|mark| (app, mark.kind.as_str(), mark.mark.as_str(), now)),
    )?;
    end(tx)
}

/// Allows files again.
pub fn allow(tx: &mut Tx<'_>, marks: &[Mark]) -> Result<Lists> {
    let app = tx.app();
    begin(tx)?;
    tx.post_all(
        sql!("DELETE FROM blocked_files WHERE app = $1 AND kind = $2 AND mark = $3"),
        marks.iter().map(|mark| (app, mark.kind.as_str(), mark.mark.as_str())),
    )?;
    end(tx)
}

/// Lists blocked files after one, ordered by kind and mark.
pub fn blocked(snapshot: &mut Snapshot<'_>, after: &Mark, count: usize) -> Result<Vec<Mark>> {
    let app = snapshot.app();
    let rows: Vec<(String, String)> = snapshot.all(
        sql!(
            "SELECT kind, mark FROM blocked_files WHERE app = $1 AND (kind, mark) > ($2, $3)
             ORDER BY kind, mark LIMIT $4"
        ),
        (app, &after.kind, &after.mark, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(|(kind, mark)| Mark { kind, mark }).collect())
}

/// What an operator decided about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// It may stay.
    Passed,
    /// It goes.
    Blocked,
}

impl Decision {
    const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Passed => 1,
            Self::Blocked => 2,
        }
    }
}

/// A text that passed and that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Made by the application, rising with time.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Where, as the moderation callback names places.
    pub scene: String,
    /// Who wrote it.
    pub account: UserId,
    /// To whom; empty where nobody was written to.
    pub peer: String,
    /// The key of the message; empty where there is none.
    pub msg_key: String,
    /// The words that were found, parted by line ends.
    pub words: String,
    /// The text, cut.
    pub excerpt: String,
    /// What was decided.
    pub decision: Decision,
    /// When it was decided.
    pub decided_at: Millis,
}

type ReviewRow = (i64, Millis, String, UserId, String, String, String, String, i64, Millis);

fn review((id, at, scene, account, peer, msg_key, words, excerpt, state, decided_at): ReviewRow) -> Review {
    let decision = match state {
        0 => Decision::Open,
        1 => Decision::Passed,
        _ => Decision::Blocked,
    };
    Review { id, at, scene, account, peer, msg_key, words, excerpt, decision, decided_at }
}

/// Adds a text. Of each decision the newest [`limit::REVIEWS`] are kept.
pub fn add_review(tx: &mut Tx<'_>, review: &Review) -> Result<()> {
    let app = tx.app();
    tx.post(
        sql!(
            "INSERT INTO reviews (app, id, at, scene, account, peer, msg_key, words, excerpt)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (app, id) DO NOTHING"
        ),
        (
            app,
            review.id,
            review.at,
            &review.scene,
            &review.account,
            &review.peer,
            &review.msg_key,
            &review.words,
            &review.excerpt,
        ),
    )?;
    // Finding the oldest walks over all that are kept, so not everyone who adds does it.
    if review.id % TRIM_EVERY == 0 {
        for decision in [Decision::Open, Decision::Passed, Decision::Blocked] {
            trim(tx, decision)?;
        }
    }
    Ok(())
}

/// One of so many who add looks for what is too much.
const TRIM_EVERY: i64 = 64;

/// Forgets the oldest texts of a decision that are over the bound. Answers how many.
pub fn trim(tx: &mut Tx<'_>, decision: Decision) -> Result<u64> {
    let app = tx.app();
    let newest: Option<(i64,)> = tx.opt(
        sql!("SELECT id FROM reviews WHERE app = $1 AND state = $2 ORDER BY id DESC LIMIT 1 OFFSET $3"),
        (app, decision.number(), limit::REVIEWS),
    )?;
    let Some((newest,)) = newest else { return Ok(0) };
    tx.run(sql!("DELETE FROM reviews WHERE app = $1 AND state = $2 AND id <= $3"), (app, decision.number(), newest))
}

/// Lists texts of a decision before an id, newest first.
pub fn reviews(snapshot: &mut Snapshot<'_>, decision: Decision, before: i64, count: usize) -> Result<Vec<Review>> {
    let app = snapshot.app();
    let rows: Vec<ReviewRow> = snapshot.all(
        sql!(
            "SELECT id, at, scene, account, peer, msg_key, words, excerpt, state, decided_at FROM reviews
             WHERE app = $1 AND state = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
        ),
        (app, decision.number(), before, count.min(limit::STORE_PAGE) as i64),
    )?;
    Ok(rows.into_iter().map(review).collect())
}

/// Notes what was decided about a text that waits. Answers the text, or none if it does not wait.
pub fn decide(tx: &mut Tx<'_>, now: Millis, id: i64, decision: Decision) -> Result<Option<Review>> {
    let app = tx.app();
    let changed = tx.run(
        sql!("UPDATE reviews SET state = $3, decided_at = $4 WHERE app = $1 AND id = $2 AND state = 0"),
        (app, id, decision.number(), now),
    )?;
    if changed == 0 {
        return Ok(None);
    }
    let row: Option<ReviewRow> = tx.opt(
        sql!(
            "SELECT id, at, scene, account, peer, msg_key, words, excerpt, state, decided_at FROM reviews
             WHERE app = $1 AND id = $2"
        ),
        (app, id),
    )?;
    Ok(row.map(review))
}
