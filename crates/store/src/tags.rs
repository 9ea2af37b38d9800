//! Attributes and tags of accounts, and who has one: in pages by key, so that an audience of any size is walked.

use contract::{Result, UserId, limit};

use crate::{Snapshot, Tx};

/// Reads the names of the app's attributes with their places.
pub fn names(snapshot: &mut Snapshot<'_>) -> Result<Vec<(i64, String)>> {
    let app = snapshot.app();
    snapshot.all(
        sql!("SELECT place, name FROM attribute_names WHERE app = $1 ORDER BY place LIMIT $2"),
        (app, limit::STORE_PAGE as i64),
    )
}

/// Names attributes; a value stays where it is when its name changes.
pub fn set_names(tx: &mut Tx<'_>, names: &[(i64, String)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO attribute_names (app, place, name) VALUES ($1, $2, $3)
             ON CONFLICT (app, place) DO UPDATE SET name = $3"
        ),
        names.iter().map(|(place, name)| (app, *place, name.as_str())),
    )
}

/// A value of an account at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The account.
    pub account: UserId,
    /// Which attribute.
    pub place: i64,
    /// What it is.
    pub value: String,
}

/// Sets attributes; others stay.
pub fn set_attributes(tx: &mut Tx<'_>, attributes: &[Attribute]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!(
            "INSERT INTO account_attributes (app, account, place, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, account, place) DO UPDATE SET value = $4"
        ),
        attributes.iter().map(|one| (app, &one.account, one.place, one.value.as_str())),
    )
}

/// Takes attributes away.
pub fn remove_attributes(tx: &mut Tx<'_>, attributes: &[(UserId, i64)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM account_attributes WHERE app = $1 AND account = $2 AND place = $3"),
        attributes.iter().map(|(account, place)| (app, account, *place)),
    )
}

/// Reads the attributes of up to a page of accounts.
pub fn attributes_of(snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<Attribute>> {
    let app = snapshot.app();
    let rows: Vec<(UserId, i64, String)> = snapshot.all(
        sql! {
            sqlite: "SELECT account, place, value FROM account_attributes
                     WHERE app = $1 AND account IN (SELECT value FROM json_each($2)) ORDER BY account, place",
            postgres: "SELECT account, place, value FROM account_attributes
                       WHERE app = $1 AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                       ORDER BY account, place"
        },
        (app, list(accounts.iter().map(UserId::as_str))),
    )?;
    Ok(rows.into_iter().map(|(account, place, value)| Attribute { account, place, value }).collect())
}

/// Adds tags to accounts; one that is there stays.
pub fn add_tags(tx: &mut Tx<'_>, tags: &[(UserId, String)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("INSERT INTO account_tags (app, account, tag) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"),
        tags.iter().map(|(account, tag)| (app, account, tag.as_str())),
    )
}

/// Takes tags away.
pub fn remove_tags(tx: &mut Tx<'_>, tags: &[(UserId, String)]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM account_tags WHERE app = $1 AND account = $2 AND tag = $3"),
        tags.iter().map(|(account, tag)| (app, account, tag.as_str())),
    )
}

/// Takes all tags of accounts away.
pub fn clear_tags(tx: &mut Tx<'_>, accounts: &[UserId]) -> Result<()> {
    let app = tx.app();
    tx.post_all(
        sql!("DELETE FROM account_tags WHERE app = $1 AND account = $2"),
        accounts.iter().map(|account| (app, account)),
    )
}

/// Forgets what a deleted account was tagged with.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM account_tags WHERE app = $1 AND account = $2"), (app, account))?;
    tx.post(sql!("DELETE FROM account_attributes WHERE app = $1 AND account = $2"), (app, account))
}

/// Reads the tags of up to a hundred accounts.
pub fn tags_of(snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<(UserId, String)>> {
    let app = snapshot.app();
    snapshot.all(
        sql! {
            sqlite: "SELECT account, tag FROM account_tags
                     WHERE app = $1 AND account IN (SELECT value FROM json_each($2)) ORDER BY account, tag",
            postgres: "SELECT account, tag FROM account_tags
                       WHERE app = $1 AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                       ORDER BY account, tag"
        },
        (app, list(accounts.iter().map(UserId::as_str))),
    )
}

/// Reads which of some tags accounts have. Both lists together are bounded by the caller.
pub fn tags_among(snapshot: &mut Snapshot<'_>, accounts: &[UserId], tags: &[&str]) -> Result<Vec<(UserId, String)>> {
    let app = snapshot.app();
    snapshot.all(
        sql! {
            sqlite: "SELECT account, tag FROM account_tags
                     WHERE app = $1 AND account IN (SELECT value FROM json_each($2))
                         AND tag IN (SELECT value FROM json_each($3))",
            postgres: "SELECT account, tag FROM account_tags
                       WHERE app = $1 AND account = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))
                           AND tag = ANY (ARRAY(SELECT jsonb_array_elements_text($3::text::jsonb)))"
        },
        (app, list(accounts.iter().map(UserId::as_str)), list(tags.iter().copied())),
    )
}

/// What accounts are walked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// All of them.
    Account,
    /// Those with a tag.
    Tag(String),
    /// Those with a value.
    Attribute(i64, String),
}

/// Reads the accounts of a key that come after one, in their order.
pub fn after(snapshot: &mut Snapshot<'_>, key: &Key, after: &str, count: usize) -> Result<Vec<UserId>> {
    let (app, count) = (snapshot.app(), count.min(limit::STORE_PAGE) as i64);
    let rows: Vec<(UserId,)> = match key {
        Key::Account => snapshot.all(
            sql!("SELECT id FROM accounts WHERE app = $1 AND id > $2 AND deleted_at = 0 ORDER BY id LIMIT $3"),
            (app, after, count),
        )?,
        Key::Tag(tag) => snapshot.all(
            sql!(
                "SELECT account FROM account_tags WHERE app = $1 AND tag = $2 AND account > $3
                 ORDER BY account LIMIT $4"
            ),
            (app, tag, after, count),
        )?,
        Key::Attribute(place, value) => snapshot.all(
            sql!(
                "SELECT account FROM account_attributes WHERE app = $1 AND place = $2 AND value = $3 AND account > $4
                 ORDER BY account LIMIT $5"
            ),
            (app, *place, value, after, count),
        )?,
    };
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

/// Reads the accounts of a key from after one up to and with another, in their order.
pub fn between(snapshot: &mut Snapshot<'_>, key: &Key, after: &str, upto: &str, count: usize) -> Result<Vec<UserId>> {
    let (app, count) = (snapshot.app(), count.min(limit::STORE_PAGE) as i64);
    let rows: Vec<(UserId,)> = match key {
        Key::Account => snapshot.all(
            sql!(
                "SELECT id FROM accounts WHERE app = $1 AND id > $2 AND id <= $3 AND deleted_at = 0
                 ORDER BY id LIMIT $4"
            ),
            (app, after, upto, count),
        )?,
        Key::Tag(tag) => snapshot.all(
            sql!(
                "SELECT account FROM account_tags WHERE app = $1 AND tag = $2 AND account > $3 AND account <= $4
                 ORDER BY account LIMIT $5"
            ),
            (app, tag, after, upto, count),
        )?,
        Key::Attribute(place, value) => snapshot.all(
            sql!(
                "SELECT account FROM account_attributes
                 WHERE app = $1 AND place = $2 AND value = $3 AND account > $4 AND account <= $5
                 ORDER BY account LIMIT $6"
            ),
            (app, *place, value, after, upto, count),
        )?,
    };
    Ok(rows.into_iter().map(|(account,)| account).collect())
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from(texts.collect::<Vec<_>>()).to_string()
}
