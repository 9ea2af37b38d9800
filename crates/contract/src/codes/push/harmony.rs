//! Statuses of the HarmonyOS channel.

codes! { Push, Harmony:
    /// The vendor took the notification. Deliveries show 2 for this; the number itself stays in the receipt.
    Success = 80000000, raised by Status, "success";

    /// Some tokens were taken; the vendor names the others with a cause. Those with a wrong token are dropped, the
    /// other causes are settings of the app.
    SomeTokensFailed = 80100000, raised by Status, "some tokens failed";

    /// A parameter of the call is missing or out of range; the vendor's text names it. The app corrects the vendor part
    /// of the push.
    ParameterInvalid = 80100001, raised by Status, "some parameters not valid";

    /// The vendor does not accept the structure of the notification, such as one without a click action. The app
    /// corrects it.
    MessageInvalid = 80100003, raised by Status, "message structure error";

    /// The notification would expire before it is sent. The caller sets a later expiry.
    LifeTimeInvalid = 80100004, raised by Status, "expiration time has passed";

    /// The content has words that the vendor forbids; its text names the field. The app changes the wording.
    ContentRejected = 80100016, raised by Status, "content did not pass the check";

    /// The picture has not passed the vendor's check, or its pass has run out. The app submits the picture to the
    /// vendor first.
    ImageNotVerified = 80100022, raised by Status, "image not verified";

    /// The vendor does not accept the signed token in the header. The app's owner uploads the service account of this
    /// project again.
    AuthenticationFailed = 80200001, raised by Status, "authentication error";

    /// The signed token had expired when it arrived. The engine signs a new one; if it repeats, the operator sets this
    /// machine's clock.
    TokenOfAppExpired = 80200005, raised by Status, "signed token expired";

    /// Push is not enabled for the project, or the project id is another one's. The app's owner enables it in the
    /// vendor's console.
    AppForbidden = 80300002, raised by Status, "app has no permission to push";

    /// No token of the call can be used. They are dropped unless the cause is the app's; a whole batch at once mostly
    /// means a wrong project.
    AllTokensInvalid = 80300007, raised by Status, "all tokens not valid";

    /// The body is over 4,096 bytes without its tokens. The app shortens title, text or data.
    BodyTooLarge = 80300008, raised by Status, "message body too large";

    /// The call carries more than 1,000 tokens, or more than one for a subscription or card. The engine splits it;
    /// report it if it appears.
    TokensTooMany = 80300010, raised by Status, "too many tokens";

    /// The project's test messages of today are used up. Send them tomorrow, or as real messages.
    TestThrottled = 80300029, raised by Status, "test messages too frequent";

    /// A test message names more than ten tokens, or more than one for a subscription or card. Test with fewer devices.
    TestTokensTooMany = 80300030, raised by Status, "too many tokens in a test message";

    /// The signed token is valid for over a day, which the vendor refuses. The engine signs shorter ones; report it if
    /// it appears.
    TokenOfAppTooLong = 80300036, raised by Status, "signed token valid for too long";

    /// The vendor punishes the app for a violation. Its owner settles that in the vendor's console; nothing is sent
    /// until then.
    AppPenalized = 80300037, raised by Status, "app is penalized";

    /// The vendor failed inside. The engine sends again; the receipt keeps the vendor's request id for its support.
    InternalError = 81000001, raised by Status, "internal error";
}
