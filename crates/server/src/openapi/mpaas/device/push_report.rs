//! Reports a device and its token for a vendor's channel.

use contract::error::refuse;
use contract::{Error, Fault, Result};
use push::mpaas::TARGET_BYTES;
use push::mpaas::device::{self, Report};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::Tx;
use store::bindings::Os;

use super::{Token, os};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::Text;
use crate::openapi::mpaas::answer::{self, Pushed, Shape};
use crate::openapi::mpaas::parameters::Instance;

/// Reports a device, new or again, and its token for a vendor's channel, by which pushes then reach it.
/// What else the contract lets a report say (`Imei`, `Imsi`, `ConnectType` and others) is taken and not kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushReport {
    /// The app.
    #[serde(rename = "*instance")]
    #[schemars(flatten)]
    instance: Instance,
    /// The device: its own name on Android, the vendor's token on iOS and HarmonyOS.
    delivery_token: Token,
    /// 1 Android, 2 iOS, 7 HarmonyOS.
    os_type: i64,
    /// The vendor: 2 Apple, 4 Xiaomi, 5 Huawei, 6 FCM, 7 OPPO, 8 vivo, or a name: `hms`, `honor`, `miui`, `fcm`,
    /// `oppo`, `vivo`, `harmonyos`.
    third_channel: Option<Text<16>>,
    /// The vendor's token.
    third_channel_device_token: Option<String>,
    /// The version of the app.
    app_version: Option<Text<64>>,
    /// What the device is called.
    model: Option<Text<128>>,
}

impl Action for PushReport {
    const NAME: &'static str = "PushReport";
    const PRODUCT: Product = Product::Mpaas;
    const VERSIONS: &'static [&'static str] = super::super::NEWEST;
    const CHAPTER: &'static str = "device";
    type Answer = Pushed;

    fn whose(&self) -> Whose {
        self.instance.whose()
    }

    fn refusal(error: &Error) -> Option<Map<String, Value>> {
        answer::refusal(Shape::Push, error)
    }
}

impl PushReport {
    /// The vendor and its token, if one is reported.
    fn vendor(&self, os: Os) -> Result<Option<(&'static str, String)>> {
        let token = self.third_channel_device_token.as_deref().filter(|token| !token.is_empty());
        let Some(token) = token else { return Ok(None) };
        if token.len() > TARGET_BYTES {
            return refuse(Fault::FieldTooLong { field: "ThirdChannelDeviceToken", max: TARGET_BYTES });
        }
        let named = self.third_channel.as_ref().ok_or(Fault::FieldMissing { field: "ThirdChannel" })?;
        // The number of HarmonyOS is not published, and it has one vendor.
        let channel = if os == Os::Harmony { Some("harmony") } else { device::vendor(&named.0) };
        let channel = channel.ok_or(Fault::FieldInvalid { field: "ThirdChannel" })?;
        Ok(Some((channel, token.to_owned())))
    }
}

impl Write for PushReport {
    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Pushed> {
        self.instance.open_app(call)?;
        let os = os(self.os_type)?;
        let filled = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let report = Report {
            vendor: self.vendor(os)?,
            model: filled(self.model.as_ref().map(|text| text.0.as_str())),
            app_version: filled(self.app_version.as_ref().map(|text| text.0.as_str())),
        };
        device::report(tx, call.now, os, &self.delivery_token.0, &report)?;
        Ok(Pushed::with(""))
    }
}
