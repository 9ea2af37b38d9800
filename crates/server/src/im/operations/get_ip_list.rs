//! Answers the addresses of this installation.

use contract::codes::Family;
use contract::{Fault, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::im::action::{Action, Call, Perform};

/// Answers the addresses and networks that a firewall must let through, as the operator configured them. `nettype` in the
/// URL chooses: 0 (or absent) all, 1 and 2 where native devices connect, 3 and 4 where browsers connect, 5 and 6 where
/// webhooks come from. An installation is in one place, so both numbers of a pair answer the same.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetIpList {}

/// The addresses.
#[derive(Serialize, JsonSchema)]
pub struct Answer {
    /// Addresses such as `192.0.2.1`, or networks such as `192.0.2.0/24`; each once.
    #[serde(rename = "IPList")]
    addresses: Vec<String>,
}

impl Action for GetIpList {
    const NAME: &'static str = "ConfigSvc/GetIPList";
    const FAMILY: Family = Family::Common;
    const CHAPTER: &'static str = "operations";
    type Answer = Answer;
}

impl Perform for GetIpList {
    async fn perform(self, call: Call) -> Result<Answer> {
        let own = &call.node.addresses;
        let lists = match call.net_type.as_deref().unwrap_or_default() {
            "" | "0" => vec![&own.native, &own.web, &own.webhooks],
            "1" | "2" => vec![&own.native],
            "3" | "4" => vec![&own.web],
            "5" | "6" => vec![&own.webhooks],
            _ => return Err(Fault::UrlMalformed.into()),
        };
        let mut addresses: Vec<String> = Vec::new();
        for address in lists.into_iter().flatten() {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        Ok(Answer { addresses })
    }
}
