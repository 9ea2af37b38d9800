//! Mutes and statistics of an app. The published list lacks this family; current clients meet it.

codes! { Im, Operations:
    /// The body is not JSON, or a field has a type that the command does not take. The caller compares the body with the
    /// reference.
    BodyMalformed = 130001 extra,
        raised by Fault::BodyMalformed | Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong
        | Fault::BatchSizeInvalid,
        "json or field not valid";

    /// The question after a mute names nobody. The caller fills `Get_Account`.
    QueryMissing = 130002 extra, raised by Fault::MuteQueryMissing, "get_account is missing";

    /// `Get_Account` is no UserID of the app. The caller imports the account first, or checks the spelling.
    QueryInvalid = 130003 extra, raised by Fault::MuteQueryInvalid, "get_account not valid";

    /// The call to mute names nobody. The caller fills `Set_Account`.
    TargetMissing = 130004 extra, raised by Fault::MuteTargetMissing, "set_account is missing";

    /// `Set_Account` is no UserID of the app. The caller imports the account first, or checks the spelling.
    TargetInvalid = 130005 extra, raised by Fault::MuteTargetInvalid, "set_account not valid";

    /// The call to mute says neither for how long in one-to-one conversations nor for how long in groups. The caller
    /// gives at least one of the two times, in seconds.
    TimesMissing = 130008 extra, raised by Fault::MuteTimesMissing, "no time of a mute is given";

    /// The store cannot be reached for the moment. The caller tries again; the operator brings it back.
    StoreUnavailable = 130009 extra, raised by Failure::Unavailable, "database cannot be opened";

    /// The store did not answer in time. The caller tries again; the operator looks at the store's latency.
    StoreTimeout = 130010 extra, raised by Failure::Timeout, "database does not answer";

    /// Something went wrong inside. The caller tries again; the operator looks into the log.
    InternalError = 130014 extra, raised by Failure::Internal | Failure::Full | Failure::Conflict, "internal error";
}
