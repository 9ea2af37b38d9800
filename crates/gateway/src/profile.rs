//! Commands on profiles: frames into the words of `chat`, and back.

use chat::profile::{Class, Operator, check, get, set, shown, tags};
use contract::codes::Family;
use contract::frame::wire::profile_field::Value as Shown;
use contract::frame::wire::{Profile, ProfileField, ProfileGetAnswer, ProfileGetRequest, ProfileSetRequest};
use contract::profile::{Given, Value};
use contract::{Error, Fault, Result, UserId, limit};
use store::profiles;

use crate::refusal;
use crate::request::Call;

/// Writes fields of the account's own profile.
pub(crate) async fn write(call: &Call, request: ProfileSetRequest) -> Result<()> {
    let account = call.session.account.clone();
    if !request.account.is_empty() && request.account != account.as_str() {
        return Err(Fault::ProfileNotOwn.into());
    }
    let wanted = request.fields.into_iter().map(|field| (field.tag, given(field.value))).collect();
    let mut changes = check(&call.app, Class::Device, wanted)?;
    let front = &call.hub.front;
    let (noted, refusal) = match front.check_profile(call.app.id, &mut changes) {
        Ok(noted) => (noted, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let (now, app, owner, device) = (call.now, call.app.clone(), account.clone(), call.session.device.clone());
    let job = move |tx: &mut store::Tx<'_>| {
        set(tx, now, &app, Operator { user: &owner, device: Some(&device) }, &owner, &changes)?;
        // What is wrong with the account is told first; an error undoes the change.
        refusal.clone().map_or(Ok(()), |fault| Err(fault.into()))
    };
    call.write(job).await?;
    front.note_profile(call.app.id, &account, noted).await
}

/// Reads profiles, one's own and others'.
pub(crate) async fn read(call: &Call, request: ProfileGetRequest) -> Result<ProfileGetAnswer> {
    if request.accounts.is_empty() {
        return Err(Fault::ProfileTargetMissing.into());
    }
    let max = limit::PROFILE_BATCH;
    if request.accounts.len() > max {
        return Err(Fault::BatchSizeInvalid { max }.into());
    }
    if !request.tags.is_empty() {
        tags(&call.app, Class::Device, &request.tags)?;
    }
    let users: Vec<Option<UserId>> = request.accounts.iter().map(|name| UserId::parse(name).ok()).collect();
    let known: Vec<UserId> = users.iter().flatten().cloned().collect();
    let found = call.hub.store.read(call.app.id, move |snapshot| get(snapshot, &known)).await?;
    let (mut found, mut bytes, mut list) = (found.into_iter(), 0, Vec::with_capacity(users.len()));
    for (account, user) in request.accounts.into_iter().zip(users) {
        let profile = user.and_then(|_| found.next().flatten()).unwrap_or_else(|| Err(Fault::AccountUnknown.into()));
        let profile = answer(call, account, profile, &request.tags);
        bytes += size(&profile);
        // A hundred profiles that are all as large as can be do not fit into a frame: the device asks for fewer.
        if bytes > PAGE_BYTES {
            return Err(Fault::BatchSizeInvalid { max: list.len() }.into());
        }
        list.push(profile);
    }
    Ok(ProfileGetAnswer { profiles: list })
}

/// Bytes of profiles in one answer, with room for the frame around them.
const PAGE_BYTES: usize = limit::FRAME_BYTES - 8 * 1024;

/// What a profile costs in an answer, at most.
fn size(profile: &Profile) -> usize {
    let value = |field: &ProfileField| match &field.value {
        Some(Shown::Text(text)) => text.len(),
        Some(Shown::Number(_)) | None => 5,
    };
    let fields: usize = profile.fields.iter().map(|field| field.tag.len() + value(field) + 12).sum();
    profile.account.len() + fields + 48
}

fn answer(call: &Call, account: String, profile: Result<profiles::Profile>, wanted: &[String]) -> Profile {
    match profile {
        Ok(profile) => {
            let mut all = shown(&call.app, Class::Device, &profile);
            all.retain(|(tag, _)| wanted.is_empty() || wanted.contains(tag));
            Profile {
                account,
                code: 0,
                fields: fields(all),
                standard_sequence: profile.sequences.standard,
                custom_sequence: profile.sequences.custom,
            }
        }
        Err(error) => {
            if let Error::Failure(failure) = &error {
                tracing::error!(%failure, "a profile cannot be read");
            }
            let (code, _) = refusal::spell(Family::Profile, &error);
            Profile { account, code, ..Profile::default() }
        }
    }
}

/// Fields as they travel.
pub(crate) fn fields(all: Vec<(String, Value)>) -> Vec<ProfileField> {
    let one = |(tag, value)| {
        let value = match value {
            Value::Text(text) => Shown::Text(text),
            Value::Number(number) => Shown::Number(number),
        };
        ProfileField { tag, value: Some(value) }
    };
    all.into_iter().map(one).collect()
}

fn given(value: Option<Shown>) -> Given {
    match value {
        Some(Shown::Text(text)) => Given::Text(text),
        Some(Shown::Number(number)) => Given::Number(Some(number)),
        None => Given::Other,
    }
}
