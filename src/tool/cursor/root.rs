//! The root of a conversation, `agent.v1.ConversationStateStructure`, and the
//! order of what was said in it.
//!
//! Field 1 names the messages that the model is given, as JSON; field 8 the
//! turns, which are what the user sees. When the conversation is compacted,
//! field 1 becomes shorter, and field 13 (earlier field 11) names archives of
//! the messages that a summary stands for now.

use std::collections::HashSet;

use super::blobs::{BlobId, Blobs};
use super::wire;

/// What is needed of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Root {
    /// The messages that the model is given.
    pub(super) prompts: Vec<BlobId>,
    /// The turns.
    pub(super) turns: Vec<BlobId>,
    archives: Vec<BlobId>,
    /// The folders it works in, as URIs.
    pub(super) folders: Vec<String>,
    /// The git branch.
    pub(super) branch: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub(super) started: Option<i64>,
    /// When its last turn ended.
    pub(super) ended: Option<i64>,
}

impl Root {
    /// Reads a root.
    pub(super) fn read(message: &[u8]) -> Root {
        let ids = |number| wire::all(message, number).filter_map(|id| BlobId::try_from(id).ok()).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let time = |value: u64| i64::try_from(value).ok().filter(|time| *time > 0);
        let mut archives: Vec<BlobId> = ids(13);
        if archives.is_empty() {
            archives = ids(11);
        }
        let timings = wire::all(message, 14);
        Root {
            prompts: ids(1),
            turns: ids(8),
            archives,
            folders: wire::all(message, 9).filter_map(text).collect(),
            branch: wire::bytes(message, 19).and_then(text).filter(|branch| !branch.is_empty()),
            started: wire::number(message, 26).and_then(time),
            ended: timings.filter_map(|timing| time(wire::number(timing, 2)?)).max(),
        }
    }

    /// The messages in the order in which they were said: before those that
    /// the model is given, those that were compacted away.
    pub(super) fn story(&self, blobs: &Blobs) -> Vec<BlobId> {
        let archives: Vec<Archive> =
            self.archives.iter().filter_map(|id| Some(Archive::read(&blobs.get(id)?.bytes))).collect();
        let Some(last) = archives.last() else { return self.prompts.clone() };
        let at = last.summary.and_then(|summary| self.prompts.iter().rposition(|id| *id == summary));
        let (context, tail) = self.prompts.split_at_checked(at.unwrap_or(0)).unwrap_or_default();
        let tail = if at.is_some() { tail.get(1..).unwrap_or_default() } else { tail };
        let mut story = Story::default();
        // The system's prompt is never summarised.
        story.more(context.get(..1).unwrap_or_default());
        for archive in &archives {
            story.more(&archive.messages);
            story.summaries.push((story.said.len() + archive.kept, archive.summary));
        }
        story.more(context);
        story.more(tail);
        story.finish()
    }
}

/// Messages that a summary stands for.
struct Archive {
    messages: Vec<BlobId>,
    /// How many messages were kept beside the summary.
    kept: usize,
    summary: Option<BlobId>,
}

impl Archive {
    fn read(message: &[u8]) -> Archive {
        Archive {
            messages: wire::all(message, 1).filter_map(|id| BlobId::try_from(id).ok()).collect(),
            kept: wire::number(message, 3).and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            summary: wire::bytes(message, 4).and_then(|id| BlobId::try_from(id).ok()),
        }
    }
}

#[derive(Default)]
struct Story {
    said: Vec<BlobId>,
    seen: HashSet<BlobId>,
    /// Where each summary goes among them.
    summaries: Vec<(usize, Option<BlobId>)>,
}

impl Story {
    /// Adds messages, without those at their beginning that were told before.
    fn more(&mut self, messages: &[BlobId]) {
        for id in messages.iter().skip_while(|id| self.seen.contains(*id)) {
            self.said.push(*id);
        }
        self.seen.extend(messages);
    }

    fn finish(mut self) -> Vec<BlobId> {
        for (at, summary) in self.summaries.into_iter().rev() {
            if let Some(summary) = summary {
                self.said.insert(at.min(self.said.len()), summary);
            }
        }
        self.said
    }
}
