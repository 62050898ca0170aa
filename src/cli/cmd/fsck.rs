//! `sfs fsck`

use super::bundle;
use super::remote::failed;
use crate::cli::error::DAMAGED;
use crate::cli::ui::{bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::{Monitor, causes, verify};
use crate::store::StoreError;

/// Check every checksum, id and reference of the store
///
/// Ends with 3 when something is damaged or missing.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Check a remote instead: all of it is read. `origin` or the only one if
    /// none is named
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    remote: Option<Option<String>>,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    if let Some(name) = &args.remote {
        let store = app.store()?;
        let found = verify::remote(&app.env, &store, name.as_deref(), &app.ui.monitor()).map_err(failed)?;
        return bundle::tell(&found, &found.remote, app);
    }
    let store = app.store().map_err(|e| if e.is_missing_file() { e.with_code(DAMAGED) } else { e })?;
    let monitor = app.ui.monitor();
    monitor.begin("Checking", None);
    let mut last = 0;
    let report = store.fsck(&mut |done| {
        monitor.advance(done.saturating_sub(last));
        last = done;
    })?;
    monitor.end();
    for fault in &report.faults {
        let what = causes(&fault.error).join(": ");
        let named = matches!(fault.error, StoreError::Damaged { .. } | StoreError::Io { .. });
        let at = if named { String::new() } else { format!("{}: ", fault.path.display()) };
        app.ui.line(clean(&format!("{at}{what}")))?;
    }
    let (commits, objects) = (count(report.commits, "commit"), count(report.contents, "other object"));
    app.ui.note(&format!("Checked {commits}, {objects}, {}", count(report.refs, "ref")));
    if report.promised > 0 {
        let promised = count(report.promised, "commit");
        app.ui
            .note(&format!("{promised} more came without their texts, which `sfs fetch --unshallow` brings"));
    }
    if report.torn > 0 {
        let torn = bytes(report.torn);
        app.ui
            .note(&format!("A write was cut short: its {torn} count for nothing and go with the next write"));
    }
    if report.faults.is_empty() {
        return Ok(());
    }
    let faults = count(report.faults.len() as u64, "fault");
    let error = CommandError::message(format!("the store has {faults}")).with_code(DAMAGED);
    Err(error.hint("keep the damaged files; what a remote or the tools still have can be had again"))
}
