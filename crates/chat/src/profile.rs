//! Profiles: who may read and write which fields, and what changes when somebody does.
//!
//! [`check`] and [`tags`] are pure and look at the app's declarations; [`set`] and [`get`] then cannot be refused for
//! what a field is.

use std::collections::HashMap;

use contract::error::refuse;
use contract::event::Event;
use contract::profile::{CUSTOM, Given, Kind, NICK, SIGNATURE, Value, standard};
use contract::webhook::Happening;
use contract::{DeviceId, Fault, Millis, Result, UserId, limit};
use store::apps::{App, ProfileField};
use store::profiles::Profile;
use store::{Snapshot, Tx, accounts, profiles};

use crate::moderation::normal;

/// Who reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A back end, as an administrator.
    Admin,
    /// A device.
    Device,
}

/// The declaration of a custom field.
fn custom(app: &App, tag: &str) -> Result<ProfileField, Fault> {
    let declared = tag.strip_prefix(CUSTOM).and_then(|keyword| app.settings.profile_fields.get(keyword));
    declared.copied().ok_or(Fault::ProfileTagUnknown)
}

const fn reads(field: ProfileField, class: Class) -> bool {
    match class {
        Class::Admin => field.admin_reads,
        Class::Device => field.app_reads,
    }
}

/// Checks what somebody wants to write, field by field in the order given: that the field exists, that this class of
/// caller may write it, and that the value fits.
pub fn check(app: &App, class: Class, wanted: Vec<(String, Given)>) -> Result<Vec<(String, Value)>, Fault> {
    let max = limit::PROFILE_ITEMS;
    if wanted.is_empty() || wanted.len() > max {
        return Err(Fault::BatchSizeInvalid { max });
    }
    let one = |(tag, given): (String, Given)| {
        let (kind, may_write) = if let Some(field) = standard(&tag) {
            (field.kind, !field.is_admins || class == Class::Admin)
        } else {
            let field = custom(app, &tag)?;
            let may_write = if class == Class::Admin { field.admin_writes } else { field.app_writes };
            (Kind::Text(limit::PROFILE_BYTES), may_write)
        };
        if !may_write {
            return Err(Fault::ProfileFieldUnwritable);
        }
        Ok((tag, kind.read(given)?))
    };
    wanted.into_iter().map(one).collect()
}

/// Who changes a profile.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a> {
    /// The account.
    pub user: &'a UserId,
    /// The device that needs no notice of it.
    pub device: Option<&'a DeviceId>,
}

/// Changes fields of a living account, all of them; of two values for one field the later holds. Devices of the account
/// are told, but for the one that did it. An empty text takes a field away.
pub fn set(
    tx: &mut Tx<'_>,
    now: Millis,
    app: &App,
    by: Operator<'_>,
    account: &UserId,
    changes: &[(String, Value)],
) -> Result<()> {
    let fields = write(tx, app, account, changes, by.device)?;
    if fields.is_empty() {
        return Ok(());
    }
    tx.after_hook(now, &Happening::ProfileSet { operator: by.user.clone(), account: account.clone(), fields })
}

/// Writes the fields, and answers those that differ.
fn write(
    tx: &mut Tx<'_>,
    app: &App,
    account: &UserId,
    changes: &[(String, Value)],
    origin: Option<&DeviceId>,
) -> Result<Vec<(String, Value)>> {
    if !accounts::lock(tx, account)?.is_some_and(|account| account.is_alive()) {
        return refuse(Fault::AccountUnknown);
    }
    let Some(before) = one(tx, account)? else { return refuse(Fault::AccountUnknown) };
    let mut after = before.clone();
    for (tag, value) in changes {
        let fields = if standard(tag).is_some() { &mut after.standard } else { &mut after.custom };
        match value {
            Value::Text(text) if text.is_empty() => fields.remove(tag),
            value => fields.insert(tag.clone(), value.clone()),
        };
    }
    let (has_standard, has_custom) = (before.standard != after.standard, before.custom != after.custom);
    if has_standard || has_custom {
        let sequences = profiles::save(tx, &after, has_standard, has_custom)?;
        let fields = heard(app, changed(&before, &after));
        tx.after(Event::ProfileChanged { account: account.clone(), fields, sequences, origin: origin.cloned() });
    }
    Ok(changed(&before, &after))
}

/// Empties what an account says of itself, nick and self-signature, where one of these words still stands in it. That an
/// operator did it is told to no webhook.
pub fn take_away(tx: &mut Tx<'_>, app: &App, account: &UserId, words: &[&str]) -> Result<()> {
    let Some(profile) = one(tx, account)? else { return Ok(()) };
    let words: Vec<String> = words.iter().map(|word| normal(word)).collect();
    let mut changes = Vec::new();
    for tag in [NICK, SIGNATURE] {
        if let Some(Value::Text(text)) = profile.standard.get(tag) {
            let text = normal(text);
            if words.iter().any(|word| text.contains(word.as_str())) {
                changes.push((tag.to_owned(), Value::Text(String::new())));
            }
        }
    }
    if changes.is_empty() { Ok(()) } else { write(tx, app, account, &changes, None).map(drop) }
}

/// Sets texts as an import brings them, by the same rules; what is absent stays. Imports call no webhook.
pub(crate) fn import(tx: &mut Tx<'_>, app: &App, account: &UserId, texts: &[(&str, Option<&str>)]) -> Result<()> {
    let given = texts.iter().filter_map(|(tag, text)| Some(((*tag).to_owned(), Value::Text((*text)?.to_owned()))));
    let changes: Vec<(String, Value)> = given.collect();
    if changes.is_empty() { Ok(()) } else { write(tx, app, account, &changes, None).map(drop) }
}

/// The fields that differ, with their new values; one that is gone is an empty text.
fn changed(before: &Profile, after: &Profile) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    for (old, new) in [(&before.standard, &after.standard), (&before.custom, &after.custom)] {
        let gone = old.keys().filter(|tag| !new.contains_key(*tag)).map(|tag| (tag, Value::Text(String::new())));
        let held = new.iter().filter(|(tag, value)| old.get(*tag) != Some(*value));
        let all = held.map(|(tag, value)| (tag, value.clone())).chain(gone);
        fields.extend(all.map(|(tag, value)| (tag.clone(), value)));
    }
    fields
}

/// Those of the fields that devices may read.
fn heard(app: &App, mut fields: Vec<(String, Value)>) -> Vec<(String, Value)> {
    fields.retain(|(tag, _)| is_shown(app, Class::Device, tag));
    fields
}

fn is_shown(app: &App, class: Class, tag: &str) -> bool {
    standard(tag).is_some() || custom(app, tag).is_ok_and(|field| reads(field, class))
}

/// Checks which fields somebody wants to read.
pub fn tags(app: &App, class: Class, wanted: &[String]) -> Result<(), Fault> {
    let max = limit::PROFILE_ITEMS;
    if wanted.is_empty() || wanted.len() > max {
        return Err(Fault::BatchSizeInvalid { max });
    }
    wanted.iter().try_for_each(|tag| {
        if standard(tag).is_none() && !reads(custom(app, tag)?, class) {
            return Err(Fault::ProfileFieldUnreadable);
        }
        Ok(())
    })
}

/// Reads the profiles of accounts, in the order asked; none for an account that does not live, and for a profile that
/// cannot be read the failure.
pub fn get(snapshot: &mut Snapshot<'_>, users: &[UserId]) -> Result<Vec<Option<Result<Profile>>>> {
    let found: HashMap<UserId, Result<Profile>> = profiles::among(snapshot, users)?.into_iter().collect();
    Ok(users.iter().map(|user| found.get(user).cloned()).collect())
}

/// The fields of a profile that this class of caller may read.
pub fn shown(app: &App, class: Class, profile: &Profile) -> Vec<(String, Value)> {
    let all = profile.standard.iter().chain(&profile.custom);
    all.filter(|(tag, _)| is_shown(app, class, tag)).map(|(tag, value)| (tag.clone(), value.clone())).collect()
}

fn one(snapshot: &mut Snapshot<'_>, account: &UserId) -> Result<Option<Profile>> {
    let found = profiles::among(snapshot, std::slice::from_ref(account))?;
    found.into_iter().next().map(|(_, profile)| profile).transpose()
}

#[cfg(test)]
mod tests {
    use contract::AppId;
    use contract::profile::Sequences;
    use store::apps::{AppSecrets, AppSettings};
    use store::profiles::Fields;

    use super::*;

    fn app() -> App {
        let mut settings = AppSettings::default();
        let field = ProfileField::default();
        settings.profile_fields.insert("Open".into(), field);
        settings.profile_fields.insert("Own".into(), ProfileField { app_reads: false, app_writes: false, ..field });
        App { id: AppId(1), version: 1, settings, secrets: AppSecrets::default() }
    }

    fn profile(fields: &[(&str, &str)]) -> Profile {
        let of = |is_standard: bool| -> Fields {
            let fields = fields.iter().filter(|(tag, _)| standard(tag).is_some() == is_standard);
            fields.map(|(tag, text)| ((*tag).to_owned(), Value::Text((*text).to_owned()))).collect()
        };
        let sequences = Sequences::default();
        Profile { account: UserId::trusted("a"), standard: of(true), custom: of(false), sequences }
    }

    #[test]
    fn each_class_of_callers_writes_what_it_may() {
        let check = |class, tag: &str, expected: Result<(), Fault>| {
            let wanted = vec![(tag.to_owned(), Given::Text("AdminForbid_Type_None".into()))];
            assert_eq!(check(&app(), class, wanted).map(drop), expected, "{class:?} {tag}");
        };
        check(Class::Admin, "Tag_Profile_IM_AdminForbidType", Ok(()));
        check(Class::Device, "Tag_Profile_IM_AdminForbidType", Err(Fault::ProfileFieldUnwritable));
        check(Class::Device, "Tag_Profile_Custom_Open", Ok(()));
        check(Class::Device, "Tag_Profile_Custom_Own", Err(Fault::ProfileFieldUnwritable));
        check(Class::Admin, "Tag_Profile_Custom_Own", Ok(()));
        check(Class::Admin, "Tag_Profile_Custom_Else", Err(Fault::ProfileTagUnknown));
        check(Class::Admin, "Tag_Profile_IM_Else", Err(Fault::ProfileTagUnknown));
    }

    #[test]
    fn devices_hear_of_what_changed_and_only_of_what_they_may_read() {
        let before = profile(&[("Tag_Profile_IM_Nick", "a"), ("Tag_Profile_Custom_Open", "x")]);
        let after = profile(&[("Tag_Profile_IM_Nick", "b"), ("Tag_Profile_Custom_Own", "x")]);
        let told = heard(&app(), changed(&before, &after));
        let text = |tag: &str, text: &str| (tag.to_owned(), Value::Text(text.to_owned()));
        assert_eq!(told, [text("Tag_Profile_IM_Nick", "b"), text("Tag_Profile_Custom_Open", "")]);
        assert_eq!(shown(&app(), Class::Device, &after), [text("Tag_Profile_IM_Nick", "b")]);
        assert_eq!(shown(&app(), Class::Admin, &after).len(), 2);
    }
}
