//! Comparing.

use super::super::failed::Failed;
use super::super::page::Page;
use super::{Call, read};
use crate::ops::diff::Side;
use crate::ops::hunks::{FileDiff, State, hunks};
use crate::ops::{self, files};
use crate::view::{count, file, tokens};

pub(super) fn diff(call: &mut Call<'_>) -> Result<String, Failed> {
    let found = ops::diff::diff(&call.store, call.revision("left")?, call.revision("right")?)?;
    let (left, right) = (&found.left, &found.right);
    let again = format!("left \"{}\", right \"{}\" and ", left.at.commit, right.at.commit);
    let mut page = call.page()?;
    let common = format!("{} in common", count(found.common, "message"));
    let mut room = page.item(|| Ok::<_, Failed>(common))?;
    for (name, side) in [("left", left), ("right", right)] {
        room = room && said(call, name, side, &mut page)?;
    }
    if room {
        changed(call, left, right, &mut page)?;
    }
    Ok(page.finish(&again))
}

/// What only one side says.
fn said(call: &Call<'_>, name: &str, side: &Side, page: &mut Page<'_>) -> Result<bool, Failed> {
    let mut head = format!(
        "\nonly on the {name}, up to {:.12}: {}, {}, {}, {} tokens out",
        side.at.commit,
        count(side.only.len() as u64, "message"),
        count(side.turns, "turn"),
        count(side.calls, "call"),
        tokens(side.usage.output)
    );
    for touched in &side.files {
        head.push_str(&format!("\n    {}", file(touched)));
    }
    Ok(page.item(|| Ok::<_, Failed>(head))? && read::messages(call, &side.only, false, page)?)
}

/// What differs between the files.
fn changed(call: &Call<'_>, left: &Side, right: &Side, page: &mut Page<'_>) -> Result<(), Failed> {
    let old = files::at(&call.store, &left.at.session, left.at.commit)?;
    let new = files::at(&call.store, &right.at.session, right.at.commit)?;
    for change in files::changes(&call.store, &old, &new)? {
        if !page.item(|| Ok::<_, Failed>(of_file(&hunks(&call.store, &change, Some(&call.secrets))?)))? {
            break;
        }
    }
    Ok(())
}

fn of_file(file: &FileDiff) -> String {
    let state = match file.state {
        State::Added => "new",
        State::Removed => "gone",
        State::Changed => "changed",
    };
    let note = file.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let mut text = format!("\n{state} {}{note}", file.path);
    for hunk in &file.hunks {
        text.push_str(&format!("\n{}", hunk.header));
        for (sign, line) in &hunk.lines {
            text.push_str(&format!("\n{sign}{line}"));
        }
    }
    text
}
