//! kimi-cli, the Python program before Kimi Code.
//!
//! `$KIMI_SHARE_DIR` (else `~/.kimi`) holds `sessions/<md5 of the directory>/<session>/`
//! with `context.jsonl`, which is what the model is sent, and `wire.jsonl`, a log of
//! what the window showed; up to 0.58 `sessions/<md5>/<session>.jsonl` alone. A context that was
//! cleared, compacted or reverted goes on under the same name; what it was
//! before is kept by the program as `context_<n>.jsonl`.
//!
//! Facts: sessions written by 1.40.0, and its code.

use std::path::{Path, PathBuf};

use super::content::{self, native, outcome};
use super::find::{SESSIONS, Search};
use super::state::{self, STATE};
use crate::object::json::{Tape, Value};
use crate::object::message::{Block, Part};
use crate::object::split::Texts;
use crate::tool::look::Entry;
use crate::tool::{Discovery, Found, Places, Reader, Step, StepFacts, Tool, Watched, digest, go_on};

/// What the model is sent, and the log.
const CONTEXT: &str = "context.jsonl";
const WIRE: &str = super::find::WIRE;
/// Where the program notes which directories it was used in.
const KNOWN: &str = "kimi.json";
/// How much of a log is looked through for its beginning.
const HEAD: u64 = 64 << 10;
/// What the program puts around its own words, and how some of them begin.
const OWN: (&[u8], &[u8]) = (b"<system>", b"</system>");
const REMINDER: &[u8] = b"<system-reminder>";
const FAILED: &[u8] = b"<system>ERROR";
const COMPACTED: &[u8] = b"<system>Previous context has been compacted";

/// The adapter.
pub(in crate::tool) struct KimiCli;

impl Tool for KimiCli {
    fn name(&self) -> &'static str {
        "kimi-cli"
    }

    fn title(&self) -> &'static str {
        "kimi-cli"
    }

    fn verified(&self) -> &'static [&'static str] {
        &["1.40.0"]
    }

    fn root(&self, places: &Places) -> PathBuf {
        places.var("KIMI_SHARE_DIR").unwrap_or_else(|| places.home.join(".kimi"))
    }

    fn looks_at(&self, places: &Places) -> Vec<PathBuf> {
        vec![self.root(places).join(SESSIONS)]
    }

    fn variables(&self) -> &'static [&'static str] {
        &["KIMI_SHARE_DIR"]
    }

    fn watched(&self, places: &Places) -> Vec<Watched> {
        vec![Watched::deep(self.root(places).join(SESSIONS))]
    }

    fn discover(&self, places: &Places) -> Discovery {
        let mut search = Search::below(self.root(places));
        for bucket in search.look.folders(SESSIONS) {
            for entry in search.look.entries(&bucket.place) {
                let old = entry.name.strip_suffix(".jsonl").map(str::to_owned);
                match (entry.stamp, old) {
                    (None, _) => session(&mut search, &entry),
                    (Some(_), Some(native)) => {
                        search.sources(&native, vec![(String::new(), entry)], Vec::new());
                    }
                    (Some(_), None) => {}
                }
            }
        }
        search.finish()
    }

    fn guides(&self) -> &'static [&'static str] {
        &["AGENTS.md"]
    }

    fn lift(&self) -> &'static [&'static str] {
        &[]
    }

    fn reader(&self, found: &Found, state: &[u8]) -> Box<dyn Reader> {
        match found.path.file_name().is_some_and(|name| name == WIRE) {
            true => Box::new(LogReader::new(found, state)),
            false => Box::new(ContextReader::new(found, state)),
        }
    }

    fn start_with(&self, file: &Path) -> Vec<String> {
        vec!["kimi".to_owned(), "-p".to_owned(), go_on(file)]
    }
}

/// A session's folder.
fn session(search: &mut Search, folder: &Entry) {
    let (mut side, mut sources) = (Vec::new(), Vec::new());
    for entry in search.look.entries(&folder.place) {
        match entry.stamp {
            Some(_) if entry.name == STATE => side.extend(search.look.side(entry)),
            Some(_) => sources.extend(part(&entry.name, "").map(|part| (part, entry))),
            None if entry.name == "subagents" => {
                for agent in search.look.folders(&entry.place) {
                    for entry in search.look.entries(&agent.place) {
                        match part(&entry.name, &agent.name) {
                            Some(part) => sources.push((part, entry)),
                            None => side.extend(search.look.side(entry)),
                        }
                    }
                }
            }
            None => {}
        }
    }
    search.sources(&folder.name, sources, side);
}

/// Which part of a session a file is, of an agent's unless that has no name.
fn part(file: &str, agent: &str) -> Option<String> {
    let stem = file.strip_suffix(".jsonl")?;
    Some(match (file == CONTEXT, agent.is_empty()) {
        (true, _) => agent.to_owned(),
        (false, true) => stem.to_owned(),
        (false, false) => format!("{agent}.{stem}"),
    })
}

/// Reads what the model is sent.
struct ContextReader {
    /// What is known of the session from elsewhere, until it was told.
    facts: Option<StepFacts>,
    began: Option<i64>,
    /// Whether the first prompt was seen.
    begun: bool,
}

impl ContextReader {
    fn new(found: &Found, state: &[u8]) -> ContextReader {
        let begun = state == [1];
        let mut facts =
            found.side.iter().find(|file| file.place.ends_with(STATE)).map(|file| state::facts(&file.path));
        if found.part.is_empty() {
            facts.get_or_insert_default().cwd = directory(found);
        } else if !begun {
            facts.get_or_insert_default().parent = Some(found.native.clone());
        }
        // Contexts begin alike: without its time one would be taken for a copy
        // of another.
        let began = if begun { None } else { began(&found.path.with_file_name(WIRE)) };
        ContextReader { facts, began, begun }
    }

    fn message(&mut self, row: Value<'_>, texts: &mut Texts, step: &mut Step) {
        let said = row.get("content");
        match row.get("role").map(|role| role.raw()).unwrap_or_default() {
            b"_system_prompt" | b"_checkpoint" | b"_usage" => {}
            b"user" => user(said, texts, step),
            b"assistant" => content::answer(row, row.get("tool_calls"), Some("function"), texts, step),
            b"tool" => {
                let parts = content::parts(said, texts);
                let failed = matches!(parts.first(), Some(Part::Text(crate::object::message::Text::Inline(text))) if text.starts_with(FAILED));
                step.message = Some(outcome(native(row, "tool_call_id"), failed, parts));
            }
            b"system" => step.message = content::put_in(said, texts, Block::Notice),
            _ => step.unknown = true,
        }
        if step.message.is_some() && !std::mem::replace(&mut self.begun, true) {
            step.time = self.began.take();
        }
    }
}

impl Reader for ContextReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let mut step = Step { facts: self.facts.take().unwrap_or_default(), ..Step::default() };
        self.message(row, texts, &mut step);
        step
    }

    fn state(&self) -> Vec<u8> {
        vec![u8::from(self.begun)]
    }
}

/// What stands in the user's place: a prompt, or words of the program's own.
fn user(said: Option<Value<'_>>, texts: &mut Texts, step: &mut Step) {
    let words = content::words(said);
    let own = words.starts_with(REMINDER) || words.starts_with(OWN.0) && words.ends_with(OWN.1);
    if words.starts_with(COMPACTED) {
        step.message = content::put_in(said, texts, Block::Summary);
    } else if own {
        step.message = content::put_in(said, texts, Block::Notice);
    } else {
        content::prompt(said, texts, step);
    }
}

/// Reads the log, which says nothing that the context doesn't.
struct LogReader {
    /// The session, until it was told: the log is no line of its own.
    parent: Option<String>,
}

impl LogReader {
    fn new(found: &Found, state: &[u8]) -> LogReader {
        LogReader { parent: state.is_empty().then(|| found.native.clone()) }
    }
}

impl Reader for LogReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let mut step = Step { unknown: row.is_none(), ..Step::default() };
        step.facts.parent = self.parent.take();
        step
    }

    fn state(&self) -> Vec<u8> {
        vec![1]
    }
}

/// The time of a line of the log, which has it in seconds with a fraction.
fn when(row: Value<'_>) -> Option<i64> {
    let text = std::str::from_utf8(row.get("timestamp")?.raw()).ok()?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis)
}

/// When the first turn of a log began.
fn began(log: &Path) -> Option<i64> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(log).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    let mut tape = Tape::default();
    head.split(|byte| *byte == b'\n').find_map(|line| {
        tape.read(line)?;
        when(tape.root(line))
    })
}

/// The directory that a session is about: the one whose digest names its folder.
fn directory(found: &Found) -> Option<String> {
    let bucket = found.place.split('/').nth(1)?;
    let root = found.path.ancestors().nth(found.place.split('/').count())?;
    let bytes = std::fs::read(root.join(KNOWN)).ok()?;
    let mut tape = Tape::default();
    tape.read(&bytes)?;
    let known = tape.root(&bytes).get("work_dirs")?;
    let mut paths = known.items().filter_map(|known| known.string("path"));
    paths.find(|path| bucket.ends_with(&digest::md5_hex(path.as_bytes())))
}

#[cfg(test)]
mod tests;
