//! What a row is, and the macro in which families are written.

use std::fmt;

use super::{Family, Surface};
use crate::error::Failure;
use crate::fault::Fault;

/// A code as the wire carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Most codes are numbers.
    Number(i32),
    /// A span of numbers that an app's own webhook chooses from; both ends belong to it.
    Range(i32, i32),
    /// A text, perhaps with `{ParameterName}` in it.
    Text(&'static str),
}

impl Code {
    /// Whether a person who types `text` may mean this code.
    pub(super) fn matches(self, text: &str) -> bool {
        match self {
            Self::Number(number) => text.parse() == Ok(number),
            Self::Range(first, last) => text.parse().is_ok_and(|number| (first..=last).contains(&number)),
            Self::Text(own) => match own.split_once("{ParameterName}") {
                None => text == own,
                Some((before, after)) => {
                    text.len() > before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
                }
            },
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What makes a row appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// Faults and failures, by the names that `crate::fault` gives them.
    Cause(&'static [&'static str]),
    /// A channel or the delivery engine sets it as the status of a delivery; nobody is refused.
    Status,
    /// Only the client library raises it.
    Sdk,
    /// The part of the system that it belongs to is not built yet.
    Pending,
    /// No situation of this system can cause it; the explanation says why.
    Nobody,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cause(names) => f.write_str(&names.join(", ")),
            Self::Status => f.write_str("delivery status"),
            Self::Sdk => f.write_str("client library"),
            Self::Pending => f.write_str("pending"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

/// One code of one family.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The surface that answers it.
    pub surface: Surface,
    /// The family within the surface.
    pub family: Family,
    /// The number or text on the wire.
    pub code: Code,
    /// Our name, in the field's terms; where the published table has a name, that one.
    pub name: &'static str,
    /// The text on the wire.
    pub text: &'static str,
    /// What happened, who must act, what to do.
    pub explain: &'static str,
    /// The HTTP status that goes with it, where the surface has one per code.
    pub http: Option<u16>,
    /// What makes it appear.
    pub raised: Raised,
    /// Whether the published tables list it. The others are documented elsewhere and met by current clients.
    pub is_published: bool,
}

impl Row {
    /// The row's identity as the published tables and the ledger spell it: surface, family, code.
    pub fn key(&self) -> (&'static str, &'static str, String) {
        (self.surface.as_str(), self.family.as_str(), self.code.to_string())
    }

    /// The number on the wire. A range answers its first; what really travels is the number the webhook chose.
    pub const fn number(&self) -> Option<i32> {
        match self.code {
            Code::Number(number) | Code::Range(number, _) => Some(number),
            Code::Text(_) => None,
        }
    }
}

/// What a row may spell.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause<'a> {
    Fault(&'a Fault),
    Failure(&'a Failure),
}

/// Writes one family.
///
/// ```text
/// codes! { Im, Account:
///     /// What happened, who must act, what to do.
///     Name = 70107, raised by Fault::AccountUnknown, "wire text";
/// }
/// ```
///
/// A code is a number, a range `1..2`, or a text with its HTTP status in parentheses. `extra` after the code marks
/// a row that the published tables lack. `pending` marks a row whose faults are known before its part is built: it
/// renders, and the ledger does not ask for it yet.
///
/// The faults become arms of one `match`, which the compiler turns into a jump table: no search when a refusal is
/// rendered, and a fault that two rows of a family claim is reported as an unreachable pattern.
macro_rules! codes {
    (@code $number:literal) => { $crate::codes::Code::Number($number) };
    (@code $text:literal ($http:literal)) => { $crate::codes::Code::Text($text) };
    (@code $first:literal $last:literal) => { $crate::codes::Code::Range($first, $last) };
    (@http) => { None };
    (@http $http:literal) => { Some($http) };
    (@is_published) => { true };
    (@is_published pending) => { true };
    (@is_published extra) => { false };
    (@raised pending $($cause:tt)+) => { $crate::codes::Raised::Pending };
    (@raised extra $($cause:tt)+) => { codes!(@raised $($cause)+) };
    (@raised $who:ident) => { $crate::codes::Raised::$who };
    (@raised $($who:ident :: $cause:ident)+) => {
        $crate::codes::Raised::Cause(&[$(concat!(stringify!($who), "::", stringify!($cause))),+])
    };
    ($surface:ident, $family:ident: $(
        $(#[doc = $doc:literal])+
        $name:ident = $($code:literal)..+ $(($http:literal))? $($mark:ident)?,
        raised by $who:ident $(:: $cause:ident $(| $more_who:ident :: $more:ident)*)?, $text:literal;
    )+) => {
        #[doc = concat!("Codes of the family `", stringify!($family), "`, by name.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $family {
            $($(#[doc = $doc])+ $name,)+
        }

        impl $family {
            /// All of them, in the published order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The rows in the order of the variants.
            pub const ROWS: &'static [$crate::codes::Row] = {
                static ROWS: &[$crate::codes::Row] = &[$($crate::codes::Row {
                    surface: $crate::codes::Surface::$surface,
                    family: $crate::codes::Family::$family,
                    code: codes!(@code $($code)+ $(($http))?),
                    name: stringify!($name),
                    text: $text,
                    explain: concat!($($doc),+).trim_ascii(),
                    http: codes!(@http $($http)?),
                    raised: codes!(@raised $($mark)? $who $(:: $cause $($more_who :: $more)*)?),
                    is_published: codes!(@is_published $($mark)?),
                }),+];
                ROWS
            };

            /// The row of this code.
            pub const fn row(self) -> &'static $crate::codes::Row {
                &Self::ROWS[self as usize]
            }

            /// The row that spells the cause in this family.
            pub(in $crate::codes) fn spell(
                cause: $crate::codes::table::Cause<'_>,
            ) -> Option<&'static $crate::codes::Row> {
                match cause {
                    $($(
                        $crate::codes::table::Cause::$who($crate::$who::$cause { .. }) => {
                            Some(Self::$name.row())
                        }
                        $($crate::codes::table::Cause::$more_who($crate::$more_who::$more { .. }) => {
                            Some(Self::$name.row())
                        })*
                    )?)+
                    _ => None,
                }
            }
        }

        impl From<$family> for &'static $crate::codes::Row {
            fn from(code: $family) -> Self {
                code.row()
            }
        }
    };
}
