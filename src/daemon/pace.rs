//! How fast: what following may cost, and what the clocks say.

use std::time::{Duration, Instant};

/// How many times longer the rest after a look is than the look …
const REST: u32 = 8;
/// … and after one that found nothing new.
const REST_VAIN: u32 = 50;
/// The longest rest after a look.
const REST_MOST: Duration = Duration::from_secs(2);

/// How long what was looked at is left alone after a look that took so long:
/// a tool that never pauses costs a part of one processor, no more.
pub(super) fn rest_after(took: Duration, found: bool) -> Duration {
    (took * if found { REST } else { REST_VAIN }).min(REST_MOST)
}

/// How many bytes may be written for each new byte of the tools.
const FACTOR: u64 = 4;
/// How many bytes may be written beyond that in a minute.
const ALLOWANCE: u64 = 64 << 10;
/// How long is waited at least when the purse is empty.
const WAIT: Duration = Duration::from_millis(500);
/// How long is waited at most.
const WAIT_MOST: Duration = Duration::from_secs(5);
/// A disk writes pages, each time whole.
const PAGE: u64 = 4 << 10;

/// What may be written: when a tool writes a few bytes at a time without end,
/// the commits become fewer and larger.
#[derive(Debug)]
pub(super) struct Purse {
    /// Bytes that may still be written beyond what the tools' bytes pay for.
    left: u64,
    filled: Instant,
    open_at: Instant,
}

impl Purse {
    /// A full one.
    pub(super) fn new(now: Instant) -> Purse {
        Purse { left: ALLOWANCE, filled: now, open_at: now }
    }

    /// When the next commit may be made.
    pub(super) fn open_at(&self) -> Instant {
        self.open_at
    }

    /// Takes out what was written for so many new bytes.
    pub(super) fn spend(&mut self, written: u64, new: u64, now: Instant) {
        if written == 0 {
            return;
        }
        let passed = u64::try_from(now.saturating_duration_since(self.filled).as_millis()).unwrap_or(0);
        self.filled = now;
        let filled = self.left.saturating_add(passed.saturating_mul(ALLOWANCE) / 60_000).min(ALLOWANCE);
        let pages = written.next_multiple_of(PAGE).saturating_add(PAGE);
        let cost = pages.saturating_sub(new.saturating_mul(FACTOR));
        self.left = filled.saturating_sub(cost);
        if self.left < ALLOWANCE / 2 {
            // As long as the allowance needs to grow by as much again.
            let wait = Duration::from_millis(cost.saturating_mul(60_000) / ALLOWANCE);
            self.open_at = now + wait.clamp(WAIT, WAIT_MOST);
        }
    }
}

/// How far the two clocks may drift apart between two looks.
const DRIFT: i64 = 5_000;

/// Compares the clock on the wall with the one that only runs: they part when
/// the machine slept, or when the time was set.
#[derive(Debug)]
pub(super) struct Clock {
    wall: i64,
    running: Instant,
}

impl Clock {
    /// Starts at these times; that on the wall in milliseconds.
    pub(super) fn new(wall: i64, running: Instant) -> Clock {
        Clock { wall, running }
    }

    /// Whether the clocks parted since the last time.
    pub(super) fn has_jumped(&mut self, wall: i64, running: Instant) -> bool {
        let ran = running.saturating_duration_since(self.running).as_millis();
        let passed = wall.saturating_sub(self.wall);
        *self = Clock { wall, running };
        passed.saturating_sub(i64::try_from(ran).unwrap_or(i64::MAX)).saturating_abs() > DRIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleep_and_set_clocks_are_noticed() {
        let start = Instant::now();
        let mut clock = Clock::new(1_000_000, start);
        assert!(!clock.has_jumped(1_030_000, start + 30 * SECOND));
        // Asleep for an hour, set back by a day, and set forward.
        assert!(clock.has_jumped(1_031_000 + 3_600_000, start + 31 * SECOND));
        assert!(!clock.has_jumped(1_032_000 + 3_600_000, start + 32 * SECOND));
        assert!(clock.has_jumped(0, start + 33 * SECOND));
        assert!(clock.has_jumped(i64::MAX, start + 34 * SECOND));
        assert!(clock.has_jumped(i64::MIN, start + 35 * SECOND));
    }

    #[test]
    fn ordinary_records_never_wait() {
        let (mut purse, mut now) = (Purse::new(Instant::now()), Instant::now());
        for _ in 0..600 {
            purse.spend(2_100, 2_700, now);
            assert!(purse.open_at() <= now);
            now += SECOND / 10;
        }
    }

    #[test]
    fn a_drizzle_is_gathered() {
        let start = Instant::now();
        let (mut purse, mut now, mut written) = (Purse::new(start), start, 0);
        // Fifty bytes every tenth of a second, for ten minutes.
        let mut new = 0;
        while now < start + 600 * SECOND {
            now += SECOND / 10;
            new += 50;
            if now >= purse.open_at() {
                purse.spend(1_500, new, now);
                written += 8_192;
                new = 0;
            }
        }
        let allowed = 4 * 50 * 6_000 + 11 * ALLOWANCE;
        assert!(written < allowed, "{written} of {allowed}");
        assert!(purse.open_at() < now + WAIT_MOST * 2);
    }

    #[test]
    fn long_looks_rest_longer() {
        assert_eq!(rest_after(SECOND / 100, true), SECOND * 8 / 100);
        assert_eq!(rest_after(SECOND / 100, false), SECOND / 2);
        assert_eq!(rest_after(60 * SECOND, true), REST_MOST);
    }
}
