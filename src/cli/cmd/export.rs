//! `sfs export`

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::blame::uuid;
use super::import::form_named;
use super::leaving::{Leaving, Sent};
use crate::cli::ui::{bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::blame::committed;
use crate::ops::form::{self, FormError, FormOptions, FormOutcome};
use crate::ops::push::PushOptions;
use crate::ops::revision::{self, Resolved};
use crate::ops::secrets::Found;
use crate::ops::session;
use crate::store::Store;
use crate::tool::form::{Writer, Writes, by_name};
use crate::view::blame::{Record, agent_trace};

/// How much is printed at once.
const AT_ONCE: usize = 256 << 10;
/// What a file is called that tells of lines.
const LINES: &str = "json";

/// Write a session in a form in which sessions are handed on
///
/// The conversation up to the revision, as a file, on the standard output if
/// none is named, or as a folder where the form is one. What the form can't hold
/// is told. What is written is looked through for secrets first, as with
/// `sfs push`. To hand over all of a session, for another `sfs`, see `sfs share`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// The form
    #[arg(long = "as", value_name = "FORM", value_parser = form_named)]
    format: &'static str,
    /// The file or folder to make; - is standard output
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write over what is there
    #[arg(long, short)]
    force: bool,
    /// Print the outcome as JSON; what is written needs a place of its own
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    leaving: Leaving,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    app.bring_texts(&mut store, found.session)?;
    let Some((_, known)) = by_name(args.format) else {
        return Err(CommandError::usage(format!("no form is called {:?}", args.format)));
    };
    let writer = match known.writes() {
        Writes::Conversation(writer) => Some(writer),
        Writes::Lines => None,
    };
    let to = place(args, app, &store, &found, writer);
    if args.json && to.is_none() {
        return Err(CommandError::usage("the outcome can't stand where the session does")
            .hint("`-o FILE` writes the session to a file"));
    }
    let words = if writer.is_none() { Some(lines(app, &store, &found)?) } else { None };
    let shown = to.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    let go = |store: &mut Store, options: &PushOptions| {
        let options = FormOptions {
            to: to.clone(),
            force: args.force,
            redact: options.redact,
            allow: options.allow.clone(),
            allow_all: options.allow_all,
        };
        let at = (found.session, found.commit);
        let outcome = match (writer, &words) {
            (Some(writer), _) => {
                form::conversation(&app.env, store, at, writer, &options, &app.ui.patient_monitor())
            }
            (None, words) => {
                form::words(&app.env, store, found.commit, words.as_deref().unwrap_or_default(), &options)
            }
        };
        outcome.map_err(failed)
    };
    let outcome = args.leaving.let_go(app, &mut store, (PushOptions::default(), Some(&shown), None), go)?;
    tell(args, app, outcome)
}

impl Sent for FormOutcome {
    fn stopped(&self) -> &[Found] {
        &self.stopped
    }

    fn place(&self) -> &str {
        self.to.as_deref().and_then(Path::to_str).unwrap_or("standard output")
    }
}

fn failed(error: FormError) -> CommandError {
    let exists = matches!(error, FormError::Exists(_));
    let error = match error {
        // The store's errors have advice and exit codes of their own.
        FormError::Store(e) => CommandError::from(e),
        FormError::Secrets(e) => CommandError::from(e),
        e => CommandError::from(e),
    };
    if exists { error.hint("`--force` writes over it") } else { error }
}

/// Where it goes; `None` is the standard output. Within a folder it is called
/// after the session.
fn place(
    args: &Args,
    app: &App,
    store: &Store,
    found: &Resolved,
    writer: Option<&dyn Writer>,
) -> Option<PathBuf> {
    let (ending, is_folder) = writer.map_or((LINES, false), |writer| (writer.ending(), writer.is_folder()));
    let info = session::info(store, &found.session);
    let name = info.and_then(|info| info.name).unwrap_or_else(|| format!("{:.12}", found.session));
    let called = match writer {
        Some(writer) => writer.called(&found.session.to_string(), &name),
        None => format!("{name}.{LINES}"),
    };
    match &args.output {
        None if is_folder => Some(PathBuf::from(called)),
        None => None,
        Some(path) if path == Path::new("-") && !is_folder => None,
        Some(path) => {
            let is_own = is_folder && path.extension().is_some_and(|known| known == ending);
            let within = path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
            let within = within || app.env.cwd.join(path).is_dir() && !is_own;
            Some(if within { path.join(called) } else { path.clone() })
        }
    }
}

/// Which lines the session wrote, as a record.
fn lines(app: &App, store: &Store, found: &Resolved) -> Result<String, CommandError> {
    let at = (found.session, found.commit);
    let info = session::info(store, &found.session);
    let is_tip = info.is_some_and(|info| info.branches.iter().any(|branch| branch.tip == found.commit));
    let files = form::lines(&app.env, store, at, !is_tip, &app.ui.patient_monitor())?;
    if files.is_empty() {
        let error = CommandError::message("no line of the session is left in the files of its project");
        return Err(error.hint("the form tells of lines alone; another holds the conversation"));
    }
    let revisions: Vec<Option<String>> = files.iter().map(committed).collect();
    let first = revisions.first().cloned().flatten();
    let revision = first.filter(|first| revisions.iter().all(|other| other.as_ref() == Some(first)));
    let record = Record { id: &uuid(app), now: app.env.now, revision: revision.as_deref() };
    Ok(format!("{}\n", agent_trace(&files, &record, Some(found.session))))
}

fn tell(args: &Args, app: &App, outcome: FormOutcome) -> Result<(), CommandError> {
    if let Some(mut file) = outcome.printed {
        let mut buffer = vec![0; AT_ONCE];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => app.ui.bytes(buffer.get(..n).unwrap_or_default())?,
            }
        }
    }
    let losses = outcome.losses.iter();
    if args.json {
        let losses = losses.map(|loss| json!({"what": loss.what, "count": loss.count}));
        return Ok(app.ui.json(&json!({
            "path": outcome.to, "messages": outcome.messages, "bytes": outcome.bytes,
            "losses": losses.collect::<serde_json::Value>(), "runs": outcome.runs,
            "redacted": outcome.redacted.len(),
        }))?);
    }
    if let Some(path) = &outcome.to {
        let messages = match outcome.messages {
            0 => String::new(),
            n => format!("{}, ", count(n, "message")),
        };
        app.ui.note(&format!(
            "Wrote {}: {messages}{}.",
            clean(&path.to_string_lossy()),
            bytes(outcome.bytes)
        ));
    }
    losses.for_each(|loss| app.ui.warn(&format!("{} ({} times)", loss.what, loss.count)));
    if outcome.runs > 0 {
        let runs = count(outcome.runs, "run");
        app.ui.warn(&format!(
            "{runs} of subagents are not in it; each is a branch: `sfs export SESSION/BRANCH`"
        ));
    }
    if !outcome.redacted.is_empty() {
        app.ui.note(&format!("Without {}.", count(outcome.redacted.len() as u64, "secret")));
    }
    Ok(())
}
