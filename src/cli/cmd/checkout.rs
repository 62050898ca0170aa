//! `sfs checkout`

use std::path::PathBuf;

use crate::cli::error::FAILED;
use crate::cli::ui::{self, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::checkout::{CheckoutOptions, CheckoutOutcome, checkout};
use crate::ops::files::FilesAt;
use crate::ops::revision;

/// So many files are named; the rest is counted.
const NAMED: usize = 20;

/// Put files back as they were at a revision
///
/// From the snapshot of that moment, or from the nearest one before it and what
/// was written and edited since; without one, from the conversation alone.
/// Nothing is removed, and nothing outside of the folder is touched. If files
/// would be overwritten, it only tells which, unless --force is given; what is
/// overwritten is kept as a snapshot first.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision
    rev: String,
    /// Only these files and folders
    paths: Vec<PathBuf>,
    /// The folder to write to; if not given, the session's project, in which
    /// you must be
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Take the snapshot whose id begins so
    #[arg(long, value_name = "ID")]
    snapshot: Option<String>,
    /// Overwrite what is there
    #[arg(long, short)]
    force: bool,
    /// Also write files that are known only in part
    #[arg(long)]
    partial: bool,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    app.bring_texts(&mut store, found.session)?;
    let options = CheckoutOptions {
        session: found.session,
        commit: found.commit,
        snapshot: args.snapshot.clone(),
        to: args.to.clone(),
        fresh: false,
        paths: args.paths.clone(),
        force: args.force,
        partial: args.partial,
        dry_run: args.dry_run,
    };
    let outcome = checkout(&app.env, &mut store, &options, &app.ui.monitor())?;
    if args.json {
        app.ui.json(&json(&outcome))?;
    } else {
        tell(app, &outcome)?;
    }
    match outcome.done || args.dry_run {
        true => Ok(()),
        false if args.json => Err(CommandError::silent(FAILED)),
        false => Err(CommandError::message(format!(
            "{} would be overwritten; nothing was written",
            count(outcome.replaced.len() as u64, "file")
        ))
        .hint("`--force` overwrites them, and keeps what is there as a snapshot")
        .hint("`--to DIR` writes to another folder")),
    }
}

/// Tells what a checkout did.
pub(super) fn tell(app: &App, outcome: &CheckoutOutcome) -> Result<(), CommandError> {
    let words = if outcome.done { ["created", "replaced"] } else { ["would create", "would replace"] };
    // What is overwritten is named in any case, what is new only if it is little.
    for (word, paths, style) in
        [(words[0], &outcome.created, ui::NAME), (words[1], &outcome.replaced, ui::REMOVED)]
    {
        for path in paths.iter().take(NAMED) {
            app.ui.line(format!("{} {}", ui::paint(style, format!("{word:<13}")), clean(path)))?;
        }
        if paths.len() > NAMED {
            app.ui.line(format!("{word:<13} … and {} more", paths.len() - NAMED))?;
        }
    }
    for (path, why) in &outcome.refused {
        app.ui.warn(&format!("not written: {path} {why}"));
    }
    if !outcome.backed.is_empty() {
        let files = count(outcome.backed.len() as u64, "file");
        app.ui.note(&format!("Proved by backups of the tool: {files}: {}.", some(&outcome.backed)));
    }
    named(app, "known only in part", &outcome.partial);
    named(app, "changed, and nothing tells what they were", &outcome.unknown);
    let same = count(outcome.same, "file");
    app.ui.note(&format!("{}; {same} as they were; in {}.", origin(&outcome.from), outcome.root.display()));
    if let Some(kept) = outcome.kept {
        app.ui.hint(&format!("what was overwritten: `sfs checkout REV --snapshot {kept:.12} --force`"));
    }
    Ok(())
}

fn named(app: &App, what: &str, paths: &[String]) {
    if !paths.is_empty() {
        app.ui.warn(&format!("{what}: {}", some(paths)));
    }
}

/// The first of them.
fn some(paths: &[String]) -> String {
    let more = if paths.len() > NAMED { ", …" } else { "" };
    let names: Vec<String> = paths.iter().take(NAMED).map(|path| clean(path)).collect();
    format!("{}{more}", names.join(", "))
}

fn origin(from: &FilesAt) -> String {
    let changes = count(from.replayed, "change");
    match &from.snapshot {
        Some((id, _)) if from.is_snapshot() => format!("From snapshot {id:.12} of that moment"),
        Some((id, _)) => format!(
            "From snapshot {id:.12}, {} earlier, and {changes} told since",
            count(from.after, "commit")
        ),
        None => format!("Rebuilt from the conversation: {changes}, no snapshot"),
    }
}

fn json(outcome: &CheckoutOutcome) -> serde_json::Value {
    let refused: Vec<_> =
        outcome.refused.iter().map(|(path, why)| serde_json::json!({"path": path, "why": why})).collect();
    let from = &outcome.from;
    serde_json::json!({
        "root": outcome.root, "done": outcome.done,
        "snapshot": from.snapshot.as_ref().map(|(id, _)| id.to_string()),
        "commits_since_snapshot": from.after, "changes_replayed": from.replayed, "exact": from.is_snapshot(),
        "created": outcome.created, "replaced": outcome.replaced, "same": outcome.same, "refused": refused,
        "backed": outcome.backed, "partial": outcome.partial, "unknown": outcome.unknown, "kept": outcome.kept.map(|id| id.to_string()),
    })
}
