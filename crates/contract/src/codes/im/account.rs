//! Accounts and user sigs. Every family falls back on this one, because every call carries a user sig.

codes! { Im, Account:
    /// The user sig's time is over, or the account was kicked or deleted after it was signed. The app signs a new one;
    /// a day or more is a good life time.
    UserSigExpired = 70001, raised by Fault::UserSigExpired | Fault::UserSigRevoked, "usersig expired";

    /// The user sig is there but has no characters. The app looks where it lost the signature, mostly an unset
    /// variable.
    UserSigEmpty = 70002, raised by Fault::UserSigEmpty, "usersig is empty";

    /// The user sig does not unpack: it was cut off, or not escaped for the URL. The app checks the buffer or column
    /// that it travelled through.
    UserSigUndecodable = 70003, raised by Fault::UserSigUndecodable, "usersig cannot be decoded";

    /// The user sig unpacks but lacks a field or has a version other than 2.0. The app signs with a current signing
    /// library.
    UserSigMalformed = 70005, raised by Fault::UserSigMalformed, "usersig malformed";

    /// The signature was not made with a key of this app. The app compares its secret key with the console; keys of two
    /// apps are easily mixed up.
    UserSigForged = 70009, raised by Fault::UserSigForged, "usersig verification failed";

    /// The user sig was signed for another UserID than the request names. The app sends the pair that belongs together.
    UserSigOtherAccount = 70013, raised by Fault::UserSigOtherAccount, "usersig belongs to another userid";

    /// The user sig was signed for another app than the request names. The app sends the `sdkappid` that it signed
    /// with.
    UserSigOtherApp = 70014, raised by Fault::UserSigOtherApp, "usersig belongs to another sdkappid";

    /// The app has no key against which a signature could be checked. The operator creates one and gives it to the
    /// app's owner.
    KeyMissing = 70016, raised by Fault::KeyMissing, "app has no signing key";

    /// The number is well-formed, but no app has it here. The caller checks the app id and the host; an app of another
    /// installation is unknown to this one.
    AppUnknown = 70020, raised by Fault::AppUnknown, "sdkappid not found";

    /// Too many user sigs of this account failed verification. Wait a minute, then try with a user sig that was checked
    /// in the console.
    VerifyThrottled = 70050, raised by Fault::VerifyThrottled, "too many failed attempts, try again in a minute";

    /// The account is on the app's login blocklist. The app's owner takes it off, or tells the user why it is there.
    AccountBlocked = 70051, raised by Fault::AccountBlocked, "account is blocked";

    /// No account has this UserID in the app. Import it first, or check the spelling; case counts.
    AccountUnknown = 70107, raised by Fault::AccountUnknown, "account not found";

    /// The account logs in more often than a person would. The developer looks for a login loop in the client; the
    /// account may try again after a pause.
    LoginThrottled = 70114, raised by Fault::LoginThrottled, "login too frequent";

    /// The account store did not answer in time. The caller tries again; the operator looks at disk and database
    /// latency if it lasts.
    StoreTimeout = 70169, raised by Failure::Timeout, "internal timeout";

    /// A service that accounts depend on, mostly the database, could not be reached. The caller tries again; the
    /// operator brings it back.
    StoreUnavailable = 70202, raised by Failure::Unavailable, "internal timeout, service not reachable";

    /// The list of accounts is empty or longer than one call may carry, 100 for most commands. The caller splits it.
    BatchSizeInvalid = 70206, raised by Fault::BatchSizeInvalid, "number of items not valid";

    /// A required field is missing or a value is not as documented, or the body is no JSON object. The caller compares
    /// the body with the reference.
    FieldInvalid = 70402,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::BodyMalformed,
        "parameter not valid";

    /// The account service wants an administrator. The gateway asks for one earlier and answers 60010, unless the app
    /// lets ordinary accounts call (`users_may_call`): then each service checks by itself, and this is its number.
    NotAdmin = 70403, raised by Fault::AdminRequired, "caller is not an app administrator";

    /// The app has as many accounts as its plan allows, 100 on trial. The operator moves the app to a larger plan, or
    /// accounts are deleted.
    AccountQuota = 70398, raised by Fault::AccountQuota, "too many accounts";

    /// Something unexpected happened inside. The caller may try again; the operator finds the cause in the log under
    /// the request id.
    InternalError = 70500, raised by Failure::Internal | Failure::Full | Failure::Conflict, "internal error";

    /// The app's plan does not let accounts be deleted, because it cannot be undone. The operator switches deletion on
    /// for the app if it is wanted.
    DeleteForbidden = 71000, raised by Fault::DeleteForbidden, "accounts may not be deleted";

    /// More accounts were active today than the app's trial plan allows. The operator moves the app to a larger plan,
    /// or it waits for tomorrow.
    DailyActiveQuota = 72000, raised by Fault::DailyActiveQuota, "too many active accounts today";

    /// Devices asked for the online status of others, which is switched off for the app. The app's owner switches it on
    /// in the console.
    StatusDisabled = 72001, raised by Fault::StatusDisabled, "online status is not enabled";

    /// The UserID was deleted less than three months ago and may not return yet. The app uses another UserID, or waits;
    /// trial apps are exempt.
    AccountRetired = 70399 extra, raised by Fault::AccountRetired, "userid was deleted recently";
}
