//! Lists the devices that are bound to an account.

use contract::{Result, limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Snapshot, bindings};

use crate::openapi::action::{Action, Call, Product, Read, Whose};
use crate::openapi::emas::{Account, DeviceIds};
use crate::openapi::fields::AppKey;

/// Lists the devices that are bound to an account, or on which it is logged in to chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct QueryDevicesByAccount {
    /// The app.
    app_key: AppKey,
    /// The account.
    account: Account,
}

/// The devices.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// At most 10 000; none if nobody knows the account.
    device_ids: DeviceIds,
}

impl Action for QueryDevicesByAccount {
    const NAME: &'static str = "QueryDevicesByAccount";
    const PRODUCT: Product = Product::Emas;
    const CHAPTER: &'static str = "device";
    type Answer = Answer;

    fn whose(&self) -> Whose {
        Whose::App(self.app_key.0)
    }
}

impl Read for QueryDevicesByAccount {
    fn read(&self, _: &Call, snapshot: &mut Snapshot<'_>) -> Result<Answer> {
        let mut found: Vec<contract::DeviceId> = Vec::new();
        while found.len() < limit::DEVICES_PER_PUSH_ACCOUNT {
            let after = found.last().map(ToString::to_string).unwrap_or_default();
            let page = bindings::devices_of_account(snapshot, &self.account.0, &after)?;
            let is_last = page.len() < limit::STORE_PAGE;
            found.extend(page);
            if is_last {
                break;
            }
        }
        Ok(Answer { device_ids: DeviceIds::new(found) })
    }
}
