//! What events say: answers, calls, results, and the files that go with them.

use super::read::string;
use crate::object::codec::{Decode, Encode};
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Texts;
use crate::tool::{Draft, Key};

/// How many assets are remembered, and how many bytes of those that are so
/// short that they have no blob.
const ASSETS: usize = 8;
const INLINE_MAX: usize = 256;

/// Files that the session holds once and refers to by id (since 1.0.4x). What
/// refers to one that was forgotten is kept as JSON.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct Assets(Vec<(u64, Text)>);

impl Assets {
    /// Remembers the file of a `session.binary_asset`.
    pub(super) fn add(&mut self, data: Value<'_>, texts: &mut Texts) {
        let (Some(id), Some(bytes)) = (string(data, "assetId"), string(data, "data")) else { return };
        let (Key(id), text) = (Key::of(id.raw()), texts.of(bytes));
        if self.0.iter().any(|(known, _)| *known == id) {
            return;
        }
        self.0.push((id, text));
        let inline = |(_, text): &(u64, Text)| match text {
            Text::Inline(bytes) => bytes.len(),
            _ => 0,
        };
        while self.0.len() > ASSETS || self.0.iter().map(inline).sum::<usize>() > INLINE_MAX {
            self.0.remove(0);
        }
    }

    /// The bytes of an attachment or a part of a result: its own, or those of
    /// the asset that it names.
    fn bytes(&self, item: Value<'_>, texts: &mut Texts) -> Option<Text> {
        if let Some(data) = string(item, "data").filter(|data| !data.raw().is_empty()) {
            return Some(texts.of(data));
        }
        let Key(id) = Key::of(string(item, "assetId")?.raw());
        self.0.iter().find(|(known, _)| *known == id).map(|(_, text)| text.clone())
    }
}

/// What a user attached.
pub(super) fn attachment(item: Value<'_>, assets: &Assets, texts: &mut Texts) -> Block {
    let media = item.string("mimeType").unwrap_or_default();
    match assets.bytes(item, texts) {
        Some(bytes) if media.starts_with("image/") => Block::Image(media, bytes),
        Some(bytes) => Block::File(media, item.string("displayName").unwrap_or_default(), bytes),
        None => Block::Other(texts.json(item)),
    }
}

/// What the model says, thinks and calls; `None` if nothing.
pub(super) fn answer(data: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> Option<Draft> {
    let full = |key: &str| string(data, key).filter(|text| !text.raw().is_empty());
    let mut said = Draft::of(Role::Assistant, Vec::new());
    let proof = full("encryptedContent").or_else(|| full("reasoningOpaque"));
    if let Some(thought) = full("reasoningText").or(proof) {
        let text = if full("reasoningText").is_some() { texts.of(thought) } else { texts.make(b"") };
        let signature = proof.map(|proof| texts.of(proof));
        said.message.blocks.push(Block::Thinking { text, signature });
    }
    said.message.blocks.extend(full("content").map(|text| Block::Text(texts.of(text))));
    for request in data.get("toolRequests").into_iter().flat_map(|list| list.items()) {
        let call = string(request, "name").map(|name| call(request, name, texts, files));
        match call {
            Some((key, call)) => {
                said.calls.push(key);
                said.message.blocks.push(call);
            }
            None => said.message.blocks.push(Block::Other(texts.json(request))),
        }
    }
    Some(said).filter(|said| !said.message.blocks.is_empty())
}

/// What the user has a tool do without the model.
pub(super) fn request(data: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> Option<Draft> {
    let (key, call) = call(data, string(data, "toolName")?, texts, files);
    Some(Draft { calls: vec![key], ..Draft::of(Role::User, vec![call]) })
}

fn call(request: Value<'_>, name: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> (Key, Block) {
    let arguments = request.get("arguments").filter(|v| !v.is_null());
    let name = name.str().unwrap_or_default().into_owned();
    if let Some(arguments) = arguments {
        files_of(&name, arguments, files);
    }
    let input = match arguments {
        // Up to 1.0.77 and in VS Code, JSON in a string; patches are text.
        Some(text) if text.kind() == Type::String => texts.input(&text.bytes().unwrap_or_default()),
        Some(value) => Input::Json(texts.json(value)),
        None => Input::Json(Json { literal: b"{}".to_vec(), holes: Vec::new() }),
    };
    let key = Key::of(string(request, "toolCallId").map(|id| id.raw()).unwrap_or_default());
    (key, Block::Call { action: action(&name), name, input })
}

/// What came of a call. Of a failed one the model is only sent the error.
pub(super) fn outcome(data: Value<'_>, assets: &Assets, texts: &mut Texts) -> Draft {
    let (result, error) = (data.get("result"), data.get("error"));
    let failed = data.get("success").is_some_and(|success| success.kind() == Type::False);
    let said = result.and_then(|result| string(result, "content"));
    let why = error.and_then(|error| string(error, "message"));
    let text = if failed { why.or(said) } else { said.or(why) };
    let mut parts: Vec<Part> = Vec::new();
    parts.extend(text.filter(|text| !text.raw().is_empty()).map(|text| Part::Text(texts.of(text))));
    let binary = result.and_then(|result| result.get("binaryResultsForLlm"));
    for item in binary.into_iter().flat_map(|list| list.items()) {
        let media = item.string("mimeType").unwrap_or_default();
        parts.push(match assets.bytes(item, texts) {
            Some(bytes) if media.starts_with("image/") => Part::Image(media, bytes),
            _ => Part::Other(texts.json(item)),
        });
    }
    let status = if failed { Status::Error } else { Status::Ok };
    let key = Key::of(string(data, "toolCallId").map(|id| id.raw()).unwrap_or_default());
    let blocks = vec![Block::Result { call: None, status, parts }];
    Draft { message: Message { role: Role::User, blocks }, calls: Vec::new(), results: vec![key] }
}

/// What the tool's own tools do (0.0.342 to 1.0.102, and those of VS Code).
pub(super) fn action(name: &str) -> Action {
    match name {
        "bash" | "powershell" | "write_bash" | "read_bash" | "stop_bash" | "write_powershell"
        | "read_powershell" | "stop_powershell" | "shell" | "run_in_terminal" => Action::Shell,
        "view" | "read_file" => Action::Read,
        "create" | "create_file" => Action::Write,
        "edit"
        | "str_replace_editor"
        | "str_replace"
        | "insert"
        | "apply_patch"
        | "replace_string_in_file"
        | "insert_edit_into_file" => Action::Edit,
        "grep" | "glob" | "rg" | "search_code_subagent" | "file_search" | "grep_search" | "list_dir" => {
            Action::Search
        }
        "web_fetch" | "web_search" | "fetch_webpage" => Action::Fetch,
        "task" | "read_agent" | "runSubagent" => Action::Task,
        "update_todo" | "report_intent" | "manage_todo_list" => Action::Plan,
        _ => Action::Other,
    }
}

/// Longer paths are none.
const PATH_MAX: usize = 4096;

/// The files that a call reads, writes or edits.
pub(super) fn files_of(name: &str, arguments: Value<'_>, files: &mut Vec<String>) {
    let letter = match (action(name), arguments.get("command").map(|c| c.raw())) {
        // One tool did it all, up to 0.0.35x.
        (Action::Edit, Some(b"view")) | (Action::Read, _) => 'r',
        (Action::Edit, Some(b"create")) | (Action::Write, _) => 'w',
        (Action::Edit, _) => 'e',
        _ => return,
    };
    let mut add = |file: String| {
        if file.len() > 1 && file.len() <= PATH_MAX && !files.contains(&file) {
            files.push(file);
        }
    };
    if let Some(path) = string(arguments, "path").or_else(|| string(arguments, "filePath")) {
        add(format!("{letter}{}", path.str().unwrap_or_default()));
    }
    let patch = if arguments.kind() == Type::String { Some(arguments) } else { string(arguments, "input") };
    let Some(patch) = patch.filter(|_| name == "apply_patch").and_then(|patch| patch.str()) else { return };
    for line in patch.lines() {
        let kinds = [("*** Add File: ", 'w'), ("*** Update File: ", 'e'), ("*** Delete File: ", 'e')];
        let named = kinds.iter().find_map(|(kind, letter)| Some((line.strip_prefix(kind)?, letter)));
        if let Some((path, letter)) = named {
            add(format!("{letter}{}", path.trim()));
        }
    }
}
