//! Writing: a conversation as a thread that builds with local threads go on with.
//!
//! A message's id is its place; each result is in the message after its call.
//! A result that is a text is sent to the model as it is; what failed is sent
//! as an error. A thought is sent with its signature, which only Anthropic's own has.

use std::io::Write;
use std::path::Path;

use super::NAME;
use crate::tool::fit::{self, Fitting};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Losses, Plan, Sink, Target, ToolError, claude_code, ids, time};

/// Writes the conversation to a file in `folder`.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    folder: &Path,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::begin(conversation)?;
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
    while let Some(turn) = turns.next()? {
        thread.turn(turn, &mut turns.losses)?;
    }
    thread.end()?;
    Ok(Plan { native, ..turns.plan(target, path) })
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

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let fitting = pieces.into_iter().filter_map(|piece| fit::piece(piece, losses));
                self.user(&fitting.map(|piece| heard(&piece)).collect::<Vec<_>>(), time)
            }
            Turn::Model { said, calls, model, time } => {
                let mut blocks: Vec<String> = said.iter().filter_map(|piece| spoken(piece, losses)).collect();
                blocks.extend(calls.iter().map(|made| call(made, self.target, losses)));
                self.assistant(&blocks, !calls.is_empty(), model.as_deref(), time, losses)
            }
            Turn::Results { results, .. } => {
                let each = results.into_iter().map(|answer| result(answer, self.target, losses));
                let blocks: Vec<String> = each.collect();
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
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        if blocks.is_empty() {
            return Ok(());
        }
        if self.written == 0 {
            losses.add("the conversation begins with the model: a prompt is put before it");
            self.user(&[text(fit::NO_BEGINNING)], time)?;
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

/// What the user says.
fn heard(piece: &Fitting) -> String {
    match piece {
        Fitting::Text(words) => text(words),
        Fitting::Image(media, data) => format!(
            "{{\"type\":\"image\",\"source\":{{\"type\":\"base64\",\"mediaType\":{},\"data\":{}}},\
             \"sourcePath\":\"picture\"}}",
            quoted(media),
            quoted(data)
        ),
    }
}

/// What the model says; `None` for a thought that it would not take for its own.
fn spoken(piece: &Piece, losses: &mut Losses) -> Option<String> {
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
            losses.add("thoughts that Anthropic's models didn't sign are left out");
            None
        }
        Piece::Image(..) | Piece::File(..) => {
            losses.add("a picture that the model made is left out");
            None
        }
    }
}

fn call(call: &Call, target: &Target, losses: &mut Losses) -> String {
    format!(
        "{{\"type\":\"tool_use\",\"complete\":true,\"id\":\"{}\",\"name\":{},\"input\":{}}}",
        ids::call(target.seed, call.number),
        quoted(&fit::name(&call.name, losses)),
        call.input
    )
}

fn result(answer: Answer, target: &Target, losses: &mut Losses) -> String {
    let Answer { number, failed, text: words, images, .. } = answer;
    let silent = words.trim().is_empty();
    let run = if failed {
        if !images.is_empty() {
            losses.add("a picture in the result of a call that failed is left out");
        }
        let words = if silent { "[error]" } else { &words };
        format!("\"status\":\"error\",\"error\":{{\"message\":{}}}", quoted(words))
    } else if !images.is_empty() {
        let seen = images.into_iter().map(|(media, data)| fit::image(&media, data, losses));
        let said = (!silent).then_some(Fitting::Text(words));
        let blocks: Vec<String> = said.into_iter().chain(seen).map(|piece| shown(&piece)).collect();
        format!("\"status\":\"done\",\"result\":[{}]", blocks.join(","))
    } else if silent {
        // A text that is empty would be refused.
        format!("\"status\":\"done\",\"result\":{{\"output\":{},\"exitCode\":0}}", quoted(&words))
    } else {
        format!("\"status\":\"done\",\"result\":{}", quoted(&words))
    };
    let id = ids::call(target.seed, number);
    format!("{{\"type\":\"tool_result\",\"toolUseID\":\"{id}\",\"run\":{{{run}}}}}")
}

/// A piece of a result that has pictures.
fn shown(piece: &Fitting) -> String {
    match piece {
        Fitting::Text(words) => text(words),
        Fitting::Image(media, data) => {
            format!("{{\"type\":\"image\",\"mimeType\":{},\"data\":{}}}", quoted(media), quoted(data))
        }
    }
}
