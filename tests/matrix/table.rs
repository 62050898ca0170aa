//! The page that tells what arrives: made, and held to what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::pieces::Kind;

/// What became of one tool's session in another.
pub(crate) enum Cell {
    /// How many of each kind arrived, of how many; and what was said about losses.
    Kept { kept: Vec<(Kind, usize, usize)>, losses: Vec<String> },
    /// It gets in by the tool's own importer, which isn't here.
    Imported,
}

/// One tool's session in all of them.
pub(crate) struct Row {
    pub(crate) from: &'static str,
    pub(crate) cells: Vec<Cell>,
}

const PAGE: &str = "docs/fidelity.md";

/// Writes the page if asked to, else compares it with what is there.
pub(crate) fn check(titles: &[&str], rows: &[Row]) {
    let page = page(titles, rows);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("SFS_TEST_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "{PAGE} is not what this run found; with SFS_TEST_BLESS=1 it is written anew:\n{page}"
    );
}

fn page(titles: &[&str], rows: &[Row]) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "| from \\ to | {} |", titles.join(" | "));
    let _ = writeln!(out, "|---{}|", "|---".repeat(titles.len()));
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(words).collect();
        let _ = writeln!(out, "| **{}** | {} |", row.from, cells.join(" | "));
    }
    out.push_str("\nWhat a target says of what it can't hold, before anything is written:\n\n");
    for (title, losses) in losses(titles, rows) {
        let _ = writeln!(out, "- **{title}**: {}", losses.into_iter().collect::<Vec<_>>().join("; "));
    }
    out
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Imported => "by its importer".to_owned(),
        Cell::Kept { kept, .. } => {
            let lost = kept.iter().filter(|(_, arrived, of)| arrived < of);
            let lost: Vec<String> = lost.map(|(kind, n, of)| format!("{} {n}/{of}", name(*kind))).collect();
            if lost.is_empty() { "all".to_owned() } else { lost.join(", ") }
        }
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Prompt => "prompts",
        Kind::Answer => "answers",
        Kind::Call => "calls",
        Kind::Result => "results",
        Kind::Failure => "failure marks",
        Kind::Image => "images",
        Kind::Thinking => "thoughts",
    }
}

fn losses<'t>(titles: &[&'t str], rows: &[Row]) -> BTreeMap<&'t str, BTreeSet<String>> {
    let mut all: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        for (title, cell) in titles.iter().zip(&row.cells) {
            if let Cell::Kept { losses, .. } = cell
                && !losses.is_empty()
            {
                all.entry(*title).or_default().extend(losses.iter().cloned());
            }
        }
    }
    all
}

const HEAD: &str = "# What arrives

One conversation with unicode, text of several lines, parallel calls, an error, a picture, an edited file, a thought and a
subagent, taken from each tool to each other one. A cell says `all`, or how many of a kind arrived. Prompts,
answers, calls and results always arrive: the run fails otherwise. This page is made by the run itself:

```sh
SFS_TEST_BLESS=1 cargo test --test matrix
```

";
