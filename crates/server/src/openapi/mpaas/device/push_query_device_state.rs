//! Says what is known of a device.

use contract::error::refuse;
use contract::{Error, Fault, Result};
use push::mpaas::TARGET_BYTES;
use push::mpaas::device::{find_any, token_channel, vendor_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;
use store::bindings::{self, Bound, Os};
use store::deliveries::SELF_BUILT;

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::fields::Text;
use crate::openapi::mpaas::answer::{self, Shape, Stated};
use crate::openapi::mpaas::parameters::Instance;

/// Says what is known of a device, or of the device on which a user was heard of last. Nothing is answered for one that is
/// not there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushQueryDeviceState {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// 1: `Target` is a device. 2: it is a user.
    target_type: i64,
    /// The device or the user.
    target: Text<TARGET_BYTES>,
}

/// A device.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    /// The user bound to it; empty for none.
    user_id: String,
    /// What it calls itself.
    device_id: String,
    /// By what pushes name it: as `DeviceId`, or its vendor's token on iOS and HarmonyOS.
    delivery_token: String,
    /// Its vendor's token; empty for none.
    third_token: String,
    /// `android`, `ios` or `harmonyos`.
    platform: &'static str,
    /// The vendor by which it is reached: `ios`, `miui`, `hms`, `fcm`, `oppo`, `vivo`, `honor`, `harmonyos`, or `android`
    /// where it is reached over our own connection alone.
    manufacturer: &'static str,
    /// `ONLINE` or `OFFLINE` on Android, else `UNKNOW`, which the contract spells so.
    statue: &'static str,
}

impl Action for PushQueryDeviceState {
    const NAME: &'static str = "PushQueryDeviceState";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWER;
    const CHAPTER: &'static str = "device";
    type Answer = Stated<State>;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::State, error)
    }
}

/// Devices of a user that are looked at: the latest of so many.
const LOOK: usize = 100;

impl Read for PushQueryDeviceState {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Stated<State>> {
        self.instance.app(call)?;
        let found = match self.target_type {
            1 => find_any(snapshot, call.now, &self.target.0)?,
            2 => {
                let ids = bindings::devices_of_account(snapshot, &self.target.0, "")?;
                let mut latest: Option<Bound> = None;
                for id in ids.iter().take(LOOK) {
                    let next = bindings::get(snapshot, call.now, id.as_str())?;
                    latest = latest.into_iter().chain(next).max_by_key(|device| device.seen_at);
                }
                latest
            }
            _ => return refuse(Fault::FieldInvalid { field: "TargetType" }),
        };
        let Some(device) = found else { return Ok(Stated::with(None)) };
        state(snapshot, device).map(Some).map(Stated::with)
    }
}

fn state(snapshot: &mut Snapshot<'_>, device: Bound) -> Result<State> {
    let tokens = bindings::tokens_of_device(snapshot, &device.id)?;
    let own = token_channel(device.os).and_then(|channel| tokens.iter().find(|token| token.channel == channel));
    let vendor = own.or_else(|| tokens.iter().find(|token| token.channel != SELF_BUILT));
    let platform = match device.os {
        Os::Ios => "ios",
        Os::Harmony => "harmonyos",
        Os::Android | Os::Other => "android",
    };
    Ok(State {
        user_id: device.account,
        delivery_token: own.map_or_else(|| device.id.to_string(), |token| token.token.clone()),
        device_id: device.id.to_string(),
        third_token: vendor.map(|token| token.token.clone()).unwrap_or_default(),
        platform,
        manufacturer: vendor.map_or(platform, |token| vendor_name(&token.channel)),
        statue: match (device.os, device.is_connected) {
            (Os::Ios | Os::Harmony, _) => "UNKNOW",
            (_, true) => "ONLINE",
            (_, false) => "OFFLINE",
        },
    })
}
