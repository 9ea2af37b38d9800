//! Statuses of Honor's channel.

codes! { Push, Honor:
    /// The vendor took the notification. Deliveries show 2 for this; the number itself stays in the receipt.
    Success = 200, raised by Status, "success";

    /// The vendor could not read the request. Its inner code in the receipt says what to correct.
    ParameterInvalid = 400, raised by Status, "parameter error";

    /// The vendor refused the access token. The engine gets a new one; if that fails too, the app's owner checks id and
    /// secret.
    AuthenticationFailed = 403, raised by Status, "authentication failed";

    /// The vendor has nothing at the address that was called. The operator checks the channel's base URL.
    ServiceNotFound = 404, raised by Status, "service not found";

    /// The vendor failed inside, or was called with the wrong method or format. The engine sends again; write to the
    /// vendor with the receipt's text if it lasts.
    InternalError = 500, raised by Status, "internal error";

    /// The connection inside the vendor's network broke. The engine sends again after a pause.
    ConnectionAbnormal = 502, raised by Status, "connection abnormal";

    /// The app sends more than 3,000 calls per second. The engine slows down and sends again.
    CallThrottled = 503, raised by Status, "too many requests";

    /// Some tokens were taken; the failed ones are named by the vendor and dropped one by one. The others arrive.
    SomeTokensFailed = 80100000, raised by Status, "some tokens failed";

    /// The vendor does not accept the structure of the notification; its text names the field. The app corrects the
    /// vendor part of the push.
    MessageInvalid = 80100003, raised by Status, "message structure error";

    /// The same token stands twice in one call. The engine sends again without the double; the receipt shows which one.
    TokenTwice = 80300006, raised by Status, "push token is repeated";

    /// No token of the call belongs to this app. They are dropped; a whole batch at once mostly means that package name
    /// or app id differ from the client's.
    AllTokensInvalid = 80300007, raised by Status, "all tokens not valid";

    /// The body is over 4,096 bytes. The app shortens title, text or data.
    BodyTooLarge = 80300008, raised by Status, "message body too large";

    /// The call carries more than 1,000 tokens. The engine splits it; report it if it appears.
    TokensTooMany = 80300010, raised by Status, "too many push tokens";

    /// The id of the receipt address is not one of this app. The app's owner copies it from the vendor's console.
    ReceiptIdMismatch = 80200020, raised by Status, "receipt id does not match";

    /// The call had no time stamp. Report it: the engine always sends one.
    TimestampMissing = 10001, raised by Status, "timestamp is missing";

    /// The call's time is too far from the vendor's. The operator sets this machine's clock by a time server.
    TimestampInvalid = 10207, raised by Status, "timestamp not valid";

    /// The call named no token. The client registers its token again; its record here is empty.
    TokenMissing = 10300, raised by Status, "push token is missing";

    /// The vendor knows no app with this id. The app's owner copies the id from the vendor's console into the
    /// credential.
    AppUnknown = 10205, raised by Status, "app id not found";
}
