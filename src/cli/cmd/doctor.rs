//! `sfs doctor`

use crate::cli::error::FAILED;
use crate::cli::ui::{self, bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::ops::doctor::{Finding, Level, doctor};
use crate::ops::places::{Place, places};
use crate::store::Store;

/// Look for what may go wrong with the store and the tools
///
/// Then tells the places where sessions are looked for: whether they are
/// there, what was found in them, and which environment variable leads there.
/// Ends with 1 when something doesn't work.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// List the places that are not there, too
    #[arg(long)]
    all: bool,
    /// Print one JSON object: findings, and all places
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let found = doctor(&app.env);
    // Without a store, the findings say so; the places can be told all the same.
    let places = places(&app.env, Store::open(&app.env.store).ok().as_ref());
    if args.json {
        app.ui.json(&serde_json::json!({
            "findings": found.iter().map(json).collect::<Vec<_>>(),
            "places": places.iter().map(place_json).collect::<Vec<_>>(),
        }))?;
    } else {
        found.iter().try_for_each(|finding| told(finding, app))?;
        table(&places, args.all, app)?;
    }
    let bad = found.iter().any(|finding| finding.level == Level::Bad);
    if bad { Err(CommandError::silent(FAILED)) } else { Ok(()) }
}

fn told(finding: &Finding, app: &App) -> Result<(), CommandError> {
    let style = match finding.level {
        Level::Good => ui::NAME,
        Level::Odd => ui::ID,
        Level::Bad => ui::REMOVED,
    };
    let word = ui::paint(style, format!("{:<4}", word(finding.level)));
    app.ui.line(format!("{word}  {}", clean(&finding.what)))?;
    if let Some(advice) = &finding.advice {
        app.ui.line(format!("      {}", ui::paint(ui::FAINT, advice)))?;
    }
    Ok(())
}

fn table(places: &[Place], all: bool, app: &App) -> Result<(), CommandError> {
    let shown: Vec<&Place> =
        places.iter().filter(|place| all || place.present || place.set_by.is_some()).collect();
    if !shown.is_empty() {
        app.ui.line("")?;
        app.ui.line("Sessions are looked for in:")?;
    }
    for place in &shown {
        let tool = ui::paint(ui::NAME, format!("{:<14}", place.tool));
        let path = clean(&place.path.to_string_lossy());
        let set_by = place.set_by.map(|name| format!(", set by {name}")).unwrap_or_default();
        let held = match (place.present, place.sessions) {
            (false, _) => "not there".to_owned(),
            (true, 0) => "no sessions".to_owned(),
            (true, n) => format!("{}, {}", count(n, "session"), bytes(place.bytes)),
        };
        app.ui.line(format!("{tool}  {path}  {}", ui::paint(ui::FAINT, format!("({held}{set_by})"))))?;
    }
    let hidden = places.len() - shown.len();
    if hidden > 0 {
        app.ui.line("")?;
        app.ui.line(format!("{} not there; `sfs doctor --all` lists them", count(hidden as u64, "place")))?;
    }
    Ok(())
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Odd => "odd",
        Level::Bad => "bad",
    }
}

fn json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({ "level": word(finding.level), "what": finding.what, "advice": finding.advice })
}

fn place_json(place: &Place) -> serde_json::Value {
    serde_json::json!({
        "tool": place.tool, "path": place.path, "present": place.present, "sessions": place.sessions,
        "bytes": place.bytes, "set_by": place.set_by,
    })
}
