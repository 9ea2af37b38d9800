//! Statuses of Google's channel. The names are Google's older reasons; today's answers are translated to them.

codes! { Push, Fcm:
    /// The token is no token of this project. It is dropped; the client registers again.
    InvalidRegistration = 90000002, raised by Status, "registration token not valid";

    /// The app was removed from the device, or the token was unused for long. It is dropped; many at once mean a
    /// credential of another project.
    NotRegistered = 90000003, raised by Status, "registration token not registered";

    /// The token belongs to another package than the push is limited to. The app's owner corrects the credential's
    /// package name.
    InvalidPackageName = 90000004, raised by Status, "package name not valid";

    /// The message is over 4,096 bytes. The app shortens text or data.
    MessageTooBig = 90000007, raised by Status, "message too big";

    /// The life time is negative or over four weeks. The caller corrects the push's expiry.
    InvalidTtl = 90000009, raised by Status, "time to live not valid";

    /// Google failed, or is overloaded. The engine sends again after ten seconds or more, as Google asks.
    InternalServerError = 90000011, raised by Status, "internal server error";

    /// Google does not accept the service account, or it lacks the right to send. The app's owner uploads a new key
    /// file and checks its role.
    Authentication = 90000401, raised by Status, "authentication failed";
}
