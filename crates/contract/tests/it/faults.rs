//! One example of each fault and failure. A variant that is missing here does not compile.

use contract::{Failure, Fault};

macro_rules! examples {
    ($name:ident: $what:ident { $($variant:ident $({ $($field:ident: $value:expr),+ })? $(($text:expr))?,)+ }) => {
        /// One value of each variant.
        pub(crate) fn $name() -> Vec<$what> {
            let all = vec![$($what::$variant $({ $($field: $value),+ })? $(($text))?),+];
            for one in &all {
                // No wildcard: a new variant must be added to the list.
                match one {
                    $($what::$variant { .. } => (),)+
                }
            }
            all
        }
    };
}

examples! { failures: Failure {
    Unavailable(String::new()),
    Timeout(String::new()),
    Full(String::new()),
    Conflict(String::new()),
    Overloaded(String::new()),
    Internal(String::new()),
} }

examples! { faults: Fault {
    UrlMalformed,
    CommandUnknown,
    AppMissing,
    AppInvalid,
    AppUnknown,
    AppDisabled,
    AppStopped,
    CommandDisabled,
    PlanExpired,
    AddressForbidden,
    CallerInvalid,
    NotAdmin,
    CallThrottled,
    AppThrottled,
    CallerThrottled,
    NodeBusy,
    ServiceTimeout,
    AccountLookupTimeout,
    UserSigMissing,
    UserSigEmpty,
    UserSigUndecodable,
    UserSigMalformed,
    UserSigForged,
    UserSigOtherAccount,
    UserSigOtherApp,
    KeyMissing,
    UserSigExpired,
    UserSigRevoked,
    VerifyThrottled,
    AccountBlocked,
    LoginThrottled,
    BodyMalformed,
    BodyTooLarge { max: 1 },
    FieldMissing { field: "x" },
    FieldInvalid { field: "x" },
    FieldTooLong { field: "x", max: 1 },
    UserIdNotText { field: "x" },
    BatchSizeInvalid { max: 1 },
    ProfileTooLong { max: 1 },
    AccountUnknown,
    AccountQuota { max: 1 },
    AccountRetired,
    DeleteForbidden,
    DailyActiveQuota,
    StatusDisabled,
    ReceiverInvalid,
    ReceiversNotList,
    ReceiversEmpty,
    ReceiversTooMany { max: 1 },
    PeersTooMany { max: 1 },
    SenderInvalid,
    SenderUnknown,
    BatchSenderUnknown,
    ReceiverUnknown,
    ReceiverDeleted,
    MsgSeqInvalid,
    MsgRandomInvalid,
    MsgTimeInvalid,
    MsgBodyNotList,
    MsgBodyInvalid,
    MsgElementInvalid { what: "x" },
    SyncFlagInvalid,
    ImportModeInvalid,
    LifeTimeInvalid,
    LifeTimeTooLong { max: 1 },
    PushInfoInvalid,
    MessageTooLong { max: 1 },
    BatchMessageTooLong { max: 1 },
    BatchThrottled,
    MsgKeyInvalid,
    MessageUnknown,
    MessageRecalled,
    RecallTooLate { window_s: 1 },
    NotSender,
    SessionExpired,
    RequestIllegal,
    ConnectionQuota,
    TicketKeyExpired,
    TicketExpired,
    TicketForged,
    TicketKeyEmpty,
    TicketOtherAccount,
    VerifyTimeout,
    TicketIncomplete,
    CookieMismatch,
    DecryptThrottled,
    FrameMalformed,
    AccountThrottled,
    DeviceThrottled,
    Replaced,
    TokenBeforeLogin,
    CredentialMissing,
    TokenStoreUnavailable,
    TokenEmpty,
    TokenTooLong { max: 1 },
    RegistrationTooLong { max: 1 },
    TokenThrottled,
} }
