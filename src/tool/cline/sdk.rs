//! The newer layout: what its documents and their messages mean.

use std::io;

use super::find::COMPACTED;
use crate::object::commit::Usage;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::document::Document;
use crate::tool::tasks::{self, Making};
use crate::tool::{Counted, Found, Key, Pieces, Reader, Step, StepFacts};

/// Opens a conversation, or its compacted form.
pub(super) fn open(found: &Found) -> io::Result<Box<dyn Pieces>> {
    let mut document = Document::read(&found.path, Some("messages"))?;
    if found.part != COMPACTED {
        let facts = facts(found, &document);
        document.tell(facts);
    }
    Ok(Box::new(document))
}

/// What the document and the manifest beside it tell of the session.
fn facts(found: &Found, document: &Document) -> StepFacts {
    let mut facts = StepFacts::default();
    let manifest = found.path.with_file_name(format!("{}.json", found.native));
    tasks::look(&manifest, &mut |manifest| {
        facts.cwd = manifest.string("cwd").filter(|cwd| !cwd.is_empty());
        let at = |keys: &[&str]| manifest.path(keys).and_then(|value| value.str());
        facts.git_branch = at(&["metadata", "git", "branch"]).map(Into::into);
        facts.version = at(&["metadata", "sessionHistoryOrigin", "version"]).map(Into::into);
        if found.part.is_empty() {
            facts.tool_title = at(&["metadata", "title"]).map(Into::into);
            facts.forked_from = at(&["metadata", "fork", "forkedFromSessionId"]).map(Into::into);
        }
    });
    if !found.part.is_empty() {
        facts.parent = Some(found.native.clone());
    }
    facts.version = facts.version.or_else(|| {
        let origin = document.before("origin")?;
        let mut tape = Tape::default();
        tape.read(origin)?;
        tape.root(origin).string("version")
    });
    facts
}

/// A reader of what a source holds.
pub(super) fn reader(found: &Found) -> Box<dyn Reader> {
    Box::new(SdkReader { silent: found.part == COMPACTED })
}

struct SdkReader {
    /// Whether nothing of it is part of the conversation.
    silent: bool,
}

impl Reader for SdkReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some(_) if self.silent => Step::default(),
            Some((value, texts)) => message(value, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn message(row: Value<'_>, texts: &mut Texts) -> Step {
    let id = row.get("id").filter(|id| id.kind() == Type::String).map(|id| Key::of(id.raw()));
    let mut step = Step { key: id, time: row.get("ts").and_then(|ts| ts.int()), ..Step::default() };
    let role = match row.get("role").map(|role| role.raw()).unwrap_or_default() {
        b"assistant" => Role::Assistant,
        b"user" => Role::User,
        _ => {
            step.unknown = true;
            return step;
        }
    };
    let mut making = Making::default();
    let content = row.get("content");
    let results = content.into_iter().flat_map(|c| c.items()).any(|block| is_kind(block, b"tool_result"));
    let speaker = if role == Role::Assistant { Speaker::Model } else { speaker(row, results) };
    if let Some(said) = content.filter(|content| content.kind() == Type::String) {
        words(said, speaker, texts, &mut making);
    }
    for block in content.into_iter().flat_map(|content| content.items()) {
        match block.get("text").filter(|text| text.kind() == Type::String && is_kind(block, b"text")) {
            Some(text) => words(text, speaker, texts, &mut making),
            None => making.block(block, texts),
        }
    }
    if role == Role::Assistant {
        step.model = row.path(&["modelInfo", "id"]).and_then(|model| model.str()).map(Into::into);
        step.usage = id.zip(row.get("metrics").map(usage)).map(|(api, usage)| Counted { api, usage });
    } else if speaker == Speaker::Person && making.words.is_none() && !results {
        // A picture alone asks for something, too.
        making.words = Some(String::new());
    }
    making.finish(role, &mut step);
    step
}

fn is_kind(block: Value<'_>, kind: &[u8]) -> bool {
    block.get("type").is_some_and(|t| t.raw() == kind)
}

/// Whose words a message's texts are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Model,
    Person,
    /// Text beside results.
    Aside,
    /// The tool: a notice of it.
    Tool,
    /// The tool: what stands for all that was said before.
    Summary,
}

fn speaker(row: Value<'_>, results: bool) -> Speaker {
    let at = |key: &str| row.path(&["metadata", key]).map(|value| value.raw()).unwrap_or_default();
    match (at("kind"), at("displayRole")) {
        (b"compaction_summary", _) => Speaker::Summary,
        (_, b"system" | b"status") => Speaker::Tool,
        _ if results => Speaker::Aside,
        _ => Speaker::Person,
    }
}

fn words(said: Value<'_>, speaker: Speaker, texts: &mut Texts, making: &mut Making) {
    if said.raw().is_empty() {
        return;
    }
    making.blocks.push(match speaker {
        Speaker::Model | Speaker::Aside => Block::Text(texts.of(said)),
        Speaker::Tool => Block::Notice(texts.of(said)),
        Speaker::Summary => Block::Summary(texts.of(said)),
        Speaker::Person => {
            let text = said.str().unwrap_or_default();
            let inside = unwrapped(&text);
            making.words.get_or_insert_with(|| inside.unwrap_or(&text).to_owned());
            Block::Text(match inside {
                Some(inside) => texts.make(inside.as_bytes()),
                None => texts.of(said),
            })
        }
    });
}

/// What a person wrote, without what is put around it.
fn unwrapped(text: &str) -> Option<&str> {
    let (mode, rest) = text.strip_prefix("<user_input mode=\"")?.split_once("\">")?;
    mode.bytes().all(|b| b.is_ascii_lowercase()).then_some(())?;
    rest.strip_suffix("</user_input>")
}

/// Tokens of an answer. Those of the input hold the cached ones.
fn usage(metrics: Value<'_>) -> Usage {
    let count = |key| metrics.get(key).and_then(|v| v.int()).and_then(|n| u64::try_from(n).ok());
    let count = |key| count(key).unwrap_or_default();
    let (cache_read, cache_write) = (count("cacheReadTokens"), count("cacheWriteTokens"));
    let input = count("inputTokens").saturating_sub(cache_read).saturating_sub(cache_write);
    Usage { input, cache_write, cache_read, output: count("outputTokens") }
}
