//! `sfs log`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::log::{Turn, log};
use crate::ops::revision;
use crate::view;

/// Show a session turn by turn
///
/// A line a turn, the last one first: the revision, when, what was asked, the
/// model, tokens in and out, and the files touched.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// Show at most so many turns
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    most: Option<usize>,
    /// Only the revision and what was asked
    #[arg(long)]
    oneline: bool,
    /// Name the files of each turn
    #[arg(long)]
    stat: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    let turns = log(&store, found.commit, args.most.unwrap_or(usize::MAX))?;
    if args.json {
        return Ok(app.ui.json(&turns.iter().map(view::json::turn).collect::<Vec<_>>())?);
    }
    app.ui.page();
    for turn in &turns {
        app.ui.line(line(turn, args.oneline))?;
        for file in turn.files.iter().filter(|_| args.stat) {
            let (how, path) = file.split_at(file.chars().next().map_or(0, char::len_utf8));
            app.ui.line(format!("    {} {}", clean(how), clean(path)))?;
        }
    }
    Ok(())
}

fn line(turn: &Turn, short: bool) -> String {
    let id = ui::paint(ui::ID, format!("{:.10}", turn.tip));
    let title = clean(turn.title.as_deref().unwrap_or("(before the first prompt)"));
    if short {
        return format!("{id} {title}");
    }
    let when = turn.time.map(ui::time).unwrap_or_default();
    let usage = turn.usage;
    let sent = usage.input + usage.cache_write + usage.cache_read;
    let model = turn.model.as_deref().map(clean).unwrap_or_default();
    let rest = format!(
        "{model}  {}→{}  {}",
        tokens(sent),
        tokens(usage.output),
        ui::count(turn.files.len() as u64, "file")
    );
    format!("{id}  {}  {title}  {}", ui::paint(ui::FAINT, when), ui::paint(ui::FAINT, rest))
}

fn tokens(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{:.1}k", n as f64 / 1000.0) }
}
