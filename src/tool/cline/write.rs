//! Writing: a conversation in the newer layout. The messages and the manifest
//! are enough: a session that the tool's database doesn't know is taken from
//! its manifest (3.0.65).

use std::io::Write;
use std::path::Path;

use super::NAME;
use crate::tool::tasks::said;
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Losses, Plan, Planned, Sink, Target, ToolError, ids, time};

/// The model of a session in which none is named: the tool takes its own.
const NO_MODEL: &str = "unknown";

/// Writes the conversation as a new session below `sessions`.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sessions: &Path,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let folder = sessions.join(&target.native);
    let path = folder.join(format!("{}.messages.json", target.native));
    let mut turns = Turns::begin(conversation)?;
    let mut messages = Messages {
        out: sink.create(&path, 0o600)?,
        path: &path,
        target,
        written: 0,
        last: target.started.saturating_sub(1),
        model: None,
    };
    while let Some(turn) = turns.next()? {
        messages.turn(&turn, &mut turns)?;
    }
    if messages.written == 0 {
        return Err(ToolError::Empty);
    }
    messages.put(b"\n]}\n")?;
    let (last, model) = (messages.last, messages.model);
    let manifest = folder.join(format!("{}.json", target.native));
    let text = manifest_of(target, &path, last, model.as_deref().unwrap_or(NO_MODEL));
    let written = sink.create(&manifest, 0o600)?.write_all(text.as_bytes());
    written.map_err(|source| ToolError::Write { path: manifest.clone(), source })?;
    let mut plan = turns.plan(target, path);
    plan.files.push(Planned::Create(manifest));
    Ok(plan)
}

/// The manifest, without which a session isn't listed.
fn manifest_of(target: &Target, messages: &Path, last: i64, model: &str) -> String {
    let (id, cwd) = (quoted(&target.native), quoted(&target.cwd.to_string_lossy()));
    let (title, path) = (quoted(&target.title), quoted(&messages.to_string_lossy()));
    let branch = target.git_branch.as_ref();
    let git = branch.map(|branch| format!(",\"git\":{{\"branch\":{}}}", quoted(branch))).unwrap_or_default();
    let (started, ended) = (time::format(target.started), time::format(last));
    format!(
        "{{\"version\":1,\"session_id\":{id},\"source\":\"cli\",\"pid\":0,\"started_at\":\"{started}\",\
         \"ended_at\":\"{ended}\",\"exit_code\":0,\"status\":\"completed\",\"interactive\":true,\
         \"provider\":\"{NAME}\",\"model\":{},\"cwd\":{cwd},\"workspace_root\":{cwd},\"enable_tools\":true,\
         \"enable_spawn\":true,\"enable_teams\":true,\"prompt\":{title},\"metadata\":{{\"title\":{title},\
         \"sessionHistoryOrigin\":{{\"mode\":\"user\"}}{git}}},\"messages_path\":{path}}}\n",
        quoted(model)
    )
}

struct Messages<'a> {
    out: &'a mut dyn Write,
    path: &'a Path,
    target: &'a Target,
    written: u64,
    last: i64,
    /// The model that spoke last.
    model: Option<String>,
}

impl Messages<'_> {
    fn turn(&mut self, turn: &Turn, turns: &mut Turns<'_>) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let blocks: Vec<String> =
                    pieces.iter().filter_map(|piece| block(piece, &mut turns.losses)).collect();
                self.message("user", *time, &blocks, "")
            }
            Turn::Model { said, calls, model, time } => {
                self.answer(said, calls, model.as_ref(), *time, &mut turns.losses)
            }
            // A message each, as the tool writes them.
            Turn::Results { results, time } => results.iter().try_for_each(|result| {
                let block = self.result(result, &mut turns.losses);
                self.message("user", *time, &[block], "")
            }),
        }
    }

    fn answer(
        &mut self,
        said: &[Piece],
        calls: &[Call],
        model: Option<&String>,
        time: Option<i64>,
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let mut blocks: Vec<String> = said.iter().filter_map(|piece| block(piece, losses)).collect();
        for call in calls {
            let name = name(&call.name, losses);
            blocks.push(said::call(&ids::call(self.target.seed, call.number), &name, &call.input));
        }
        if blocks.is_empty() {
            return Ok(());
        }
        if self.written == 0 {
            losses.add(said::NO_BEGINNING);
            self.message("user", time, &[said::text(said::BEGINNING)], "")?;
        }
        if model.is_some() {
            self.model = model.cloned();
        }
        let info =
            model.map(|model| format!(",\"modelInfo\":{{\"id\":{},\"provider\":\"{NAME}\"}}", quoted(model)));
        self.message("assistant", time, &blocks, &info.unwrap_or_default())
    }

    /// A result. One without a name fails the whole turn (3.0.65).
    fn result(&self, result: &Answer, losses: &mut Losses) -> String {
        let mut content = quoted(&result.text);
        if !result.images.is_empty() {
            let words = Some(said::text(&result.text)).filter(|_| !result.text.is_empty());
            let pictures = result.images.iter().map(|(media, data)| picture(media, data, losses));
            content = format!("[{}]", words.into_iter().chain(pictures).collect::<Vec<_>>().join(","));
        }
        let failed = if result.failed { ",\"is_error\":true" } else { "" };
        format!(
            "{{\"type\":\"tool_result\",\"tool_use_id\":{},\"name\":{},\"content\":{content}{failed}}}",
            quoted(&ids::call(self.target.seed, result.number)),
            quoted(&said::name(&result.name)),
        )
    }

    /// Writes a message after the one before it. `rest` are its further members.
    fn message(
        &mut self,
        role: &str,
        time: Option<i64>,
        blocks: &[String],
        rest: &str,
    ) -> Result<(), ToolError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let next = self.last.saturating_add(1);
        self.last = time.map_or(next, |time| time.max(next));
        if self.written == 0 {
            self.head()?;
        }
        let begin = if self.written == 0 { "\n" } else { ",\n" };
        let row = format!(
            "{begin}{{\"id\":\"{}\",\"role\":\"{role}\",\"content\":[{}],\"ts\":{}{rest}}}",
            ids::uuid(self.target.seed, self.written),
            blocks.join(","),
            self.last
        );
        self.written += 1;
        self.put(row.as_bytes())
    }

    fn head(&mut self) -> Result<(), ToolError> {
        let (id, now) = (quoted(&self.target.native), time::format(self.target.now));
        let head = format!(
            "{{\"version\":1,\"updated_at\":\"{now}\",\"agent\":\"lead\",\"sessionId\":{id},\
             \"origin\":{{\"source\":\"cli\",\"mode\":\"user\",\"sessionId\":{id}}},\"messages\":["
        );
        self.put(head.as_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        let written = self.out.write_all(bytes);
        written.map_err(|source| ToolError::Write { path: self.path.to_owned(), source })
    }
}

fn name(name: &str, losses: &mut Losses) -> String {
    let plain = said::name(name);
    if plain != name {
        losses.add(said::NAME);
    }
    plain
}

/// A piece as a block; `None` for a thought that nobody can read.
fn block(piece: &Piece, losses: &mut Losses) -> Option<String> {
    Some(match piece {
        Piece::Text(text) => said::text(text),
        Piece::Image(media, data) => picture(media, data, losses),
        Piece::File(media, name, data) if media.starts_with("text/") && !data.contains("://") => {
            let (name, data) = (quoted(name), quoted(data));
            format!("{{\"type\":\"file\",\"path\":{name},\"content\":{data}}}")
        }
        Piece::File(_, name, _) => {
            losses.add(said::DOCUMENT);
            said::document(name)
        }
        Piece::Thinking(text, signature, tool) => {
            let own = signature.as_ref().filter(|_| tool == NAME);
            if own.is_none() && text.trim().is_empty() {
                losses.add("thoughts that only their maker can read are left out");
                return None;
            }
            if own.is_none() && signature.is_some() {
                losses.add("thoughts lose the signature by which their maker knows them");
            }
            let proof = own.map(|signature| format!(",\"signature\":{}", quoted(signature)));
            format!("{{\"type\":\"thinking\",\"thinking\":{}{}}}", quoted(text), proof.unwrap_or_default())
        }
    })
}

fn picture(media: &str, data: &str, losses: &mut Losses) -> String {
    if !said::is_picture(media, data) {
        losses.add(said::PICTURE);
        return said::no_picture(data);
    }
    format!("{{\"type\":\"image\",\"data\":{},\"mediaType\":{}}}", quoted(data), quoted(media))
}
