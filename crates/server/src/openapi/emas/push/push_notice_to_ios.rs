//! Pushes a notification to Apple's devices.

use contract::{Result, limit};
use push::task;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Tx;

use super::Sent;
use super::compose::Asked;
use super::fields_apple::Apple;
use super::simple::{Short, send};
use super::words::{ApnsEnv, DeviceType, Extra, JobKey, PushType, Target};
use crate::openapi::action::{Action, Call, Product, Whose, Write};
use crate::openapi::fields::{AppKey, Text};

/// Pushes a notification to Apple's devices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PushNoticeToiOS {
    /// The app.
    app_key: AppKey,
    /// `DEVICE`, `ACCOUNT`, `ALIAS`, `TAG` or `ALL`.
    target: Target,
    /// Up to 1000 devices, accounts or aliases, between commas; a tag or an expression of tags; `ALL`.
    target_value: Text<{ limit::OPENAPI_BODY_BYTES }>,
    /// `DEV` or `PRODUCT`.
    apns_env: ApnsEnv,
    /// The text.
    body: Text<1800>,
    /// Up to 200 bytes.
    title: Option<Text<200>>,
    /// What the app gets beside the text: a JSON object.
    ext_parameters: Option<Extra>,
    /// A word that is copied into receipts.
    job_key: Option<JobKey>,
    /// Drawn once for each call.
    #[serde(skip, default = "task::fresh_id")]
    id: i64,
}

impl Action for PushNoticeToiOS {
    const NAME: &'static str = "PushNoticeToiOS";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "push";
    type Answer = Sent;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Write for PushNoticeToiOS {
    fn is_light(&self) -> bool {
        self.target.is_light(&self.target_value.0)
    }

    fn write(&self, call: &Call, tx: &mut Tx<'_>) -> Result<Sent> {
        let asked = Asked {
            title: self.title.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            body: self.body.0.clone(),
            apple: Apple { env: Some(self.apns_env), ext: self.ext_parameters.clone(), ..Apple::default() },
            ..Asked::default()
        };
        let short = Short {
            id: self.id,
            target: self.target,
            value: &self.target_value.0,
            devices: DeviceType::Ios,
            kind: PushType::Notice,
            job_key: self.job_key.as_ref(),
            asked,
        };
        send(tx, call, short)
    }
}
