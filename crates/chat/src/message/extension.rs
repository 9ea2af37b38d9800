//! Key-value pairs that are attached to a message after it was sent: polls, check lists, reactions of one's own making.
//!
//! All pairs of a message share one order of changes: each change takes the next place, and the places that it gives
//! out are the sequences of the pairs. So `seq` of a pair tells whether it changed, `latest` whether any did.

use std::sync::Arc;

use contract::error::refuse;
use contract::event::Event;
use contract::message::{Extension, ExtensionChange, Flags, Message};
use contract::{Fault, Millis, Result, limit};
use store::apps::App;
use store::extensions::{self, Head, Target};
use store::messages::View;
use store::{Snapshot, Tx, conversations, messages};

use super::change::{Actor, Named, find};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Per pair that was asked for, in that order: the pair as it is now, and whether somebody else was faster.
    pub pairs: Vec<(Extension, bool)>,
    /// The newest sequence of the message's pairs.
    pub latest: i64,
}

/// A page of pairs, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// The pairs.
    pub pairs: Vec<Extension>,
    /// The newest sequence of the message's pairs.
    pub latest: i64,
    /// Everything up to here was removed at once.
    pub cleared: i64,
    /// No pair follows.
    pub is_complete: bool,
}

/// Changes pairs of a message. An account names the sequence of each pair that it knows, 0 for none, and a pair that
/// somebody else changed since is left as it is; the back end need not know.
pub fn change(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    actor: &Actor,
    named: &Named,
    change: ExtensionChange,
    asked: &[Extension],
) -> Result<Changed> {
    check(change, asked)?;
    let (view, message) = extensible(tx, app, actor, named)?;
    let target = Target { conversation: view.conversation(), message: message.seq };
    let (changed, has_changed) = apply(tx, now, target, matches!(actor, Actor::Member(_)), change, asked)?;
    if has_changed {
        let at = conversations::touch(tx, target.conversation, now)?;
        messages::note_extended(tx, &view, &message, at)?;
        tx.after(Event::MessageExtended {
            message: Arc::new(message),
            change,
            pairs: told(&changed),
            latest: changed.latest,
            by: actor.user().clone(),
        });
    }
    Ok(changed)
}

/// The pairs that really changed.
pub(crate) fn told(changed: &Changed) -> Vec<Extension> {
    changed.pairs.iter().filter(|(_, is_late)| !is_late).map(|(pair, _)| pair.clone()).collect()
}

/// Changes pairs of a message that allows it; answers also whether anything is other than before.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    now: Millis,
    target: Target,
    is_checked: bool,
    change: ExtensionChange,
    asked: &[Extension],
) -> Result<(Changed, bool)> {
    let (head, writes) = extensions::begin(tx, target, now)?;
    if writes > limit::EXTENSION_WRITES_PER_MINUTE {
        return refuse(Fault::ExtensionThrottled);
    }
    let mut work = Work { target, head, is_checked };
    let pairs = match change {
        ExtensionChange::Clear => {
            extensions::clear(tx, target)?;
            work.head.latest += 1;
            work.head.cleared = work.head.latest;
            Vec::new()
        }
        _ => asked.iter().map(|pair| work.one(tx, change, pair)).collect::<Result<_>>()?,
    };
    let max = limit::EXTENSIONS_PER_MESSAGE;
    if change == ExtensionChange::Set && extensions::count(tx, target)? > max {
        return refuse(Fault::ExtensionsTooMany { max });
    }
    extensions::end(tx, target, work.head)?;
    Ok((Changed { pairs, latest: work.head.latest }, work.head != head))
}

/// A change under way.
struct Work {
    target: Target,
    head: Head,
    is_checked: bool,
}

impl Work {
    fn one(&mut self, tx: &mut Tx<'_>, change: ExtensionChange, asked: &Extension) -> Result<(Extension, bool)> {
        let gone = || Extension { key: asked.key.clone(), value: String::new(), seq: 0 };
        let found = extensions::get(tx, self.target, &asked.key)?;
        let now = found.as_ref().map_or(0, |pair| pair.seq);
        if self.is_checked && asked.seq != now {
            return Ok((found.unwrap_or_else(gone), true));
        }
        if change == ExtensionChange::Remove && found.is_none() {
            return Ok((gone(), false));
        }
        self.head.latest += 1;
        let pair = Extension { seq: self.head.latest, ..asked.clone() };
        if change == ExtensionChange::Set {
            extensions::set(tx, self.target, &pair)?;
            return Ok((pair, false));
        }
        extensions::remove(tx, self.target, &asked.key)?;
        Ok((Extension { value: String::new(), ..pair }, false))
    }
}

/// Reads a page of pairs from a place on.
pub fn list(snapshot: &mut Snapshot<'_>, app: &App, actor: &Actor, named: &Named, start: i64) -> Result<Pairs> {
    let (view, message) = extensible(snapshot, app, actor, named)?;
    page(snapshot, Target { conversation: view.conversation(), message: message.seq }, start)
}

/// Reads a page of the pairs of a message that allows it.
pub(crate) fn page(snapshot: &mut Snapshot<'_>, target: Target, start: i64) -> Result<Pairs> {
    let Head { latest, cleared } = extensions::head(snapshot, target)?;
    let mut pairs = extensions::from(snapshot, target, start, limit::EXTENSION_PAGE + 1)?;
    let is_complete = pairs.len() <= limit::EXTENSION_PAGE;
    pairs.truncate(limit::EXTENSION_PAGE);
    Ok(Pairs { pairs, latest, cleared, is_complete })
}

/// The plan comes first, because who has not bought it should learn that and not look for a fault in the call.
fn extensible(snapshot: &mut Snapshot<'_>, app: &App, actor: &Actor, named: &Named) -> Result<(View, Message)> {
    if !app.plan().allowance().has_extensions {
        return refuse(Fault::FeatureNotInPlan);
    }
    let found = find(snapshot, actor, named)?.filter(|(_, message)| !message.flags.has(Flags::RECALLED));
    match found {
        None => refuse(Fault::ExtendedUnknown),
        Some((_, message)) if !message.flags.has(Flags::EXTENSIBLE) => refuse(Fault::ExtensionForbidden),
        Some(found) => Ok(found),
    }
}

/// Checks pairs before anything is looked at.
pub(crate) fn check(change: ExtensionChange, asked: &[Extension]) -> Result<(), Fault> {
    let is_empty = asked.is_empty() && change != ExtensionChange::Clear;
    if is_empty || asked.len() > limit::EXTENSION_BATCH {
        return Err(Fault::FieldInvalid { field: "ExtensionList" });
    }
    for pair in asked {
        // One of the stores keeps no NUL in a text.
        if pair.key.is_empty() || pair.key.contains('\0') {
            return Err(Fault::FieldInvalid { field: "Key" });
        }
        if pair.key.len() > limit::EXTENSION_KEY_BYTES {
            return Err(Fault::FieldTooLong { field: "Key", max: limit::EXTENSION_KEY_BYTES });
        }
        if pair.value.contains('\0') {
            return Err(Fault::FieldInvalid { field: "Value" });
        }
        if pair.value.len() > limit::EXTENSION_VALUE_BYTES {
            return Err(Fault::FieldTooLong { field: "Value", max: limit::EXTENSION_VALUE_BYTES });
        }
    }
    Ok(())
}
