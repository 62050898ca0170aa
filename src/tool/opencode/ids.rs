//! Ids as the tool makes them: a prefix, twelve hexadecimal digits of the time
//! with a counter, and fourteen more that are random. Observed in 1.1.65 to
//! 1.18.33.
//!
//! The digits begin again every 2.2 years, and a prompt whose id is less than that of
//! the last answer is taken for answered. So ids are made from the time of writing,
//! not from that of the messages.

use crate::object::id::digest;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The bits of time and counter that an id holds.
const BITS: u64 = (1 << 48) - 1;

/// How long before now ids begin, in milliseconds: there are 4096 in each.
const BEFORE: i64 = 3_600_000;

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
    /// Ids that are less than those that the tool makes from `now` on.
    pub(super) fn new(seed: u128, now: i64) -> Ids {
        let last = u64::try_from(now.saturating_sub(BEFORE)).unwrap_or_default() << 12;
        Ids { seed, last, time: 0 }
    }

    /// Begins a message: its time, which is after that of the one before.
    pub(super) fn begin(&mut self, time: i64) -> i64 {
        self.time = time.max(self.time.saturating_add(1));
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
        let now = 1_795_327_968_725;
        let mut ids = Ids::new(7, now);
        assert!(ids.session(now).starts_with("ses_dfe1d3a2affe"), "{}", ids.session(now));
        assert_eq!(ids.session(now).len(), "ses_dfe1d3a2affeZSTBA9UOqNgMRA".len());
        assert!(ids.session(now + 1) < ids.session(now));
        let (mut last, mut before) = (String::new(), 0);
        for time in [1_700_000_000_000, 1_600_000_000_000, now - 5, now - 5] {
            let now = ids.begin(time);
            assert!(now > before);
            before = now;
            for _ in 0..5000 {
                let id = ids.next("msg");
                assert!(id > last, "{id} {last}");
                last = id;
            }
        }
        // The first one that the tool makes by itself.
        assert!(last.as_str() < "msg_201e2c5d5001");
    }
}
