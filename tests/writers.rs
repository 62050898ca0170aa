//! Writers that share a remote, at random: they capture, fork, merge, delete,
//! push and pull, are killed in the middle, their lines are cut, what others
//! wrote reaches them late, and their clocks are wrong. In the end all must
//! agree, and nothing that any of them ever had be missing.
//!
//! All of it happens in one process and one thread, so that a seed always does
//! the same. `SFS_TEST_SEED=7` runs that seed alone, `SFS_TEST_RUNS=100` more
//! of them than the default.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]
#![expect(clippy::print_stderr, reason = "a test that fails says how to repeat it")]

#[path = "writers/end.rs"]
mod end;
#[path = "writers/line.rs"]
mod line;
#[path = "writers/steps.rs"]
mod steps;
#[path = "writers/world.rs"]
mod world;

use world::World;

/// Says what failed, should it.
struct Seed<'w>(u64, &'w World);

impl Drop for Seed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.1.log.lock().map(|log| log.join("\n")).unwrap_or_default();
            eprintln!("{log}\nrepeat it with SFS_TEST_SEED={}", self.0);
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

/// Runs so many seeds, each with so many steps.
fn run(seed: u64, seeds: u64, writers: usize, steps: u64) {
    let chosen = number("SFS_TEST_SEED");
    let seeds = number("SFS_TEST_RUNS").unwrap_or(seeds);
    let all = chosen.map_or(seed..seed + seeds, |chosen| chosen..chosen + 1);
    for seed in all {
        let world = World::new(seed, writers);
        let guard = Seed(seed, &world);
        for _ in 0..steps {
            let writer = world.below(writers as u64);
            world.step(usize::try_from(writer).unwrap(), 0);
        }
        world.assert_all_agree();
        drop(guard);
    }
}

#[test]
fn two_writers() {
    run(0, 6, 2, 150);
}

#[test]
fn ten_writers() {
    run(1_000_000, 1, 10, 300);
}
