//! Why a notification about a message did not leave; recorded with the delivery and told to the push webhook.

codes! { Im, OfflinePush:
    /// The request to Google could not be put together, mostly because the service account file is incomplete. The
    /// app's owner uploads it again as it was downloaded.
    FcmRequestFailed = -195, raised by Status, "fcm request cannot be built";

    /// Tapping the notification should open an intent, but none was given. The app sets the intent in the message or in
    /// the credential's settings.
    IntentMissing = -196, raised by Status, "intent is missing";

    /// The vendor does not take the app's certificate, key or secret, or it has expired. The app's owner renews it in
    /// the console.
    CredentialInvalid = -197, raised by Status, "push credential not valid";

    /// The vendor answered with an error that has no closer number here. The delivery's record keeps the vendor's own
    /// words; follow those.
    VendorRefused = -198, raised by Status, "vendor answered with an error";

    /// The vendor could not be reached or did not answer in time. The engine tries again; the operator checks outgoing
    /// connections if it lasts.
    VendorUnreachable = -199, raised by Status, "vendor not reachable";

    /// The nodes of this installation, or its store, could not reach each other while the notification was under way, so
    /// nobody knows whether it left. It is sent again if there is time. The operator checks the inner network.
    InternalNetwork = -200, raised by Status, "internal network trouble";

    /// The device's token or the credential that it names is not valid for this app. The client registers its token
    /// again with the right credential id.
    TokenInvalid = -201, raised by Status, "token or credential id not valid";

    /// The notification could not be put together, for example because it is over the vendor's size. The app shortens
    /// title, text or extension.
    RequestBuildFailed = -202, raised by Status, "notification cannot be built";

    /// Huawei's daily number of notifications for the app is used up. The app classifies its messages as the vendor
    /// asks, or applies for more.
    HuaweiDailyQuota = -203, raised by Status, "huawei daily quota used up";
}
