//! Tells quickly where in a text no word begins.
//!
//! The first bytes of every word set a bit in a table; a place in a text whose first bytes find no bit begins no word.
//! Words of a few bytes have tables of their own, so that long ones are told apart by more bytes. A table for 100,000
//! words takes a few hundred kilobytes and stays in the second cache, where the automaton of the words does not.

/// How many first bytes the tables look at, rising. A word belongs to the last one that it is long enough for.
const DEPTHS: [usize; 6] = [1, 2, 3, 4, 6, 8];
/// Bits for each word: one place in sixteen passes by chance.
const BITS_PER_WORD: usize = 16;

/// The tables that have words, each with how many bytes it looks at.
pub(super) struct Sieve(Vec<Table>);

struct Table {
    mask: u64,
    shift: u32,
    bits: Vec<u64>,
}

impl Table {
    fn new(depth: usize, words: usize) -> Self {
        let bits = (words * BITS_PER_WORD).next_power_of_two().max(1_024);
        let mask = if depth == 8 { u64::MAX } else { (1 << (depth * 8)) - 1 };
        Self { mask, shift: 64 - bits.trailing_zeros(), bits: vec![0; bits / 64] }
    }

    /// Where the bit of some bytes lies; multiplying spreads them over the high bits (Fibonacci hashing).
    const fn place(&self, head: u64) -> (usize, u64) {
        let place = (head & self.mask).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        ((place / 64) as usize, 1 << (place % 64))
    }

    fn add(&mut self, head: u64) {
        let (word, bit) = self.place(head);
        self.bits[word] |= bit;
    }

    fn has(&self, head: u64) -> bool {
        let (word, bit) = self.place(head);
        self.bits[word] & bit != 0
    }
}

/// The first eight bytes, as a number; fewer are filled up with zeros, which no word holds.
fn head(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(head) => u64::from_le_bytes(*head),
        None => bytes.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

impl Sieve {
    /// A sieve for words, none of which is empty.
    pub(super) fn of(words: &[String]) -> Self {
        let depth_of = |word: &str| DEPTHS.into_iter().rfind(|depth| *depth <= word.len()).unwrap_or(1);
        let tables = DEPTHS.into_iter().filter_map(|depth| {
            let own: Vec<_> = words.iter().filter(|word| depth_of(word) == depth).collect();
            let mut table = Table::new(depth, own.len());
            for word in &own {
                table.add(head(word.as_bytes()));
            }
            (!own.is_empty()).then_some(table)
        });
        Self(tables.collect())
    }

    /// The places of a text at which a word may begin, in order.
    pub(super) fn hits<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        // A word begins where a character does.
        let begins = |place: &usize| text[*place] & 0xc0 != 0x80;
        (0..text.len()).filter(begins).filter(|place| {
            let head = head(&text[*place..]);
            self.0.iter().any(|table| table.has(head))
        })
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|table| table.bits.len() * 8).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beginning_of_a_word_is_missed_and_few_others_pass() {
        let words: Vec<String> =
            (0..5_000_u32).map(|n| format!("w{}", n * 7)).chain(["é".into(), "禁".into()]).collect();
        let sieve = Sieve::of(&words);
        for word in &words {
            let text = format!("..{word}..");
            assert!(sieve.hits(text.as_bytes()).any(|place| place == 2), "{word}");
            assert!(sieve.hits(word.as_bytes()).any(|place| place == 0), "{word} at the end");
        }
        let text = "nothing of what is looked for ".repeat(100);
        let passed = sieve.hits(text.as_bytes()).count();
        assert!(passed < text.len() / 4, "{passed} of {}", text.len());
    }
}
