//! `sfs fetch`

use super::remote::failed;
use super::selected::{Depth, Selected};
use crate::cli::ui::{self, bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::fetch::{Ahead, FetchOptions, FetchReport, ahead, fetch};
use crate::ops::tally::Share;
use crate::view;

/// Get what others pushed, and leave branches as they are
///
/// All that comes is checked before any of it counts. What each machine has
/// is kept below `remote/`; `sfs pull` takes it over.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote; `origin` or the only one if none is named
    remote: Option<String>,
    /// Only tell what would come
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
        return match args.json {
            true => Ok(app.ui.json(&view::sync::fetch_ahead(&ahead))?),
            false => tell_ahead(&ahead, app),
        };
    }
    let report = fetch(&app.env, &mut store, remote, &options, &app.ui.monitor()).map_err(failed)?;
    if args.json {
        return Ok(app.ui.json(&view::sync::fetch(&report))?);
    }
    tell(&report, app);
    Ok(())
}

/// Tells what came.
pub(super) fn tell(report: &FetchReport, app: &App) {
    if report.packs == 0 && report.refs == 0 {
        app.ui.note(&format!("Nothing new on {}", report.remote));
        return;
    }
    let (packs, refs) = (count(report.packs, "pack"), count(report.refs, "ref"));
    let writers = count(report.writers, "other store");
    let size = bytes(report.bytes);
    app.ui.note(&format!("Fetched from {} ({writers}): {packs}, {size}, {refs}", report.remote));
}

/// Tells what would come.
pub(super) fn tell_ahead(ahead: &Ahead, app: &App) -> Result<(), CommandError> {
    let Ahead { most, least: (packs, size) } = ahead;
    if most.packs == 0 && most.refs == 0 {
        app.ui.note(&format!("Nothing new on {}", most.remote));
        return Ok(());
    }
    tell_shares(&most.sessions, app)?;
    let (refs, writers) = (count(most.refs, "ref"), count(most.writers, "other store"));
    let what = match *packs == most.packs {
        true => format!("{}, {}", count(*packs, "pack"), bytes(*size)),
        false => {
            format!("{packs} to {}, {} to {}", count(most.packs, "pack"), bytes(*size), bytes(most.bytes))
        }
    };
    app.ui.note(&format!("Would fetch from {} ({writers}): {what}, {refs}", most.remote));
    Ok(())
}

/// Lists what would go or come of each session.
pub(super) fn tell_shares(shares: &[Share], app: &App) -> Result<(), CommandError> {
    for share in shares {
        let id = ui::paint(ui::ID, format!("{:.12}", share.session));
        let (turns, messages) = (count(share.counts.turns, "turn"), count(share.counts.messages, "message"));
        let title = view::clean::shorten(&clean(&share.title), 60);
        let more = if share.is_new { "new" } else { "more" };
        let more = ui::paint(ui::FAINT, format!("{more}: {turns}, {messages}"));
        app.ui.line(format!("{id}  {:<11}  {more}  {title}", clean(&share.tool)))?;
    }
    Ok(())
}
