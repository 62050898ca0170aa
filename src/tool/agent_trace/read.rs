//! Records to steps.

use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::blocks::{string, time};
use crate::tool::form::stem;
use crate::tool::{Draft, Found, Reader, Step};

/// Whether a value is a record: it has what each must have.
pub(super) fn is_record(value: Value<'_>) -> bool {
    let files = value.get("files").filter(|files| files.kind() == Type::Array);
    let is_file = |file: Value<'_>| file.get("path").is_some() && file.get("conversations").is_some();
    let named = ["version", "id", "timestamp"].iter().all(|key| string(value, key).is_some());
    named && files.is_some_and(|files| files.items().all(is_file))
}

/// Reads the records of one file. Nothing must be known to go on.
pub(super) struct RecordReader {
    /// What the file is called, until a step tells it.
    name: Option<String>,
}

impl RecordReader {
    pub(super) fn new(found: &Found) -> RecordReader {
        RecordReader { name: Some(stem(&found.path)).filter(|name| !name.is_empty()) }
    }
}

impl Reader for RecordReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row.filter(|(row, _)| is_record(*row)) else {
            return Step { unknown: true, ..Step::default() };
        };
        let mut step = Step { time: row.get("timestamp").and_then(time), ..Step::default() };
        let mut told = vec![head(row)];
        for file in row.get("files").into_iter().flat_map(|files| files.items()) {
            let path = file.string("path").unwrap_or_default();
            for conversation in file.get("conversations").into_iter().flat_map(|all| all.items()) {
                told.push(line(&path, conversation));
            }
        }
        step.facts.tool_title = self.name.take().map(|name| format!("Agent Trace: {name}"));
        let notice = |words: String| Block::Notice(texts.make(words.as_bytes()));
        step.message = Some(Draft::of(Role::System, told.into_iter().map(notice).collect()));
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// What a record says of itself.
fn head(row: Value<'_>) -> String {
    let mut words = vec!["Agent Trace".to_owned()];
    let said = |path: &[&str]| row.path(path).and_then(|value| value.str()).unwrap_or_default().into_owned();
    words.push(said(&["id"]));
    if row.get("tool").is_some() {
        words.push(
            format!("by {} {}", said(&["tool", "name"]), said(&["tool", "version"])).trim_end().to_owned(),
        );
    }
    if row.get("vcs").is_some() {
        words.push(format!("at {} {}", said(&["vcs", "type"]), said(&["vcs", "revision"])));
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Which lines of a file are by whom: `src/a.rs 3-9,12: ai model, https://…`.
fn line(path: &str, conversation: Value<'_>) -> String {
    let ranges = conversation.get("ranges").into_iter().flat_map(|ranges| ranges.items());
    let ranges: Vec<String> = ranges.map(range).collect();
    let mut line = format!("{path} {}: {}", ranges.join(","), by(conversation));
    let related = conversation.get("related").into_iter().flat_map(|all| all.items());
    let urls = related.filter_map(|one| one.string("url"));
    for url in conversation.string("url").into_iter().chain(urls) {
        line.push_str(", ");
        line.push_str(&url);
    }
    line
}

/// A range, and by whom it is where that is another than of the others.
fn range(range: Value<'_>) -> String {
    let number = |key| range.get(key).and_then(|n| n.int()).map_or_else(|| "?".to_owned(), |n| n.to_string());
    let (first, last) = (number("start_line"), number("end_line"));
    let lines = if first == last { first } else { format!("{first}-{last}") };
    if range.get("contributor").is_some() { format!("{lines} ({})", by(range)) } else { lines }
}

/// Who contributed, in words: `ai anthropic/claude-opus-4-5`.
fn by(value: Value<'_>) -> String {
    let Some(who) = value.get("contributor") else { return "unknown".to_owned() };
    let kind = who.string("type").unwrap_or_else(|| "unknown".to_owned());
    who.string("model_id").map_or(kind.clone(), |model| format!("{kind} {model}"))
}
