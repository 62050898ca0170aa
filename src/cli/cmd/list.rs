//! `sfs list`

use std::path::Path;

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::session::{SessionInfo, sessions};

/// List sessions
///
/// Those of this directory, or of all with --all; the one last worked on first.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only those with this in their title
    text: Option<String>,
    /// Sessions of every directory
    #[arg(long, short)]
    all: bool,
    /// Only those that began in this tool
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Print one array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.store()?;
    let found: Vec<SessionInfo> =
        sessions(&store).into_iter().filter(|info| wanted(args, app, info)).collect();
    if args.json {
        let list: Vec<_> = found.iter().map(json).collect();
        return Ok(app.ui.json(&list)?);
    }
    if found.is_empty() {
        app.ui.note("No such session here; `sfs list --all` shows those of every directory.");
        return Ok(());
    }
    app.ui.page();
    for info in &found {
        let id = info.name.clone().unwrap_or_else(|| format!("{:.12}", info.id));
        let when = info.updated_at.map(ui::time).unwrap_or_default();
        let title = if info.title.is_empty() { "(no title)" } else { &info.title };
        let gone = if info.gone { "  [only here]" } else { "" };
        let place = if args.all { format!("  {}", clean(&info.project)) } else { String::new() };
        app.ui.line(format!(
            "{}  {}  {:<11}  {}  {}{}{}",
            ui::paint(ui::ID, clean(&id)),
            ui::paint(ui::FAINT, when),
            info.tool,
            ui::count(info.turns, "turn"),
            clean(title),
            ui::paint(ui::FAINT, place),
            gone
        ))?;
    }
    Ok(())
}

fn wanted(args: &Args, app: &App, info: &SessionInfo) -> bool {
    let here = || {
        let project = Path::new(&info.project);
        !info.project.is_empty() && (project.starts_with(&app.env.cwd) || app.env.cwd.starts_with(project))
    };
    let titled = |text: &String| info.title.to_lowercase().contains(&text.to_lowercase());
    (args.all || here())
        && args.tool.as_ref().is_none_or(|t| *t == info.tool)
        && args.text.as_ref().is_none_or(titled)
}

fn json(info: &SessionInfo) -> serde_json::Value {
    let time =
        |ms: Option<i64>| ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|t| t.to_string());
    serde_json::json!({
        "id": info.id.to_string(), "name": info.name, "tool": info.tool, "native_id": info.native_id,
        "title": info.title, "project": info.project, "branches": info.branches, "turns": info.turns,
        "messages": info.messages, "created_at": time(info.created_at), "updated_at": time(info.updated_at),
        "model": info.model, "gone": info.gone, "odd_records": info.odd_records,
    })
}
