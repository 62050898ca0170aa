//! Entries in JSON files: what stands around them stays as it is written.

use serde_json::{Value as Plain, json};

use super::Form;
use crate::object::json::{Tape, Type, Value};

/// A file with an object of servers in one of its members.
pub(super) struct Json<'n> {
    pub(super) key: &'static str,
    /// What our server is called.
    pub(super) name: &'n str,
}

impl Form for Json<'_> {
    fn called(&self) -> String {
        format!("server called {}", self.name)
    }

    fn entry(&self, command: &[String]) -> String {
        pretty(&json!({(self.key): {(self.name): server(command)}}), "  ", 0)
    }

    fn fresh(&self, command: &[String]) -> String {
        format!("{}\n", self.entry(command))
    }

    fn find(&self, text: &str, command: &[String]) -> Result<Option<bool>, String> {
        let root = parse(text)?;
        let servers = root.get(self.key);
        if servers.is_some_and(|servers| !servers.is_object()) {
            return Err(format!("its {:?} is no object", self.key));
        }
        let found = servers.and_then(|servers| servers.get(self.name));
        Ok(found.map(|found| *found == server(command)))
    }

    fn add(&self, text: &str, command: &[String]) -> Result<String, String> {
        let (mut wanted, mut tape) = (parse(text)?, Tape::default());
        tape.read(text.as_bytes()).ok_or("it is nested too deeply")?;
        let root = tape.root(text.as_bytes());
        let unit = indentation(text, &root);
        let now = match root.get(self.key) {
            Some(servers) => insert(text, &servers, &unit, 2, Some(self.name), &server(command)),
            None => insert(text, &root, &unit, 1, Some(self.key), &json!({(self.name): server(command)})),
        };
        if let Some(fields) = wanted.as_object_mut() {
            let servers = fields.entry(self.key).or_insert_with(|| json!({}));
            servers.as_object_mut().map(|servers| servers.insert(self.name.to_owned(), server(command)));
        }
        checked(now, &wanted)
    }

    fn remove(&self, text: &str) -> Result<String, String> {
        let (mut wanted, mut tape) = (parse(text)?, Tape::default());
        tape.read(text.as_bytes()).ok_or("it is nested too deeply")?;
        let servers = tape.root(text.as_bytes()).get(self.key);
        let now = servers.and_then(|servers| {
            let members = servers.members().map(|(key, value)| (key == self.name.as_bytes(), value));
            Cut { text, start: servers.span().start + 1 }.out(members)
        });
        let now = now.ok_or("the entry is not found")?;
        if let Some(servers) = wanted.get_mut(self.key).and_then(Plain::as_object_mut) {
            servers.shift_remove(self.name);
        }
        checked(now, &wanted)
    }
}

fn server(command: &[String]) -> Plain {
    let (program, arguments) = command.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
    json!({"command": program, "args": arguments})
}

pub(super) fn parse(text: &str) -> Result<Plain, String> {
    match serde_json::from_str(text) {
        Ok(root @ Plain::Object(_)) => Ok(root),
        Ok(_) => Err("it holds no object".to_owned()),
        Err(e) => Err(format!("it is not plain JSON: {e}")),
    }
}

/// The text if it says what it should.
pub(super) fn checked(text: String, wanted: &Plain) -> Result<String, String> {
    match serde_json::from_str::<Plain>(&text) {
        Ok(says) if says == *wanted => Ok(text),
        _ => Err("one of its keys stands in it twice".to_owned()),
    }
}

/// What its first member is indented by; two spaces if it stands on one line.
pub(super) fn indentation(text: &str, root: &Value<'_>) -> String {
    let inside = text.get(root.span().start + 1..).unwrap_or_default();
    let space = inside.get(..inside.len() - inside.trim_start().len()).unwrap_or_default();
    match space.rsplit_once('\n') {
        Some((_, unit)) if !unit.is_empty() => unit.to_owned(),
        _ => "  ".to_owned(),
    }
}

/// The text with one more in an object or a list, after all others.
pub(super) fn insert(
    text: &str,
    within: &Value<'_>,
    unit: &str,
    depth: usize,
    key: Option<&str>,
    value: &Plain,
) -> String {
    let (span, pad) = (within.span(), unit.repeat(depth));
    let key = key.map(|key| format!("{}: ", Plain::from(key))).unwrap_or_default();
    let lines = |value: &Plain| format!("\n{pad}{key}{}", pretty(value, unit, depth));
    let inside = text.get(span.start + 1..span.end.saturating_sub(1)).unwrap_or_default();
    let last = within.members().map(|(_, value)| value).last().or_else(|| within.items().last());
    let (at, member) = match last {
        Some(last) if inside.contains('\n') => (end(&last), format!(",{}", lines(value))),
        Some(last) => (end(&last), format!(", {key}{value}")),
        None if inside.is_empty() => {
            let outer = unit.repeat(depth.saturating_sub(1));
            (span.start + 1, format!("{}\n{outer}", lines(value)))
        }
        None => (span.start + 1, lines(value)),
    };
    let (before, after) = text.split_at(at);
    [before, &member, after].concat()
}

/// A text from which one of several in an object or a list is cut.
pub(super) struct Cut<'t> {
    pub(super) text: &'t str,
    /// Where they begin.
    pub(super) start: usize,
}

impl Cut<'_> {
    /// The text without the first that is ours.
    pub(super) fn out<'v>(self, mut members: impl Iterator<Item = (bool, Value<'v>)>) -> Option<String> {
        let Cut { text, start } = self;
        let mut from = start;
        let ours = loop {
            match members.next()? {
                (true, value) => break value,
                (false, value) => from = end(&value),
            }
        };
        let mut to = end(&ours);
        if from == start && members.next().is_some() {
            to += text.get(to..)?.find(',')? + 1;
        }
        Some([text.get(..from)?, text.get(to..)?].concat())
    }
}

/// Where a value ends, quotes and all.
fn end(value: &Value<'_>) -> usize {
    value.span().end + usize::from(value.kind() == Type::String)
}

/// JSON over several lines, of which all but the first are indented.
pub(super) fn pretty(value: &Plain, unit: &str, depth: usize) -> String {
    let mut out = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut out, form);
    let written = serde::Serialize::serialize(value, &mut writer);
    let text = written.ok().and_then(|()| String::from_utf8(out).ok()).unwrap_or_else(|| value.to_string());
    text.replace('\n', &format!("\n{}", unit.repeat(depth)))
}
