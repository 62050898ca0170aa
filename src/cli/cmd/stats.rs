//! `sfs stats`

use std::path::PathBuf;

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError};
use crate::ops::list::moment;
use crate::ops::stats::{By, Ran, Row, Stats, StatsOptions, Sums, stats, tokens};
use crate::view;
use crate::view::plot;

/// How wide the bars are, in characters.
const BAR: usize = 24;
/// How wide the names of rows may be.
const KEY: usize = 44;
/// How many commands and tools are named.
const RANKED: usize = 15;

/// Count tokens, cost, turns, time and files
///
/// What several branches and sessions share counts once. Tokens that a cache
/// gave or took are told apart. Cost is what the provider's own API asks for
/// by a table that says its date; prices.json in the folder `sfs` of the
/// user's settings changes and adds to it. Time leaves out pauses of more
/// than five minutes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What the rows are
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: Rows,
    /// Only from then on: 7d, 12h, 2026-01-31
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only before then
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only sessions that worked in this directory
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Only what this tool recorded
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Count the commands and tools that were run, too; takes longer
    #[arg(long)]
    commands: bool,
    /// Show at most so many rows
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    most: Option<usize>,
    /// Draw bars with ASCII only
    #[arg(long)]
    ascii: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the rows as CSV
    #[arg(long, conflicts_with = "commands")]
    csv: bool,
}

/// What the rows are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Rows {
    #[default]
    Day,
    Week,
    Month,
    Project,
    Tool,
    Model,
    Session,
}

impl From<Rows> for By {
    fn from(rows: Rows) -> By {
        match rows {
            Rows::Day => By::Day,
            Rows::Week => By::Week,
            Rows::Month => By::Month,
            Rows::Project => By::Project,
            Rows::Tool => By::Tool,
            Rows::Model => By::Model,
            Rows::Session => By::Session,
        }
    }
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let store = app.fresh_store()?;
    let time = |text: &Option<String>| {
        let wrong = |text: &str| {
            CommandError::usage(format!("{text:?} is no time")).hint("say 7d, 12h or 2026-01-31")
        };
        text.as_deref().map(|text| moment(app.env.now, text).ok_or_else(|| wrong(text))).transpose()
    };
    let options = StatsOptions {
        by: args.by.into(),
        since: time(&args.since)?,
        until: time(&args.until)?,
        project: args.project.clone(),
        tool: args.tool.clone(),
        commands: args.commands,
        zone: ui::zone().clone(),
        prices: app.env.prices(),
    };
    let found = stats(&app.env, &store, &options, &app.ui.monitor())?;
    if args.json {
        return Ok(app.ui.json(&view::stats::json(&found))?);
    }
    if args.csv {
        return view::stats::csv(&found).iter().try_for_each(|line| Ok(app.ui.line(line)?));
    }
    if found.total.messages == 0 {
        app.ui.note("Nothing to count.");
        app.ui.hint("`sfs capture` reads what the tools have written");
        return Ok(());
    }
    app.ui.page();
    table(args, app, &found)?;
    ranking(app, "commands", &found.commands)?;
    ranking(app, "tools", &found.tools)?;
    footnotes(app, &found)
}

fn table(args: &Args, app: &App, found: &Stats) -> Result<(), CommandError> {
    let by_time = matches!(args.by, Rows::Day | Rows::Week | Rows::Month);
    let most = args.most.unwrap_or(usize::MAX);
    // Of days the last, of others the largest.
    let left = if by_time { found.rows.len().saturating_sub(most) } else { 0 };
    let rows: Vec<&Row> = found.rows.iter().skip(left).take(most).collect();
    let key = |row: &Row| match &row.title {
        Some(title) => view::clean::shorten(&format!("{:.12}  {title}", row.key), KEY),
        None if row.key.is_empty() => "(unknown)".to_owned(),
        None => view::clean::shorten_left(&row.key, KEY),
    };
    let keys: Vec<String> = rows.iter().map(|row| key(row)).collect();
    let width =
        keys.iter().map(|key| unicode_width::UnicodeWidthStr::width(key.as_str())).max().unwrap_or(0).max(5);
    let name = format!("{:?}", args.by).to_lowercase();
    let head = [&name, "tokens", "input", "written", "read", "output", "cost", "turns", "time", "files"];
    app.ui.line(ui::paint(ui::FAINT, columns(width, &head.map(str::to_owned), "")))?;
    let largest = rows.iter().map(|row| tokens(&row.sums.usage)).max().unwrap_or(0);
    for (row, key) in rows.iter().zip(&keys) {
        let bar = plot::bar(tokens(&row.sums.usage), largest, BAR, args.ascii);
        app.ui.line(columns(width, &cells(key, &row.sums), &ui::paint(ui::NAME, bar)))?;
    }
    app.ui.line(ui::paint(ui::STRONG, columns(width, &cells("total", &found.total), "")))?;
    Ok(())
}

fn cells(key: &str, sums: &Sums) -> [String; 10] {
    let [all, input, written, read, output, cost, turns, time, files] = view::stats::cells(sums);
    [key.to_owned(), all, input, written, read, output, cost, turns, time, files]
}

/// The first column to the left, the others to the right.
fn columns(width: usize, cells: &[String; 10], bar: &str) -> String {
    let [key, rest @ ..] = cells;
    let pad = width.saturating_sub(unicode_width::UnicodeWidthStr::width(key.as_str()));
    let rest: String = rest.iter().map(|cell| format!(" {cell:>8}")).collect();
    format!("{key}{}{rest}  {bar}", " ".repeat(pad)).trim_end().to_owned()
}

fn ranking(app: &App, what: &str, ran: &[Ran]) -> Result<(), CommandError> {
    if ran.is_empty() {
        return Ok(());
    }
    app.ui.line("")?;
    app.ui
        .line(ui::paint(ui::FAINT, format!("{what}, of {} in all", ui::count(ran.len() as u64, "name"))))?;
    for Ran { name, times } in ran.iter().take(RANKED) {
        app.ui.line(format!("{times:>8}  {}", clean(name)))?;
    }
    Ok(())
}

fn footnotes(app: &App, found: &Stats) -> Result<(), CommandError> {
    let prices = &found.prices;
    let own = prices.own_date.as_deref().map(|date| format!(", and your own of {}", clean(date)));
    app.ui.line("")?;
    let words = format!(
        "cost in {} by list prices of {}{}; your plan may ask for less or more",
        clean(&prices.currency),
        prices.date,
        own.unwrap_or_default()
    );
    app.ui.line(ui::paint(ui::FAINT, words))?;
    for (model, count) in &found.unpriced {
        let model = if model.is_empty() { "no model".to_owned() } else { clean(model) };
        let words = format!("no price is known of {model}: {} tokens without cost", view::tokens(*count));
        app.ui.line(ui::paint(ui::FAINT, words))?;
    }
    Ok(())
}
