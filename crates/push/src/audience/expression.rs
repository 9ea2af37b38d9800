//! Tag expressions: `{"tag":"a"}`, `{"not":{"tag":"a"}}`, `{"and":[…]}`, `{"or":[…]}`. Pure.
//!
//! There is no set of everybody: every match carries at least one of a few tags, by which the walk is led, and a `not`
//! only narrows what stands beside it. Limits are those of the published grammar (aliyun-openapi reference, §6.2).

use std::collections::{BTreeSet, HashSet};

use contract::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Levels of `and` and `or`.
pub const DEPTH_MAX: usize = 2;
/// Parts of one `and` or `or`.
pub const PARTS_MAX: usize = 10;
/// Tags in the whole expression.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag.
pub const TAG_LETTERS_MAX: usize = 128;

/// Which tags a holder must and must not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// It has the tag.
    Tag(String),
    /// It does not have the tag.
    Not(String),
    /// All hold.
    All(Vec<Expression>),
    /// At least one holds.
    Any(Vec<Expression>),
}

impl Expression {
    /// Reads the value of a tag target: one tag's name, or an expression if it is a JSON object. The fault names the
    /// field as the caller's surface spells it.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Fault> {
        let refused = || Fault::FieldInvalid { field };
        let is_object = text.trim_start().starts_with('{');
        let parsed = if is_object { serde_json::from_str::<Value>(text).ok() } else { None };
        let expression = match parsed {
            Some(value) => read(&value, 0).ok_or_else(refused)?,
            None => Self::Tag(text.to_owned()),
        };
        let tags = expression.tags();
        let fits = |tag: &&str| !tag.trim().is_empty() && tag.chars().count() <= TAG_LETTERS_MAX;
        if tags.len() > TAGS_MAX || !tags.iter().all(fits) || expression.leads().is_none() {
            return Err(refused());
        }
        Ok(expression)
    }

    /// All tags that it names, in its order.
    pub fn tags(&self) -> Vec<&str> {
        match self {
            Self::Tag(tag) | Self::Not(tag) => vec![tag],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::tags).collect(),
        }
    }

    /// Tags of which every match has at least one; none if there are no such tags.
    pub fn leads(&self) -> Option<BTreeSet<&str>> {
        match self {
            Self::Tag(tag) => Some(BTreeSet::from([tag.as_str()])),
            Self::Not(_) => None,
            // The fewest that do.
            Self::All(parts) => parts.iter().filter_map(Self::leads).min_by_key(BTreeSet::len),
            Self::Any(parts) => parts.iter().map(Self::leads).try_fold(BTreeSet::new(), |mut all, leads| {
                all.extend(leads?);
                Some(all)
            }),
        }
    }

    /// Whether a holder with these tags matches.
    pub fn matches(&self, tags: &HashSet<&str>) -> bool {
        match self {
            Self::Tag(tag) => tags.contains(tag.as_str()),
            Self::Not(tag) => !tags.contains(tag.as_str()),
            Self::All(parts) => parts.iter().all(|part| part.matches(tags)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(tags)),
        }
    }

    /// How many match at most, by how many have each tag; none if there is no bound.
    pub fn reach<E>(&self, count: &mut impl FnMut(&str) -> Result<i64, E>) -> Result<Option<i64>, E> {
        match self {
            Self::Tag(tag) => count(tag).map(Some),
            Self::Not(_) => Ok(None),
            Self::All(parts) => {
                let bounds = parts.iter().map(|part| part.reach(count)).collect::<Result<Vec<_>, E>>()?;
                Ok(bounds.into_iter().flatten().min())
            }
            Self::Any(parts) => {
                let bounds = parts.iter().map(|part| part.reach(count)).collect::<Result<Option<Vec<_>>, E>>()?;
                Ok(bounds.map(|bounds| bounds.into_iter().fold(0, i64::saturating_add)))
            }
        }
    }

    /// Whether whoever has one of the leading tags matches.
    pub fn is_led_alone(&self) -> bool {
        match self {
            Self::Tag(_) => true,
            Self::Not(_) | Self::All(_) => false,
            Self::Any(parts) => parts.iter().all(Self::is_led_alone),
        }
    }
}

fn read(value: &Value, depth: usize) -> Option<Expression> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (key, value) = object.iter().next()?;
    match key.as_str() {
        "tag" => Some(Expression::Tag(value.as_str()?.to_owned())),
        "not" => match read(value, depth)? {
            Expression::Tag(tag) => Some(Expression::Not(tag)),
            _ => None,
        },
        "and" => parts(value, depth).map(Expression::All),
        "or" => parts(value, depth).map(Expression::Any),
        _ => None,
    }
}

fn parts(value: &Value, depth: usize) -> Option<Vec<Expression>> {
    let parts = value.as_array().filter(|parts| (1..=PARTS_MAX).contains(&parts.len()) && depth < DEPTH_MAX)?;
    parts.iter().map(|part| read(part, depth + 1)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &Value, expected: bool) {
        let parsed = Expression::parse(&text.to_string(), "TargetValue");
        assert_eq!(parsed.is_ok(), expected, "{text}: {parsed:?}");
    }

    #[test]
    fn the_published_example_means_what_it_says() {
        let text = r#"{"and":[{"tag":"male"},{"not":{"tag":"born90s"}},
                       {"or":[{"tag":"active"},{"not":{"tag":"abroad"}}]}]}"#;
        let expression = Expression::parse(text, "TargetValue").expect("it is valid");
        assert_eq!(expression.leads(), Some(BTreeSet::from(["male"])));
        let check = |tags: &[&str], expected: bool| {
            assert_eq!(expression.matches(&tags.iter().copied().collect()), expected, "{tags:?}");
        };
        check(&["male", "active"], true);
        check(&["male"], true);
        check(&["male", "abroad"], false);
        check(&["male", "abroad", "active"], true);
        check(&["male", "born90s", "active"], false);
        check(&["active"], false);
    }

    #[test]
    fn a_value_that_is_no_object_is_the_name_of_a_tag() {
        for text in ["male", "a b", "[1]", "{not json", "\"x\""] {
            assert_eq!(Expression::parse(text, "TargetValue"), Ok(Expression::Tag(text.to_owned())));
        }
        assert!(Expression::parse("", "TargetValue").is_err());
        assert!(Expression::parse(&"ü".repeat(128), "TargetValue").is_ok());
        assert!(Expression::parse(&"ü".repeat(129), "TargetValue").is_err());
    }

    #[test]
    fn the_limits_of_the_grammar_hold() {
        let tag = |n: usize| json!({"tag": format!("t{n}")});
        let tags = |count: usize| (0..count).map(tag).collect::<Vec<_>>();
        check(&json!({"or": tags(10)}), true);
        check(&json!({"or": tags(11)}), false);
        check(&json!({"or": []}), false);
        check(&json!({"and": [{"or": tags(10)}, tag(1)]}), true);
        check(&json!({"and": [{"or": [{"and": tags(2)}]}]}), false);
        check(&json!({"or": vec![json!({"or": tags(10)}); 5]}), true);
        check(&json!({"or": vec![json!({"or": tags(10)}); 6]}), false);
        check(&json!({"not": tag(1)}), false);
        check(&json!({"and": [{"not": tag(1)}, {"not": tag(2)}]}), false);
        check(&json!({"or": [tag(1), {"not": tag(2)}]}), false);
        check(&json!({"and": [tag(1), {"not": tag(2)}]}), true);
        check(&json!({"and": [tag(1), {"not": {"or": tags(2)}}]}), false);
        check(&json!({"and": [tag(1), {"not": {"not": tag(2)}}]}), false);
        check(&json!({"tag": 1}), false);
        check(&json!({"tag": "a", "not": {"tag": "b"}}), false);
        check(&json!({"nor": tags(2)}), false);
        check(&json!({}), false);
    }

    #[test]
    fn as_many_match_at_most_as_have_the_rarest_of_the_tags_that_all_need() {
        let parse = |value: Value| Expression::parse(&value.to_string(), "TargetValue").expect("it is valid");
        let check = |value: Value, expected: i64| {
            let mut count = |tag: &str| Ok::<i64, ()>(if tag == "rare" { 5 } else { 100 });
            assert_eq!(parse(value.clone()).reach(&mut count), Ok(Some(expected)), "{value}");
        };
        check(json!({"tag": "a"}), 100);
        check(json!({"or": [{"tag": "a"}, {"tag": "rare"}]}), 105);
        check(json!({"and": [{"tag": "a"}, {"not": {"tag": "b"}}, {"tag": "rare"}]}), 5);
        check(json!({"and": [{"tag": "a"}, {"or": [{"tag": "rare"}, {"not": {"tag": "b"}}]}]}), 100);
    }

    #[test]
    fn the_walk_is_led_by_the_fewest_tags() {
        let parse = |value: Value| Expression::parse(&value.to_string(), "TargetValue").expect("it is valid");
        let wide = parse(json!({"and": [{"or": [{"tag": "a"}, {"tag": "b"}]}, {"tag": "c"}]}));
        assert_eq!(wide.leads(), Some(BTreeSet::from(["c"])));
        assert!(!wide.is_led_alone());
        let either = parse(json!({"or": [{"tag": "a"}, {"or": [{"tag": "b"}]}]}));
        assert_eq!(either.leads(), Some(BTreeSet::from(["a", "b"])));
        assert!(either.is_led_alone());
    }
}
