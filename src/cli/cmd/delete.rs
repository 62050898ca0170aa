//! `sfs delete`

use crate::cli::ui::{self, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::delete::{DeleteError, bring_back, delete, deleted};
use crate::ops::session::SessionInfo;
use crate::view::clean::shorten;

/// Delete sessions, so that nothing shows or captures them any more
///
/// Other machines that pull delete them, too, whatever they still have. The
/// store keeps what was said, and `--undo` brings a session back; `sfs purge`
/// takes one out for good. The tools' own files are never touched.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sessions
    #[arg(value_name = "SESSION", required_unless_present = "list")]
    sessions: Vec<String>,
    /// List the sessions that were deleted
    #[arg(long, conflicts_with_all = ["sessions", "undo", "dry_run"])]
    list: bool,
    /// Bring sessions back that were deleted, by the beginnings of their ids
    #[arg(long)]
    undo: bool,
    /// Only tell what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    let sessions = match (args.list, args.undo) {
        (true, _) => deleted(&store),
        (_, true) => bring_back(&app.env, &mut store, &args.sessions, args.dry_run).map_err(failed)?,
        _ => delete(&app.env, &mut store, &args.sessions, args.dry_run).map_err(failed)?,
    };
    if args.json {
        let json = sessions.iter().map(|session| {
            serde_json::json!({
                "id": session.id.to_string(), "native_id": session.native_id, "title": session.title,
                "messages": session.messages,
            })
        });
        return Ok(app.ui.json(&json.collect::<Vec<_>>())?);
    }
    for session in &sessions {
        app.ui.line(line(session))?;
    }
    let sessions = count(sessions.len() as u64, "session");
    match (args.list, args.undo, args.dry_run) {
        (true, ..) => {}
        (_, true, false) => app.ui.note(&format!("Brought {sessions} back; `sfs capture` gets what is new")),
        (_, true, true) => app.ui.note(&format!("Would bring {sessions} back")),
        (_, _, true) => app.ui.note(&format!("Would delete {sessions}")),
        (..) => {
            app.ui.note(&format!("Deleted {sessions}"));
            app.ui.hint("`sfs delete --undo ID` brings one back; `sfs purge ID` takes it out for good");
        }
    }
    Ok(())
}

/// A session in a line.
pub(super) fn line(session: &SessionInfo) -> String {
    let id = ui::paint(ui::ID, format!("{:.8}", session.id));
    let messages = count(session.messages, "message");
    format!("{id}  {}  {}", clean(&shorten(session.label(), 60)), ui::paint(ui::FAINT, messages))
}

fn failed(error: DeleteError) -> CommandError {
    match error {
        DeleteError::Store(e) => e.into(),
        DeleteError::Revision(e) => e.into(),
        e => CommandError::from(e).hint("`sfs delete --list` shows them"),
    }
}
