//! A small seeded generator of numbers: xoshiro256**, integers only, so that a seed gives the same corpus on every machine.

/// A source of pseudo-random numbers.
#[derive(Clone)]
pub(super) struct Rng([u64; 4]);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| splitmix(&mut state)))
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number below `n`, all equally likely; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        scale(self.bits() >> 32, n)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// A number below `n` where small ones are much likelier, as words are in a text.
    pub(super) fn zipf(&mut self, n: usize) -> usize {
        let bits = self.bits();
        let (a, b) = (bits >> 32, bits & 0xffff_ffff);
        scale((a * b) >> 32, n)
    }

    /// Whether something that happens `per_mille` times in a thousand happens now.
    pub(super) fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`, all equally likely.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A number whose share of values below `quantiles[i].1` is `quantiles[i].0` in a thousand.
    pub(super) fn quantile(&mut self, quantiles: &[(usize, usize)]) -> usize {
        let at = self.below(1000);
        let upper = quantiles.iter().position(|q| at < q.0).unwrap_or(quantiles.len() - 1);
        let (from, low) = if upper == 0 { (0, 0) } else { quantiles[upper - 1] };
        let (to, high) = quantiles[upper];
        let step = (high - low) / (to - from);
        low + step * (at - from) + self.below(step + 1)
    }
}

/// One step of splitmix64, which spreads a seed over the whole state.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Maps 32 random bits to a number below `n`.
fn scale(bits: u64, n: usize) -> usize {
    ((bits * n as u64) >> 32) as usize
}
