//! Statuses of Apple's channel. The names are Apple's reasons
//! (<https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>).

codes! { Push, Apns:
    /// Apple found no payload in the request. The app gives the notification a title, a body, a badge or a sound.
    PayloadEmpty = 2001, raised by Status, "payload is empty";

    /// The payload is over 4,096 bytes, or 5,120 for VoIP. The app shortens the text or its extension parameters.
    PayloadTooLarge = 2002, raised by Status, "payload too large";

    /// The bundle id that is set for the credential is no bundle id. The app's owner corrects it in the credential's
    /// settings.
    BadTopic = 2003, raised by Status, "topic not valid";

    /// The certificate or key may not send to this bundle id. The app's owner uploads the one that was made for it.
    TopicDisallowed = 2004, raised by Status, "topic not allowed";

    /// The notification's own id is not a UUID. Leave the id to the system, or let the caller pass a UUID.
    BadMessageId = 2005, raised by Status, "message id not valid";

    /// The time at which Apple should give up is not a valid moment. The caller checks the push's expiry.
    BadExpirationDate = 2006, raised by Status, "expiration date not valid";

    /// Apple knows the priorities 10, 5 and 1, and the push has another. The caller corrects it.
    BadPriority = 2007, raised by Status, "priority not valid";

    /// The request named no device. The client registers its token again; its record here is empty.
    MissingDeviceToken = 2008, raised by Status, "device token is missing";

    /// The token is no token, or belongs to the other of Apple's environments. The token is dropped; many at once mean
    /// that the credential's environment is set wrong.
    BadDeviceToken = 2009, raised by Status, "device token not valid";

    /// The token was given to another app than the credential's bundle id names. The token is dropped; many at once
    /// mean a wrong bundle id.
    DeviceTokenNotForTopic = 2010, raised by Status, "device token is not for this topic";

    /// The app is not on the device any more, or the token was replaced. The token is dropped; the client registers
    /// anew when it runs again.
    Unregistered = 2011, raised by Status, "device token is no longer active";

    /// The certificate was made for Apple's other environment. The app's owner switches the credential between
    /// development and production.
    BadCertificateEnvironment = 2013, raised by Status, "certificate is for the other environment";

    /// Apple does not accept the certificate or the signed token: expired, revoked or of another team. The app's owner
    /// uploads a new one.
    BadCertificate = 2014, raised by Status, "certificate not valid";

    /// The credential serves several bundle ids and the request named none. The app's owner sets the bundle id with the
    /// credential.
    MissingTopic = 2023, raised by Status, "topic is missing";

    /// Apple closed the connection before it answered. The engine sends again; if it is so for every push, the
    /// certificate or the environment is wrong.
    ConnClosed = 2024, raised by Status, "connection closed";

    /// No connection to Apple could be made. The engine tries again; the operator checks DNS, the firewall (port 443 or
    /// 2197) and the proxy.
    ConnUnavailable = 2025, raised by Status, "connection not available";
}
