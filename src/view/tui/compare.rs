//! A comparison, and the help, as pages.

use super::Setting;
use super::ask::Difference;
use super::counted;
use super::item::{Item, Paint, of_message};
use super::key::{KEYS, MORE_KEYS};
use super::look::Look;
use crate::ops::diff::Side;
use crate::ops::hunks::{FileDiff, State};
use crate::view::clean::{clean, clean_text};

/// What two revisions have and have not in common.
pub(super) fn difference(it: &Difference, setting: &Setting) -> Vec<Item> {
    let parted = match it.found.base {
        Some(base) => format!("the last shared commit is {base:.12}"),
        None => "they share no commit".to_owned(),
    };
    let common = counted(it.found.common, "message");
    let mut items = vec![Item::new(Look::Plain, format!("both {common}; {parted}"))];
    let sides = [("-", Look::Gone, &it.found.left), ("+", Look::Name, &it.found.right)];
    for ((sign, look, side), point) in sides.into_iter().zip(&it.points) {
        let name = format!("{:.12} {}", point.commit, clean(&point.label));
        items.push(Item::new(look, format!("{} {name}: {}", sign.repeat(3), sums(side))));
    }
    if it.found.is_same() && it.files.is_empty() {
        items.push(Item::new(Look::Plain, "Both say the same."));
    }
    items.push(Item::new(Look::Plain, ""));
    it.files.iter().for_each(|file| items.extend(of_file(file)));
    for ((sign, look, side), messages) in sides.into_iter().zip(&it.messages) {
        if side.only.is_empty() {
            continue;
        }
        let only = counted(side.only.len() as u64, "message");
        items.push(Item::head(look, format!("{sign} {only} that the other has not")));
        items.extend(messages.iter().flat_map(|message| of_message(message, setting, &format!("{sign} "))));
        let left = side.only.len().saturating_sub(messages.len());
        if left > 0 {
            items.push(Item::new(Look::Faint, format!("… and {left} more, which `sfs diff` shows")));
        }
    }
    items
}

fn sums(side: &Side) -> String {
    let (turns, messages) = (counted(side.turns, "turn"), counted(side.only.len() as u64, "message"));
    format!(
        "{turns}, {messages}, {}, {}",
        counted(side.calls, "call"),
        counted(side.files.len() as u64, "file")
    )
}

fn of_file(file: &FileDiff) -> Vec<Item> {
    let state = match file.state {
        State::Added => "new",
        State::Removed => "gone",
        State::Changed => "changed",
    };
    let note = file.note.map(|note| format!("  ({note})")).unwrap_or_default();
    let head = format!("{state} {}  +{} -{}{note}", clean(&file.path), file.added, file.removed);
    let mut items = vec![Item::head(Look::Strong, head)];
    for hunk in &file.hunks {
        let lines = hunk.lines.iter().map(|(sign, line)| format!("\n{sign}{}", clean_text(line)));
        let text = lines.fold(hunk.header.clone(), |text, line| text + &line);
        items.push(Item::new(Look::Plain, text).painted(Paint::Code("diff")));
    }
    items.push(Item::new(Look::Plain, ""));
    items
}

/// What each key does.
pub(super) fn help() -> Vec<Item> {
    let line = |key: &str, what: &str| Item::new(Look::Plain, format!("{key:<12}  {what}"));
    let mut items = vec![Item::head(Look::Strong, "Keys")];
    items.extend(KEYS.iter().map(|(key, _, what)| line(key, what)));
    items.push(Item::new(Look::Plain, ""));
    items.extend(MORE_KEYS.iter().map(|(key, what)| line(key, what)));
    items.push(Item::new(Look::Plain, ""));
    items.push(Item::new(
        Look::Faint,
        "Copying goes through the terminal (OSC 52), over ssh too; some terminals must be told to allow it. \
         The mouse is left to the terminal unless `sfs ui --mouse` is given.",
    ));
    items
}
