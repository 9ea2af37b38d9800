//! Attributes and tags of accounts: what may be declared, set and added.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::error::refuse;
use contract::{Fault, Result, UserId, limit};
use store::tags::{self, Attribute};
use store::{Snapshot, Tx};

/// Names the app's attributes by place. A value stays at its place when the name changes.
pub fn name_attributes(tx: &mut Tx<'_>, names: &[(i64, String)]) -> Result<()> {
    for (place, name) in names {
        if !(0..limit::ATTRIBUTES as i64).contains(place) {
            return refuse(Fault::FieldInvalid { field: "AttrNames" });
        }
        check_length(name)?;
    }
    let named: BTreeSet<i64> = names.iter().map(|(place, _)| *place).collect();
    let others = tags::names(tx)?.into_iter().filter(|(place, _)| !named.contains(place)).map(|(_, name)| name);
    let mut all: Vec<String> = others.chain(names.iter().map(|(_, name)| name.clone())).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    // A name that stands at two places would mean two values.
    if all.len() < count {
        return refuse(Fault::FieldInvalid { field: "AttrNames" });
    }
    tags::set_names(tx, names)
}

/// The place of each declared attribute.
pub fn places(snapshot: &mut Snapshot<'_>) -> Result<BTreeMap<String, i64>> {
    Ok(tags::names(snapshot)?.into_iter().map(|(place, name)| (name, place)).collect())
}

/// The place of an attribute that has to be declared.
pub fn place(places: &BTreeMap<String, i64>, name: &str) -> Result<i64, Fault> {
    places.get(name).copied().ok_or(Fault::AttributeUnknown)
}

/// Sets values of declared attributes.
pub fn set_attributes(tx: &mut Tx<'_>, values: &[(UserId, Vec<(String, String)>)]) -> Result<()> {
    let places = places(tx)?;
    let mut all = Vec::new();
    for (account, values) in values {
        for (name, value) in values {
            check_length(name)?;
            check_length(value)?;
            let place = place(&places, name)?;
            all.push(Attribute { account: account.clone(), place, value: value.clone() });
        }
    }
    tags::set_attributes(tx, &all)
}

/// Takes values of declared attributes away.
pub fn remove_attributes(tx: &mut Tx<'_>, names: &[(UserId, Vec<String>)]) -> Result<()> {
    let places = places(tx)?;
    let mut all = Vec::new();
    for (account, names) in names {
        for name in names {
            check_length(name)?;
            all.push((account.clone(), place(&places, name)?));
        }
    }
    tags::remove_attributes(tx, &all)
}

/// Adds tags: so many in one call, and so many altogether.
pub fn add_tags(tx: &mut Tx<'_>, added: &[(UserId, Vec<String>)]) -> Result<()> {
    let pairs = pairs(added)?;
    let accounts: Vec<UserId> = added.iter().map(|(account, _)| account.clone()).collect();
    let before = tags::tags_of(tx, &accounts)?;
    let mut all: HashMap<&UserId, BTreeSet<&str>> = HashMap::new();
    for (account, tag) in before.iter().chain(&pairs) {
        all.entry(account).or_default().insert(tag);
    }
    if all.values().any(|tags| tags.len() > limit::TAGS_PER_ACCOUNT) {
        return refuse(Fault::TagsTooMany { max: limit::TAGS_PER_ACCOUNT });
    }
    tags::add_tags(tx, &pairs)
}

/// Takes tags away.
pub fn remove_tags(tx: &mut Tx<'_>, removed: &[(UserId, Vec<String>)]) -> Result<()> {
    tags::remove_tags(tx, &pairs(removed)?)
}

fn pairs(named: &[(UserId, Vec<String>)]) -> Result<Vec<(UserId, String)>> {
    let mut pairs = Vec::new();
    for (account, tags) in named {
        check_tags(tags)?;
        pairs.extend(tags.iter().map(|tag| (account.clone(), tag.clone())));
    }
    Ok(pairs)
}

/// Checks a list of tags: how many, and each of them.
pub fn check_tags(tags: &[String]) -> Result<(), Fault> {
    if tags.len() > limit::TAGS_PER_CALL {
        return Err(Fault::TagsTooMany { max: limit::TAGS_PER_CALL });
    }
    for tag in tags {
        match tag.len() {
            0 => return Err(Fault::TagEmpty),
            1..=limit::TAG_BYTES if !tag.contains('\0') => {}
            1..=limit::TAG_BYTES => return Err(Fault::FieldInvalid { field: "Tags" }),
            _ => return Err(Fault::TagTooLong { max: limit::TAG_BYTES }),
        }
    }
    Ok(())
}

/// Checks the name or the value of an attribute.
pub fn check_length(text: &str) -> Result<(), Fault> {
    // One of the stores keeps no NUL in a text.
    if text.contains('\0') {
        return Err(Fault::FieldInvalid { field: "Attrs" });
    }
    if (1..=limit::TAG_BYTES).contains(&text.len()) {
        Ok(())
    } else {
        Err(Fault::AttributeLength { max: limit::TAG_BYTES })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_counted_before_they_are_looked_at() {
        let check = |tags: &[&str], expected: Result<(), Fault>| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(check_tags(&tags), expected, "{tags:?}");
        };
        let (long, longest) = ("x".repeat(51), "x".repeat(50));
        check(&["a", &longest], Ok(()));
        check(&[""; 11], Err(Fault::TagsTooMany { max: 10 }));
        check(&["a", ""], Err(Fault::TagEmpty));
        check(&[&long], Err(Fault::TagTooLong { max: 50 }));
        check(&["a\0"], Err(Fault::FieldInvalid { field: "Tags" }));
    }
}
