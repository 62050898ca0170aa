//! What is known of a source as a whole: from its records, and at its end.

use super::super::{CaptureError, head_name};
use super::{Outcome, Read, SourceReader, copying};
use crate::object::id::Id;
use crate::store::refs::{Form, RefValue, Source};
use crate::tool::{Frame, Framing, Step, StepFacts};

impl SourceReader<'_> {
    /// Takes note of what a step tells of the whole session.
    pub(super) fn learn(&mut self, step: &mut Step) {
        let about = &mut self.about;
        let StepFacts {
            user_title,
            tool_title,
            cwd,
            git_branch,
            version,
            forked_from,
            parent,
            created,
            updated,
        } = std::mem::take(&mut step.facts);
        let replace = |place: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *place = value;
            }
        };
        replace(&mut about.user_title, user_title);
        replace(&mut about.tool_title, tool_title);
        replace(&mut about.git_branch, git_branch);
        replace(&mut about.version, version);
        // A session belongs where it began, wherever its shell went later.
        if about.cwd.is_none() {
            about.cwd = cwd;
        }
        if self.parent.is_none() {
            self.parent = parent;
        }
        if self.forked_from.is_none() {
            self.forked_from = forked_from;
        }
        if about.first_prompt.as_ref().is_none_or(String::is_empty) && step.prompt.is_some() && !step.side {
            about.first_prompt.clone_from(&step.prompt);
        }
        for time in [step.time, created].into_iter().flatten() {
            about.created = Some(about.created.map_or(time, |t| t.min(time)));
        }
        about.updated = about.updated.max(step.time).max(created).max(updated);
        if step.model.is_some() && about.model != step.model {
            about.model.clone_from(&step.model);
        }
        about.unknown += u64::from(step.unknown);
    }

    /// What is known of the source now.
    pub(super) fn finish(mut self, previous: Option<&Source>, frame: Frame) -> Result<Outcome, CaptureError> {
        let Frame { lead, trail, facts } = frame;
        self.learn(&mut Step { facts, ..Step::default() });
        let tail = self.tail(&trail)?;
        let lead = if lead.is_empty() { None } else { Some(self.batch.put_blob(self.store, lead)?) };
        let graph = &self.graph.kept;
        let head = graph.main;
        let old = previous.filter(|p| p.mark.stamp != (0, 0, 0) && !copying(&p.mark)).and_then(|p| p.head);
        let rewritten =
            match old.filter(|old| head != Some(*old) && !self.graph.made(old) && !self.graph.met(old)) {
                Some(old) => self.graph.whole || !self.graph.leads_to(old, self.store)?,
                None => false,
            };
        self.about.counts =
            head.map(|id| self.graph.node(id, self.store)).transpose()?.unwrap_or_default().counts;
        self.about.parent = self.parent.take();
        self.about.gone = false;
        self.about.root = graph.root;
        let leaves: Vec<(String, Id)> =
            graph.leaves.iter().map(|leaf| (leaf.label.clone(), leaf.tip)).collect();
        let parted = self.parted(previous, &leaves)?;
        let source = Source {
            session: previous.map_or(Id::ZERO, |source| source.session),
            tool: self.tool.name().to_owned(),
            native: self.found.native.clone(),
            part: self.found.part.clone(),
            place: self.found.place.clone(),
            file: graph.file,
            head,
            tail,
            lead,
            form: match self.found.framing {
                Framing::Lines | Framing::ZstdLines | Framing::Document => Form::File,
                Framing::Rows => Form::Rows,
                Framing::Folder => Form::Folder,
            },
            side: previous.and_then(|source| source.side),
            about: self.about,
            mark: self.mark,
        };
        let original = self.originals.session();
        let forked_from = self.forked_from;
        Ok(Outcome::Read(Box::new(Read { source, leaves, parted, forked_from, original, rewritten })))
    }

    /// The tips of side lines that the source had and has no more: of others
    /// that are called the same now.
    fn parted(&self, previous: Option<&Source>, leaves: &[(String, Id)]) -> Result<Vec<Id>, CaptureError> {
        let mut parted = Vec::new();
        let Some(known) = previous.filter(|known| known.session != Id::ZERO) else { return Ok(parted) };
        for (label, tip) in leaves {
            let name = head_name(known.session, &known.about.label, label);
            // Most stand where they stood, and needn't be read.
            if let Some(RefValue::Commit(old)) = self.store.refs().get(&name)
                && old != tip
                && !self.graph.descends(*tip, *old, self.store)?
            {
                parted.push(*old);
            }
        }
        Ok(parted)
    }

    /// Keeps the bytes after the last commit.
    fn tail(&mut self, rest: &[u8]) -> Result<Option<Id>, CaptureError> {
        let mut tail = std::mem::take(&mut self.waiting_raw);
        tail.extend_from_slice(rest);
        if tail.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.batch.put_blob(self.store, tail)?))
    }
}
