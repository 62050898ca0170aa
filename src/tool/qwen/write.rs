//! Writing: a conversation as a transcript that the tool resumes: one chain of
//! rows, a result a row, all with the id and the directory of the session,
//! without white space, since the title is found as text.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Plan, Sink, Target, ToolError, ids, parts, time};

/// The version that rows are written as: the newest that was verified.
const VERSION: &str = "0.24.4";

/// Writes the conversation to `path`.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    path: PathBuf,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::begin(conversation)?;
    let out = sink.create(&path, 0o600)?;
    let mut rows = Rows { out, path: &path, target, written: 0, last: i64::MIN };
    while let Some(turn) = turns.next()? {
        rows.turn(&turn, &mut turns)?;
    }
    rows.title()?;
    Ok(turns.plan(target, path))
}

struct Rows<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
    target: &'a Target,
    written: u64,
    last: i64,
}

impl Rows<'_> {
    fn turn(&mut self, turn: &Turn, turns: &mut Turns<'_>) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let parts = pieces.iter().map(|piece| said(piece, turns)).collect::<Option<Vec<_>>>();
                self.row("user", *time, &message("user", &parts.unwrap_or_default()))
            }
            Turn::Model { said: pieces, calls, model, time } => {
                let said = pieces.iter().filter_map(|piece| said(piece, turns));
                let calls = calls.iter().map(|made| call(made, self.target));
                let parts: Vec<String> = said.chain(calls).collect();
                if parts.is_empty() {
                    return Ok(());
                }
                let model = model.as_ref().map(|model| format!(",\"model\":{}", quoted(model)));
                self.row("assistant", *time, &(model.unwrap_or_default() + &message("model", &parts)))
            }
            Turn::Results { results, time } => {
                if is_old(self.target.version.as_deref()) {
                    let pictures = results.iter().flat_map(|result| &result.images);
                    pictures.for_each(|_| {
                        turns.losses.add("pictures that calls gave are not sent by this version")
                    });
                }
                results.iter().try_for_each(|result| self.row("tool_result", *time, &self.result(result)))
            }
        }
    }

    fn result(&self, result: &Answer) -> String {
        let id = ids::call(self.target.seed, result.number);
        let pictures: Vec<String> =
            result.images.iter().map(|(media, data)| parts::media(media, data)).collect();
        let parts = [parts::response(&id, result, &pictures)];
        let status = if result.failed { "error" } else { "success" };
        let told = format!(",\"toolCallResult\":{{\"callId\":\"{id}\",\"status\":\"{status}\"}}");
        message("user", &parts) + &told
    }

    /// Writes a row after the one before it. `rest` are its further members.
    fn row(&mut self, kind: &str, time: Option<i64>, rest: &str) -> Result<(), ToolError> {
        let next = self.last.saturating_add(1).max(0);
        self.last = time.map_or(next, |time| time.max(next));
        let parent = match self.written.checked_sub(1) {
            Some(before) => quoted(&ids::uuid(self.target.seed, before)),
            None => "null".to_owned(),
        };
        let row = format!(
            "{{\"uuid\":\"{}\",\"parentUuid\":{parent},\"sessionId\":{},\"timestamp\":\"{}\",\"type\":\"{kind}\",\
             \"cwd\":{},\"version\":\"{VERSION}\"{rest}}}\n",
            ids::uuid(self.target.seed, self.written),
            quoted(&self.target.native),
            time::format(self.last),
            quoted(&self.target.cwd.to_string_lossy()),
        );
        self.written += 1;
        let written = self.out.write_all(parts::line(&row).as_bytes());
        written.map_err(|source| ToolError::Write { path: self.path.to_owned(), source })
    }

    fn title(&mut self) -> Result<(), ToolError> {
        let title = quoted(&self.target.title);
        let rest = format!(
            ",\"subtype\":\"custom_title\",\"systemPayload\":{{\"customTitle\":{title},\"titleSource\":\"manual\"}}"
        );
        self.row("system", Some(self.target.now), &rest)
    }
}

fn message(role: &str, parts: &[String]) -> String {
    format!(",\"message\":{{\"role\":\"{role}\",\"parts\":[{}]}}", parts.join(","))
}

/// Tells whether a version sends only the text of a result again: 0.5.2 does,
/// 0.12.0 doesn't.
fn is_old(version: Option<&str>) -> bool {
    let mut numbers = version.unwrap_or_default().split('.').map(|n| n.parse::<u32>().ok());
    matches!((numbers.next().flatten(), numbers.next().flatten()), (Some(0), Some(minor)) if minor < 12)
}

/// A part; `None` for a thought that nobody can read.
fn said(piece: &Piece, turns: &mut Turns<'_>) -> Option<String> {
    Some(match piece {
        Piece::Text(text) => parts::text(text),
        Piece::Thinking(text, ..) if text.trim().is_empty() => {
            turns.losses.add("thoughts that only their maker can read are left out");
            return None;
        }
        Piece::Thinking(text, signature, _) => {
            if signature.is_some() {
                turns.losses.add("thoughts lose the signature by which their maker knows them");
            }
            format!("{{\"text\":{},\"thought\":true}}", quoted(text))
        }
        Piece::Image(media, data) => parts::media(media, data),
        Piece::File(media, _, data) => parts::media(media, data),
    })
}

fn call(call: &Call, target: &Target) -> String {
    parts::function_call(&ids::call(target.seed, call.number), &call.name, &call.input)
}
