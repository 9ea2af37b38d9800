//! The sends of the store's benchmark: who writes to whom, and what.

use contract::{AppId, ConversationId, Millis, UserId};
use store::append::{Draft, DraftKind};

use crate::dice::Dice;

/// The app of the benchmark.
pub(crate) const APP: AppId = AppId(1);
/// Its accounts: `u0` and so on.
pub(crate) const ACCOUNTS: u64 = 100_000;
/// Pairs of accounts that write to each other, some much more than others.
const CONVERSATIONS: u64 = 300_000;
/// The moment of the first message.
pub(crate) const START: i64 = 1_800_000_000_000;

/// A send before it has a form.
pub(crate) struct Send {
    /// Which of the conversations.
    pub(crate) number: u64,
    /// Who writes.
    pub(crate) sender: UserId,
    /// To whom.
    pub(crate) receiver: UserId,
    /// What tells it from others.
    pub(crate) msg_seq: u32,
    /// The same.
    pub(crate) msg_random: u32,
    /// About 300 bytes.
    pub(crate) body: String,
}

impl Send {
    /// The next send of a sequence.
    pub(crate) fn next(dice: &mut Dice) -> Self {
        let number = dice.skewed(CONVERSATIONS);
        let user = |salt: u64| UserId::trusted(&format!("u{}", number.wrapping_mul(salt) % ACCOUNTS));
        Self {
            number,
            sender: user(0x9e37_79b9_7f4a_7c15),
            receiver: user(0xc2b2_ae3d_27d4_eb4f),
            msg_seq: dice.next() as u32,
            msg_random: dice.next() as u32,
            body: format!("[{{\"MsgType\":\"TIMTextElem\",\"Text\":\"{:016x}{}\"}}]", dice.next(), "x".repeat(240)),
        }
    }

    /// Its conversation.
    pub(crate) fn conversation(&self) -> ConversationId {
        ConversationId::pair(&self.sender, &self.receiver)
    }

    /// The names of both, the lesser first.
    pub(crate) fn members(&self) -> (&str, &str) {
        let (one, other) = (self.sender.as_str(), self.receiver.as_str());
        (one.min(other), one.max(other))
    }

    /// As the store takes it.
    pub(crate) fn draft(self, at: Millis) -> Draft {
        Draft {
            sender: self.sender,
            receiver: self.receiver,
            group: None,
            msg_seq: Some(self.msg_seq),
            msg_random: self.msg_random,
            at,
            kind: DraftKind::Live,
            body: self.body,
            cloud: String::new(),
            flags: 0x13,
            expires_at: at,
            push: None,
            origin: None,
            is_admin: false,
            friends_only: false,
            told: None,
        }
    }
}
