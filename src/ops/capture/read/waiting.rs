//! Records on their way into commits: those that say nothing wait for one
//! that does.

use super::super::CaptureError;
use super::SourceReader;
use crate::object::codec;
use crate::object::id::{Id, Kind};
use crate::object::message::Message;
use crate::object::split::Parts;
use crate::object::{Body, Commit, Record};
use crate::store::Stored;

/// When so many records wait, or so many bytes, they get a commit of their own.
const WAITING: usize = 64;
const WAITING_BYTES: usize = 256 << 10;
/// What is needed to go on is taken note of after so many bytes, at a commit.
/// What was read since is read again; it makes the same commits.
const MARK_EVERY: u64 = 16 << 10;

impl SourceReader<'_> {
    /// Lets the last record refer to the one that it is a copy of.
    pub(super) fn shrink(&mut self) -> Result<(), CaptureError> {
        let Some(record) = self.waiting.last_mut() else { return Ok(()) };
        let Some((commit, place)) = self.originals.skeleton(record)? else { return Ok(()) };
        let known = self.waiting_copies.iter().rposition(|id| *id == commit);
        let number = known.unwrap_or(self.waiting_copies.len());
        if known.is_none() {
            self.waiting_copies.push(commit);
        }
        let copy = Some((u32::try_from(number).unwrap_or(u32::MAX), place));
        *record = Record { context: record.context, copy, ..Record::default() };
        Ok(())
    }

    pub(super) fn flush_if_many(&mut self) -> Result<(), CaptureError> {
        if self.waiting.len() >= WAITING || self.waiting_raw.len() >= WAITING_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Puts the texts and the context of a record in, and names the context.
    pub(super) fn keep_record(&mut self, parts: Parts) -> Result<Record, CaptureError> {
        let mut record = parts.record;
        if !parts.context.values.is_empty() {
            record.context = Some(match &self.context {
                Some((context, id)) if *context == parts.context => *id,
                _ => {
                    let id = self.batch.put_context(self.store, &parts.context)?;
                    self.context = Some((parts.context, id));
                    id
                }
            });
        }
        Ok(record)
    }

    pub(super) fn put_texts(&mut self) -> Result<(), CaptureError> {
        for (id, bytes) in self.splitter.texts().drain() {
            let _ = self.batch.put(self.store, Kind::Blob, id, bytes)?;
        }
        Ok(())
    }

    /// Gives the waiting records a commit that is no part of the conversation.
    pub(super) fn flush(&mut self) -> Result<(), CaptureError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let usage = std::mem::take(&mut self.waiting_usage);
        let tool = self.tool.name().to_owned();
        let commit = Commit { after: self.graph.kept.file, tool, usage, ..Commit::default() };
        self.store_commit(commit, None).map(drop)
    }

    pub(super) fn store_commit(
        &mut self,
        mut commit: Commit,
        message: Option<Message>,
    ) -> Result<Id, CaptureError> {
        self.waiting_raw.clear();
        commit.copies = std::mem::take(&mut self.waiting_copies);
        let body = Body { records: std::mem::take(&mut self.waiting), message };
        let (records, messages) = (body.records.len() as u64, u64::from(body.message.is_some()));
        let (id, stored) = self.batch.put_commit(self.store, commit, body)?;
        if stored == Stored::New {
            self.report.commits += 1;
            self.report.records += records;
            self.report.messages += messages;
        }
        self.graph.kept.file = Some(id);
        self.offset = self.passed;
        Ok(id)
    }

    /// Takes note of where to go on, now and then. Between two records.
    pub(super) fn note_mark(&mut self) -> Result<(), CaptureError> {
        if self.waiting.is_empty() && self.offset - self.mark.offset >= MARK_EVERY {
            self.mark.offset = self.offset;
            self.mark.reader = self.reader.state();
            self.graph.kept.unknown = self.about.unknown;
            self.graph.kept.broken = self.about.broken;
            self.mark.graph = codec::encode(&self.graph.keep())?;
            (self.mark.start, self.mark.window) = self.seen.sums();
        }
        Ok(())
    }
}
