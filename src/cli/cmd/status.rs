//! `sfs status`

use super::remote::failed;
use crate::cli::ui::{self, bytes, clean, count};
use crate::cli::{App, CommandError};
use crate::daemon;
use crate::ops::status::{Status, ToolStatus, status};
use crate::view;

/// Show what the store has, and what is still to be captured
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let found = status(&app.env, &app.store()?).map_err(failed)?;
    if args.json {
        return Ok(app.ui.json(&json(&found, daemon::is_running(&app.env.store)))?);
    }
    let row = |name: &str, value: String| {
        app.ui.line(format!("{} {value}", ui::paint(ui::FAINT, format!("{name:<12}"))))
    };
    let place = clean(&found.store.to_string_lossy());
    row("store", format!("{place} ({})", bytes(found.bytes)))?;
    row("holds", format!("{}, {}", count(found.sessions, "session"), count(found.messages, "message")))?;
    if found.shallow > 0 {
        row("shallow", format!("{} without texts", count(found.shallow, "session")))?;
    }
    if let Some((id, title)) = &found.here {
        row("here", format!("{} {}", ui::paint(ui::ID, format!("{id:.12}")), clean(title)))?;
    }
    if let Some(op) = &found.last {
        row("last", format!("{} {} ({})", ui::time(op.time), clean(&op.command), clean(&op.who)))?;
    }
    let daemon = daemon::is_running(&app.env.store);
    row("daemon", if daemon { "running" } else { "not running" }.to_owned())?;
    for remote in &found.remotes {
        let state = match (remote.time, remote.refs) {
            (None, _) => "never pushed".to_owned(),
            (Some(at), 0) => format!("pushed {}, nothing new since", ui::time(at)),
            (Some(at), n) => format!("pushed {}, {} new since", ui::time(at), count(n, "ref")),
        };
        row("remote", format!("{} {state}", ui::paint(ui::NAME, clean(&remote.remote))))?;
    }
    for (id, branches) in &found.parted {
        let branches = branches.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ");
        row("parted", format!("{} {branches}", ui::paint(ui::ID, format!("{id:.12}"))))?;
    }
    let (here, absent): (Vec<_>, Vec<_>) =
        found.tools.iter().partition(|tool| tool.files + tool.gone > 0 || !tool.trouble.is_empty());
    for tool in here {
        row(&tool.name, words(tool))?;
        for (path, why) in &tool.trouble {
            app.ui.warn(&format!("{}: {why}", path.display()));
        }
    }
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|tool| tool.name.as_str()).collect();
        row("no sessions", names.join(", "))?;
    }
    if !found.parted.is_empty() {
        app.ui.hint("`sfs log ID --graph` shows where they parted; `sfs merge` tells one of the other");
    }
    if found.pending() > 0 {
        app.ui.hint("`sfs capture` reads what is new");
    }
    Ok(())
}

fn words(tool: &ToolStatus) -> String {
    let mut words = vec![count(tool.files, "file")];
    let more = [(tool.new, "new"), (tool.changed, "changed"), (tool.gone, "only in the store")];
    words.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    if tool.new + tool.changed == 0 && tool.files > 0 {
        words.push("all captured".to_owned());
    }
    words.join(", ")
}

fn json(found: &Status, daemon: bool) -> serde_json::Value {
    let tool = |tool: &ToolStatus| {
        serde_json::json!({
            "tool": tool.name, "root": tool.root, "present": tool.present, "files": tool.files,
            "new": tool.new, "changed": tool.changed, "gone": tool.gone, "trouble": tool.trouble.len(),
        })
    };
    serde_json::json!({
        "store": found.store, "bytes": found.bytes, "sessions": found.sessions, "shallow": found.shallow, "messages": found.messages,
        "here": found.here.as_ref().map(|(id, _)| id.to_string()),
        "pending": found.pending(), "daemon": daemon,
        "remotes": found.remotes.iter().map(|remote| serde_json::json!({
            "name": remote.remote, "pushed": remote.time.map(|at| view::json::time(Some(at))), "refs": remote.refs,
        })).collect::<Vec<_>>(),
        "parted": found.parted.iter().map(|(id, branches)| serde_json::json!({
            "id": id.to_string(), "branches": branches,
        })).collect::<Vec<_>>(),
        "tools": found.tools.iter().map(tool).collect::<Vec<_>>(),
        "last_operation": found.last.as_ref().map(|op| serde_json::json!({
            "operation": op.number, "time": view::json::time(Some(op.time)), "command": op.command, "who": op.who,
        })),
    })
}
