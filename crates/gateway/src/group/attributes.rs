//! Attributes and counters of groups as devices use them.

use chat::attributes::{self, Change};
use chat::counters::{self, Mode};
use chat::ground::By;
use contract::frame::wire::{
    AttributeChange, Attributes, AttributesRequest, CounterMode, Counters, CountersChange, CountersRequest, GroupRef,
};
use contract::{Fault, Result};

use super::notice::{attribute, counter};
use super::room::{by, group};
use crate::request::Call;

/// Who acts: whether it is in the group, if that is a live room, this node alone knows.
async fn actor(call: &Call, text: &str) -> Result<By> {
    let id = group(text)?;
    let found = call.hub.store.read(call.app.id, move |snapshot| chat::ground::alive(snapshot, &id)).await?;
    Ok(by(call, Some(found.conversation)))
}

/// Reads the pairs of a group.
pub(crate) async fn get(call: &Call, request: GroupRef) -> Result<Attributes> {
    let (by, id) = (actor(call, &request.group).await?, group(&request.group)?);
    let found = call.hub.store.read(call.app.id, move |snapshot| attributes::list(snapshot, &id, &by)).await?;
    let pairs = found.pairs.into_iter().map(|pair| attribute(&(pair.key, pair.value))).collect();
    Ok(Attributes { version: found.version as u64, attributes: pairs })
}

/// Changes the pairs of a group.
pub(crate) async fn write(call: &Call, request: AttributesRequest) -> Result<Attributes> {
    let (by, id) = (actor(call, &request.group).await?, group(&request.group)?);
    let known = i64::try_from(request.version).map_err(|_| Fault::FieldInvalid { field: "version" })?;
    let kind = request.change();
    let pairs: Vec<(String, String)> = request.attributes.into_iter().map(|pair| (pair.key, pair.value)).collect();
    let change = match kind {
        AttributeChange::AttributeReplace => Change::Replace(pairs),
        AttributeChange::AttributeModify => Change::Modify(pairs),
        AttributeChange::AttributeDelete => Change::Delete(pairs.into_iter().map(|(key, _)| key).collect()),
        AttributeChange::AttributeClear => Change::Clear,
        AttributeChange::AttributeUnchanged => return Err(Fault::FieldInvalid { field: "change" }.into()),
    };
    let now = call.now;
    let version = call.write(move |tx| attributes::write(tx, now, &id, &by, Some(known), &change)).await?;
    Ok(Attributes { version: version as u64, attributes: Vec::new() })
}

/// Reads counters of a group.
pub(crate) async fn counters(call: &Call, request: CountersRequest) -> Result<Counters> {
    let (by, id, app) = (actor(call, &request.group).await?, group(&request.group)?, call.app.clone());
    let read = move |snapshot: &mut store::Snapshot<'_>| counters::list(snapshot, &app, &id, &by, keys(&request.keys));
    let found = call.hub.store.read(call.app.id, read).await?;
    Ok(Counters { counters: found.iter().map(counter).collect() })
}

/// Changes counters of a group.
pub(crate) async fn count(call: &Call, request: CountersChange) -> Result<Counters> {
    let (by, id, app) = (actor(call, &request.group).await?, group(&request.group)?, call.app.clone());
    let mode = match CounterMode::try_from(request.mode) {
        Ok(CounterMode::CounterSet) => Mode::Set,
        Ok(CounterMode::CounterIncrease) => Mode::Increase,
        Ok(CounterMode::CounterDecrease) => Mode::Decrease,
        Err(_) => return Err(Fault::FieldInvalid { field: "mode" }.into()),
    };
    let pairs: Vec<(String, i64)> = request.counters.into_iter().map(|counter| (counter.key, counter.value)).collect();
    let changed = call.write(move |tx| counters::change(tx, &app, &id, &by, mode, &pairs)).await?;
    Ok(Counters { counters: changed.iter().map(counter).collect() })
}

/// Deletes counters of a group.
pub(crate) async fn uncount(call: &Call, request: CountersRequest) -> Result<()> {
    let (by, id, app) = (actor(call, &request.group).await?, group(&request.group)?, call.app.clone());
    call.write(move |tx| counters::delete(tx, &app, &id, &by, keys(&request.keys))).await
}

fn keys(keys: &[String]) -> Option<&[String]> {
    (!keys.is_empty()).then_some(keys)
}
