//! Profiles and friends, checked before anything is sent.

codes! { Sdk, SdkRelation:
    /// A custom profile key has anything but letters or over 8 of them, or its value is over 500 bytes. The developer
    /// uses the declared key.
    ProfileFieldInvalid = 9001, raised by Sdk, "profile field not valid";

    /// The remark for a friend is over 96 bytes or not UTF-8. The user shortens it.
    RemarkInvalid = 9002, raised by Sdk, "friend remark not valid";

    /// The words that go with a friend request are over 120 bytes or not UTF-8. The user writes less.
    WordingInvalid = 9003, raised by Sdk, "friend request wording not valid";

    /// The source of a friend request lacks the prefix `AddSource_Type_`. The developer adds it.
    SourceInvalid = 9004, raised by Sdk, "friend request source not valid";

    /// The name of a friend group is empty, over 30 bytes or not UTF-8. The user picks another name.
    FriendGroupInvalid = 9005, raised by Sdk, "friend group name not valid";

    /// The call names more accounts or groups than it may at once. The developer splits the list.
    BatchTooLarge = 9006, raised by Sdk, "too many items";
}
