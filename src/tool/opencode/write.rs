//! Writing: a conversation in the form of the tool's own exports, which its
//! `import` takes in.
//!
//! Ids hold times and must ascend: the tool sorts by them. What every verified version
//! insists on is written, and nothing else; a message is written as soon as it is whole.

use std::io::Write;
use std::path::PathBuf;

use super::family::Family;
use super::ids::Ids;
use super::model::{self, Model};
use super::parts::Parts;
use crate::tool::fit::NO_BEGINNING;
use crate::tool::turns::{Turn, Turns, quoted};
use crate::tool::{Conversation, Import, Plan, Sink, Target, ToolError};

/// The project of directories that are in no repository.
const NO_PROJECT: &str = "global";
/// The model where none is known.
const FALLBACK: &str = "unknown/unknown";
/// Another tool's tokens were counted with other instructions around.
const TOKENS: &str = r#"{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}}"#;

/// Writes the conversation, to be imported.
pub(in crate::tool) fn write(
    family: &Family,
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::new(conversation);
    let Some(mut turn) = turns.next()? else { return Err(ToolError::Empty) };
    let path = target.scratch.join("session.json");
    let out = sink.create(&path, 0o600)?;
    let ids = Ids::new(target.seed, target.now);
    let session = ids.session(target.now);
    let user = model::of_user(family, &target.places, &target.cwd);
    let mut writer = Writer { family, target, out, path, ids, session, user, prompt: None, written: 0 };
    writer.head()?;
    loop {
        let mut next = turns.next()?;
        // Results stand in the parts of their calls.
        let results = match next {
            Some(Turn::Results { .. }) => std::mem::replace(&mut next, turns.next()?),
            _ => None,
        };
        writer.turn(turn, results, &mut turns)?;
        match next {
            Some(following) => turn = following,
            None => break,
        }
    }
    writer.put(b"]}\n")?;
    let Writer { path, session, .. } = writer;
    let import = [family.name.to_owned(), "import".to_owned(), path.to_string_lossy().into_owned()];
    Ok(Plan {
        path: family.database(&target.places),
        native: session,
        imports: vec![Import { command: import.to_vec(), uploads_to: None }],
        ..turns.plan(target, path)
    })
}

struct Writer<'a> {
    family: &'a Family,
    target: &'a Target,
    out: &'a mut dyn Write,
    path: PathBuf,
    ids: Ids,
    session: String,
    /// The model that the user has, if known.
    user: Option<Model>,
    /// The last prompt.
    prompt: Option<String>,
    written: u64,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        self.out.write_all(bytes).map_err(|source| ToolError::Write { path: self.path.clone(), source })
    }

    fn head(&mut self) -> Result<(), ToolError> {
        let target = self.target;
        // Versions up to 1.2.1 insist on the right one; later ones find it themselves.
        let project = model::project(self.family, &target.places, &target.cwd);
        let version = target.version.as_deref().or(self.family.verified.first().copied()).unwrap_or_default();
        let started = target.started.min(target.now);
        let head = format!(
            "{{\"info\":{{\"id\":{id},\"slug\":\"sfs-{slug}\",\"projectID\":{},\"directory\":{},\"title\":{},\"version\":{},\
             \"time\":{{\"created\":{started},\"updated\":{}}}}},\"messages\":[",
            quoted(project.as_deref().unwrap_or(NO_PROJECT)),
            quoted(&target.cwd.to_string_lossy()),
            quoted(&target.title),
            quoted(version),
            target.now,
            id = quoted(&self.session),
            slug = target.native.get(..8).unwrap_or_default(),
        );
        self.put(head.as_bytes())
    }

    fn turn(&mut self, turn: Turn, results: Option<Turn>, turns: &mut Turns<'_>) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let mut parts = self.begin(time);
                pieces.into_iter().for_each(|piece| parts.said_by_user(piece, &mut turns.losses));
                self.user_message(parts)
            }
            Turn::Model { said, calls, model, time } => {
                if self.prompt.is_none() {
                    turns.losses.add("the conversation begins with an answer: a prompt is put before it");
                    let mut parts = self.begin(time);
                    parts.text(NO_BEGINNING);
                    self.user_message(parts)?;
                }
                let (results, end) = match results {
                    Some(Turn::Results { results, time }) => (results, time),
                    _ => (Vec::new(), None),
                };
                let mut parts = self.begin(time);
                for piece in said {
                    parts.said_by_model(piece, model.as_deref(), &mut turns.losses);
                }
                let tools = !calls.is_empty();
                for (call, result) in calls.into_iter().zip(results) {
                    parts.call(call, result, end, &mut turns.losses);
                }
                self.model_message(parts, model.as_deref(), tools)
            }
            // Always taken together with the calls before.
            Turn::Results { .. } => Ok(()),
        }
    }

    /// Begins a message.
    fn begin(&self, time: Option<i64>) -> Parts {
        let time = time.unwrap_or(self.target.started).min(self.target.now);
        Parts::new(self.ids, &self.session, self.target.seed, time)
    }

    fn user_message(&mut self, parts: Parts) -> Result<(), ToolError> {
        if parts.is_empty() {
            return Ok(());
        }
        let model = self.user.clone().unwrap_or_else(|| Model::of_name(FALLBACK));
        let info = format!(
            "\"role\":\"user\",\"time\":{{\"created\":{}}},\"agent\":\"{}\",\"model\":{{\"providerID\":{},\"modelID\":{}}}",
            parts.time,
            self.family.agent,
            quoted(&model.provider),
            quoted(&model.name),
        );
        self.prompt = Some(parts.id.clone());
        self.message(&info, parts)
    }

    fn model_message(&mut self, mut parts: Parts, model: Option<&str>, calls: bool) -> Result<(), ToolError> {
        if parts.is_empty() {
            return Ok(());
        }
        let reason = if calls { "tool-calls" } else { "stop" };
        parts.part("step-finish", &format!(",\"reason\":\"{reason}\",\"cost\":0,\"tokens\":{TOKENS}"));
        let named = model.map(Model::of_name).or_else(|| self.user.clone());
        let model = named.unwrap_or_else(|| Model::of_name(FALLBACK));
        let (cwd, agent) = (quoted(&self.target.cwd.to_string_lossy()), self.family.agent);
        let info = format!(
            "\"role\":\"assistant\",\"time\":{{\"created\":{},\"completed\":{}}},\"parentID\":\"{}\",\"modelID\":{},\
             \"providerID\":{},\"mode\":\"{agent}\",\"agent\":\"{agent}\",\"path\":{{\"cwd\":{cwd},\"root\":{cwd}}},\
             \"cost\":0,\"tokens\":{TOKENS},\"finish\":\"{reason}\"",
            parts.time,
            parts.end,
            self.prompt.as_deref().unwrap_or_default(),
            quoted(&model.name),
            quoted(&model.provider),
        );
        self.message(&info, parts)
    }

    fn message(&mut self, info: &str, parts: Parts) -> Result<(), ToolError> {
        self.ids = parts.ids;
        let comma = if self.written == 0 { "" } else { "," };
        self.written += 1;
        let info = format!("\"id\":\"{}\",\"sessionID\":\"{}\",{info}", parts.id, self.session);
        let message = format!("{comma}\n{{\"info\":{{{info}}},\"parts\":[{}]}}", parts.into_json());
        self.put(message.as_bytes())
    }
}
