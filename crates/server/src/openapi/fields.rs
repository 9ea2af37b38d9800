//! Parameters become types.
//!
//! The order in which faults are found is part of the contract, and it is the order of the fields in the type. Each
//! field is looked up by the name that the contract spells; the first that does not fit refuses the call with the
//! fault of its flaw: missing, empty, blank, malformed, too many bytes, letters or items.
//!
//! * Numbers, switches (`True`, `false`, `1`), words of an `enum` (in any case) and texts are read from one value.
//! * A `Vec` is read from `Name.1`, `Name.2` … or from `Name.1.Field` …; a struct from one JSON text or from
//!   `Name.Field`; a [`serde_json::Value`] from whichever of these there is.
//! * A field whose name begins with `*` is a group: its fields are parameters of the action like those around it.

use std::borrow::Cow;
use std::fmt;

use contract::openapi::Params;
use contract::{Fault, Millis, moment};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

/// Items of a flattened list that are looked at; the type bounds it further.
const ITEMS: usize = 1_000;

/// What is wrong with a value. It goes through serde as a text, because types do not know their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It is not there.
    Missing,
    /// It is there without content.
    Empty,
    /// It is nothing but white space.
    Blank,
    /// It has the wrong form.
    Malformed,
    /// It has more bytes than this.
    Bytes(usize),
    /// It has more letters than this.
    Letters(usize),
    /// It has more items than this.
    Items(usize),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Empty => f.write_str("empty"),
            Self::Blank => f.write_str("blank"),
            Self::Malformed => f.write_str("malformed"),
            Self::Bytes(max) => write!(f, "bytes {max}"),
            Self::Letters(max) => write!(f, "letters {max}"),
            Self::Items(max) => write!(f, "items {max}"),
        }
    }
}

impl Flaw {
    /// Reads what [`fmt::Display`] wrote; whatever else a type complains of is malformed.
    fn parse(text: &str) -> Self {
        let (word, max) = text.split_once(' ').map_or((text, None), |(word, max)| (word, max.parse().ok()));
        match (word, max) {
            ("missing", None) => Self::Missing,
            ("empty", None) => Self::Empty,
            ("blank", None) => Self::Blank,
            ("bytes", Some(max)) => Self::Bytes(max),
            ("letters", Some(max)) => Self::Letters(max),
            ("items", Some(max)) => Self::Items(max),
            _ => Self::Malformed,
        }
    }

    /// The fault of a parameter with this flaw.
    pub const fn of(self, field: &'static str) -> Fault {
        match self {
            Self::Missing => Fault::FieldMissing { field },
            Self::Empty => Fault::FieldEmpty { field },
            Self::Blank => Fault::FieldBlank { field },
            Self::Malformed => Fault::FieldInvalid { field },
            Self::Bytes(max) => Fault::FieldTooLong { field, max },
            Self::Letters(max) => Fault::FieldLettersTooMany { field, max },
            Self::Items(max) => Fault::FieldItemsTooMany { field, max },
        }
    }
}

/// Reads `T` from parameters. Every optional field of `T` is an `Option`: what is absent reads as none.
pub fn read<T: DeserializeOwned>(params: &Params) -> Result<T, Fault> {
    T::deserialize(Whole(params)).map_err(|refusal| match refusal {
        Refusal::Named(fault) => fault,
        Refusal::Flawed(flaw) => flaw.of("Request"),
    })
}

/// A refusal on its way through serde: with its name once it has passed its field.
#[derive(Debug)]
enum Refusal {
    Flawed(Flaw),
    Named(Fault),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flawed(flaw) => flaw.fmt(f),
            Self::Named(fault) => write!(f, "{fault:?}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl serde::de::Error for Refusal {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::Flawed(Flaw::parse(&what.to_string()))
    }
}

/// All parameters, or those of an object.
struct Whole<'a>(&'a Params);

impl<'de> Deserializer<'de> for Whole<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(Fields { params: self.0, names: [].iter(), current: "" })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_map(Fields { params: self.0, names: fields.iter(), current: "" })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'a> {
    params: &'a Params,
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
        let name = self.current;
        if name.starts_with('*') {
            return seed.deserialize(Whole(self.params));
        }
        seed.deserialize(Given { params: self.params, name }).map_err(|refusal| match refusal {
            // The innermost name is the parameter's.
            Refusal::Named(fault) => Refusal::Named(fault),
            Refusal::Flawed(flaw) => Refusal::Named(flaw.of(name)),
        })
    }
}

/// The place of one parameter.
struct Given<'a> {
    params: &'a Params,
    name: &'static str,
}

impl Given<'_> {
    fn is_there(&self) -> bool {
        self.params.get(self.name).is_some() || self.params.under(self.name).iter().next().is_some()
    }

    fn text(&self) -> Result<&str, Refusal> {
        let text = self.params.get(self.name).ok_or(Refusal::Flawed(Flaw::Missing))?;
        if text.contains('\0') { Err(Refusal::Flawed(Flaw::Malformed)) } else { Ok(text) }
    }

    /// A value that is nothing but itself: a number, a switch, a word.
    fn word(&self) -> Result<&str, Refusal> {
        let text = self.text()?;
        match text.trim() {
            "" if text.is_empty() => Err(Refusal::Flawed(Flaw::Empty)),
            "" => Err(Refusal::Flawed(Flaw::Blank)),
            word => Ok(word),
        }
    }

    fn number<T: std::str::FromStr>(&self) -> Result<T, Refusal> {
        self.word()?.parse().map_err(|_| Refusal::Flawed(Flaw::Malformed))
    }
}

/// Numbers, each by its own visit.
macro_rules! numbers {
    ($($method:ident $visit:ident $kind:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            visitor.$visit(self.number::<$kind>()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Given<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let value = self.params.any(self.name).map_err(|_| Refusal::Flawed(Flaw::Malformed))?;
        let value = value.ok_or(Refusal::Flawed(Flaw::Missing))?;
        if !is_storable(&value) {
            return Err(Refusal::Flawed(Flaw::Malformed));
        }
        value.deserialize_any(visitor).map_err(inner)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.is_there() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.word()?.to_ascii_lowercase().as_str() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(Refusal::Flawed(Flaw::Malformed)),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let word = self.word()?;
        let known = variants.iter().find(|variant| variant.eq_ignore_ascii_case(word));
        let known: StrDeserializer<'_, Refusal> = known.ok_or(Refusal::Flawed(Flaw::Malformed))?.into_deserializer();
        visitor.visit_enum(known)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.params.get(self.name).map(str::trim) {
            Some("") => return self.word().and_then(|_| Err(Refusal::Flawed(Flaw::Empty))),
            Some(_) => return self.deserialize_any(visitor),
            None => {}
        }
        let items = self.params.list(self.name, ITEMS);
        let values: Vec<String> = self.params.values(self.name, ITEMS).into_iter().map(str::to_owned).collect();
        match (items.is_empty(), values.is_empty()) {
            (true, true) => Err(Refusal::Flawed(Flaw::Missing)),
            _ if items.len().max(values.len()) > ITEMS => Err(Refusal::Flawed(Flaw::Items(ITEMS))),
            _ if values.iter().any(|value| value.contains('\0')) => Err(Refusal::Flawed(Flaw::Malformed)),
            (_, true) => visitor.visit_seq(Objects(items.iter())),
            _ => visitor.visit_seq(serde::de::value::SeqDeserializer::new(values.into_iter())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let own = match self.params.get(self.name) {
            Some("") => return Err(Refusal::Flawed(Flaw::Empty)),
            Some(text) if text.trim().is_empty() => return Err(Refusal::Flawed(Flaw::Blank)),
            Some(text) => {
                let value: Value = serde_json::from_str(text).map_err(|_| Refusal::Flawed(Flaw::Malformed))?;
                if !is_storable(&value) {
                    return Err(Refusal::Flawed(Flaw::Malformed));
                }
                return value.deserialize_struct("", fields, visitor).map_err(inner);
            }
            None => self.params.under(self.name),
        };
        if own.iter().next().is_none() {
            return Err(Refusal::Flawed(Flaw::Missing));
        }
        visitor.visit_map(Fields { params: &own, names: fields.iter(), current: "" })
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

/// Whether every text in a value can be kept: one of the stores takes no NUL.
fn is_storable(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(is_storable),
        Value::Object(fields) => fields.iter().all(|(name, field)| !name.contains('\0') && is_storable(field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// What a type complains of inside a JSON text. Its message may end with a place, which the flaw does not have.
fn inner(error: serde_json::Error) -> Refusal {
    let text = error.to_string();
    Refusal::custom(text.split(" at line ").next().unwrap_or_default())
}

/// The items of a flattened list of objects.
struct Objects<'a>(std::slice::Iter<'a, Params>);

impl<'de> SeqAccess<'de> for Objects<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        self.0.next().map(|item| seed.deserialize(Whole(item))).transpose()
    }
}

/// Refuses a text without anything to see.
fn check_filled<E: serde::de::Error>(text: &str) -> Result<(), E> {
    match text.trim() {
        "" if text.is_empty() => Err(E::custom(Flaw::Empty)),
        "" => Err(E::custom(Flaw::Blank)),
        _ => Ok(()),
    }
}

/// A text of 1 to `MAX` bytes that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        check_filled::<D::Error>(&text)?;
        if text.len() > MAX { Err(D::Error::custom(Flaw::Bytes(MAX))) } else { Ok(Self(text)) }
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

/// A text of 1 to `MAX` letters, whatever bytes they take, that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letters<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Letters<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        check_filled::<D::Error>(&text)?;
        if text.chars().count() > MAX { Err(D::Error::custom(Flaw::Letters(MAX))) } else { Ok(Self(text)) }
    }
}

impl<const MAX: usize> JsonSchema for Letters<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Letters{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": format!("1–{MAX} characters.") })
    }
}

/// 1 to `MAX` values in one text, between commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: DeserializeOwned, const MAX: usize> Deserialize<'de> for Listed<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        check_filled::<D::Error>(&text)?;
        // Counted before any is read: a million commas cost no million values.
        if text.split(',').take(MAX + 1).count() > MAX {
            return Err(D::Error::custom(Flaw::Items(MAX)));
        }
        let read = |one: &str| {
            let one: StrDeserializer<'_, Refusal> = one.trim().into_deserializer();
            T::deserialize(one).map_err(D::Error::custom)
        };
        text.split(',').map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for Listed<T, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Listed{MAX}{}", T::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minItems": 1, "maxItems": MAX })
    }
}

/// An AppKey: the number of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppKey(pub contract::AppId);

impl<'de> Deserialize<'de> for AppKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        if number > 0 { Ok(Self(contract::AppId(number))) } else { Err(D::Error::custom(Flaw::Malformed)) }
    }
}

impl JsonSchema for AppKey {
    fn schema_name() -> Cow<'static, str> {
        "AppKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1 })
    }
}

/// A moment as `2027-01-31T12:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Millis);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        check_filled::<D::Error>(&text)?;
        moment::parse(&text).map(Self).ok_or_else(|| D::Error::custom(Flaw::Malformed))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "`YYYY-MM-DDThh:mm:ssZ`, UTC." })
    }
}
