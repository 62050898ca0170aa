//! Reading: what each record of a session means.
//!
//! A record is a message, patches the session or the list of its messages, or
//! cuts that list off. The same message comes again: an answer with its calls,
//! then with what came of them; the results once more as the user's (from
//! 0.44); and on each resume the whole list, in a form of its own. Only what
//! is new in it is said.

use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::parts::Making;
use crate::tool::{Counted, Found, Key, Link, Reader, Step};

use super::known::{Known, News, short};
use super::message::{Message, Sort};
use super::project;

/// Reads the records of one session.
pub(super) struct MessageReader {
    /// Where the session worked, until that is told.
    cwd: Option<String>,
    /// The session that a subagent belongs to, until that is told.
    parent: Option<String>,
    subagent: bool,
    begun: bool,
    known: Known,
}

impl MessageReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> MessageReader {
        let words =
            state.chunks_exact(4).map(|word| word.iter().rev().fold(0, |n, b| n << 8 | u32::from(*b)));
        let mut words = words.collect::<Vec<u32>>().into_iter();
        let begun = words.next().is_some();
        let subagent = !found.part.is_empty();
        MessageReader {
            cwd: if begun { None } else { project::of(found) },
            parent: Some(found.native.clone()).filter(|_| subagent && !begun),
            subagent,
            begun,
            known: Known::load(&mut words),
        }
    }

    fn record(&mut self, row: Value<'_>, texts: &mut Texts) -> Step {
        let string = |key: &str| row.get(key).filter(|v| v.kind() == Type::String);
        let mut said = Said { steps: Vec::new(), unknown: false };
        let (mut title, mut directory) = (None, None);
        // In the order in which the tool itself asks (0.61).
        if let Some(id) = string("$rewindTo") {
            let key = Key::of(id.raw());
            self.known.rewind(short(key), before(id.raw()));
        } else if string("id").is_some() {
            self.message(Message::of(row), false, texts, &mut said);
        } else if let Some(set) = row.get("$set").filter(|set| set.kind() == Type::Object) {
            title = set.string("summary");
            if let Some(list) = set.get("messages").filter(|list| list.kind() == Type::Array) {
                self.list(list, texts, &mut said);
            }
        } else if string("sessionId").is_some() {
            title = row.string("summary");
            directory = row.get("directories").and_then(|list| list.items().next()?.str());
            for message in row.get("messages").into_iter().flat_map(|list| list.items()) {
                self.message(Message::of(message), false, texts, &mut said);
            }
        } else {
            said.unknown = true;
        }
        let mut steps = said.steps.into_iter();
        let mut step = steps.next().unwrap_or_default();
        step.then = steps.collect();
        step.unknown = said.unknown;
        step.facts.cwd = self.cwd.take().or_else(|| directory.map(|directory| directory.into_owned()));
        step.facts.parent = self.parent.take();
        // A subagent's summary is what it answers.
        step.facts.tool_title = title.filter(|title| !title.is_empty() && !self.subagent);
        step
    }

    /// A message. `replayed` tells that it stands in a list of all of them.
    fn message(&mut self, message: Message<'_>, replayed: bool, texts: &mut Texts, said: &mut Said) {
        match message.sort() {
            Sort::Unknown => said.unknown = true,
            _ if message.key.is_none() => said.unknown = true,
            Sort::Shown => {}
            Sort::Notice => {
                if self.known.notices(message.short()) {
                    self.user(&message, texts, said);
                }
            }
            Sort::Results => self.user(&message, texts, said),
            Sort::Spoken if message.kind == b"gemini" => self.answer(&message, replayed, texts, said),
            Sort::Spoken => self.prompt(&message, replayed, texts, said),
        }
    }

    /// What isn't a prompt, in the user's name: results and context.
    fn user(&mut self, message: &Message<'_>, texts: &mut Texts, said: &mut Said) {
        let mut making = Making::of(Role::User);
        message.user(&mut self.known, texts, &mut making);
        if making.blocks().is_empty() {
            return;
        }
        let mut step = Step { time: message.time, ..Step::default() };
        let notice = making.blocks().iter().all(|block| matches!(block, Block::Notice(_)));
        if notice {
            making.draft.message.role = Role::System;
            making.finish(&mut step);
            return said.steps.push(step);
        }
        let tip = self.known.tip();
        step.link = self.known.link();
        making.finish(&mut step);
        said.steps.push(step);
        // What hangs on the answer comes after its results.
        said.steps.extend(tip.map(|key| Step { key: Some(key), ..Step::default() }));
    }

    fn prompt(&mut self, message: &Message<'_>, replayed: bool, texts: &mut Texts, said: &mut Said) {
        let Some(key) = message.key else { return };
        let known = self.known.has(message.short());
        // Of a prompt that is written again only the last can be another one.
        if known && (replayed || !self.known.is_last(key)) {
            return;
        }
        let mut making = Making::of(Role::User);
        message.user(&mut self.known, texts, &mut making);
        if making.blocks().is_empty() {
            return;
        }
        let words =
            making.blocks().iter().any(|b| matches!(b, Block::Text(_) | Block::Image(..) | Block::File(..)));
        if !words {
            making.draft.message.role = Role::System;
        }
        let (link, after) = if known {
            (Link::Key(before(message.id)), None)
        } else {
            let (link, after) = self.known.push(message.short(), key);
            (link, Some(after))
        };
        let mut step = Step { key: Some(key), link, time: message.time, ..Step::default() };
        step.prompt = words.then(|| message.words());
        making.finish(&mut step);
        said.steps.push(step);
        said.mark(message, after);
    }

    fn answer(&mut self, message: &Message<'_>, replayed: bool, texts: &mut Texts, said: &mut Said) {
        let Some(key) = message.key else { return };
        let news = self.known.answers(message.short(), message.sum());
        let news = if replayed && news != News::All { News::Nothing } else { news };
        let mut making = Making::of(Role::Assistant);
        if news != News::Nothing {
            message.says(texts, &mut making);
        }
        message.calls(&mut self.known, texts, &mut making);
        let (link, after) = match news {
            News::All => {
                let (link, after) = self.known.push(message.short(), key);
                (link, Some(after))
            }
            News::Other => (Link::Key(before(message.id)), None),
            _ if making.blocks().is_empty() => (Link::Tip, None),
            _ => (self.known.link(), None),
        };
        let mut step = Step { key: Some(key), link, time: message.time, ..Step::default() };
        making.finish(&mut step);
        if step.message.is_some() || news != News::All && !replayed {
            step.model = message.model.and_then(|model| model.str()).map(|model| model.into_owned());
            step.usage = message.usage().map(|usage| Counted { api: key, usage });
        }
        // An answer that says nothing yet is only known.
        if news == News::All || step.message.is_some() || step.usage.is_some() {
            said.steps.push(step);
        }
        let mut making = Making::of(Role::User);
        let time = message.results(&mut self.known, texts, &mut making);
        if !making.blocks().is_empty() {
            let link = self.known.link();
            let mut step = Step { key: Some(key), link, time: time.or(message.time), ..Step::default() };
            making.finish(&mut step);
            said.steps.push(step);
        }
        said.mark(message, after);
    }

    /// The whole list anew.
    fn list(&mut self, list: Value<'_>, texts: &mut Texts, said: &mut Said) {
        let all: Vec<_> = list.items().map(Message::of).map(|message| (message.sort(), message)).collect();
        let spoken: Vec<(u32, Key)> = all
            .iter()
            .filter(|(sort, _)| *sort == Sort::Spoken)
            .filter_map(|(_, m)| Some((m.short(), m.key?)))
            .collect();
        let ids: Vec<u32> = spoken.iter().map(|(id, _)| *id).collect();
        let summary = all
            .iter()
            .position(|(sort, m)| *sort == Sort::Spoken && m.sums_up() && !self.known.has(m.short()));
        let mut prefix = self.known.prefix(&ids);
        let from = match summary {
            // What follows a summary is what was kept of what came before it.
            Some(at) => at,
            None => {
                if prefix == 0 && self.known.is_beginning(&ids) {
                    prefix = ids.len();
                }
                let last = prefix.checked_sub(1).and_then(|n| spoken.get(n)).map(|(_, key)| *key);
                self.known.cut(prefix, last);
                // There may be more of the last message; not if it is only known by a sum.
                let more = |last: &Key| usize::from(!self.known.has(short(*last)));
                last.and_then(|last| Some(all.iter().position(|(_, m)| m.key == Some(last))? + more(&last)))
                    .unwrap_or(0)
            }
        };
        for (n, (sort, message)) in all.iter().enumerate() {
            if *sort == Sort::Notice || summary.map_or(n >= from, |summary| n == summary) {
                self.message(*message, true, texts, said);
            } else if *sort == Sort::Unknown {
                said.unknown = true;
            }
        }
        if summary.is_some() {
            self.known.replace(spoken.into_iter());
        }
    }
}

/// What a record says.
struct Said {
    steps: Vec<Step>,
    unknown: bool,
}

impl Said {
    /// Lets what comes later hang where a message hangs.
    fn mark(&mut self, message: &Message<'_>, link: Option<Link>) {
        let Some(link) = link else { return };
        self.steps.push(Step { key: Some(before(message.id)), link, ..Step::default() });
    }
}

/// The key of what comes before a message.
fn before(id: &[u8]) -> Key {
    Key::of(&[b"before:", id].concat())
}

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        self.begun = true;
        match row {
            Some((value, texts)) => self.record(value, texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn state(&self) -> Vec<u8> {
        if !self.begun {
            return Vec::new();
        }
        let mut words = vec![1];
        self.known.save(&mut words);
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }
}
