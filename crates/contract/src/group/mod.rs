//! Groups in words and tables: ids, types, roles, who may do what, what a plan allows, what is announced.
//!
//! * `id`: the names of groups and topics. * `kind`: types and what each is capable of.
//! * `rule`: the permission table, type by operation. * `quota`: bounds by plan. * `event`: what devices are told.
//! * `permission`: what permission groups allow. `change`: what is done with attributes and topics.

mod change;
mod event;
mod id;
mod kind;
mod permission;
mod quota;
mod rule;

pub use change::{AttributeChange, TopicChange};
pub use event::{GroupEvent, GroupMessage, GroupNotice, NoticeKind, Priority};
pub use id::GroupId;
pub use kind::{Capability, GroupKind, JoinOption, ReceiveOption, Tips};
pub use permission::{Permission, TopicPermission};
pub use quota::GroupAllowance;
pub use rule::{Actor, Least, Operation, RULES, Role};

/// Who sends tips.
pub const SYSTEM: &str = "@TIM#SYSTEM";

/// `Name` of a group in bytes; the app may set another bound, as for the next four.
pub const NAME_BYTES: usize = 30;
/// `Introduction`.
pub const INTRODUCTION_BYTES: usize = 240;
/// `Notification`.
pub const NOTIFICATION_BYTES: usize = 300;
/// `FaceUrl`.
pub const FACE_BYTES: usize = 100;
/// `NameCard` of a member.
pub const NAME_CARD_BYTES: usize = 50;
/// Members of one creation.
pub const SEED_BATCH: usize = 100;
/// Members of one call that adds or imports some.
pub const ADD_BATCH: usize = 300;
/// Members of one call that removes, mutes or asks for roles.
pub const MEMBER_BATCH: usize = 500;
/// Members of which one call asks for details; the contract documents 50 and names no code of its own.
pub const SPECIFIED_BATCH: usize = 50;
/// Groups of one question.
pub const INFO_BATCH: usize = 50;
/// Members of one answer; a group with more is read in pages.
pub const MEMBER_PAGE: usize = 6_000;
/// Members of one page of a community.
pub const COMMUNITY_PAGE: usize = 100;
/// Groups of one page of an app's list.
pub const GROUP_PAGE: usize = 10_000;
/// Groups of one page of an account's list.
pub const JOINED_PAGE: usize = 5_000;
/// Declared fields of groups, and of members.
pub const GROUP_FIELDS: usize = 10;
/// See [`GROUP_FIELDS`].
pub const MEMBER_FIELDS: usize = 5;
/// The key of a declared field.
pub const FIELD_KEY_BYTES: usize = 16;
/// Its value in a group.
pub const GROUP_FIELD_BYTES: usize = 512;
/// Its value at a member.
pub const MEMBER_FIELD_BYTES: usize = 64;
/// Members that one message mentions.
pub const MENTIONS: usize = 30;
/// Receivers of one targeted message.
pub const TARGETS: usize = 50;
/// How long a repeated send into a group counts as the same message.
pub const DEDUP_WINDOW_S: i64 = 300;
/// Messages of one page of history.
pub const HISTORY_PAGE: usize = 20;
/// Messages that one call recalls.
pub const RECALL_BATCH: usize = 10;
/// Why a message was recalled, in bytes.
pub const RECALL_REASON_BYTES: usize = 100;
/// Messages of one sender are taken back among so many of the group's newest.
pub const SENDER_RECALL_SPAN: i64 = 1_000;
/// Messages that one call of a device deletes.
pub const DELETE_BATCH: usize = 30;
/// Imported messages of one call.
pub const IMPORT_BATCH: usize = 20;
/// Messages for which one call gives receipts, or asks for them.
pub const RECEIPT_BATCH: usize = 50;
/// Names on one page of who read a message.
pub const RECEIPT_PAGE: usize = 200;
/// Receipts are kept in groups of at most so many members.
pub const RECEIPT_MEMBERS: i64 = 200;
/// Requests to join that wait in one account's list.
pub const REQUESTS: usize = 50;
/// Messages that a group takes within a second, where its app says nothing else.
pub const SENDS_PER_SECOND: u32 = 40;
/// An answer of the group service, in bytes.
pub const ANSWER_BYTES: usize = 1024 * 1024;
/// A mute for ever, as `MuteTime` spells it.
pub const MUTE_FOREVER_S: i64 = 4_294_967_295;
/// What a custom system notification carries, in bytes.
pub const NOTICE_BYTES: usize = 12 * 1024;
/// `LastSendMsgTime` is looked for among so many of the group's newest messages.
pub const LAST_SENT_SPAN: i64 = 1_000;
