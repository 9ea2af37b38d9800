//! Whom a push is for: named targets, or a scope that is walked in pages.
//!
//! * `expression`: tag expressions; pure. `walk`: a scope in pages by key, whatever its size.
//!
//! Tags hang on devices, on accounts and on aliases, and an expression is asked of each holder alone: the tags of an
//! account never meet those of its devices. Who holds what is walked one kind after the other; a device that an earlier
//! kind has brought is left out by the later ones.

mod expression;
mod walk;

use std::collections::HashSet;

use contract::{DeviceId, Fault, Result, UserId};
use serde::{Deserialize, Serialize};
use store::{Snapshot, audiences};

pub use expression::{DEPTH_MAX, Expression, PARTS_MAX, TAG_LETTERS_MAX, TAGS_MAX};
pub use walk::{Member, Page};

/// Targets that one push may name.
pub const NAMED_MAX: usize = 1_000;

/// Devices of named aliases that get a row each; more are walked.
const ROWS_MAX: usize = 1_000;

/// Whom a push is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// These devices.
    Devices(Vec<String>),
    /// All devices of these accounts.
    Accounts(Vec<String>),
    /// All devices that have one of these aliases.
    Aliases(Vec<String>),
    /// All devices whose tags, or those of their account or of one of their aliases, match.
    Tags(Expression),
    /// All devices.
    All,
    /// All devices that were bound to somebody, or left, in a while.
    Crowd(Crowd),
    /// Whoever is named later, call by call.
    Open,
}

impl Audience {
    /// By what it names whom it is for, in one word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Devices(_) => "device",
            Self::Accounts(_) => "account",
            Self::Aliases(_) => "alias",
            Self::Tags(_) => "tag",
            Self::All => "all",
            Self::Crowd(_) => "crowd",
            Self::Open => "open",
        }
    }

    /// Refuses lists that are empty or too long, and leaves each target in them once.
    pub fn checked(self) -> Result<Self, Fault> {
        let check = |mut named: Vec<String>| {
            if named.is_empty() || named.len() > NAMED_MAX {
                return Err(Fault::BatchSizeInvalid { max: NAMED_MAX });
            }
            let mut seen = HashSet::new();
            named.retain(|one| seen.insert(one.clone()));
            Ok(named)
        };
        Ok(match self {
            Self::Devices(named) => Self::Devices(check(named)?),
            Self::Accounts(named) => Self::Accounts(check(named)?),
            Self::Aliases(named) => Self::Aliases(check(named)?),
            other => other,
        })
    }
}

/// Devices by when they were bound to somebody, or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Crowd {
    /// Devices with an account, bound within this window; none leaves them out.
    pub bound: Option<Window>,
    /// Devices without one, left or registered within this window.
    pub unbound: Option<Window>,
}

/// From one moment on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub from: i64,
    /// The first after it.
    pub until: i64,
}

/// What is walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All devices.
    All,
    /// As [`Audience::Crowd`].
    Crowd(Crowd),
    /// As [`Audience::Tags`].
    Tags(Expression),
    /// As [`Audience::Aliases`], in the order of their bytes.
    Aliases(Vec<String>),
}

/// An audience as it is worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// A row for each of these.
    Rows(Vec<store::deliveries::Target>),
    /// Walked in chunks.
    Scope(Scope),
}

/// Looks up what an audience comes down to now.
pub fn resolve(snapshot: &mut Snapshot<'_>, audience: &Audience) -> Result<Resolved> {
    use store::deliveries::Target;
    Ok(match audience {
        Audience::Devices(named) => {
            Resolved::Rows(named.iter().map(|id| Target::Device(DeviceId::trusted(id))).collect())
        }
        Audience::Accounts(named) => {
            Resolved::Rows(named.iter().map(|id| Target::Account(UserId::trusted(id))).collect())
        }
        Audience::Aliases(named) => {
            let found = audiences::of_aliases(snapshot, named, ROWS_MAX + 1)?;
            if found.len() > ROWS_MAX {
                let mut named = named.clone();
                named.sort_unstable();
                return Ok(Resolved::Scope(Scope::Aliases(named)));
            }
            let mut seen = HashSet::new();
            let devices = found.into_iter().map(|(_, device)| device).filter(|device| seen.insert(device.clone()));
            Resolved::Rows(devices.map(Target::Device).collect())
        }
        Audience::Tags(expression) => Resolved::Scope(Scope::Tags(expression.clone())),
        Audience::All => Resolved::Scope(Scope::All),
        Audience::Crowd(crowd) => Resolved::Scope(Scope::Crowd(*crowd)),
        Audience::Open => Resolved::Rows(Vec::new()),
    })
}
