//! `sfs snapshot`

use crate::cli::ui::{self, clean, count};
use crate::cli::{App, CommandError};
use crate::object::snapshot::{Git, Reason, Why};
use crate::object::{Id, Snapshot};
use crate::ops::{revision, snapshot};
use crate::view;

/// Keep the files of a session's project as they are now
///
/// Captures that follow a session take snapshots by themselves; this takes one
/// by hand, for the newest commit or for the one that is named. Ignored files,
/// build output, secrets and files above 5 MB are left out (SFS_SNAPSHOT_MAX
/// sets another size; SFS_SNAPSHOT=off turns captures' snapshots off).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// List the session's snapshots instead
    #[arg(long, short)]
    list: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    if args.list {
        return list(args, app, &snapshot::all(&store, &found.session)?);
    }
    let root = snapshot::project_here(&app.env, &store, &found.session)?;
    let at = (found.session, found.commit);
    let taken = snapshot::snapshot(&app.env, &mut store, at, &root, Reason::Asked)?;
    if args.json {
        let mut value = json(&taken.id, &taken.snapshot);
        value["new"] = (!taken.same).into();
        value["files"] = taken.files.into();
        value["read"] = taken.read.into();
        return Ok(app.ui.json(&value)?);
    }
    app.ui.line(line(&taken.id, &taken.snapshot))?;
    let what = if taken.same { "Nothing has changed since" } else { "Kept" };
    let (files, read) = (count(taken.files, "file"), ui::bytes(taken.bytes));
    app.ui.note(&format!("{what}: {files}, {} of them read ({read}).", taken.read));
    for (why, n) in by_reason(&taken.snapshot) {
        app.ui.note(&format!("Left out: {n} {why}."));
    }
    if !taken.snapshot.complete {
        app.ui.warn("not all could be taken; `sfs snapshot --list --json` tells what was left out");
    }
    Ok(())
}

fn list(args: &Args, app: &App, all: &[(Id, Snapshot)]) -> Result<(), CommandError> {
    if args.json {
        let all: Vec<_> = all.iter().map(|(id, snapshot)| json(id, snapshot)).collect();
        return Ok(app.ui.json(&all)?);
    }
    app.ui.page();
    if all.is_empty() {
        app.ui.hint("there are none; `sfs snapshot` takes one");
    }
    all.iter().try_for_each(|(id, snapshot)| app.ui.line(line(id, snapshot)).map_err(CommandError::from))
}

fn line(id: &Id, snapshot: &Snapshot) -> String {
    let id = ui::paint(ui::ID, format!("{id:.12}"));
    let commit = format!("{:.12}", snapshot.commit);
    let git = snapshot.git.as_ref().map(git_words).unwrap_or_default();
    let note = match (snapshot.reason, snapshot.complete) {
        (Reason::Replaced, _) => "  what a checkout overwrote",
        (_, false) => "  not complete",
        _ => "",
    };
    let when = ui::paint(ui::FAINT, ui::time(snapshot.time));
    format!("{id} at {commit}  {when}  {}{git}{note}", clean(&snapshot.root))
}

fn git_words(git: &Git) -> String {
    let dirty = if git.dirty == Some(true) { ", changed" } else { "" };
    let head = git.head.as_deref().map(|head| head.get(..10).unwrap_or(head)).unwrap_or("no commit");
    format!("  git {} {}{dirty}", clean(git.branch.as_deref().unwrap_or("-")), clean(head))
}

fn words(why: Why) -> &'static str {
    match why {
        Why::Unreadable => "that can't be read",
        Why::Secret => "whose names are those of secrets",
        Why::Large => "too large",
        Why::Many => "beyond the most that are kept",
        Why::Name => "whose names not every system can have",
        Why::Special => "neither file, folder nor link",
        Why::Output => "made from the rest",
        Why::Ignored => "ignored",
    }
}

fn by_reason(snapshot: &Snapshot) -> Vec<(&'static str, usize)> {
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for left in &snapshot.left_out {
        match counts.last_mut() {
            Some((why, n)) if *why == words(left.why) => *n += 1,
            _ => counts.push((words(left.why), 1)),
        }
    }
    counts
}

fn json(id: &Id, snapshot: &Snapshot) -> serde_json::Value {
    let left: Vec<_> = snapshot
        .left_out
        .iter()
        .map(|left| serde_json::json!({"path": left.path, "why": words(left.why), "bytes": left.len}))
        .collect();
    let git = snapshot.git.as_ref().map(|git| {
        serde_json::json!({
            "head": git.head, "branch": git.branch, "upstream": git.upstream, "dirty": git.dirty,
        })
    });
    serde_json::json!({
        "id": id.to_string(), "commit": snapshot.commit.to_string(), "tree": snapshot.tree.to_string(),
        "time": view::json::time(Some(snapshot.time)), "root": snapshot.root, "git": git,
        "left_out": left, "more_left_out": snapshot.more, "complete": snapshot.complete,
        "replaced": snapshot.reason == Reason::Replaced,
    })
}
