//! Messages and conversations as the application sees them.

use contract::MsgKey;
use contract::frame::wire::{self, FileKind};
use serde_json::json;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: String,
    /// Who receives it.
    pub to: String,
    /// Its key in the conversation.
    pub key: MsgKey,
    /// Its place in the order of arrival; 0 for online-only messages.
    pub seq: u64,
    /// When it arrived, in milliseconds since the epoch.
    pub at: i64,
    /// The JSON text of `MsgBody`.
    pub body: String,
    /// `CloudCustomData`; empty means none.
    pub cloud: String,
    /// Delivered to connected devices only.
    pub online_only: bool,
    /// Does not count as unread.
    pub no_unread: bool,
    /// Does not move the list of conversations.
    pub no_last: bool,
    /// The sender asked for a receipt.
    pub receipt_wanted: bool,
    /// Extensions may be attached.
    pub extensible: bool,
    /// Was recalled.
    pub recalled: bool,
    /// The receiver gave the receipt.
    pub read_by_peer: bool,
    /// How often body or custom data changed.
    pub version: u32,
    /// Extensions were attached at some time.
    pub extended: bool,
}

impl Message {
    /// What names it in calls.
    pub fn id(&self) -> MessageId {
        MessageId { from: self.from.clone(), to: self.to.clone(), key: self.key }
    }

    /// The texts of its text elements, for display.
    pub fn text(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let texts = body.as_array().into_iter().flatten().filter_map(|element| element["MsgContent"]["Text"].as_str());
        texts.collect()
    }

    /// Whose conversation it belongs to, seen by `me`.
    pub(crate) fn peer(&self, me: &str) -> &str {
        if self.from == me { &self.to } else { &self.from }
    }
}

impl From<wire::Message> for Message {
    fn from(wire: wire::Message) -> Self {
        Self {
            key: MsgKey { time: wire.time, seq: wire.msg_seq, random: wire.msg_random },
            from: wire.from,
            to: wire.to,
            seq: wire.seq,
            at: wire.at,
            body: wire.body,
            cloud: wire.cloud,
            online_only: wire.online_only,
            no_unread: wire.no_unread,
            no_last: wire.no_last,
            receipt_wanted: wire.receipt_wanted,
            extensible: wire.extensible,
            recalled: wire.recalled,
            read_by_peer: wire.read_by_peer,
            version: wire.version,
            extended: wire.extended,
        }
    }
}

/// Names a message of the account, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId {
    /// Who sent it.
    pub from: String,
    /// Who received it.
    pub to: String,
    /// Its key.
    pub key: MsgKey,
}

impl From<wire::MessageRef> for MessageId {
    fn from(wire: wire::MessageRef) -> Self {
        let key = MsgKey { time: wire.time, seq: wire.msg_seq, random: wire.msg_random };
        Self { from: wire.from, to: wire.to, key }
    }
}

impl From<MessageId> for wire::MessageRef {
    fn from(id: MessageId) -> Self {
        let MsgKey { time, seq, random } = id.key;
        Self { from: id.from, to: id.to, msg_seq: seq, msg_random: random, time }
    }
}

/// A key-value pair that is attached to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extension {
    /// 1 to 100 bytes.
    pub key: String,
    /// Up to 1,000 bytes.
    pub value: String,
    /// The place of its last change among those of all pairs of the message. Whoever changes a pair names the one that
    /// is known, 0 for a new pair, and gets the pair as it is if somebody else was faster.
    pub seq: u64,
}

impl From<wire::Extension> for Extension {
    fn from(wire: wire::Extension) -> Self {
        Self { key: wire.key, value: wire.value, seq: wire.seq }
    }
}

impl From<Extension> for wire::Extension {
    fn from(pair: Extension) -> Self {
        Self { key: pair.key, value: pair.value, seq: pair.seq }
    }
}

/// What became of the change of one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// 0, or the published code that says why it was not changed.
    pub code: i32,
    /// The pair as it is now; its sequence is 0 if there is none.
    pub pair: Extension,
}

/// A conversation of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The other account.
    pub peer: String,
    /// Messages that count and are not read.
    pub unread: u64,
    /// The newest message that moves the list.
    pub last: Option<Message>,
    /// This account has read up to this place.
    pub read_seq: u64,
    /// The peer has read everything up to this second.
    pub peer_read_time: i64,
    /// When it was pinned, in milliseconds since the epoch; 0 means it is not.
    pub pinned_at: i64,
    /// The marks as bits: 0 star, 1 unread, 2 folded, 3 hidden; from 32 on they are free.
    pub marks: u64,
    /// The custom mark; empty means none.
    pub custom: String,
    /// The names of its conversation groups.
    pub groups: Vec<String>,
}

/// A conversation that a call on several left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedConversation {
    /// Which.
    pub peer: String,
    /// The published code that says why.
    pub code: i32,
    /// Its short text.
    pub text: String,
}

/// What a message is sent with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SendOptions {
    /// Only to connected devices; not stored.
    pub online_only: bool,
    /// Does not count as unread.
    pub no_unread: bool,
    /// Does not move the list of conversations.
    pub no_last: bool,
    /// Asks for a receipt.
    pub receipt_wanted: bool,
    /// Extensions may be attached.
    pub extensible: bool,
    /// The JSON text of `OfflinePushInfo`; empty means none.
    pub push: String,
    /// `CloudCustomData`; empty means none.
    pub cloud: String,
    /// Seconds that the message waits for devices; 0 means the bound of the app.
    pub life_time: u32,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its key.
    pub key: MsgKey,
    /// Its place in the conversation; 0 for online-only messages.
    pub seq: u64,
}

/// An account's online status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The account.
    pub account: String,
    /// `Online`, `PushOnline` or `Offline`; empty if there is none.
    pub status: String,
    /// 0, or the published code that says why there is no status.
    pub code: i32,
}

/// A file that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// As the user calls it.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// MD5 digest in hex; empty means that the server does not compare.
    pub md5: String,
    /// Pictures and sounds have a lower bound than videos and files.
    pub kind: FileKind,
}

/// Where a file may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// PUT the bytes there; DELETE gives the upload up.
    pub upload_url: String,
    /// Seconds since the epoch.
    pub expires_at: i64,
    /// What messages carry once the bytes are there.
    pub url: String,
}

/// Where a file may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLink {
    /// As messages carry it.
    pub url: String,
    /// GET it before it runs out; empty if there is none.
    pub link: String,
    /// 0, or the published code that says why there is no link.
    pub code: i32,
    /// Seconds since the epoch.
    pub expires_at: i64,
}

/// The body of a text message.
pub fn text(text: &str) -> String {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]).to_string()
}

/// The body of a custom message. Only with a description is it announced to devices that are away.
pub fn custom(data: &str, description: &str, extension: &str) -> String {
    let content = json!({"Data": data, "Desc": description, "Ext": extension});
    json!([{"MsgType": "TIMCustomElem", "MsgContent": content}]).to_string()
}
