//! Tags of push: which an app has, and which devices, accounts and aliases carry one; walked in pages by key, so that
//! an audience of any size is.

use contract::{Millis, Result, limit};

use crate::{Snapshot, Tx};

/// What carries a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// A device.
    Device = 1,
    /// An account.
    Account = 2,
    /// An alias.
    Alias = 3,
}

/// Reads the tags of the app in pages.
pub fn list(snapshot: &mut Snapshot<'_>, after: &str) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!("SELECT tag FROM push_tags WHERE app = $1 AND tag > $2 ORDER BY tag LIMIT $3"),
        (app, after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(tag,)| tag).collect())
}

/// Whether the app has a tag.
pub fn exists(snapshot: &mut Snapshot<'_>, tag: &str) -> Result<bool> {
    let app = snapshot.app();
    let row: Option<(i64,)> =
        snapshot.opt(sql!("SELECT created_at FROM push_tags WHERE app = $1 AND tag = $2"), (app, tag))?;
    Ok(row.is_some())
}

/// Counts the tags of the app.
pub fn count(snapshot: &mut Snapshot<'_>) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(sql!("SELECT COUNT(*) FROM push_tags WHERE app = $1"), (app,))?;
    Ok(count)
}

/// Counts the holders of a tag, and no further than to a number.
pub fn count_holders(snapshot: &mut Snapshot<'_>, tag: &str, upto: i64) -> Result<i64> {
    let app = snapshot.app();
    let (count,): (i64,) = snapshot.one(
        sql!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM tag_bindings WHERE app = $1 AND tag = $2 LIMIT $3) AS page"),
        (app, tag, upto),
    )?;
    Ok(count)
}

/// Adds tags to the app; one that is there stays.
pub fn add(tx: &mut Tx<'_>, now: Millis, tags: &[String]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("INSERT INTO push_tags (app, tag, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"),
        tags.iter().map(|tag| (app, tag.as_str(), now)),
    )
}

/// Takes a tag out of the app. Its bindings go by [`unbind_page`].
pub fn remove(tx: &mut Tx<'_>, tag: &str) -> Result<bool> {
    let app = tx.app();
    Ok(tx.run(sql!("DELETE FROM push_tags WHERE app = $1 AND tag = $2"), (app, tag))? > 0)
}

/// Takes up to `count` bindings of a tag away. Answers how many there were.
pub fn unbind_page(tx: &mut Tx<'_>, tag: &str, count: usize) -> Result<u64> {
    let app = tx.app();
    tx.run(
        sql!(
            "DELETE FROM tag_bindings WHERE app = $1 AND tag = $2 AND (kind, holder) IN (
                 SELECT kind, holder FROM tag_bindings WHERE app = $1 AND tag = $2 LIMIT $3
             )"
        ),
        (app, tag, count as i64),
    )
}

/// Binds tags to holders of one kind, every tag to every holder; what is bound stays.
pub fn bind(tx: &mut Tx<'_>, now: Millis, kind: Holder, holders: &[String], tags: &[String]) -> Result<()> {
    let app = tx.app();
    let pairs = holders.iter().flat_map(|holder| tags.iter().map(move |tag| (holder, tag)));
    tx.post_all(
        sql!(
            "INSERT INTO tag_bindings (app, kind, holder, tag, bound_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
        ),
        pairs.map(|(holder, tag)| (app, kind as i64, holder.as_str(), tag.as_str(), now)),
    )
}

/// Takes tags off holders of one kind. Answers how many bindings there were.
pub fn unbind(tx: &mut Tx<'_>, kind: Holder, holders: &[String], tags: &[String]) -> Result<u64> {
    let app = tx.app();
    let pairs = holders.iter().flat_map(|holder| tags.iter().map(move |tag| (holder, tag)));
    tx.many(
        sql!("DELETE FROM tag_bindings WHERE app = $1 AND kind = $2 AND holder = $3 AND tag = $4"),
        pairs.map(|(holder, tag)| (app, kind as i64, holder.as_str(), tag.as_str())),
    )
}

/// Reads the tags of a holder in pages.
pub fn tags_of(snapshot: &mut Snapshot<'_>, kind: Holder, holder: &str, after: &str) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!(
            "SELECT tag FROM tag_bindings WHERE app = $1 AND kind = $2 AND holder = $3 AND tag > $4
             ORDER BY tag LIMIT $5"
        ),
        (app, kind as i64, holder, after, limit::STORE_PAGE as i64),
    )?;
    Ok(rows.into_iter().map(|(tag,)| tag).collect())
}

/// Reads the holders of a tag in pages by key.
pub fn holders_of(
    snapshot: &mut Snapshot<'_>,
    tag: &str,
    kind: Holder,
    after: &str,
    count: usize,
) -> Result<Vec<String>> {
    let app = snapshot.app();
    let rows: Vec<(String,)> = snapshot.all(
        sql!(
            "SELECT holder FROM tag_bindings WHERE app = $1 AND tag = $2 AND kind = $3 AND holder > $4
             ORDER BY holder LIMIT $5"
        ),
        (app, tag, kind as i64, after, count as i64),
    )?;
    Ok(rows.into_iter().map(|(holder,)| holder).collect())
}
