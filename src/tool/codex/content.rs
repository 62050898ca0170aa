//! Messages of people and models, and what the tool puts in between.

use super::item::{Before, Item, said};
use crate::object::escape;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role, Text};
use crate::object::split::Texts;
use crate::tool::{Draft, step::first_words};

/// How texts begin that the tool puts into the conversation as if the user
/// had said them (0.32 to 0.169).
const INJECTED: &[&str] = &[
    "# AGENTS.md instructions for ",
    "<INSTRUCTIONS>",
    "<app-context>",
    "<apps_instructions>",
    "<collaboration_mode>",
    "<environment_context>",
    "<environments_instructions>",
    "<goal_context>",
    "<hook_prompt",
    "<memory_",
    "<model_switch>",
    "<multi_agent_mode>",
    "<multi_agent_role>",
    "<network_rule",
    "<permissions",
    "<personality_spec>",
    "<plugins_instructions>",
    "<realtime_",
    "<skill>",
    "<skills_instructions>",
    "<subagent_notification>",
    "<tools>",
    "<turn_aborted>",
    "<user_action>",
    "<user_instructions>",
    "<user_shell_command>",
];

/// How much of a text is decoded to tell what it is.
const HEAD: usize = 64;
/// How much of a prompt is decoded to find its first words.
const WORDS: usize = 4096;
/// Editors put what is open before the prompt, and this before what was typed.
const REQUEST: &[u8] = b"## My request for Codex:";
const IDE: &str = "# Context from my IDE setup:";

/// Reads an item of type `message`.
pub(super) fn message(item: Value<'_>, texts: &mut Texts, before: &Before) -> Item {
    let content = item.get("content");
    match item.get("role").map(|v| v.raw()) {
        Some(b"user") => user(item, content, texts, before),
        Some(b"assistant") => said(Role::Assistant, blocks(content, texts, &mut |_, _| false)),
        Some(b"developer" | b"system") => said(Role::System, blocks(content, texts, &mut |_, _| true)),
        _ => Item { unknown: true, ..said(Role::System, blocks(content, texts, &mut |_, _| true)) },
    }
}

/// Reads what one agent writes to another: to a thread that was started by
/// another it is what the user's prompt is to the first.
pub(super) fn mail(item: Value<'_>, texts: &mut Texts, before: &Before) -> Item {
    let content = item.get("content");
    if !before.subagent {
        return said(Role::System, blocks(content, texts, &mut |_, _| true));
    }
    let mut words = Words::default();
    let mut mail = said(Role::User, blocks(content, texts, &mut |text, _| words.look(text)));
    mail.prompt = mail.draft.is_some().then_some(words.0);
    mail
}

fn user(item: Value<'_>, content: Option<Value<'_>>, texts: &mut Texts, before: &Before) -> Item {
    let kinds = item.path(&["internal_chat_message_metadata_passthrough", "content_item_kinds"]);
    let kinds: Vec<&[u8]> = kinds.map(|v| v.items().map(|kind| kind.raw()).collect()).unwrap_or_default();
    let mut words = Words::default();
    let blocks = blocks(content, texts, &mut |text, at| {
        // Since 0.169 the tool says which texts are the user's.
        let typed = kinds.get(at).is_some_and(|kind| kind.starts_with(b"user."));
        if !typed && is_injected(text.raw()) {
            return true;
        }
        words.look(text)
    });
    let is_said = |b: &Block| !matches!(b, Block::Notice(_));
    if !blocks.iter().any(is_said) {
        return said(Role::System, blocks);
    }
    // Up to 0.98 a picture that the model asked for came as a message.
    let shown = before.output && blocks.iter().all(|b| matches!(b, Block::Image(..)));
    let prompt = (!shown).then_some(words.0);
    Item { draft: Some(Draft::of(Role::User, blocks)), prompt, ..Item::default() }
}

/// The first words of the first text that has any.
#[derive(Default)]
struct Words(String);

impl Words {
    /// Always false: the text is no notice.
    fn look(&mut self, text: Value<'_>) -> bool {
        if self.0.is_empty() {
            let mut raw = text.raw();
            if starts_with(raw, IDE)
                && let Some(at) = memchr::memmem::rfind(raw, REQUEST)
            {
                raw = raw.get(at + REQUEST.len()..).unwrap_or_default();
            }
            let head = escape::decode(raw.get(..raw.len().min(WORDS)).unwrap_or_default());
            self.0 = first_words(&String::from_utf8_lossy(&head));
        }
        false
    }
}

fn is_injected(raw: &[u8]) -> bool {
    INJECTED.iter().any(|prefix| starts_with(raw, prefix))
}

/// Tells whether a string that is written as `raw` starts with `prefix`,
/// after white space.
fn starts_with(raw: &[u8], prefix: &str) -> bool {
    let head = escape::decode(raw.get(..raw.len().min(HEAD * 2)).unwrap_or_default());
    head.trim_ascii_start().starts_with(prefix.as_bytes())
}

/// The blocks of a message's content. `is_notice` says of each text, and its
/// place, whether the tool put it in.
fn blocks(
    content: Option<Value<'_>>,
    texts: &mut Texts,
    is_notice: &mut dyn FnMut(Value<'_>, usize) -> bool,
) -> Vec<Block> {
    let Some(content) = content else { return Vec::new() };
    let mut add = |text: Value<'_>, at, texts: &mut Texts| -> Option<Block> {
        let notice = !text.raw().is_empty() && is_notice(text, at);
        let text = Some(texts.of(text)).filter(|t| !t.is_empty())?;
        Some(if notice { Block::Notice(text) } else { Block::Text(text) })
    };
    if content.kind() == Type::String {
        return add(content, 0, texts).into_iter().collect();
    }
    let items: Vec<Value<'_>> = content.items().collect();
    let mut blocks = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let text = ["text", "refusal"]
            .into_iter()
            .filter_map(|key| item.get(key))
            .find(|v| v.kind() == Type::String);
        match (item.get("type").map(|v| v.raw()), text) {
            (Some(b"input_text" | b"output_text" | b"text" | b"refusal"), Some(text)) => {
                if !is_image_tag(&items, at, text.raw()) {
                    blocks.extend(add(text, at, texts));
                }
            }
            (Some(b"input_image"), _) => blocks.push(match image(*item, texts) {
                Some((media, data)) => Block::Image(media, data),
                None => Block::Other(texts.json(*item)),
            }),
            _ => blocks.push(Block::Other(texts.json(*item))),
        }
    }
    blocks
}

/// Pictures stand between `<image name=… path=…>` and `</image>`.
fn is_image_tag(items: &[Value<'_>], at: usize, raw: &[u8]) -> bool {
    let is_image = |at: Option<usize>| {
        at.and_then(|at| items.get(at)?.get("type")).is_some_and(|kind| kind.raw() == b"input_image")
    };
    match raw {
        b"</image>" => is_image(at.checked_sub(1)),
        b"<image>" => is_image(at.checked_add(1)),
        _ => raw.starts_with(b"<image name=") && raw.ends_with(b">") && is_image(at.checked_add(1)),
    }
}

/// The media type (empty for a URL) and the base64 or URL of a picture.
pub(super) fn image(item: Value<'_>, texts: &mut Texts) -> Option<(String, Text)> {
    let url = item.get("image_url").filter(|v| v.kind() == Type::String && !v.raw().is_empty())?;
    texts.data_url(url).or_else(|| Some((String::new(), texts.of(url))))
}
