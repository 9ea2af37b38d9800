//! The rules of tags: what an app has, and what carries one.
//!
//! A tag is there from the first binding until the app removes it. The same name may hang on devices, on accounts and
//! on aliases; each kind counts by itself.

use std::collections::BTreeSet;

use contract::{Fault, Millis, Result, limit};
use store::bound_tags::{self, Holder};
use store::{Snapshot, Tx, bindings};

/// Binds tags to holders; what is bound stays. Devices must be there.
pub fn bind(tx: &mut Tx<'_>, now: Millis, kind: Holder, holders: &[String], tags: &[String]) -> Result<()> {
    // One of the stores keeps no NUL in a text.
    if tags.iter().any(|tag| tag.contains('\0')) {
        return Err(Fault::FieldInvalid { field: "TagName" }.into());
    }
    let mut fresh = BTreeSet::new();
    for tag in tags {
        if !bound_tags::exists(tx, tag)? {
            fresh.insert(tag.clone());
        }
    }
    if !fresh.is_empty() && bound_tags::count(tx)? as usize + fresh.len() > limit::PUSH_TAGS {
        return Err(Fault::FieldItemsTooMany { field: "TagName", max: limit::PUSH_TAGS }.into());
    }
    check_holders(tx, now, kind, holders)?;
    let fresh: Vec<String> = fresh.into_iter().collect();
    bound_tags::add(tx, now, &fresh)?;
    bound_tags::bind(tx, now, kind, holders, tags)
}

/// Takes tags off holders. A tag that the app does not have is not there; one that a holder does not carry is no fault.
pub fn unbind(tx: &mut Tx<'_>, now: Millis, kind: Holder, holders: &[String], tags: &[String]) -> Result<()> {
    for tag in tags {
        if !bound_tags::exists(tx, tag)? {
            return Err(Fault::FieldNotFound { field: "TagName" }.into());
        }
    }
    check_holders(tx, now, kind, holders)?;
    bound_tags::unbind(tx, kind, holders, tags).map(drop)
}

/// Reads every tag of a holder.
pub fn tags_of(snapshot: &mut Snapshot<'_>, kind: Holder, holder: &str) -> Result<Vec<String>> {
    pages(|after| bound_tags::tags_of(snapshot, kind, holder, after))
}

/// Reads every tag of the app.
pub fn all(snapshot: &mut Snapshot<'_>) -> Result<Vec<String>> {
    pages(|after| bound_tags::list(snapshot, after))
}

/// Takes a page of bindings of a tag away, and with the last of them the tag. Answers whether it is gone.
pub fn remove_page(tx: &mut Tx<'_>, tag: &str) -> Result<bool> {
    if !bound_tags::exists(tx, tag)? {
        return Err(Fault::FieldNotFound { field: "TagName" }.into());
    }
    if bound_tags::unbind_page(tx, tag, limit::STORE_PAGE)? == limit::STORE_PAGE as u64 {
        return Ok(false);
    }
    bound_tags::remove(tx, tag)
}

fn check_holders(tx: &mut Tx<'_>, now: Millis, kind: Holder, holders: &[String]) -> Result<()> {
    if kind != Holder::Device {
        return Ok(());
    }
    for holder in holders {
        if bindings::get(tx, now, holder)?.is_none() {
            return Err(Fault::FieldNotFound { field: "ClientKey" }.into());
        }
    }
    Ok(())
}

/// Reads pages until one is not full: an app has no more tags than a few of them.
fn pages(mut page: impl FnMut(&str) -> Result<Vec<String>>) -> Result<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    while all.len() < limit::PUSH_TAGS {
        let found = page(all.last().map_or("", String::as_str))?;
        let is_last = found.len() < limit::STORE_PAGE;
        all.extend(found);
        if is_last {
            break;
        }
    }
    Ok(all)
}
