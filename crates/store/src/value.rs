//! Values as both engines know them, and how the words of the domain become values and come back.
//!
//! There are four kinds, because SQLite has no more. A parameter is borrowed from its owner until the engine
//! has bound it; a column is borrowed from the engine's row until it is parsed: nothing is copied in between.

use contract::group::GroupId;
use contract::{AppId, ConversationId, DeviceId, Failure, Millis, Result, Seq, UserId};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A parameter or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// Any whole number, time or switch.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (*self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(ty, out),
            (Self::Int(number), &Type::INT2) => i16::try_from(number)?.to_sql(ty, out),
            (Self::Int(number), &Type::BOOL) => (number != 0).to_sql(ty, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::UNKNOWN) => text.to_sql(ty, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (value, ty) => Err(format!("a parameter of type {ty} cannot be {}", value.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A parameter that is kept for a while.
#[derive(Debug)]
pub(crate) enum Held {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Box<[u8]>),
}

impl From<&Value<'_>> for Held {
    fn from(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text.into()),
            Value::Blob(bytes) => Self::Blob(bytes.into()),
        }
    }
}

impl Held {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl Value<'_> {
    /// Names the kind for the log, never the content.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::Blob(_) => "a blob",
        }
    }

    fn mismatch(&self, wanted: &str) -> contract::Error {
        Failure::Internal(format!("a column is {} where {wanted} was expected", self.kind())).into()
    }
}

/// Anything that can be a parameter.
pub trait Bind {
    /// The value, borrowed.
    fn value(&self) -> Value<'_>;
}

/// Anything that a column can become.
pub trait FromValue: Sized {
    /// Parses the column.
    fn from_value(value: Value<'_>) -> Result<Self>;
}

impl<T: Bind + ?Sized> Bind for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl Bind for Value<'_> {
    fn value(&self) -> Value<'_> {
        *self
    }
}

impl<T: Bind> Bind for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Bind::value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

/// Whole numbers and what wraps one.
macro_rules! number {
    ($($name:ty: $this:ident => $number:expr, $raw:ident => $back:expr;)*) => {$(
        impl Bind for $name {
            fn value(&self) -> Value<'_> {
                let $this = self;
                Value::Int($number)
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Result<Self> {
                match value {
                    Value::Int($raw) => $back,
                    other => Err(other.mismatch("a number")),
                }
            }
        }
    )*};
}

number! {
    i64: this => *this, raw => Ok(raw);
    u32: this => i64::from(*this), raw => raw.try_into().map_err(|_| Failure::internal("a number is over 32 bits").into());
    bool: this => i64::from(*this), raw => Ok(raw != 0);
    AppId: this => this.0, raw => Ok(Self(raw));
    Millis: this => this.0, raw => Ok(Self(raw));
    Seq: this => this.0, raw => Ok(Self(raw));
}

/// Texts and what wraps one.
macro_rules! text {
    ($($name:ty: $this:ident => $text:expr, $raw:ident => $back:expr;)*) => {$(
        impl Bind for $name {
            fn value(&self) -> Value<'_> {
                let $this = self;
                Value::Text($text)
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Result<Self> {
                match value {
                    Value::Text($raw) => Ok($back),
                    other => Err(other.mismatch("a text")),
                }
            }
        }
    )*};
}

text! {
    String: this => this.as_str(), raw => raw.to_owned();
    std::sync::Arc<str>: this => this, raw => Self::from(raw);
    UserId: this => this.as_str(), raw => Self::trusted(raw);
    GroupId: this => this.as_str(), raw => Self::trusted(raw);
    DeviceId: this => this.as_str(), raw => Self::trusted(raw);
}

impl Bind for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Bind for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl Bind for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Blob(bytes) => Ok(bytes.to_vec()),
            other => Err(other.mismatch("a blob")),
        }
    }
}

impl Bind for ConversationId {
    fn value(&self) -> Value<'_> {
        Value::Blob(&self.0)
    }
}

impl FromValue for ConversationId {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Blob(bytes) => match bytes.try_into() {
                Ok(id) => Ok(Self(id)),
                Err(_) => Err(Failure::internal("a conversation's id is not 16 bytes").into()),
            },
            other => Err(other.mismatch("a blob")),
        }
    }
}

/// The parameters of a statement, `$1` first: a tuple of up to 16.
pub trait Params {
    /// The values, borrowed.
    fn values(&self) -> impl AsRef<[Value<'_>]>;
}

/// A row as a tuple of up to 16 columns.
pub trait FromRow: Sized {
    /// Parses the row.
    fn from_row(row: Row<'_>) -> Result<Self>;
}

/// A row of either engine.
#[derive(Clone, Copy)]
pub enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// Parses one column.
    pub fn get<T: FromValue>(self, index: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => match row.get_ref(index) {
                Ok(ValueRef::Null) => T::from_value(Value::Null),
                Ok(ValueRef::Integer(number)) => T::from_value(Value::Int(number)),
                Ok(ValueRef::Text(bytes)) => match std::str::from_utf8(bytes) {
                    Ok(text) => T::from_value(Value::Text(text)),
                    Err(_) => Err(Failure::internal("a text is not UTF-8").into()),
                },
                Ok(ValueRef::Blob(bytes)) => T::from_value(Value::Blob(bytes)),
                Ok(ValueRef::Real(_)) => Err(Failure::internal("a column is a fraction").into()),
                Err(error) => Err(Failure::internal(error).into()),
            },
            Self::Postgres(row) => {
                let raw: Raw<'_> = row.try_get(index).map_err(Failure::internal)?;
                T::from_value(raw.0)
            }
        }
    }
}

/// Reads the few types that a statement of ours may answer.
struct Raw<'a>(Value<'a>);

impl<'a> tokio_postgres::types::FromSql<'a> for Raw<'a> {
    fn from_sql(ty: &Type, bytes: &'a [u8]) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, bytes)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, bytes)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(ty, bytes)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, bytes)?.into()),
            Type::TEXT | Type::VARCHAR | Type::UNKNOWN => Value::Text(<&str>::from_sql(ty, bytes)?),
            Type::BYTEA => Value::Blob(bytes),
            // SUM of a BIGINT is a NUMERIC there: the statement must cast it.
            _ => return Err(format!("cast the column: {ty} is not read here").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Params for () {
    fn values(&self) -> impl AsRef<[Value<'_>]> {
        []
    }
}

/// Tuples of one length.
macro_rules! tuples {
    ($($(($name:ident $index:tt))+;)*) => {$(
        impl<$($name: Bind),+> Params for ($($name,)+) {
            fn values(&self) -> impl AsRef<[Value<'_>]> {
                [$(self.$index.value()),+]
            }
        }

        impl<$($name: FromValue),+> FromRow for ($($name,)+) {
            fn from_row(row: Row<'_>) -> Result<Self> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0)(B 1);
    (A 0)(B 1)(C 2);
    (A 0)(B 1)(C 2)(D 3);
    (A 0)(B 1)(C 2)(D 3)(E 4);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13)(O 14);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13)(O 14)(P 15);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13)(O 14)(P 15)(Q 16);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13)(O 14)(P 15)(Q 16)(R 17);
    (A 0)(B 1)(C 2)(D 3)(E 4)(F 5)(G 6)(H 7)(I 8)(J 9)(K 10)(L 11)(M 12)(N 13)(O 14)(P 15)(Q 16)(R 17)(S 18);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_borrowed_and_comes_back_the_same() {
        let user = UserId::trusted("alice");
        let params = (AppId(7), &user, None::<i64>, true, "text", Millis(3));
        let values = params.values();
        let values = values.as_ref();
        assert_eq!(values[..2], [Value::Int(7), Value::Text("alice")]);
        assert_eq!(values[2..], [Value::Null, Value::Int(1), Value::Text("text"), Value::Int(3)]);
        assert_eq!(UserId::from_value(values[1]), Ok(user.clone()));
        assert_eq!(Option::<i64>::from_value(values[2]), Ok(None));
        assert_eq!(bool::from_value(values[3]), Ok(true));
    }

    #[test]
    fn a_column_of_another_kind_is_our_failure_and_not_a_panic() {
        assert!(i64::from_value(Value::Text("1")).is_err());
        assert!(u32::from_value(Value::Int(-1)).is_err());
        assert!(ConversationId::from_value(Value::Blob(&[1])).is_err());
    }
}
