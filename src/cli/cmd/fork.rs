//! `sfs fork`

use std::path::{Path, PathBuf};

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::branch;
use crate::ops::checkout::{CheckoutOptions, CheckoutOutcome, checkout};
use crate::ops::revision::{self, Resolved};
use crate::ops::shell::quoted;
use crate::store::Store;

/// Make a branch at a revision
///
/// A new name for a point in a session, to go on from there. Nothing is
/// copied. Capture never moves it. With --worktree, the files of that moment go
/// to a folder of their own, beside those of today.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// What to call the branch; it gets a name if none is given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let a branch of yours of that name stand for the revision
    #[arg(long, short)]
    force: bool,
    /// Put the files of that moment into this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    worktree: Option<PathBuf>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let at = revision::resolve(&store, &app.env, &args.rev)?;
    let mut files = |dry_run| match &args.worktree {
        Some(dir) => worktree(app, &mut store, &at, dir, dry_run).map(Some),
        None => Ok(None),
    };
    // What can't be written makes no branch.
    files(true)?;
    let files = files(false)?;
    let made = branch::fork(&app.env, &mut store, &args.rev, args.name.as_deref(), args.force)?;
    let rev = format!("{:.12}/{}", made.session, made.name);
    if args.json {
        return Ok(app.ui.json(&serde_json::json!({
            "session": made.session.to_string(), "name": made.name, "commit": made.commit.to_string(),
            "revision": rev, "worktree": files.as_ref().map(|files| &files.root),
        }))?);
    }
    let name = ui::paint(ui::NAME, clean(&rev));
    app.ui.line(format!("{name} {}", ui::paint(ui::ID, format!("{:.12}", made.commit))))?;
    match files {
        Some(files) => {
            super::checkout::tell(app, &files)?;
            let dir = quoted(&files.root.to_string_lossy());
            app.ui.hint(&format!("`sfs resume {rev} --project {dir}` goes on from there"));
        }
        None => app.ui.hint(&format!("`sfs resume {rev}` goes on from there")),
    }
    Ok(())
}

/// Puts the files of a revision into a new folder.
pub(super) fn worktree(
    app: &App,
    store: &mut Store,
    at: &Resolved,
    dir: &Path,
    dry_run: bool,
) -> Result<CheckoutOutcome, CommandError> {
    let options = CheckoutOptions {
        session: at.session,
        commit: at.commit,
        snapshot: None,
        to: Some(dir.to_owned()),
        fresh: true,
        paths: Vec::new(),
        force: false,
        partial: true,
        dry_run,
    };
    Ok(checkout(&app.env, store, &options, &app.ui.monitor())?)
}
