//! What the gateway refuses before a frame reaches any rule; only devices meet these.

codes! { Im, Access:
    /// The node holds as many connections as it may. The client tries another node after a pause; the operator adds
    /// nodes or raises the bound.
    ConnectionQuota = -302, raised by Fault::ConnectionQuota, "too many connections";

    /// The session key that the device resumes with has outlived its time. The client logs in again with a user sig and
    /// gets a new key.
    TicketKeyExpired = -10001, raised by Fault::TicketKeyExpired, "key expired";

    /// The ticket that the device resumes with has outlived its time. The client logs in again with a user sig and gets
    /// a new ticket.
    TicketExpired = -10003, raised by Fault::TicketExpired, "ticket expired";

    /// The ticket was not made by this system, was altered, or was made with a master key that is gone. The client
    /// drops it and logs in in full.
    TicketForged = -10004, raised by Fault::TicketForged, "ticket not valid";

    /// A resume came with an empty key. The client must send the key that it was given at login, or log in in full.
    TicketKeyEmpty = -10005, raised by Fault::TicketKeyEmpty, "key is empty";

    /// The key was given to another account than the frame header names. The client clears what it stored for both
    /// accounts and asks its user to log in.
    TicketOtherAccount = -10006, raised by Fault::TicketOtherAccount, "key belongs to another account";

    /// The login could not be verified in time because the service behind the gateway was slow. The client tries again;
    /// the operator looks at the store's latency if it lasts.
    VerifyTimeout = -10007, raised by Fault::VerifyTimeout | Failure::Timeout, "verification timed out";

    /// A resume carried a key without its ticket or a ticket without its key. The client must store and send both
    /// together.
    TicketIncomplete = -10008, raised by Fault::TicketIncomplete, "key and ticket must come together";

    /// The frame's cookie is not the one that this connection was given, mostly because frames of an old connection
    /// were replayed. The client reconnects.
    CookieMismatch = -10009, raised by Fault::CookieMismatch, "cookie does not match";

    /// Too many frames on this connection could not be decrypted, so the two sides no longer share a key. The client
    /// throws its key away and logs in in full.
    DecryptThrottled = -10106, raised by Fault::DecryptThrottled, "too many frames cannot be decrypted";

    /// The app's plan has ended or has not begun, so its devices may not log in. The operator renews the plan; the
    /// client need not retry before that.
    PlanExpired = -10108, raised by Fault::PlanExpired, "plan expired";

    /// The frame is not of the published wire format. The developer of the client compares its encoder with the
    /// protocol files; a proxy that rewrites bytes does this too.
    FrameMalformed = -10109, raised by Fault::FrameMalformed, "frame malformed";

    /// An operator put the app on the blocklist. The app's owner must talk to the operator; no device of it gets in
    /// until then.
    AppDisabled = -10110, raised by Fault::AppDisabled, "app is blocked";

    /// An operator switched this command off for the app. The developer must do without it, or ask the operator to
    /// allow it.
    CommandDisabled = -10111, raised by Fault::CommandDisabled, "command is disabled for the app";

    /// An operator stopped the app for a while. Devices may try again when the operator has started it.
    AppStopped = -10112, raised by Fault::AppStopped, "app is stopped";

    /// This account sends more requests of one kind per second than it may. The client slows down and does not repeat
    /// the request at once.
    AccountThrottled = -10113, raised by Fault::AccountThrottled, "too many requests of this account";

    /// The node has more work than it can do and dropped the request. The client waits a growing time before it tries
    /// again; the operator adds capacity.
    NodeBusy = -10114, raised by Fault::NodeBusy | Failure::Overloaded, "server overloaded";

    /// This one device sends more requests than a device may. The developer looks for a loop in the client; others of
    /// the account are not affected.
    DeviceThrottled = -20009, raised by Fault::DeviceThrottled, "too many requests of this device";
}
