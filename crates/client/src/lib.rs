//! The Rust SDK: log in, send, receive, and stay connected without the application's help.
//!
//! - [`Client`] is what an application holds; every call goes to one task (`driver`) that owns the rest.
//! - `core` is the protocol: frames and calls in, frames, events and writes out. It does no IO and has no clock.
//! - `transport` opens the WebSocket, with TLS and sealed frames where the settings ask for them.
//! - `relation` is about friends, friend groups, friend requests and the blocklist.
//! - `group` is about groups, their members and their messages.
//! - `cache` keeps messages, conversations and cursors in a local SQLite file per account.
//!
//! Of files there are the links: where to send one, where to read one. Moving the bytes is up to the application.
//!
//! Absent: a cache of groups; and sends that outlive the process: what waits in the queue when the client ends is answered
//! with an error, not kept.

mod cache;
mod client;
mod conversations;
mod core;
mod driver;
mod error;
mod event;
mod group;
mod message;
mod push;
mod refusal;
mod relation;
mod settings;
mod social;
mod transport;

pub use client::{Client, Events};
pub use contract::frame::wire::{FileKind, Platform};
pub use contract::message::ExtensionChange;
pub use contract::stream::Chunk;
pub use contract::{MsgKey, UserId};
pub use error::{Error, Result};
pub use event::{Event, Push, Reason, Status};
pub use group::{
    AttributeChange, Attributes, AttributesNotice, CounterMode, CountersNotice, GroupOutcomes, LiveEntered, LiveGuests,
    LiveTraffic, PermissionGroupRequest, PermissionGroups, PermissionMembers, PermissionTopics, TopicHeads,
    TopicNotice, TopicRequest, Topics,
};
pub use group::{
    GroupChangeNotice, GroupChangeRequest, GroupCreateRequest, GroupEvent, GroupInfo, GroupMember, GroupMemberChange,
    GroupMessage, GroupMessageNotice, GroupPage, GroupReceiptNotice, GroupSendAnswer, GroupSendRequest, Groups,
    SystemNotice,
};
pub use message::{
    Conversation, Extended, Extension, FileLink, Message, MessageId, NewFile, Presence, RefusedConversation,
    SendOptions, Sent, Upload, custom, text,
};
pub use push::{LiveActivity, PushDevice, PushOs, PushState, Pushes, Tagged};
pub use relation::{
    AddFriend, Added, Blocked, Custom, Friend, FriendGroup, FriendList, FriendRequest, FriendRequests, Mutual, Outcome,
    RelationVersions, Relations, UpdateFriend,
};
pub use settings::{PushConfirmation, Retry, Seal, Settings, Storage};
pub use social::{FollowList, FollowPage, FollowTie, Followed, Profile, ProfileFields, ProfileValue};
