//! What tools' settings are told: shown, agreed to, and done.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use crate::cli::ui::clean_text;
use crate::cli::{App, CommandError, env};
use crate::ops::register::{NAME, RegisterError, Registration, carry_out};
use crate::tool::{self, Tool};

/// The tool of a name, and the names of all that can be told something.
pub(super) fn called(
    name: &str,
    can: impl Fn(&dyn Tool) -> bool,
) -> Result<(&'static dyn Tool, String), CommandError> {
    let known = tool::TOOLS.iter().filter(|tool| can(**tool)).map(|tool| tool.name());
    let known = known.collect::<Vec<_>>().join(", ");
    let unknown = || CommandError::usage(format!("no tool is called {name:?}; there are: {known}"));
    Ok((tool::by_name(name).ok_or_else(unknown)?, known))
}

/// An error with advice: what to do where it isn't known how the tool is told,
/// and the command that takes out what another told it.
pub(super) fn failed(error: RegisterError, remove: bool, otherwise: String, undo: &str) -> CommandError {
    let hint = match &error {
        RegisterError::Unknown { .. } => otherwise,
        RegisterError::Unsafe { entry, .. } => {
            let verb = if remove { "take this out of it" } else { "add this to it" };
            format!("{verb} by hand:\n{entry}")
        }
        RegisterError::Taken { .. } => format!("`{undo}` takes that one out first"),
        _ => return error.into(),
    };
    CommandError::from(error).hint(hint)
}

/// Shows what is planned, asks, and does it.
pub(super) fn settle(
    app: &App,
    tool: &dyn Tool,
    planned: &Registration,
    (remove, dry_run, yes): (bool, bool, bool),
) -> Result<(), CommandError> {
    if !tell(app, planned, remove)? || dry_run {
        return Ok(());
    }
    if !yes {
        confirm(app, "This changes the tool's settings.")?;
    }
    let said = carry_out(&app.env, planned)?;
    if !said.trim().is_empty() {
        app.ui.note(&clean_text(said.trim()));
    }
    let done = if remove { "no longer knows of it" } else { "knows of it when it is started next" };
    app.ui.note(&format!("Done: {} {done}.", tool.title()));
    Ok(())
}

/// Shows what will be done; whether that is anything.
fn tell(app: &App, planned: &Registration, remove: bool) -> Result<bool, CommandError> {
    match planned {
        Registration::Nothing => {
            app.ui.note(if remove { "It isn't there." } else { "It is there already." });
            return Ok(false);
        }
        Registration::Run(command) => app.ui.line(format!("run {}", clean_text(&command.join(" "))))?,
        Registration::Write { path, now: None, .. } => app.ui.line(format!("remove {}", path.display()))?,
        Registration::Write { path, entry, .. } => {
            let (verb, sign) = if remove { ("take out of", '-') } else { ("add to", '+') };
            app.ui.line(format!("{verb} {}:", path.display()))?;
            entry.lines().try_for_each(|line| app.ui.line(format!("{sign} {}", clean_text(line))))?;
        }
    }
    Ok(true)
}

/// Asks whether to go on.
pub(super) fn confirm(app: &App, what: &str) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        let error = CommandError::usage("there is nobody to ask");
        return Err(error.hint("`--dry-run` tells what would be done, `--yes` does it"));
    }
    app.ui.flush()?;
    app.ui.warn(&format!("{what} Type yes to go on:"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "yes" | "y" => Ok(()),
        _ => Err(CommandError::message("nothing was changed")),
    }
}

/// The command with which tools start this program. They do it in a world of
/// their own, so all that matters is in its words.
pub(super) fn command(app: &App, words: &[&str]) -> Result<Vec<String>, CommandError> {
    let mut command = vec![program(app)?];
    if app.env.store != env::usual_store(&app.env.places) {
        command.extend(["--store".to_owned(), app.env.store.to_string_lossy().into_owned()]);
    }
    command.extend(words.iter().map(|word| (*word).to_owned()));
    Ok(command)
}

/// This program, by the path under which the user finds it: a package that is
/// updated keeps that.
fn program(app: &App) -> Result<String, CommandError> {
    let here = std::env::current_exe()
        .and_then(std::fs::canonicalize)
        .map_err(|e| CommandError::message(format!("cannot tell where this program is: {e}")))?;
    let path = app.env.places.vars.get("PATH").cloned().unwrap_or_default();
    let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let named = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(&name));
    let is_here = |path: &PathBuf| std::fs::canonicalize(path).is_ok_and(|path| path == here);
    Ok(named.into_iter().find(is_here).unwrap_or(here).to_string_lossy().into_owned())
}
