//! Ids as the tool makes them: a prefix, twelve hexadecimal digits of the time
//! with a counter, and fourteen more that are random. Observed in 1.1.65 to
//! 1.18.33.

use crate::object::id::digest;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The bits of time and counter that an id holds.
const BITS: u64 = (1 << 48) - 1;

/// Makes ids that ascend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    seed: u128,
    /// Milliseconds since 1970 with twelve bits of a counter.
    last: u64,
    /// The time of the last message.
    time: i64,
}

impl Ids {
    /// Begins before all times.
    pub(super) fn new(seed: u128) -> Ids {
        Ids { seed, last: 0, time: 0 }
    }

    /// Begins a message: its time, which is after that of the one before.
    pub(super) fn begin(&mut self, time: i64) -> i64 {
        self.time = time.max(self.time.saturating_add(1));
        let number = u64::try_from(self.time).unwrap_or_default() << 12;
        // A message of very many parts goes on in the next millisecond.
        if number <= self.last {
            self.time = i64::try_from((self.last >> 12) + 1).unwrap_or(i64::MAX);
        }
        self.last = u64::try_from(self.time).unwrap_or_default() << 12;
        self.time
    }

    /// An id after all before.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.last = self.last.wrapping_add(1);
        self.made(prefix, self.last)
    }

    /// The id of a session: those of newer ones come first.
    pub(super) fn session(&self, now: i64) -> String {
        self.made("ses", !((u64::try_from(now).unwrap_or_default() << 12) | 1))
    }

    fn made(&self, prefix: &str, number: u64) -> String {
        let random =
            digest(&[self.seed.to_le_bytes().as_slice(), prefix.as_bytes(), &number.to_le_bytes()].concat());
        let mut id = format!("{prefix}_{:012x}", number & BITS);
        let mut left = u128::from_le_bytes(random);
        for _ in 0..14 {
            let digit = usize::try_from(left % 62).ok().and_then(|n| DIGITS.get(n)).copied();
            id.push(char::from(digit.unwrap_or(b'0')));
            left /= 62;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_whatever_the_times() {
        let mut ids = Ids::new(7);
        assert_eq!(ids.session(1_795_327_968_725).len(), "ses_dfe1d3a2affeZSTBA9UOqNgMRA".len());
        assert!(
            ids.session(1_795_327_968_725).starts_with("ses_dfe1d3a2affe"),
            "{}",
            ids.session(1_795_327_968_725)
        );
        assert!(ids.session(1_795_327_968_726) < ids.session(1_795_327_968_725));
        let (mut last, mut before) = (String::new(), 0);
        for time in [1_700_000_000_000, 1_600_000_000_000, 1_700_000_000_001, 1_700_000_000_002] {
            let now = ids.begin(time);
            assert!(now > before);
            before = now;
            for _ in 0..5000 {
                let id = ids.next("msg");
                assert!(id > last, "{id} {last}");
                last = id;
            }
        }
    }
}
