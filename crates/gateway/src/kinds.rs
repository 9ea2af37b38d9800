//! Kinds of commands: whose codes they answer, who serves them, and when they may come.

use contract::codes::Family;
use contract::frame::Command;

/// The table that a command's own faults are looked up in.
pub(crate) const fn family_of(command: Command) -> Family {
    match command {
        Command::Send
        | Command::Recall
        | Command::Read
        | Command::Receipt
        | Command::History
        | Command::Heads
        | Command::Since
        | Command::Modify
        | Command::Delete
        | Command::Stream
        | Command::SetToken
        | Command::BroadcastsSince => Family::Message,
        _ if is_push(command) => Family::Message,
        Command::ProfileSet | Command::ProfileGet => Family::Profile,
        Command::FollowAdd | Command::FollowDelete | Command::FollowList | Command::FollowCheck => Family::Relation,
        _ if is_relation(command) => Family::Relation,
        Command::ExtensionSet | Command::ExtensionGet => Family::Group,
        _ if is_of_group(command) || is_group(command) => Family::Group,
        Command::MediaUpload | Command::MediaLink => Family::Resource,
        Command::ConversationList
        | Command::ConversationSync
        | Command::ConversationPin
        | Command::ConversationMark
        | Command::ConversationDelete
        | Command::ConversationClear
        | Command::ConversationGroupCreate
        | Command::ConversationGroupUpdate
        | Command::ConversationGroupDelete => Family::Conversation,
        _ => Family::Access,
    }
}

/// Whether the request is about a message or a conversation with somebody.
pub(crate) const fn names_peer(command: Command) -> bool {
    matches!(family_of(command), Family::Message | Family::Group)
        && !is_push(command)
        && !matches!(command, Command::SetToken | Command::Heads)
}

/// Whether a command is about friends, friend groups, friend requests or the blocklist.
pub(crate) const fn is_relation(command: Command) -> bool {
    matches!(
        command,
        Command::FriendAdd
            | Command::FriendDelete
            | Command::FriendUpdate
            | Command::Friends
            | Command::FriendGet
            | Command::FriendCheck
            | Command::RequestAccept
            | Command::RequestRefuse
            | Command::Requests
            | Command::RequestsRead
            | Command::RequestDelete
            | Command::Block
            | Command::Unblock
            | Command::Blocks
            | Command::FriendGroupCreate
            | Command::FriendGroupDelete
            | Command::FriendGroupRename
            | Command::FriendGroupChange
            | Command::FriendGroups
            | Command::RelationVersions
    )
}

/// Whether a command is about groups, their members or messages.
pub(crate) const fn is_group(command: Command) -> bool {
    // Their numbers stand together but for two, which are about files.
    let number = command as i32;
    number > Command::BroadcastsSince as i32
        && number <= Command::GroupMembers as i32
        && !matches!(command, Command::MediaUpload | Command::MediaLink)
}

/// Whether a command is about live rooms, attributes, counters, topics or permission groups.
pub(crate) const fn is_of_group(command: Command) -> bool {
    matches!(
        command,
        Command::LiveEnter
            | Command::LiveLeave
            | Command::LiveGuests
            | Command::LiveOnline
            | Command::LiveBan
            | Command::AttributesGet
            | Command::AttributesWrite
            | Command::CountersGet
            | Command::CountersChange
            | Command::CountersDelete
            | Command::TopicCreate
            | Command::TopicGet
            | Command::TopicHeads
            | Command::TopicChange
            | Command::TopicDelete
            | Command::TopicRead
            | Command::PermissionGroupCreate
            | Command::PermissionGroupGet
            | Command::PermissionGroupChange
            | Command::PermissionGroupDelete
            | Command::PermissionMembers
            | Command::PermissionMembersChange
            | Command::PermissionTopics
            | Command::PermissionTopicsChange
    )
}

/// Whether a command is about the device as push sees it.
pub(crate) const fn is_push(command: Command) -> bool {
    matches!(
        command,
        Command::PushRegister
            | Command::PushWithdraw
            | Command::AliasAdd
            | Command::AliasRemove
            | Command::TagAdd
            | Command::TagRemove
            | Command::TagList
            | Command::PushSet
            | Command::PushState
            | Command::PushReport
            | Command::PushActivity
    )
}

/// What a device may ask after its login.
pub(crate) const fn is_request(command: Command) -> bool {
    is_relation(command)
        || is_of_group(command)
        || is_group(command)
        || is_push(command)
        || matches!(
            command,
            Command::Logout
                | Command::Heartbeat
                | Command::Send
                | Command::Recall
                | Command::Read
                | Command::Receipt
                | Command::History
                | Command::Heads
                | Command::Since
                | Command::Status
                | Command::Modify
                | Command::ExtensionSet
                | Command::ExtensionGet
                | Command::Delete
                | Command::Stream
                | Command::SetToken
                | Command::PushAck
                | Command::ProfileSet
                | Command::ProfileGet
                | Command::FollowAdd
                | Command::FollowDelete
                | Command::FollowList
                | Command::FollowCheck
                | Command::MediaUpload
                | Command::MediaLink
                | Command::BroadcastsSince
                | Command::ConversationList
                | Command::ConversationSync
                | Command::ConversationPin
                | Command::ConversationMark
                | Command::ConversationDelete
                | Command::ConversationClear
                | Command::ConversationGroupCreate
                | Command::ConversationGroupUpdate
                | Command::ConversationGroupDelete
        )
}
