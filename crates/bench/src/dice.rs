//! Numbers that look random and are the same in every run.

/// The generator: xorshift, because it costs nothing beside what is measured.
pub(crate) struct Dice(u64);

impl Dice {
    /// A generator of its own sequence.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1 | 1)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `count`, each as likely as the others.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        // The low bits of the generator are its weakest.
        (self.next() >> 11) % count.max(1)
    }

    /// A number below `count`, log-uniform: close to a Zipf distribution, a few come up often.
    pub(crate) fn skewed(&mut self, count: u64) -> u64 {
        (count as f64).powf(self.unit()) as u64
    }
}
