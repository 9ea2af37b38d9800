//! Friends, friend groups, friend requests and blocklists.

codes! { Im, Relation:
    /// A parameter is missing or wrong, or the relation already is as asked, such as adding a friend who is one. The
    /// caller reads the answer's text.
    FieldInvalid = 30001,
        raised by Fault::FieldInvalid | Fault::FieldMissing | Fault::FieldTooLong | Fault::BodyMalformed
        | Fault::BatchSizeInvalid | Fault::SelfRelation | Fault::AlreadyFriend | Fault::NotFriend
        | Fault::AlreadyBlocked | Fault::NotBlocked | Fault::FriendGroupExists | Fault::FriendGroupUnknown,
        "parameter not valid";

    /// The id belongs to another app or to another kind of thing, such as a group. The caller puts an account's UserID
    /// there.
    AppMismatch = 30002, raised by Fault::NotAnAccount, "account does not belong to the app";

    /// One of the two accounts does not exist. Import it first, or check the spelling.
    AccountUnknown = 30003, raised by Fault::AccountUnknown, "account not found";

    /// An account wants to change somebody else's relations. Only an administrator may; otherwise `From_Account` must
    /// be the caller.
    NotAdmin = 30004, raised by Fault::AdminRequired, "caller is not an app administrator";

    /// Following is not part of the app's plan, or its operator switched it off. The operator switches it on, or chooses
    /// a larger plan.
    FollowDisabled = 30005 extra, raised by Fault::FollowDisabled, "following is not available";

    /// Relations could not be read or written because of trouble inside. The caller tries again; the operator looks
    /// into the log.
    InternalError = 30006, raised by Failure::Internal | Failure::Full | Failure::Overloaded, "internal error";

    /// The store did not answer in time. The caller tries again; what it asked for may have been done already.
    StoreTimeout = 30007, raised by Failure::Timeout | Failure::Unavailable, "internal timeout";

    /// Several calls changed the same account's relations at once and this one lost. The caller tries again, and puts
    /// many changes into one batch call.
    WriteConflict = 30008, raised by Failure::Conflict, "write conflict";

    /// An administrator forbade this account to send friend requests, by its profile's forbid type. The app's owner
    /// lifts that in the profile.
    RequestForbidden = 30009, raised by Fault::RequestForbidden, "account may not send friend requests";

    /// The account has 3,000 friends, the most there may be. It removes some before it adds more.
    FriendQuota = 30010, raised by Fault::FriendQuota, "too many friends";

    /// The account has 32 friend groups, the most there may be. It removes or merges some.
    FriendGroupQuota = 30011, raised by Fault::FriendGroupQuota, "too many friend groups";

    /// A hundred friend requests wait for an answer already. The receiver answers or clears some of them.
    RequestQuota = 30012, raised by Fault::RequestQuota, "too many pending friend requests";

    /// The account's blocklist holds 1,000 accounts, the most there may be. It unblocks some first.
    BlocklistQuota = 30013, raised by Fault::BlocklistQuota, "blocklist is full";

    /// The other side has as many friends as it may. It must remove some before anybody can be added.
    PeerFriendQuota = 30014, raised by Fault::PeerFriendQuota, "the other account has too many friends";

    /// The account that is to become a friend is on the asker's own blocklist. The asker unblocks it first.
    PeerBlocked = 30515, raised by Fault::PeerBlocked, "the other account is on your blocklist";

    /// The other account lets nobody add it as a friend. The user reaches it in another way, or it changes that
    /// setting.
    RequestRefused = 30516, raised by Fault::RequestRefused, "the other account accepts no friend requests";

    /// The asker is on the other account's blocklist. Nothing to do for the asker; apps mostly show this as a plain
    /// refusal.
    BlockedByPeer = 30525, raised by Fault::BlockedByPeer, "you are on the blocklist of the other account";

    /// The request was delivered and waits until the other account answers it. Not an error: the app tells its user
    /// that the request is sent.
    RequestPending = 30539, raised by Fault::RequestPending, "friend request waits for confirmation";

    /// The account sends friend requests faster than a person would. It waits; the app's owner looks whether it is a
    /// spammer.
    RequestThrottled = 30540, raised by Fault::RequestThrottled, "friend requests too frequent";

    /// The friend request to be answered is not there: it was answered, withdrawn or never made. The client reloads the
    /// list of requests.
    RequestUnknown = 30614, raised by Fault::RequestUnknown, "friend request not found";

    /// The account to be removed is not a friend. The client reloads its list of friends.
    FriendUnknown = 31704, raised by Fault::FriendUnknown, "not a friend";

    /// The account removes friends faster than a person would. It waits before it goes on.
    RemoveThrottled = 31707, raised by Fault::RemoveThrottled, "friend removals too frequent";

    /// The friend request to be deleted does not exist, or its account does not. The client reloads the list of
    /// requests.
    RequestGone = 31804, raised by Fault::RequestGone, "friend request to delete not found";

    /// An account that was to go into a friend group is not a friend. The caller adds it as a friend first, or leaves it
    /// out.
    GroupedNotFriend = 32216 extra, raised by Fault::GroupedNotFriend, "not a friend, so not in the group";

    /// The app's own webhook refused the friend or the answer with a number that the app chose. Only the app's back end
    /// knows what it means; its text comes along.
    WebhookCustom = 38000..39000 extra, raised by Fault::WebhookCustom, "refused by the app with its own code";

    /// The account follows as many accounts as it may, 5,000 in the plans of the cloud. It unfollows some first.
    FollowingQuota = 32100 extra, raised by Fault::FollowingQuota, "following too many accounts";

    /// The account that is to be followed has as many followers as the app allows. The app's owner raises the bound.
    FollowerQuota = 32101 extra, raised by Fault::FollowerQuota, "the other account has too many followers";

    /// The account and those who follow it back are as many as the app allows. The app's owner raises the bound.
    MutualQuota = 32102 extra, raised by Fault::MutualQuota, "too many mutual followers";

    /// The account that is to be followed has as many mutual followers as the app allows. The app's owner raises the
    /// bound.
    PeerMutualQuota = 32103 extra, raised by Fault::PeerMutualQuota, "the other account has too many mutual followers";
}
