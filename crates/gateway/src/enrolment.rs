//! The device as push sees it: registered or not, with its aliases, tags and phone, and what its user did with
//! notifications. Rules are those of `push::binding` and `push::tag`, whichever surface asks.

use contract::frame::wire::{
    Aliases, LiveActivity, PushRegistration, PushReport, PushSettings, PushState, PushTags, TagHolder, push_report,
    tag_holder,
};
use contract::{Fault, Result, limit};
use push::{binding, report, tag};
use store::bindings::{self, Registration};
use store::bound_tags::Holder;
use store::live_activities::{self, Activity};
use store::push_counts::Report;

use crate::request::Call;

/// Registers the device for push, or again with what changed.
pub(crate) async fn register(call: &Call, request: PushRegistration) -> Result<()> {
    let PushRegistration { os, brand, model, os_version, app_version } = request;
    for (field, text) in
        [("brand", &brand), ("model", &model), ("os_version", &os_version), ("app_version", &app_version)]
    {
        if text.len() > limit::DEVICE_TEXT_BYTES {
            return Err(Fault::FieldTooLong { field, max: limit::DEVICE_TEXT_BYTES }.into());
        }
        check_storable(field, text)?;
    }
    if os > 3 {
        return Err(Fault::FieldInvalid { field: "os" }.into());
    }
    let (now, device, platform) = (call.now, call.session.device.clone(), call.session.platform as i64);
    let what = Registration { os: i64::from(os), brand, model, os_version, app_version };
    call.bind(move |tx| bindings::register(tx, now, &device, platform, &what)).await?;
    call.hub.front.arrived(call.app.id, &call.session.account, &call.session.device);
    Ok(())
}

/// Takes the device off push.
pub(crate) async fn withdraw(call: &Call) -> Result<()> {
    let device = call.session.device.clone();
    call.bind(move |tx| bindings::withdraw(tx, &device)).await
}

/// Gives the device more aliases.
pub(crate) async fn add_aliases(call: &Call, request: Aliases) -> Result<()> {
    let aliases = request.aliases;
    if aliases.is_empty() {
        return Err(Fault::FieldEmpty { field: "aliases" }.into());
    }
    check("aliases", &aliases, limit::ALIAS_BATCH)?;
    if aliases.iter().any(|alias| alias.len() > limit::ALIAS_BYTES) {
        return Err(Fault::FieldTooLong { field: "aliases", max: limit::ALIAS_BYTES }.into());
    }
    let (now, device) = (call.now, call.session.device.clone());
    call.bind(move |tx| binding::bind_aliases(tx, now, device.as_str(), &aliases)).await
}

/// Takes aliases off the device; all of them if none is named.
pub(crate) async fn remove_aliases(call: &Call, request: Aliases) -> Result<()> {
    check("aliases", &request.aliases, limit::ALIAS_BATCH)?;
    let (now, device) = (call.now, call.session.device.clone());
    call.bind(move |tx| match request.aliases.as_slice() {
        [] => binding::clear_aliases(tx, now, device.as_str()),
        some => binding::unbind_aliases(tx, now, device.as_str(), some),
    })
    .await
}

/// Hangs tags on the device, its account or one of its aliases.
pub(crate) async fn add_tags(call: &Call, request: PushTags) -> Result<()> {
    let (kind, key, tags) = tagged(call, request).await?;
    let now = call.now;
    call.bind(move |tx| tag::bind(tx, now, kind, std::slice::from_ref(&key), &tags)).await
}

/// Takes tags off again.
pub(crate) async fn remove_tags(call: &Call, request: PushTags) -> Result<()> {
    let (kind, key, tags) = tagged(call, request).await?;
    let now = call.now;
    call.bind(move |tx| tag::unbind(tx, now, kind, std::slice::from_ref(&key), &tags)).await
}

/// Lists the tags of the device, its account or one of its aliases.
pub(crate) async fn tags(call: &Call, request: TagHolder) -> Result<PushTags> {
    let (kind, key) = holder(call, &request).await?;
    let tags = call.hub.store.read(call.app.id, move |snapshot| tag::tags_of(snapshot, kind, &key)).await?;
    Ok(PushTags { holder: Some(request), tags })
}

/// Changes the phone and the wish for silence.
pub(crate) async fn set(call: &Call, request: PushSettings) -> Result<()> {
    let (now, device) = (call.now, call.session.device.clone());
    if request.phone.as_ref().is_some_and(|phone| phone.len() > limit::PHONE_BYTES) {
        return Err(Fault::FieldTooLong { field: "phone", max: limit::PHONE_BYTES }.into());
    }
    call.bind(move |tx| {
        match request.phone.as_deref() {
            None => {}
            Some("") => binding::unbind_phone(tx, now, device.as_str())?,
            Some(phone) => binding::bind_phone(tx, now, device.as_str(), phone)?,
        }
        request.muted.map_or(Ok(()), |muted| bindings::set_muted(tx, &device, muted))
    })
    .await
}

/// Shows what push knows of the device.
pub(crate) async fn state(call: &Call) -> Result<PushState> {
    let (now, device) = (call.now, call.session.device.clone());
    let read = move |snapshot: &mut store::Snapshot<'_>| {
        let bound = binding::device(snapshot, now, device.as_str())?;
        let aliases = bindings::aliases_of(snapshot, &bound.id)?;
        let tags = tag::tags_of(snapshot, Holder::Device, bound.id.as_str())?;
        Ok(PushState {
            device: bound.id.to_string(),
            account: bound.account,
            aliases,
            tags,
            phone: bound.phone,
            muted: bound.is_muted,
            registered: bound.is_enrolled,
        })
    };
    call.hub.store.read(call.app.id, read).await
}

/// Notes what the user did with a notification; the same again is of no consequence.
pub(crate) async fn tell(call: &Call, request: PushReport) -> Result<()> {
    let kind = match push_report::Kind::try_from(request.kind) {
        Ok(push_report::Kind::Opened) => Report::Opened,
        Ok(push_report::Kind::Ignored) => Report::Removed,
        Err(_) => return Err(Fault::FieldInvalid { field: "kind" }.into()),
    };
    let id: [u8; 16] = request.id.as_slice().try_into().map_err(|_| Fault::FieldInvalid { field: "id" })?;
    let (now, device) = (call.now, call.session.device.clone());
    call.write(move |tx| report::hear(tx, now, &id, &device, kind).map(drop)).await
}

/// Notes what the app shows live on the device, or forgets it.
pub(crate) async fn live(call: &Call, request: LiveActivity) -> Result<()> {
    let LiveActivity { name, token, credential, starts, remove } = request;
    let (now, device) = (call.now, call.session.device.clone());
    check_storable("name", &name)?;
    check_storable("token", &token)?;
    if remove {
        return call.bind(move |tx| live_activities::remove(tx, &device, starts, &name)).await;
    }
    let one = Activity { device, starts, name, token, credential };
    call.bind(move |tx| push::live::report(tx, now, &one)).await
}

async fn tagged(call: &Call, request: PushTags) -> Result<(Holder, String, Vec<String>)> {
    let PushTags { holder: named, tags } = request;
    if tags.is_empty() {
        return Err(Fault::FieldEmpty { field: "tags" }.into());
    }
    check("tags", &tags, limit::PUSH_TAG_BATCH)?;
    if tags.iter().any(|tag| tag.chars().count() > limit::PUSH_TAG_LETTERS) {
        return Err(Fault::FieldLettersTooMany { field: "tags", max: limit::PUSH_TAG_LETTERS }.into());
    }
    let (kind, key) = holder(call, &named.unwrap_or_default()).await?;
    Ok((kind, key, tags))
}

/// Names and texts that a list between commas could not tell apart are none.
fn check(field: &'static str, texts: &[String], max: usize) -> Result<()> {
    if texts.len() > max {
        return Err(Fault::FieldItemsTooMany { field, max }.into());
    }
    if texts.iter().any(|text| text.trim().is_empty() || text.contains(',')) {
        return Err(Fault::FieldBlank { field }.into());
    }
    texts.iter().try_for_each(|text| check_storable(field, text))
}

/// One of the stores keeps no NUL in a text.
fn check_storable(field: &'static str, text: &str) -> Result<()> {
    if text.contains('\0') { Err(Fault::FieldInvalid { field }.into()) } else { Ok(()) }
}

/// What carries the tags. A device speaks for itself, its account and its own aliases only.
async fn holder(call: &Call, named: &TagHolder) -> Result<(Holder, String)> {
    let device = call.session.device.clone();
    match tag_holder::Kind::try_from(named.kind) {
        Ok(tag_holder::Kind::Device) => Ok((Holder::Device, device.to_string())),
        Ok(tag_holder::Kind::Account) => Ok((Holder::Account, call.session.account.to_string())),
        Ok(tag_holder::Kind::Alias) => {
            let read = move |snapshot: &mut store::Snapshot<'_>| bindings::aliases_of(snapshot, &device);
            let own = call.hub.store.read(call.app.id, read).await?;
            if own.contains(&named.alias) {
                Ok((Holder::Alias, named.alias.clone()))
            } else {
                Err(Fault::FieldNotFound { field: "alias" }.into())
            }
        }
        Err(_) => Err(Fault::FieldInvalid { field: "kind" }.into()),
    }
}
