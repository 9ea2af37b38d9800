//! What went wrong, in words of the domain.
//!
//! A [`Fault`] is what the caller did wrong or may not do; a [`Failure`] is our own trouble. Rules
//! return faults and never choose a number: the catalogue in [`crate::codes`] spells a fault for each
//! surface and family. Two situations that need two numbers in one family are two faults.

use std::fmt;

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

/// What a caller did wrong or may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    // The request line.
    /// The URL or the method cannot be understood.
    UrlMalformed,
    /// No such service or command.
    CommandUnknown,
    /// The app id is not in the URL.
    AppMissing,
    /// The app id is not a number.
    AppInvalid,
    /// No app has this id.
    AppUnknown,
    /// An operator disabled the app.
    AppDisabled,
    /// An operator stopped the app (device channel only; callers of REST meet [`Fault::AppDisabled`]).
    AppStopped,
    /// An operator disabled this command for the app.
    CommandDisabled,
    /// The app's plan has ended or has not begun.
    PlanExpired,
    /// The caller's address is not on the app's list.
    AddressForbidden,
    /// The calling account is missing or misspelt.
    CallerInvalid,
    /// The caller is not an administrator of the app.
    NotAdmin,
    /// Too many calls of this command.
    CallThrottled,
    /// Too many calls of the app altogether.
    AppThrottled,
    /// Too many calls of this caller at once.
    CallerThrottled,
    /// The node has more work than it can do.
    NodeBusy,
    /// A service behind the gateway did not answer in time.
    ServiceTimeout,
    /// An account could not be looked up in time.
    AccountLookupTimeout,

    // The OpenAPI's gateway.
    /// No product is served under this version.
    ProductUnknown,
    /// Calls must come over TLS.
    TlsRequired,
    /// No access key has this id.
    AccessKeyUnknown,
    /// The call's time is not in the contract's form.
    TimestampMalformed,
    /// The call's time is too far from this machine's.
    TimestampExpired,
    /// The nonce was used before.
    NonceUsed,
    /// The signature is not the one that this side computes.
    SignatureMismatch {
        /// What this side signed, for the developer who looks for the difference.
        signed: String,
    },
    /// The cloud account is of a kind that is not supported.
    CloudAccountUnsupported,
    /// An operator prohibited the cloud account.
    CloudAccountProhibited,
    /// The cloud account is in debt.
    CloudAccountInDebt,
    /// The service is not switched on for the cloud account.
    CloudAccountDisabled,
    /// The access key may not do this.
    ActionForbidden,

    // User sigs.
    /// No user sig in the request.
    UserSigMissing,
    /// The user sig is there and empty.
    UserSigEmpty,
    /// The user sig is not base64 of zlib; mostly cut off.
    UserSigUndecodable,
    /// The user sig opens, but does not hold what it must.
    UserSigMalformed,
    /// The signature is not made with a key of this app.
    UserSigForged,
    /// The user sig belongs to another account.
    UserSigOtherAccount,
    /// The user sig belongs to another app.
    UserSigOtherApp,
    /// The app has no signing key.
    KeyMissing,
    /// The user sig has expired.
    UserSigExpired,
    /// The user sig is older than the account's last kick or deletion.
    UserSigRevoked,
    /// Too many failed verifications; wait a minute.
    VerifyThrottled,
    /// The account is on the app's login blocklist.
    AccountBlocked,
    /// Too many logins of this account.
    LoginThrottled,

    // Bodies and fields.
    /// The body is not JSON, or not an object.
    BodyMalformed,
    /// The body is over the bound of the surface.
    BodyTooLarge {
        /// The bound in bytes.
        max: usize,
    },
    /// A required field is missing.
    FieldMissing {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A field has the wrong type or an impossible value.
    FieldInvalid {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A text field is over its bound.
    FieldTooLong {
        /// The field as the surface spells it.
        field: &'static str,
        /// The bound in bytes.
        max: usize,
    },
    /// A UserID in the body is not a string.
    UserIdNotText {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A batch is empty or over its bound.
    BatchSizeInvalid {
        /// The bound.
        max: usize,
    },
    /// A text of a profile is over its bound.
    ProfileTooLong {
        /// The bound in bytes.
        max: usize,
    },

    // Accounts.
    /// No account has this UserID.
    AccountUnknown,
    /// The app's plan allows no further account.
    AccountQuota {
        /// The bound of the plan.
        max: u64,
    },
    /// A deleted UserID may not be imported again yet.
    AccountRetired,
    /// The app's plan does not allow that accounts are deleted.
    DeleteForbidden,
    /// The app's plan allows no further active account today.
    DailyActiveQuota,
    /// Online status is not switched on for the app.
    StatusDisabled,

    // Messages.
    /// The receiver is missing or misspelt.
    ReceiverInvalid,
    /// The list of receivers is not a list.
    ReceiversNotList,
    /// The list of receivers is empty.
    ReceiversEmpty,
    /// More receivers than one call may name.
    ReceiversTooMany {
        /// The bound.
        max: usize,
    },
    /// More peers than one call may ask about.
    PeersTooMany {
        /// The bound.
        max: usize,
    },
    /// The sender is missing or misspelt.
    SenderInvalid,
    /// The sender's account does not exist.
    SenderUnknown,
    /// The sender of a batch or of an import does not exist.
    BatchSenderUnknown,
    /// The receiver's account does not exist.
    ReceiverUnknown,
    /// The receiver's account was deleted.
    ReceiverDeleted,
    /// The sequence number is not an unsigned 32-bit number.
    MsgSeqInvalid,
    /// The random number is missing or not an unsigned 32-bit number.
    MsgRandomInvalid,
    /// The time stamp is missing or not a number.
    MsgTimeInvalid,
    /// The message body is not a list.
    MsgBodyNotList,
    /// The message body is empty, or one of its elements has no type, no content or an unknown type.
    MsgBodyInvalid,
    /// An element's content is not as its type demands.
    MsgElementInvalid {
        /// What is wrong, for the developer.
        what: &'static str,
    },
    /// The choice whether to sync the sender's other devices is not a number.
    SyncFlagInvalid,
    /// The choice between live and historic import is missing or not a number.
    ImportModeInvalid,
    /// The life time is not a number.
    LifeTimeInvalid,
    /// The life time is over the bound.
    LifeTimeTooLong {
        /// The bound in seconds.
        max: i64,
    },
    /// The offline push options are malformed.
    PushInfoInvalid,
    /// The message is over the bound of a single send.
    MessageTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The message is over the bound of a batch.
    BatchMessageTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// Too many receivers within the last minute.
    BatchThrottled,
    /// The key of a message is missing or malformed.
    MsgKeyInvalid,
    /// No such message.
    MessageUnknown,
    /// The message is recalled already.
    MessageRecalled,
    /// The time in which a sender may recall is over.
    RecallTooLate {
        /// The window in seconds.
        window_s: i64,
    },
    /// The device may not act for this account.
    NotSender,
    /// The device's session ended while the request was under way.
    SessionExpired,
    /// The frame asks for something that cannot be (sender and receiver are checked).
    RequestIllegal,

    // The access layer: what only a device meets.
    /// The node has as many connections as it may.
    ConnectionQuota,
    /// The key has expired.
    TicketKeyExpired,
    /// The ticket has expired.
    TicketExpired,
    /// The ticket does not verify.
    TicketForged,
    /// The request needs a key and has none.
    TicketKeyEmpty,
    /// The key belongs to another account than the header says.
    TicketOtherAccount,
    /// The verification behind the gateway timed out.
    VerifyTimeout,
    /// Key and ticket must come together.
    TicketIncomplete,
    /// The cookie is not the one given to this connection.
    CookieMismatch,
    /// Too many frames that cannot be decrypted.
    DecryptThrottled,
    /// A frame cannot be understood.
    FrameMalformed,
    /// Too many requests of this kind by this account.
    AccountThrottled,
    /// Too many requests of this device.
    DeviceThrottled,
    /// This instance was replaced by a newer login.
    Replaced,

    // Push registration from a device.
    /// A token is set before login is complete.
    TokenBeforeLogin,
    /// The app has no credential for this channel.
    CredentialMissing,
    /// The token could not be stored for the moment.
    TokenStoreUnavailable,
    /// The token is empty.
    TokenEmpty,
    /// The token is over the bound.
    TokenTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The registration is over the bound.
    RegistrationTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// Tokens are set too often.
    TokenThrottled,
}
