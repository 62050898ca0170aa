//! `sfs resume`

use std::path::PathBuf;

use crate::cli::ui::clean;
use crate::cli::{App, CommandError};
use crate::ops::resume::{ResumeError, ResumeOptions, ResumeOutcome, resume};
use crate::ops::{revision, source};
use crate::tool;

/// Carry a revision on in a tool
///
/// Writes the conversation as a session of that tool, and prints the command
/// that picks it up. Only new files are made; what the tool can't hold is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// The tool to resume it in; the one it was in if not given
    #[arg(long = "in", value_name = "TOOL")]
    tool: Option<String>,
    /// The directory to resume it in; the session's own if not given
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Only tell what would be written
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Agree to what must be agreed to: files of the tool's own that are
    /// written anew, a conversation that leaves this machine
    #[arg(long, short)]
    yes: bool,
    /// Start the tool
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    exec: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    let name = match &args.tool {
        Some(name) => name.clone(),
        None => store.commit(&found.commit)?.tool.clone(),
    };
    let known: Vec<&str> = tool::TOOLS.iter().map(|tool| tool.name()).collect();
    let tool = tool::by_name(&name).ok_or_else(|| {
        CommandError::usage(format!("no tool is called {name:?}; there are: {}", known.join(", ")))
    })?;
    let options = ResumeOptions {
        session: found.session,
        commit: found.commit,
        tool,
        project: args.project.clone(),
        dry_run: args.dry_run,
        agreed: args.yes,
    };
    let outcome = resume(&app.env, &mut store, &options, &app.ui.monitor()).map_err(|e| match e {
        ResumeError::Unagreed(_) => CommandError::from(e).hint("agree with `--yes`"),
        e => e.into(),
    })?;
    if args.json {
        return Ok(app.ui.json(&json(&outcome))?);
    }
    tell(app, &outcome, args.dry_run);
    let parts = source::all(&store).filter(|s| s.session == found.session && !s.part.is_empty()).count();
    if parts > 0 && !outcome.own_bytes {
        app.ui
            .note(&format!("{parts} other transcripts of the session stay in the store as branches of it."));
    }
    if args.exec { start(&outcome) } else { show_command(app, &outcome, args.dry_run) }
}

fn tell(app: &App, outcome: &ResumeOutcome, dry_run: bool) {
    let verb = if dry_run { "Would write" } else { "Wrote" };
    let form = if outcome.own_bytes { ", in the tool's own bytes" } else { "" };
    app.ui.note(&format!("{verb} {} messages to {}{form}.", outcome.messages, outcome.path.display()));
    if outcome.rebased > 0 {
        app.ui.note(&format!("{} paths in calls now lead to {}.", outcome.rebased, outcome.cwd.display()));
    }
    for command in &outcome.imports {
        let verb = if dry_run { "Would run" } else { "Ran" };
        app.ui.note(&format!("{verb} `{}`.", command.join(" ")));
    }
    for consent in outcome.consent.iter().filter(|_| dry_run) {
        app.ui.note(&format!("You must agree, with `--yes`: {consent}."));
    }
    for loss in &outcome.losses {
        app.ui.warn(&format!("{} ({} times)", loss.what, loss.count));
    }
}

fn show_command(app: &App, outcome: &ResumeOutcome, dry_run: bool) -> Result<(), CommandError> {
    if !dry_run {
        let folder = clean(&outcome.cwd.to_string_lossy());
        app.ui.line(format!("cd {} && {}", quote(&folder), outcome.command.join(" ")))?;
    }
    Ok(())
}

fn quote(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn start(outcome: &ResumeOutcome) -> Result<(), CommandError> {
    let Some((program, args)) = outcome.command.split_first() else { return Ok(()) };
    let status = std::process::Command::new(program).args(args).current_dir(&outcome.cwd).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CommandError::message(format!("{program} ended with {status}"))),
        Err(e) => Err(CommandError::message(format!("cannot start {program}: {e}"))
            .hint(format!("the session is written; run `{}`", outcome.command.join(" ")))),
    }
}

fn json(outcome: &ResumeOutcome) -> serde_json::Value {
    let losses: Vec<_> =
        outcome.losses.iter().map(|l| serde_json::json!({"what": l.what, "count": l.count})).collect();
    serde_json::json!({
        "native_id": outcome.native, "path": outcome.path, "files": outcome.files, "command": outcome.command,
        "cwd": outcome.cwd, "losses": losses, "messages": outcome.messages, "rebased": outcome.rebased,
        "own_bytes": outcome.own_bytes, "imports": outcome.imports, "consent": outcome.consent,
    })
}
