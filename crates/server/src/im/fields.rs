//! Bodies become types.
//!
//! The order in which faults are found is part of the contract, and it is the order of the fields in the type, not
//! the order of the keys in the body. So a body is first read as JSON, then each field of the type is looked up in
//! turn, and the first that does not fit refuses the call with the fault that the command's family has for it.
//!
//! Fields that several commands share are a type of their own, a *group*: a field whose name begins with `*` is read
//! from the same body, its fields at its place in the order. In the schema it is flattened:
//!
//! ```text
//! #[serde(rename = "*")]
//! #[schemars(flatten)]
//! letter: Letter,
//! ```

use std::borrow::Cow;

use contract::{Fault, UserId, limit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Which fault a field is refused with, beyond the plain «missing» and «invalid», by what was given. The fields are
/// moved out of the body, so of a text or an object that does not fit only the kind is left, and of a list the entries
/// from the first on that does not fit; numbers and flags stay.
pub type FieldFault = fn(field: &'static str, given: Option<&Value>) -> Option<Fault>;

/// The fault of a UserID that is there and no text, which has a code of its own.
pub fn user_fault(field: &'static str, given: Option<&Value>) -> Option<Fault> {
    match given {
        None | Some(Value::Null | Value::String(_)) => None,
        Some(_) => (field == "UserID").then_some(Fault::UserIdNotText { field }),
    }
}

/// Reads `T` from a body. Every optional field of `T` is an `Option`: what is absent reads as none. Texts and values
/// are moved, not copied.
pub fn read<T: DeserializeOwned>(mut body: Map<String, Value>, fault_of: FieldFault) -> Result<T, Fault> {
    T::deserialize(Body { body: &mut body, fault_of }).map_err(|refusal| refusal.0)
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

impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self(Fault::BodyMalformed)
    }
}

struct Body<'a> {
    body: &'a mut Map<String, Value>,
    fault_of: FieldFault,
}

impl<'de> Deserializer<'de> for Body<'_> {
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

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.current = name;
        let name: StrDeserializer<'_, Refusal> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let (field, fault_of) = (self.current, self.body.fault_of);
        if field.starts_with('*') {
            return seed.deserialize(Body { body: self.body.body, fault_of });
        }
        match self.body.body.get_mut(field) {
            Some(value) => seed
                .deserialize(Taken(&mut *value))
                .map_err(|_| fault_of(field, Some(value)).unwrap_or(Fault::FieldInvalid { field })),
            None => {
                seed.deserialize(Absent).map_err(|_| fault_of(field, None).unwrap_or(Fault::FieldMissing { field }))
            }
        }
        .map_err(Refusal)
    }
}

/// A value that is moved into its field. Only its kind stays in the body, for the fault of the field should it not fit;
/// of a list that does not fit, what stays are the entries from the first on that does not.
struct Taken<'a>(&'a mut Value);

impl Taken<'_> {
    fn take(self) -> Value {
        let kind = match &self.0 {
            Value::String(_) => Value::String(String::new()),
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Object(_) => Value::Object(Map::new()),
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(*flag),
            Value::Number(number) => Value::Number(number.clone()),
        };
        std::mem::replace(self.0, kind)
    }
}

impl<'de> Deserializer<'de> for Taken<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        Ok(self.take().deserialize_any(visitor)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        Ok(self.take().deserialize_enum(name, variants, visitor)?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let Value::Array(entries) = self.0 else { return self.deserialize_any(visitor) };
        let mut fitting = 0;
        let read = visitor.visit_seq(Entries { entries: entries.iter_mut(), fitting: &mut fitting });
        if read.is_err() {
            entries.drain(..fitting);
        }
        read
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Members { fields: fields.iter_mut(), value: None }),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct map identifier ignored_any
    }
}

/// The entries of a list.
struct Entries<'a> {
    entries: std::slice::IterMut<'a, Value>,
    fitting: &'a mut usize,
}

impl<'de> SeqAccess<'de> for Entries<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        let read = seed.deserialize(Taken(entry))?;
        *self.fitting += 1;
        Ok(Some(read))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The fields of an object inside a body. Their order is of no consequence: all of them have the fault of the field.
struct Members<'a> {
    fields: serde_json::map::IterMut<'a>,
    value: Option<&'a mut Value>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        self.value = Some(value);
        let name: StrDeserializer<'_, Refusal> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        match self.value.take() {
            Some(value) => seed.deserialize(Taken(value)),
            None => Err(Refusal(Fault::BodyMalformed)),
        }
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

    fn object(body: Value) -> Map<String, Value> {
        match body {
            Value::Object(body) => body,
            other => panic!("{other} is no object"),
        }
    }

    fn check(body: Value, expected: &Fault) {
        let fault = read::<Example>(object(body), |field, _| (field == "Third").then_some(Fault::MsgKeyInvalid));
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
        let example: Example = read(object(body), |_, _| None).expect("fits");
        assert_eq!((example.first.0.as_str(), example.second, example.third), ("a", u32::MAX, None));
    }

    #[derive(Deserialize, Debug, JsonSchema)]
    #[serde(rename_all = "PascalCase")]
    struct Shared {
        third: Value,
        fourth: UpTo<Entry, 2>,
    }

    #[derive(Deserialize, Debug, JsonSchema)]
    struct Entry {
        name: String,
        kind: Option<Kind>,
    }

    #[derive(Deserialize, Debug, JsonSchema, PartialEq)]
    enum Kind {
        One,
        Other(i64),
    }

    #[derive(Deserialize, Debug, JsonSchema)]
    #[serde(rename_all = "PascalCase")]
    struct Whole {
        first: User,
        #[serde(rename = "*")]
        #[schemars(flatten)]
        shared: Shared,
        fifth: Number,
    }

    fn whole(changes: &Value) -> Map<String, Value> {
        let mut body = object(json!({"Fifth": "5", "Fourth": [{"name": "n", "kind": "One"}, {"name": "m",
            "kind": {"Other": 3}, "more": 1}], "Third": {"a": [1, {"b": null}]}, "First": "a"}));
        body.extend(object(changes.clone()));
        body
    }

    #[test]
    fn a_group_is_read_at_its_place_from_the_same_body() {
        let read_whole = |changes: Value| read::<Whole>(whole(&changes), |_, _| None);
        let good = read_whole(json!({})).expect("fits");
        assert_eq!((good.first.0.as_str(), good.fifth.0), ("a", 5));
        assert_eq!(good.shared.third, json!({"a": [1, {"b": null}]}));
        let entries: Vec<_> = good.shared.fourth.0.iter().map(|entry| (entry.name.as_str(), &entry.kind)).collect();
        assert_eq!(entries, [("n", &Some(Kind::One)), ("m", &Some(Kind::Other(3)))]);
        let invalid = |field| Some(Fault::FieldInvalid { field });
        for (changes, fault) in [
            (json!({"First": 1, "Fourth": 1, "Fifth": []}), invalid("First")),
            (json!({"Fourth": 1, "Fifth": []}), invalid("Fourth")),
            (json!({"Fourth": []}), invalid("Fourth")),
            (json!({"Fourth": [{"kind": "One"}]}), invalid("Fourth")),
            (json!({"Fourth": [{"name": "n", "kind": "None"}]}), invalid("Fourth")),
            (json!({"Fifth": []}), invalid("Fifth")),
        ] {
            assert_eq!(read_whole(changes).err(), fault);
        }
    }

    #[test]
    fn the_fault_of_a_field_sees_kinds_and_the_first_entry_that_does_not_fit() {
        fn seen(field: &'static str, given: Option<&Value>) -> Option<Fault> {
            let expected = match field {
                "First" => json!(""),
                "Fourth" => json!([{"name": 7}, {"name": "z"}]),
                "Fifth" => json!({}),
                _ => return None,
            };
            assert_eq!(given, Some(&expected), "{field}");
            Some(Fault::MsgKeyInvalid)
        }
        for changes in [
            json!({"First": "far too long to be a UserID, which ends at 32 bytes"}),
            json!({"Fourth": [{"name": "x"}, {"name": 7}, {"name": "z"}]}),
            json!({"Fifth": {"n": 1}}),
        ] {
            assert_eq!(read::<Whole>(whole(&changes), seen).err(), Some(Fault::MsgKeyInvalid));
        }
    }

    #[test]
    fn the_schema_shows_the_fields_of_a_group_as_its_own() {
        let schema = schemars::schema_for!(Whole).to_value();
        let fields: Vec<_> = object(schema["properties"].clone()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(fields, ["First", "Third", "Fourth", "Fifth"]);
    }
}
