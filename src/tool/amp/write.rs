//! Writing: a conversation as a thread that builds with local threads go on with.
//!
//! A message's id is its place; each result is in the message after its call.
//! A result that is a text is sent to the model as it is; what failed is sent
//! as an error. A thought is sent with its signature, which only Anthropic's own has.

use std::io::Write;
use std::path::Path;

use super::NAME;
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Plan, Planned, Sink, Target, ToolError, claude_code, ids, time};

/// The pictures that the model takes.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The longest name of a tool that the model takes.
const NAME_MAX: usize = 128;
/// Stands for what isn't there before the model speaks first.
const NO_BEGINNING: &str = "[The beginning of this conversation is not there.]";

/// Writes the conversation to a file in `folder`.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    folder: &Path,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::new(conversation);
    let Some(mut turn) = turns.next()? else { return Err(ToolError::Empty) };
    let native = format!("T-{}", target.native);
    let path = folder.join(format!("{native}.json"));
    let out = sink.create(&path, 0o600)?;
    let mut thread = Thread { out, path: &path, target, written: 0, last: target.started.saturating_sub(1) };
    thread.put(&format!(
        "{{\"id\":{},\"created\":{},\"title\":{},\"agentMode\":\"smart\",\"messages\":[",
        quoted(&native),
        target.started,
        quoted(&target.title)
    ))?;
    loop {
        thread.turn(&turn, &mut turns)?;
        match turns.next()? {
            Some(next) => turn = next,
            None => break,
        }
    }
    thread.end()?;
    Ok(Plan {
        native,
        files: vec![Planned::Create(path.clone())],
        path,
        losses: turns.losses.list(),
        messages: turns.messages,
        imports: Vec::new(),
    })
}

struct Thread<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
    target: &'a Target,
    written: u64,
    last: i64,
}

impl Thread<'_> {
    fn put(&mut self, text: &str) -> Result<(), ToolError> {
        let written = self.out.write_all(text.as_bytes());
        written.map_err(|source| ToolError::Write { path: self.path.to_owned(), source })
    }

    fn turn(&mut self, turn: &Turn, turns: &mut Turns<'_>) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let blocks: Vec<String> = pieces.iter().map(|piece| heard(piece, turns)).collect();
                self.user(&blocks, *time)
            }
            Turn::Model { said, calls, model, time } => {
                let mut blocks: Vec<String> = said.iter().filter_map(|piece| spoken(piece, turns)).collect();
                blocks.extend(calls.iter().map(|made| call(made, self.target, turns)));
                self.assistant(&blocks, !calls.is_empty(), model.as_deref(), *time, turns)
            }
            Turn::Results { results, .. } => {
                let blocks: Vec<String> = results.iter().map(|r| result(r, self.target, turns)).collect();
                self.message("user", &blocks, "")
            }
        }
    }

    /// Writes a message. `rest` are its further members.
    fn message(&mut self, role: &str, blocks: &[String], rest: &str) -> Result<(), ToolError> {
        let comma = if self.written > 0 { ",\n" } else { "\n" };
        let id = self.written;
        self.written += 1;
        self.put(&format!(
            "{comma}{{\"role\":\"{role}\",\"messageId\":{id},\"content\":[{}]{rest}}}",
            blocks.join(",")
        ))
    }

    fn user(&mut self, blocks: &[String], time: Option<i64>) -> Result<(), ToolError> {
        let sent = self.next_time(time);
        let rest = format!(
            ",\"userState\":{{\"currentlyVisibleFiles\":[]}},\"agentMode\":\"smart\",\"meta\":{{\"sentAt\":{sent}}}"
        );
        self.message("user", blocks, &rest)
    }

    fn assistant(
        &mut self,
        blocks: &[String],
        calls: bool,
        model: Option<&str>,
        time: Option<i64>,
        turns: &mut Turns<'_>,
    ) -> Result<(), ToolError> {
        if blocks.is_empty() {
            return Ok(());
        }
        if self.written == 0 {
            turns.losses.add("the conversation begins with the model: a prompt is put before it");
            self.user(&[text(NO_BEGINNING)], time)?;
        }
        let stop = if calls { "tool_use" } else { "end_turn" };
        let mut rest = format!(",\"state\":{{\"type\":\"complete\",\"stopReason\":\"{stop}\"}}");
        if let Some(model) = model {
            // What the tokens were is told by the session they were spent in.
            let when = time::format(self.next_time(time));
            rest.push_str(&format!(
                ",\"usage\":{{\"model\":{},\"maxInputTokens\":168000,\"inputTokens\":0,\"outputTokens\":0,\
                 \"cacheCreationInputTokens\":0,\"cacheReadInputTokens\":0,\"totalInputTokens\":0,\
                 \"timestamp\":\"{when}\"}}",
                quoted(model)
            ));
        }
        self.message("assistant", blocks, &rest)
    }

    fn next_time(&mut self, time: Option<i64>) -> i64 {
        self.last = time.unwrap_or(i64::MIN).max(self.last.saturating_add(1));
        self.last
    }

    fn end(&mut self) -> Result<(), ToolError> {
        let cwd = &self.target.cwd;
        let name = cwd.file_name().unwrap_or(cwd.as_os_str()).to_string_lossy();
        let tree = format!("{{\"displayName\":{},\"uri\":{}}}", quoted(&name), quoted(&uri(cwd)));
        let written = self.written;
        self.put(&format!(
            "\n],\"nextMessageId\":{written},\"v\":{written},\"env\":{{\"initial\":{{\"trees\":[{tree}]}}}}}}\n"
        ))
    }
}

/// A directory as a `file:` URI.
fn uri(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b':' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn text(words: &str) -> String {
    format!("{{\"type\":\"text\",\"text\":{}}}", quoted(words))
}

/// A picture's media type and data if the model takes it: as base64.
fn is_taken(media: &str, data: &str) -> bool {
    PICTURES.contains(&media) && !data.is_empty() && !data.contains("://")
}

/// What the user says.
fn heard(piece: &Piece, turns: &mut Turns<'_>) -> String {
    match piece {
        Piece::Text(words) | Piece::Thinking(words, ..) => text(words),
        Piece::Image(media, data) if is_taken(media, data) => format!(
            "{{\"type\":\"image\",\"source\":{{\"type\":\"base64\",\"mediaType\":{},\"data\":{}}},\"sourcePath\":\"picture\"}}",
            quoted(media),
            quoted(data)
        ),
        Piece::Image(_, data) if data.contains("://") => format!(
            "{{\"type\":\"image\",\"source\":{{\"type\":\"url\",\"url\":{}}},\"sourcePath\":{}}}",
            quoted(data),
            quoted(data)
        ),
        Piece::Image(..) => {
            turns.losses.add("a picture of a kind that the model doesn't take is left out");
            text("[image]")
        }
        Piece::File(_, name, _) => {
            turns.losses.add("an attached file is left out: its name stands in its place");
            text(&format!("[file: {name}]"))
        }
    }
}

/// What the model says; `None` for a thought that it would not take for its own.
fn spoken(piece: &Piece, turns: &mut Turns<'_>) -> Option<String> {
    match piece {
        Piece::Text(words) => Some(text(words)),
        Piece::Thinking(words, Some(signature), tool)
            if !words.is_empty() && [NAME, claude_code::NAME].contains(&tool.as_str()) =>
        {
            Some(format!(
                "{{\"type\":\"thinking\",\"thinking\":{},\"signature\":{},\"provider\":\"anthropic\"}}",
                quoted(words),
                quoted(signature)
            ))
        }
        Piece::Thinking(..) => {
            turns.losses.add("thoughts that Anthropic's models didn't sign are left out");
            None
        }
        Piece::Image(..) | Piece::File(..) => {
            turns.losses.add("a picture that the model made is left out");
            None
        }
    }
}

fn call(call: &Call, target: &Target, turns: &mut Turns<'_>) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = call.name.chars().take(NAME_MAX).map(|c| if fits(c) { c } else { '_' }).collect();
    if name.is_empty() {
        name.push_str("tool");
    }
    if name != call.name {
        turns.losses.add("a tool's name holds characters that the model refuses: they become `_`");
    }
    format!(
        "{{\"type\":\"tool_use\",\"complete\":true,\"id\":\"{}\",\"name\":{},\"input\":{}}}",
        ids::call(target.seed, call.number),
        quoted(&name),
        call.input
    )
}

fn result(answer: &Answer, target: &Target, turns: &mut Turns<'_>) -> String {
    let run = if answer.failed {
        if !answer.images.is_empty() {
            turns.losses.add("a picture in the result of a call that failed is left out");
        }
        let words = if answer.text.trim().is_empty() { "[error]" } else { &answer.text };
        format!("\"status\":\"error\",\"error\":{{\"message\":{}}}", quoted(words))
    } else if answer.images.is_empty() && answer.text.trim().is_empty() {
        // A text that is empty would be refused.
        format!("\"status\":\"done\",\"result\":{{\"output\":{},\"exitCode\":0}}", quoted(&answer.text))
    } else if answer.images.is_empty() {
        format!("\"status\":\"done\",\"result\":{}", quoted(&answer.text))
    } else {
        format!("\"status\":\"done\",\"result\":[{}]", shown(answer, turns).join(","))
    };
    let id = ids::call(target.seed, answer.number);
    format!("{{\"type\":\"tool_result\",\"toolUseID\":\"{id}\",\"run\":{{{run}}}}}")
}

/// A result with pictures in it.
fn shown(answer: &Answer, turns: &mut Turns<'_>) -> Vec<String> {
    let mut blocks = Vec::new();
    if !answer.text.trim().is_empty() {
        blocks.push(text(&answer.text));
    }
    for (media, data) in &answer.images {
        if is_taken(media, data) {
            blocks.push(format!(
                "{{\"type\":\"image\",\"mimeType\":{},\"data\":{}}}",
                quoted(media),
                quoted(data)
            ));
        } else {
            turns.losses.add("a picture in a result that the model doesn't take is left out");
            blocks.push(text("[image]"));
        }
    }
    blocks
}
