//! The list of recent conversations, its groups, marks and pins.

codes! { Im, Conversation:
    /// The owner of the list, or the account on the other side, does not exist. Import it first, or check the spelling.
    AccountUnknown = 50001 pending, raised by Fault::AccountUnknown, "account not found";

    /// A parameter is missing or wrong, or the body is no JSON object. The caller reads the answer's text and compares
    /// the body with the reference.
    FieldInvalid = 50002 pending,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::BodyMalformed,
        "parameter not valid";

    /// The call is for administrators of the app. The gateway asks for one earlier and answers 60010; this number is
    /// for services that check by themselves.
    NotAdmin = 50003, raised by Pending, "caller is not an app administrator";

    /// The list could not be read or written because of trouble inside. The caller tries again; the operator looks into
    /// the log.
    InternalError = 50004 pending,
        raised by Failure::Internal | Failure::Full | Failure::Conflict | Failure::Overloaded, "internal error";

    /// The store did not answer in time. The caller tries again after a short pause.
    StoreTimeout = 50005 pending, raised by Failure::Timeout | Failure::Unavailable, "internal timeout";

    /// A call marks no conversation or more than 100 at once. The caller splits its list.
    MarkBatchInvalid = 51006 pending, raised by Fault::BatchSizeInvalid, "number of conversations not valid";

    /// The group of the conversation was disbanded, or the account is no longer in it. The client removes the
    /// conversation from its list.
    GroupUnknown = 51007, raised by Pending, "group of the conversation not found";

    /// All conversation groups of the account together hold 1,000 conversations. Take some out before more are added.
    GroupedQuota = 51008, raised by Pending, "too many conversations in groups";

    /// No conversation group has this name. The client reloads the groups before it changes or deletes one.
    ConversationGroupUnknown = 51009, raised by Pending, "conversation group not found";

    /// The account has 20 conversation groups, the most there may be. It deletes or merges some.
    ConversationGroupQuota = 51010, raised by Pending, "too many conversation groups";

    /// The name of the conversation group is over 32 bytes. The user picks a shorter one.
    ConversationGroupNameTooLong = 51011, raised by Pending, "conversation group name too long";

    /// The account has pinned 50 conversations, the most there may be. It unpins one first.
    PinQuota = 51012, raised by Pending, "too many pinned conversations";
}
