//! Why the operators' surface says no, each reason with its name and HTTP status.

use axum::http::StatusCode;
use contract::{Error, Failure, Fault};

/// What operators are told. Names are the contract; texts may get better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No bearer token came with the request.
    TokenMissing,
    /// The token is not the one of this installation.
    TokenWrong,
    /// No such path.
    PathUnknown,
    /// The path does not take this method.
    MethodUnknown,
    /// A body that is not declared as JSON.
    NotJson,
    /// The body is not JSON or lacks what it must have; what is wrong.
    BodyMalformed(String),
    /// The body is over the bound in bytes.
    BodyTooLarge(usize),
    /// The body came too slowly.
    BodyTimeout,
    /// A value cannot be: which one and why.
    ValueInvalid(String),
    /// No app has this id.
    AppUnknown,
    /// An app has this id already.
    AppTaken,
    /// The app has no such key.
    KeyUnknown,
    /// The app's only signing key cannot be taken away.
    KeyLast,
    /// The app has this key already.
    KeyTaken,
    /// More of them than an app may have.
    TooMany(&'static str),
    /// No cloud account has this name.
    CloudUnknown,
    /// No access key has this id.
    AccessKeyUnknown,
    /// An access key, or an app, has this id already.
    AccessKeyTaken,
    /// The app has no such credential.
    CredentialUnknown,
    /// The app has a credential of this id already.
    CredentialTaken,
    /// No webhook has this name, or the app has it off.
    WebhookUnknown,
    /// No account has this UserID.
    AccountUnknown,
    /// No text of this id waits for a decision.
    ReviewUnknown,
    /// The file is there already.
    FileTaken,
    /// The store of this node is not backed up from here.
    BackupElsewhere,
    /// Our own trouble.
    Failure(Failure),
}

impl Refusal {
    /// Its name, its status and what it says.
    pub fn spell(&self) -> (&'static str, StatusCode, String) {
        let (name, status, text): (_, _, &str) = match self {
            Self::TokenMissing => {
                ("TokenMissing", StatusCode::UNAUTHORIZED, "send Authorization: Bearer <admin token>")
            }
            Self::TokenWrong => {
                ("TokenWrong", StatusCode::UNAUTHORIZED, "the token is not the admin token of this node")
            }
            Self::PathUnknown => ("PathUnknown", StatusCode::NOT_FOUND, "no such path"),
            Self::MethodUnknown => {
                ("MethodUnknown", StatusCode::METHOD_NOT_ALLOWED, "the path does not take this method")
            }
            Self::NotJson => {
                ("NotJson", StatusCode::UNSUPPORTED_MEDIA_TYPE, "a body must be Content-Type: application/json")
            }
            Self::BodyMalformed(what) => ("BodyMalformed", StatusCode::BAD_REQUEST, what),
            Self::BodyTooLarge(max) => {
                return ("BodyTooLarge", StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {max} bytes"));
            }
            Self::BodyTimeout => ("BodyTimeout", StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            Self::ValueInvalid(what) => ("ValueInvalid", StatusCode::BAD_REQUEST, what),
            Self::AppUnknown => ("AppUnknown", StatusCode::NOT_FOUND, "no app has this id"),
            Self::AppTaken => ("AppTaken", StatusCode::CONFLICT, "an app has this id already"),
            Self::KeyUnknown => ("KeyUnknown", StatusCode::NOT_FOUND, "the app has no such signing key"),
            Self::KeyLast => {
                ("KeyLast", StatusCode::CONFLICT, "the app's only signing key stays; rotate adds another one first")
            }
            Self::KeyTaken => ("KeyTaken", StatusCode::CONFLICT, "the app has this signing key already"),
            Self::TooMany(what) => ("TooMany", StatusCode::CONFLICT, what),
            Self::CloudUnknown => ("CloudUnknown", StatusCode::NOT_FOUND, "no cloud account has this name"),
            Self::AccessKeyUnknown => {
                ("AccessKeyUnknown", StatusCode::NOT_FOUND, "no access key of an account has this id")
            }
            Self::AccessKeyTaken => {
                ("AccessKeyTaken", StatusCode::CONFLICT, "an access key of this id is there already")
            }
            Self::CredentialUnknown => ("CredentialUnknown", StatusCode::NOT_FOUND, "the app has no such credential"),
            Self::CredentialTaken => {
                ("CredentialTaken", StatusCode::CONFLICT, "the app has a credential of this id already")
            }
            Self::WebhookUnknown => {
                ("WebhookUnknown", StatusCode::NOT_FOUND, "no webhook is called so, or it is off already")
            }
            Self::AccountUnknown => ("AccountUnknown", StatusCode::NOT_FOUND, "no account has this UserID"),
            Self::ReviewUnknown => ("ReviewUnknown", StatusCode::NOT_FOUND, "no text of this id waits for a decision"),
            Self::FileTaken => ("FileTaken", StatusCode::CONFLICT, "the file exists and is not overwritten"),
            Self::BackupElsewhere => (
                "BackupElsewhere",
                StatusCode::CONFLICT,
                "a PostgreSQL store is backed up with PostgreSQL's own tools (pg_dump, pg_basebackup)",
            ),
            Self::Failure(failure) => return spell_failure(failure),
        };
        (name, status, text.to_owned())
    }

    /// What a person at the command line reads.
    pub fn text(&self) -> String {
        match self {
            // Whoever runs the command owns the log as well.
            Self::Failure(failure) => failure.to_string(),
            other => other.spell().2,
        }
    }
}

/// What went wrong inside is in the log, by the request's id: it may name files, hosts and users.
fn spell_failure(failure: &Failure) -> (&'static str, StatusCode, String) {
    let (name, status, text) = match failure {
        Failure::Unavailable(_) => ("Unavailable", StatusCode::SERVICE_UNAVAILABLE, "the store cannot be reached"),
        Failure::Timeout(_) => ("Timeout", StatusCode::GATEWAY_TIMEOUT, "the store did not answer in time"),
        Failure::Full(_) => ("Full", StatusCode::INSUFFICIENT_STORAGE, "no room is left, or the store is read-only"),
        Failure::Conflict(_) => ("Conflict", StatusCode::CONFLICT, "others change the same; try again"),
        Failure::Overloaded(_) => ("Overloaded", StatusCode::SERVICE_UNAVAILABLE, "more work arrives than can be done"),
        Failure::Internal(_) => ("Internal", StatusCode::INTERNAL_SERVER_ERROR, "something that should not happen"),
    };
    (name, status, format!("{text}; the log has more under this request's id"))
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Failure(failure) => Self::Failure(failure),
            Error::Fault(Fault::BodyTooLarge { max }) => Self::BodyTooLarge(max),
            Error::Fault(Fault::ServiceTimeout) => Self::BodyTimeout,
            Error::Fault(Fault::BodyMalformed) => Self::BodyMalformed("the body ended early".into()),
            Error::Fault(fault) => Self::ValueInvalid(format!("{fault:?}")),
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A shorthand for values that cannot be.
pub(super) fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::ValueInvalid(what.into())
}
