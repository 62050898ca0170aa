//! Writing: a conversation as a task folder.
//!
//! Calls and results are blocks of the Messages API, as the extensions store
//! those of models that make calls. Their own order is kept to: an answer,
//! then one message with the results of its calls.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::said;
use super::{HISTORY, SHOWN};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Plan, Planned, Sink, Target, ToolError, ids};

/// How much of what is shown is gathered, in bytes.
const SHOWN_MAX: usize = 16 << 20;

/// Whose task it is.
#[derive(Clone, Debug)]
pub(in crate::tool) enum Dialect {
    /// Cline up to 2.x: an index names all tasks.
    Cline {
        /// The index.
        history: PathBuf,
    },
    /// Roo Code: a small file in the task names it.
    Roo,
}

/// Writes the conversation as a new task below `storage`.
pub(in crate::tool) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    storage: &Path,
    dialect: &Dialect,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let native = match dialect {
        Dialect::Cline { .. } => target.now.to_string(),
        Dialect::Roo => target.native.clone(),
    };
    let folder = storage.join(super::TASKS).join(&native);
    let path = folder.join(HISTORY);
    let mut turns = Turns::begin(conversation)?;
    let mut task = Task {
        out: sink.create(&path, 0o600)?,
        path: &path,
        target,
        dialect,
        written: 0,
        last: target.started.saturating_sub(1),
        shown: Vec::new(),
    };
    while let Some(turn) = turns.next()? {
        task.turn(&turn, &mut turns)?;
    }
    if task.written == 0 {
        return Err(ToolError::Empty);
    }
    task.put(b"]")?;
    let (shown, last) = (task.shown, task.last);
    let mut files = vec![Planned::Create(path.clone())];
    let mut add = |name: &str, bytes: &[u8]| -> Result<(), ToolError> {
        let path = folder.join(name);
        let written = sink.create(&path, 0o600)?.write_all(bytes);
        written.map_err(|source| ToolError::Write { path: path.clone(), source })?;
        files.push(Planned::Create(path));
        Ok(())
    };
    add(SHOWN.first().copied().unwrap_or_default(), &[b"[".as_slice(), &shown, b"]"].concat())?;
    match dialect {
        Dialect::Cline { history } => {
            add(
                "task_metadata.json",
                br#"{"files_in_context":[],"model_usage":[],"environment_history":[]}"#,
            )?;
            files.push(index(history, &cline_item(target, &native, last), sink)?);
        }
        Dialect::Roo => add("history_item.json", roo_item(target, last).as_bytes())?,
    }
    Ok(Plan { native, files, ..turns.plan(target, path) })
}

/// The entry of a task in Cline's index.
fn cline_item(target: &Target, native: &str, last: i64) -> String {
    let (title, cwd) = (quoted(&target.title), quoted(&target.cwd.to_string_lossy()));
    format!(
        "{{\"id\":\"{native}\",\"ts\":{last},\"task\":{title},\"tokensIn\":0,\"tokensOut\":0,\"cacheWrites\":0,\
         \"cacheReads\":0,\"totalCost\":0,\"size\":0,\"cwdOnTaskInitialization\":{cwd},\"isFavorited\":false}}"
    )
}

/// What a task of Roo Code says of itself.
fn roo_item(target: &Target, last: i64) -> String {
    let (title, cwd) = (quoted(&target.title), quoted(&target.cwd.to_string_lossy()));
    format!(
        "{{\"id\":{},\"number\":1,\"ts\":{last},\"task\":{title},\"tokensIn\":0,\"tokensOut\":0,\"totalCost\":0,\
         \"workspace\":{cwd},\"mode\":\"code\"}}",
        quoted(&target.native)
    )
}

/// Adds an entry to an index, which is created if it isn't there.
fn index(path: &Path, item: &str, sink: &mut dyn Sink) -> Result<Planned, ToolError> {
    let failed = |source| ToolError::Write { path: path.to_owned(), source };
    let was = match std::fs::read(path) {
        Ok(was) => was,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            sink.create(path, 0o600)?.write_all(format!("[{item}]").as_bytes()).map_err(failed)?;
            return Ok(Planned::Create(path.to_owned()));
        }
        Err(e) => return Err(failed(e)),
    };
    let bytes = was.trim_ascii_end();
    let Some(head) = bytes.strip_suffix(b"]").filter(|_| bytes.trim_ascii_start().starts_with(b"[")) else {
        return Err(failed(std::io::ErrorKind::InvalidData.into()));
    };
    let comma: &[u8] = if head.trim_ascii() == b"[" { b"" } else { b"," };
    let now = [head, comma, item.as_bytes(), b"]"].concat();
    Ok(Planned::Rewrite { path: path.to_owned(), was, now })
}

struct Task<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
    target: &'a Target,
    dialect: &'a Dialect,
    written: u64,
    last: i64,
    /// The entries of what is shown, with commas between.
    shown: Vec<u8>,
}

impl Task<'_> {
    fn turn(&mut self, turn: &Turn, turns: &mut Turns<'_>) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let mut blocks = Vec::new();
                for piece in pieces {
                    blocks.push(self.heard(piece, turns));
                }
                self.message("user", *time, &blocks, None)?;
                let kind = match (self.written, self.dialect) {
                    (1, Dialect::Cline { .. }) => "task",
                    (1, Dialect::Roo) => "text",
                    _ => "user_feedback",
                };
                for text in pieces.iter().filter_map(spoken) {
                    self.show(kind, text);
                }
            }
            Turn::Model { said, calls, model, time } => {
                self.model(said, calls, model.as_deref(), *time, turns)?
            }
            Turn::Results { results, time } => {
                let blocks: Vec<String> = results.iter().map(|result| self.result(result, turns)).collect();
                self.message("user", *time, &blocks, None)?;
            }
        }
        Ok(())
    }

    fn model(
        &mut self,
        said: &[Piece],
        calls: &[Call],
        model: Option<&str>,
        time: Option<i64>,
        turns: &mut Turns<'_>,
    ) -> Result<(), ToolError> {
        let mut blocks = Vec::new();
        for piece in said {
            blocks.extend(told(piece, turns));
        }
        for call in calls {
            let name = said::name(&call.name);
            if name != call.name {
                turns.losses.add(said::NAME);
            }
            blocks.push(said::call(&ids::call(self.target.seed, call.number), &name, &call.input));
        }
        if blocks.is_empty() {
            return Ok(());
        }
        if self.written == 0 {
            turns.losses.add(said::NO_BEGINNING);
            self.message("user", time, &[said::text(said::BEGINNING)], None)?;
            self.show("text", said::BEGINNING);
        }
        self.message("assistant", time, &blocks, model)?;
        for text in said.iter().filter_map(spoken) {
            self.show("text", text);
        }
        for call in calls {
            self.show("text", &format!("`{}` {}", call.name, call.input));
        }
        Ok(())
    }

    /// What the user says, wrapped as the extension wraps it.
    fn heard(&self, piece: &Piece, turns: &mut Turns<'_>) -> String {
        match piece {
            Piece::Text(words) => {
                let tag = match self.dialect {
                    Dialect::Cline { .. } if self.written == 0 => "task",
                    Dialect::Cline { .. } => "feedback",
                    Dialect::Roo => "user_message",
                };
                said::text(&format!("<{tag}>\n{words}\n</{tag}>"))
            }
            piece => told(piece, turns).unwrap_or_else(|| said::text("[thought]")),
        }
    }

    fn result(&self, result: &Answer, turns: &mut Turns<'_>) -> String {
        let id = quoted(&ids::call(self.target.seed, result.number));
        let mut content = quoted(&result.text);
        // The API takes no pictures in errors.
        let mut blocks = Vec::new();
        for (media, data) in &result.images {
            let fits = said::is_picture(media, data) && !result.failed;
            blocks.push(picture(media, data, fits, turns));
        }
        if !blocks.is_empty() {
            if !result.text.trim().is_empty() {
                blocks.insert(0, said::text(&result.text));
            }
            content = format!("[{}]", blocks.join(","));
        } else if result.failed && result.text.trim().is_empty() {
            content = "\"[error]\"".to_owned();
        }
        let failed = if result.failed { ",\"is_error\":true" } else { "" };
        format!("{{\"type\":\"tool_result\",\"tool_use_id\":{id},\"content\":{content}{failed}}}")
    }

    fn message(
        &mut self,
        role: &str,
        time: Option<i64>,
        blocks: &[String],
        model: Option<&str>,
    ) -> Result<(), ToolError> {
        let next = self.last.saturating_add(1);
        self.last = time.map_or(next, |time| time.max(next));
        let begin = if self.written == 0 { "[" } else { "," };
        let model = match (self.dialect, model) {
            (Dialect::Cline { .. }, Some(model)) => {
                format!(
                    ",\"modelInfo\":{{\"modelId\":{},\"providerId\":\"\",\"mode\":\"act\"}}",
                    quoted(model)
                )
            }
            _ => String::new(),
        };
        self.written += 1;
        let (content, ts) = (blocks.join(","), self.last);
        let row = format!("{begin}{{\"role\":\"{role}\",\"content\":[{content}],\"ts\":{ts}{model}}}");
        self.put(row.as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        let written = self.out.write_all(bytes);
        written.map_err(|source| ToolError::Write { path: self.path.to_owned(), source })
    }

    fn show(&mut self, kind: &str, text: &str) {
        if self.shown.len() + text.len() > SHOWN_MAX {
            return;
        }
        if !self.shown.is_empty() {
            self.shown.push(b',');
        }
        let row =
            format!("{{\"ts\":{},\"type\":\"say\",\"say\":\"{kind}\",\"text\":{}}}", self.last, quoted(text));
        self.shown.extend_from_slice(row.as_bytes());
    }
}

/// The words of a piece.
fn spoken(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::Text(text) => Some(text),
        _ => None,
    }
}

/// A piece as a block; `None` for a thought.
fn told(piece: &Piece, turns: &mut Turns<'_>) -> Option<String> {
    Some(match piece {
        Piece::Text(text) => said::text(text),
        Piece::Image(media, data) => picture(media, data, said::is_picture(media, data), turns),
        Piece::File(_, name, _) => {
            turns.losses.add(said::DOCUMENT);
            said::document(name)
        }
        Piece::Thinking(..) => {
            turns.losses.add("thoughts are left out");
            return None;
        }
    })
}

fn picture(media: &str, data: &str, fits: bool, turns: &mut Turns<'_>) -> String {
    if !fits {
        turns.losses.add(said::PICTURE);
        return said::no_picture(data);
    }
    let (media, data) = (quoted(media), quoted(data));
    format!(
        "{{\"type\":\"image\",\"source\":{{\"type\":\"base64\",\"media_type\":{media},\"data\":{data}}}}}"
    )
}
