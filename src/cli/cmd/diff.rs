//! `sfs diff`

use crate::cli::error::FAILED;
use crate::cli::ui::{self, clean, clean_text, count};
use crate::cli::{App, CommandError, config};
use crate::object::Usage;
use crate::ops::diff::{Diff, Side, diff};
use crate::ops::hunks::{Changed, FileDiff, State};
use crate::ops::{revision, show};
use crate::store::Store;
use crate::view;

/// Compare two revisions, branches or sessions
///
/// Shows what each did since they parted: what was said, which tools were
/// called, tokens, and what differs between the files, which are those of
/// snapshots or rebuilt from what was written and edited. Sessions that never
/// were one are compared by what was said in them. `sfs diff @~1` is what the
/// last turn did.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The first revision
    left: String,
    /// The second; the newest session of this directory if not given
    #[arg(default_value = "@")]
    right: String,
    /// Only show how much, and the files
    #[arg(long)]
    stat: bool,
    /// Only show the paths of the files that differ
    #[arg(long, conflicts_with = "stat")]
    name_only: bool,
    /// Compare what was in force instead: model, permissions, sandbox, versions
    #[arg(long, conflicts_with_all = ["stat", "name_only", "full"])]
    config: bool,
    /// Unfold calls, their results and thoughts
    #[arg(long)]
    full: bool,
    /// End with 1 if they differ
    #[arg(long)]
    exit_code: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let left = revision::resolve(&store, &app.env, &args.left)?;
    let right = revision::resolve(&store, &app.env, &args.right)?;
    app.bring_texts(&mut store, left.session)?;
    app.bring_texts(&mut store, right.session)?;
    if args.config {
        return config::diff(app, &store, (&left, &right), (args.json, args.exit_code));
    }
    let found = diff(&store, left, right)?;
    let changed = Changed::find(&store, &found)?;
    if args.json {
        let (left, right) = (json(&store, args, &found.left)?, json(&store, args, &found.right)?);
        let files = |files: &[FileDiff]| files.iter().map(|file| file_json(args, file)).collect::<Vec<_>>();
        let since = changed
            .since
            .as_ref()
            .map(|[left, right]| serde_json::json!({"left": files(left), "right": files(right)}));
        app.ui.json(&serde_json::json!({
            "same": found.is_same(), "base": found.base.map(|id| id.to_string()),
            "common_messages": found.common, "left": left, "right": right,
            "files": files(&changed.between), "files_since_base": since,
        }))?;
    } else if args.name_only {
        changed.between.iter().try_for_each(|file| app.ui.line(clean(&file.path)))?;
    } else {
        app.ui.page();
        text(args, app, &store, &found)?;
        files_text(args, app, &changed)?;
    }
    let same = found.is_same() && changed.between.is_empty();
    if args.exit_code && !same { Err(CommandError::silent(FAILED)) } else { Ok(()) }
}

fn files_text(args: &Args, app: &App, changed: &Changed) -> Result<(), CommandError> {
    let Some(since) = &changed.since else {
        return changed.between.iter().try_for_each(|file| file_text(args, app, file));
    };
    let sides = [("-", &args.left), ("+", &args.right)].into_iter().zip(since);
    for ((sign, rev), files) in sides.filter(|(_, files)| !files.is_empty()) {
        app.ui.line("")?;
        let rev = clean(rev);
        app.ui.line(paint(sign, &format!("{} files of {rev} since they parted", sign.repeat(3))))?;
        files.iter().try_for_each(|file| file_text(args, app, file))?;
    }
    Ok(())
}

fn file_text(args: &Args, app: &App, file: &FileDiff) -> Result<(), CommandError> {
    let (state, sign) = match file.state {
        State::Added => ("new", "+"),
        State::Removed => ("gone", "-"),
        State::Changed => ("changed", " "),
    };
    let note = file.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let (path, added, removed) = (clean(&file.path), file.added, file.removed);
    if args.stat {
        let counts = format!("{}{}", paint("+", &format!("+{added}")), paint("-", &format!(" -{removed}")));
        return Ok(app.ui.line(format!("{sign} {path}  {counts}{note}"))?);
    }
    app.ui.line("")?;
    app.ui.line(ui::paint(ui::STRONG, format!("{state} {path}{note}")))?;
    for hunk in &file.hunks {
        app.ui.line(ui::paint(ui::FAINT, &hunk.header))?;
        for (sign, line) in &hunk.lines {
            let line = format!("{sign}{}", clean_text(line));
            app.ui.line(if matches!(sign, '-' | '+') { paint(&sign.to_string(), &line) } else { line })?;
        }
    }
    Ok(())
}

fn file_json(args: &Args, file: &FileDiff) -> serde_json::Value {
    let state = match file.state {
        State::Added => "added",
        State::Removed => "removed",
        State::Changed => "changed",
    };
    let hunk = |hunk: &crate::ops::hunks::Hunk| {
        let lines: Vec<String> = hunk.lines.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        serde_json::json!({"header": hunk.header, "lines": lines})
    };
    let hunks: Vec<_> = file.hunks.iter().filter(|_| !args.stat && !args.name_only).map(hunk).collect();
    serde_json::json!({
        "path": file.path, "state": state, "added": file.added, "removed": file.removed, "note": file.note,
        "hunks": hunks,
    })
}

fn text(args: &Args, app: &App, store: &Store, found: &Diff) -> Result<(), CommandError> {
    let common = count(found.common, "message");
    let parted = match found.base {
        Some(base) => format!("; the last shared commit is {base:.12}"),
        None => "; they share no commit".to_owned(),
    };
    app.ui.line(format!("both   {common}{parted}"))?;
    let sides = [("-", &args.left, &found.left), ("+", &args.right, &found.right)];
    for (sign, rev, side) in sides {
        app.ui.line(format!("{} {}  {}", paint(sign, &sign.repeat(3)), clean(rev), sum(side)))?;
    }
    for (sign, _, side) in sides {
        for file in &side.files {
            app.ui.line(paint(sign, &format!("{sign} {}", clean(&view::file(file)))))?;
        }
    }
    for (sign, _, side) in sides.into_iter().filter(|_| !args.stat) {
        for id in &side.only {
            let Some(message) = show::message(store, *id)? else { continue };
            let role = view::message::role(message.role);
            app.ui.line("")?;
            app.ui.line(paint(sign, &format!("{sign} {id:.10} :{} {role}", message.n)))?;
            for line in view::message::text(&message, args.full).lines() {
                app.ui.line(format!("{} {line}", paint(sign, sign)))?;
            }
        }
    }
    Ok(())
}

fn paint(sign: &str, text: &str) -> String {
    ui::paint(if sign == "-" { ui::REMOVED } else { ui::NAME }, text)
}

fn sum(side: &Side) -> String {
    let Usage { input, cache_write, cache_read, output } = side.usage;
    let turns = count(side.turns, "turn");
    let (messages, calls) = (count(side.only.len() as u64, "message"), count(side.calls, "call"));
    let tokens =
        format!("{}→{} tokens", view::tokens(input + cache_write + cache_read), view::tokens(output));
    format!("{turns}, {messages}, {calls}, {tokens}, {}", count(side.files.len() as u64, "file"))
}

fn json(store: &Store, args: &Args, side: &Side) -> Result<serde_json::Value, CommandError> {
    let mut messages = Vec::new();
    for id in side.only.iter().filter(|_| !args.stat) {
        messages.extend(show::message(store, *id)?.as_ref().map(view::message::json));
    }
    Ok(serde_json::json!({
        "session": side.at.session.to_string(), "commit": side.at.commit.to_string(),
        "branch": side.at.branch, "turns": side.turns, "messages": side.only.len(), "calls": side.calls,
        "usage": view::json::usage(&side.usage), "files": view::json::files(&side.files),
        "only": messages,
    }))
}
