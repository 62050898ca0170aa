//! One contract for all adapters: what each must do with every session there
//! is, whatever its tool.
//!
//! * It reads the same each time, and when it goes on from any record.
//! * What was captured comes back: the same bytes, of databases the same rows.
//! * Damage anywhere in a file makes nothing panic and costs nothing but what
//!   was hit; what the store had before it stays.
//! * What it writes of a session, its own reader understands as the same
//!   conversation, but for the losses that it tells.
//!
//! The tools are those of the table, with the forms in which sessions are handed on; one without a session to read fails. The
//! sessions are those below `contract/homes/`, a conversation written for each
//! tool that takes one and, where the environment names folders of sessions
//! (`SFS_CORPUS`, with `samples` beside it), all of these.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "contract/corpus.rs"]
mod corpus;
#[path = "contract/damage.rs"]
mod damage;
#[path = "contract/kept.rs"]
mod kept;
#[path = "matrix/master.rs"]
mod master;
#[path = "matrix/pieces.rs"]
mod pieces;
#[path = "contract/reading.rs"]
mod reading;
#[path = "contract/world.rs"]
mod world;
#[path = "contract/written.rs"]
mod written;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sfs::tool::{FORMS, TOOLS, Tool};
use world::World;

/// The tools, and the forms in which sessions are handed on.
fn all() -> Vec<&'static dyn Tool> {
    TOOLS.iter().chain(FORMS).copied().collect()
}

/// The homes with sessions of a tool that the project has.
fn fixtures(tool: &'static dyn Tool) -> Vec<World> {
    let fixtures: Vec<World> = World::fixture(tool).into_iter().chain(written::masters(tool)).collect();
    assert!(!fixtures.is_empty(), "{}: no session to read: put one below tests/contract/homes", tool.name());
    fixtures
}

/// Does something for each of many, on a few threads; what fails doesn't keep
/// the others from being looked at.
fn for_each<T: Sync>(all: &[T], check: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| check(one))).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "so many of {} fail, as said above", all.len());
}

#[test]
fn every_session_reads_and_comes_back() {
    for_each(&all(), |tool| {
        for world in fixtures(*tool) {
            let read = reading::twice(&world);
            assert!(read.iter().any(|(_, read)| read.says_something()), "{}: nothing is said", world.name);
            kept::comes_back(&world);
        }
    });
}

#[test]
fn damage_costs_only_what_it_hits() {
    for_each(&all(), |tool| {
        for world in fixtures(*tool) {
            damage::read_anywhere(&world, damage::Effort::Thorough);
        }
    });
}

#[test]
fn what_is_damaged_is_captured_as_it_is_and_the_state_before_stays() {
    for_each(&all(), |tool| {
        for world in fixtures(*tool) {
            damage::captured(&world, 12);
        }
    });
}

#[test]
fn what_is_written_is_understood_as_the_same() {
    for_each(&all(), |tool| {
        let understood = |world: &World| written::understood(world, written::Strict::Yes);
        let written: usize = fixtures(*tool).iter().map(understood).sum();
        let needed = tool.resume().is_some() && !written::BY_HAND.contains(&tool.name());
        assert!(written > 0 || !needed, "{}: nothing was written", tool.name());
    });
}

#[test]
fn sessions_of_others_keep_the_contract() {
    let worlds = corpus::worlds();
    if worlds.is_empty() {
        println!("SKIPPED: SFS_CORPUS names no folder with sessions");
        return;
    }
    let counts = Mutex::new(BTreeMap::<_, corpus::Count>::new());
    for_each(&worlds, |world| {
        let count = corpus::check(world);
        counts.lock().unwrap().entry(world.tool.name()).or_default().add(&count);
    });
    let counts = counts.into_inner().unwrap();
    for (tool, count) in &counts {
        println!("{tool}: {count}");
    }
    println!("{} files in all", counts.values().map(|count| count.files).sum::<usize>());
}
