//! Small stores for the tests of the verbs.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Env, line, source};
use crate::object::commit::Counts;
use crate::object::{Action, Block, Body, Commit, Id, Input, Message, Part, Role, Status, Text, Usage};
use crate::store::refs::{About, Edit, RefValue, Source};
use crate::store::{Actor, Batch, Store};

/// A store in a folder that goes with it.
pub(crate) struct Sample {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) env: Env,
    clock: i64,
}

/// A text in place.
pub(crate) fn text(words: &str) -> Text {
    Text::Inline(words.as_bytes().to_vec())
}

/// A message of one text.
pub(crate) fn says(role: Role, words: &str) -> Message {
    Message { role, blocks: vec![Block::Text(text(words))] }
}

/// A call of a shell.
pub(crate) fn calls(command: &str) -> Message {
    let mut literal = b"{\"command\":".to_vec();
    literal.extend(serde_json::to_vec(command).unwrap());
    literal.push(b'}');
    let input = Input::Json(crate::object::message::Json { literal, holes: Vec::new() });
    let block = Block::Call { name: "Bash".into(), action: Action::Shell, input };
    Message { role: Role::Assistant, blocks: vec![block] }
}

/// What came of the last call.
pub(crate) fn gives(words: &str, status: Status) -> Message {
    let block = Block::Result { call: Some(0), status, parts: vec![Part::Text(text(words))] };
    Message { role: Role::User, blocks: vec![block] }
}

impl Sample {
    pub(crate) fn new() -> Sample {
        let dir = tempfile::tempdir().unwrap();
        let cwd = dir.path().canonicalize().unwrap().join("project");
        std::fs::create_dir(&cwd).unwrap();
        let store = Store::open_or_create(&dir.path().join("store"), Id::ZERO).unwrap();
        let env = Env { cwd, user: "u".into(), host: "h".into(), now: 1000, ..Env::default() };
        Sample { dir, store, env, clock: 0 }
    }

    /// The id of a session.
    pub(crate) fn id(native: &str) -> Id {
        Source::key("tool", native, "")
    }

    /// Puts commits after `parent`, a turn for each prompt, an answer each.
    pub(crate) fn turns(&mut self, parent: Option<Id>, prompts: &[&str]) -> Id {
        let mut tip = parent;
        for prompt in prompts {
            tip = Some(self.commit(tip, Some(prompt), Some(says(Role::User, prompt)), &[]));
            let answer = says(Role::Assistant, &format!("answer to {prompt}"));
            tip = Some(self.commit(tip, None, Some(answer), &[]));
        }
        tip.unwrap()
    }

    /// Puts one commit.
    pub(crate) fn commit(
        &mut self,
        parent: Option<Id>,
        title: Option<&str>,
        message: Option<Message>,
        files: &[&str],
    ) -> Id {
        let before = parent.map(|id| (id, self.store.commit(&id).unwrap()));
        let counts = before.as_ref().map(|(_, c)| c.counts).unwrap_or_default();
        let turn = before.and_then(|(id, c)| if c.begins_turn() { Some(id) } else { c.turn });
        self.clock += 1;
        let spoke = message.as_ref().is_some_and(|m| m.role == Role::Assistant);
        let usage = if spoke { Usage { input: 10, output: 5, ..Usage::default() } } else { Usage::default() };
        let known = parent.filter(|_| title.is_none()).map(|id| line::touched(&self.store, id).unwrap());
        let known = known.unwrap_or_default();
        let fresh: HashSet<&str> =
            files.iter().copied().filter(|f| !f.is_empty() && !known.contains(*f)).collect();
        let commit = Commit {
            parents: parent.into_iter().collect(),
            turn: turn.filter(|_| title.is_none()),
            time: Some(self.clock),
            tool: "tool".into(),
            model: spoke.then(|| "model-1".into()),
            title: title.map(str::to_owned),
            usage,
            files: files.iter().map(|f| (*f).to_owned()).collect(),
            counts: Counts {
                commits: counts.commits + 1,
                messages: counts.messages + u64::from(message.is_some()),
                turns: counts.turns + u64::from(title.is_some()),
                calls: counts.calls + message.as_ref().map_or(0, Message::calls),
                files: counts.files + fresh.len() as u64,
                usage: counts.usage.plus(&usage),
            },
            ..Commit::default()
        };
        let mut batch = Batch::default();
        let body = Body { message, ..Body::default() };
        let (id, _) = batch.put_commit(&self.store, commit, body).unwrap();
        self.store.apply(batch, Vec::new(), &Actor::default()).unwrap();
        id
    }

    /// Lets time pass until a moment.
    pub(crate) fn pass(&mut self, to: i64) {
        self.clock = to;
    }

    /// Sets a ref.
    pub(crate) fn set(&mut self, name: &str, value: RefValue) {
        let edit =
            Edit { name: name.to_owned(), expect: self.store.refs().get(name).cloned(), new: Some(value) };
        let actor = Actor { command: "capture".into(), ..self.env.actor() };
        self.store.apply(Batch::default(), vec![edit], &actor).unwrap();
    }

    /// Makes a commit the tip of a session's branch, as capture does.
    pub(crate) fn head(&mut self, native: &str, label: &str, tip: Id) {
        self.set(&format!("head/{}/{label}", Sample::id(native)), RefValue::Commit(tip));
    }

    /// A session in the directory `cwd` whose main line is at `tip`.
    pub(crate) fn session(&mut self, native: &str, cwd: PathBuf, tip: Id) -> Id {
        let commit = self.store.commit(&tip).unwrap();
        let id = Sample::id(native);
        let about = About {
            first_prompt: Some(format!("prompt of {native}")),
            cwd: Some(cwd.to_string_lossy().into_owned()),
            model: Some("model-1".into()),
            created: Some(1),
            updated: commit.time,
            counts: commit.counts,
            label: "main".into(),
            ..About::default()
        };
        let source = Source {
            session: id,
            tool: "tool".into(),
            native: native.into(),
            place: format!("{native}.jsonl"),
            file: Some(tip),
            head: Some(tip),
            about,
            ..Source::default()
        };
        self.set(&source::ref_name(&id), RefValue::from(source));
        self.head(native, "main", tip);
        id
    }

    /// Another file of a session, of a subagent if it has a parent.
    pub(crate) fn part(&mut self, native: &str, part: &str, parent: Option<&str>, tip: Id) {
        let commit = self.store.commit(&tip).unwrap();
        let about = About {
            updated: commit.time,
            counts: commit.counts,
            label: part.into(),
            parent: parent.map(str::to_owned),
            ..About::default()
        };
        let source = Source {
            session: Sample::id(native),
            tool: "tool".into(),
            native: native.into(),
            part: part.into(),
            file: Some(tip),
            head: Some(tip),
            about,
            ..Source::default()
        };
        let key = Source::key("tool", native, part);
        self.set(&source::ref_name(&key), RefValue::from(source));
        self.head(native, part, tip);
    }
}
