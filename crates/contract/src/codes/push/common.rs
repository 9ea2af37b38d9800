//! Statuses of every channel.

codes! { Push, PushCommon:
    /// The push is accepted and held: a check, its audience or its start time is pending. Wait; the console shows what
    /// it waits for.
    WaitingForVerify = -1, raised by Status, "waiting for verification";

    /// On the self-built channel: the device is not connected, or has not acknowledged yet. It is sent again at the
    /// next connect until it expires, if the push asks for that.
    DeviceNotOnlineOrNoResponse = 0, raised by Status, "device offline or no response yet";

    /// The user has no device bound. The app binds the user to a device after login; the push goes out if that happens
    /// before it expires.
    NoBindInfo = 1, raised by Status, "no binding";

    /// The device acknowledged on the self-built channel, or the vendor took the notification. What a vendor does with
    /// it afterwards shows in its receipts.
    Acked = 2, raised by Status, "acknowledged";

    /// The outcome is not known, for example because the connection ended after the request was written. The receipt
    /// keeps what the vendor said, if anything.
    NONE = 99999999, raised by Status, "unknown";
}
