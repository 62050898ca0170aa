//! `sfs log --git`

use crate::cli::ui::{self, FAINT, ID, NAME, clean, paint};
use crate::cli::{App, CommandError};
use crate::ops::behind::{BehindError, Found, Sure, behind};
use crate::store::Store;
use crate::view;

/// Prints the turns behind a commit of git's.
pub(super) fn run(
    app: &App,
    store: &Store,
    name: &str,
    most: Option<usize>,
    json: bool,
) -> Result<(), CommandError> {
    let mut behind = behind(&app.env, store, name).map_err(|e| match e {
        BehindError::Store(e) => CommandError::from(e),
        e => CommandError::from(e).hint("go to the repository; `git log` lists its commits"),
    })?;
    behind.found.truncate(most.unwrap_or(usize::MAX));
    if json {
        return Ok(app.ui.json(&behind.found.iter().map(object).collect::<Vec<_>>())?);
    }
    let commit = &behind.commit;
    let id = paint(ID, commit.id.get(..10).unwrap_or_default());
    let files = ui::count(commit.files.len() as u64, "file");
    let when = paint(FAINT, ui::time(commit.time));
    app.ui.page();
    app.ui.line(format!("{id}  {when}  {}  {}", clean(&commit.title), paint(FAINT, files)))?;
    for found in &behind.found {
        app.ui.line(format!(
            "{}  {}",
            paint(NAME, format!("{:<8}", word(found.sure))),
            super::log::line(&found.turn, None, false)
        ))?;
        let mut told: Vec<String> = Vec::new();
        for (verb, files) in [("wrote", &found.wrote), ("read", &found.read)] {
            if !files.is_empty() {
                told.push(format!("{verb} {}", clean(&files.join(", "))));
            }
        }
        told.push(format!("in {:.12} {}", found.session, clean(&found.label)));
        app.ui.line(paint(FAINT, format!("          {}", told.join("; "))))?;
    }
    if behind.found.is_empty() {
        app.ui.note("No turn that the store knows is behind it.");
        app.ui.hint("`sfs list` shows the sessions of this directory, `sfs blame FILE` goes line by line");
    }
    Ok(())
}

fn word(sure: Sure) -> &'static str {
    match sure {
        Sure::Certain => "certain",
        Sure::Likely => "likely",
        Sure::Possible => "possible",
    }
}

fn object(found: &Found) -> serde_json::Value {
    serde_json::json!({
        "sure": word(found.sure), "session": found.session.to_string(), "label": found.label,
        "turn": view::json::turn(&found.turn), "wrote": found.wrote, "read": found.read,
    })
}
