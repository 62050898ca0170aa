//! Parts: what the editor shows of an answer. They are all there is of an
//! answer that was stopped, or that another extension gave.

use super::names;
use super::request::Answer;
use super::rounds::joined;
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::{Draft, Key, Step, step};

/// Kinds of parts that tell of the window, not of the conversation.
const SHOWN: &[&str] = &[
    "autoModeResolution",
    "clearToPreviousToolInvocation",
    "codeCitation",
    "codeblockUri",
    "command",
    "confirmation",
    "disabledClaudeHooks",
    "elicitation",
    "elicitationSerialized",
    "extensions",
    "hook",
    "markdownVuln",
    "mcpServersStarting",
    "move",
    "multiDiffData",
    "prepareToolInvocation",
    "progressMessage",
    "progressTask",
    "progressTaskSerialized",
    "pullRequest",
    "reference",
    "toolInvocation",
    "treeData",
    "undoStop",
    "usedContext",
    "warning",
    "workspaceEdit",
];

/// What the parts of an answer say.
pub(super) fn said<'t>(response: Option<Value<'t>>, answer: &Answer<'t>, texts: &mut Texts) -> Vec<Step> {
    let mut saying = Saying {
        answer,
        texts,
        words: Words::None,
        draft: empty(),
        came: Vec::new(),
        files: Vec::new(),
        steps: Vec::new(),
    };
    match response {
        Some(whole) if whole.kind() == Type::String => saying.words(whole),
        Some(response) => response.items().for_each(|part| saying.part(part)),
        None => {}
    }
    saying.close();
    saying.steps
}

fn empty() -> Draft {
    Draft::of(Role::Assistant, Vec::new())
}

/// Words that were not said yet.
enum Words<'t> {
    None,
    /// One text, as it stands in the record.
    One(Value<'t>),
    /// Several, put together.
    Many(Vec<u8>),
}

struct Saying<'t, 'x> {
    answer: &'x Answer<'t>,
    texts: &'x mut Texts,
    words: Words<'t>,
    draft: Draft,
    /// What came of the calls in it, with their ids.
    came: Vec<(Key, Block)>,
    files: Vec<String>,
    steps: Vec<Step>,
}

impl<'t> Saying<'t, '_> {
    fn part(&mut self, part: Value<'t>) {
        if part.kind() == Type::String {
            return self.words(part);
        }
        let kind = part.string("kind").unwrap_or_default();
        match kind.as_str() {
            "" | "markdownContent" => {
                let markdown = part.get("content").unwrap_or(part);
                let text = markdown.get("value").unwrap_or(markdown);
                if text.kind() == Type::String { self.words(text) } else { self.other(part) }
            }
            "inlineReference" => self.named(part),
            "thinking" => self.thinking(part),
            "toolInvocationSerialized" => self.call(part),
            "textEditGroup" | "notebookEditGroup" => self.edits(&kind, part),
            shown if SHOWN.contains(&shown) => {}
            _ => self.other(part),
        }
    }

    /// Words; those around an edit, which only frame it, are none.
    fn words(&mut self, text: Value<'t>) {
        let said = text.bytes().unwrap_or_default();
        if said.is_empty() || said.iter().all(|b| matches!(b, b'`' | b'\n')) {
            return;
        }
        self.after_calls();
        self.words = match std::mem::replace(&mut self.words, Words::None) {
            Words::None => Words::One(text),
            Words::One(first) => Words::Many([first.bytes().unwrap_or_default(), said].concat()),
            Words::Many(before) => Words::Many([before, said.into_owned()].concat()),
        };
    }

    /// A file or a symbol, which stands in the text under its name.
    fn named(&mut self, part: Value<'t>) {
        let reference = part.get("inlineReference");
        let name = part.string("name").or_else(|| reference?.string("name")).or_else(|| {
            let path = names::path_of(reference?)?;
            path.rsplit(['/', '\\']).next().map(str::to_owned)
        });
        let Some(name) = name else { return };
        self.after_calls();
        let mut before = match std::mem::replace(&mut self.words, Words::None) {
            Words::None => Vec::new(),
            Words::One(first) => first.bytes().unwrap_or_default().into_owned(),
            Words::Many(before) => before,
        };
        before.extend_from_slice(name.as_bytes());
        self.words = Words::Many(before);
    }

    fn thinking(&mut self, part: Value<'t>) {
        let Some(value) = part.get("value") else { return };
        let text = match value.kind() {
            Type::Array => self.texts.make(&joined(value)),
            Type::String => self.texts.of(value),
            _ => return,
        };
        if !text.is_empty() {
            self.put(Block::Thinking { text, signature: None });
        }
    }

    /// A call, with what came of it if it is done.
    fn call(&mut self, part: Value<'t>) {
        self.flush();
        let name = part.string("toolId").unwrap_or_default();
        let key = Key::of(part.get("toolCallId").map(|id| id.raw()).unwrap_or_default());
        let data = part.get("toolSpecificData");
        let details = part.get("resultDetails");
        let input = input(part, data, details, self.texts);
        let path = data.and_then(|data| data.path(&["rawInput"])).and_then(|input| input.string("filePath"));
        self.file(names::action(&name), path.as_deref());
        self.draft.calls.push(key);
        self.draft.message.blocks.push(Block::Call { action: names::action(&name), name, input });
        if part.get("isComplete").is_none_or(|done| done.is_true()) {
            let block = result(part, data, details, self.texts);
            self.came.push((key, block));
        }
    }

    /// Changes of a file, which the editor made as the model said.
    fn edits(&mut self, kind: &str, part: Value<'t>) {
        self.flush();
        let path = part.get("uri").and_then(names::path_of).unwrap_or_default();
        self.file(Action::Edit, Some(&path));
        let key = Key::of(&[b"edit:", part.raw()].concat());
        self.draft.calls.push(key);
        let input = Input::Json(self.texts.json(part));
        self.draft.message.blocks.push(Block::Call { name: kind.to_owned(), action: Action::Edit, input });
        if part.get("done").is_some_and(|done| done.is_true()) {
            self.came.push((key, Block::Result { call: None, status: Status::Ok, parts: Vec::new() }));
        }
    }

    fn file(&mut self, action: Action, path: Option<&str>) {
        let file = path.and_then(|path| step::file(action, path)).filter(|file| !self.files.contains(file));
        self.files.extend(file);
    }

    /// A part that isn't known.
    fn other(&mut self, part: Value<'t>) {
        let json = self.texts.json(part);
        self.put(Block::Other(json));
    }

    fn put(&mut self, block: Block) {
        self.after_calls();
        self.flush();
        self.draft.message.blocks.push(block);
    }

    /// Puts the words so far into the message.
    fn flush(&mut self) {
        let text = match std::mem::replace(&mut self.words, Words::None) {
            Words::None => return,
            Words::One(text) => self.texts.of(text),
            Words::Many(words) => self.texts.make(&words),
        };
        self.draft.message.blocks.push(Block::Text(text));
    }

    /// What is said after calls is another message.
    fn after_calls(&mut self) {
        if !self.draft.calls.is_empty() {
            self.close();
        }
    }

    fn close(&mut self) {
        self.flush();
        let (draft, came) = (std::mem::replace(&mut self.draft, empty()), std::mem::take(&mut self.came));
        if !draft.message.blocks.is_empty() {
            self.steps.push(Step {
                message: Some(draft),
                model: self.answer.model.clone(),
                time: self.answer.done,
                files: std::mem::take(&mut self.files),
                ..Step::default()
            });
        }
        if !came.is_empty() {
            let (results, blocks) = came.into_iter().unzip();
            let message = Draft { results, ..Draft::of(Role::User, blocks) };
            self.steps.push(Step { message: Some(message), time: self.answer.done, ..Step::default() });
        }
    }
}

/// What a call was given, as far as the editor keeps it.
fn input(part: Value<'_>, data: Option<Value<'_>>, details: Option<Value<'_>>, texts: &mut Texts) -> Input {
    let raw = data.and_then(|data| data.get("rawInput"));
    if let Some(raw) = raw.filter(|raw| raw.kind() == Type::Object) {
        return Input::Json(texts.json(raw));
    }
    if let Some(text) = details.and_then(|details| details.get("input")).and_then(|text| text.bytes()) {
        return texts.input(&text);
    }
    match (data, part.get("invocationMessage")) {
        (Some(data), _) if data.kind() == Type::Object => Input::Json(texts.json(data)),
        (_, Some(said)) if !said.raw().is_empty() => {
            let said = said.get("value").unwrap_or(said);
            Input::Text(texts.of(said))
        }
        _ => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
    }
}

/// What came of a call, as far as the editor keeps it.
fn result(part: Value<'_>, data: Option<Value<'_>>, details: Option<Value<'_>>, texts: &mut Texts) -> Block {
    let mut parts = Vec::new();
    let at = |keys: &[&str]| data.and_then(|data| data.path(keys));
    let strings = |value: Value<'_>| value.kind() == Type::String && !value.raw().is_empty();
    let printed = at(&["terminalCommandOutput", "text"]).filter(|text| strings(*text));
    parts.extend(printed.map(|text| Part::Text(texts.of(text))));
    match details.and_then(|details| details.get("output")) {
        Some(output) if strings(output) => parts.push(Part::Text(texts.of(output))),
        Some(output) => {
            for item in output.items() {
                let value = item.get("value").filter(|value| strings(*value));
                let media = item.string("mimeType").filter(|media| media.starts_with("image/"));
                let text = item.get("isText").is_none_or(|it| it.is_true());
                parts.push(match (value, media) {
                    (Some(value), Some(media)) if !text => Part::Image(media, texts.of(value)),
                    (Some(value), _) if text => Part::Text(texts.of(value)),
                    _ => Part::Other(texts.json(item)),
                });
            }
        }
        None => {}
    }
    if parts.is_empty() {
        let said = part.get("pastTenseMessage").map(|said| said.get("value").unwrap_or(said));
        parts.extend(said.filter(|said| strings(*said)).map(|said| Part::Text(texts.of(said))));
    }
    let code = at(&["terminalCommandState", "exitCode"]).and_then(|code| code.int());
    let failed = details.and_then(|details| details.get("isError")).is_some_and(|it| it.is_true());
    let status = if failed || code.is_some_and(|code| code != 0) { Status::Error } else { Status::Ok };
    Block::Result { call: None, status, parts }
}
