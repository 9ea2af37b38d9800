//! One-to-one messages, push tokens of devices, and pushes to all accounts.

codes! { Im, Message:
    /// The request asks for something that cannot be, mostly because sender or receiver is not what the command needs:
    /// a robot does not log in, a stream that has ended takes no chunk, a message that still streams is not edited. The
    /// developer checks both accounts and the command.
    RequestIllegal = 20001, raised by Fault::RequestIllegal | Fault::StreamEnded, "illegal request";

    /// The device's session ended while the request was under way. The client logs in again and repeats the request.
    SessionExpired = 20002, raised by Fault::SessionExpired, "session expired";

    /// The sender of the message is not an account of the app. Import it, or check `From_Account`.
    SenderUnknown = 20003, raised by Fault::SenderUnknown, "sender or receiver not valid";

    /// The store could not be reached for the moment. The caller tries again with the same MsgRandom, so that nothing
    /// is sent twice; the operator brings the store back.
    StoreUnavailable = 20004, raised by Failure::Unavailable, "network trouble, try again";

    /// The message lost against other writes more often than it may be tried. The caller tries again with the same
    /// MsgRandom.
    SendConflict = 20005, raised by Failure::Conflict, "internal error, try again";

    /// The app's own webhook forbade the message. The app's back end knows why; nothing is wrong with this system.
    WebhookRefused = 20006, raised by Fault::WebhookRefused, "message refused by the app";

    /// The receiver has the sender on its blocklist. The sender can do nothing; the app may choose to show the message
    /// as sent.
    BlockedByReceiver = 20007, raised by Fault::BlockedByReceiver, "receiver has blocked the sender";

    /// Sender and receiver belong to different apps: the device's frame names the app that its conversation comes from,
    /// and is logged in to another one, mostly because a client kept its database when it changed apps. The client
    /// clears the local database.
    AppMismatch = 20008, raised by Fault::AppMismatch, "sender and receiver belong to different apps";

    /// The app lets only friends write to each other, and these two are not. One of them sends a friend request first.
    NotFriends = 20009, raised by Fault::NotFriends, "sender and receiver are not friends";

    /// The receiver does not have the sender as a friend, which the app demands. The receiver must add the sender.
    NotReceiversFriend = 20010, raised by Fault::NotReceiversFriend, "sender is not a friend of the receiver";

    /// The sender does not have the receiver as a friend, which the app demands. The sender adds the receiver first.
    NotSendersFriend = 20011, raised by Fault::NotSendersFriend, "receiver is not a friend of the sender";

    /// An administrator muted the sender for one-to-one messages. The mute ends at its time, or the app's owner lifts
    /// it.
    SenderMuted = 20012, raised by Fault::SenderMuted, "sender is muted";

    /// The time in which a sender may recall a message, two minutes by default, is over. An administrator can still
    /// recall it by REST.
    RecallTooLate = 20016, raised by Fault::RecallTooLate, "too late to recall";

    /// Stored messages could not be deleted because of trouble inside. The caller tries again; deleting twice does no
    /// harm. The operator finds the trouble in the log under the request id.
    DeleteFailed = 20018, raised by Fault::DeleteFailed, "messages cannot be deleted";

    /// No message of this conversation has the key. The caller takes the MsgKey from the send's answer and names both
    /// accounts in the right order.
    MessageUnknown = 20022, raised by Fault::MessageUnknown, "message not found";

    /// The message is recalled already. Nothing is left to do.
    MessageRecalled = 20023, raised by Fault::MessageRecalled, "message already recalled";

    /// Somebody else changed the message while this change was under way: both had read the same version, and the other
    /// one was stored first. The caller loads the message again and repeats its change on the new content.
    ModifyConflict = 20028, raised by Fault::ModifyConflict, "message was modified by another";

    /// The device reported its push token before its login was complete. The client waits for the login's answer, then
    /// sets the token.
    TokenBeforeLogin = 21005, raised by Fault::TokenBeforeLogin, "log in before setting the token";

    /// The app has no credential for the vendor of this token, so no notification could ever be sent. The app's owner
    /// uploads one in the console.
    CredentialMissing = 22001, raised by Fault::CredentialMissing, "no push credential";

    /// The token could not be stored for the moment. The client tries again later; messages arrive meanwhile while the
    /// app is open.
    TokenStoreUnavailable = 22002, raised by Fault::TokenStoreUnavailable, "network trouble, set the token again";

    /// The device reported an empty token. The developer waits for the vendor's callback before it reports.
    TokenEmpty = 22003, raised by Fault::TokenEmpty, "token is empty";

    /// The token is over 256 bytes, so it is not a vendor's token. The developer checks what is passed, often a whole
    /// JSON object.
    TokenTooLong = 22004, raised by Fault::TokenTooLong, "token too long";

    /// The registration with all its extras is over 1,024 bytes. The developer shortens what goes with the login.
    RegistrationTooLong = 22005, raised by Fault::RegistrationTooLong, "registration too long";

    /// The device sets its token too often. The developer sets it once after login and when the vendor changes it.
    TokenThrottled = 22006, raised by Fault::TokenThrottled, "token set too often";

    /// The body is no JSON object, or a field that has no number of its own is missing or wrong. The caller reads the
    /// answer's text, which names the field.
    FieldInvalid = 90001,
        raised by Fault::FieldInvalid
            | Fault::FieldMissing
            | Fault::FieldTooLong
            | Fault::FieldNotFound
            | Fault::FieldEmpty
            | Fault::FieldBlank
            | Fault::FieldLettersTooMany
            | Fault::FieldItemsTooMany
            | Fault::BodyMalformed,
        "json or field not valid";

    /// `MsgBody` is empty, or one of its elements lacks its type or content or has a type that does not exist. The
    /// caller compares each element with the reference.
    MsgBodyInvalid = 90002, raised by Fault::MsgBodyInvalid, "msgbody not valid";

    /// `To_Account` is missing or not written as the command wants it: one string for a single message. The caller
    /// corrects the field.
    ReceiverInvalid = 90003, raised by Fault::ReceiverInvalid, "to_account not valid";

    /// `MsgRandom` is missing or not a whole number of 32 bits. The caller draws a new random number for each message.
    MsgRandomInvalid = 90005, raised by Fault::MsgRandomInvalid, "msgrandom is not an integer";

    /// `MsgTimeStamp` is missing or not a whole number of seconds. The caller sends Unix time in seconds, not
    /// milliseconds and not text.
    MsgTimeInvalid = 90006, raised by Fault::MsgTimeInvalid, "msgtimestamp is not an integer";

    /// `MsgBody` is an object or text instead of a list. The caller wraps even a single element in a list.
    MsgBodyNotList = 90007, raised by Fault::MsgBodyNotList, "msgbody is not an array";

    /// `From_Account` is missing, malformed or names no account. The caller imports the sender first, or leaves the
    /// field out where the administrator speaks.
    SenderInvalid = 90008, raised by Fault::SenderInvalid | Fault::BatchSenderUnknown, "from_account not valid";

    /// Somebody acts for an account that is not theirs; only an administrator of the app may. A device may act for its
    /// own account alone.
    NotAdmin = 90009, raised by Fault::NotSender | Fault::AdminRequired, "app administrator required";

    /// The content of an element is not as its type demands, such as a picture without its sizes. The caller compares
    /// the element with the reference; the answer's text says what is wrong.
    MsgElementInvalid = 90010, raised by Fault::MsgElementInvalid, "message element not valid";

    /// One call names more than 500 receivers. The caller splits the list into several calls.
    ReceiversTooMany = 90011, raised by Fault::ReceiversTooMany, "too many receivers";

    /// The receiver is not an account of the app. Import it first, or check the spelling of `To_Account`.
    ReceiverUnknown = 90012, raised by Fault::ReceiverUnknown, "receiver not found";

    /// The call asks about more accounts than it may at once. The caller splits its list; the reference names each
    /// command's bound.
    PeersTooMany = 90018, raised by Fault::PeersTooMany, "too many accounts";

    /// A tag stands in both `TagsOr` and `TagsAnd` of a push. The caller decides for one of them.
    TagTwice = 90022, raised by Fault::TagTwice, "tag in both tagsor and tagsand";

    /// Two pushes to all accounts are less than a second apart. The caller waits, or reaches its audience with one
    /// push.
    PushThrottled = 90024, raised by Fault::BroadcastThrottled, "pushes too frequent";

    /// `MsgLifeTime` is over seven days, the longest that a message waits for a device. The caller lowers it or leaves
    /// it out.
    LifeTimeTooLong = 90026, raised by Fault::LifeTimeTooLong, "msglifetime too long";

    /// In an import, `SyncFromOldSystem` is missing or not a number: 5 for live migration, 2 for history. In attribute
    /// calls, a name is empty or over 50 bytes. The caller corrects that field.
    ImportModeInvalid = 90030,
        raised by Fault::ImportModeInvalid | Fault::AttributeLength,
        "syncfromoldsystem or attribute length not valid";

    /// `SyncOtherMachine` is not a whole number. The caller sends 1 to copy the message to the sender's devices, 2 not
    /// to.
    SyncFlagInvalid = 90031, raised by Fault::SyncFlagInvalid, "syncothermachine is not an integer";

    /// A push's condition, or a call that adds tags, names more than ten tags. The caller uses fewer.
    TagsTooMany = 90032, raised by Fault::TagsTooMany, "too many tags";

    /// The attribute is not declared for the app. The app's owner declares its name before it is set or asked for.
    AttributeUnknown = 90033, raised by Fault::AttributeUnknown, "attribute not valid";

    /// A tag is over 50 bytes. The caller shortens it; CJK characters take three bytes each.
    TagTooLong = 90034, raised by Fault::TagTooLong, "tag too long";

    /// One tag in a push's condition has no characters. The caller removes it from the list.
    TagEmpty = 90040, raised by Fault::TagEmpty, "tag is empty";

    /// `OfflinePushInfo` is no object or one of its fields has the wrong type. The caller compares it with the
    /// reference, vendor parts included.
    PushInfoInvalid = 90043, raised by Fault::PushInfoInvalid, "offlinepushinfo not valid";

    /// `MsgLifeTime` is not a whole number of seconds. The caller sends a JSON number; 0 means that only online devices
    /// get the message.
    LifeTimeInvalid = 90044, raised by Fault::LifeTimeInvalid, "msglifetime is not an integer";

    /// Pushes to all accounts are not switched on for the app. The operator adds them to the app's plan.
    PushDisabled = 90045, raised by Fault::BroadcastDisabled, "push to all accounts is not enabled";

    /// The app has used up its pushes of today, 100 by default. The caller waits for tomorrow, or the operator raises
    /// the number.
    PushQuota = 90047, raised by Fault::BroadcastQuota, "too many pushes today";

    /// The receiver's account was deleted. The app removes it from its own lists; a message cannot reach it any more.
    ReceiverDeleted = 90048, raised by Fault::ReceiverDeleted | Fault::NamedUnknown, "account not found or deleted";

    /// `MsgKey` is missing or is not of the form that a send answers. The caller stores the key as text, unchanged.
    MsgKeyInvalid = 90054, raised by Fault::MsgKeyInvalid, "msgkey not valid";

    /// The message of a batch is over 12 KB with all its elements. The caller shortens it, or sends a file.
    BatchMessageTooLong = 90055, raised by Fault::BatchMessageTooLong, "batch message too long";

    /// More messages wait to be stored than the queue may hold. The caller slows down and repeats with the same
    /// MsgRandom; the operator looks at the store's speed.
    QueueFull = 90994, raised by Failure::Overloaded, "internal error, queue full";

    /// The message could not be stored, because no room is left or the store is read-only. The operator makes room; the
    /// caller tries again after that.
    StoreFull = 90995, raised by Failure::Full, "internal error, storage failed";

    /// Something unexpected happened inside. The caller may try again with the same MsgRandom; the operator finds the
    /// cause in the log under the request id.
    InternalError = 91000, raised by Failure::Internal, "internal error";

    /// The store did not answer in time, or more calls wait for the app's webhook than may. The caller tries again with
    /// the same MsgRandom; if every call ends so, look at the webhook first.
    InternalTimeout = 90992, raised by Failure::Timeout | Fault::WebhookBusy, "internal timeout";

    /// The whole body is over what a call may carry. The caller splits its work, or shortens the message.
    BodyTooLarge = 93000, raised by Fault::BodyTooLarge, "json body too long";

    /// A web client was put out because the account opened more web instances than it may. The user closes one; the
    /// app's owner can allow more by another plan.
    WebInstanceReplaced = 91101, raised by Fault::WebInstanceReplaced, "too many web instances";

    /// The app's own webhook refused the message with a number that the app chose. Only the app's back end knows what
    /// it means; its text comes along.
    WebhookCustom = 120001..130000, raised by Fault::WebhookCustom, "refused by the app with its own code";

    /// The device changes an older version of the message than there is. The client shows the newest one, which it gets
    /// with the notice of the change or by loading it, and lets its user decide again.
    VersionOutdated = 20027 extra, raised by Fault::VersionOutdated, "message has a newer version";

    /// Somebody else changed this pair of the message's extensions in between. The answer holds the pair as it is now;
    /// the client repeats its change with that pair's sequence.
    ExtensionConflict = 23001 extra, raised by Fault::ExtensionConflict, "extension was changed by another";

    /// The message was sent without `SupportMessageExtension`, so nothing can be attached to it. The sender sets the
    /// flag when it sends.
    ExtensionForbidden = 23002 extra, raised by Fault::ExtensionForbidden, "message takes no extensions";

    /// The extensions of one message were changed more than 200 times within a minute. The caller gathers its changes,
    /// up to 20 pairs in one call.
    ExtensionThrottled = 23003 extra, raised by Fault::ExtensionThrottled, "extensions changed too often";

    /// No message of this conversation has the key, or it was recalled, so it has no extensions. The caller takes the
    /// MsgKey from the send's answer and names both accounts in the right order.
    ExtendedUnknown = 23004 extra, raised by Fault::ExtendedUnknown, "extended message not found";

    /// The app's plan does not include message extensions or robots, or has no room for another robot or stream. The
    /// operator changes the app's plan.
    FeatureNotInPlan = 10008 extra, raised by Fault::FeatureNotInPlan, "not included in the plan";

    /// `MsgSeq` is there but is not a whole number of 32 bits. The caller sends a JSON number between 0 and 4294967295,
    /// or leaves it out.
    MsgSeqInvalid = 90004 extra, raised by Fault::MsgSeqInvalid, "msgseq is not an integer";

    /// `To_Account` of a batch is not a list. The caller wraps even a single receiver in a list.
    ReceiversNotList = 90028 extra, raised by Fault::ReceiversNotList, "to_account is not an array";

    /// `To_Account` of a batch is an empty list. The caller names at least one receiver.
    ReceiversEmpty = 90029 extra, raised by Fault::ReceiversEmpty, "to_account is empty";

    /// The app's batches reached more receivers within a minute than they may, 12,000 by default. The caller waits for
    /// the next minute; a push's `DataId` over 64 bytes has this number too.
    BatchThrottled = 90057 extra,
        raised by Fault::BatchThrottled | Fault::DataIdTooLong,
        "too many batch receivers, or dataid too long";

    /// A push's condition names tags and attributes. The caller asks for one kind; two pushes reach two audiences.
    ConditionMixed = 90039 extra, raised by Fault::ConditionMixed, "tags and attributes in one condition";

    /// No push that could be revoked has this `TaskId`. The caller takes the id from the answer of `timpush/push` or
    /// `timpush/batch`.
    TaskUnknown = 90049 extra, raised by Fault::TaskUnknown, "taskid not found";

    /// The push is revoked already. Nothing is left to do.
    TaskRevoked = 90050 extra, raised by Fault::TaskRevoked, "push already revoked";

    /// Two revocations are less than a second apart. The caller waits for a second.
    RevokeThrottled = 90051 extra, raised by Fault::RevokeThrottled, "revocations too frequent";

    /// The push is more than 24 hours old. What was delivered stays.
    TaskTooOld = 90052 extra, raised by Fault::TaskTooOld, "push too old to revoke";

    /// The push stored no message that could be taken back, so its notifications are overwritten, and the call brings
    /// no text for that. The caller sends `OfflinePushInfo`.
    RevokeTextMissing = 90053 extra, raised by Fault::RevokeTextMissing, "offlinepushinfo needed to revoke";

    /// What a push carries is over 10 KB. The caller shortens the message or its notification.
    PushTooLong = 90056 extra, raised by Fault::BroadcastTooLong, "push too long";
}
