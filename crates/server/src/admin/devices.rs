//! Devices that a team brings with it: registered with what is bound to them, some hundreds in a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::{AppId, Error, Fault, limit};
use push::binding::{self, Moved};
use serde::Deserialize;
use serde_json::json;
use store::Tx;
use store::bindings::Os;
use store::platform;

use super::ask::{Answer, Ask};
use super::audit;
use super::refusal::{Refusal, invalid};
use crate::node::Node;

/// Devices of one request: one transaction.
pub(crate) const BATCH: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    devices: Vec<Line>,
}

/// One device.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    device: String,
    os: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    brand: String,
    #[serde(default)]
    model: String,
    /// Vendor tokens by channel.
    #[serde(default)]
    tokens: BTreeMap<String, String>,
}

impl Line {
    fn moved(self) -> Result<Moved, String> {
        let os = match self.os.to_ascii_lowercase().as_str() {
            "ios" => Os::Ios,
            "android" => Os::Android,
            "harmony" => Os::Harmony,
            "other" => Os::Other,
            other => return Err(format!("os is ios, android, harmony or other, not {other:?}")),
        };
        if self.tokens.len() > 16 {
            return Err("a device has at most 16 tokens".into());
        }
        Ok(Moved {
            device: self.device,
            os,
            account: self.account,
            aliases: self.aliases,
            tags: self.tags,
            phone: self.phone,
            brand: self.brand,
            model: self.model,
            tokens: self.tokens.into_iter().collect(),
        })
    }
}

/// `POST apps/ID/devices`: all of the request, or nothing.
pub(super) async fn import(node: &Arc<Node>, ask: &Ask, id: AppId) -> Result<Answer, Refusal> {
    let wanted: Wanted = ask.parse()?;
    node.apps.get(id).ok_or(Refusal::AppUnknown)?;
    if wanted.devices.is_empty() || wanted.devices.len() > BATCH {
        return Err(invalid(format!("devices has 1 to {BATCH} entries")));
    }
    let mut moved = Vec::with_capacity(wanted.devices.len());
    for (place, line) in wanted.devices.into_iter().enumerate() {
        moved.push(line.moved().map_err(|what| invalid(format!("devices[{place}]: {what}")))?);
    }
    let (now, count) = (node.clock.now(), moved.len());
    let job = move |tx: &mut Tx<'_>| {
        for (place, one) in moved.iter().enumerate() {
            match binding::import(tx, now, one) {
                Ok(()) => {}
                // A fault undoes the transaction; which line it was must get out with it.
                Err(Error::Fault(fault)) => return Ok(Err((place, fault))),
                Err(failure) => return Err(failure),
            }
        }
        Ok(Ok(()))
    };
    run(node, id, job).await?;
    let entry = audit::entry(now, ask, "app.devices.import", id.to_string(), format!("{count} devices"));
    node.store.write(AppId::PLATFORM, move |tx| platform::add_entry(tx, &entry)).await?;
    Ok(Answer::ok(json!({ "imported": count })))
}

/// Runs the job first as a reader of its own writes: the store undoes what ends in an error, so the place of a fault is
/// found before, and told after.
async fn run(
    node: &Arc<Node>,
    id: AppId,
    job: impl Fn(&mut Tx<'_>) -> contract::Result<Result<(), (usize, Fault)>> + Send + 'static,
) -> Result<(), Refusal> {
    let (told, place) = std::sync::mpsc::sync_channel::<(usize, Fault)>(1);
    let outcome = node
        .store
        .write(id, move |tx| match job(tx)? {
            Ok(()) => Ok(()),
            Err((place, fault)) => {
                // Full means that an earlier run of the same job has told it already.
                drop(told.try_send((place, fault.clone())));
                Err(fault.into())
            }
        })
        .await;
    match (outcome, place.try_recv()) {
        (Ok(()), _) => Ok(()),
        (Err(Error::Fault(_)), Ok((place, fault))) => Err(invalid(format!("devices[{place}]: {}", why(&fault)))),
        (Err(error), _) => Err(error.into()),
    }
}

/// A fault in the words of a person.
fn why(fault: &Fault) -> String {
    match fault {
        Fault::FieldInvalid { field } => format!("{field} is malformed"),
        Fault::FieldEmpty { field } => format!("{field} is empty"),
        Fault::FieldTooLong { field, max } => format!("{field} has more than {max} bytes"),
        Fault::FieldLettersTooMany { field, max } => format!("{field} has more than {max} characters"),
        Fault::FieldItemsTooMany { field, max } => format!("{field}: more than {max}"),
        Fault::TokenTooLong { max } => format!("a token has more than {max} bytes"),
        other => format!("{other:?}"),
    }
}

const _: () = assert!(BATCH <= limit::STORE_PAGE, "a request is a small transaction");
