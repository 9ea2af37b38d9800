//! What the third generation of the client library answered. Today's library reports these numbers where an app asks
//! for the old ones; each row names today's number for the same situation.

codes! { SdkV3, V3:
    /// A batch call ended and every item in it failed. The developer reads each item's own code.
    BatchFailed = 6003, raised by Sdk, "no item of the batch succeeded";

    /// The receiver is empty or unknown; today this is found by the server as 90012. Import the account or correct the
    /// id.
    ReceiverInvalid = 6011, raised by Sdk, "receiver not valid";

    /// The request got no answer in its time, today 9520. It may have been done; repeat it with the same message.
    RequestTimeout = 6012, raised by Sdk, "request timed out";

    /// The library's core did not start, today 7012. The developer looks into the library's log of the initialization.
    CoreInitFailed = 6018, raised by Sdk, "core cannot be initialized";

    /// A session object was used after its login had ended. The developer gets a new one after each login.
    SessionGone = 6020, raised by Sdk, "session object is gone";

    /// A logout came while the login was under way, and the login's callback gets this. Nothing to do if it was meant.
    LogoutBeforeLogin = 6023, raised by Sdk, "logged out before login finished";

    /// Login came before the key exchange was set up, today 7504. Initialize the library first.
    KeyExchangeNotInitialized = 6024, raised by Sdk, "key exchange not initialized";

    /// The key exchange has no stored account for an automatic login, today 6026. Log in with a user sig.
    KeyExchangeUserUnknown = 6025, raised by Sdk, "no stored user for the key exchange";

    /// The connection could not be registered for the account, for a reason that has no number. Reconnect; look into
    /// the log if it lasts.
    BindFailed = 6100, raised by Sdk, "registration failed";

    /// The connection was to be registered without a ticket. Log in in full so that the library gets one.
    BindTicketMissing = 6101, raised by Sdk, "registration without ticket";

    /// The connection is registered already. The library ignores the second registration.
    BindTwice = 6102, raised by Sdk, "already registered";

    /// The registration lacked the account's internal id, today 7002. Log in again.
    BindAliasEmpty = 6103, raised by Sdk, "registration without account alias";

    /// The registration lacked the device's own id. The developer checks that the app's storage can be written, where
    /// the id is kept.
    BindDeviceEmpty = 6104, raised by Sdk, "registration without device id";

    /// The answer to the registration could not be unpacked, today 6001. Try again on another network.
    BindAnswerMalformed = 6105, raised by Sdk, "registration answer cannot be parsed";

    /// The registration got no answer in time. The library tries again when it reconnects.
    BindTimeout = 6106, raised by Sdk, "registration timed out";

    /// A registration is under way, today 6015. Wait for its end.
    BindInProgress = 6107, raised by Sdk, "registration in progress";

    /// A packet could not be sent for a reason that has no number, today 7012. Repeat the call and look into the log.
    PacketFailed = 6120, raised by Sdk, "packet failed";

    /// No network was there when the request should be sent, today 9508. Check the device's network.
    PacketOfflineOnRequest = 6121, raised by Sdk, "no network for the request";

    /// The network went away before the answer came, today 9524. Repeat the call when it is back.
    PacketOfflineOnAnswer = 6122, raised by Sdk, "no network for the answer";

    /// The request was made on a connection without login, today 9503. Wait for the login's callback.
    PacketNotAuthenticated = 6123, raised by Sdk, "request not authenticated";

    /// The gateway refused the request with one of its negative numbers. Look that number up; it stands in the log.
    PacketRefused = 6124, raised by Sdk, "gateway refused the request";

    /// The request was not sent in time, today 9519. Repeat it; nothing was done.
    PacketSendTimeout = 6125, raised by Sdk, "sending timed out";

    /// The request was sent and its answer did not come in time, today 9520. Repeat it with the same message.
    PacketAnswerTimeout = 6126, raised by Sdk, "answer timed out";

    /// The request was sent again after a reconnect and failed again. The user decides whether to try once more.
    ResendFailed = 6127, raised by Sdk, "resend failed";

    /// The request should have been sent again but had become too old, so it was not. The user sends it anew.
    ResendSkipped = 6128, raised by Sdk, "resend skipped";

    /// The app's filter kept the message from being stored. Nothing to do unless the filter is wrong.
    SaveFiltered = 6129, raised by Sdk, "not stored because of the filter";

    /// The server was overloaded when the packet came, today -10114. Wait a growing time before the next try.
    PacketOverloaded = 6130, raised by Sdk, "server overloaded";

    /// Request and answer do not belong together, today 8002. The library drops the answer; repeat the call.
    PacketLogicError = 6131, raised by Sdk, "request and answer do not match";

    /// Friends were read before their first sync. Wait for the callback that the sync has ended.
    FriendsNotSynced = 6150, raised by Sdk, "friends not synced";

    /// Friends were read while their sync runs. Read again when it has ended.
    FriendsSyncing = 6151, raised by Sdk, "friends are syncing";

    /// The sync of friends failed, so the local list is not complete. Log in again to start it anew.
    FriendsSyncFailed = 6152, raised by Sdk, "friends sync failed";

    /// A request about friends did not pass the local check, today one of 9001 to 9006. Correct the field.
    FriendRequestInvalid = 6153, raised by Sdk, "friend request parameter not valid";

    /// A group's data was asked with a field that was not chosen at initialization. Add it to the chosen fields.
    GroupFieldInvalid = 6160, raised by Sdk, "group field was not preset";

    /// Group data was read locally although storing it is switched off. Switch it on, or ask the server.
    GroupStorageDisabled = 6161, raised by Sdk, "local group storage is off";

    /// Stored group data could not be loaded, today 7010. The library fetches it from the server again.
    GroupLoadFailed = 6162, raised by Sdk, "group data cannot be loaded";

    /// A call was made without a network, today 9508 (6250 says the same). Wait for the connected callback.
    OfflineOnRequest = 6200, raised by Sdk, "no network on request";

    /// The network went away while the call waited for its answer, today 9524 (6251 says the same). Call again later.
    OfflineOnAnswer = 6201, raised by Sdk, "no network on answer";

    /// A call came before the connection's handshake was complete. Wait for the connected callback.
    ServiceNotReady = 6205, raised by Sdk, "service not ready";

    /// The account could not be authenticated because its internal id was not found. Check that the UserID exists in
    /// this app.
    LoginAuthFailed = 6207, raised by Sdk, "login authentication failed";

    /// The first call came although no connection was tried since the app started. Check the network permission of the
    /// app.
    NeverConnected = 6209, raised by Sdk, "never connected after launch";

    /// The request failed in the connection layer without a closer reason (6252 says the same). Repeat it and look into
    /// the log.
    RequestFailed = 6210, raised by Sdk, "request failed";

    /// The request object itself was not valid, today 6017 or 7014 (6253 says the same). Correct the call.
    RequestInvalid = 6211, raised by Sdk, "request not valid";

    /// The queue of requests is full, today 9507 (6254 says the same). Stop sending until the network is back.
    RequestQueueFull = 6212, raised by Sdk, "request queue full";

    /// Another device put this one out while the call ran, today 6208 (6255 says the same). The user logs in where to
    /// stay.
    RequestReplaced = 6213, raised by Sdk, "replaced by another device";

    /// The operator has stopped the app, today -10112 (6256 says the same). Wait until it is started.
    ServiceSuspended = 6214, raised by Sdk, "service suspended";

    /// The gateway did not accept the request's ticket, today -10004 (6257 says the same). Log in in full.
    TicketInvalid = 6215, raised by Sdk, "ticket not valid";

    /// The gateway did not accept the connection's cookie, today -10009 (6258 says the same). The library reconnects.
    CookieInvalid = 6216, raised by Sdk, "cookie not valid";

    /// The login's answer has the wrong length, today 7505. Try another network; a proxy may cut it.
    LoginAnswerMalformed = 6217, raised by Sdk, "login answer has the wrong length";

    /// Reporting the account as online timed out during login. Log in again; the operator looks at the bus between the
    /// nodes.
    PresenceTimeout = 6218, raised by Sdk, "presence report timed out";

    /// The answer to reporting the account as online could not be understood. Log in again; look for nodes of different
    /// versions.
    PresenceAnswerMalformed = 6219, raised by Sdk, "presence answer cannot be parsed";

    /// The login's answer could not be decrypted, today 7506. Check the pinned key of the server.
    LoginUndecryptable = 6220, raised by Sdk, "login answer cannot be decrypted";

    /// The Wi-Fi shows a page that wants a login before it lets traffic out. The user opens a browser and signs in
    /// there.
    WifiLoginNeeded = 6221, raised by Sdk, "wi-fi needs authentication";

    /// The user canceled what was under way, today 8021 or 114003. Nothing to do.
    CanceledByUser = 6222, raised by Sdk, "canceled by the user";

    /// The time in which a message may be recalled is over, today 20016 or 10031. An administrator still can.
    RecallTooLate = 6223, raised by Sdk, "too late to recall";

    /// The short-video extension is not part of this build of the app. The developer adds it.
    VideoExtensionMissing = 6224, raised by Sdk, "video extension missing";

    /// An automatic login found that what was stored has expired, today 6206. Log in with a new user sig.
    AutoLoginNeedsUserSig = 6226, raised by Sdk, "automatic login needs a usersig";

    /// No address for short requests outside the long connection can be reached. Check the network and the configured
    /// hosts.
    FallbackUnavailable = 6300, raised by Sdk, "no fallback connection available";

    /// The user sig had expired when the login came, today 70001. The app's back end signs a new one.
    LoginUserSigExpired = 70101, raised by Sdk, "usersig expired at login";

    /// The library is initialized already with the same app. No need to do it again.
    AlreadyInitialized = 90101, raised by Sdk, "already initialized";

    /// The base of the numbers of file transfers; a storage's own error is added to it. Look the difference up in the
    /// storage's log.
    TransferBase = 115000, raised by Sdk, "file transfer failed";

    /// A request of the second connection layer was made without a network, today 9508. Try again when it is back.
    LinkOfflineOnRequest = 6250, raised by Sdk, "no network on request of the link";

    /// The second connection layer lost the network before its answer came, today 9524. Try again when it is back.
    LinkOfflineOnAnswer = 6251, raised by Sdk, "no network on answer of the link";

    /// A request failed in the second connection layer without a closer reason, today 7012. Repeat the call.
    LinkRequestFailed = 6252, raised by Sdk, "request of the link failed";

    /// The second connection layer got a request that is not valid, today 7014. Correct the call.
    LinkRequestInvalid = 6253, raised by Sdk, "request of the link not valid";

    /// The queue of the second connection layer is full, today 9507. Send less until the network is back.
    LinkQueueFull = 6254, raised by Sdk, "queue of the link full";

    /// Another device put this one out, as the second connection layer reports it, today 6208. Log in again where to
    /// stay.
    LinkReplaced = 6255, raised by Sdk, "link replaced by another device";

    /// The service behind the second connection layer is suspended, today -10112. Ask the operator.
    LinkServiceSuspended = 6256, raised by Sdk, "service of the link suspended";

    /// The ticket was not accepted on the second connection layer, today -10004. Log in in full.
    LinkTicketInvalid = 6257, raised by Sdk, "ticket of the link not valid";

    /// The cookie was not accepted on the second connection layer, today -10009. The library reconnects.
    LinkCookieInvalid = 6258, raised by Sdk, "cookie of the link not valid";
}
