//! How fast: what following may cost, and what the clocks say.

use std::collections::VecDeque;
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

/// How many bytes may be written in a minute for each new byte of the tools …
const FACTOR: u64 = 4;
/// … and how many beyond that.
const ALLOWANCE: u64 = 56 << 10;
/// When so few are left the purse is nearly empty.
const LOW: u64 = 10 << 10;
/// How long is waited when the purse is nearly empty; twice as long each time
/// that it is quite empty, …
const WAIT: Duration = Duration::from_millis(300);
const DOUBLED: u32 = 5;
/// … but no longer than this.
const WAIT_MOST: Duration = Duration::from_secs(5);
/// A disk writes whole pages: on average, one more than the bytes fill.
const PAGE: u64 = 4 << 10;
const MINUTE: Duration = Duration::from_secs(60);

/// What may be written: when a tool writes a few bytes at a time without end,
/// the commits become fewer and larger.
#[derive(Debug)]
pub(super) struct Purse {
    /// What was spent in the last minute, and what was put in for it.
    spent: VecDeque<(Instant, u64, u64)>,
    /// How often it was found empty, less how often it was not low.
    times: u32,
    open_at: Instant,
}

impl Purse {
    /// A full one.
    pub(super) fn new(now: Instant) -> Purse {
        Purse { spent: VecDeque::new(), times: 0, open_at: now }
    }

    /// When the next commit may be made.
    pub(super) fn open_at(&self) -> Instant {
        self.open_at
    }

    /// Takes out what was written for so many new bytes, which put in more
    /// than that if they are many.
    pub(super) fn spend(&mut self, written: u64, new: u64, now: Instant) {
        if written == 0 {
            return;
        }
        self.spent.push_back((now, written.saturating_add(PAGE), new.saturating_mul(FACTOR)));
        while self.spent.front().is_some_and(|(at, ..)| now.saturating_duration_since(*at) >= MINUTE) {
            self.spent.pop_front();
        }
        let sums = self.spent.iter().fold((0u64, ALLOWANCE), |(out, put_in), (_, cost, more)| {
            (out.saturating_add(*cost), put_in.saturating_add(*more))
        });
        let left = sums.1.saturating_sub(sums.0);
        // A burst is over soon; what goes on and on must wait longer and longer.
        if left >= LOW {
            self.times = self.times.saturating_sub(1);
            return;
        }
        self.times = (self.times + u32::from(left == 0)).min(DOUBLED);
        self.open_at = now + (WAIT * 2u32.pow(self.times)).min(WAIT_MOST);
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
        // Short ones among them are paid for by the others.
        for new in [2_700, 400, 1_900].iter().cycle().take(600) {
            purse.spend(1_200 + new / 3, *new, now);
            assert!(purse.open_at() <= now);
            now += SECOND / 4;
        }
    }

    #[test]
    fn a_burst_of_short_records_is_soon_over() {
        let (mut purse, mut now, mut new, mut longest) =
            (Purse::new(Instant::now()), Instant::now(), 0, Duration::ZERO);
        // A tenth of a second apart: now thirty short ones, now thirty of the usual length.
        for n in 0..6_000 {
            new += if n / 30 % 2 == 0 { 300 } else { 2_700 };
            if now >= purse.open_at() {
                purse.spend(1_200 + new / 3, new, now);
                longest = longest.max(purse.open_at().saturating_duration_since(now));
                new = 0;
            }
            now += SECOND / 10;
        }
        assert!(longest < SECOND, "{longest:?}");
    }

    #[test]
    fn a_drizzle_is_gathered() {
        let start = Instant::now();
        let (mut purse, mut now, mut written) = (Purse::new(start), start, 0);
        // Fifty bytes every tenth of a second, for ten minutes.
        let (mut new, mut first) = (0, None);
        while now < start + 600 * SECOND {
            now += SECOND / 10;
            new += 50;
            if now >= purse.open_at() {
                purse.spend(1_500, new, now);
                written += 1_500 + PAGE;
                new = 0;
            }
            if now >= start + 60 * SECOND && first.is_none() {
                first = Some(written);
            }
        }
        let first = first.unwrap();
        assert!(first < 4 * 50 * 600 + (64 << 10), "{first} in the first minute");
        let allowed = 4 * 50 * 6_000 + 10 * (64 << 10);
        assert!(written < allowed, "{written} of {allowed}");
        assert!(purse.open_at() <= now + WAIT_MOST);
    }

    #[test]
    fn long_looks_rest_longer() {
        assert_eq!(rest_after(SECOND / 100, true), SECOND * 8 / 100);
        assert_eq!(rest_after(SECOND / 100, false), SECOND / 2);
        assert_eq!(rest_after(60 * SECOND, true), REST_MOST);
    }
}
