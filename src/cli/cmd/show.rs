//! `sfs show`

mod document;

use std::path::PathBuf;

use crate::cli::ui::{self, clean};
use crate::cli::{App, CommandError, config};
use crate::object::Id;
use crate::ops::revision::{self, Resolved};
use crate::ops::session::{self, SessionInfo};
use crate::ops::show::{self, Shown};
use crate::ops::snapshot;
use crate::store::Store;
use crate::view;

/// Show a session, a turn or a message
///
/// For a session or branch: what is known of it and its last turn, or with
/// --all the whole conversation. For `REV:n`: message n. For any other
/// revision: the turn that it ends. Calls of tools are folded into a line.
///
/// --html and --md write the whole conversation up to the revision, with the
/// runs of its subagents, as a page that needs nothing beside it, or as
/// Markdown. A page over 4 MB becomes several in a folder beside the first.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision; the newest session of this directory if not given
    #[arg(default_value = "@")]
    rev: String,
    /// Show the whole conversation up to the revision
    #[arg(long, short)]
    all: bool,
    /// Show what was in force instead: model, permissions, sandbox, versions
    #[arg(long, conflicts_with_all = ["all", "full", "html", "md"])]
    config: bool,
    /// Unfold calls, their results and thoughts
    #[arg(long)]
    full: bool,
    /// Print one JSON object
    #[arg(long, group = "form")]
    json: bool,
    /// Write a page for a browser
    #[arg(long, group = "form")]
    html: bool,
    /// Write Markdown
    #[arg(long, group = "form")]
    md: bool,
    /// Write the page or the Markdown to this file or folder; - is standard output
    #[arg(long, short, value_name = "PATH", requires = "form", conflicts_with = "json")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let found = revision::resolve(&store, &app.env, &args.rev)?;
    app.bring_texts(&mut store, found.session)?;
    if args.config {
        return config::show(app, &store, &found, args.json);
    }
    if args.html {
        if args.output.is_none() && app.ui.is_terminal() {
            let error = CommandError::usage("a page is nothing for a terminal");
            return Err(error.hint("`-o page.html` writes it to a file, `-o -` here all the same"));
        }
        return document::html(app, &store, found, args.output.as_deref());
    }
    if args.md {
        return document::md(app, &store, found, args.output.as_deref());
    }
    let head = session::info(&store, &found.session).filter(|_| is_session(args, &found));
    let ids = if args.all {
        show::span(&store, None, found.commit)?
    } else if revision::names_message(&args.rev) {
        vec![found.commit]
    } else {
        show::turn(&store, found.commit)?
    };
    if args.json {
        return json(app, &store, &found, head.as_ref(), ids);
    }
    app.ui.page();
    if let Some(session) = &head {
        header(app, &store, session, &found)?;
    }
    for id in ids {
        if let Some(message) = show::message(&store, id)? {
            app.ui.line(head_of(&message))?;
            app.ui.line(view::message::text(&message, args.full))?;
            app.ui.line("")?;
        }
    }
    Ok(())
}

fn is_session(args: &Args, found: &Resolved) -> bool {
    found.branch.is_some() && revision::is_plain(&args.rev)
}

fn header(app: &App, store: &Store, session: &SessionInfo, found: &Resolved) -> Result<(), CommandError> {
    let title = if session.title.is_empty() { "(no title)" } else { &session.title };
    app.ui.line(ui::paint(ui::STRONG, clean(title)))?;
    let branches: Vec<String> = session.branches.iter().map(|b| clean(&b.name)).collect();
    let when = |ms: Option<i64>| ms.map(ui::time).unwrap_or_default();
    let turns = ui::count(session.turns, "turn");
    let mut rows = vec![
        ("session", ui::paint(ui::ID, session.id)),
        ("tool", format!("{} ({})", clean(&session.tools.join(", ")), clean(&session.native_id))),
        ("project", session.project.as_deref().map(clean).unwrap_or_default()),
        (
            "branch",
            format!("{} of {}", clean(found.branch.as_deref().unwrap_or_default()), branches.join(", ")),
        ),
        ("length", format!("{turns}, {}", ui::count(session.messages, "message"))),
    ];
    if session.created_at.or(session.updated_at).is_some() {
        rows.push(("time", format!("{} to {}", when(session.created_at), when(session.updated_at))));
    }
    if let Some(model) = &session.model {
        rows.push(("model", clean(model)));
    }
    if let Some(name) = &session.name {
        rows.insert(1, ("name", ui::paint(ui::NAME, clean(name))));
    }
    let snapshots = snapshot::all(store, &session.id)?;
    if let Some((id, newest)) = snapshots.first() {
        let (n, when) = (ui::count(snapshots.len() as u64, "snapshot"), ui::time(newest.time));
        rows.push(("files", format!("{n}, the newest {id:.12} of {when}")));
    }
    if session.gone {
        rows.push(("note", "its tool has removed a file of it; the store keeps it".to_owned()));
    }
    for (name, value) in rows {
        app.ui.line(format!("{} {value}", ui::paint(ui::FAINT, format!("{name:<8}"))))?;
    }
    Ok(app.ui.line("")?)
}

fn head_of(message: &Shown) -> String {
    let id = ui::paint(ui::ID, format!("{:.10}", message.id));
    let role = ui::paint(ui::STRONG, view::message::role(message.role));
    let when = message.time.map(ui::time).unwrap_or_default();
    let model = message.model.as_deref().map(clean).unwrap_or_default();
    let rest = ui::paint(ui::FAINT, format!("{when}  {model}"));
    format!("{id} :{} {role}  {rest}", message.n)
}

fn json(
    app: &App,
    store: &Store,
    found: &Resolved,
    head: Option<&SessionInfo>,
    ids: Vec<Id>,
) -> Result<(), CommandError> {
    let mut messages = Vec::new();
    for id in ids {
        messages.extend(show::message(store, id)?.as_ref().map(view::message::json));
    }
    Ok(app.ui.json(&serde_json::json!({
        "session": found.session.to_string(),
        "commit": found.commit.to_string(),
        "branch": found.branch,
        "about": head.map(view::json::session),
        "messages": messages,
    }))?)
}
