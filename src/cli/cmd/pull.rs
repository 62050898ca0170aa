//! `sfs pull`

use super::fetch;
use super::remote::failed;
use super::selected::{Depth, Selected};
use crate::cli::ui::{clean, count};
use crate::cli::{App, CommandError};
use crate::ops::fetch::FetchOptions;
use crate::ops::pull::{PullAhead, PullReport, ahead, pull};
use crate::view;

/// Get what others pushed, and take it over
///
/// Branches move on to what continues them. Where both sides went on, both
/// tips stay: theirs is kept beside ours as `NAME@WRITER`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote; `origin` or the only one if none is named
    remote: Option<String>,
    /// Only tell what would come and be taken over
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    depth: Depth,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let remote = args.remote.as_deref();
    let options = FetchOptions { only: args.only.read(app)?, texts: args.depth.texts() };
    if args.dry_run {
        let ahead = ahead(&app.env, &mut store, remote, &options).map_err(failed)?;
        if args.json {
            return Ok(app.ui.json(&view::sync::pull_ahead(&ahead))?);
        }
        fetch::tell_ahead(&ahead.fetched, app)?;
        tell_ahead(&ahead, app);
        return Ok(());
    }
    let report = pull(&app.env, &mut store, remote, &options, &app.ui.monitor()).map_err(failed)?;
    if args.json {
        return Ok(app.ui.json(&view::sync::pull(&report))?);
    }
    fetch::tell(&report.fetched, app);
    tell(&report, app);
    Ok(())
}

/// Tells what became of our own refs.
pub(super) fn tell(report: &PullReport, app: &App) {
    let PullReport { sources, created, moved, beside, .. } = report;
    if *sources > 0 || !created.is_empty() || !moved.is_empty() {
        let sources = count(*sources, "session file");
        let (created, moved) = (created.len(), moved.len());
        app.ui.note(&format!("Took over {sources}; {created} refs are new, {moved} moved on"));
    }
    for name in beside {
        app.ui.note(&format!("Both sides went on: theirs is kept as {}", clean(name)));
    }
}

/// Tells what would become of our own refs.
fn tell_ahead(ahead: &PullAhead, app: &App) {
    let PullReport { sources, created, moved, beside, .. } = &ahead.taken;
    if *sources > 0 || !created.is_empty() || !moved.is_empty() {
        let sources = count(*sources, "session file");
        let (created, moved) = (created.len(), moved.len());
        app.ui.note(&format!("Would take over {sources}; {created} refs are new, {moved} move on"));
    }
    for name in beside {
        app.ui.note(&format!("Both sides went on: theirs would be kept as {}", clean(name)));
    }
    for name in &ahead.unsure {
        app.ui.note(&format!("Would move on, stay, or have theirs kept beside it: {}", clean(name)));
    }
}
