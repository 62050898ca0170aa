//! `sfs fork`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::branch;

/// Make a branch at a revision
///
/// A new name for a point in a session, to go on from there. Nothing is
/// copied. Capture never moves it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// What to call the branch; it gets a name if none is given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let a branch of yours of that name stand for the revision
    #[arg(long, short)]
    force: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let made = branch::fork(&app.env, &mut store, &args.rev, args.name.as_deref(), args.force)?;
    let rev = format!("{:.12}/{}", made.session, made.name);
    if args.json {
        return Ok(app.ui.json(&serde_json::json!({
            "session": made.session.to_string(), "name": made.name, "commit": made.commit.to_string(),
            "revision": rev,
        }))?);
    }
    let name = ui::paint(ui::NAME, clean(&rev));
    app.ui.line(format!("{name} {}", ui::paint(ui::ID, format!("{:.12}", made.commit))))?;
    app.ui.hint(&format!("`sfs resume {rev}` goes on from there"));
    Ok(())
}
