//! `sfs resume`

use std::path::{Path, PathBuf};

use super::equip;
use crate::cli::ui::clean;
use crate::cli::{App, CommandError};
use crate::ops::briefing::Briefing;
use crate::ops::equip::{EquipOptions, Equipment};
use crate::ops::handoff::{HandOffOptions, hand_off};
use crate::ops::resume::{Elsewhere, History, ResumeError, ResumeOptions, ResumeOutcome, resume};
use crate::ops::revision::{self, Resolved};
use crate::ops::shell::quoted;
use crate::ops::source;
use crate::store::Store;
use crate::tool::{self, Tool};
use crate::workspace::project::Same;

/// How long a briefing may be if nothing else is said, in tokens.
const BUDGET: usize = 12_000;

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
    /// The directory to resume it in. If not given, the session's own; if that
    /// isn't on this machine, the one of the same repository around the current
    /// directory
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Put the files of that moment into this folder, which must be new or
    /// empty, and resume there
    #[arg(long, value_name = "DIR", conflicts_with = "project")]
    worktree: Option<PathBuf>,
    /// How much of the conversation to write: `all`, `compacted` (from the last
    /// summary that its tool made) or a number of turns, which come after a
    /// summary of those before
    #[arg(long, value_name = "PART", default_value = "all", value_parser = history)]
    history: History,
    /// Write a briefing for the tool to read instead of the conversation; so it
    /// is done for tools that can't hold a session from elsewhere
    #[arg(long, conflicts_with = "history")]
    briefing: bool,
    /// How long a briefing may be, in tokens
    #[arg(long, value_name = "TOKENS", default_value_t = BUDGET)]
    budget: usize,
    /// Give the tool what the session's own had in the project: its file of
    /// instructions and its MCP servers, as far as they have a place there. It
    /// is shown first and must be agreed to; nothing secret goes along
    #[arg(long)]
    with_config: bool,
    /// Only tell what would be written
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Agree to what must be agreed to: files of the tool's own that are
    /// written anew, a conversation that leaves this machine, `--with-config`
    #[arg(long, short)]
    yes: bool,
    /// Start the tool
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    exec: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// How what comes along is agreed to.
    fn asks(&self) -> equip::Asks {
        equip::Asks { dry_run: self.dry_run, yes: self.yes, quiet: self.json }
    }
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    app.bring_texts(&mut store, found.session)?;
    carry_on(args, app, &mut store, &found)
}

/// Carries on what was chosen on the screen: starts the tool, or prints the
/// command.
pub(super) fn chosen(
    app: &App,
    store: &mut Store,
    found: &Resolved,
    tool: String,
    exec: bool,
) -> Result<(), CommandError> {
    let args = Args {
        rev: format!("{:.12}", found.commit),
        tool: Some(tool),
        project: None,
        worktree: None,
        history: History::All,
        briefing: false,
        budget: BUDGET,
        with_config: false,
        dry_run: false,
        yes: false,
        exec,
        json: false,
    };
    carry_on(&args, app, store, found).map_err(|e| {
        let tool = args.tool.as_deref().unwrap_or_default();
        e.hint(format!("`sfs resume {} --in {tool}` has more ways", args.rev))
    })
}

fn carry_on(args: &Args, app: &App, store: &mut Store, found: &Resolved) -> Result<(), CommandError> {
    let name = match &args.tool {
        Some(name) => name.clone(),
        None => store.commit(&found.commit)?.tool.clone(),
    };
    let tool = named(&name)?;
    let files = args.worktree.as_deref();
    let files = files.map(|dir| super::fork::worktree(app, store, found, dir, args.dry_run)).transpose()?;
    if let Some(files) = files.as_ref().filter(|_| !args.json) {
        super::checkout::tell(app, files)?;
    }
    let wanted = args.worktree.as_deref().or(args.project.as_deref());
    let options = EquipOptions { session: found.session, commit: found.commit, tool, project: wanted };
    let equipment =
        if args.with_config { Some(equip::agreed(args.asks(), app, store, &options)?) } else { None };
    if args.briefing || tool.resume().is_none() {
        return brief(args, app, store, found, tool, equipment.as_ref());
    }
    let options = ResumeOptions {
        session: found.session,
        commit: found.commit,
        tool,
        project: args.worktree.clone().or_else(|| args.project.clone()),
        history: args.history,
        dry_run: args.dry_run,
        agreed: args.yes,
    };
    let outcome = resume(&app.env, store, &options, &app.ui.monitor()).map_err(|e| match e {
        ResumeError::Unagreed(_) => CommandError::from(e).hint("agree with `--yes`"),
        ResumeError::Import { .. } => {
            let (rev, name) = (quoted(&args.rev), tool.name());
            CommandError::from(e)
                .hint(format!("`sfs resume {rev} --in {name} --briefing` hands it over without that program"))
        }
        e => e.into(),
    })?;
    equip::carry_out(app, tool, equipment.as_ref(), args.dry_run)?;
    if args.json {
        return Ok(app.ui.json(&equip::beside(json(&outcome), equipment.as_ref()))?);
    }
    tell(app, &outcome, args.dry_run);
    let parts = source::all(store).filter(|s| s.session == found.session && !s.part.is_empty()).count();
    if parts > 0 && !outcome.own_bytes {
        app.ui
            .note(&format!("{parts} other transcripts of the session stay in the store as branches of it."));
    }
    match (args.dry_run, args.exec) {
        (true, _) => Ok(()),
        (false, true) => start(&outcome.command, &outcome.cwd),
        (false, false) => show_command(app, &outcome.command, &outcome.cwd),
    }
}

/// The tool of a name.
fn named(name: &str) -> Result<&'static dyn Tool, CommandError> {
    if let Some(tool) = tool::TOOLS.iter().find(|tool| tool.name() == name) {
        return Ok(*tool);
    }
    let known: Vec<&str> = tool::TOOLS.iter().map(|tool| tool.name()).collect();
    let known = known.join(", ");
    Err(match tool::by_name(name) {
        Some(form) => CommandError::usage(format!("{} is a form, and no tool to go on in", form.title()))
            .hint(format!("say which with `--in`; there are: {known}"))
            .hint(format!("`sfs export --as {name}` writes the session in that form")),
        None => CommandError::usage(format!("no tool is called {name:?}; there are: {known}")),
    })
}

fn history(words: &str) -> Result<History, String> {
    match words {
        "all" => Ok(History::All),
        "compacted" => Ok(History::Compacted),
        turns => match turns.parse() {
            Ok(turns) if turns > 0 => Ok(History::Turns(turns)),
            _ => Err("it is `all`, `compacted`, or how many of the last turns".to_owned()),
        },
    }
}

/// Hands the session over by a briefing.
fn brief(
    args: &Args,
    app: &App,
    store: &Store,
    found: &Resolved,
    tool: &'static dyn Tool,
    equipment: Option<&Equipment>,
) -> Result<(), CommandError> {
    let options = HandOffOptions {
        session: found.session,
        commit: found.commit,
        tool,
        project: args.worktree.clone().or_else(|| args.project.clone()),
        tokens: args.budget,
        dry_run: args.dry_run,
    };
    let outcome = hand_off(&app.env, store, &options)?;
    equip::carry_out(app, tool, equipment, args.dry_run)?;
    if args.json {
        let found = serde_json::json!({
            "briefing": outcome.path, "turns": outcome.briefing.turns, "whole_turns": outcome.briefing.whole,
            "bytes": outcome.briefing.text.len(), "command": outcome.command, "cwd": outcome.cwd,
        });
        return Ok(app.ui.json(&equip::beside(found, equipment))?);
    }
    if tool.resume().is_none() {
        app.ui.note(&format!("{} can't hold a session from elsewhere: it gets a briefing.", tool.title()));
    }
    let Briefing { turns, whole, .. } = outcome.briefing;
    let verb = if args.dry_run { "Would write" } else { "Wrote" };
    app.ui.note(&format!("{verb} {}: {turns} turns, {whole} of them whole.", outcome.path.display()));
    if args.dry_run {
        return Ok(());
    }
    match (outcome.command.is_empty(), args.exec) {
        (true, _) => app.ui.line(clean(&outcome.path.to_string_lossy()))?,
        (false, true) => start(&outcome.command, &outcome.cwd)?,
        (false, false) => show_command(app, &outcome.command, &outcome.cwd)?,
    }
    Ok(())
}

fn tell(app: &App, outcome: &ResumeOutcome, dry_run: bool) {
    let verb = if dry_run { "Would write" } else { "Wrote" };
    let form = if outcome.own_bytes { ", in the tool's own bytes" } else { "" };
    app.ui.note(&format!("{verb} {} messages to {}{form}.", outcome.messages, outcome.path.display()));
    if let Some(elsewhere) = &outcome.elsewhere {
        tell_place(app, elsewhere, &outcome.cwd);
    }
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
    if outcome.left_out > 0 {
        app.ui.note(&format!("{} earlier turns are not written; they stay in the store.", outcome.left_out));
    }
    for loss in &outcome.losses {
        app.ui.warn(&format!("{} ({} times)", loss.what, loss.count));
    }
}

/// Says where it is resumed, if its own directory isn't here.
fn tell_place(app: &App, elsewhere: &Elsewhere, cwd: &Path) {
    let (folder, cwd) = (clean(&elsewhere.folder), clean(&cwd.to_string_lossy()));
    match &elsewhere.same {
        Some(Same::Address(address)) => {
            app.ui.note(&format!("{folder} isn't here. {cwd} is the same project: it comes from {}.", clean(address)));
        }
        Some(Same::Commit(commit)) => {
            app.ui.note(&format!("{folder} isn't here. {cwd} is the same project: it has commit {commit:.12}."));
        }
        None => app.ui.note(&format!(
            "{folder} isn't here, and nothing tells that {cwd} is the same project; --project DIR names another."
        )),
    }
}

fn show_command(app: &App, command: &[String], cwd: &Path) -> Result<(), CommandError> {
    app.ui.line(format!("cd {} && {}", quoted(&clean(&cwd.to_string_lossy())), words(command)))?;
    Ok(())
}

fn words(command: &[String]) -> String {
    command.iter().map(|word| quoted(&clean(word))).collect::<Vec<_>>().join(" ")
}

fn start(command: &[String], cwd: &Path) -> Result<(), CommandError> {
    let Some((program, args)) = command.split_first() else { return Ok(()) };
    let status = std::process::Command::new(program).args(args).current_dir(cwd).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CommandError::message(format!("{program} ended with {status}"))),
        Err(e) => Err(CommandError::message(format!("cannot start {program}: {e}"))
            .hint(format!("the session is written; run `{}`", words(command)))),
    }
}

fn json(outcome: &ResumeOutcome) -> serde_json::Value {
    let losses: Vec<_> =
        outcome.losses.iter().map(|l| serde_json::json!({"what": l.what, "count": l.count})).collect();
    serde_json::json!({
        "native_id": outcome.native, "path": outcome.path, "files": outcome.files, "command": outcome.command,
        "cwd": outcome.cwd, "own_folder": outcome.elsewhere.as_ref().map(|e| &e.folder),
        "same_project": outcome.elsewhere.as_ref().map(|e| e.same.is_some()), "losses": losses, "messages": outcome.messages, "rebased": outcome.rebased,
        "own_bytes": outcome.own_bytes, "left_out_turns": outcome.left_out, "imports": outcome.imports, "consent": outcome.consent,
    })
}
