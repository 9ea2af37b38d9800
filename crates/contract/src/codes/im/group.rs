//! Groups, topics and what is sent in them.

codes! { Im, Group:
    /// Something unexpected happened inside. The caller tries again; the operator finds the cause in the log under the
    /// request id.
    InternalError = 10002,
        raised by Failure::Internal | Failure::Full | Failure::Conflict | Failure::Timeout | Failure::Unavailable
        | Failure::Overloaded,
        "internal error";

    /// The group service has no such command. The caller compares the spelling with the reference; case counts.
    CommandUnknown = 10003, raised by Fault::CommandUnknown, "no such group command";

    /// A parameter is missing or wrong, or cannot be used with this group type. The caller reads the answer's text,
    /// which names it.
    FieldInvalid = 10004,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::ExtensionsTooMany,
        "parameter not valid";

    /// One call names more accounts than it may: 100 at creation, 300 when members are added. The caller splits its
    /// list.
    AccountsTooMany = 10005, raised by Fault::BatchSizeInvalid, "too many accounts";

    /// The group service is called too often, such as more than one full list of groups per second. The caller slows
    /// down.
    OperationThrottled = 10006, raised by Fault::GroupThrottled, "operation too frequent";

    /// The account's role is too low, it is not a member, or this type of group has no such operation. The reference
    /// lists which role may do what in which type.
    OperationForbidden = 10007, raised by Fault::GroupForbidden, "no permission for the operation";

    /// The owner wants to leave, which this type of group does not let it do. The owner hands the group over first, or
    /// disbands it.
    OwnerMayNotLeave = 10009, raised by Fault::OwnerMayNotLeave, "owner may not leave the group";

    /// The group or topic does not exist, or was disbanded. The client removes it from its list.
    GroupUnknown = 10010, raised by Fault::GroupGone, "group not found";

    /// The body cannot be parsed as a JSON object. The caller checks what it really sends, its encoding included.
    BodyMalformed = 10011, raised by Fault::BodyMalformed, "body is not a json object";

    /// The UserID of whoever acts is empty, too long or has characters that it may not have. The caller checks
    /// `identifier` and `From_Account`.
    OperatorInvalid = 10012, raised by Fault::OperatorInvalid, "operator userid not valid";

    /// Whoever wants to join is in the group already. The client loads the group instead of joining.
    AlreadyMember = 10013, raised by Fault::AlreadyMember, "already a member";

    /// The group has as many members as it was set to hold. The owner raises the bound or removes members; a batch may
    /// succeed in smaller parts.
    GroupFull = 10014, raised by Fault::GroupFull, "group is full";

    /// The text cannot be the id of a group, or no group ever had it. The caller takes ids from answers, with their
    /// `@TGS#` prefix.
    GroupIdInvalid = 10015, raised by Fault::GroupIdInvalid, "group id not valid";

    /// The app's own webhook forbade the operation, or failed where the app wants nothing to happen then. The app's back
    /// end knows why; nothing is wrong with this system.
    WebhookRefused = 10016, raised by Fault::OperationRefused, "operation refused by the app";

    /// The sender, or the whole group, is muted. It ends at its time, or an administrator of the group lifts it.
    SenderMuted = 10017, raised by Fault::MutedInGroup, "sender is muted";

    /// The answer would be over 1 MB. The caller asks for fewer groups, members or fields at once.
    AnswerTooLarge = 10018, raised by Fault::AnswerTooLarge, "answer too large";

    /// An account named as member, owner or sender does not exist. Import it first, or check the spelling.
    AccountUnknown = 10019, raised by Fault::AccountUnknown, "account not found";

    /// Another group has this id already. The caller chooses another, or leaves it to the system.
    GroupIdTaken = 10021, raised by Fault::GroupIdTaken, "group id already used";

    /// Messages are sent into the group faster than it allows. The sender waits between messages; the app's owner can
    /// change the rate.
    SendThrottled = 10023, raised by Fault::GroupSendThrottled, "messages too frequent";

    /// The request to join, or the invitation, was answered by somebody else before. The client reloads the list of
    /// requests.
    RequestHandled = 10024, raised by Fault::JoinRequestHandled, "request already handled";

    /// The group id is taken, but by a group of the same owner. The owner uses that group instead of creating one.
    GroupIdOwned = 10025, raised by Fault::GroupIdOwned, "group id already used by the owner";

    /// An operator disabled this group command for the app. The caller must do without it, or ask the operator to allow
    /// it.
    CommandDisabled = 10026, raised by Fault::CommandDisabled, "command is disabled for the app";

    /// No message of the group has the sequence number that should be recalled. The client reloads the history.
    MessageUnknown = 10030, raised by Fault::MessageUnknown, "message to recall not found";

    /// The time in which a sender may recall, two minutes by default, is over. The app's back end still can by REST.
    RecallTooLate = 10031, raised by Fault::RecallTooLate, "too late to recall";

    /// The message is a tip, a placeholder or recalled already, so it cannot be recalled. The client hides the choice
    /// for such messages.
    RecallUnsupported = 10032, raised by Fault::MessageRecalled | Fault::RecallImpossible, "message cannot be recalled";

    /// Groups of this type keep no messages, so none can be recalled. The app corrects what it showed by a message of
    /// its own.
    GroupWithoutRecall = 10033, raised by Fault::GroupWithoutRecall, "group type does not support recall";

    /// Messages of this kind, such as tips, cannot be deleted. The client hides the choice for them.
    DeleteUnsupported = 10034, raised by Fault::DeleteImpossible, "message type cannot be deleted";

    /// Live and broadcast groups keep no messages for anybody, so nothing can be deleted there. The client clears its
    /// own view.
    GroupWithoutDelete = 10035, raised by Fault::GroupWithoutDelete, "group type does not support deletion";

    /// The app has as many live groups as its plan allows. Disband some that ended, or the operator raises the plan.
    LiveGroupQuota = 10036, raised by Fault::LiveGroupQuota, "too many live groups";

    /// The account has created or joined as many groups, or the community has as many topics, as it may. Leave or
    /// delete some, or the operator raises the plan.
    GroupQuotaOfAccount = 10037, raised by Fault::JoinedQuota, "account is in too many groups";

    /// The group should hold more members than the plan allows for its type. The operator raises the plan; then the
    /// group's own bound is raised by a change of its data.
    MemberQuota = 10038, raised by Fault::MemberQuota, "too many members for the plan";

    /// The app switched off that group messages may be recalled. The app's owner switches it on in the console.
    RecallDisabled = 10041, raised by Fault::GroupRecallDisabled, "recall is disabled for the app";

    /// This type of group stores no history that could be fetched. Newcomers see what arrives from now on.
    GroupWithoutHistory = 10044, raised by Fault::GroupWithoutHistory, "group type keeps no history";

    /// The key of a group attribute is over 32 bytes. The caller shortens the key.
    AttributeKeyTooLong = 10045, raised by Fault::AttributeKeyTooLong, "attribute key too long";

    /// The value of one group attribute is over 4,000 bytes. The caller shortens it, or stores it elsewhere and keeps a
    /// link.
    AttributeValueTooLong = 10046, raised by Fault::AttributeValueTooLong, "attribute value too long";

    /// The group would have more than 16 attributes. The caller deletes some, or joins several into one value.
    AttributesTooMany = 10047, raised by Fault::GroupAttributesTooMany, "too many attributes";

    /// All attribute values of the group together are over 16,000 bytes. The caller shortens or deletes some.
    AttributesTooLong = 10048, raised by Fault::GroupAttributesTooLong, "attributes too long in total";

    /// The group's attributes are written more than five times per second. The caller puts several changes into one
    /// call.
    AttributesThrottled = 10049, raised by Fault::AttributesThrottled, "attribute writes too frequent";

    /// The attribute to delete is not there. The client reloads the attributes.
    AttributeUnknown = 10050, raised by Fault::GroupAttributeUnknown, "attribute not found";

    /// One call deletes more messages than it may, 30 for a client. The caller splits its list.
    DeleteBatchTooLarge = 10051, raised by Fault::DeleteBatchTooLarge, "too many messages to delete";

    /// A message to delete is not in this group. The client reloads the history and checks which group it asks.
    MessageToDeleteUnknown = 10052, raised by Fault::MessageToDeleteUnknown, "message to delete not found";

    /// The message mentions more than 30 members. The sender mentions fewer, or all.
    MentionsTooMany = 10053, raised by Fault::MentionsTooMany, "too many mentions";

    /// The group has too many members for one answer. The caller fetches them page by page.
    MembersTooMany = 10054, raised by Fault::MembersTooMany, "too many members, fetch by page";

    /// Somebody else wrote the group's attributes in between. The client loads them and repeats its change on what is
    /// there now.
    AttributeConflict = 10056, raised by Fault::AttributesChanged, "attributes were changed by another";

    /// A trial app has 100 groups, the most that it may. Disband some, or the operator moves the app to a larger plan.
    GroupQuota = 10058, raised by Fault::GroupQuota, "too many groups";

    /// The app's plan lacks this feature, such as counters or receipts. The operator switches it on or raises the plan.
    FeatureMissing = 10059, raised by Fault::GroupFeatureMissing, "feature is not in the plan";

    /// The group has more members than receipts are kept for. The client sends without asking for receipts.
    ReceiptGroupTooLarge = 10060, raised by Fault::ReceiptGroupTooLarge, "group too large for receipts";

    /// A message that only online members get cannot ask for receipts. The client sends it as an ordinary message, or
    /// without the wish.
    ReceiptUnsupported = 10061, raised by Fault::ReceiptUnsupported, "online message has no receipts";

    /// No receipts are kept for the message: it did not ask for any, they have expired, or the message is unknown. The
    /// sender asks when it sends; the client stops asking about this one.
    ReceiptUnknown = 10062, raised by Fault::ReceiptUnknown, "receipts of the message not found";

    /// The group would have more than 20 counters. The caller deletes some first.
    CountersTooMany = 10063, raised by Fault::CountersTooMany, "too many counters";

    /// The app's own webhook forbade the operation with a number of its own, from a span that the contract leaves to apps.
    /// The app's back end knows what it means.
    WebhookCustom = 10100..10200 extra, raised by Fault::WebhookCustom, "refused by the app with its own code";

    /// Communities are switched off for the app, or this community has no topics. The operator switches them on; topics
    /// need a community made for them.
    CommunityDisabled = 11000, raised by Fault::CommunityDisabled, "community is not enabled";

    /// The topic was deleted before. The client removes it from its list.
    TopicDeleted = 110003 extra, raised by Fault::TopicDeleted, "topic is deleted already";
}
