//! Statuses of Huawei's channel: the retired gateway (100 to 111), its synchronous results (80000003 to 80000008) and
//! today's interface.

codes! { Push, Huawei:
    /// The retired gateway got a parameter that it does not know. The app's owner moves the credential to today's
    /// interface.
    ParameterUnknown = 100, raised by Status, "unknown parameter";

    /// The retired gateway does not know the app's key. The app's owner copies app id and secret again from the
    /// vendor's console.
    ApiKeyInvalid = 101, raised by Status, "api key not valid";

    /// The retired gateway refused the access token. The engine gets a new one and sends again.
    SessionKeyInvalid = 102, raised by Status, "session key not valid";

    /// The app may not use the push service. The app's owner switches push on for it in the vendor's console.
    ServiceForbidden = 106, raised by Status, "no permission for the service";

    /// The vendor wants the app's id and secret to be fetched anew, for example after it changed its algorithm. The
    /// app's owner uploads them again.
    SecretOutdated = 107, raised by Status, "client secret must be renewed";

    /// The request's time is too far from the vendor's. The operator sets this machine's clock by a time server.
    ClockDrift = 109, raised by Status, "time stamp drift too large";

    /// The vendor's interface failed inside. The engine sends again after a pause.
    GatewayError = 110, raised by Status, "internal error of the vendor";

    /// The vendor has too much work. The engine slows down and sends again.
    GatewayBusy = 111, raised by Status, "vendor busy";

    /// The device is not connected to the vendor. The vendor keeps the notification for its life time; nothing to do.
    DeviceOffline = 80000003, raised by Status, "device offline";

    /// The app is not on the device any more. The token is dropped; the client registers anew after it is installed
    /// again.
    AppUninstalled = 80000004, raised by Status, "app uninstalled";

    /// The device did not answer the vendor in time. The engine sends again while the push has not expired.
    DeviceTimeout = 80000005, raised by Status, "device did not respond in time";

    /// The device got a token but never connected to the vendor's service. Its user must open the vendor's core service
    /// once.
    DeviceNeverConnected = 80000006, raised by Status, "device has not connected to push";

    /// The device belongs to another region of the vendor. The app's owner enables push for that region.
    DeviceInOtherRegion = 80000007, raised by Status, "device is in another region";

    /// The device moved to another of the vendor's servers. The engine sends once more and then finds it there.
    DeviceMoved = 80000008, raised by Status, "device moved to another server";

    /// Some tokens of the call were taken and some are wrong. The wrong ones are dropped one by one; the others arrive.
    SomeTokensInvalid = 80100000, raised by Status, "some parameters not valid";

    /// The list of tokens is empty, no list, or has more than one for a synchronous message. Report it: the engine
    /// should not build such a call.
    TokenListInvalid = 80100002, raised by Status, "token list not valid";

    /// The vendor does not accept the structure of the notification; its text names the field. The app corrects the
    /// vendor part of the push.
    PayloadInvalid = 80100003, raised by Status, "payload not valid";

    /// The life time is zero, negative or over 15 days. The caller corrects the push's expiry.
    LifeTimeInvalid = 80100004, raised by Status, "time to live not valid";

    /// The app may not send to these tokens. The app's owner checks that push is enabled and that the id is the one the
    /// client was built with.
    TokensForbidden = 80300002, raised by Status, "no permission to send to these tokens";

    /// Every token of the call is unknown to the vendor for this app. They are dropped; a whole batch at once mostly
    /// means a wrong app id.
    AllTokensInvalid = 80300007, raised by Status, "all tokens not valid";

    /// Something unexpected happened at the vendor. The engine sends again; the receipt keeps the vendor's request id
    /// for its support.
    InternalError = 81000001, raised by Status, "internal error";

    /// The body is over 4,096 bytes without its tokens; the table calls this an authentication error. The app shortens
    /// the notification.
    BodyTooLarge = 80300008, raised by Status, "message body too large";
}
