//! `sfs search`

use std::path::Path;

use crate::cli::error::FAILED;
use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::list::moment;
use crate::ops::search::{self, Hit, SearchOptions, Snippet};
use crate::search::{Order, Query, QueryError};
use crate::view;

/// How queries are written, for the help.
const QUERIES: &str = "\
Queries:
  word other      both words in one message, in any case and form
  \"two words\"     one after the other
  pre*            words that begin so
  a::b, src/x.rs  code and paths, with their punctuation
  -word           messages without it
  key:value       tool, project, session, role, model, file, kind, after, before
  kind:           text, thought, call, command, edit, output, error, summary, notice

Exits with 1 if nothing is found.";

/// Search all that was ever said, run, read and written
///
/// Looks into every session, branch and subagent's run of the store. Each hit
/// is told with a revision for `sfs show`, `sfs fork` and `sfs resume`.
#[derive(clap::Args)]
#[command(after_help = QUERIES)]
pub(crate) struct Args {
    /// What is looked for
    #[arg(required_unless_present_any = FILTERS)]
    query: Vec<String>,
    /// Show at most so many hits; 0 for all
    #[arg(short = 'n', long = "max-count", value_name = "N", default_value_t = 20)]
    most: usize,
    /// In which order hits come
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    sort: Sort,
    /// Only what this tool recorded
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Only sessions that worked in this directory, or one of this name
    #[arg(long, value_name = "DIR")]
    project: Option<String>,
    /// Only what was said by user, assistant or system
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Only messages that touched this file
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// Only what this model said
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only texts of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Not before: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "WHEN", visible_alias = "since")]
    after: Option<String>,
    /// Before: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "WHEN")]
    before: Option<String>,
    /// Show messages that say the same each time
    #[arg(long)]
    copies: bool,
    /// Make the index anew first
    #[arg(long)]
    rebuild: bool,
    /// Print one array of JSON objects
    #[arg(long)]
    json: bool,
}

const FILTERS: [&str; 9] = ["tool", "project", "role", "file", "model", "kind", "after", "before", "rebuild"];

/// In which order hits come.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Sort {
    /// The best first
    #[default]
    Best,
    /// The newest first
    Newest,
    /// The oldest first
    Oldest,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.store()?;
    let query = query(args, app)?;
    let monitor = app.ui.monitor();
    if args.rebuild {
        let index = search::update(&store, true, &monitor)?;
        let (messages, text) = (ui::count(index.docs(), "message"), ui::bytes(index.text()));
        app.ui.note(&format!("Indexed {messages} with {text} of text."));
        if query.is_empty() {
            return Ok(());
        }
    }
    if query.is_empty() {
        return Err(CommandError::usage("nothing is looked for").hint("`sfs search --help` has examples"));
    }
    let order = match args.sort {
        Sort::Best => Order::Best,
        Sort::Newest => Order::Newest,
        Sort::Oldest => Order::Oldest,
    };
    let options = SearchOptions { query, order, copies: args.copies };
    let mut found = search::search(&app.env, &store, &options, &monitor)?;
    drop(monitor);
    if !args.json {
        app.ui.page();
    }
    let most = if args.most == 0 { usize::MAX } else { args.most };
    let (mut shown, mut list) = (0, Vec::new());
    for hit in found.by_ref().take(most) {
        let hit = hit?;
        shown += 1;
        if args.json {
            list.push(view::search::json(&hit));
        } else {
            show(app, &hit)?;
        }
    }
    if args.json {
        app.ui.json(&list)?;
    }
    let unreadable = found.unreadable();
    app.tell_unread(&store)?;
    if unreadable > 0 {
        let messages = ui::count(unreadable, "message");
        app.ui.warn(&format!("{messages} could not be read and so not be searched; run `sfs fsck`"));
    }
    if shown == 0 {
        app.ui.note("Nothing found.");
        return Err(CommandError::silent(FAILED));
    }
    if shown == most && found.left() > 0 {
        app.ui.note(&format!("These are the first {shown}; -n 0 shows all."));
    }
    Ok(())
}

/// The query of the words and the options.
fn query(args: &Args, app: &App) -> Result<Query, CommandError> {
    let when = |text: &str| moment(app.env.now, text);
    let wrong = |e: QueryError| {
        CommandError::usage(e.to_string()).hint("put it in quotes inside of quotes to look for it as it is")
    };
    let mut query = Query::parse(&args.query.join(" "), &when).map_err(wrong)?;
    let project = args.project.as_ref().map(|dir| match Path::new(dir) {
        path if path.is_dir() => app.env.resolve(path).to_string_lossy().into_owned(),
        _ => dir.clone(),
    });
    for (key, value) in [
        ("tool", &args.tool),
        ("project", &project),
        ("role", &args.role),
        ("file", &args.file),
        ("model", &args.model),
        ("kind", &args.kind),
        ("after", &args.after),
        ("before", &args.before),
    ] {
        if let Some(value) = value {
            query.filter(key, value.clone(), &when).map_err(wrong)?;
        }
    }
    Ok(query)
}

fn show(app: &App, hit: &Hit) -> Result<(), CommandError> {
    let title = clean(hit.name.as_deref().unwrap_or(&hit.title));
    let when = hit.time.map(ui::time).unwrap_or_default();
    let who = format!("{when}  {} {}", clean(&hit.tool), view::message::role(hit.role));
    app.ui.line(format!(
        "{}  {}  {title}",
        ui::paint(ui::ID, clean(&hit.revision)),
        ui::paint(ui::FAINT, who)
    ))?;
    for snippet in &hit.snippets {
        app.ui.line(format!("    {}", line(snippet)))?;
    }
    app.ui.line("")?;
    Ok(app.ui.flush()?)
}

fn line(snippet: &Snippet) -> String {
    let mut line = match snippet.kind {
        "text" => String::new(),
        kind => ui::paint(ui::FAINT, format!("{kind}: ")),
    };
    line.push_str(if snippet.cut_before { "…" } else { "" });
    for (text, hit) in view::search::parts(snippet) {
        line.push_str(&if hit { ui::paint(ui::FOUND, text) } else { text });
    }
    line.push_str(if snippet.cut_after { "…" } else { "" });
    line
}
