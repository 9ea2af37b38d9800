//! Every bound, with its reason. Bytes unless the name says otherwise.

/// UserID (limits page of the contract).
pub const USER_ID_BYTES: usize = 32;
/// A device's own name; a UUID with room to spare.
pub const DEVICE_ID_BYTES: usize = 64;
/// `MsgKey` (message page of the contract).
pub const MSG_KEY_BYTES: usize = 50;
/// All elements of a message with its custom data; the contract's current bound, 8 KB in older pages.
pub const MESSAGE_BYTES: usize = 12 * 1024;
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
