//! `sfs status`

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
    let found = status(&app.env, &app.store()?)?;
    if args.json {
        return Ok(app.ui.json(&json(&found, daemon::is_running(&app.env.store)))?);
    }
    let row = |name: &str, value: String| {
        app.ui.line(format!("{} {value}", ui::paint(ui::FAINT, format!("{name:<12}"))))
    };
    let place = clean(&found.store.to_string_lossy());
    row("store", format!("{place} ({})", bytes(found.bytes)))?;
    row("holds", format!("{}, {}", count(found.sessions, "session"), count(found.messages, "message")))?;
    if let Some((id, title)) = &found.here {
        row("here", format!("{} {}", ui::paint(ui::ID, format!("{id:.12}")), clean(title)))?;
    }
    if let Some(op) = &found.last {
        row("last", format!("{} {} ({})", ui::time(op.time), clean(&op.command), clean(&op.who)))?;
    }
    let daemon = daemon::is_running(&app.env.store);
    row("daemon", if daemon { "running" } else { "not running" }.to_owned())?;
    for tool in &found.tools {
        row(&tool.name, words(tool))?;
        for (path, why) in &tool.trouble {
            app.ui.warn(&format!("{}: {why}", path.display()));
        }
    }
    if found.pending() > 0 {
        app.ui.hint("`sfs capture` reads what is new");
    }
    Ok(())
}

fn words(tool: &ToolStatus) -> String {
    if !tool.present {
        return format!("nothing at {}", clean(&tool.root.to_string_lossy()));
    }
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
        "store": found.store, "bytes": found.bytes, "sessions": found.sessions, "messages": found.messages,
        "here": found.here.as_ref().map(|(id, _)| id.to_string()),
        "pending": found.pending(), "daemon": daemon,
        "tools": found.tools.iter().map(tool).collect::<Vec<_>>(),
        "last_operation": found.last.as_ref().map(|op| serde_json::json!({
            "operation": op.number, "time": view::json::time(Some(op.time)), "command": op.command, "who": op.who,
        })),
    })
}
