//! Statuses of Xiaomi's channel. The numbers from 22000 to 22022 come from the vendor's app administration; a send
//! meets few of them.

codes! { Push, Xiaomi:
    /// The vendor failed inside. The engine sends again after a pause.
    SystemError = 10001, raised by Status, "system error";

    /// The vendor has suspended the service for a while. The engine waits and sends again; watch the vendor's status
    /// page if it lasts.
    ServiceSuspended = 10002, raised by Status, "service suspended";

    /// A service behind the vendor's interface failed. The engine sends the notification once more.
    RemoteServiceError = 10003, raised by Status, "remote service error";

    /// The vendor does not take calls from this machine's address for the app. The app's owner adds the address to the
    /// vendor's allow list.
    AddressForbidden = 10004, raised by Status, "address is not allowed";

    /// The app lacks the right to this interface, such as sending to all. The app's owner applies for it at the vendor.
    ResourceForbidden = 10005, raised by Status, "app must be authorized for the resource";

    /// A parameter cannot be read. The app corrects the vendor part of the push, where times and extras are.
    ParameterError = 10008, raised by Status, "parameter error";

    /// The vendor has too much work. The engine sends again after a growing pause.
    SystemBusy = 10009, raised by Status, "system busy";

    /// The vendor got a call that it does not understand at all. Report it with the receipt: the engine builds these
    /// calls.
    RequestInvalid = 10012, raised by Status, "request not valid";

    /// The user account that was aimed at does not exist at the vendor. The client sets it again after login.
    UserInvalid = 10013, raised by Status, "user not valid";

    /// The vendor limits what the app may call, mostly while it is under review. The app's owner looks into the
    /// vendor's console.
    ApiRestricted = 10014, raised by Status, "api access is restricted";

    /// A parameter has a value outside its range, such as a title of 50 characters or more. The app corrects it; the
    /// receipt names it.
    ValueInvalid = 10017, raised by Status, "parameter value not valid";

    /// The request is over the vendor's size, about 4 KB. The app shortens its payload.
    RequestTooLarge = 10018, raised by Status, "request too large";

    /// This machine's address calls too often. The engine pauses a minute; other senders behind the same address count
    /// too.
    AddressThrottled = 10022, raised by Status, "too many requests of the address";

    /// The developer account calls too often over all its apps. The engine pauses a minute.
    UserThrottled = 10023, raised by Status, "too many requests of the user";

    /// The developer account calls this one interface too often. The engine pauses a minute and then goes on slower.
    UserApiThrottled = 10024, raised by Status, "too many requests of the user for this api";

    /// The vendor has put the app on its blacklist. The app's owner must settle that with the vendor; nothing is sent
    /// until then.
    AppBlacklisted = 10026, raised by Status, "app is on the blacklist";

    /// The app calls more often than it may. The engine lowers its rate for the app.
    AppThrottled = 10027, raised by Status, "app calls too often";

    /// The device is not registered at the vendor. The token is dropped; the client registers again.
    DeviceInvalid = 10029, raised by Status, "device not valid";

    /// The vendor does not accept the app's secret. The app's owner copies it again, without blanks.
    AuthenticationFailed = 21301, raised by Status, "authentication failed";

    /// The secret belongs to an app that may not be used. The app's owner checks the app's state at the vendor.
    AppInvalid = 22000, raised by Status, "app not valid";

    /// The vendor has no such app. The app's owner copies the app's id again.
    AppUnknown = 22001, raised by Status, "app not found";

    /// The vendor, or its owner, has withdrawn the app. Register a new app and upload its credential.
    AppRevoked = 22002, raised by Status, "app was revoked";

    /// The vendor could not save a change of the app's settings. The app's owner repeats the change in the vendor's
    /// console.
    AppUpdateFailed = 22003, raised by Status, "app cannot be updated";

    /// The app's registration at the vendor lacks data. The app's owner completes it there.
    AppInfoMissing = 22004, raised by Status, "app information missing";

    /// The app's name at the vendor is not accepted. The app's owner changes it there.
    AppNameInvalid = 22005, raised by Status, "app name not valid";

    /// The app's id has the wrong form, it is a long number. The app's owner corrects the credential; a client built
    /// with it must be built again.
    AppIdInvalid = 22006, raised by Status, "app id not valid";

    /// The app's key has the wrong form or belongs to another app. The developer puts the right one into the client.
    AppKeyInvalid = 22007, raised by Status, "app key not valid";

    /// The app's secret has the wrong form. The app's owner uploads the secret, not the key.
    AppSecretInvalid = 22008, raised by Status, "app secret not valid";

    /// The app's description at the vendor is not accepted. The app's owner changes it in the vendor's console.
    AppDescriptionInvalid = 22020, raised by Status, "app description not valid";

    /// The device's user has not allowed, or no longer allows, the app to be notified. The client asks its user.
    UserNotAuthorized = 22021, raised by Status, "user has not authorized the app";

    /// The package name is not one of this app at the vendor. The app's owner corrects the credential's package name.
    PackageNameInvalid = 22022, raised by Status, "package name not valid";

    /// The notification lacks what the vendor demands, mostly a text. The app gives it title and body.
    NotificationInvalid = 22100, raised by Status, "notification format not valid";

    /// The app has used up its notifications of today. The engine goes on tomorrow; the app's owner applies for more,
    /// or classifies the messages.
    NotificationsTooMany = 22101, raised by Status, "too many notifications";

    /// The vendor took the notification but could not send it. The engine tries it again.
    NotificationFailed = 22102, raised by Status, "notification cannot be sent";

    /// The id by which a notification replaces an earlier one is out of range. The app uses a number from 0 to
    /// 2147483647.
    NotificationIdInvalid = 22103, raised by Status, "notification id not valid";

    /// The token is malformed, of another app or unknown. It is dropped; the client registers again.
    TargetInvalid = 20301, raised by Status, "target not valid";
}
