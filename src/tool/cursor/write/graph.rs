//! The graph that is written.

use std::collections::HashSet;

use super::super::blobs::BlobId;
use super::super::wire::Message;
use crate::tool::Target;
use crate::tool::digest::sha256;
use crate::tool::uri;

/// The mode of an agent that may use all tools, `AGENT_MODE_AGENT`.
const MODE: u64 = 1;

/// Blobs, and what the root will name.
#[derive(Debug, Default)]
pub(super) struct Graph {
    blobs: Vec<(BlobId, Vec<u8>)>,
    known: HashSet<BlobId>,
    prompts: Vec<BlobId>,
    turns: Vec<BlobId>,
    /// The turn that is open: its prompt and its steps.
    turn: Option<(BlobId, Vec<BlobId>)>,
}

/// A graph that is done.
#[derive(Debug)]
pub(super) struct Done {
    /// All blobs, the root among them.
    pub(super) blobs: Vec<(BlobId, Vec<u8>)>,
    /// The name of the root.
    pub(super) root: BlobId,
}

impl Graph {
    fn add(&mut self, bytes: Vec<u8>) -> BlobId {
        let id = sha256(&bytes);
        if self.known.insert(id) {
            self.blobs.push((id, bytes));
        }
        id
    }

    /// Adds a message that the model is given, as JSON.
    pub(super) fn message(&mut self, json: String) {
        let id = self.add(json.into_bytes());
        self.prompts.push(id);
    }

    /// Begins a turn with what the user said, under a UUID.
    pub(super) fn turn(&mut self, said: &str, id: &str) {
        self.end_turn();
        let message = Message::new().bytes(1, said).bytes(2, id).number(4, MODE);
        let prompt = self.add(message.into_bytes());
        self.turn = Some((prompt, Vec::new()));
    }

    /// Whether a turn is open.
    pub(super) fn in_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// Adds a step to the open turn: an `agent.v1.ConversationStep`.
    pub(super) fn step(&mut self, step: Message) {
        let id = self.add(step.into_bytes());
        if let Some((_, steps)) = &mut self.turn {
            steps.push(id);
        }
    }

    fn end_turn(&mut self) {
        let Some((prompt, steps)) = self.turn.take() else { return };
        let turn = steps.iter().fold(Message::new().bytes(1, prompt), |turn, step| turn.bytes(2, step));
        let id = self.add(Message::new().bytes(1, turn).into_bytes());
        self.turns.push(id);
    }

    /// Adds the root. Its fields come by number, as the tool writes them.
    pub(super) fn finish(mut self, target: &Target) -> Done {
        self.end_turn();
        let root = self.prompts.iter().fold(Message::new(), |root, id| root.bytes(1, id));
        let root = self.turns.iter().fold(root, |root, id| root.bytes(8, id));
        let started = u64::try_from(target.started).unwrap_or_default();
        let folder = uri::of(&target.cwd.to_string_lossy());
        let root = self.add(root.bytes(9, folder).number(10, MODE).number(26, started).into_bytes());
        Done { blobs: self.blobs, root }
    }
}
