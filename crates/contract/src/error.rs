//! What can go wrong: a caller's fault, or our own failure.
//!
//! A [`Fault`] is what the caller did wrong or may not do; a [`Failure`] is our own trouble.

use std::fmt;

use crate::fault::Fault;

/// The outcome of everything that can go wrong.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Either the caller's fault or our failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The caller did something wrong or may not do it; it is told what.
    Fault(Fault),
    /// We are in trouble; the caller is told only that, the log gets the rest.
    Failure(Failure),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(f, "fault: {fault:?}"),
            Self::Failure(failure) => write!(f, "{failure}"),
        }
    }
}

impl std::error::Error for Error {}

/// Refuses with a fault; reads better than `Err(Fault::…​.into())` at the end of a check.
pub fn refuse<T>(fault: Fault) -> Result<T> {
    Err(Error::Fault(fault))
}

/// Trouble of our own, by what the operator would do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store cannot be reached or refuses work for the moment; a retry may help.
    Unavailable(String),
    /// The store did not answer in time.
    Timeout(String),
    /// No room is left to write, or the store is read-only.
    Full(String),
    /// A write lost against another one more often than it may be run again.
    Conflict(String),
    /// A queue in front of the store is full: more work arrives than can be done.
    Overloaded(String),
    /// Anything that should not happen.
    Internal(String),
}

impl Failure {
    /// Wraps what should not happen with a sentence for the log.
    pub fn internal(what: impl fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, what) = match self {
            Self::Unavailable(what) => ("unavailable", what),
            Self::Timeout(what) => ("timeout", what),
            Self::Full(what) => ("no room", what),
            Self::Conflict(what) => ("conflict", what),
            Self::Overloaded(what) => ("overloaded", what),
            Self::Internal(what) => ("internal", what),
        };
        write!(f, "{kind}: {what}")
    }
}
