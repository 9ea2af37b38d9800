//! Profiles: nick and face stand with the account, the other fields in a row of their own.

use std::collections::BTreeMap;

use contract::profile::{IMAGE, NICK, Sequences, Value};
use contract::{Failure, Result, UserId};
use serde_json::Value as Json;

use crate::{Snapshot, Tx, accounts};

/// Values by tag.
pub type Fields = BTreeMap<String, Value>;

/// What a living account has in its profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whose.
    pub account: UserId,
    /// Standard fields that hold something.
    pub standard: Fields,
    /// Custom fields that hold something, declared or no longer.
    pub custom: Fields,
    /// How often either changed.
    pub sequences: Sequences,
}

type Row = (UserId, String, String, i64, i64, Option<String>, Option<String>);

/// Reads the profiles of the living accounts among `ids` (a bounded batch), in no particular order. A profile that
/// cannot be read is the failure of this one alone.
pub fn among(snapshot: &mut Snapshot<'_>, ids: &[UserId]) -> Result<Vec<(UserId, Result<Profile>)>> {
    let app = snapshot.app();
    let list = Json::from(ids.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    let rows: Vec<Row> = snapshot.all(
        sql! {
            sqlite: "SELECT a.id, a.nick, a.face, a.standard_seq, a.custom_seq, p.standard, p.custom
                     FROM accounts a LEFT JOIN profiles p ON p.app = a.app AND p.account = a.id
                     WHERE a.app = $1 AND a.deleted_at = 0 AND a.id IN (SELECT value FROM json_each($2))",
            postgres: "SELECT a.id, a.nick, a.face, a.standard_seq, a.custom_seq, p.standard, p.custom
                       FROM accounts a LEFT JOIN profiles p ON p.app = a.app AND p.account = a.id
                       WHERE a.app = $1 AND a.deleted_at = 0
                         AND a.id = ANY (ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))"
        },
        (app, list),
    )?;
    Ok(rows.into_iter().map(|row| (row.0.clone(), profile(row))).collect())
}

fn profile((account, nick, face, standard_seq, custom_seq, standard, custom): Row) -> Result<Profile> {
    let mut standard = fields(standard.as_deref())?;
    for (tag, text) in [(NICK, nick), (IMAGE, face)] {
        if !text.is_empty() {
            standard.insert(tag.into(), Value::Text(text));
        }
    }
    let sequences = Sequences { standard: standard_seq, custom: custom_seq };
    Ok(Profile { account, standard, custom: fields(custom.as_deref())?, sequences })
}

fn fields(kept: Option<&str>) -> Result<Fields> {
    let Some(kept) = kept else { return Ok(Fields::new()) };
    let kept: BTreeMap<String, Json> = serde_json::from_str(kept).map_err(Failure::internal)?;
    kept.into_iter()
        .map(|(tag, value)| match value {
            Json::String(text) => Ok((tag, Value::Text(text))),
            Json::Number(number) => {
                let number = number.as_u64().and_then(|number| number.try_into().ok());
                let number = number.ok_or_else(|| Failure::internal("a number of a profile is over 32 bits"))?;
                Ok((tag, Value::Number(number)))
            }
            _ => Err(Failure::internal("a value of a profile is neither text nor number").into()),
        })
        .collect()
}

fn json(fields: &Fields) -> String {
    let value = |value: &Value| match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Number(number) => Json::from(*number),
    };
    fields.iter().map(|(tag, held)| (tag.clone(), value(held))).collect::<Json>().to_string()
}

/// Keeps a profile whose account the caller holds. Its sequences rise for the classes that changed; answers them.
pub fn save(tx: &mut Tx<'_>, profile: &Profile, has_standard: bool, has_custom: bool) -> Result<Sequences> {
    let (app, account) = (tx.app(), &profile.account);
    let mut standard = profile.standard.clone();
    let (nick, face) = (take(&mut standard, NICK), take(&mut standard, IMAGE));
    accounts::set_profile(tx, account, Some(&nick), Some(&face))?;
    tx.post(
        sql!(
            "INSERT INTO profiles (app, account, standard, custom) VALUES ($1, $2, $3, $4)
             ON CONFLICT (app, account) DO UPDATE SET standard = $3, custom = $4"
        ),
        (app, account, json(&standard), json(&profile.custom)),
    )?;
    raise(tx, account, has_standard, has_custom)
}

fn take(fields: &mut Fields, tag: &str) -> String {
    match fields.remove(tag) {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    }
}

/// Notes that fields of these classes changed.
pub fn raise(tx: &mut Tx<'_>, account: &UserId, has_standard: bool, has_custom: bool) -> Result<Sequences> {
    let app = tx.app();
    let (standard, custom): (i64, i64) = tx.one(
        sql!(
            "UPDATE accounts SET standard_seq = standard_seq + $3, custom_seq = custom_seq + $4
             WHERE app = $1 AND id = $2 RETURNING standard_seq, custom_seq"
        ),
        (app, account, has_standard, has_custom),
    )?;
    Ok(Sequences { standard, custom })
}

/// Takes away what a deleted account had. The sequences rise, so that nobody keeps an old copy.
pub fn forget(tx: &mut Tx<'_>, account: &UserId) -> Result<()> {
    let app = tx.app();
    tx.post(sql!("DELETE FROM profiles WHERE app = $1 AND account = $2"), (app, account))?;
    raise(tx, account, true, true).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_as_they_were_kept_and_nothing_else_is_read() {
        let held = Fields::from([("a".into(), Value::Text("\0\"".into())), ("b".into(), Value::Number(u32::MAX))]);
        assert_eq!(fields(Some(&json(&held))), Ok(held));
        assert_eq!(fields(None), Ok(Fields::new()));
        for broken in ["", "[]", r#"{"a":null}"#, r#"{"a":4294967296}"#, r#"{"a":-1}"#] {
            assert!(fields(Some(broken)).is_err(), "{broken}");
        }
    }
}
