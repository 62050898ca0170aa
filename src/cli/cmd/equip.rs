//! `sfs resume --with-config`: what comes along, shown and agreed to.

use serde_json::{Value, json};

use crate::cli::ui::{clean, clean_text};
use crate::cli::{App, CommandError};
use crate::ops::equip::{self, EquipOptions, Equipment, Step};
use crate::ops::register::Registration;
use crate::store::Store;
use crate::tool::Tool;

/// How it is agreed to.
pub(super) struct Asks {
    /// Nothing will be done.
    pub(super) dry_run: bool,
    /// It is agreed already.
    pub(super) yes: bool,
    /// It is not shown: it stands in the outcome.
    pub(super) quiet: bool,
}

/// Plans what comes along, shows it, and asks unless it was agreed to.
pub(super) fn agreed(
    asks: Asks,
    app: &App,
    store: &Store,
    options: &EquipOptions<'_>,
) -> Result<Equipment, CommandError> {
    let planned = equip::plan(&app.env, store, options)?;
    if !asks.quiet {
        show(app, options.tool, &planned);
    }
    if !planned.is_empty() && !asks.dry_run && !asks.yes {
        super::registered::confirm(app, "This writes to the project or to the tool's settings.")?;
    }
    Ok(planned)
}

/// Does what was agreed to.
pub(super) fn carry_out(
    app: &App,
    tool: &'static dyn Tool,
    planned: Option<&Equipment>,
    dry_run: bool,
) -> Result<(), CommandError> {
    match planned.filter(|planned| !dry_run && !planned.is_empty()) {
        Some(planned) => equip::carry_out(&app.env, tool, planned).map_err(|e| {
            CommandError::from(e).hint(
                "the session is written all the same; the same command with `--dry-run` tells what is left",
            )
        }),
        None => Ok(()),
    }
}

fn show(app: &App, tool: &dyn Tool, planned: &Equipment) {
    for step in &planned.steps {
        match step {
            Step::Instructions { from, path, bytes } => {
                let (path, len) = (clean(&path.to_string_lossy()), bytes.len());
                app.ui.note(&format!(
                    "For {}: write {path}, a copy of {} ({len} bytes)",
                    tool.title(),
                    clean(from)
                ));
            }
            Step::Server { name, from, lacks, planned, .. } => {
                let (name, from) = (clean(name), clean(from));
                match planned {
                    Registration::Nothing => {}
                    Registration::Run(command) => {
                        app.ui.note(&format!("For {}: run {}", tool.title(), clean(&command.join(" "))));
                    }
                    Registration::Write { path, entry, .. } => {
                        let path = clean(&path.to_string_lossy());
                        app.ui.note(&format!("For {}: add server {name} of {from} to {path}:", tool.title()));
                        entry.lines().for_each(|line| app.ui.note(&format!("+ {}", clean_text(line))));
                    }
                }
                if !lacks.is_empty() {
                    let lacks = clean(&lacks.join(", "));
                    app.ui.warn(&format!(
                        "server {name}: {lacks} stays behind; add it by hand if it is needed"
                    ));
                }
            }
        }
    }
    for (what, why) in &planned.left {
        app.ui.warn(&format!("{} stays behind: {}", clean(what), clean(why)));
    }
    if planned.steps.is_empty() && planned.left.is_empty() {
        app.ui.note(&format!("Nothing is to be given to {}.", tool.title()));
    }
}

/// The outcome of a command with what came along.
pub(super) fn beside(mut outcome: Value, planned: Option<&Equipment>) -> Value {
    let (Some(fields), Some(planned)) = (outcome.as_object_mut(), planned) else { return outcome };
    let steps = planned.steps.iter().map(|step| match step {
        Step::Instructions { from, path, .. } => json!({"instructions": path, "from": from}),
        Step::Server { name, from, lacks, planned, .. } => {
            let (path, run) = match planned {
                Registration::Write { path, .. } => (Some(path), None),
                Registration::Run(command) => (None, Some(command)),
                Registration::Nothing => (None, None),
            };
            json!({"server": name, "from": from, "left_out": lacks, "path": path, "run": run})
        }
    });
    let steps: Vec<Value> = steps.collect();
    let left = planned.left.iter().map(|(what, why)| json!({"what": what, "why": why}));
    let left: Vec<Value> = left.collect();
    fields.insert("config".to_owned(), json!({"given": steps, "left": left}));
    outcome
}
