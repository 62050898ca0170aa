//! Writing: a conversation as a session that the installed version resumes.

use std::io::Write;
use std::path::Path;

use super::form::{Form, Spoken};
use crate::tool::turns::{Turn, Turns};
use crate::tool::{Conversation, Plan, Planned, Sink, Target, ToolError, ids, parts, time};

/// Writes the conversation.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let form = Form::of(target.version.as_deref());
    let mut turns = Turns::new(conversation);
    if !form.resumes {
        turns.losses.add("this version of Gemini CLI can't resume sessions: 0.15 and later can");
    }
    let (path, marker) = form.place(target);
    let Some(mut turn) = turns.next()? else { return Err(ToolError::Empty) };
    let mut files = vec![Planned::Create(path.clone())];
    if let Some(marker) = marker {
        let out = sink.create(&marker, 0o600)?;
        put(out, &marker, &target.cwd.to_string_lossy())?;
        files.push(Planned::Create(marker));
    }
    let mut messages =
        Messages { form, path: &path, target, out: sink.create(&path, 0o600)?, written: 0, last: i64::MIN };
    put(messages.out, &path, &parts::line(&form.head(target)))?;
    loop {
        let next = turns.next()?;
        let results = match &next {
            Some(Turn::Results { results, .. }) => results.as_slice(),
            _ => &[],
        };
        messages.turn(&turn, results, &mut turns)?;
        match next {
            Some(next) => turn = next,
            None => break,
        }
    }
    if messages.written == 0 {
        return Err(ToolError::Empty);
    }
    put(messages.out, &path, form.tail())?;
    Ok(Plan { files, ..turns.plan(target, path) })
}

struct Messages<'a> {
    form: Form,
    path: &'a Path,
    target: &'a Target,
    out: &'a mut dyn Write,
    written: u64,
    last: i64,
}

impl Messages<'_> {
    /// Writes a turn. `results` are those of the turn after it, if it is one of them.
    fn turn(
        &mut self,
        turn: &Turn,
        results: &[crate::tool::turns::Answer],
        turns: &mut Turns<'_>,
    ) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let message = self.form.user(pieces, &mut turns.losses);
                self.message(*time, &message)
            }
            Turn::Model { said, calls, model, time } => {
                let spoken = Spoken { said, calls, model: model.as_deref(), results, time: self.next(*time) };
                match self.form.model(&spoken, self.target, &mut turns.losses) {
                    Some(message) => self.message(*time, &message),
                    None => Ok(()),
                }
            }
            Turn::Results { results, time } if self.form.results => {
                self.message(*time, &self.form.results(results, self.target))
            }
            Turn::Results { .. } => Ok(()),
        }
    }

    /// The time of the next message.
    fn next(&self, time: Option<i64>) -> i64 {
        let next = self.last.saturating_add(1).max(0);
        time.map_or(next, |time| time.max(next))
    }

    fn message(&mut self, time: Option<i64>, members: &str) -> Result<(), ToolError> {
        self.last = self.next(time);
        let message = format!(
            "{}{{\"id\":\"{}\",\"timestamp\":\"{}\",{members}}}{}",
            if self.written == 0 { "" } else { self.form.between() },
            ids::uuid(self.target.seed, self.written),
            time::format(self.last),
            self.form.after(),
        );
        self.written += 1;
        put(self.out, self.path, &parts::line(&message))
    }
}

fn put(out: &mut dyn Write, path: &Path, text: &str) -> Result<(), ToolError> {
    out.write_all(text.as_bytes()).map_err(|source| ToolError::Write { path: path.to_owned(), source })
}
