//! Reading one source into a batch.

mod about;
mod print;
mod waiting;

pub(super) use print::fingerprint;
use print::{shape_of, shape_of_message};

use super::copy::Originals;
use super::feed::{Feed, Opened};
use super::graph::{Graph, Hook, Kept, Node};
use super::input::Passed;
use super::{CaptureError, CaptureReport};
use crate::object::codec;
use crate::object::commit::{Commit, Usage};
use crate::object::id::Id;
use crate::object::message::{Block, Message};
use crate::object::split::{Parts, Piece, Splitter};
use crate::object::{Context, Record};
use crate::store::refs::{About, Mark, Source};
use crate::store::{Batch, Store};
use crate::tool::{Found, Frame, Key, Link, Reader, Step, Tool};

/// What came of reading a source.
pub(super) enum Outcome {
    /// This is what is known of it now. The branches are `label → tip`.
    Read(Box<Read>),
    /// It repeats messages of a source that is only in the batch: to be read
    /// again when that is in the store.
    Later,
}

/// A source as read.
pub(super) struct Read {
    pub(super) source: Source,
    pub(super) leaves: Vec<(String, Id)>,
    /// Tips of branches of before whose names stand for others now.
    pub(super) parted: Vec<Id>,
    pub(super) forked_from: Option<String>,
    /// The session of the source whose messages it repeats, if any.
    pub(super) original: Option<Id>,
    /// Whether the file no longer holds what led to its earlier tip.
    pub(super) rewritten: bool,
}

/// Reads one source.
pub(super) struct SourceReader<'a> {
    store: &'a Store,
    batch: &'a mut Batch,
    report: &'a mut CaptureReport,
    tool: &'static dyn Tool,
    found: &'a Found,
    reader: Box<dyn Reader>,
    splitter: Splitter,
    graph: Graph,
    originals: Originals<'a>,
    seen: Passed,
    waiting: Vec<Record>,
    waiting_raw: Vec<u8>,
    /// The commits that waiting records are copies from.
    waiting_copies: Vec<Id>,
    waiting_usage: Usage,
    offset: u64,
    passed: u64,
    /// Where the record that is being read begins.
    begun: u64,
    context: Option<(Context, Id)>,
    /// The commit of the row before, if that row repeats an earlier one.
    again: Option<Id>,
    about: About,
    mark: Mark,
    parent: Option<String>,
    forked_from: Option<String>,
}

/// Why reading stops before the end.
pub(super) enum Stop {
    /// An earlier record must be known that was not kept.
    Forgotten,
    /// What is copied must be in the store first.
    Later,
}

impl<'a> SourceReader<'a> {
    /// Reads what is new in a source. `previous` is what the store knows of it.
    pub(super) fn run(
        store: &'a Store,
        batch: &'a mut Batch,
        report: &'a mut CaptureReport,
        originals: Originals<'a>,
        tool: &'static dyn Tool,
        found: &'a Found,
        previous: Option<&Source>,
    ) -> Result<Outcome, CaptureError> {
        let mark = previous.map(|source| &source.mark);
        let kept = |mark: &Mark| codec::decode::<Kept>(&mark.graph).ok();
        // A beginning of copies is read again until something new follows it,
        // and a store whose marks can't be read is a store without marks.
        let mark = mark.filter(|mark| kept(mark).is_some_and(|kept| !kept.copying));
        let opened = Feed::open(tool, found, mark).map_err(|e| CaptureError::read(&found.path, e))?;
        let Opened { feed, seen, grown } = opened;
        let mark = mark.filter(|_| grown);
        let kept = mark.and_then(kept);
        let offset = mark.map_or(0, |m| m.offset);
        let about = previous.map(|source| source.about.clone()).unwrap_or_default();
        let mut this = SourceReader {
            reader: tool.reader(found, mark.map_or(&[], |m| m.reader.as_slice())),
            graph: kept.map_or_else(Graph::new, Graph::resume),
            splitter: Splitter::default(),
            waiting: Vec::new(),
            waiting_raw: Vec::new(),
            waiting_copies: Vec::new(),
            waiting_usage: Usage::default(),
            passed: offset,
            begun: offset,
            context: None,
            again: None,
            mark: mark.cloned().unwrap_or_default(),
            parent: about.parent.clone(),
            forked_from: None,
            store,
            batch,
            report,
            tool,
            found,
            originals,
            seen,
            offset,
            about,
        };
        this.about.unknown = this.graph.kept.unknown;
        this.about.broken = this.graph.kept.broken;
        if offset == 0 {
            let resumed = this.about.resumed.as_ref();
            this.graph.kept.copying = this.originals.begin(store, tool, resumed, found)?;
        }
        match this.read(feed)? {
            Ok(ended) => this.finish(previous, ended),
            Err(Stop::Later) => Ok(Outcome::Later),
            // Reading from the beginning makes the same commits again, and
            // knows every record.
            Err(Stop::Forgotten) => {
                let mut fresh = previous.cloned().unwrap_or_default();
                fresh.mark = Mark::default();
                let SourceReader { batch, report, originals, .. } = this;
                SourceReader::run(store, batch, report, originals.again(), tool, found, Some(&fresh))
            }
        }
    }

    fn read(&mut self, mut feed: Feed) -> Result<Result<Frame, Stop>, CaptureError> {
        let stamp = feed.stamp();
        self.mark.stamp = (stamp.len, stamp.mtime, stamp.inode);
        let path = &self.found.path;
        let read = |e| CaptureError::read(path, e);
        loop {
            let mut taken = 0;
            while let Some(piece) = feed.piece(&mut self.splitter, taken) {
                let rest = feed.bytes().get(taken..).unwrap_or_default();
                let parts = self.splitter.split(rest, piece, self.tool.lift());
                let raw = rest.get(..piece.end).unwrap_or_default();
                let mut step = self.step_of(rest, piece);
                let then = std::mem::take(&mut step.then);
                if let Err(stop) = self.record(raw, parts, step)? {
                    return Ok(Err(stop));
                }
                for step in then {
                    if let Err(stop) = self.step(&[], step)? {
                        return Ok(Err(stop));
                    }
                }
                // Only now is all known that hangs on it.
                self.note_mark()?;
                taken += piece.end;
            }
            feed.take(taken);
            if !feed.more().map_err(read)? {
                return Ok(Ok(feed.end().map_err(read)?));
            }
        }
    }

    /// What the record that was split last means.
    fn step_of(&mut self, rest: &[u8], piece: Piece) -> Step {
        if let Some(row) = self.splitter.row(rest, piece) {
            return self.reader.read(Some(row));
        }
        let raw = rest.get(..piece.end).unwrap_or_default();
        self.reader.read_text(raw, self.splitter.texts()).unwrap_or_else(|| {
            self.about.broken += 1;
            self.reader.read(None)
        })
    }

    /// Takes in one record with the first that it means.
    fn record(&mut self, raw: &[u8], parts: Parts, step: Step) -> Result<Result<(), Stop>, CaptureError> {
        self.put_texts()?;
        let record = self.keep_record(parts)?;
        self.begun = self.passed;
        self.passed += raw.len() as u64;
        self.seen.pass(raw);
        self.report.bytes += raw.len() as u64;
        self.waiting.push(record);
        self.waiting_raw.extend_from_slice(raw);
        self.step(raw, step)
    }

    /// Takes in what a record means. `raw` is the record if it is the last one
    /// that waits, or nothing.
    fn step(&mut self, raw: &[u8], mut step: Step) -> Result<Result<(), Stop>, CaptureError> {
        self.learn(&mut step);
        if !step.side {
            self.graph.force.tell(&step.settings);
        }
        let shape = shape_of(&mut step);
        let again = self.repeats(&step, shape)?;
        let usage = self.graph.usage(step.usage, again.is_some());
        self.count(usage);

        if again.is_some() {
            // The conversation has it: its record is carried along.
            self.again = again.filter(|_| !step.side).or(self.again);
            self.flush_if_many()?;
            return Ok(Ok(()));
        }
        if !step.side && step.message.is_some() && self.graph.may_repeat(step.key, &step.link) {
            return Ok(Err(Stop::Forgotten));
        }
        let Hook::At(mut parent) = self.hook(&step)? else { return Ok(Err(Stop::Forgotten)) };
        if self.originals.is_later() {
            return Ok(Err(Stop::Later));
        }
        let Some(mut draft) = step.message.take() else {
            self.bookkeeping(&step, parent)?;
            return Ok(Ok(()));
        };
        self.link_results(&mut draft.message, &draft.results, parent)?;
        let message = draft.message;
        let copied = self.copied(&message, &step)?;
        if self.originals.is_later() {
            return Ok(Err(Stop::Later));
        }
        if let Some(at) = copied {
            // A message that the store has: its record is carried along.
            self.graph.name(step.key, Some(at.id));
            self.graph.copy(at.id);
            self.note_calls(&draft.calls, at.counts.calls);
            if !raw.is_empty() {
                self.shrink()?;
            }
            self.flush_if_many()?;
            return Ok(Ok(()));
        }
        if std::mem::take(&mut self.graph.kept.copying) {
            // The first message that is no copy: what came before it is
            // carried apart, and what it hangs on is known only now.
            let record = if raw.is_empty() { None } else { self.waiting.pop() };
            self.waiting_raw.truncate(self.waiting_raw.len().saturating_sub(raw.len()));
            self.flush()?;
            self.waiting.extend(record);
            self.waiting_raw.extend_from_slice(raw);
            self.count(usage);
            let Hook::At(again) = self.hook(&step)? else { return Ok(Err(Stop::Forgotten)) };
            parent = again;
        }
        let node = self.commit(&step, Some(message), parent)?;
        self.again = None;
        self.note_calls(&draft.calls, node.counts.calls);
        self.graph.name(step.key, Some(node.id));
        if let Some(shape) = shape {
            self.graph.shape(node.id, shape);
        }
        Ok(Ok(()))
    }

    /// The commit of the row that a row repeats: the same native id, time and
    /// message. Tools write rows again when they resume or fork.
    fn repeats(&self, step: &Step, shape: Option<u64>) -> Result<Option<Id>, CaptureError> {
        let Some((shape, (at, known))) = shape.zip(self.graph.known(step.key)) else { return Ok(None) };
        let known = match known {
            Some(known) => Some(known),
            None if self.graph.made(&at) => None,
            None => {
                let commit = self.store.commit(&at)?;
                let message = self.store.body(&at, &commit)?.message;
                message.map(|mut message| shape_of_message(&mut message, commit.time))
            }
        };
        Ok(Some(at).filter(|_| known == Some(shape)))
    }

    fn bookkeeping(&mut self, step: &Step, parent: Option<Id>) -> Result<(), CaptureError> {
        if let Link::TurnsBack(_) = step.link {
            self.graph.rewind(parent);
        }
        self.graph.name(step.key, parent);
        if self.graph.kept.copying {
            self.shrink()?;
        }
        if !self.waiting_usage.is_zero() && !self.graph.kept.copying {
            let at = if step.side { parent } else { self.graph.kept.main };
            self.commit(step, None, at)?;
        }
        self.flush_if_many()
    }

    fn count(&mut self, usage: Usage) {
        // What copies count was counted where they were copied from.
        if !self.graph.kept.copying {
            self.waiting_usage = self.waiting_usage.plus(&usage);
        }
    }

    /// Where a step hangs.
    fn hook(&mut self, step: &Step) -> Result<Hook, CaptureError> {
        if let Link::Other { .. } = step.link
            && self.graph.kept.main.is_none()
        {
            return Ok(Hook::At(self.originals.find(self.store, self.tool, &step.link)?));
        }
        if step.link == Link::Tip
            && let Some(at) = self.again
        {
            return Ok(Hook::At(Some(at)));
        }
        let from = self.originals.resumed();
        match self.graph.resolve(&step.link, self.store)? {
            // What hangs nowhere in a session that we began hangs on what was resumed.
            Hook::At(None) if from.is_some() && step.link != Link::Root => Ok(Hook::At(from)),
            hook => Ok(hook),
        }
    }

    fn link_results(
        &self,
        message: &mut Message,
        results: &[Key],
        parent: Option<Id>,
    ) -> Result<(), CaptureError> {
        if results.is_empty() {
            return Ok(());
        }
        let calls =
            parent.map(|id| self.graph.node(id, self.store)).transpose()?.map_or(0, |n| n.counts.calls);
        let mut keys = results.iter();
        for block in &mut message.blocks {
            if let Block::Result { call, .. } = block {
                *call = keys.next().and_then(|key| self.graph.distance(*key, calls));
            }
        }
        Ok(())
    }

    /// The commit that has this message already, while a source begins with
    /// copies.
    fn copied(&mut self, message: &Message, step: &Step) -> Result<Option<Node>, CaptureError> {
        let first = self.graph.kept.root == 0;
        if !first && !self.graph.kept.copying {
            return Ok(None);
        }
        let name = message.id()?;
        let print = fingerprint(&name, step.time);
        if first {
            self.graph.kept.root = print;
            let resumed = self.originals.resumed().is_some();
            if resumed || self.tool.copies(step) {
                self.graph.kept.copying |= self.originals.look_up(self.store, self.tool.name(), print)?;
            }
        }
        if !self.graph.kept.copying {
            return Ok(None);
        }
        let at = self.originals.copy_of(self.store, self.tool, (name, print), step.key, self.begun)?;
        at.map(|id| self.graph.node(id, self.store)).transpose().map_err(CaptureError::from)
    }

    fn note_calls(&mut self, calls: &[Key], count: u64) {
        for (n, key) in calls.iter().rev().enumerate() {
            self.graph.call(*key, count - n as u64);
        }
    }

    /// Makes a commit that continues the conversation.
    fn commit(
        &mut self,
        step: &Step,
        message: Option<Message>,
        parent: Option<Id>,
    ) -> Result<Node, CaptureError> {
        let before = parent.map(|id| self.graph.node(id, self.store)).transpose()?.unwrap_or_default();
        let mut counts = before.counts;
        counts.commits += 1;
        counts.messages += u64::from(message.is_some());
        counts.turns += u64::from(step.prompt.is_some());
        counts.calls += message.as_ref().map_or(0, Message::calls);
        let usage = std::mem::take(&mut self.waiting_usage);
        counts.usage = counts.usage.plus(&usage);
        let ongoing = parent.filter(|_| step.prompt.is_none());
        let named = || step.files.iter().filter(|file| !file.is_empty());
        let mut touched = self.graph.touched(ongoing, named().next().is_some(), self.store)?;
        if let Some(touched) = &mut touched {
            counts.files += named().filter(|file| touched.insert((*file).clone())).count() as u64;
        }
        let place = (self.store, &mut *self.batch);
        let (config, in_force) = self.graph.force.of(place, parent, &step.settings, step.side)?;
        let commit = Commit {
            config,
            parents: parent.into_iter().collect(),
            after: self.graph.kept.file,
            turn: if step.prompt.is_some() { None } else { before.turn },
            time: step.time,
            tool: self.tool.name().to_owned(),
            model: step.model.clone(),
            title: step.prompt.clone(),
            usage,
            files: step.files.clone(),
            counts,
            ..Commit::default()
        };
        let summary = |m: &Message| m.blocks.iter().any(|b| matches!(b, Block::Summary(_)));
        let compacts = message.as_ref().is_some_and(summary) && !step.side;
        let (id, turn) = (self.store_commit(commit, message)?, before.turn);
        let node = Node { id, counts, turn: if step.prompt.is_some() { Some(id) } else { turn } };
        self.graph.force.made(id, in_force);
        self.graph.touch(id, &step.files, touched);
        self.graph.grow(node, parent, step.side);
        if compacts {
            self.graph.keep_before_compaction(parent);
        }
        Ok(node)
    }
}

fn copying(mark: &Mark) -> bool {
    codec::decode::<Kept>(&mark.graph).is_ok_and(|kept| kept.copying)
}
