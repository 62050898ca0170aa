//! `sfs hooks`

use std::io::{self, IsTerminal, Read as _};

use super::registered;
use crate::cli::{App, CommandError};
use crate::ops::capture::{CaptureOptions, capture};
use crate::ops::register::{HOOK_WORDS, plan_hook};
use crate::tool::{self, Tool};

/// More than this of what a tool says of its event isn't read.
const SAID_MAX: u64 = 64 << 20;

/// Have tools say when a turn ended, so that it is captured at once
///
/// A hook in the tool's settings runs `sfs` at the end of each turn. It is for
/// those who want no `sfs daemon`; with the daemon none is needed.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Add the hook to a tool's settings
    ///
    /// Adds one entry and shows it first. A copy of the file is kept beside the
    /// store.
    Install(Change),
    /// Take the hook out again
    ///
    /// If nothing else changed, the file is what it was.
    Uninstall(Change),
    /// Capture the sessions of a tool that says that a turn ended
    #[command(hide = true)]
    TurnEnded {
        /// The tool
        tool: String,
    },
}

#[derive(clap::Args)]
struct Change {
    /// The tool
    #[arg(long = "for", value_name = "TOOL")]
    tool: String,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    match &args.action {
        Action::Install(args) => change(args, app, false),
        Action::Uninstall(args) => change(args, app, true),
        Action::TurnEnded { tool } => turn_ended(tool, app),
    }
}

/// Adds the hook, or takes it out.
fn change(args: &Change, app: &App, remove: bool) -> Result<(), CommandError> {
    let (tool, known) = registered::called(&args.tool, |tool| tool.hooks(&app.env.places).is_some())?;
    let command = registered::command(app, &[HOOK_WORDS, &[tool.name()]].concat())?;
    let planned = plan_hook(&app.env, tool, &command, remove).map_err(|e| {
        let otherwise = format!("`sfs daemon start` captures what it writes; hooks are known of {known}");
        registered::failed(e, remove, otherwise, &format!("sfs hooks uninstall --for {}", tool.name()))
    })?;
    registered::settle(app, tool, &planned, (remove, args.dry_run, args.yes))?;
    let besides = tool.hooks(&app.env.places).and_then(|hooks| hooks.besides);
    if let Some(besides) = besides.filter(|_| !remove && !args.dry_run) {
        app.ui.note(besides);
    }
    Ok(())
}

/// Captures what a tool has written. Prints nothing on standard output, where a
/// tool may look for orders, and fails with no other code than 1, as 2 would
/// hold the tool up.
fn turn_ended(name: &str, app: &App) -> Result<(), CommandError> {
    // A tool may wait until what it says of the event is read.
    if !io::stdin().is_terminal() {
        std::thread::spawn(|| io::copy(&mut io::stdin().take(SAID_MAX), &mut io::sink()));
    }
    let tool = tool::by_name(name).map(Tool::name);
    let tool = tool.ok_or_else(|| CommandError::message(format!("no tool is called {name:?}")))?;
    let mut store = app.store_or_create()?;
    let no_snapshots = !app.settings.is_on("capture.snapshots");
    let options = CaptureOptions { tools: vec![tool.to_owned()], no_snapshots };
    let report = capture(&app.env, &mut store, &options, &app.ui.monitor())?;
    for (path, why) in &report.trouble {
        app.ui.warn(&format!("{}: {why}", path.display()));
    }
    Ok(())
}
