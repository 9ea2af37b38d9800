//! The list of recent conversations, its groups, marks and pins.

codes! { Im, Conversation:
    /// The owner of the list, or the account on the other side, does not exist. Import it first, or check the spelling.
    AccountUnknown = 50001, raised by Fault::AccountUnknown, "account not found";

    /// A parameter is missing or wrong, or the body is no JSON object. The caller reads the answer's text and compares
    /// the body with the reference.
    FieldInvalid = 50002,
        raised by Fault::FieldInvalid
            | Fault::FieldMissing
            | Fault::FieldTooLong
            | Fault::BodyMalformed
            | Fault::BatchSizeInvalid,
        "parameter not valid";

    /// An account wants the list of another one, which only administrators of the app may; otherwise `From_Account` must
    /// be the caller. Where the app lets only administrators call, others meet 60010 earlier.
    NotAdmin = 50003, raised by Fault::ListForeign | Fault::AdminRequired, "caller is not an app administrator";

    /// The list could not be read or written because of trouble inside. The caller tries again; the operator looks into
    /// the log.
    InternalError = 50004,
        raised by Failure::Internal | Failure::Full | Failure::Conflict | Failure::Overloaded, "internal error";

    /// The store did not answer in time. The caller tries again after a short pause.
    StoreTimeout = 50005, raised by Failure::Timeout | Failure::Unavailable, "internal timeout";

    /// A call marks no conversation or more than 100 at once. The caller splits its list.
    MarkBatchInvalid = 51006, raised by Fault::MarkBatchInvalid, "number of conversations not valid";

    /// The group of the conversation was disbanded, or the account is no longer in it. The client removes the
    /// conversation from its list.
    GroupUnknown = 51007, raised by Fault::GroupNotJoined, "group of the conversation not found";

    /// All conversation groups of the account together hold 1,000 conversations, or as many are marked. Take some out
    /// before more are added.
    GroupedQuota = 51008, raised by Fault::GroupedQuota, "too many conversations in groups";

    /// No conversation group has this name. The client reloads the groups before it changes or deletes one.
    ConversationGroupUnknown = 51009, raised by Fault::ConversationGroupUnknown, "conversation group not found";

    /// The account has 20 conversation groups, the most there may be. It deletes or merges some.
    ConversationGroupQuota = 51010, raised by Fault::ConversationGroupQuota, "too many conversation groups";

    /// The name of the conversation group is empty or over 32 bytes. The user picks another one.
    ConversationGroupNameTooLong = 51011,
        raised by Fault::ConversationGroupNameInvalid, "conversation group name too long";

    /// The account has pinned 50 conversations, the most there may be. It unpins one first.
    PinQuota = 51012, raised by Fault::PinQuota, "too many pinned conversations";

    /// The app's plan has neither conversation groups nor marks but custom ones. The operator changes the plan.
    ConversationGroupsForbidden = 51013 extra,
        raised by Fault::ConversationGroupsForbidden, "plan without conversation groups";
}
