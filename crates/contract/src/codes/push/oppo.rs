//! Statuses of OPPO's channel, which realme and OnePlus share.

codes! { Push, Oppo:
    /// The vendor's service is down for the moment. The engine sends again after a growing pause.
    ServiceCurrentlyUnavailable = -1, raised by Status, "service currently unavailable";

    /// The vendor limits the flow because the app sends too fast. The engine slows down and sends again.
    ServiceInFlowControl = -2, raised by Status, "service in flow control";

    /// The vendor's session token is wrong or over. The engine gets a new one and sends again.
    InvalidAuthToken = 11, raised by Status, "auth token not valid";

    /// The app called more often, or more times today, than it may. The engine waits; the app's owner applies for a
    /// larger quota.
    AppCallLimited = 13, raised by Status, "app calls limited";

    /// The vendor knows no app with this key. The app's owner copies key and master secret again.
    InvalidAppKey = 14, raised by Status, "app key not valid";

    /// The call for a session had no app key. The app's owner completes the credential.
    MissingAppKey = 15, raised by Status, "app key is missing";

    /// The signature does not match, so the master secret or this machine's clock is wrong. The app's owner checks the
    /// secret, the operator the clock.
    InvalidSignature = 16, raised by Status, "signature not valid";

    /// The call for a session was not signed. The app's owner adds the master secret to the credential.
    MissingSignature = 17, raised by Status, "signature is missing";

    /// The vendor has disabled the app. The app's owner must settle that in the vendor's console.
    AppDisabled = 28, raised by Status, "app is disabled";

    /// The call carried no session token. The engine gets one and sends again; report it if it repeats.
    MissingAuthToken = 29, raised by Status, "auth token is missing";

    /// The app has no right to push by the interface, or to this kind of channel. The app's owner applies for it at the
    /// vendor.
    ApiPermissionDenied = 30, raised by Status, "api permission denied";

    /// The token does not have the vendor's form or is unknown. It is dropped; the client registers again.
    InvalidRegistrationId = 10000, raised by Status, "registration id not valid";
}
