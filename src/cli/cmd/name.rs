//! `sfs name`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::{branch, session};

/// Name a session, or list the names
///
/// A name can be typed wherever a session is asked for.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name; all are listed without it
    name: Option<String>,
    /// The session; the newest of this directory if not given
    #[arg(default_value = "@")]
    session: String,
    /// Take the name away
    #[arg(long, short, requires = "name")]
    delete: bool,
    /// Let the name stand for another session than it does
    #[arg(long, short)]
    force: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    if let Some(name) = &args.name {
        if args.delete {
            branch::remove_name(&app.env, &mut store, name)?;
            app.ui.note(&format!("No session is called {name} any more."));
        } else {
            let id = branch::name(&app.env, &mut store, name, &args.session, args.force)?;
            app.ui.note(&format!("Session {id:.12} is called {name}."));
        }
        return Ok(());
    }
    let mut rows = Vec::new();
    for session in session::sessions(&store) {
        let Some(name) = &session.name else { continue };
        if args.json {
            rows.push(serde_json::json!({
                "name": name, "session": session.id.to_string(), "title": session.title,
            }));
            continue;
        }
        let id = ui::paint(ui::ID, format!("{:.12}", session.id));
        let name = ui::paint(ui::NAME, format!("{:<16}", clean(name)));
        app.ui.line(format!("{name} {id}  {}", clean(&session.title)))?;
    }
    if args.json {
        app.ui.json(&rows)?;
    }
    Ok(())
}
