//! `sfs branch`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::session::{self, SessionInfo};
use crate::ops::{branch, revision};
use crate::store::Store;
use crate::view;

/// List, make or remove branches of a session
///
/// Without a name: lists the branches, those that capture keeps and your own.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The branch to make, or with --delete to remove
    name: Option<String>,
    /// The revision it shall stand for; the newest session of this directory
    /// if not given
    rev: Option<String>,
    /// The session; the newest of this directory if not given
    #[arg(long, short, value_name = "SESSION", default_value = "@", conflicts_with = "rev")]
    session: String,
    /// Remove the branch; what it led to stays in the store
    #[arg(long, short, requires = "name", conflicts_with_all = ["rev", "force"])]
    delete: bool,
    /// Let a branch of yours of that name stand for something else
    #[arg(long, short)]
    force: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let Some(name) = &args.name else { return list(args, app, &store) };
    if args.delete {
        let session = revision::session(&store, &app.env, &args.session)?;
        let gone = branch::remove(&app.env, &mut store, session, name)?;
        app.ui.note(&format!("Removed {name}; it stood for {:.12}.", gone.commit));
        app.ui.hint("`sfs undo` brings it back");
        return Ok(());
    }
    let rev = args.rev.as_ref().unwrap_or(&args.session);
    let made = branch::fork(&app.env, &mut store, rev, Some(name), args.force)?;
    app.ui.note(&format!("{:.12}/{} stands for {:.12}.", made.session, made.name, made.commit));
    Ok(())
}

fn list(args: &Args, app: &App, store: &Store) -> Result<(), CommandError> {
    let id = revision::session(store, &app.env, &args.session)?;
    let info: SessionInfo = session::info(store, &id).unwrap_or_default();
    let current = info.default_branch().map(|b| (b.own, b.name.clone()));
    let mut rows = Vec::new();
    for branch in &info.branches {
        let commit = store.commit(&branch.tip)?;
        let is_default =
            current.as_ref().is_some_and(|(own, name)| (*own, name) == (branch.own, &branch.name));
        if args.json {
            rows.push(serde_json::json!({
                "session": id.to_string(), "name": branch.name, "commit": branch.tip.to_string(),
                "yours": branch.own, "subagent": branch.part, "default": is_default,
                "turns": commit.counts.turns, "messages": commit.counts.messages,
                "tool": commit.tool, "time": view::json::time(commit.time),
            }));
            continue;
        }
        let name = ui::paint(ui::NAME, format!("{:<16}", clean(&branch.name)));
        let tip = ui::paint(ui::ID, format!("{:.12}", branch.tip));
        let when = commit.time.map(ui::time).unwrap_or_default();
        let kind = match (branch.own, branch.part) {
            (true, _) => "yours",
            (_, true) => "subagent",
            _ => "",
        };
        let turns = ui::count(commit.counts.turns, "turn");
        let mark = if is_default { "*" } else { " " };
        let rest = ui::paint(ui::FAINT, format!("{when}  {turns}  {kind}"));
        app.ui.line(format!("{mark} {name} {tip}  {rest}"))?;
    }
    if args.json {
        app.ui.json(&rows)?;
    }
    Ok(())
}
