//! Chance that can be repeated: a test prints the seed, and `NOROSHI_TEST_SEED` brings the same throws again.

use crate::append::window::random;

/// A small generator (SplitMix64); nothing secret hangs on it.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice from the environment's seed or from a new one, which is printed for the case that the test fails.
    #[expect(clippy::print_stderr, reason = "the test harness shows it when the test fails")]
    pub fn new(what: &str) -> Self {
        let given = std::env::var("NOROSHI_TEST_SEED").ok();
        let seed = match given {
            Some(seed) => seed.parse().expect("NOROSHI_TEST_SEED is a number"),
            None => random().unsigned_abs(),
        };
        eprintln!("{what}: NOROSHI_TEST_SEED={seed}");
        Self::seeded(seed)
    }

    /// Dice with a seed.
    pub const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, without `high`.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    /// True so many times in a hundred.
    pub const fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}
