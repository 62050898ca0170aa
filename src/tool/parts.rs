//! Parts: what messages consist of in tools that speak Google's API, or were
//! made from one that does.

use super::turns::{Answer, quoted};
use super::{Action, Draft, Key, Step, step};
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Input, Json, Part, Role, Status};
use crate::object::split::Texts;

/// What stands in a message until it is whole.
pub(super) struct Making {
    pub(super) draft: Draft,
    files: Vec<String>,
}

impl Making {
    /// Begins an empty one.
    pub(super) fn of(role: Role) -> Making {
        Making { draft: Draft::of(role, Vec::new()), files: Vec::new() }
    }

    /// What stands in it so far.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.draft.message.blocks
    }

    pub(super) fn push(&mut self, block: Block) {
        self.draft.message.blocks.push(block);
    }

    /// Gives it to a step, if it says anything.
    pub(super) fn finish(self, step: &mut Step) {
        if !self.draft.message.blocks.is_empty() {
            step.message = Some(self.draft);
        }
        step.files = self.files;
    }

    /// A thought, with the proof that comes with it.
    pub(super) fn thought(&mut self, part: Value<'_>, text: Value<'_>, texts: &mut Texts) {
        let signature = part.get("thoughtSignature").filter(|s| s.kind() == Type::String);
        let signature = signature.map(|signature| texts.of(signature));
        self.push(Block::Thinking { text: texts.of(text), signature });
    }

    /// A call: its id, name and arguments.
    pub(super) fn call(&mut self, call: Value<'_>, texts: &mut Texts) {
        let name = call.string("name").unwrap_or_default();
        let action = action(&name);
        let args = call.get("args").filter(|args| !args.is_null());
        self.files.extend(args.and_then(|args| file(action, args)));
        let empty = || Json { literal: b"{}".to_vec(), holes: Vec::new() };
        let input = Input::Json(args.map_or_else(empty, |args| texts.json(args)));
        self.draft.calls.push(id_of(call));
        self.push(Block::Call { name, action, input });
    }

    /// A part that isn't text: a result, a picture, a file. A picture after a
    /// result belongs to it.
    pub(super) fn other(&mut self, part: Value<'_>, texts: &mut Texts) {
        if let Some(response) = part.get("functionResponse") {
            self.draft.results.push(id_of(response));
            self.push(function_response(response, texts));
            // Pictures of a result, as the API has them since Gemini 3.
            for part in response.get("parts").into_iter().flat_map(|parts| parts.items()) {
                self.other(part, texts);
            }
            return;
        }
        let data = part.get("inlineData").and_then(|data| Some((data, data.get("data")?)));
        let link = part.get("fileData").and_then(|data| Some((data, data.get("fileUri")?)));
        let Some((media, data)) = data.or(link) else {
            return self.push(Block::Other(texts.json(part)));
        };
        let (media, name) = (media.string("mimeType").unwrap_or_default(), media.string("displayName"));
        let data = texts.of(data);
        if !media.starts_with("image/") {
            return self.push(Block::File(media, name.unwrap_or_default(), data));
        }
        match self.draft.message.blocks.last_mut() {
            Some(Block::Result { parts, .. }) => parts.push(Part::Image(media, data)),
            _ => self.push(Block::Image(media, data)),
        }
    }

    /// Marks the results from the `from`-th block on as failed.
    pub(super) fn failed(&mut self, from: usize) {
        for block in self.draft.message.blocks.iter_mut().skip(from) {
            if let Block::Result { status, .. } = block {
                *status = Status::Error;
            }
        }
    }
}

/// The id of a call, in it or in what came of it.
pub(super) fn id_of(value: Value<'_>) -> Key {
    Key::of(value.get("id").map(|id| id.raw()).unwrap_or_default())
}

fn function_response(response: Value<'_>, texts: &mut Texts) -> Block {
    let body = response.get("response");
    let error = body.and_then(|body| body.get("error"));
    let said = error.or_else(|| body.and_then(|body| body.get("output")));
    let part = match (said, body) {
        (Some(said), _) if said.kind() == Type::String => Some(Part::Text(texts.of(said))),
        (Some(said), _) => Some(Part::Other(texts.json(said))),
        (None, Some(body)) => Some(Part::Other(texts.json(body))),
        (None, None) => None,
    };
    let status = if error.is_some() { Status::Error } else { Status::Ok };
    Block::Result { call: None, status, parts: part.into_iter().collect() }
}

/// What the tools' own tools do (Gemini CLI 0.20 to 0.61, Qwen Code 0.5 to 0.24).
fn action(name: &str) -> Action {
    match name {
        "run_shell_command" => Action::Shell,
        "read_file" | "read_many_files" => Action::Read,
        "write_file" => Action::Write,
        "edit" | "replace" => Action::Edit,
        "grep_search" | "search_file_content" | "glob" | "list_directory" => Action::Search,
        "web_fetch" | "web_search" | "google_web_search" => Action::Fetch,
        "task" | "agent" | "invoke_agent" | "codebase_investigator" => Action::Task,
        "todo_write" | "write_todos" => Action::Plan,
        _ => Action::Other,
    }
}

fn file(action: Action, args: Value<'_>) -> Option<String> {
    let path =
        args.string("file_path").or_else(|| args.string("absolute_path")).or_else(|| args.string("path"))?;
    step::file(action, &path)
}

/// A text as a part.
pub(super) fn text(text: &str) -> String {
    format!("{{\"text\":{}}}", quoted(text))
}

/// A picture or a file as a part: its media type, and its base64 text or URL.
pub(super) fn media(media: &str, data: &str) -> String {
    let (key, name) = if data.contains("://") { ("fileData", "fileUri") } else { ("inlineData", "data") };
    format!("{{\"{key}\":{{\"mimeType\":{},\"{name}\":{}}}}}", quoted(media), quoted(data))
}

/// A call as a part. `args` is a JSON object.
pub(super) fn function_call(id: &str, name: &str, args: &str) -> String {
    format!("{{\"functionCall\":{{\"id\":{},\"name\":{},\"args\":{args}}}}}", quoted(id), quoted(name))
}

/// What came of a call as a part, and pictures within it.
pub(super) fn response(id: &str, result: &Answer, pictures: &[String]) -> String {
    let key = if result.failed { "error" } else { "output" };
    let (id, name, text) = (quoted(id), quoted(&result.name), quoted(&result.text));
    let within =
        if pictures.is_empty() { String::new() } else { format!(",\"parts\":[{}]", pictures.join(",")) };
    format!(
        "{{\"functionResponse\":{{\"id\":{id},\"name\":{name},\"response\":{{\"{key}\":{text}}}{within}}}}}"
    )
}

/// A line as Node reads lines: some versions end one at these characters.
pub(super) fn line(json: &str) -> String {
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
