//! Hooks in JSON files: what stands around them stays as it is written.

use serde_json::{Value as Plain, json};

use super::Form;
use super::json::{Cut, checked, indentation, insert, parse, pretty};
use crate::object::json::Tape;
use crate::ops::shell::quoted;

/// The words that a command of ours has, however it is called.
pub const WORDS: &[&str] = &["hooks", "turn-ended"];
/// The member that has the events.
const HOOKS: &str = "hooks";

/// A file that has a list of hooks for an event.
pub(super) struct Hook {
    pub(super) event: &'static str,
}

impl Form for Hook {
    fn called(&self) -> String {
        "hook of sfs, with another command".to_owned()
    }

    fn entry(&self, command: &[String]) -> String {
        pretty(&json!({HOOKS: {(self.event): [group(command)]}}), "  ", 0)
    }

    fn fresh(&self, command: &[String]) -> String {
        format!("{}\n", self.entry(command))
    }

    fn find(&self, text: &str, command: &[String]) -> Result<Option<bool>, String> {
        let root = parse(text)?;
        let events = root.get(HOOKS);
        if events.is_some_and(|events| !events.is_object()) {
            return Err(format!("its {HOOKS:?} is no object"));
        }
        let groups = events.and_then(|events| events.get(self.event));
        if groups.is_some_and(|groups| !groups.is_array()) {
            return Err(format!("its hooks for {:?} are no list", self.event));
        }
        let mut groups = groups.and_then(Plain::as_array).into_iter().flatten();
        Ok(groups.find(|one| is_ours(one)).map(|found| *found == group(command)))
    }

    fn add(&self, text: &str, command: &[String]) -> Result<String, String> {
        let (mut wanted, mut tape) = (parse(text)?, Tape::default());
        tape.read(text.as_bytes()).ok_or("it is nested too deeply")?;
        let root = tape.root(text.as_bytes());
        let (unit, ours) = (indentation(text, &root), group(command));
        let events = root.get(HOOKS);
        let now = match (&events, events.as_ref().and_then(|events| events.get(self.event))) {
            (_, Some(groups)) => insert(text, &groups, &unit, 3, None, &ours),
            (Some(events), None) => insert(text, events, &unit, 2, Some(self.event), &json!([ours])),
            (None, None) => insert(text, &root, &unit, 1, Some(HOOKS), &json!({(self.event): [ours]})),
        };
        if let Some(fields) = wanted.as_object_mut() {
            let events = fields.entry(HOOKS).or_insert_with(|| json!({}));
            let groups =
                events.as_object_mut().map(|events| events.entry(self.event).or_insert_with(|| json!([])));
            if let Some(groups) = groups.and_then(Plain::as_array_mut) {
                groups.push(ours);
            }
        }
        checked(now, &wanted)
    }

    fn remove(&self, text: &str) -> Result<String, String> {
        let (mut wanted, mut tape) = (parse(text)?, Tape::default());
        tape.read(text.as_bytes()).ok_or("it is nested too deeply")?;
        let list = wanted.get_mut(HOOKS).and_then(|events| events.get_mut(self.event));
        let groups = list.and_then(Plain::as_array_mut).ok_or("the hook is not found")?;
        let at = groups.iter().position(is_ours).ok_or("the hook is not found")?;
        let ours = groups.remove(at);
        if ours.get(HOOKS).and_then(Plain::as_array).is_some_and(|hooks| hooks.len() != 1) {
            return Err("the hook stands together with others".to_owned());
        }
        let list = tape.root(text.as_bytes()).path(&[HOOKS, self.event]).ok_or("the hook is not found")?;
        let items = list.items().enumerate().map(|(n, item)| (n == at, item));
        let now = Cut { text, start: list.span().start + 1 }.out(items).ok_or("the hook is not found")?;
        checked(now, &wanted)
    }
}

/// What stands in the list of an event.
fn group(command: &[String]) -> Plain {
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    json!({HOOKS: [{"type": "command", "command": words.join(" ")}]})
}

/// Tells whether a command among these is ours, by its last words but the
/// tool's name.
fn is_ours(group: &Plain) -> bool {
    let hooks = group.get(HOOKS).and_then(Plain::as_array).into_iter().flatten();
    let mut commands = hooks.filter_map(|hook| hook.get("command").and_then(Plain::as_str));
    let ours = format!(" {} ", WORDS.join(" "));
    commands.any(|command| command.contains(&ours))
}
