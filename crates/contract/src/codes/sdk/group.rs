//! Groups, checked before anything is sent.

codes! { Sdk, SdkGroup:
    /// The id is over 48 bytes, has characters other than printable ASCII, or begins with `@TGS#`, which is the
    /// system's. The developer picks another.
    GroupIdInvalid = 8501, raised by Sdk, "group id not valid";

    /// The group's name is over 30 bytes or not UTF-8. The user shortens it; a CJK character takes three bytes.
    GroupNameInvalid = 8502, raised by Sdk, "group name not valid";

    /// The group's introduction is over 240 bytes or not UTF-8. The user writes a shorter introduction.
    GroupIntroductionInvalid = 8503, raised by Sdk, "group introduction not valid";

    /// The group's notice is over 300 bytes or not UTF-8. The user shortens it, or sends it as a message.
    GroupNoticeInvalid = 8504, raised by Sdk, "group notice not valid";

    /// The URL of the group's picture is over 100 bytes. The developer uses a shorter link.
    GroupFaceInvalid = 8505, raised by Sdk, "group face url not valid";

    /// The member's name in the group is over 50 bytes or not UTF-8. The user picks a shorter one.
    NameCardInvalid = 8506, raised by Sdk, "name card not valid";

    /// More members are named than a group of this type holds in the app's plan. Name fewer, or the app's owner asks
    /// for a larger plan.
    MembersTooMany = 8507, raised by Sdk, "too many group members";

    /// Nobody can apply to join a private group. A member must invite the account.
    PrivateGroupClosed = 8508, raised by Sdk, "private group cannot be joined";

    /// A member was named with the role of owner, which no invitation can give. The developer leaves the role out.
    OwnerNotInvitable = 8509, raised by Sdk, "owner role cannot be invited";

    /// The list of members to invite is empty. The developer checks what the picker returned.
    MembersMissing = 8510, raised by Sdk, "no members to invite";

    /// Group attributes are written or read more often than the library allows. The developer keeps them from the
    /// callbacks instead of asking.
    AttributesThrottled = 8511, raised by Sdk, "group attributes called too often";

    /// The number of online members is asked more than once a minute for a group. The developer shows the last answer.
    OnlineCountThrottled = 8512, raised by Sdk, "online count called too often";

    /// The data of groups is asked more than once per second. The developer asks for several groups in one call.
    GroupInfoThrottled = 8513, raised by Sdk, "group info called too often";

    /// The list of joined groups is asked more than once per second. The developer keeps the list and follows the
    /// callbacks.
    JoinedGroupsThrottled = 8514, raised by Sdk, "joined groups called too often";

    /// Members of this group cannot be marked: only the owner of a live group may, where the feature is on. The client
    /// hides the choice.
    MemberMarkForbidden = 8515, raised by Sdk, "members cannot be marked";
}
