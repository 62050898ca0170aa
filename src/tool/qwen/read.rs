//! Reading: what each row of a transcript means.

use std::borrow::Cow;

use crate::object::commit::Usage;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::parts::Making;
use crate::tool::step::first_words;
use crate::tool::{Counted, Draft, Key, Link, Reader, Step, StepFacts, setting, time};

/// Kinds of `system` rows that say nothing.
const BOOKKEEPING: &[&str] = &[
    "at_command",
    "attribution_snapshot",
    "custom_title",
    "file_history_snapshot",
    "goal_state",
    "rewind",
    "session_model",
    "slash_command",
    "turn_result",
    "ui_telemetry",
];

/// Reads the rows of one file.
#[derive(Default)]
pub(super) struct RowReader {
    /// Checksums of the facts told last: directory, branch, version.
    told: [u64; 3],
}

impl RowReader {
    pub(super) fn new(state: &[u8]) -> RowReader {
        let mut reader = RowReader::default();
        for (place, word) in reader.told.iter_mut().zip(state.chunks_exact(8)) {
            *place = word.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
        }
        reader
    }

    fn row(&mut self, row: Value<'_>, texts: &mut Texts) -> Step {
        let raw = |key: &str| row.get(key).map(|v| v.raw()).unwrap_or_default();
        let key = row.get("uuid").filter(|v| v.kind() == Type::String).map(|v| Key::of(v.raw()));
        let mut step = Step { key, link: link(row), time: time::parse(raw("timestamp")), ..Step::default() };
        match raw("type") {
            b"user" => user(row, raw("subtype"), texts, &mut step),
            b"assistant" => assistant(row, texts, &mut step),
            b"tool_result" => tool_result(row, texts, &mut step),
            b"system" => system(row, raw("subtype"), texts, &mut step),
            _ => step.unknown = true,
        }
        // Rows hang on any earlier one, so each tells what was in force.
        for (name, key) in
            [(setting::CWD, "cwd"), (setting::BRANCH, "gitBranch"), (setting::VERSION, "version")]
        {
            step.settings.read(name, row.get(key));
        }
        self.facts(row, &mut step.facts);
        step
    }

    /// Tells the facts that differ from those told last.
    fn facts(&mut self, row: Value<'_>, facts: &mut StepFacts) {
        let [cwd, branch, version] = &mut self.told;
        let changed = |key: &str, told: &mut u64| {
            let value = row.get(key)?;
            let sum = Key::of(value.raw()).0;
            (sum != *told).then(|| *told = sum)?;
            value.str().filter(|text| !text.is_empty()).map(Cow::into_owned)
        };
        facts.cwd = changed("cwd", cwd);
        facts.git_branch = changed("gitBranch", branch);
        facts.version = changed("version", version);
    }
}

impl Reader for RowReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some((value, texts)) => self.row(value, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        self.told.into_iter().flat_map(u64::to_le_bytes).collect()
    }
}

/// A row without a parent begins anew; one that says nothing of it goes on.
fn link(row: Value<'_>) -> Link {
    match row.get("parentUuid") {
        Some(parent) if parent.kind() == Type::String => Link::Key(Key::of(parent.raw())),
        Some(parent) if parent.is_null() => Link::Root,
        _ => Link::Tip,
    }
}

fn parts(row: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    row.path(&["message", "parts"]).into_iter().flat_map(|parts| parts.items())
}

fn user(row: Value<'_>, subtype: &[u8], texts: &mut Texts, step: &mut Step) {
    // What the tool reports by itself (a task that ended) is no prompt.
    let own = subtype == b"notification" || row.get("provenance").is_some_and(|p| p.raw() == b"system");
    let mut making = Making::of(if own { Role::System } else { Role::User });
    let mut words = None;
    for part in parts(row) {
        match part.get("text").filter(|text| text.kind() == Type::String) {
            Some(text) if own || text.raw().starts_with(b"<system-reminder>") => {
                making.push(Block::Notice(texts.of(text)));
            }
            Some(text) => {
                words = words.or_else(|| text.str());
                making.push(Block::Text(texts.of(text)));
            }
            None => making.other(part, texts),
        }
    }
    let results = !making.draft.results.is_empty();
    let said = making.blocks().iter().any(|block| !matches!(block, Block::Notice(_)));
    if !own && !results && said {
        step.prompt = Some(first_words(&words.unwrap_or_default()));
    } else if !said {
        making.draft.message.role = Role::System;
    }
    making.finish(step);
}

fn assistant(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let mut making = Making::of(Role::Assistant);
    for part in parts(row) {
        let text = part.get("text").filter(|text| text.kind() == Type::String);
        match (text, part.get("functionCall")) {
            (Some(text), _) if part.get("thought").is_some_and(|thought| thought.is_true()) => {
                making.thought(part, text, texts);
            }
            (Some(text), _) => making.push(Block::Text(texts.of(text))),
            (None, Some(call)) => making.call(call, texts),
            (None, None) => making.other(part, texts),
        }
    }
    making.finish(step);
    step.model = row.string("model");
    step.usage = row.get("usageMetadata").and_then(|usage| counted(row, usage));
}

fn tool_result(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let failed = row.path(&["toolCallResult", "status"]).is_some_and(|status| status.raw() == b"error");
    let mut making = Making::of(Role::User);
    for part in parts(row) {
        making.other(part, texts);
    }
    if failed {
        making.failed(0);
    }
    making.finish(step);
}

fn system(row: Value<'_>, subtype: &[u8], texts: &mut Texts, step: &mut Step) {
    let payload = row.get("systemPayload");
    match subtype {
        b"chat_compression" => {
            let history = payload.and_then(|payload| payload.get("compressedHistory"));
            let first = history.and_then(|history| history.items().next());
            let text = first.and_then(|content| content.get("parts")?.items().next()?.get("text"));
            if let Some(text) = text.filter(|text| text.kind() == Type::String) {
                let blocks = vec![Block::Summary(texts.of(text))];
                step.message = Some(Draft::of(Role::System, blocks));
            }
        }
        b"custom_title" => {
            let title = payload.and_then(|payload| payload.string("customTitle"));
            let source = payload.and_then(|payload| payload.string("titleSource"));
            match source.as_deref() {
                Some("auto") => step.facts.tool_title = title,
                _ => step.facts.user_title = title,
            }
        }
        kind => step.unknown = !BOOKKEEPING.iter().any(|known| known.as_bytes() == kind),
    }
}

/// The prompt counts what was cached as well; the total holds the thoughts.
fn counted(row: Value<'_>, usage: Value<'_>) -> Option<Counted> {
    let number =
        |key: &str| usage.get(key).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    let (prompt, cached) = (number("promptTokenCount"), number("cachedContentTokenCount"));
    let answer = number("totalTokenCount").checked_sub(prompt).filter(|n| *n > 0);
    let usage = Usage {
        input: prompt.saturating_sub(cached),
        cache_write: 0,
        cache_read: cached,
        output: answer.unwrap_or_else(|| number("candidatesTokenCount")),
    };
    Some(Counted { api: Key::of(row.get("uuid")?.raw()), usage })
}

/// Gives a row the id of another session.
pub(super) fn rehome<'r>(raw: &'r [u8], native: &str) -> Cow<'r, [u8]> {
    let mut tape = Tape::default();
    let start = raw.iter().position(|byte| *byte == b'{').unwrap_or(raw.len());
    let Some(row) = raw.get(start..).filter(|row| tape.read(row).is_some()) else {
        return Cow::Borrowed(raw);
    };
    let id = tape.root(row).get("sessionId").filter(|id| id.kind() == Type::String);
    let Some(span) = id.map(|id| id.span()) else { return Cow::Borrowed(raw) };
    let (before, after) = (raw.get(..start + span.start), raw.get(start + span.end..));
    Cow::Owned([before.unwrap_or_default(), native.as_bytes(), after.unwrap_or_default()].concat())
}
