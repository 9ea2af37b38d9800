//! `Condition`: who matches, from the words of the contract into those of the audience.

use std::collections::{BTreeMap, BTreeSet};

use chat::tags::{check_length, check_tags, place};
use contract::Fault;
use push::broadcast::Condition;
use serde_json::{Map, Value};

/// What a condition may hold.
const LISTS: [&str; 6] = ["TagsOr", "TagsAnd", "TagsNot", "AttrsOr", "AttrsAnd", "AttrsNot"];

/// Reads a condition; an absent one matches everybody. Attributes are known by the places of their names.
pub(super) fn parse(given: Option<&Value>, places: &BTreeMap<String, i64>) -> Result<Condition, Fault> {
    let given = match given {
        None | Some(Value::Null) => return Ok(Condition::default()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(Fault::FieldInvalid { field: "Condition" }),
    };
    // What is not understood would reach more than whoever names it means.
    if given.keys().any(|key| !LISTS.contains(&key.as_str())) {
        return Err(Fault::FieldInvalid { field: "Condition" });
    }
    let condition = Condition {
        tags_or: tags(given, "TagsOr")?,
        tags_and: tags(given, "TagsAnd")?,
        tags_not: tags(given, "TagsNot")?,
        attributes_or: attributes(given, "AttrsOr", places)?,
        attributes_and: attributes(given, "AttrsAnd", places)?,
        attributes_not: attributes(given, "AttrsNot", places)?,
    };
    if condition.tags_or.iter().any(|tag| condition.tags_and.contains(tag)) {
        return Err(Fault::TagTwice);
    }
    // A list that is null names nothing, so it mixes nothing either.
    let has = |kind: &str| given.iter().any(|(key, list)| key.starts_with(kind) && !list.is_null());
    if has("Tags") && has("Attrs") {
        return Err(Fault::ConditionMixed);
    }
    // Lists that are all null: a program that has no list to name, and does not mean everybody.
    if !given.is_empty() && condition == Condition::default() {
        return Err(Fault::FieldInvalid { field: "Condition" });
    }
    Ok(condition)
}

fn tags(given: &Map<String, Value>, field: &'static str) -> Result<Vec<String>, Fault> {
    let invalid = Fault::FieldInvalid { field };
    let list = match given.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        // An empty list would reach everybody, which nobody means who names a list.
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(invalid),
    };
    let tags: Option<Vec<String>> = list.iter().map(|tag| tag.as_str().map(str::to_owned)).collect();
    let tags = tags.ok_or(invalid)?;
    check_tags(&tags)?;
    Ok(tags.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
}

fn attributes(
    given: &Map<String, Value>,
    field: &'static str,
    places: &BTreeMap<String, i64>,
) -> Result<Vec<(i64, String)>, Fault> {
    let invalid = || Fault::FieldInvalid { field };
    let map = match given.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) if !map.is_empty() => map,
        Some(_) => return Err(invalid()),
    };
    map.iter()
        .map(|(name, value)| {
            let value = value.as_str().ok_or_else(invalid)?;
            check_length(name)?;
            check_length(value)?;
            Ok((place(places, name)?, value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_faults_the_first_list_answers_and_the_lists_come_before_their_mix() {
        let places = BTreeMap::from([("sex".to_owned(), 3)]);
        let check = |given: Value, expected: Result<Condition, Fault>| {
            assert_eq!(parse(Some(&given), &places), expected, "{given}");
        };
        let either = Condition { tags_or: vec!["a".into(), "b".into()], ..Condition::default() };
        check(json!({ "TagsOr": ["b", "a", "b"] }), Ok(either));
        let valued = Condition { attributes_and: vec![(3, "f".into())], ..Condition::default() };
        check(json!({ "AttrsAnd": { "sex": "f" } }), Ok(valued));
        check(json!({}), Ok(Condition::default()));
        check(json!(null), Ok(Condition::default()));
        for nothing in [json!([]), json!({ "TagOr": ["a"] }), json!({ "TagsOr": null }), json!({ "tagsor": ["a"] })] {
            check(nothing, Err(Fault::FieldInvalid { field: "Condition" }));
        }
        let one = Condition { tags_or: vec!["a".into()], ..Condition::default() };
        check(json!({ "TagsOr": ["a"], "TagsAnd": null }), Ok(one.clone()));
        check(json!({ "TagsOr": ["a"], "AttrsOr": null, "AttrsAnd": null }), Ok(one));
        check(json!({ "TagsOr": [] }), Err(Fault::FieldInvalid { field: "TagsOr" }));
        check(json!({ "TagsAnd": [1] }), Err(Fault::FieldInvalid { field: "TagsAnd" }));
        check(json!({ "AttrsOr": ["sex"] }), Err(Fault::FieldInvalid { field: "AttrsOr" }));
        check(json!({ "TagsOr": ["a", ""], "AttrsOr": { "city": "x" } }), Err(Fault::TagEmpty));
        check(json!({ "TagsOr": ["a"], "TagsAnd": ["a"], "AttrsOr": { "sex": "x" } }), Err(Fault::TagTwice));
        check(json!({ "TagsOr": ["a"], "AttrsOr": { "sex": "x" } }), Err(Fault::ConditionMixed));
        check(json!({ "AttrsOr": { "city": "x" } }), Err(Fault::AttributeUnknown));
        check(json!({ "AttrsOr": { "sex": "" } }), Err(Fault::AttributeLength { max: 50 }));
    }
}
