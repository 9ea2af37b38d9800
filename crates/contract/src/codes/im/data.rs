//! Files of exported history.

codes! { Im, Data:
    /// The path below the data service is not a command. The caller checks the URL.
    UrlInvalid = 1001, raised by Fault::CommandUnknown | Fault::UrlMalformed, "request url not valid";

    /// A parameter is missing or wrong, such as the hour of the file. The caller compares it with the reference.
    FieldInvalid = 1002,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::BodyMalformed
        | Fault::BatchSizeInvalid,
        "parameter not valid";

    /// The list of files could not be read because of trouble inside. The caller tries again; the operator looks into
    /// the log.
    InternalError = 1003,
        raised by Failure::Internal | Failure::Full | Failure::Conflict | Failure::Timeout | Failure::Unavailable
        | Failure::Overloaded,
        "system error";

    /// The file of this hour is still being written, or nobody sent anything in that hour. The caller asks again an
    /// hour later.
    FileNotReady = 1004, raised by Fault::HistoryNotReady, "file not generated or no messages";

    /// Files are kept for seven days and this one is older. The caller fetches them daily; messages themselves may
    /// still be in history.
    FileExpired = 1005, raised by Fault::HistoryExpired, "file expired";
}
