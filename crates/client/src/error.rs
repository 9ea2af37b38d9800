//! What a call of the application can end in.

use std::fmt;

/// The outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The gateway refused; the code is a published one.
    Refused {
        /// The published code.
        code: i32,
        /// Its short text.
        text: String,
    },
    /// No account is logged in.
    NotLoggedIn,
    /// A login is under way.
    LoginInProgress,
    /// The gateway was reached and did not answer in time.
    Timeout,
    /// There was no connection within the time of the request, or it was lost and the request must not be repeated.
    Disconnected,
    /// As many requests wait as may wait.
    QueueFull,
    /// An argument is not as the call needs it; the text says which and why.
    InvalidArgument(&'static str),
    /// The local cache cannot be read or written.
    Cache(String),
    /// The gateway answered what its contract does not allow.
    Protocol(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, text } => write!(f, "refused with {code}: {text}"),
            Self::NotLoggedIn => f.write_str("no account is logged in"),
            Self::LoginInProgress => f.write_str("a login is under way"),
            Self::Timeout => f.write_str("the gateway did not answer in time"),
            Self::Disconnected => f.write_str("there is no connection to the gateway"),
            Self::QueueFull => f.write_str("too many requests wait"),
            Self::InvalidArgument(what) => write!(f, "invalid argument: {what}"),
            Self::Cache(what) => write!(f, "local cache: {what}"),
            Self::Protocol(what) => write!(f, "unexpected answer: {what}"),
        }
    }
}

impl std::error::Error for Error {}
