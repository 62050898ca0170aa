//! Every tool's session in every other tool: what arrives, what is changed,
//! what is lost. `docs/fidelity.md` is written from this run:
//!
//! ```sh
//! SFS_TEST_BLESS=1 cargo test --test matrix
//! ```
//!
//! A session is written for a tool, captured from there as that tool's own,
//! written for the next one, captured again, and the two conversations are
//! compared piece by piece. That the tools themselves read what is written is
//! for `tests/real.rs` to show.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

#[path = "matrix/master.rs"]
mod master;
#[path = "matrix/pieces.rs"]
mod pieces;
#[path = "matrix/table.rs"]
mod table;
#[path = "matrix/world.rs"]
mod world;

use pieces::{Kind, missing};
use sfs::tool::{TOOLS, Tool};
use table::{Cell, Row};
use world::{Outcome, World};

/// All kinds, in the order in which they are told.
const KINDS: &[Kind] =
    &[Kind::Prompt, Kind::Answer, Kind::Call, Kind::Result, Kind::Failure, Kind::Image, Kind::Thinking];

/// The tools that can be given a session.
fn targets() -> impl Iterator<Item = &'static dyn Tool> {
    TOOLS.iter().copied().filter(|tool| tool.resume().is_some())
}

#[test]
fn every_pair_of_tools_keeps_what_was_said_called_and_answered() {
    let master = World::of_master();
    let mut rows = Vec::new();
    for from in targets() {
        let Outcome::Written(native, _) = master.resume(from) else { continue };
        let before = native.pieces();
        let cells = targets().map(|to| cell(&native, &before, to)).collect();
        rows.push(Row { from: from.title(), cells });
    }
    assert!(rows.len() > 1, "there is nothing to compare");
    let titles: Vec<_> = targets().map(Tool::title).collect();
    table::check(&titles, &rows);
}

/// Writes a session for another tool and compares.
fn cell(native: &World, before: &[pieces::Item], to: &'static dyn Tool) -> Cell {
    let (there, losses) = match native.resume(to) {
        Outcome::Written(there, losses) => (there, losses),
        Outcome::Imported => return Cell::Imported,
    };
    let missing = missing(before, &there.pieces());
    for kind in [Kind::Prompt, Kind::Answer, Kind::Call, Kind::Result] {
        let lost: Vec<_> = missing.iter().filter(|item| item.kind == kind).collect();
        assert!(lost.is_empty(), "{} -> {}: {lost:#?}", native.tool(), to.name());
    }
    assert!(
        missing.is_empty() || !losses.is_empty(),
        "{} -> {}: lost in silence: {missing:#?}",
        native.tool(),
        to.name()
    );
    let count = |items: &[pieces::Item], kind| items.iter().filter(|item| item.kind == kind).count();
    let kept =
        KINDS.iter().map(|kind| (*kind, count(before, *kind) - count(&missing, *kind), count(before, *kind)));
    Cell::Kept { kept: kept.collect(), losses }
}
