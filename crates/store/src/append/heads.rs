//! A worker's memory of the heads that it moved lately, as it left them.
//!
//! A head that is remembered need not be locked and read before the batch is decided: it is assumed, and the batch's
//! one update of it holds only if the assumption did (same writer, same sequence, nobody parted). What another node
//! changed meanwhile undoes the whole batch, which then runs again without assumptions. So forgetting, and being wrong,
//! cost time and never truth.

use std::collections::HashMap;

use contract::{AppId, ConversationId};

use super::plan::Head;

/// Heads of one generation; two are kept: 30 MB for a worker whose conversations are that many.
const REMEMBERED: usize = 1 << 17;

/// Which head.
pub(crate) type HeadKey = (AppId, ConversationId);

/// The memory, in two generations: what was not used while one filled up is forgotten with the next.
#[derive(Default)]
pub(crate) struct Heads {
    young: HashMap<HeadKey, Head>,
    old: HashMap<HeadKey, Head>,
}

impl Heads {
    /// The head as this worker left it.
    pub(crate) fn get(&self, key: &HeadKey) -> Option<&Head> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Remembers what was committed.
    pub(crate) fn keep(&mut self, committed: impl IntoIterator<Item = (HeadKey, Head)>) {
        for (key, head) in committed {
            if self.young.len() >= REMEMBERED {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(key, head);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> HeadKey {
        (AppId(1), ConversationId((number as u128).to_le_bytes()))
    }

    fn head(seq: i64) -> Head {
        Head { seq, ..Head::default() }
    }

    #[test]
    fn the_newest_is_remembered_and_two_generations_are_the_bound() {
        let mut heads = Heads::default();
        heads.keep([(key(0), head(1)), (key(0), head(2))]);
        assert_eq!(heads.get(&key(0)), Some(&head(2)));
        heads.keep((1..=REMEMBERED).map(|number| (key(number), head(1))));
        assert_eq!(heads.get(&key(0)), Some(&head(2)), "one generation back");
        heads.keep([(key(0), head(3))]);
        assert_eq!(heads.get(&key(0)), Some(&head(3)), "the younger generation goes first");
        heads.keep((1..=2 * REMEMBERED).map(|number| (key(number + REMEMBERED), head(1))));
        assert_eq!(heads.get(&key(0)), None);
        assert!(heads.young.len() + heads.old.len() <= 2 * REMEMBERED);
    }
}
