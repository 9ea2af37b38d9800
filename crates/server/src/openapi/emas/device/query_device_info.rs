//! Shows a device: its system, what is bound to it, and when it was last heard of.

use contract::{Result, moment};
use push::{binding, tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::bound_tags::Holder;
use store::deliveries::SELF_BUILT;
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::{Device, spell_os};
use crate::openapi::fields::AppKey;

/// Shows a device: its system, what is bound to it, and when it was last heard of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryDeviceInfo {
    /// The app.
    app_key: AppKey,
    /// The device.
    device_id: Device,
}

/// The device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// What is known of it.
    device_info: DeviceInfo,
}

/// What is known of a device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DeviceInfo {
    /// The device.
    device_id: String,
    /// `iOS`, `ANDROID`, `HARMONY`, or `OTHER` for what push tells nothing more of.
    device_type: &'static str,
    /// The token of its vendor's channel; empty where there is none.
    device_token: String,
    /// Its account; empty where none is bound.
    account: String,
    /// Its aliases, between commas.
    alias: String,
    /// Its own tags, between commas.
    tags: String,
    /// Its phone number; empty where there is none.
    phone_number: String,
    /// Who made it.
    brand: String,
    /// What it is called.
    model: String,
    /// When it was last heard of, in UTC.
    last_online_time: String,
    /// Whether it is connected now.
    online: bool,
    /// Whether its owner wants notifications.
    push_enabled: bool,
}

impl Action for QueryDeviceInfo {
    const NAME: &'static str = "QueryDeviceInfo";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "device";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryDeviceInfo {
    fn read(&self, call: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let device = binding::device(snapshot, call.now, &self.device_id.0)?;
        let tokens = bindings::tokens_of_device(snapshot, &device.id)?;
        let mut vendors = tokens.into_iter().filter(|token| token.channel != SELF_BUILT);
        let aliases = bindings::aliases_of(snapshot, &device.id)?;
        let tags = tag::tags_of(snapshot, Holder::Device, device.id.as_str())?;
        let device_info = DeviceInfo {
            device_id: device.id.to_string(),
            device_type: spell_os(device.os),
            device_token: vendors.next().map(|token| token.token).unwrap_or_default(),
            account: device.account,
            alias: aliases.join(","),
            tags: tags.join(","),
            phone_number: device.phone,
            brand: device.brand,
            model: device.model,
            last_online_time: moment::write(device.seen_at),
            online: device.is_connected,
            push_enabled: !device.is_muted,
        };
        Ok(Answer { device_info })
    }
}
