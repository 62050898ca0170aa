//! Parts of what a user says.

use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Draft, Step};

/// What a part means. The prompt is that of a message which the part begins.
pub(super) fn part(kind: &[u8], data: Value<'_>, texts: &mut Texts) -> Step {
    let flag = |key: &str| data.get(key).is_some_and(|value| value.is_true());
    let text = |key: &str| data.get(key).filter(|v| v.kind() == Type::String && !v.raw().is_empty());
    match kind {
        b"text" => match text("text") {
            // Put in by the tool, or shown but not sent.
            Some(text) if flag("synthetic") || flag("ignored") => Step {
                message: Some(Draft::of(Role::System, vec![Block::Notice(texts.of(text))])),
                ..Step::default()
            },
            Some(text) => spoken(Block::Text(texts.of(text)), text.str().as_deref().unwrap_or_default()),
            None => Step::default(),
        },
        b"file" => file(data, texts),
        // A command that has a subagent do it.
        b"subtask" => match text("prompt") {
            Some(text) => spoken(Block::Text(texts.of(text)), text.str().as_deref().unwrap_or_default()),
            None => Step::default(),
        },
        // Agents are named in the text as well.
        b"agent" | b"compaction" | b"snapshot" | b"patch" => Step::default(),
        _ => Step { unknown: true, ..Step::default() },
    }
}

fn spoken(block: Block, words: &str) -> Step {
    Step {
        message: Some(Draft::of(Role::User, vec![block])),
        prompt: Some(first_words(words)),
        ..Step::default()
    }
}

fn file(data: Value<'_>, texts: &mut Texts) -> Step {
    let Some(url) = data.get("url").filter(|url| url.kind() == Type::String && !url.raw().is_empty()) else {
        return Step::default();
    };
    let media = data.string("mime").unwrap_or_default();
    let (media, content) = match texts.data_url(url) {
        Some((kind, content)) => (if media.is_empty() { kind } else { media }, content),
        None => (media, texts.of(url)),
    };
    let block = if media.starts_with("image/") {
        Block::Image(media, content)
    } else {
        Block::File(media, data.string("filename").unwrap_or_default(), content)
    };
    spoken(block, "")
}
