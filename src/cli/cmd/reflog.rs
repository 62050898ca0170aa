//! `sfs reflog`

use super::undo::short;
use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::undo::{Move, moves};
use crate::ops::{revision, session};
use crate::store::refs::Op;
use crate::store::{RefValue, Store};
use crate::view;

/// Show every change of the refs, or how one branch or tag moved
///
/// The last change comes first. `@{2}` after a branch is where it stood two
/// moves ago; `sfs undo NUMBER` takes an operation back.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The branch or tag; all operations are shown without it
    rev: Option<String>,
    /// Show at most so many
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    most: Option<usize>,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.store()?;
    let most = args.most.unwrap_or(usize::MAX);
    if let Some(rev) = &args.rev {
        let name = ref_name(&store, app, rev)?;
        let moves: Vec<Move> = moves(&store, &name)?.into_iter().take(most).collect();
        return of_branch(args, app, rev, &moves);
    }
    let ops = store.ops()?;
    let ops: Vec<&Op> = ops.iter().rev().take(most).collect();
    if args.json {
        return Ok(app.ui.json(&ops.into_iter().map(op_json).collect::<Vec<_>>())?);
    }
    app.ui.page();
    for op in ops {
        let number = ui::paint(ui::ID, format!("{:>5}", op.number));
        let rest = ui::paint(ui::FAINT, format!("{}  {}", ui::time(op.time), clean(&op.who)));
        app.ui.line(format!("{number}  {rest}  {}  {}", clean(&op.command), summary(op)))?;
    }
    Ok(())
}

/// The ref that a revision is read from.
fn ref_name(store: &Store, app: &App, rev: &str) -> Result<String, CommandError> {
    for name in [rev.to_owned(), format!("tag/{rev}")] {
        if store.refs().contains_key(&name) {
            return Ok(name);
        }
    }
    let found = revision::resolve(store, &app.env, rev)?;
    let info = session::info(store, &found.session);
    let branch = found.branch.as_deref().and_then(|name| info.as_ref()?.branch(name));
    match branch {
        Some(branch) => {
            let kind = if branch.own { "branch" } else { "head" };
            Ok(format!("{kind}/{}/{}", found.session, branch.name))
        }
        None => Err(CommandError::usage(format!("{rev:?} is no branch and no tag"))),
    }
}

fn of_branch(args: &Args, app: &App, rev: &str, moves: &[Move]) -> Result<(), CommandError> {
    if args.json {
        let json = moves.iter().map(|m| {
            serde_json::json!({
                "ago": m.commit.map(|_| m.ago), "commit": m.commit.map(|id| id.to_string()), "operation": m.op,
                "time": view::json::time(Some(m.time)), "who": m.who, "command": m.command,
            })
        });
        return Ok(app.ui.json(&json.collect::<Vec<_>>())?);
    }
    app.ui.page();
    for m in moves {
        let at = match m.commit {
            Some(id) => format!("{} {}@{{{}}}", ui::paint(ui::ID, format!("{id:.12}")), clean(rev), m.ago),
            None => "removed".to_owned(),
        };
        let rest = format!("{}  {}  {}", ui::time(m.time), clean(&m.who), clean(&m.command));
        app.ui.line(format!("{at}  {}", ui::paint(ui::FAINT, rest)))?;
    }
    Ok(())
}

fn summary(op: &Op) -> String {
    let shown = op.changes.iter().filter(|(name, _)| !name.starts_with("source/"));
    let words: Vec<String> = shown
        .take(3)
        .map(|(name, value)| match value {
            Some(value) => format!("{} → {}", brief(name), short(value)),
            None => format!("{} removed", brief(name)),
        })
        .collect();
    match (words.len(), op.changes.len()) {
        (0, n) => ui::count(n as u64, "source"),
        (shown, n) if n > shown => format!("{}, and {} more", words.join(", "), n - shown),
        _ => words.join(", "),
    }
}

/// A ref's name with the session's id cut short.
fn brief(name: &str) -> String {
    let mut parts = name.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("head" | "branch"), Some(session), Some(label)) => {
            clean(&format!("{}/{label}", session.get(..12).unwrap_or(session)))
        }
        _ => clean(name),
    }
}

fn op_json(op: &Op) -> serde_json::Value {
    let change = |(name, value): &(String, Option<RefValue>)| serde_json::json!({"name": name, "value": value.as_ref().map(short)});
    serde_json::json!({
        "operation": op.number, "time": view::json::time(Some(op.time)), "who": op.who, "command": op.command,
        "changes": op.changes.iter().map(change).collect::<Vec<_>>(),
    })
}
