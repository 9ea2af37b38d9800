//! Bodies become types.
//!
//! The order in which faults are found is part of the contract, and it is the order of the fields in the type, not
//! the order of the keys in the body. So a body is first read as JSON, then each field of the type is looked up in
//! turn, and the first that does not fit refuses the call with the fault that the command's family has for it.

use std::borrow::Cow;

use contract::{Fault, UserId, limit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Which fault a field is refused with, beyond the plain «missing» and «invalid», by what was given.
pub type FieldFault = fn(field: &'static str, given: Option<&Value>) -> Option<Fault>;

/// The fault of a UserID that is there and no text, which has a code of its own.
pub fn user_fault(field: &'static str, given: Option<&Value>) -> Option<Fault> {
    match given {
        None | Some(Value::Null | Value::String(_)) => None,
        Some(_) => (field == "UserID").then_some(Fault::UserIdNotText { field }),
    }
}

/// Reads `T` from a body. Every optional field of `T` is an `Option`: what is absent reads as none.
pub fn read<T: DeserializeOwned>(body: &Map<String, Value>, fault_of: FieldFault) -> Result<T, Fault> {
    T::deserialize(Body { body, fault_of }).map_err(|refusal| refusal.0)
}

/// A fault on its way through serde.
#[derive(Debug)]
struct Refusal(Fault);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Refusal {}

impl serde::de::Error for Refusal {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self(Fault::BodyMalformed)
    }
}

struct Body<'a> {
    body: &'a Map<String, Value>,
    fault_of: FieldFault,
}

impl<'de> Deserializer<'de> for Body<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(Fields { body: self, names: [].iter(), current: "" })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_map(Fields { body: self, names: fields.iter(), current: "" })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'a> {
    body: Body<'a>,
    names: std::slice::Iter<'static, &'static str>,
    current: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.current = name;
        let name: StrDeserializer<'_, Refusal> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let field = self.current;
        match self.body.body.get(field) {
            Some(value) => seed
                .deserialize(value)
                .map_err(|_| (self.body.fault_of)(field, Some(value)).unwrap_or(Fault::FieldInvalid { field })),
            None => seed
                .deserialize(Absent)
                .map_err(|_| (self.body.fault_of)(field, None).unwrap_or(Fault::FieldMissing { field })),
        }
        .map_err(Refusal)
    }
}

/// What is not there: none for an option, a refusal for everything else.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refusal> {
        Err(Refusal(Fault::BodyMalformed))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A UserID in a body.
#[derive(Debug, Clone)]
pub struct User(pub UserId);

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        UserId::parse(&text).map(Self).map_err(|_| serde::de::Error::custom("not a UserID"))
    }
}

impl JsonSchema for User {
    fn schema_name() -> Cow<'static, str> {
        "UserID".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": limit::USER_ID_BYTES })
    }
}

/// A list of 1 to `MAX` items.
#[derive(Debug, Clone)]
pub struct UpTo<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for UpTo<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(from)?;
        if (1..=MAX).contains(&items.len()) {
            Ok(Self(items))
        } else {
            Err(serde::de::Error::custom("empty or too long"))
        }
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for UpTo<T, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("UpTo{MAX}{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>(), "minItems": 1, "maxItems": MAX })
    }
}

/// A number that some published clients send as text.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(from)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.map(Self).ok_or_else(|| serde::de::Error::custom("not a number"))
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "PascalCase")]
    struct Example {
        first: User,
        second: u32,
        third: Option<String>,
    }

    fn check(body: Value, expected: &Fault) {
        let body = body.as_object().expect("an object").clone();
        let fault = read::<Example>(&body, |field, _| (field == "Third").then_some(Fault::MsgKeyInvalid));
        assert_eq!(&fault.expect_err("refused"), expected);
    }

    #[test]
    fn the_first_field_of_the_type_that_does_not_fit_refuses() {
        check(json!({}), &Fault::FieldMissing { field: "First" });
        check(json!({"Third": 1, "Second": "x"}), &Fault::FieldMissing { field: "First" });
        check(json!({"Third": 1, "First": "a"}), &Fault::FieldMissing { field: "Second" });
        check(json!({"Third": 1, "First": "a", "Second": -1}), &Fault::FieldInvalid { field: "Second" });
        check(json!({"Third": 1, "First": "a", "Second": 1}), &Fault::MsgKeyInvalid);
        check(json!({"First": 7, "Second": 1}), &Fault::FieldInvalid { field: "First" });
    }

    #[test]
    fn absent_and_null_options_are_none_and_unknown_keys_are_passed_over() {
        let body = json!({"First": "a", "Second": 4_294_967_295_u32, "Third": null, "Fourth": {}});
        let example: Example = read(body.as_object().expect("an object"), |_, _| None).expect("fits");
        assert_eq!((example.first.0.as_str(), example.second, example.third), ("a", u32::MAX, None));
    }
}
