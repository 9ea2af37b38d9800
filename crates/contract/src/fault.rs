//! What a caller did wrong, in words of the domain.
//!
//! Rules return faults and never choose a number: the catalogue in [`crate::codes`] spells a fault for each surface and
//! family. Two situations that need two numbers in one family are two faults.

/// What a caller did wrong or may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    // The request line.
    /// The URL or the method cannot be understood.
    UrlMalformed,
    /// No such service or command.
    CommandUnknown,
    /// The app id is not in the URL.
    AppMissing,
    /// The app id is not a number.
    AppInvalid,
    /// No app has this id.
    AppUnknown,
    /// An operator disabled the app.
    AppDisabled,
    /// An operator stopped the app (device channel only; callers of REST meet [`Fault::AppDisabled`]).
    AppStopped,
    /// An operator disabled this command for the app.
    CommandDisabled,
    /// The app's plan has ended or has not begun.
    PlanExpired,
    /// The caller's address is not on the app's list.
    AddressForbidden,
    /// The calling account is missing or misspelt.
    CallerInvalid,
    /// The caller is not an administrator of the app.
    NotAdmin,
    /// The service behind the gateway wants an administrator: ordinary accounts get this far only where their app lets
    /// them call, and may act on nothing that belongs to another one.
    AdminRequired,
    /// The app's plan allows no further message by REST today.
    SendQuota {
        /// The bound of the plan.
        max: u64,
    },
    /// Too many calls of this command.
    CallThrottled,
    /// Too many calls of the app altogether.
    AppThrottled,
    /// Too many calls of this caller at once.
    CallerThrottled,
    /// The node has more work than it can do.
    NodeBusy,
    /// A service behind the gateway did not answer in time.
    ServiceTimeout,
    /// An account could not be looked up in time.
    AccountLookupTimeout,

    // The OpenAPI's gateway.
    /// No product is served under this version.
    ProductUnknown,
    /// Calls must come over TLS.
    TlsRequired,
    /// No access key has this id.
    AccessKeyUnknown,
    /// The call's time is not in the contract's form.
    TimestampMalformed,
    /// The call's time is too far from this machine's.
    TimestampExpired,
    /// The nonce was used before.
    NonceUsed,
    /// The signature is not the one that this side computes.
    SignatureMismatch {
        /// What this side signed, for the developer who looks for the difference.
        signed: String,
    },
    /// The cloud account is of a kind that is not supported.
    CloudAccountUnsupported,
    /// An operator prohibited the cloud account.
    CloudAccountProhibited,
    /// The cloud account is in debt.
    CloudAccountInDebt,
    /// The service is not switched on for the cloud account.
    CloudAccountDisabled,
    /// The access key may not do this.
    ActionForbidden,
    /// A push should begin later than it may be planned ahead.
    PushTimeTooLate,
    /// A push would expire before it has begun, or at once.
    ExpireTimeTooEarly,

    // User sigs.
    /// No user sig in the request.
    UserSigMissing,
    /// The user sig is there and empty.
    UserSigEmpty,
    /// The user sig is not base64 of zlib; mostly cut off.
    UserSigUndecodable,
    /// The user sig opens, but does not hold what it must.
    UserSigMalformed,
    /// The signature is not made with a key of this app.
    UserSigForged,
    /// The user sig belongs to another account.
    UserSigOtherAccount,
    /// The user sig belongs to another app.
    UserSigOtherApp,
    /// The app has no signing key.
    KeyMissing,
    /// The user sig has expired.
    UserSigExpired,
    /// The user sig is older than the account's last kick or deletion.
    UserSigRevoked,
    /// Too many failed verifications; wait a minute.
    VerifyThrottled,
    /// The account is on the app's login blocklist.
    AccountBlocked,
    /// Too many logins of this account.
    LoginThrottled,

    // Bodies and fields.
    /// The body is not JSON, or not an object.
    BodyMalformed,
    /// The body is over the bound of the surface.
    BodyTooLarge {
        /// The bound in bytes.
        max: usize,
    },
    /// A required field is missing.
    FieldMissing {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A field has the wrong type or an impossible value.
    FieldInvalid {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A text field is over its bound.
    FieldTooLong {
        /// The field as the surface spells it.
        field: &'static str,
        /// The bound in bytes.
        max: usize,
    },
    /// What a parameter names does not exist.
    FieldNotFound {
        /// The parameter as the surface spells it.
        field: &'static str,
    },
    /// A parameter is there without content.
    FieldEmpty {
        /// The parameter as the surface spells it.
        field: &'static str,
    },
    /// A parameter is nothing but white space.
    FieldBlank {
        /// The parameter as the surface spells it.
        field: &'static str,
    },
    /// A text parameter has more characters than it may.
    FieldLettersTooMany {
        /// The parameter as the surface spells it.
        field: &'static str,
        /// The bound in characters.
        max: usize,
    },
    /// A statistic is asked for over more days than it may.
    PeriodTooLong {
        /// The bound in days.
        max: i64,
    },
    /// A list parameter has more items than it may, or what it adds to would.
    FieldItemsTooMany {
        /// The parameter as the surface spells it.
        field: &'static str,
        /// The bound in items.
        max: usize,
    },
    /// A UserID in the body is not a string.
    UserIdNotText {
        /// The field as the surface spells it.
        field: &'static str,
    },
    /// A batch is empty or over its bound.
    BatchSizeInvalid {
        /// The bound.
        max: usize,
    },
    /// A text of a profile is over its bound.
    ProfileTooLong {
        /// The bound in bytes.
        max: usize,
    },

    // Profiles.
    /// Nobody is named whose profile is wanted.
    ProfileTargetMissing,
    /// A device wants to change another account's profile.
    ProfileNotOwn,
    /// This kind of caller may not read the field.
    ProfileFieldUnreadable,
    /// This kind of caller may not write the field.
    ProfileFieldUnwritable,
    /// No profile field has this tag.
    ProfileTagUnknown,
    /// A value outside what the field may hold.
    ProfileValueInvalid,
    /// A value of another type than the field's.
    ProfileValueTypeInvalid,

    // Accounts.
    /// No account has this UserID.
    AccountUnknown,
    /// The app's plan allows no further account.
    AccountQuota {
        /// The bound of the plan.
        max: u64,
    },
    /// A deleted UserID may not be imported again yet.
    AccountRetired,
    /// The app's plan does not allow that accounts are deleted.
    DeleteForbidden,
    /// The app's plan allows no further active account today.
    DailyActiveQuota,
    /// Online status is not switched on for the app.
    StatusDisabled,

    // Following.
    /// Following is not part of the app's plan, or switched off.
    FollowDisabled,
    /// The account follows as many as it may.
    FollowingQuota,
    /// The account to be followed has as many followers as it may.
    FollowerQuota,
    /// The account has as many mutual followers as it may.
    MutualQuota,
    /// The account to be followed has as many mutual followers as it may.
    PeerMutualQuota,

    // Mutes.
    /// An administrator muted the sender for one-to-one messages.
    SenderMuted,
    /// Nobody is named whose mute is wanted.
    MuteQueryMissing,
    /// Whose mute is wanted is no account of the app.
    MuteQueryInvalid,
    /// Nobody is named who is to be muted.
    MuteTargetMissing,
    /// Who is to be muted is no account of the app.
    MuteTargetInvalid,
    /// Neither of the two times of a mute is given.
    MuteTimesMissing,

    // Relations.
    /// The id names another kind of thing than an account of this app.
    NotAnAccount,
    /// An account has no relation with itself.
    SelfRelation,
    /// The account is a friend already.
    AlreadyFriend,
    /// The account whose entry is asked for or changed is not a friend.
    NotFriend,
    /// The account is on the blocklist already.
    AlreadyBlocked,
    /// The account is not on the blocklist.
    NotBlocked,
    /// A friend group of this name exists.
    FriendGroupExists,
    /// No friend group has this name.
    FriendGroupUnknown,
    /// The account that is to go into a friend group is not a friend.
    GroupedNotFriend,
    /// An administrator forbade the account to send friend requests.
    RequestForbidden,
    /// The account has as many friends as it may.
    FriendQuota {
        /// The bound.
        max: i64,
    },
    /// The account has as many friend groups as it may.
    FriendGroupQuota {
        /// The bound.
        max: usize,
    },
    /// As many friend requests as may wait for the receiver's answer.
    RequestQuota {
        /// The bound.
        max: i64,
    },
    /// The blocklist is full.
    BlocklistQuota {
        /// The bound.
        max: i64,
    },
    /// The other account has as many friends as it may.
    PeerFriendQuota {
        /// The bound.
        max: i64,
    },
    /// The other account is on the asker's blocklist.
    PeerBlocked,
    /// The other account lets nobody add it.
    RequestRefused,
    /// The asker is on the other account's blocklist.
    BlockedByPeer,
    /// The friend request waits for the other account's answer.
    RequestPending,
    /// Friends are added faster than the plan allows.
    RequestThrottled,
    /// The friend request to be answered is not there.
    RequestUnknown,
    /// The account to be removed is not a friend.
    FriendUnknown,
    /// Friends are removed faster than the plan allows.
    RemoveThrottled,
    /// The friend request to be deleted is not there.
    RequestGone,
    /// The receiver of a message has the sender on its blocklist.
    BlockedByReceiver,
    /// Sender and receiver are not friends, which the app demands.
    NotFriends,
    /// The receiver does not have the sender as a friend, which the app demands.
    NotReceiversFriend,
    /// The sender does not have the receiver as a friend, which the app demands.
    NotSendersFriend,

    // Messages.
    /// The receiver is missing or misspelt.
    ReceiverInvalid,
    /// The list of receivers is not a list.
    ReceiversNotList,
    /// The list of receivers is empty.
    ReceiversEmpty,
    /// More receivers than one call may name.
    ReceiversTooMany {
        /// The bound.
        max: usize,
    },
    /// More peers than one call may ask about.
    PeersTooMany {
        /// The bound.
        max: usize,
    },
    /// The sender is missing or misspelt.
    SenderInvalid,
    /// The sender's account does not exist.
    SenderUnknown,
    /// The sender of a batch or of an import does not exist.
    BatchSenderUnknown,
    /// The receiver's account does not exist.
    ReceiverUnknown,
    /// The receiver's account was deleted.
    ReceiverDeleted,
    /// The sequence number is not an unsigned 32-bit number.
    MsgSeqInvalid,
    /// The random number is missing or not an unsigned 32-bit number.
    MsgRandomInvalid,
    /// The time stamp is missing or not a number.
    MsgTimeInvalid,
    /// The message body is not a list.
    MsgBodyNotList,
    /// The message body is empty, or one of its elements has no type, no content or an unknown type.
    MsgBodyInvalid,
    /// An element's content is not as its type demands.
    MsgElementInvalid {
        /// What is wrong, for the developer.
        what: &'static str,
    },
    /// The choice whether to sync the sender's other devices is not a number.
    SyncFlagInvalid,
    /// The choice between live and historic import is missing or not a number.
    ImportModeInvalid,
    /// The life time is not a number.
    LifeTimeInvalid,
    /// The life time is over the bound.
    LifeTimeTooLong {
        /// The bound in seconds.
        max: i64,
    },
    /// The offline push options are malformed.
    PushInfoInvalid,
    /// The message is over the bound of a single send.
    MessageTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The message is over the bound of a batch.
    BatchMessageTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// Too many receivers within the last minute.
    BatchThrottled,
    /// The key of a message is missing or malformed.
    MsgKeyInvalid,
    /// No such message.
    MessageUnknown,
    /// The message is recalled already.
    MessageRecalled,
    /// The time in which a sender may recall is over.
    RecallTooLate {
        /// The window in seconds.
        window_s: i64,
    },
    /// Stored messages could not be deleted; what went wrong is in the log.
    DeleteFailed,
    /// Somebody else changed the message while the call was under way.
    ModifyConflict,
    /// The caller changes an older version of the message than there is.
    VersionOutdated {
        /// The version that there is.
        version: i64,
    },
    /// The stream is over: by its last chunk, by silence, or because the message is none.
    StreamEnded,
    /// The conversation belongs to another app than the one that the device is logged in to.
    AppMismatch,
    /// Another web instance of the account took this one's place.
    WebInstanceReplaced,

    // Extensions of messages, and robots.
    /// No message has the key to which extensions are to be attached.
    ExtendedUnknown,
    /// The message was sent without allowing extensions.
    ExtensionForbidden,
    /// Too many changes of one message's extensions within a minute.
    ExtensionThrottled,
    /// Somebody else changed the pair in between.
    ExtensionConflict,
    /// The message would have more pairs than it may.
    ExtensionsTooMany {
        /// The bound.
        max: usize,
    },
    /// The app's plan does not include this, or no more of it.
    FeatureNotInPlan,

    /// The device may not act for this account.
    NotSender,
    /// The device's session ended while the request was under way.
    SessionExpired,
    /// The frame asks for something that cannot be (sender and receiver are checked).
    RequestIllegal,

    // Content.
    /// The text holds a word that the app's list forbids.
    TextForbidden,
    /// The message refers to a file that is on the app's list of forbidden ones.
    ImageForbidden,

    // Files.
    /// No such file, or its upload was never begun.
    FileUnknown,
    /// The file may not be read, or may not be stored.
    FileForbidden,
    /// The file is over the bound of its kind.
    FileTooLarge {
        /// The bound in bytes.
        max: u64,
    },
    /// The transfer was given up by its own side.
    TransferCanceled,
    /// The content ended before its announced size.
    FileReadFailed,
    /// No byte came for too long.
    TransferTimeout,
    /// A parameter of the transfer makes no sense.
    TransferInvalid {
        /// Which one.
        field: &'static str,
    },
    /// What arrived has another digest than was announced.
    FileDigestMismatch,
    /// A part of it has another digest than was announced.
    PartDigestMismatch {
        /// Which part, from 1 on.
        part: usize,
    },

    // Files of history.
    /// The hour is not over, its file is being written, or nobody sent anything in it.
    HistoryNotReady,
    /// The file was removed after its time.
    HistoryExpired,

    // Broadcasts.
    /// One of the accounts that a call names does not exist.
    NamedUnknown,
    /// Broadcasts are not switched on for the app.
    BroadcastDisabled,
    /// The last broadcast of the app was a moment ago.
    BroadcastThrottled,
    /// The app has used up its broadcasts of the day.
    BroadcastQuota {
        /// The bound of the plan.
        max: u32,
    },
    /// What a broadcast carries is over its bound.
    BroadcastTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The name that the caller gives a broadcast is over its bound.
    DataIdTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// A condition or a call names more tags than it may, or an account would have more than it may.
    TagsTooMany {
        /// The bound.
        max: usize,
    },
    /// A tag is over its bound.
    TagTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// A tag has no characters.
    TagEmpty,
    /// A tag is wanted among others and for itself.
    TagTwice,
    /// A condition names tags and attributes.
    ConditionMixed,
    /// The app has declared no attribute of this name.
    AttributeUnknown,
    /// The name or the value of an attribute is empty or over its bound.
    AttributeLength {
        /// The bound in bytes.
        max: usize,
    },
    /// No broadcast that could be revoked has this id.
    TaskUnknown,
    /// The broadcast is revoked already.
    TaskRevoked,
    /// The last revocation of the app was a moment ago.
    RevokeThrottled,
    /// The broadcast is too old to be revoked.
    TaskTooOld {
        /// The bound in hours.
        hours: i64,
    },
    /// A broadcast that left only notifications is revoked by other text, and there is none.
    RevokeTextMissing,

    // Pushes by the mPaaS OpenAPI.
    /// The call names no app or no workspace.
    InstanceMissing,
    /// The tenant is not the app's.
    TenantInvalid,
    /// The app takes no pushes by API at the moment.
    PushSwitchedOff,
    /// A device without its token.
    DeliveryTokenMissing,
    /// A binding without its user.
    BoundUserMissing,
    /// No such system of devices.
    OsTypeInvalid,
    /// The action takes no such targets.
    DeliveryTypeInvalid,
    /// A broadcast is for devices alone.
    BroadcastByDevice,
    /// The name of a task is there and empty.
    TaskNameEmpty,
    /// The validity of a push is missing, not positive or no number.
    ExpiryInvalid,
    /// A push would be valid for too long.
    ExpiryTooLong {
        /// The bound in seconds.
        max: i64,
    },
    /// A push names nobody, or one of its targets is empty.
    TargetEmpty,
    /// A push names too many.
    TargetsTooMany {
        /// The bound.
        max: usize,
    },
    /// A push has no title or no content.
    PushTextMissing,
    /// The content of a push is over its bound.
    PushContentTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// All that a push carries is over its bound.
    PushPayloadTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// A push has too many extended parameters.
    ExtendedTooMany {
        /// The bound.
        max: usize,
    },
    /// The extended parameters are no flat object, or one has a reserved name.
    ExtendedInvalid,
    /// One target of a batch has too many extended parameters.
    TargetExtendedTooMany {
        /// The bound.
        max: usize,
    },
    /// A push names no template.
    TemplateMissing,
    /// No template has this name or id.
    TemplateUnknown,
    /// A placeholder gets no value.
    TemplateValueMissing {
        /// Its name.
        name: String,
    },
    /// The name is another template's.
    TemplateExists,
    /// A template without a name.
    TemplateNameMissing,
    /// The name of a template has the wrong characters or too many.
    TemplateNameInvalid,
    /// The content of a template is empty or over its bound.
    TemplateContentInvalid,
    /// The title of a template is empty or over its bound.
    TemplateTitleInvalid,
    /// The description of a template is over its bound.
    TemplateDescriptionInvalid,
    /// Where a template leads is over its bound.
    TemplateUriInvalid,
    /// The app has as many templates as it may.
    TemplateQuota {
        /// The bound.
        max: usize,
    },
    /// The app has as many planned pushes as it may.
    ScheduleQuota {
        /// The bound.
        max: usize,
    },
    /// No planned push that is open has this id.
    ScheduleUnknown,
    /// No message has this key for this target.
    PushedUnknown,
    /// No task has this number.
    PushTaskUnknown,

    // Conversations.
    /// Only an administrator may look at the list of another account.
    ListForeign,
    /// A call marks no conversation, or more than it may.
    MarkBatchInvalid {
        /// The bound.
        max: usize,
    },
    /// The group of a conversation is unknown or disbanded, or the account is not in it.
    GroupNotJoined,
    /// The account's conversation groups, or its marks, hold as many conversations as they may.
    GroupedQuota {
        /// The bound.
        max: usize,
    },
    /// No conversation group of the account has this name.
    ConversationGroupUnknown,
    /// The account has as many conversation groups as it may.
    ConversationGroupQuota {
        /// The bound.
        max: usize,
    },
    /// The name of a conversation group is empty or over the bound.
    ConversationGroupNameInvalid {
        /// The bound in bytes.
        max: usize,
    },
    /// The account has pinned as many conversations as it may.
    PinQuota {
        /// The bound.
        max: usize,
    },
    /// The app's plan has no conversation groups and no marks but custom ones.
    ConversationGroupsForbidden,

    // Groups.
    /// The role is too low, the account is not in the group, or groups of this type have no such operation.
    GroupForbidden,
    /// The owner may not leave a group of this type.
    OwnerMayNotLeave,
    /// The group was disbanded.
    GroupGone,
    /// The text cannot be the id of a group, or no group ever had it.
    GroupIdInvalid,
    /// The UserID of whoever acts is not one.
    OperatorInvalid,
    /// Whoever wants to join is in the group already.
    AlreadyMember,
    /// The group has as many members as it was set to hold.
    GroupFull,
    /// The sender may not write in the group now, or nobody may.
    MutedInGroup,
    /// The answer would be over its bound.
    AnswerTooLarge,
    /// The id belongs to another owner's group.
    GroupIdTaken,
    /// The id belongs to a group of the same owner.
    GroupIdOwned,
    /// An operation on groups comes too often.
    GroupThrottled,
    /// Messages come faster than the group takes them.
    GroupSendThrottled,
    /// The request to join, or the invitation, was answered before.
    JoinRequestHandled,
    /// A message of this kind cannot be recalled.
    RecallImpossible,
    /// Groups of this type keep no message that could be recalled.
    GroupWithoutRecall,
    /// A message of this kind cannot be deleted.
    DeleteImpossible,
    /// Groups of this type keep no message that could be deleted.
    GroupWithoutDelete,
    /// The app has as many live groups as its plan allows.
    LiveGroupQuota {
        /// The bound of the plan.
        max: i64,
    },
    /// The account is in as many groups as it may be.
    JoinedQuota {
        /// The bound of the plan.
        max: i64,
    },
    /// The plan allows fewer members for a group of this type.
    MemberQuota {
        /// The bound of the plan.
        max: i64,
    },
    /// The app does not let group messages be recalled.
    GroupRecallDisabled,
    /// Groups of this type keep no history.
    GroupWithoutHistory,
    /// More messages than one call deletes.
    DeleteBatchTooLarge {
        /// The bound.
        max: usize,
    },
    /// A message to be deleted is not in the group.
    MessageToDeleteUnknown,
    /// More members mentioned than a message may.
    MentionsTooMany {
        /// The bound.
        max: usize,
    },
    /// The group has too many members for one answer.
    MembersTooMany {
        /// The bound.
        max: usize,
    },
    /// The app has as many groups as its plan allows.
    GroupQuota {
        /// The bound of the plan.
        max: i64,
    },
    /// The plan lacks a feature of groups, or the app switched it off.
    GroupFeatureMissing,
    /// The group has more members than receipts are kept for.
    ReceiptGroupTooLarge {
        /// The bound.
        max: i64,
    },
    /// A message that is not stored asks for receipts.
    ReceiptUnsupported,
    /// No receipts are kept for the message.
    ReceiptUnknown,
    /// The plan has no communities, or the app switched them off.
    CommunityDisabled,
    /// The key of a group attribute is over its bound.
    AttributeKeyTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The value of a group attribute is over its bound.
    AttributeValueTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The group would have more attributes than it may.
    GroupAttributesTooMany {
        /// The bound.
        max: usize,
    },
    /// The values of a group's attributes would be over their bound together.
    GroupAttributesTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The attributes of a group are written too often.
    AttributesThrottled,
    /// The group has no attribute of this key.
    GroupAttributeUnknown,
    /// The caller writes on an older version of a group's attributes than there is.
    AttributesChanged {
        /// The version that there is.
        version: i64,
    },
    /// The group would have more counters than it may.
    CountersTooMany {
        /// The bound.
        max: usize,
    },
    /// The topic was deleted before.
    TopicDeleted,

    // Webhooks.
    /// The app's webhook refused.
    WebhookRefused,
    /// The app's webhook refused something else than a message, or failed, and the app wants nothing to happen then.
    OperationRefused,
    /// The app's webhook refused with a code of its own, which its caller gets as it is.
    WebhookCustom {
        /// The code, within the range that the contract leaves to apps.
        code: i32,
        /// The app's own words.
        info: String,
    },
    /// The app's webhook failed or was too slow, and the app wants nothing to happen then.
    WebhookFailed,
    /// So many calls wait for the app's webhook that this one was not even asked, and the app wants nothing to happen
    /// then.
    WebhookBusy,

    // The access layer: what only a device meets.
    /// The node has as many connections as it may.
    ConnectionQuota,
    /// The key has expired.
    TicketKeyExpired,
    /// The ticket has expired.
    TicketExpired,
    /// The ticket does not verify.
    TicketForged,
    /// The request needs a key and has none.
    TicketKeyEmpty,
    /// The key belongs to another account than the header says.
    TicketOtherAccount,
    /// The verification behind the gateway timed out.
    VerifyTimeout,
    /// Key and ticket must come together.
    TicketIncomplete,
    /// The cookie is not the one given to this connection.
    CookieMismatch,
    /// Too many frames that cannot be decrypted.
    DecryptThrottled,
    /// A frame cannot be understood.
    FrameMalformed,
    /// Too many requests of this kind by this account.
    AccountThrottled,
    /// Too many requests of this device.
    DeviceThrottled,
    /// This instance was replaced by a newer login.
    Replaced,

    // Push registration from a device.
    /// A token is set before login is complete.
    TokenBeforeLogin,
    /// The app has no credential for this channel.
    CredentialMissing,
    /// The token could not be stored for the moment.
    TokenStoreUnavailable,
    /// The token is empty.
    TokenEmpty,
    /// The token is over the bound.
    TokenTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// The registration is over the bound.
    RegistrationTooLong {
        /// The bound in bytes.
        max: usize,
    },
    /// Tokens are set too often.
    TokenThrottled,
}
