//! Login and logout.

codes! { Sdk, SdkAccount:
    /// A call that needs an account came before login, after logout or after this device was put out. Log in and wait
    /// for success.
    NotLoggedIn = 6014, raised by Sdk, "not logged in";

    /// Automatic login was asked for an account that never logged in on this device. The developer calls login with a
    /// user sig.
    NoPreviousLogin = 6026, raised by Sdk, "no previous login of this account";

    /// The user sig has expired, at login or when the device came back later. The client asks its own back end for a
    /// new one and logs in again.
    UserSigExpired = 6206, raised by Sdk, "usersig expired";

    /// Another device of the same kind logged in with this account while this one was away. The user decides on which
    /// device to stay, and logs in there.
    ReplacedByOther = 6208, raised by Sdk, "replaced by a login elsewhere";

    /// A login was asked while another one runs. The developer waits for the first one's callback.
    LoginInProgress = 7501, raised by Sdk, "login in progress";

    /// A logout was asked while another one runs. The developer waits for the first one's callback.
    LogoutInProgress = 7502, raised by Sdk, "logout in progress";

    /// The key exchange could not be set up on this device, for example without a source of randomness. Restart the
    /// app; report it if it lasts.
    KeyExchangeInitFailed = 7503, raised by Sdk, "key exchange cannot be initialized";

    /// Login came before the key exchange was set up. This is a defect of the library; report it with the log.
    KeyExchangeNotInitialized = 7504, raised by Sdk, "key exchange not initialized";

    /// The answer of the key exchange has the wrong frame. A proxy in between speaks another protocol; the user tries
    /// another network.
    KeyExchangeFrameMalformed = 7505, raised by Sdk, "key exchange frame malformed";

    /// The answer of the key exchange cannot be decrypted, so the server does not hold the key that this client trusts.
    /// The developer checks the pinned key and the address.
    KeyExchangeUndecryptable = 7506, raised by Sdk, "key exchange cannot be decrypted";

    /// The server refused the key exchange with an error of its own. Try again later; the operator looks into the
    /// gateway's log.
    KeyExchangeFailed = 7507, raised by Sdk, "key exchange failed";

    /// The server took the key exchange and never answered. Try again on a better network.
    KeyExchangeTimeout = 7508, raised by Sdk, "key exchange timed out";
}
