//! `sfs name`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::branch::{self, NameError};
use crate::ops::{revision, session};
use crate::store::Store;

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
            let named = branch::name(&app.env, &mut store, name, &args.session, args.force);
            let id = named.map_err(|e| turned(app, &store, e, ["name", name, &args.session]))?;
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

/// Advises the other order where the revision stands in the name's place.
pub(super) fn turned(app: &App, store: &Store, e: NameError, [verb, name, rev]: [&str; 3]) -> CommandError {
    let is_known = |text| revision::resolve(store, &app.env, text).is_ok();
    match &e {
        NameError::Revision(_) | NameError::Bad { .. } if is_known(name) && !is_known(rev) => {
            let (name, rev) = (clean(rev), clean(name));
            CommandError::message(e.to_string())
                .hint(format!("the name comes first: `sfs {verb} {name} {rev}`"))
        }
        _ => e.into(),
    }
}
