//! `sfs list`

use std::path::PathBuf;

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::delete::deleted;
use crate::ops::list::{ListOptions, list, moment};
use crate::ops::session::SessionInfo;
use crate::view;

/// List sessions
///
/// Those that worked in this directory, or of all with --all; the one last
/// worked on first.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only those with this in their title or name
    text: Option<String>,
    /// Sessions of every directory
    #[arg(long, short)]
    all: bool,
    /// Sessions of this directory
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    project: Option<PathBuf>,
    /// Only those that this tool carried
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only those worked on since: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Show at most so many
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    most: Option<usize>,
    /// Print one array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.fresh_store()?;
    let since = args.since.as_deref().map(|text| {
        let at = moment(app.env.now, text);
        at.ok_or_else(|| {
            CommandError::usage(format!("{text:?} is no time")).hint("say 7d, 12h or 2026-01-31")
        })
    });
    let options = ListOptions {
        all: args.all,
        project: args.project.clone(),
        tool: args.tool.clone(),
        since: since.transpose()?,
        text: args.text.clone(),
    };
    let mut found = list(&app.env, &store, &options);
    found.sessions.truncate(args.most.unwrap_or(usize::MAX));
    if args.json {
        let list: Vec<_> = found.sessions.iter().map(view::json::session).collect();
        return Ok(app.ui.json(&list)?);
    }
    if found.sessions.is_empty() {
        let gone = deleted(&store).len() as u64;
        match found.total {
            0 if gone > 0 => app.ui.note(&format!("The store's sessions, {gone} in all, were deleted.")),
            0 => app.ui.note("The store has no sessions yet."),
            _ => app.ui.note("No such session here."),
        }
        match (found.total, args.all) {
            (0, _) if gone > 0 => {
                app.ui.hint("`sfs delete --list` lists them, `sfs delete --undo ID` brings one back")
            }
            (0, _) => app.ui.hint("`sfs capture` reads what the tools have written"),
            (n, false) => {
                app.ui.hint(&format!("`sfs list --all` looks at all {}", ui::count(n as u64, "session")))
            }
            _ => {}
        }
        return Ok(());
    }
    app.ui.page();
    for session in &found.sessions {
        app.ui.line(line(session, args.all))?;
    }
    Ok(())
}

fn line(session: &SessionInfo, place: bool) -> String {
    let id = ui::paint(ui::ID, format!("{:.12}", session.id));
    let when = format!("{:<16}", session.updated_at.map(ui::time).unwrap_or_default());
    let when = ui::paint(ui::FAINT, when);
    let title = match clean(&session.title) {
        title if title.is_empty() => "(no title)".to_owned(),
        title => title,
    };
    let name = session.name.as_deref().map(|name| format!("{} ", ui::paint(ui::NAME, clean(name))));
    let tools = clean(&session.tools.join("+"));
    let turns = ui::count(session.turns, "turn");
    let branches = session.branches.iter().filter(|b| !b.part).count() as u64;
    let mut marks = String::new();
    if branches > 1 {
        marks.push_str(&format!("  [{}]", ui::count(branches, "branch")));
    }
    if session.shallow {
        marks.push_str("  [shallow]");
    }
    if session.gone {
        marks.push_str("  [only here]");
    }
    if let Some(project) = session.project.as_deref().filter(|_| place) {
        marks.push_str(&format!("  {}", clean(project)));
    }
    let name = name.unwrap_or_default();
    format!("{id}  {when}  {tools:<11}  {turns:>9}  {name}{title}{}", ui::paint(ui::FAINT, marks))
}
