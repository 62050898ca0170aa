//! What a message says: its content as blocks.

use super::open::path_of;
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Draft, Key, Step};

/// What the tool's own tools do.
const ACTIONS: &[(&str, Action)] = &[
    ("Bash", Action::Shell),
    ("shell_command", Action::Shell),
    ("Read", Action::Read),
    ("look_at", Action::Read),
    ("view_media", Action::Read),
    ("create_file", Action::Write),
    ("edit_file", Action::Edit),
    ("undo_edit", Action::Edit),
    ("apply_patch", Action::Edit),
    ("Grep", Action::Search),
    ("glob", Action::Search),
    ("finder", Action::Search),
    ("codebase_search_agent", Action::Search),
    ("list_directory", Action::Search),
    ("read_web_page", Action::Fetch),
    ("web_search", Action::Fetch),
    ("Task", Action::Task),
    ("oracle", Action::Task),
    ("librarian", Action::Task),
    ("todo_write", Action::Plan),
    ("todo_read", Action::Plan),
    ("task_list", Action::Plan),
];

fn content(message: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    message.get("content").into_iter().flat_map(|content| content.items())
}

fn kind(block: Value<'_>) -> &[u8] {
    block.get("type").map(|kind| kind.raw()).unwrap_or_default()
}

/// Reads what the user says, or the results of calls.
pub(super) fn user(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let mut made = Making::new();
    let mut words = None;
    for block in content(message) {
        match kind(block) {
            b"text" if block.get("hidden").is_some_and(|hidden| hidden.is_true()) => {
                made.notice(block, texts)
            }
            b"text" => {
                if let Some(text) = block.get("text").filter(|text| !text.raw().is_empty()) {
                    words = words.or_else(|| text.str());
                    made.push(Block::Text(texts.of(text)));
                }
            }
            b"image" => made.image(block, texts),
            b"tool_result" => made.result(block, texts),
            _ => made.push(Block::Other(texts.json(block))),
        }
    }
    let notices = |block: &Block| matches!(block, Block::Notice(_));
    let role = if made.draft.message.blocks.iter().all(notices) { Role::System } else { Role::User };
    if role == Role::User && made.draft.results.is_empty() {
        step.prompt = Some(first_words(&words.unwrap_or_default()));
    }
    made.finish(role, step);
}

/// Reads what the model says.
pub(super) fn assistant(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let mut made = Making::new();
    for block in content(message) {
        match kind(block) {
            b"text" => {
                if let Some(text) = block.get("text").filter(|text| !text.raw().is_empty()) {
                    made.push(Block::Text(texts.of(text)));
                }
            }
            b"thinking" => made.thinking(block, texts),
            b"tool_use" => made.call(block, texts),
            _ => made.push(Block::Other(texts.json(block))),
        }
    }
    made.finish(Role::Assistant, step);
}

/// Reads what the tool puts in: commands that the user ran, skills, summaries.
pub(super) fn info(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let mut made = Making::new();
    for block in content(message) {
        let summary = block.path(&["summary", "summary"]).filter(|text| text.kind() == Type::String);
        match (kind(block), summary) {
            (b"text", _) => made.notice(block, texts),
            (b"summary", Some(text)) => made.push(Block::Summary(texts.of(text))),
            (b"manual_bash_invocation", _) => {
                let run =
                    format!("$ {}", block.path(&["args", "cmd"]).and_then(|c| c.str()).unwrap_or_default());
                made.push(Block::Notice(texts.make(run.as_bytes())));
                if let Some(output) = block.path(&["toolRun", "result", "output"]) {
                    made.push(Block::Notice(texts.of(output)));
                }
            }
            _ => made.push(Block::Other(texts.json(block))),
        }
    }
    made.finish(Role::System, step);
}

/// A message until it is whole.
struct Making {
    draft: Draft,
    files: Vec<String>,
}

impl Making {
    fn new() -> Making {
        Making { draft: Draft::of(Role::User, Vec::new()), files: Vec::new() }
    }

    fn push(&mut self, block: Block) {
        self.draft.message.blocks.push(block);
    }

    fn finish(mut self, role: Role, step: &mut Step) {
        self.draft.message.role = role;
        step.files = self.files;
        step.message = Some(self.draft).filter(|draft| !draft.message.blocks.is_empty());
    }

    fn notice(&mut self, block: Value<'_>, texts: &mut Texts) {
        if let Some(text) = block.get("text") {
            self.push(Block::Notice(texts.of(text)));
        }
    }

    fn thinking(&mut self, block: Value<'_>, texts: &mut Texts) {
        let Some(text) = block.get("thinking") else { return };
        // A proof counts only with the one who made it, which is Anthropic
        // where nothing else is said.
        let own = block.get("provider").is_none_or(|provider| provider.raw() == b"anthropic");
        let signature = block.get("signature").filter(|s| own && !s.raw().is_empty());
        let signature = signature.map(|signature| texts.of(signature));
        self.push(Block::Thinking { text: texts.of(text), signature });
    }

    fn image(&mut self, block: Value<'_>, texts: &mut Texts) {
        let source = block.get("source");
        let data = source.and_then(|source| source.get("data").or_else(|| source.get("url")));
        let media = source.and_then(|source| source.string("mediaType")).unwrap_or_default();
        match data {
            Some(data) => self.push(Block::Image(media, texts.of(data))),
            None => self.push(Block::Other(texts.json(block))),
        }
    }

    fn call(&mut self, block: Value<'_>, texts: &mut Texts) {
        let name = block.string("name").unwrap_or_default();
        let action = step::action(ACTIONS, &name);
        let input = block.get("input").map(|input| texts.json(input)).unwrap_or_default();
        let path = block.path(&["input", "path"]).and_then(|path| path.str());
        self.files.extend(path.and_then(|path| step::file(action, &path)));
        self.draft.calls.push(Key::of(block.get("id").map(|id| id.raw()).unwrap_or_default()));
        self.push(Block::Call { name, action, input: Input::Json(input) });
    }

    fn result(&mut self, block: Value<'_>, texts: &mut Texts) {
        let run = block.get("run");
        let state = run.and_then(|run| run.get("status")).map(|status| status.raw()).unwrap_or_default();
        let status = if state == b"done" { Status::Ok } else { Status::Error };
        let mut parts = run.map(|run| parts(run, texts)).unwrap_or_default();
        if parts.is_empty() && status == Status::Error {
            parts.push(Part::Text(texts.make(state)));
        }
        self.draft.results.push(Key::of(block.get("toolUseID").map(|id| id.raw()).unwrap_or_default()));
        self.push(Block::Result { call: None, status, parts });
        if let (Some(run), true) = (run, self.files.is_empty()) {
            self.files.extend(changed(run));
        }
    }
}

/// The files that a patch was applied to: its call has no path.
fn changed(run: Value<'_>) -> Vec<String> {
    let files = run.path(&["result", "files"]).into_iter().flat_map(|files| files.items());
    files.filter_map(|file| Some(format!("e{}", path_of(&file.string("uri")?)?))).collect()
}

/// What came of a call.
fn parts(run: Value<'_>, texts: &mut Texts) -> Vec<Part> {
    let told = run.path(&["error", "message"]).or_else(|| run.get("reason"));
    let progress = || run.path(&["progress", "output"]).filter(|output| output.kind() == Type::String);
    let Some(result) = run.get("result").or(told).or_else(progress) else { return Vec::new() };
    match result.kind() {
        Type::String => vec![Part::Text(texts.of(result))],
        Type::Array => result.items().map(|item| part(item, texts)).collect(),
        _ => vec![object(result, texts)],
    }
}

/// One of several pieces of a result.
fn part(item: Value<'_>, texts: &mut Texts) -> Part {
    match (kind(item), item.get("text"), item.get("data")) {
        (b"text", Some(text), _) => Part::Text(texts.of(text)),
        (b"image", _, Some(data)) => Part::Image(item.string("mimeType").unwrap_or_default(), texts.of(data)),
        _ => Part::Other(texts.json(item)),
    }
}

/// A result with members: the text in it where nothing else in it says more.
fn object(result: Value<'_>, texts: &mut Texts) -> Part {
    let image = result.path(&["imageInfo", "mimeType"]).and_then(|media| media.str());
    if let (Some(media), Some(data)) = (image, result.get("content")) {
        return Part::Image(media.into_owned(), texts.of(data));
    }
    let failed = result.get("exitCode").is_some_and(|code| code.raw() != b"0");
    let text = ["output", "content", "diff"].iter().find_map(|key| result.get(key));
    match text.filter(|text| text.kind() == Type::String && !failed) {
        Some(text) => Part::Text(texts.of(text)),
        None => Part::Other(texts.json(result)),
    }
}
