//! `sfs fetch`

use super::remote::failed;
use super::selected::Selected;
use crate::cli::ui::{bytes, count};
use crate::cli::{App, CommandError};
use crate::ops::fetch::{FetchReport, fetch};

/// Get what others pushed, and leave branches as they are
///
/// All that comes is checked before any of it counts. What each machine has
/// is kept below `remote/`; `sfs pull` takes it over.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote; `origin` or the only one if none is named
    remote: Option<String>,
    #[command(flatten)]
    only: Selected,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let report =
        fetch(&app.env, &mut store, args.remote.as_deref(), &args.only.read(app)?, &app.ui.monitor())
            .map_err(failed)?;
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
