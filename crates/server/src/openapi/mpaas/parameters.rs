//! Parameters that several actions share, and the kinds of values that this contract has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use contract::error::refuse;
use contract::{Fault, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use store::apps::App;

use crate::openapi::action::{Call, Whose};
use crate::openapi::fields::{Flaw, Text};

/// Which app, in which of its environments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// The app, as the app's settings name it.
    pub app_id: Text<64>,
    /// The environment of the app. A binding made in one is not seen in another.
    pub workspace_id: Text<64>,
    /// The tenant. Compared where the app has one.
    pub tenant_id: Option<String>,
}

impl Instance {
    /// What the call is about.
    pub fn whose(&self) -> Whose {
        Whose::Mpaas { app_id: self.app_id.0.clone(), workspace_id: self.workspace_id.0.clone() }
    }

    /// The app, if the tenant is its own.
    pub fn app<'a>(&self, call: &'a Call) -> Result<&'a Arc<App>> {
        let app = call.app()?;
        let own = &app.settings.mpaas.tenant_id;
        match &self.tenant_id {
            Some(tenant) if !own.is_empty() && !tenant.is_empty() && tenant != own => refuse(Fault::TenantInvalid),
            _ => Ok(app),
        }
    }

    /// The app, if it may be changed by calls: pushed to, bound, planned.
    pub fn open_app<'a>(&self, call: &'a Call) -> Result<&'a Arc<App>> {
        let app = self.app(call)?;
        if app.settings.mpaas.takes_pushes { Ok(app) } else { refuse(Fault::PushSwitchedOff) }
    }
}

/// A JSON object: as one text, or flattened into several parameters. An empty text is an empty object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Object(fields) => Ok(Self(fields)),
            Value::Null => Ok(Self::default()),
            Value::String(text) if text.trim().is_empty() => Ok(Self::default()),
            // Within a list the text of an object is a text.
            Value::String(text) => serde_json::from_str(&text).map(Self).map_err(|_| D::Error::custom(Flaw::Malformed)),
            _ => Err(D::Error::custom(Flaw::Malformed)),
        }
    }
}

impl JsonSchema for Object {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A JSON object." })
    }
}

/// The fields of an object as texts: numbers and switches as JSON writes them.
pub fn texts(object: &Object, field: &'static str) -> Result<BTreeMap<String, String>, Fault> {
    let text = |(name, value): (&String, &Value)| {
        text_of(value).map(|text| (name.clone(), text)).ok_or(Fault::FieldInvalid { field })
    };
    object.0.iter().map(text).collect()
}

/// A scalar as a text.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One of the numbers from 0 to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choice<const MAX: i64>(pub i64);

impl<'de, const MAX: i64> Deserialize<'de> for Choice<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        if (0..=MAX).contains(&number) { Ok(Self(number)) } else { Err(D::Error::custom(Flaw::Malformed)) }
    }
}

impl<const MAX: i64> JsonSchema for Choice<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Choice{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX })
    }
}

/// Which page of a list, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: i64,
    /// Items of a page.
    pub size: usize,
}

impl Page {
    /// The page that two parameters name; what is absent is the first page and the usual size.
    pub fn of(
        number: (&'static str, Option<i64>),
        size: (&'static str, Option<i64>),
        usual: usize,
        max: usize,
    ) -> Result<Self> {
        let found = number.1.unwrap_or(1);
        if !(1..=1_000_000).contains(&found) {
            return refuse(Fault::FieldInvalid { field: number.0 });
        }
        let length = size.1.unwrap_or(usual as i64);
        match usize::try_from(length) {
            Ok(length) if (1..=max).contains(&length) => Ok(Self { number: found, size: length }),
            _ => refuse(Fault::FieldInvalid { field: size.0 }),
        }
    }

    /// Items before the page.
    pub const fn skip(self) -> i64 {
        (self.number - 1) * self.size as i64
    }
}
