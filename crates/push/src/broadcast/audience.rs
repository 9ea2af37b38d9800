//! Who a broadcast is for: a condition on tags and attributes, walked in pages by key.
//!
//! The narrowest index at hand leads the walk, and what else is asked is held against each page in memory: a page costs
//! the same wherever it lies, and whatever the condition is.

use std::collections::{HashMap, HashSet};

use contract::{DeviceId, Result, UserId};
use serde::{Deserialize, Serialize};
use store::Snapshot;
use store::tags::{self, Attribute, Key};

use super::{CHUNK, SLICE, SLICE_DEVICES};
use crate::audience::Scope;
use crate::ways::Ways;

/// Whom a broadcast is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The accounts that match a condition.
    Accounts {
        /// The condition; an empty one matches everybody.
        condition: Condition,
        /// Nobody after this one; what a broadcast has not reached needs not be taken back.
        upto: Option<String>,
    },
    /// The devices of a scope: a push of a task.
    Devices(Walk),
}

/// Devices that are walked, and how each is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// Who is meant.
    pub scope: Scope,
    /// By which ways.
    pub ways: Ways,
    /// Whether devices that come back get it over our own connection.
    pub is_kept: bool,
}

/// Some whom a broadcast reaches together, and the place in the walk up to which they go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Slice {
    /// Accounts, for what is for accounts.
    pub(super) accounts: Vec<UserId>,
    /// Devices, for what is for devices.
    pub(super) devices: Vec<DeviceId>,
    /// The place of each of them, in their order.
    pub(super) places: Vec<String>,
}

/// What is asked of an account. Within a list, `or` wants one, `and` wants all, `not` wants none; all lists together
/// must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// One of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_or: Vec<String>,
    /// All of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_and: Vec<String>,
    /// None of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags_not: Vec<String>,
    /// One of these values, by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes_or: Vec<(i64, String)>,
    /// All of these values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes_and: Vec<(i64, String)>,
    /// None of these values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes_not: Vec<(i64, String)>,
}

/// Accounts whose tags are looked at together: with thirty tags in a condition they fit into one answer of the store.
const LOOK: usize = 250;

impl Audience {
    /// Everybody.
    pub fn everybody() -> Self {
        Self::Accounts { condition: Condition::default(), upto: None }
    }

    /// The last key of the next page of candidates after one; none if nobody is left.
    pub(super) fn page(&self, snapshot: &mut Snapshot<'_>, after: &str) -> Result<Option<String>> {
        match self {
            Self::Accounts { condition, upto } => {
                let found = condition.candidates(snapshot, after, upto.as_deref())?;
                Ok(found.last().map(ToString::to_string))
            }
            Self::Devices(walk) => walk.scope.next(snapshot, after),
        }
    }

    /// Those who match on a page after one key and not beyond another, in slices, and the last key of the page; none if
    /// nobody is left.
    pub(super) fn slices(
        &self,
        snapshot: &mut Snapshot<'_>,
        after: &str,
        upto: &str,
    ) -> Result<Option<(Vec<Slice>, String)>> {
        match self {
            Self::Accounts { condition, .. } => {
                let Some((accounts, last)) = condition.members(snapshot, after, upto)? else { return Ok(None) };
                let slice = |some: &[UserId]| Slice {
                    places: some.iter().map(ToString::to_string).collect(),
                    accounts: some.to_vec(),
                    devices: Vec::new(),
                };
                Ok(Some((accounts.chunks(SLICE).map(slice).collect(), last)))
            }
            Self::Devices(walk) => {
                let Some(page) = walk.scope.page(snapshot, after, upto)? else { return Ok(None) };
                let mut slices = vec![Slice::default()];
                for member in page.members {
                    for device in member.devices {
                        if slices.last().is_none_or(|slice| slice.devices.len() == SLICE_DEVICES) {
                            slices.push(Slice::default());
                        }
                        if let Some(slice) = slices.last_mut() {
                            slice.devices.push(device);
                            slice.places.push(member.place.clone());
                        }
                    }
                }
                slices.retain(|slice| !slice.devices.is_empty());
                settle_places(&mut slices, after);
                Ok(Some((slices, page.last)))
            }
        }
    }

    /// Whether an account with these traits matches.
    pub fn holds(&self, traits: &Traits) -> bool {
        let Self::Accounts { condition, .. } = self else { return false };
        let tags = traits.tags.iter().map(String::as_str).collect();
        let values = traits.values.iter().map(|(place, value)| (*place, value.as_str())).collect();
        condition.matches(&tags, &values)
    }
}

/// A holder may bring more devices than a slice takes: then only the last slice of it moves the walk beyond it, so that
/// a walk which is taken up again leaves nobody out.
fn settle_places(slices: &mut [Slice], after: &str) {
    // The last place that is behind everybody before it.
    let mut last = after.to_owned();
    for index in 1..slices.len() {
        let (before, rest) = slices.split_at_mut(index);
        let (Some(one), Some(next)) = (before.last_mut(), rest.first()) else { continue };
        let Some(open) = next.places.first().filter(|open| one.places.last() == Some(open)).cloned() else {
            last = one.places.last().cloned().unwrap_or(last);
            continue;
        };
        let safe = one.places.iter().rev().find(|place| **place != open).cloned();
        let safe = safe.unwrap_or_else(|| last.clone());
        one.places.iter_mut().filter(|place| **place == open).for_each(|place| place.clone_from(&safe));
        last = safe;
    }
}

/// What conditions ask of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traits {
    tags: HashSet<String>,
    values: HashMap<i64, String>,
}

impl Traits {
    /// Reads those of an account.
    pub fn of(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Self> {
        let one = std::slice::from_ref(account);
        let tags = tags::tags_of(snapshot, one)?.into_iter().map(|(_, tag)| tag).collect();
        let values = tags::attributes_of(snapshot, one)?.into_iter().map(|one| (one.place, one.value)).collect();
        Ok(Self { tags, values })
    }
}

impl Condition {
    /// Those who match on a page after one key and not beyond another, in their order, and the last key of the page;
    /// none if nobody is left.
    fn members(&self, snapshot: &mut Snapshot<'_>, after: &str, upto: &str) -> Result<Option<(Vec<UserId>, String)>> {
        let found = self.candidates(snapshot, after, Some(upto))?;
        let Some(last) = found.last().map(ToString::to_string) else { return Ok(None) };
        if self.is_led_alone() {
            return Ok(Some((found, last)));
        }
        let mut matching = Vec::with_capacity(found.len());
        for some in found.chunks(LOOK) {
            matching.extend(self.filter(snapshot, some)?);
        }
        Ok(Some((matching, last)))
    }

    /// What leads the walk: every account that matches has one of these.
    fn keys(&self) -> Vec<Key> {
        let attribute = |(place, value): &(i64, String)| Key::Attribute(*place, value.clone());
        if let Some(tag) = self.tags_and.first() {
            vec![Key::Tag(tag.clone())]
        } else if let Some(one) = self.attributes_and.first() {
            vec![attribute(one)]
        } else if !self.tags_or.is_empty() {
            self.tags_or.iter().cloned().map(Key::Tag).collect()
        } else if !self.attributes_or.is_empty() {
            self.attributes_or.iter().map(attribute).collect()
        } else {
            vec![Key::Account]
        }
    }

    /// A page of those who have one of the keys, in their order.
    fn candidates(&self, snapshot: &mut Snapshot<'_>, after: &str, upto: Option<&str>) -> Result<Vec<UserId>> {
        let keys = self.keys();
        let mut found = Vec::new();
        for key in &keys {
            found.extend(match upto {
                Some(upto) => tags::between(snapshot, key, after, upto, CHUNK)?,
                None => tags::after(snapshot, key, after, CHUNK)?,
            });
        }
        if keys.len() > 1 {
            // Each list is complete up to its end, so the first page of all together is.
            found.sort_unstable();
            found.dedup();
            found.truncate(CHUNK);
        }
        Ok(found)
    }

    /// Whether whoever has one of the keys matches.
    fn is_led_alone(&self) -> bool {
        let lists = [self.tags_or.len(), self.tags_and.len(), self.tags_not.len()];
        let others = [self.attributes_or.len(), self.attributes_and.len(), self.attributes_not.len()];
        let asked: usize = lists.into_iter().chain(others).sum();
        let keys = self.keys();
        let led = if keys == [Key::Account] { 0 } else { keys.len() };
        asked == led
    }

    fn filter(&self, snapshot: &mut Snapshot<'_>, accounts: &[UserId]) -> Result<Vec<UserId>> {
        let asked: Vec<&str> =
            self.tags_or.iter().chain(&self.tags_and).chain(&self.tags_not).map(String::as_str).collect();
        let tagged = if asked.is_empty() { Vec::new() } else { tags::tags_among(snapshot, accounts, &asked)? };
        let has_places =
            !(self.attributes_or.is_empty() && self.attributes_and.is_empty() && self.attributes_not.is_empty());
        let valued = if has_places { tags::attributes_of(snapshot, accounts)? } else { Vec::new() };
        let mut tags_of: HashMap<&UserId, HashSet<&str>> = HashMap::new();
        for (account, tag) in &tagged {
            tags_of.entry(account).or_default().insert(tag);
        }
        let mut values_of: HashMap<&UserId, HashMap<i64, &str>> = HashMap::new();
        for Attribute { account, place, value } in &valued {
            values_of.entry(account).or_default().insert(*place, value);
        }
        let (no_tags, no_values) = (HashSet::new(), HashMap::new());
        let matching = accounts.iter().filter(|account| {
            self.matches(tags_of.get(account).unwrap_or(&no_tags), values_of.get(account).unwrap_or(&no_values))
        });
        Ok(matching.cloned().collect())
    }

    fn matches(&self, tags: &HashSet<&str>, values: &HashMap<i64, &str>) -> bool {
        let tagged = |tag: &String| tags.contains(tag.as_str());
        let valued = |(place, value): &(i64, String)| values.get(place) == Some(&value.as_str());
        (self.tags_or.is_empty() || self.tags_or.iter().any(tagged))
            && self.tags_and.iter().all(tagged)
            && !self.tags_not.iter().any(tagged)
            && (self.attributes_or.is_empty() || self.attributes_or.iter().any(valued))
            && self.attributes_and.iter().all(valued)
            && !self.attributes_not.iter().any(valued)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn all_lists_of_a_condition_must_hold() {
        let check = |or: &str, and: &str, not: &str, has: &str, expected: bool| {
            let condition =
                Condition { tags_or: texts(or), tags_and: texts(and), tags_not: texts(not), ..Condition::default() };
            let has = texts(has);
            let tags: HashSet<&str> = has.iter().map(String::as_str).collect();
            assert_eq!(condition.matches(&tags, &HashMap::new()), expected, "{condition:?} of {has:?}");
        };
        check("", "", "", "", true);
        check("a b", "", "", "b", true);
        check("a b", "", "", "c", false);
        check("", "a b", "", "a b c", true);
        check("", "a b", "", "a", false);
        check("a b", "", "c d", "a", true);
        check("a b", "", "c d", "a d", false);
        check("a", "b", "", "a", false);
        check("a", "b", "", "a b", true);
        check("", "", "c", "", true);
    }

    #[test]
    fn an_attribute_is_a_value_at_its_place() {
        let condition = Condition {
            attributes_or: vec![(0, "f".into()), (0, "m".into())],
            attributes_and: vec![(1, "paris".into())],
            attributes_not: vec![(2, "x".into())],
            ..Condition::default()
        };
        let check = |values: &[(i64, &str)], expected: bool| {
            assert_eq!(condition.matches(&HashSet::new(), &values.iter().copied().collect()), expected, "{values:?}");
        };
        check(&[(0, "m"), (1, "paris")], true);
        check(&[(0, "m"), (1, "rome")], false);
        check(&[(1, "f"), (0, "paris")], false);
        check(&[(0, "f"), (1, "paris"), (2, "x")], false);
        check(&[(0, "f"), (1, "paris"), (2, "y")], true);
    }

    #[test]
    fn the_walk_is_led_by_what_every_match_has() {
        let tag = |name: &str| Key::Tag(name.into());
        let both = Condition { tags_or: texts("a b"), tags_and: texts("c d"), ..Condition::default() };
        assert_eq!(both.keys(), [tag("c")]);
        assert!(!both.is_led_alone());
        let one = Condition { tags_or: texts("a b"), ..Condition::default() };
        assert_eq!(one.keys(), [tag("a"), tag("b")]);
        assert!(one.is_led_alone());
        let none = Condition { tags_not: texts("a"), ..Condition::default() };
        assert_eq!(none.keys(), [Key::Account]);
        assert!(!none.is_led_alone());
        assert!(Condition::default().is_led_alone());
    }
}
