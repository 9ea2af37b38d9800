//! Every bound, with its reason. Bytes unless the name says otherwise.

/// UserID (limits page of the contract).
pub const USER_ID_BYTES: usize = 32;
/// A device's own name; a UUID with room to spare.
pub const DEVICE_ID_BYTES: usize = 64;
/// `MsgKey` (message page of the contract).
pub const MSG_KEY_BYTES: usize = 50;
/// All elements of a message with its custom data; the contract's current bound, 8 KB in older pages.
pub const MESSAGE_BYTES: usize = 12 * 1024;
/// Lists and objects in one another within the content of an element. What is stored is shown in other lists, such as
/// pages of history, and common parsers of JSON stop at 128: one message that they cannot read would hide its page.
pub const ELEMENT_DEPTH: usize = 64;
/// A stream message with all its chunks (contract: §5.12, under 128 KB).
pub const STREAM_BYTES: usize = 128 * 1024;
/// A stream that gets no chunk for so long has ended (contract: §5.12).
pub const STREAM_SILENCE_MS: i64 = 15_000;
/// Continuations of one stream within a second (contract: §5.12).
pub const STREAM_CALLS_PER_SECOND: i64 = 5;
/// Chunks of one call: what a second of a fast model brings, many times over.
pub const STREAM_CHUNKS: usize = 100;
/// Pairs of one change of a message's extensions.
pub const EXTENSION_BATCH: usize = 20;
/// Pairs of one message.
pub const EXTENSIONS_PER_MESSAGE: usize = 300;
/// The key of an extension.
pub const EXTENSION_KEY_BYTES: usize = 100;
/// The value of an extension.
pub const EXTENSION_VALUE_BYTES: usize = 1_000;
/// Pairs of one answer.
pub const EXTENSION_PAGE: usize = 200;
/// Changes of one message's extensions within a minute.
pub const EXTENSION_WRITES_PER_MINUTE: i64 = 200;
/// Messages that one call deletes by REST.
pub const DELETE_BATCH: usize = 30;
/// Messages that one frame deletes.
pub const DELETE_BATCH_DEVICE: usize = 50;
/// The signature of a robot.
pub const SIGNATURE_BYTES: usize = 500;
/// Robots of an app whose plan sets no bound: one page of the list.
pub const ROBOTS: u64 = 1_000;
/// A whole REST body. Above every documented bound, and small enough that ten thousand callers fit in memory.
pub const BODY_BYTES: usize = 512 * 1024;
/// A URL's query. A UserSig with a userbuf is under 1 KB.
pub const QUERY_BYTES: usize = 8 * 1024;
/// An inflated UserSig: protects from decompression bombs (contract: §2.3 of the REST study advises 4 KiB).
pub const USER_SIG_INFLATED_BYTES: usize = 4 * 1024;
/// A UserSig as it travels.
pub const USER_SIG_BYTES: usize = 4 * 1024;
/// Nick and face URL of an account.
pub const PROFILE_BYTES: usize = 500;
/// `Tag_Profile_IM_Location`: four packed numbers.
pub const LOCATION_BYTES: usize = 16;
/// Custom profile fields of an app.
pub const PROFILE_CUSTOM_FIELDS: usize = 20;
/// The keyword of a custom profile field.
pub const PROFILE_KEYWORD_BYTES: usize = 8;
/// Fields in one write or read of profiles: every field of a profile twice.
pub const PROFILE_ITEMS: usize = 64;
/// Accounts in one read of profiles.
pub const PROFILE_BATCH: usize = 100;
/// Accounts that one account follows (limits page of the contract).
pub const FOLLOWING: u64 = 5_000;
/// Accounts to follow or unfollow in one call, or whose counts are asked for.
pub const FOLLOW_BATCH: usize = 20;
/// Accounts in one question who follows whom.
pub const FOLLOW_CHECK_BATCH: usize = 100;
/// A page of a list of followers, and what it is without a wish.
pub const FOLLOW_PAGE: usize = 1_000;
/// See [`FOLLOW_PAGE`].
pub const FOLLOW_PAGE_DEFAULT: usize = 100;
/// A page of followers is cut at about this size, so that it fits in a frame with its envelope.
pub const FOLLOW_PAGE_BYTES: usize = 192 * 1024;
/// Attributes of a group (contract: 10047).
pub const GROUP_ATTRIBUTES: usize = 16;
/// The key of an attribute (contract: 10045).
pub const GROUP_ATTRIBUTE_KEY_BYTES: usize = 32;
/// The value of an attribute (contract: 10046).
pub const GROUP_ATTRIBUTE_VALUE_BYTES: usize = 4_000;
/// All values of a group's attributes together (contract: 10048).
pub const GROUP_ATTRIBUTES_BYTES: usize = 16_000;
/// Writes of one group's attributes within a second (contract: 10049).
pub const GROUP_ATTRIBUTE_WRITES_PER_SECOND: i64 = 5;
/// Counters of a group (contract: 10063).
pub const COUNTERS: usize = 20;
/// The key of a counter.
pub const COUNTER_KEY_BYTES: usize = 128;
/// What an app keeps in a topic or a permission group.
pub const TOPIC_CUSTOM_BYTES: usize = 3_000;
/// Topics of one call that names them; as many as the largest plan of the contract lets a community have.
pub const TOPIC_BATCH: usize = 200;
/// Permission groups of a community; the contract does not say, and nobody tells more apart.
pub const PERMISSION_GROUPS: i64 = 100;
/// The id of a permission group.
pub const PERMISSION_GROUP_ID_BYTES: usize = 96;
/// The name of a permission group.
pub const PERMISSION_GROUP_NAME_BYTES: usize = 150;
/// Permission groups of one call, or of one page.
pub const PERMISSION_GROUP_BATCH: usize = 20;
/// Accounts that one call puts into a permission group or takes out, and that one page lists.
pub const PERMISSION_MEMBER_BATCH: usize = 100;
/// Topics of one call that says who may do what in them.
pub const TOPIC_PERMISSION_BATCH: usize = 50;
/// Administrators of a live room.
pub const LIVE_ADMINS: usize = 5;
/// Accounts that one call keeps out of a live room or lets in again.
pub const BAN_BATCH: usize = 20;
/// Why an account is kept out.
pub const BAN_REASON_BYTES: usize = 1_000;
/// A page of those who are kept out.
pub const BAN_PAGE: usize = 100;
/// A page of a live room's guests.
pub const LIVE_PAGE: usize = 500;
/// The latest guests that pages show, where the management of live rooms is part of the plan, and where it is not.
pub const LIVE_SHOWN: usize = 1_000;
/// See [`LIVE_SHOWN`].
pub const LIVE_SHOWN_LESS: usize = 30;
/// Marks of an app's own in one live room.
pub const LIVE_MARKS: usize = 10;
/// Guests with one of them.
pub const LIVE_MARKED: usize = 1_000;
/// How long a guest without a connection may be kept: three days.
pub const LIVE_ROBOT_MS: i64 = 3 * 24 * 60 * 60 * 1_000;
/// Live rooms that one message to all of an app's reaches.
pub const LIVE_ROOMS_TOLD: usize = 10_000;
/// Accounts in one import, check or deletion.
pub const ACCOUNT_BATCH: usize = 100;
/// Receivers of one `batchsendmsg`, accounts of one status query.
pub const RECEIVER_BATCH: usize = 500;
/// Peers of one unread query.
pub const PEER_BATCH: usize = 10;
/// Receivers of all `batchsendmsg` calls of an app within a minute.
pub const BATCH_RECEIVERS_PER_MINUTE: u32 = 12_000;
/// How long a message waits for a device, at most and by default: seven days.
pub const LIFE_TIME_S: i64 = 604_800;
/// How long a repeated send counts as the same message.
pub const DEDUP_WINDOW_S: i64 = 120;
/// How long a sender may recall; per app configurable.
pub const RECALL_WINDOW_S: i64 = 120;
/// A page of history.
pub const HISTORY_PAGE: usize = 100;
/// A page of history is cut at about this size (contract: §5.4).
pub const HISTORY_PAGE_BYTES: usize = 13 * 1024;
/// Unread messages that count in one conversation.
pub const UNREAD_PER_CONVERSATION: i64 = 250;
/// Conversations that count for the total.
pub const UNREAD_CONVERSATIONS: usize = 100;
/// How far back unread messages are looked for, however many of them do not count.
pub const UNREAD_SCAN: i64 = 1_000;
/// Conversations of one page of the list, as devices and REST get it; the contract does not say.
pub const CONVERSATION_PAGE: usize = 100;
/// Pinned conversations of an account, whatever the plan (contract: 51012).
pub const PINS: usize = 50;
/// Conversation groups of an account, whatever the plan (contract: 51010).
pub const CONVERSATION_GROUPS: usize = 20;
/// The name of a conversation group (contract: 51011).
pub const CONVERSATION_GROUP_NAME_BYTES: usize = 32;
/// Conversations that the groups of an account hold together, and that it marks (contract: 51008).
pub const GROUPED_CONVERSATIONS: usize = 1_000;
/// Conversations that one call marks, pins or deletes (contract: 51006).
pub const MARK_BATCH: usize = 100;
/// Conversations that one search asks about.
pub const CONTACT_SEARCH: usize = 300;
/// The custom mark of a conversation.
pub const CUSTOM_MARK_BYTES: usize = 256;
/// Sends that one commit of the append writer takes; more get slower on PostgreSQL (measured).
pub const APPEND_BATCH: usize = 256;
/// Jobs waiting for one app before the store answers that it is overloaded.
pub const STORE_QUEUE_PER_APP: usize = 4_096;
/// Jobs waiting for all apps together.
pub const STORE_QUEUE: usize = 65_536;
/// A page of any list that the store answers.
pub const STORE_PAGE: usize = 1_000;
/// A gateway frame after login: a message with its envelope, or a page of history.
pub const FRAME_BYTES: usize = 256 * 1024;
/// What a connection may make the server hold before login.
pub const FRAME_BYTES_BEFORE_LOGIN: usize = 2 * 1024;
/// How long a connection may stay before login.
pub const LOGIN_WAIT_MS: i64 = 10_000;
/// A device token (contract: 22004).
pub const DEVICE_TOKEN_BYTES: usize = 256;
/// A token registration (contract: 22005).
pub const REGISTRATION_BYTES: usize = 1_024;
/// Devices of one account; the oldest is forgotten.
pub const DEVICES_PER_ACCOUNT: usize = 32;
/// A call of a webhook (contract).
pub const WEBHOOK_TIMEOUT_MS: u64 = 2_000;
/// How long an event that could not be told to a webhook is kept: a day, in which somebody notices.
pub const WEBHOOK_KEEP_S: i64 = 86_400;
/// The answer of a webhook: a rewritten message of the largest size that an app may allow, with room for the rest.
pub const WEBHOOK_ANSWER_BYTES: usize = 256 * 1024;
/// Failed verifications of one identifier within a minute before it must wait.
pub const VERIFY_FAILURES_PER_MINUTE: u32 = 10;
/// Friends of one account (limits page of the contract, as the next ones).
pub const FRIENDS: i64 = 3_000;
/// Friend groups of one account. The store keeps a bit for each, so they may never be more than 62.
pub const FRIEND_GROUPS: usize = 32;
/// The name of a friend group.
pub const FRIEND_GROUP_BYTES: usize = 30;
/// What an account calls a friend.
pub const FRIEND_REMARK_BYTES: usize = 96;
/// What a friend request says.
pub const ADD_WORDING_BYTES: usize = 256;
/// Letters of `AddSource` after `AddSource_Type_`.
pub const ADD_SOURCE_LETTERS: usize = 8;
/// Friend requests that wait for one account's answer.
pub const FRIEND_REQUESTS: i64 = 100;
/// Accounts on one blocklist.
pub const BLOCKLIST: i64 = 1_000;
/// Accounts in one call on relations.
pub const RELATION_BATCH: usize = 1_000;
/// Friends in one answer of `friend_get`, and in one sync of a device; the contract names no number.
pub const FRIEND_PAGE: usize = 100;
/// Ended friendships that an account remembers for devices that were away; whoever missed more starts again.
pub const FRIEND_GRAVES: i64 = 1_000;
/// Fields of their own that an app may declare for friends.
pub const FRIEND_FIELDS: usize = 20;
/// Letters of the name of such a field, after `Tag_SNS_Custom_`.
pub const FRIEND_FIELD_LETTERS: usize = 8;
/// The value of such a field.
pub const FRIEND_FIELD_BYTES: usize = 500;
/// A video or a file (contract: 114002).
pub const FILE_BYTES: u64 = 100 * 1024 * 1024;
/// A picture or a sound (contract: 114002).
pub const PICTURE_BYTES: u64 = 28 * 1024 * 1024;
/// The name of a file.
pub const FILE_NAME_BYTES: usize = 255;
/// Links that one call asks for.
pub const LINK_BATCH: usize = 100;
/// A URL of a file in a body or on a list.
pub const URL_BYTES: usize = 2 * 1024;
/// How long a signed link to a file holds (contract: 15 minutes).
pub const LINK_S: i64 = 15 * 60;
/// How long an upload may be begun after it was asked for, and how long it may take.
pub const UPLOAD_S: i64 = 60 * 60;
/// The least bytes of a part whose digest is announced beside the whole: smaller ones find nothing out sooner.
pub const UPLOAD_PART_BYTES: u64 = 64 * 1024;
/// Parts of which an upload announces digests: a header of 34 KB, and parts of 100 KB for the largest file.
pub const UPLOAD_PARTS: usize = 1_024;
/// Words of one app: several times the longest lists that are traded, and a matcher of some tens of MB.
pub const WORDS: usize = 200_000;
/// One word; a sentence is matched by its words.
pub const WORD_BYTES: usize = 128;
/// Words that one call brings or takes away: one transaction, well below a second.
pub const WORD_BATCH: usize = 2_000;
/// Forbidden files of one app, in memory on every node.
pub const BLOCKED_FILES: usize = 100_000;
/// Texts of one app that wait for an operator; the oldest makes room.
pub const REVIEWS: i64 = 10_000;
/// Days for which the hourly files of history are kept (contract: §14.2).
pub const HISTORY_FILE_DAYS: i64 = 7;
/// Attributes that an app may declare, by index from 0.
pub const ATTRIBUTES: usize = 10;
/// The name or the value of an attribute, and a tag.
pub const TAG_BYTES: usize = 50;
/// Tags in a condition, and tags of one account in a call that adds or removes some.
pub const TAGS_PER_CALL: usize = 10;
/// Tags of an account.
pub const TAGS_PER_ACCOUNT: usize = 100;
/// Accounts of one call on attributes or tags.
pub const TAGGED_BATCH: usize = 100;
/// What a broadcast carries: message, notification and condition together.
pub const BROADCAST_BYTES: usize = 10 * 1024;
/// `DataId` of a broadcast.
pub const DATA_ID_BYTES: usize = 64;
/// How long a broadcast may be revoked.
pub const REVOKE_HOURS: i64 = 24;
/// Broadcasts that one answer to a device looks at; a device asks again for the rest.
pub const BROADCAST_PAGE: usize = 100;
/// A form or body of the push OpenAPIs: a mass push of a hundred tasks, each with its largest content, encoded.
pub const OPENAPI_BODY_BYTES: usize = 4 * 1024 * 1024;
/// A URL's query there. Parsers of URLs stop at 64 KB; what is larger comes as a form.
pub const OPENAPI_QUERY_BYTES: usize = 65_535;
/// An account as push names it; a UserID of chat is shorter.
pub const PUSH_ACCOUNT_BYTES: usize = 64;
/// Devices of one account, as push counts them.
pub const DEVICES_PER_PUSH_ACCOUNT: usize = 10_000;
/// An alias of a device.
pub const ALIAS_BYTES: usize = 128;
/// Aliases of one device.
pub const ALIASES_PER_DEVICE: usize = 128;
/// Devices of one alias.
pub const DEVICES_PER_ALIAS: usize = 128;
/// Aliases in one call.
pub const ALIAS_BATCH: usize = 10;
/// A tag of push, in characters.
pub const PUSH_TAG_LETTERS: usize = 128;
/// Tags of an app.
pub const PUSH_TAGS: usize = 10_000;
/// Tags in one call.
pub const PUSH_TAG_BATCH: usize = 10;
/// Devices, accounts or aliases whose tags one call changes.
pub const TAG_HOLDERS: usize = 1_000;
/// Devices that one call checks.
pub const CHECK_BATCH: usize = 100;
/// A phone number with its country.
pub const PHONE_BYTES: usize = 20;
/// Text that a device says of itself: maker, model, versions.
pub const DEVICE_TEXT_BYTES: usize = 64;
