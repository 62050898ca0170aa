//! What was in force, for `sfs show --config` and `sfs diff --config`.

use std::collections::BTreeMap;

use super::ui::{self, clean};
use super::{App, CommandError};
use crate::cli::error::FAILED;
use crate::ops::config::{self, Change};
use crate::ops::revision::Resolved;
use crate::store::Store;
use crate::view;

/// Prints what was in force at a revision.
pub(crate) fn show(app: &App, store: &Store, found: &Resolved, json: bool) -> Result<(), CommandError> {
    let in_force = config::at(store, &found.session, found.commit)?;
    if json {
        return Ok(app.ui.json(&view::json::in_force(found, &in_force))?);
    }
    let pairs = in_force.pairs();
    let width = pairs.keys().map(|name| clean(name).chars().count()).max().unwrap_or_default();
    for (name, value) in pairs {
        let name = format!("{:<width$}", clean(&name));
        app.ui.line(format!("{} {}", ui::paint(ui::FAINT, name), clean(&value)))?;
    }
    if let Some(beside) = &in_force.beside {
        app.ui.note(&format!("Files and what stands in them are as of {}.", ui::time(beside.time)));
    }
    if in_force.since.is_none() {
        app.ui.note("The transcript tells of no settings but these.");
    }
    Ok(())
}

/// Prints what differs between what was in force at two revisions.
pub(crate) fn diff(
    app: &App,
    store: &Store,
    (left, right): (&Resolved, &Resolved),
    (json, exit_code): (bool, bool),
) -> Result<(), CommandError> {
    let (old, new) =
        (config::at(store, &left.session, left.commit)?, config::at(store, &right.session, right.commit)?);
    let changes = config::changes(&old, &new);
    if json {
        let change = |change: &Change| {
            let sides = serde_json::json!({"left": change.left, "right": change.right});
            (change.name.clone(), sides)
        };
        app.ui.json(&serde_json::json!({
            "same": changes.is_empty(),
            "left": view::json::in_force(left, &old),
            "right": view::json::in_force(right, &new),
            "changes": changes.iter().map(change).collect::<BTreeMap<_, _>>(),
        }))?;
    } else {
        if changes.is_empty() {
            app.ui.note("The same settings.");
        }
        for Change { name, left, right } in &changes {
            let sides = [("-", ui::REMOVED, left), ("+", ui::NAME, right)];
            for (sign, style, value) in sides {
                if let Some(value) = value {
                    app.ui.line(ui::paint(style, format!("{sign} {} {}", clean(name), clean(value))))?;
                }
            }
        }
    }
    if exit_code && !changes.is_empty() { Err(CommandError::silent(FAILED)) } else { Ok(()) }
}
