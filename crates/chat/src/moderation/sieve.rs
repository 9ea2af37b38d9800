//! Tells quickly where in a text no word begins.
//!
//! The first bytes of every word set a few bits of one number in a table; a place in a text whose first bytes do not find
//! all of theirs begins no word. Words of a few bytes have tables of their own, so that long ones are told apart by more
//! bytes. Before the tables of the long ones stands a *gate*, a table of first bytes that one look turns most places away
//! at: every place that passes by chance is a walk through the automaton, which costs as much as the sieve of ten places.
//! All of it takes a few hundred kilobytes for 100,000 words and stays in the second cache, where the automaton does not.

/// How many first bytes the tables look at, rising. A word belongs to the last one that it is long enough for.
const DEPTHS: [usize; 6] = [1, 2, 3, 4, 6, 8];
/// The gate looks at so many first bytes; tables of fewer are small and stand beside it.
const GATE_DEPTH: usize = 4;
/// Bits for each word, of which it sets three: about one place in a hundred passes by chance.
const BITS_PER_WORD: usize = 16;
/// Bits of one number of a table.
const BLOCK_BITS: usize = 64;

/// The tables that have words.
pub(super) struct Sieve {
    /// Of words that are too short for the gate.
    short: Vec<Table>,
    gate: Gate,
    /// Of words that must pass the gate.
    long: Vec<Table>,
}

/// Bits of the gate for each word: one place in eight passes by chance.
const GATE_BITS_PER_WORD: usize = 8;

/// One bit for the first bytes of each long word. One bit is found faster than several, and what passes by chance is only
/// looked at again.
struct Gate {
    shift: u32,
    blocks: Vec<u64>,
}

impl Gate {
    fn new(words: usize) -> Self {
        let bits = (words * GATE_BITS_PER_WORD).next_power_of_two().max(1_024);
        Self { shift: u64::BITS - bits.trailing_zeros(), blocks: vec![0; bits / BLOCK_BITS] }
    }

    const fn place(&self, head: u64) -> (usize, u64) {
        let first = head & ((1 << (GATE_DEPTH * 8)) - 1);
        let place = (first.wrapping_mul(SPREAD) >> self.shift) as usize;
        (place / BLOCK_BITS, 1 << (place % BLOCK_BITS))
    }

    fn add(&mut self, head: u64) {
        let (block, bit) = self.place(head);
        self.blocks[block] |= bit;
    }

    fn has(&self, head: u64) -> bool {
        let (block, bit) = self.place(head);
        self.blocks[block] & bit != 0
    }
}

/// Multiplying by it spreads numbers over the high bits (Fibonacci hashing).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

struct Table {
    mask: u64,
    /// By how much a hash is shifted to leave the place of a block.
    shift: u32,
    blocks: Vec<u64>,
}

impl Table {
    fn new(depth: usize, words: usize) -> Self {
        let blocks = (words * BITS_PER_WORD / BLOCK_BITS).next_power_of_two().max(16);
        let mask = if depth == 8 { u64::MAX } else { (1 << (depth * 8)) - 1 };
        Self { mask, shift: u64::BITS - blocks.trailing_zeros(), blocks: vec![0; blocks] }
    }

    /// The block of some bytes and their bits in it: the highest bits of their hash tell the block, those below them the
    /// bits.
    const fn place(&self, head: u64) -> (usize, u64) {
        let hash = (head & self.mask).wrapping_mul(SPREAD);
        let rest = hash << (u64::BITS - self.shift);
        let bits = 1 << (rest >> 58) | 1 << ((rest >> 52) & 63) | 1 << ((rest >> 46) & 63);
        ((hash >> self.shift) as usize, bits)
    }

    fn add(&mut self, head: u64) {
        let (block, bits) = self.place(head);
        self.blocks[block] |= bits;
    }

    fn has(&self, head: u64) -> bool {
        let (block, bits) = self.place(head);
        self.blocks[block] & bits == bits
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
        let tables = |depths: &[usize]| {
            let table = |depth: &usize| {
                let own: Vec<_> = words.iter().filter(|word| depth_of(word) == *depth).collect();
                let mut table = Table::new(*depth, own.len());
                for word in &own {
                    table.add(head(word.as_bytes()));
                }
                (!own.is_empty()).then_some(table)
            };
            depths.iter().filter_map(table).collect()
        };
        let (short, long) = DEPTHS.split_at(DEPTHS.partition_point(|depth| *depth < GATE_DEPTH));
        let gated = || words.iter().filter(|word| word.len() >= GATE_DEPTH);
        let mut gate = Gate::new(gated().count());
        gated().for_each(|word| gate.add(head(word.as_bytes())));
        Self { short: tables(short), gate, long: tables(long) }
    }

    /// The places of a text at which a word may begin, in order.
    pub(super) fn hits<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        // A word begins where a character does.
        let begins = |place: &usize| text[*place] & 0xc0 != 0x80;
        (0..text.len()).filter(begins).filter(|place| {
            let head = head(&text[*place..]);
            let is_in = |tables: &[Table]| tables.iter().any(|table| table.has(head));
            is_in(&self.short) || (self.gate.has(head) && is_in(&self.long))
        })
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.short.iter().chain(&self.long).map(|table| &table.blocks).chain([&self.gate.blocks]);
        blocks.map(|blocks| size_of_val(&**blocks)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beginning_of_a_word_is_missed_and_few_others_pass() {
        let words: Vec<String> = (0..5_000_u32)
            .map(|n| format!("w{}", n * 7))
            .chain(["é", "禁", "x", "xyz", "wxyz"].map(String::from))
            .collect();
        let sieve = Sieve::of(&words);
        for word in &words {
            let text = format!("..{word}..");
            assert!(sieve.hits(text.as_bytes()).any(|place| place == 2), "{word}");
            assert!(sieve.hits(word.as_bytes()).any(|place| place == 0), "{word} at the end");
        }
        // Places of a text that are all different, so that chance has its chance.
        let text: Vec<String> = (0..5_000_u32).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b1))).collect();
        let text = text.join(".");
        let passed = sieve.hits(text.as_bytes()).count();
        assert!(passed < text.len() / 25, "{passed} of {}", text.len());
    }
}
