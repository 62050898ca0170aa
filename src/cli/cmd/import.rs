//! `sfs import`

use std::path::PathBuf;

use serde_json::json;

use crate::cli::ui::{bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::import::{ImportError, ImportOptions, ImportReport, State, import};
use crate::tool::form;

/// Import sessions from files in a form in which they are handed on
///
/// A path is a file, a session's folder, or a folder with any number of these;
/// links in it are not followed. Every byte is kept, as with a capture; what the
/// store has already is passed over, and a file that has grown is read on. The
/// files are not looked at again by themselves: import them again when there is
/// more in them. What tools keep themselves, `sfs capture` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Their form; told from what is in them if not given
    #[arg(long, short, value_name = "FORM", value_parser = form_named)]
    format: Option<&'static str>,
    /// The directory that the sessions belong to; what they say of it, if not
    /// given
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Only tell what would be imported
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// The form of a name.
pub(super) fn form_named(name: &str) -> Result<&'static str, String> {
    let known: Vec<&str> = form::all().map(|(tool, _)| tool.name()).collect();
    let named = form::by_name(name).map(|(tool, _)| tool.name());
    named.ok_or_else(|| format!("there are: {}", known.join(", ")))
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store_or_create()?;
    let options = ImportOptions { form: args.format, project: args.project.clone(), dry_run: args.dry_run };
    let report = import(&app.env, &mut store, &args.paths, &options, &app.ui.monitor()).map_err(failed)?;
    for (path, why) in &report.capture.trouble {
        app.ui.warn(&format!("{}: {}", clean(&path.to_string_lossy()), clean(why)));
    }
    if args.json { Ok(app.ui.json(&as_json(&report))?) } else { tell(args, app, &report) }
}

fn failed(error: ImportError) -> CommandError {
    let unknown = matches!(error, ImportError::Unknown(_));
    let other = matches!(error, ImportError::NotIn { .. });
    let error = CommandError::from(error);
    match (unknown, other) {
        (true, _) => error
            .hint("docs/import.md tells what each looks like")
            .hint("`sfs capture` takes what tools keep in their own folders"),
        (_, true) => error.hint("without `--format`, it is told from what is in there"),
        _ => error,
    }
}

fn tell(args: &Args, app: &App, report: &ImportReport) -> Result<(), CommandError> {
    let with = |state: State| report.sources.iter().filter(|one| one.state == state).count() as u64;
    let (new, changed) = (with(State::New), with(State::Changed));
    if args.dry_run {
        for one in report.sources.iter().filter(|one| matches!(one.state, State::New | State::Changed)) {
            let what = if one.state == State::New { "new" } else { "changed" };
            app.ui.line(format!("{what:<8} {:<12} {}", one.form, clean(&one.path.to_string_lossy())))?;
        }
        app.ui.note(&format!("Would read {}.", count(new + changed, "session")));
    } else {
        let messages = count(report.capture.messages, "message");
        let read = bytes(report.capture.bytes);
        app.ui
            .note(&format!("Imported {} ({new} new): {messages}, {read}.", count(new + changed, "session")));
    }
    for (n, what) in [
        (with(State::Known), "the store has already"),
        (with(State::Deleted), "you deleted: `sfs delete --undo` brings them back"),
    ] {
        if n > 0 {
            app.ui.note(&format!("Passed over {} that {what}.", count(n, "session")));
        }
    }
    if report.passed_over > 0 {
        app.ui.note(&format!("Passed over {} in no form that is known.", count(report.passed_over, "file")));
    }
    let silent = report.sources.iter().filter(|one| one.state != State::Deleted && one.session.is_none());
    let silent = silent.count() as u64;
    if silent > 0 && !args.dry_run {
        let sessions = count(silent, "source");
        app.ui.warn(&format!("nothing in {sessions} could be read as a message; their bytes are kept"));
    }
    if new > 0 && !args.dry_run {
        app.ui.hint("`sfs list --all` lists them");
    }
    Ok(())
}

fn as_json(report: &ImportReport) -> serde_json::Value {
    let state = |state: State| match state {
        State::New => "new",
        State::Changed => "changed",
        State::Known => "known",
        State::Deleted => "deleted",
        State::Failed => "failed",
    };
    let sources = report.sources.iter().map(|one| {
        json!({
            "form": one.form, "path": one.path, "session": one.session.map(|id| id.to_string()),
            "state": state(one.state),
        })
    });
    json!({
        "sources": sources.collect::<serde_json::Value>(), "passed_over": report.passed_over,
        "records": report.capture.records, "messages": report.capture.messages,
        "commits": report.capture.commits, "bytes": report.capture.bytes,
        "trouble": report.capture.trouble.len(),
    })
}
