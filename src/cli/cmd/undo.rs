//! `sfs undo`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::undo::{UndoError, Undone, undo};
use crate::store::RefValue;

/// Take back the last change of branches, tags or names
///
/// Run again, it takes back the one before. Any operation that `sfs reflog`
/// shows can be named, an undo too. Nothing is removed from the store.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The number of the operation
    #[arg(value_name = "OPERATION")]
    number: Option<u64>,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let undone = undo(&app.env, &mut store, args.number, args.dry_run).map_err(failed)?;
    if args.json {
        return Ok(app.ui.json(&json(&undone, args.dry_run))?);
    }
    let (op, verb) = (&undone.op, if args.dry_run { "Would take back" } else { "Took back" });
    app.ui.note(&format!("{verb} operation {}: {} of {}", op.number, op.command, ui::time(op.time)));
    for (name, value) in &undone.restored {
        let what = value.as_ref().map_or_else(|| "is gone".to_owned(), |v| format!("is {}", short(v)));
        app.ui.line(format!("{} {what}", ui::paint(ui::NAME, clean(name))))?;
    }
    Ok(())
}

fn failed(error: UndoError) -> CommandError {
    let hint = match &error {
        UndoError::Nothing => {
            Some("only changes of branches, tags and names are undone by themselves".to_owned())
        }
        UndoError::Missing(_) => Some("`sfs reflog` shows all operations".to_owned()),
        UndoError::Later { by, .. } => Some(format!("`sfs undo {by}` takes that back")),
        _ => None,
    };
    let error = CommandError::from(error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What a ref stands for, in short.
pub(super) fn short(value: &RefValue) -> String {
    match value {
        RefValue::Commit(id) | RefValue::Tag(id) | RefValue::Session(id) | RefValue::Snapshot(id) => {
            format!("{id:.12}")
        }
        RefValue::Source(source) => {
            source.file.map_or_else(|| "nothing yet".to_owned(), |id| format!("{id:.12}"))
        }
    }
}

fn json(undone: &Undone, dry_run: bool) -> serde_json::Value {
    let refs: Vec<_> = undone
        .restored
        .iter()
        .map(|(name, value)| serde_json::json!({"name": name, "value": value.as_ref().map(short)}))
        .collect();
    serde_json::json!({
        "operation": undone.op.number, "command": undone.op.command, "dry_run": dry_run, "restored": refs,
    })
}
