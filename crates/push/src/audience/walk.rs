//! A scope in pages by key. A place in the walk is a text: the kind of holder (1 devices, 2 accounts, 3 aliases) and the
//! key of the last one that was looked at.

use std::collections::{HashMap, HashSet};

use contract::{DeviceId, Millis, Result};
use store::bound_tags::Holder;
use store::{Snapshot, audiences, reports};

use super::{Crowd, Expression, Scope, Window};

/// Holders of a page.
const PAGE: usize = 1_000;

/// Rows that one answer of the store may have.
const ROWS: usize = 10_000;

/// One holder and the devices that it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in the walk.
    pub place: String,
    /// Its devices.
    pub devices: Vec<DeviceId>,
}

/// A page of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Those who match, in their order.
    pub members: Vec<Member>,
    /// The place up to which the walk has come.
    pub last: String,
}

const KINDS: [(char, Holder); 3] = [('1', Holder::Device), ('2', Holder::Account), ('3', Holder::Alias)];

/// A kind's sign and the key in it.
fn parse(place: &str) -> (char, &str) {
    let mut letters = place.chars();
    letters.next().map_or(('1', ""), |kind| (kind, letters.as_str()))
}

fn place(kind: char, key: &str) -> String {
    format!("{kind}{key}")
}

/// Tags of each holder, of those that an expression asks for.
type Tagged = HashMap<String, HashSet<String>>;

impl Scope {
    /// Kinds of holders that are walked, in their order.
    fn kinds(&self) -> &'static [(char, Holder)] {
        match self {
            Self::All | Self::Crowd(_) => &KINDS[..1],
            Self::Tags(_) => &KINDS,
            Self::Aliases(_) => &KINDS[2..],
        }
    }

    /// The last place of the next page of candidates after one; none if nobody is left.
    pub fn next(&self, snapshot: &mut Snapshot<'_>, after: &str) -> Result<Option<String>> {
        let found = self.candidates(snapshot, after, None)?;
        Ok(found.and_then(|(kind, _, keys)| keys.last().map(|key| place(kind, key))))
    }

    /// Those who match on the next page after one place and not beyond another; none if nobody is left.
    pub fn page(&self, snapshot: &mut Snapshot<'_>, after: &str, upto: &str) -> Result<Option<Page>> {
        let Some((kind, holder, keys)) = self.candidates(snapshot, after, Some(upto))? else { return Ok(None) };
        let Some(last) = keys.last().map(|key| place(kind, key)) else { return Ok(None) };
        let matching = match self {
            Self::All | Self::Aliases(_) => keys,
            Self::Crowd(crowd) => among(snapshot, crowd, &keys)?,
            Self::Tags(expression) if expression.is_led_alone() => keys,
            Self::Tags(expression) => filter(snapshot, expression, holder, keys)?,
        };
        let brought = match holder {
            Holder::Device => matching.into_iter().map(|key| (key.clone(), vec![DeviceId::trusted(&key)])).collect(),
            Holder::Account => self.of_accounts(snapshot, &matching)?,
            Holder::Alias => self.of_aliases(snapshot, &matching)?,
        };
        let member = |(key, devices): (String, Vec<DeviceId>)| Member { place: place(kind, &key), devices };
        Ok(Some(Page { members: brought.into_iter().map(member).collect(), last }))
    }

    /// Whether a device is meant.
    pub fn holds(&self, snapshot: &mut Snapshot<'_>, device: &DeviceId) -> Result<bool> {
        let one = std::slice::from_ref(device);
        match self {
            Self::All => Ok(true),
            Self::Crowd(crowd) => Ok(!among(snapshot, crowd, &[device.to_string()])?.is_empty()),
            Self::Aliases(named) => {
                let aliases = audiences::aliases_among(snapshot, one, ROWS)?;
                Ok(aliases.iter().any(|(_, alias)| named.contains(alias)))
            }
            Self::Tags(expression) => {
                let id = device.to_string();
                if !filter(snapshot, expression, Holder::Device, vec![id])?.is_empty() {
                    return Ok(true);
                }
                let account = audiences::accounts_among(snapshot, one)?.into_iter().map(|(_, account)| account);
                if !filter(snapshot, expression, Holder::Account, account.collect())?.is_empty() {
                    return Ok(true);
                }
                let aliases = audiences::aliases_among(snapshot, one, ROWS)?.into_iter().map(|(_, alias)| alias);
                Ok(!filter(snapshot, expression, Holder::Alias, aliases.collect())?.is_empty())
            }
        }
    }

    /// A page of holders of one kind that may match, in the order of their keys.
    fn candidates(
        &self,
        snapshot: &mut Snapshot<'_>,
        after: &str,
        upto: Option<&str>,
    ) -> Result<Option<(char, Holder, Vec<String>)>> {
        let (from, after) = parse(after);
        let end = upto.map(parse);
        for (kind, holder) in self.kinds() {
            if *kind < from || end.is_some_and(|(last, _)| *kind > last) {
                continue;
            }
            let after = if *kind == from { after } else { "" };
            let upto = end.filter(|(last, _)| last == kind).map(|(_, key)| key);
            let keys = self.keys(snapshot, *holder, after, upto)?;
            if !keys.is_empty() {
                return Ok(Some((*kind, *holder, keys)));
            }
        }
        Ok(None)
    }

    fn keys(
        &self,
        snapshot: &mut Snapshot<'_>,
        holder: Holder,
        after: &str,
        upto: Option<&str>,
    ) -> Result<Vec<String>> {
        match self {
            Self::All | Self::Crowd(_) => {
                Ok(audiences::all(snapshot, after, upto, PAGE)?.iter().map(ToString::to_string).collect())
            }
            Self::Aliases(named) => {
                let is_next =
                    |alias: &&String| alias.as_str() > after && upto.is_none_or(|upto| alias.as_str() <= upto);
                // Aliases have up to 128 devices each, so that a page of them fits into one answer of the store.
                Ok(named.iter().filter(is_next).take(PAGE / 20).cloned().collect())
            }
            Self::Tags(expression) => {
                let leads = expression.leads().unwrap_or_default();
                let count = if holder == Holder::Device { PAGE } else { PAGE / 20 };
                let mut found = Vec::new();
                for tag in &leads {
                    found.extend(audiences::of_tag(snapshot, holder, tag, after, upto, count)?);
                }
                if leads.len() > 1 {
                    // Each list is complete up to its end, so the first page of all together is.
                    found.sort_unstable();
                    found.dedup();
                    found.truncate(count);
                }
                Ok(found)
            }
        }
    }

    /// The devices of accounts, without those that came by their own tags.
    fn of_accounts(&self, snapshot: &mut Snapshot<'_>, accounts: &[String]) -> Result<Vec<(String, Vec<DeviceId>)>> {
        let mut brought = Vec::new();
        for account in accounts {
            let mut devices = Vec::new();
            for some in pages(snapshot, account)? {
                devices.extend(self.without_tagged(snapshot, some)?);
            }
            brought.push((account.clone(), devices));
        }
        Ok(brought)
    }

    /// Leaves out devices whose own tags match.
    fn without_tagged(&self, snapshot: &mut Snapshot<'_>, devices: Vec<DeviceId>) -> Result<Vec<DeviceId>> {
        let Self::Tags(expression) = self else { return Ok(devices) };
        let ids = devices.iter().map(ToString::to_string).collect();
        let own: HashSet<String> = filter(snapshot, expression, Holder::Device, ids)?.into_iter().collect();
        Ok(devices.into_iter().filter(|device| !own.contains(device.as_str())).collect())
    }

    /// The devices of aliases, without those that came by their own tags, their account's, or an earlier alias.
    fn of_aliases(&self, snapshot: &mut Snapshot<'_>, aliases: &[String]) -> Result<Vec<(String, Vec<DeviceId>)>> {
        let mut brought = Vec::new();
        for alias in aliases {
            let found = audiences::of_aliases(snapshot, std::slice::from_ref(alias), ROWS)?;
            let devices: Vec<DeviceId> = found.into_iter().map(|(_, device)| device).collect();
            let devices = self.without_tagged(snapshot, devices)?;
            let devices = self.without_account_tagged(snapshot, devices)?;
            let firsts = self.first_aliases(snapshot, &devices)?;
            let is_first = |device: &DeviceId| firsts.get(device).is_none_or(|first| first == alias);
            brought.push((alias.clone(), devices.into_iter().filter(is_first).collect()));
        }
        Ok(brought)
    }

    fn without_account_tagged(&self, snapshot: &mut Snapshot<'_>, devices: Vec<DeviceId>) -> Result<Vec<DeviceId>> {
        let Self::Tags(expression) = self else { return Ok(devices) };
        let account_of: HashMap<DeviceId, String> =
            audiences::accounts_among(snapshot, &devices)?.into_iter().collect();
        let mut accounts: Vec<String> = account_of.values().cloned().collect();
        accounts.sort_unstable();
        accounts.dedup();
        let matching: HashSet<String> = filter(snapshot, expression, Holder::Account, accounts)?.into_iter().collect();
        let came = |device: &DeviceId| account_of.get(device).is_some_and(|account| matching.contains(account));
        Ok(devices.into_iter().filter(|device| !came(device)).collect())
    }

    /// By which alias each device comes first.
    fn first_aliases(&self, snapshot: &mut Snapshot<'_>, devices: &[DeviceId]) -> Result<HashMap<DeviceId, String>> {
        let mut pairs = Vec::new();
        for some in devices.chunks(ALIASED) {
            pairs.extend(audiences::aliases_among(snapshot, some, ROWS)?);
        }
        let meant: HashSet<String> = match self {
            Self::All | Self::Crowd(_) => HashSet::new(),
            Self::Aliases(named) => named.iter().cloned().collect(),
            Self::Tags(expression) => {
                let mut aliases: Vec<String> = pairs.iter().map(|(_, alias)| alias.clone()).collect();
                aliases.sort_unstable();
                aliases.dedup();
                filter(snapshot, expression, Holder::Alias, aliases)?.into_iter().collect()
            }
        };
        let mut firsts: HashMap<DeviceId, String> = HashMap::new();
        for (device, alias) in pairs.into_iter().filter(|(_, alias)| meant.contains(alias)) {
            let first = firsts.entry(device).or_insert_with(|| alias.clone());
            if alias < *first {
                *first = alias;
            }
        }
        Ok(firsts)
    }
}

/// Devices whose aliases, of which each has up to 128, fit into one answer of the store.
const ALIASED: usize = 64;

/// The devices of an account, in pages that a filter takes.
fn pages(snapshot: &mut Snapshot<'_>, account: &str) -> Result<Vec<Vec<DeviceId>>> {
    let one = [account.to_owned()];
    let devices: Vec<DeviceId> =
        audiences::of_accounts(snapshot, &one, ROWS)?.into_iter().map(|(_, device)| device).collect();
    Ok(devices.chunks(PAGE).map(<[DeviceId]>::to_vec).collect())
}

/// Leaves those devices that are in a crowd.
fn among(snapshot: &mut Snapshot<'_>, crowd: &Crowd, devices: &[String]) -> Result<Vec<String>> {
    let window = |window: Option<Window>| window.map(|window| (Millis(window.from), Millis(window.until)));
    reports::among(snapshot, devices, window(crowd.bound), window(crowd.unbound))
}

/// Leaves those holders whose tags match.
fn filter(
    snapshot: &mut Snapshot<'_>,
    expression: &Expression,
    holder: Holder,
    keys: Vec<String>,
) -> Result<Vec<String>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let asked = expression.tags();
    let mut tagged: Tagged = HashMap::new();
    for some in keys.chunks((ROWS / asked.len().max(1)).clamp(1, PAGE)) {
        for (key, tag) in audiences::tags_among(snapshot, holder, some, &asked)? {
            tagged.entry(key).or_default().insert(tag);
        }
    }
    let none = HashSet::new();
    let matches = |key: &String| {
        let tags: HashSet<&str> = tagged.get(key).unwrap_or(&none).iter().map(String::as_str).collect();
        expression.matches(&tags)
    };
    Ok(keys.into_iter().filter(matches).collect())
}
