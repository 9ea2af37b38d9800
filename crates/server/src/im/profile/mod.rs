//! Profiles: what accounts show of themselves.

pub mod portrait_get;
pub mod portrait_set;

use contract::profile::{Given, Value as Held};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One field.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProfileItem {
    /// `Tag_Profile_IM_…`, or `Tag_Profile_Custom_…` as the app declared it.
    pub tag: String,
    /// Text or a number, as the field's type says.
    pub value: Value,
}

impl ProfileItem {
    /// A field as it is held.
    pub fn of((tag, value): (String, Held)) -> Self {
        let value = match value {
            Held::Text(text) => text.into(),
            Held::Number(number) => number.into(),
        };
        Self { tag, value }
    }

    /// What the caller wants.
    fn given(&self) -> (String, Given) {
        let given = match &self.value {
            Value::String(text) => Given::Text(text.clone()),
            Value::Number(number) => Given::Number(number.as_u64().and_then(|number| number.try_into().ok())),
            _ => Given::Other,
        };
        (self.tag.clone(), given)
    }
}
