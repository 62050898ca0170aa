//! The order of the rows of a conversation.
//!
//! It must not change when more is said: what is put before a message depends
//! on it and on what came before it alone.
//!
//! * Messages of the graph stand in the order of the story.
//! * The bubbles that show a message stand before it, and with it those before
//!   them. They are known by the id of the request, of a call, or by their words.
//! * A turn's own blobs stand before the prompt of the next turn, for until
//!   then they change.
//!
//! What has no place yet is left for the frame.

use std::collections::HashSet;

use super::blobs::{Blob, BlobId, Blobs};
use super::root::Root;
use super::{bubble, message};
use crate::object::json::Tape;

/// A bubble, as far as it must be known to find its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Bubble {
    /// The line of its row.
    pub(super) line: Vec<u8>,
    /// Rows that belong to it, known for certain when the next turn begins.
    pub(super) with: Vec<Vec<u8>>,
    pub(super) user: bool,
    /// Whether it is still written on.
    pub(super) open: bool,
    text: String,
    request: Option<String>,
    call: Option<String>,
}

impl Bubble {
    /// A bubble of a row whose value is `json`.
    pub(super) fn of(line: Vec<u8>, json: &[u8]) -> Bubble {
        let mut tape = Tape::default();
        if tape.read(json).is_none() {
            return Bubble { line, ..Bubble::default() };
        }
        let value = tape.root(json);
        let call = value.get("toolFormerData").and_then(|call| call.string("toolCallId"));
        Bubble {
            line,
            with: Vec::new(),
            user: bubble::is_user(value),
            open: bubble::is_open(value),
            text: value.string("text").unwrap_or_default().trim().to_owned(),
            request: value.string("requestId").filter(|id| !id.is_empty()),
            call: call.filter(|id| !id.is_empty()),
        }
    }
}

/// Rows in order, and those without a place yet.
#[derive(Debug, Default)]
pub(super) struct Woven {
    pub(super) records: Vec<Vec<u8>>,
    pub(super) rest: Vec<Vec<u8>>,
}

/// The order of a conversation that has only bubbles. Those that are still
/// written on are held back, with all after them, as long as no turn follows.
pub(super) fn bubbles(bubbles: Vec<Bubble>, busy: bool) -> Woven {
    let turn = bubbles.iter().rposition(|bubble| bubble.user).unwrap_or(0);
    let last = bubbles.len().saturating_sub(1);
    let held = bubbles
        .iter()
        .enumerate()
        .position(|(at, bubble)| at >= turn && (bubble.open || busy && at == last && !bubble.user));
    let mut queue = Queue { bubbles, ..Queue::default() };
    queue.take_to(held.unwrap_or(last + 1));
    queue.finish()
}

/// The order of a conversation with a graph and, in the IDE, bubbles.
pub(super) fn graph(root: &Root, blobs: &Blobs, bubbles: Vec<Bubble>) -> Woven {
    let story = root.story(blobs);
    let told: HashSet<BlobId> = story.iter().copied().collect();
    let mut queue = Queue { bubbles, ..Queue::default() };
    queue.earlier(&story, blobs);
    let mut turns = Turns { root, blobs, told: &told, next: 0, done: HashSet::new() };
    let (mut prompts, mut tape) = (0, Tape::default());
    for (at, blob) in story.iter().filter_map(|id| blobs.get(id)).enumerate() {
        if at == 0 {
            // Bubbles before the first message would speak.
            queue.woven.records.push(blob.line.clone());
        }
        if tape.read(&blob.bytes).is_some() {
            let value = tape.root(&blob.bytes);
            let said = message::prompt(value);
            if said.is_some() {
                turns.finished(prompts, &mut queue.woven.records);
                prompts += 1;
            }
            let shown = Shown {
                prompt: said,
                request: message::request(value),
                calls: message::calls(value),
                texts: message::strings(value),
            };
            queue.show(&shown);
        }
        if at > 0 {
            queue.woven.records.push(blob.line.clone());
        }
    }
    let mut woven = queue.finish();
    for id in blobs.order().iter().filter(|id| !told.contains(*id) && !turns.done.contains(*id)) {
        woven.rest.extend(blobs.get(id).map(|blob| blob.line.clone()));
    }
    woven
}

/// The blobs of turns.
struct Turns<'a> {
    root: &'a Root,
    blobs: &'a Blobs,
    told: &'a HashSet<BlobId>,
    next: usize,
    done: HashSet<BlobId>,
}

impl Turns<'_> {
    /// Gives the blobs of the first `count` turns that were not given yet.
    /// Messages are told in their own place, or are no part of the story now.
    fn finished(&mut self, count: usize, records: &mut Vec<Vec<u8>>) {
        while self.next < count {
            let Some(turn) = self.root.turns.get(self.next) else { return };
            self.next += 1;
            let (told, done) = (self.told, &self.done);
            let mut skip =
                |id: &BlobId, blob: &Blob| told.contains(id) || done.contains(id) || is_message(&blob.bytes);
            for id in self.blobs.below(turn, &mut skip) {
                self.done.insert(id);
                records.extend(self.blobs.get(&id).map(|blob| blob.line.clone()));
            }
        }
    }
}

fn is_message(bytes: &[u8]) -> bool {
    let mut tape = Tape::default();
    bytes.first() == Some(&b'{') && tape.read(bytes).is_some() && message::is_message(tape.root(bytes))
}

/// What tells the bubbles of a message.
struct Shown {
    prompt: Option<String>,
    request: Option<String>,
    calls: Vec<String>,
    texts: Vec<String>,
}

/// Bubbles that wait for their place.
#[derive(Default)]
struct Queue {
    bubbles: Vec<Bubble>,
    at: usize,
    /// Up to which bubble the rows that belong to them were given.
    with: usize,
    woven: Woven,
}

impl Queue {
    /// Gives the bubbles before `end`.
    fn take_to(&mut self, end: usize) {
        while self.at < end.min(self.bubbles.len()) {
            let Some(bubble) = self.bubbles.get_mut(self.at) else { return };
            let (user, line) = (bubble.user, std::mem::take(&mut bubble.line));
            if user {
                self.take_with(self.at);
            }
            self.woven.records.push(line);
            self.at += 1;
        }
    }

    /// Gives the rows that belong to the bubbles before `end`.
    fn take_with(&mut self, end: usize) {
        for bubble in self.bubbles.get_mut(self.with..end).unwrap_or_default() {
            self.woven.records.append(&mut bubble.with);
        }
        self.with = end.max(self.with);
    }

    /// Gives the bubbles of turns from before there was a graph: they come
    /// before the first message of it, which is how they are known to speak.
    fn earlier(&mut self, story: &[BlobId], blobs: &Blobs) {
        let mut tape = Tape::default();
        let first = story.iter().filter_map(|id| blobs.get(id)).find_map(|blob| {
            tape.read(&blob.bytes)?;
            let value = tape.root(&blob.bytes);
            Some((message::prompt(value)?, message::request(value)))
        });
        let Some((words, request)) = first else { return };
        let begins = self.bubbles.iter().position(|bubble| bubble.user && matches(bubble, &words, &request));
        if let Some(at) = begins.filter(|at| self.bubbles.iter().take(*at).any(|bubble| bubble.user)) {
            self.take_to(at);
        }
    }

    /// Gives the bubbles that show a message.
    fn show(&mut self, shown: &Shown) {
        let rest = self.bubbles.get(self.at..).unwrap_or_default();
        let end = match &shown.prompt {
            Some(words) => {
                let next = rest.iter().position(|bubble| bubble.user);
                next.filter(|at| rest.get(*at).is_some_and(|b| matches(b, words, &shown.request)))
            }
            None => rest
                .iter()
                .take_while(|bubble| !bubble.user)
                .enumerate()
                .filter(|(_, bubble)| shows(bubble, shown))
                .map(|(at, _)| at)
                .last(),
        };
        if let Some(end) = end {
            self.take_to(self.at + end + 1);
        }
    }

    fn finish(mut self) -> Woven {
        for (at, bubble) in self.bubbles.into_iter().enumerate() {
            if at >= self.at {
                self.woven.rest.push(bubble.line);
            }
            self.woven.rest.extend(bubble.with);
        }
        self.woven
    }
}

fn matches(bubble: &Bubble, words: &str, request: &Option<String>) -> bool {
    match (&bubble.request, request) {
        (Some(a), Some(b)) if a == b => true,
        _ => bubble.text == words.trim(),
    }
}

fn shows(bubble: &Bubble, shown: &Shown) -> bool {
    let called = bubble.call.as_ref().is_some_and(|id| shown.calls.contains(id));
    called || !bubble.text.is_empty() && shown.texts.iter().any(|text| text.trim() == bubble.text)
}
