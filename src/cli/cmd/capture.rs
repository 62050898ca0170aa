//! `sfs capture`

use crate::cli::{App, CommandError};
use crate::ops::capture::{CaptureOptions, capture};

/// Capture what is new in every tool, or in those named
///
/// Reads each session from where the last capture ended. The tools' files are
/// only read. Sessions that can't be read are reported; the others go on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these tools
    tools: Vec<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    for name in &args.tools {
        if crate::tool::by_name(name).is_none() {
            let known: Vec<&str> = crate::tool::TOOLS.iter().map(|tool| tool.name()).collect();
            let known = known.join(", ");
            return Err(CommandError::usage(format!("no tool is called {name:?}; there are: {known}")));
        }
    }
    let mut store = app.store_or_create()?;
    let options = CaptureOptions { tools: args.tools.clone() };
    let report = capture(&app.env, &mut store, &options, &app.ui.monitor())?;
    for (path, why) in &report.trouble {
        app.ui.warn(&format!("{}: {why}", path.display()));
    }
    for kept in report.gone.iter().chain(&report.rewritten) {
        app.ui.warn(&format!(
            "{} was shortened or removed by its tool; the store keeps it (`sfs restore {:.12} --to DIR`)",
            kept.path, kept.session
        ));
    }
    if args.json {
        app.ui.json(&serde_json::json!({
            "sources": report.sources, "changed": report.changed, "new_sessions": report.new_sessions,
            "records": report.records, "messages": report.messages, "commits": report.commits,
            "bytes": report.bytes, "gone": report.gone.len(), "rewritten": report.rewritten.len(),
            "trouble": report.trouble.len(),
        }))?;
    } else if report.changed == 0 {
        app.ui.note(&format!("Nothing new in {} sources.", report.sources));
    } else {
        app.ui.note(&format!(
            "Captured {} records in {} of {} sources ({} new sessions, {} messages).",
            report.records, report.changed, report.sources, report.new_sessions, report.messages
        ));
    }
    Ok(())
}
