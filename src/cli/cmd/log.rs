//! `sfs log`

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::graph::{Node, graph};
use crate::ops::log::{Turn, log};
use crate::ops::{revision, session};
use crate::view;

/// Show a session turn by turn
///
/// A line a turn, the last one first: the revision, when, what was asked, the
/// model, tokens in and out, and the files touched. With --git, the turns of any
/// session in this repository that a commit of git's comes from: those between
/// its parents and it that wrote (likely) or looked at (possible) files of it,
/// or in which its id was printed (certain).
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
    /// Draw all branches of the session
    #[arg(long)]
    graph: bool,
    /// Show the turns behind this commit of git's instead, and how sure that is
    #[arg(long, value_name = "COMMIT", conflicts_with_all = ["rev", "graph", "oneline"])]
    git: Option<String>,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.fresh_store()?;
    if let Some(name) = &args.git {
        return super::behind::run(app, &store, name, args.most, args.json);
    }
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    let most = args.most.unwrap_or(usize::MAX);
    if args.graph {
        let info = session::info(&store, &found.session).unwrap_or_default();
        return draw(args, app, &graph(&store, &info)?, most);
    }
    let turns = log(&store, found.commit, most, args.stat || args.json)?;
    if args.json {
        return Ok(app.ui.json(&turns.iter().map(view::json::turn).collect::<Vec<_>>())?);
    }
    app.ui.page();
    for turn in &turns {
        app.ui.line(line(turn, None, args.oneline))?;
        stat(args, app, turn, "   ")?;
    }
    Ok(())
}

fn draw(args: &Args, app: &App, nodes: &[Node], most: usize) -> Result<(), CommandError> {
    if args.json {
        let json = nodes.iter().take(most).map(|node| {
            let mut turn = view::json::turn(&node.turn);
            let tip = |n: Option<usize>| n.and_then(|n| nodes.get(n)).map(|node| node.turn.tip.to_string());
            let (parent, merged) = (tip(node.parent), tip(node.merged));
            if let Some(turn) = turn.as_object_mut() {
                turn.insert("parent".to_owned(), parent.into());
                turn.insert("merged".to_owned(), merged.into());
                turn.insert("branches".to_owned(), node.branches.clone().into());
            }
            turn
        });
        return Ok(app.ui.json(&json.collect::<Vec<_>>())?);
    }
    app.ui.page();
    let parents: Vec<_> = nodes.iter().map(|node| (node.parent, node.merged)).collect();
    for (node, (joins, row)) in nodes.iter().zip(view::graph::lanes(&parents)).take(most) {
        for join in joins {
            app.ui.line(join)?;
        }
        app.ui.line(format!("{row}  {}", line(&node.turn, Some(node), args.oneline)))?;
        stat(args, app, &node.turn, &format!("{}   ", row.replace('*', "|")))?;
    }
    Ok(())
}

fn stat(args: &Args, app: &App, turn: &Turn, indent: &str) -> Result<(), CommandError> {
    for file in turn.files.iter().filter(|_| args.stat) {
        app.ui.line(format!("{indent} {}", view::file(file)))?;
    }
    Ok(())
}

/// A turn in a line.
pub(super) fn line(turn: &Turn, node: Option<&Node>, short: bool) -> String {
    let id = ui::paint(ui::ID, format!("{:.10}", turn.tip));
    let midway = node.is_some_and(|node| node.parent.is_some());
    let untitled = if midway { "(the turn, gone on with otherwise)" } else { "(before the first prompt)" };
    let title = clean(turn.title.as_deref().unwrap_or(untitled));
    let title = match node.map(|node| node.branches.as_slice()) {
        None | Some([]) => title,
        Some(names) => format!("{} {title}", ui::paint(ui::NAME, format!("({})", clean(&names.join(", "))))),
    };
    if short {
        return format!("{id} {title}");
    }
    let when = turn.time.map(ui::time).unwrap_or_default();
    let usage = turn.usage;
    let sent = usage.input + usage.cache_write + usage.cache_read;
    let model = turn.model.as_deref().map(clean).unwrap_or_default();
    let (sent, got) = (view::tokens(sent), view::tokens(usage.output));
    let rest = format!("{model}  {sent}→{got}  {}", ui::count(turn.touched, "file"));
    format!("{id}  {}  {title}  {}", ui::paint(ui::FAINT, when), ui::paint(ui::FAINT, rest))
}
