//! Codes of the push OpenAPI: texts instead of numbers, some with the parameter's name in them, each with its HTTP
//! status. The page leaves the status of the push time blank; it is the caller's mistake like its neighbours, so 400.

codes! { OpenApi, OpenApiClient:
    /// The version or host of the call names no product that is served here. The caller points its SDK at this host and
    /// leaves the product's version as it is.
    ProductUnknown = "InvalidProduct.NotFound" (404), raised by Fault::ProductUnknown, "no such product at this address";

    /// The product has no such action; its case counts, and only GET and POST are taken. The caller compares the name
    /// with the reference.
    ApiUnknown = "InvalidApi.NotFound" (404),
        raised by Fault::CommandUnknown | Fault::UrlMalformed | Fault::BodyMalformed, "no such action";

    /// The installation takes calls over HTTPS only, and this one was plain. The caller sets its SDK's protocol to
    /// HTTPS.
    TlsRequired = "InvalidProtocol.NeedSsl" (404), raised by Fault::TlsRequired, "https is required";

    /// A required parameter is not in the call; the code names it. The caller adds it.
    ParameterMissing = "Missing{ParameterName}" (400), raised by Fault::FieldMissing, "parameter is missing";

    /// No access key has this id here. The caller checks the id and the host; keys of another installation are unknown
    /// to this one.
    AccessKeyUnknown = "InvalidAccessKeyId.NotFound" (400), raised by Fault::AccessKeyUnknown, "access key not found";

    /// The call's time is not written as ISO 8601 in UTC, such as 2026-01-31T08:00:00Z. The caller corrects the format.
    TimestampMalformed = "InvalidTimeStamp.Format" (400), raised by Fault::TimestampMalformed, "timestamp malformed";

    /// The call's time is more than 15 minutes from this machine's. The caller sends UTC, not local time, and both
    /// sides set their clocks.
    TimestampExpired = "InvalidTimeStamp.Expired" (400), raised by Fault::TimestampExpired, "timestamp expired";

    /// The nonce was used before, so the call is a repetition or its random numbers are too few. The caller draws a new
    /// UUID for each call, retries included.
    NonceUsed = "SignatureNonceUsed" (400), raised by Fault::NonceUsed, "signature nonce already used";

    /// The signature is not the one that this side computes. The caller compares its string to sign with the one in the
    /// answer, then its secret.
    SignatureMismatch = "SignatureDoesNotMatch" (400), raised by Fault::SignatureMismatch, "signature does not match";

    /// The account calls more often than it may over all actions. The caller waits as the answer's retry header says
    /// and sends fewer, larger calls.
    AccountThrottled = "Throttling.User" (400),
        raised by Fault::AppThrottled | Fault::CallerThrottled, "too many calls of this account";

    /// This action is called more often than it may be. The caller slows down, or reaches its audience by alias or tag
    /// in one call.
    ApiThrottled = "Throttling.Api" (400), raised by Fault::CallThrottled, "too many calls of this action";

    /// The account that owns the access key came from elsewhere and may not use this service. The operator marks it as
    /// supported.
    AccountUnsupported = "AccountNotSupport" (400), raised by Fault::CloudAccountUnsupported, "account is not supported";

    /// An operator prohibited the account that owns the access key. Its owner must talk to the operator.
    AccountProhibited = "AccountProhibited" (400), raised by Fault::CloudAccountProhibited, "account is prohibited";

    /// The account is marked as in debt, or the app's plan has ended. The operator clears the mark when it is settled, or
    /// extends the plan.
    AccountInDebt = "AccountInDebt" (400),
        raised by Fault::CloudAccountInDebt | Fault::PlanExpired, "account is in debt";

    /// The push service is not switched on for the account, or the app is switched off. The operator enables it.
    AccountDisabled = "AccountDisabled" (400),
        raised by Fault::CloudAccountDisabled | Fault::AppDisabled, "account is not enabled";

    /// The AppKey does not belong to the account of this access key, or does not exist; which of the two is not told.
    /// The caller uses the app's own access key.
    AppForbidden = "PermissionDenied" (400), raised by Fault::AppUnknown, "appkey is not authorized";

    /// The access key is one of a sub-user or temporary and lacks the right to this action or app, or the app has the
    /// action off or takes no calls from this address. The account's owner grants it.
    ActionForbidden = "NoPermission" (400),
        raised by Fault::ActionForbidden | Fault::CommandDisabled | Fault::AddressForbidden, "not authorized for this action";

    /// What the parameter names does not exist, such as a device, a message or a tag. The caller checks the value and
    /// the AppKey that it belongs to.
    ParameterNotFound = "Invalid{ParameterName}.NotFound" (400),
        raised by Fault::FieldNotFound, "what the parameter names is not found";

    /// The parameter has the wrong form: no time in ISO 8601, no JSON, no device id, or a choice that does not exist.
    /// The caller corrects it.
    ParameterMalformed = "Invalid{ParameterName}.Format" (400),
        raised by Fault::FieldInvalid, "parameter malformed";

    /// The parameter is there without any content. The caller fills it or leaves it out.
    ParameterEmpty = "Invalid{ParameterName}.Empty" (400), raised by Fault::FieldEmpty, "parameter is empty";

    /// The parameter is nothing but white space. The caller fills it with something visible.
    ParameterBlank = "Invalid{ParameterName}.Blank" (400), raised by Fault::FieldBlank, "parameter is blank";

    /// The parameter has more bytes in UTF-8 than it may. The caller shortens it; CJK characters take three bytes each.
    ParameterBytesExceeded = "Invalid{ParameterName}.BytesExceed" (400),
        raised by Fault::FieldTooLong, "parameter has too many bytes";

    /// The parameter has more characters than it may. The caller shortens the text to the documented length.
    ParameterLengthExceeded = "Invalid{ParameterName}.LengthExceed" (400),
        raised by Fault::FieldLettersTooMany, "parameter has too many characters";

    /// The list has more items than it may. The caller splits it into several calls.
    ParameterSizeExceeded = "Invalid{ParameterName}.SizeExceed" (400),
        raised by Fault::FieldItemsTooMany, "parameter has too many items";

    /// A statistic is asked for over more days than one answer may span. The caller asks for shorter periods, one after the
    /// other.
    PeriodTooLong = "InvalidPeriod.ExceedDays" (400) extra, raised by Fault::PeriodTooLong, "period has too many days";

    /// The push should start more than seven days from now. The caller schedules it later, or sooner than that.
    PushTimeTooLate = "Specified Pushtime can not be after seven days" (400),
        raised by Fault::PushTimeTooLate, "push time is more than seven days ahead";

    /// The push would expire before it starts, or within three seconds of it. The caller sets a later expiry, in UTC.
    ExpireTimeTooEarly = "LimitExceed" (400), raised by Fault::ExpireTimeTooEarly, "expire time is too early";
}

codes! { OpenApi, OpenApiServer:
    /// The server cannot work for the moment: it shuts down or its store is away. The caller tries again after a pause.
    ServiceUnavailable = "ServiceUnavailable" (503),
        raised by Failure::Unavailable | Failure::Overloaded | Failure::Full | Fault::NodeBusy, "service temporarily unavailable";

    /// Something unexpected happened inside. The caller may try again; the operator finds the cause in the log under
    /// the request id.
    InternalError = "InternalError" (500), raised by Failure::Internal | Failure::Conflict, "internal error";

    /// The call took too long. A push has mostly been accepted, so the caller asks for its status instead of pushing
    /// again; a query may be repeated.
    Timeout = "Timeout" (500),
        raised by Failure::Timeout | Fault::ServiceTimeout, "processing timed out";
}
