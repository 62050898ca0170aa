//! `sfs hooks`

use std::io::{self, IsTerminal, Read as _};
use std::path::{Path, PathBuf};

use super::registered;
use crate::cli::{App, CommandError};
use crate::ops::capture::{CaptureOptions, capture};
use crate::ops::register::{HOOK_WORDS, plan_hook};
use crate::ops::trailer;
use crate::tool::{self, Tool};

/// What is told for git.
const GIT: &str = "git";
/// More than this of what a tool says of its event isn't read.
const SAID_MAX: u64 = 64 << 20;

/// Have tools capture when a turn ends, and git name sessions in commits
///
/// A hook in the tool's settings runs `sfs` at the end of each turn. It is for
/// those who want no `sfs daemon`; with the daemon none is needed. A hook of a
/// git repository adds a line such as `Sfs-Session: 654c6326a4fc (TOOL)` to
/// the message of each commit whose files a session wrote.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Add the hook to a tool's settings, or to this git repository
    ///
    /// Adds one entry and shows it first. A copy of the file is kept beside the
    /// store. For git, makes the hook `prepare-commit-msg`.
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
    /// Add to a commit's message which sessions it comes from
    #[command(hide = true)]
    CommitMessage {
        /// The file with the message
        file: PathBuf,
        /// Where the message comes from
        source: Option<String>,
        /// The commit that is amended
        #[arg(hide = true)]
        commit: Option<String>,
    },
}

#[derive(clap::Args)]
struct Change {
    /// The tool, or `git`
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
        Action::CommitMessage { file, source, .. } => commit_message(file, source.as_deref(), app),
    }
}

/// Adds the hook, or takes it out.
fn change(args: &Change, app: &App, remove: bool) -> Result<(), CommandError> {
    if args.tool == GIT {
        return change_git(args, app, remove);
    }
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

/// Makes the hook of the repository, or removes it.
fn change_git(args: &Change, app: &App, remove: bool) -> Result<(), CommandError> {
    let command = registered::command(app, trailer::WORDS)?;
    let hook = trailer::hook(&app.env, &command)?.ok_or_else(|| {
        CommandError::message("this is no git repository")
            .hint("go to the repository whose commits shall tell")
    })?;
    if let Some(taken) = hook.taken() {
        return Err(registered::failed(taken, remove, String::new(), ""));
    }
    if hook.is_ours() != remove {
        app.ui.note(if remove { "It isn't there." } else { "It is there already." });
        return Ok(());
    }
    let verb = if remove { "remove" } else { "make" };
    app.ui.line(format!("{verb} {}", hook.path.display()))?;
    if args.dry_run {
        return Ok(());
    }
    if !args.yes {
        registered::confirm(app, "This changes the hooks of the repository.")?;
    }
    if remove {
        hook.remove()?
    } else {
        hook.make()?
    }
    app.ui.note(&format!(
        "Done: commits {} which sessions they come from.",
        if remove { "no longer tell" } else { "tell" }
    ));
    Ok(())
}

/// Adds to a commit's message which sessions it comes from. Whatever fails, the
/// commit goes on without.
fn commit_message(file: &Path, source: Option<&str>, app: &App) -> Result<(), CommandError> {
    // What was merged tells it itself.
    if source == Some("merge") {
        return Ok(());
    }
    let file = app.env.resolve(file);
    let sessions = trailer::sessions(&app.env, &app.fresh_store()?)?;
    match trailer::add(&app.env, &file, &sessions) {
        true => Ok(()),
        false => Err(CommandError::message(format!("git could not add to {}", file.display()))),
    }
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
