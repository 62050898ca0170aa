//! The forms of a session that versions of the tool resume.

use std::path::PathBuf;

use super::message::MASK;
use super::{Gemini, project};
use crate::tool::turns::{Answer, Call, Piece, quoted};
use crate::tool::{Losses, Target, Tool, digest, ids, parts, time};

/// How long before now the name of a file says that it was begun, at least.
/// The tool begins a file of its own at each start, called by the minute and
/// the beginning of the session's id: one called the same would be mixed up.
const EARLIER: i64 = 120_000;
/// How much of a call is shown beside its name.
const SHOWN: usize = 120;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// A line for each message (from 0.39), not one document.
    pub(super) lines: bool,
    /// Results are messages of their own (from 0.44), not parts of the calls.
    pub(super) results: bool,
    /// The project's folder is called by its name (from 0.29), not by a hash.
    pub(super) slug: bool,
    /// Whether the version resumes sessions at all (from 0.15).
    pub(super) resumes: bool,
}

impl Form {
    /// What a version reads; the newest if it is not known.
    pub(super) fn of(version: Option<&str>) -> Form {
        let mut numbers = version.unwrap_or_default().split('.').map(|n| n.parse::<u32>().ok());
        let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
        let from = |first: u32| match (major, minor) {
            (Some(0), Some(minor)) => minor >= first,
            _ => true,
        };
        Form { lines: from(39), results: from(44), slug: from(29), resumes: from(15) }
    }

    /// Where the session goes, and the marker that must be written for the
    /// folder to be the project's.
    pub(super) fn place(self, target: &Target) -> (PathBuf, Option<PathBuf>) {
        let root = Gemini.root(&target.places);
        let cwd = target.cwd.to_string_lossy();
        let (folder, marker) = if self.slug {
            let home = project::home(&root, &cwd);
            (home.name, home.marker)
        } else {
            (digest::sha256_hex(cwd.as_bytes()), None)
        };
        let minute = time::format(target.started.min(target.now.saturating_sub(EARLIER)));
        let minute = minute.get(..16).unwrap_or_default().replace(':', "-");
        let id = target.native.get(..8).unwrap_or(&target.native);
        let ending = if self.lines { "jsonl" } else { "json" };
        let name = format!("session-{minute}-{id}.{ending}");
        (root.join("tmp").join(folder).join("chats").join(name), marker)
    }

    /// What stands before the messages. The tool deletes sessions that were
    /// changed longest ago, so this one was changed now.
    pub(super) fn head(self, target: &Target) -> String {
        let head = format!(
            "{{\"sessionId\":{},\"projectHash\":\"{}\",\"startTime\":\"{}\",\"lastUpdated\":\"{}\",\
             \"kind\":\"main\",\"summary\":{}",
            quoted(&target.native),
            digest::sha256_hex(target.cwd.to_string_lossy().as_bytes()),
            time::format(target.started),
            time::format(target.now),
            quoted(&target.title),
        );
        head + if self.lines { "}\n" } else { ",\"messages\":[\n" }
    }

    /// What stands between two messages.
    pub(super) fn between(self) -> &'static str {
        if self.lines { "" } else { ",\n" }
    }

    /// What stands after a message.
    pub(super) fn after(self) -> &'static str {
        if self.lines { "\n" } else { "" }
    }

    /// What stands after all messages.
    pub(super) fn tail(self) -> &'static str {
        if self.lines { "" } else { "\n]}\n" }
    }

    /// What the user says.
    pub(super) fn user(self, pieces: &[Piece], losses: &mut Losses) -> String {
        let is_data = |piece: &&Piece| matches!(piece, Piece::Image(..) | Piece::File(..));
        for _ in pieces.iter().filter(is_data).filter(|_| !self.slug) {
            losses.add("pictures and files in prompts are only named by versions before 0.29");
        }
        let mut content: Vec<String> = pieces.iter().filter_map(part).collect();
        let words = || {
            pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None })
        };
        let said: String = words().map(String::as_str).collect();
        // What begins so would be taken for a command, or for the tool's own
        // words; what has no words at all, for nothing. Neither would be sent.
        let said = said.trim();
        if said.is_empty()
            || ["/", "?", "<session_context>", "<hook_context>"].iter().any(|w| said.starts_with(w))
        {
            let shown = content.join(",");
            match pieces.iter().position(|piece| matches!(piece, Piece::Text(_))) {
                Some(first) => {
                    let text = words().next().map(|text| parts::text(&format!("{MASK}{text}")));
                    content.splice(first..=first, text);
                }
                None => content.insert(0, parts::text(&MASK.to_string())),
            }
            return format!(
                "\"type\":\"user\",\"content\":[{}],\"displayContent\":[{shown}]",
                content.join(",")
            );
        }
        format!("\"type\":\"user\",\"content\":[{}]", content.join(","))
    }

    /// What the model says and calls. `results` are those of its calls.
    pub(super) fn model(self, answer: &Spoken<'_>, target: &Target, losses: &mut Losses) -> Option<String> {
        let said: Vec<String> = answer
            .said
            .iter()
            .filter(|piece| !matches!(piece, Piece::Thinking(..)))
            .filter_map(part)
            .collect();
        let mut thoughts: Vec<String> =
            answer.said.iter().filter_map(|piece| thought(piece, answer.time)).collect();
        let silent = said.is_empty() && answer.calls.is_empty();
        // Before 0.44 thoughts that are shown are sent as well, as the model's own.
        let lost = match (silent, self.results) {
            (true, _) => "a thought after which nothing was said is left out",
            (false, true) => "thoughts are shown but not sent to the model",
            (false, false) => "thoughts are left out",
        };
        thoughts.iter().for_each(|_| losses.add(lost));
        if silent {
            return None;
        }
        if !self.results {
            thoughts.clear();
        }
        let calls = answer
            .calls
            .iter()
            .map(|call| parts::function_call(&ids::call(target.seed, call.number), &call.name, &call.input));
        let inside = if self.results { calls.collect() } else { Vec::new() };
        let content = [said.as_slice(), inside.as_slice()].concat().join(",");
        let mut out = format!("\"type\":\"gemini\",\"content\":[{content}]");
        if let Some(model) = answer.model {
            out += &format!(",\"model\":{}", quoted(model));
        }
        if !thoughts.is_empty() {
            out += &format!(",\"thoughts\":[{}]", thoughts.join(","));
        }
        if !answer.calls.is_empty() {
            if self.results {
                let shown = if said.is_empty() { parts::text(" ") } else { said.join(",") };
                out += &format!(",\"displayContent\":[{shown}]");
            }
            let calls: Vec<String> =
                answer.calls.iter().map(|call| self.shown(call, answer, target)).collect();
            out += &format!(",\"toolCalls\":[{}]", calls.join(","));
        }
        Some(out)
    }

    /// A call as it is shown; up to 0.43 also as it is sent.
    fn shown(self, call: &Call, answer: &Spoken<'_>, target: &Target) -> String {
        let id = ids::call(target.seed, call.number);
        let result = answer.results.iter().find(|result| result.number == call.number);
        let (failed, text) = result.map_or((false, ""), |result| (result.failed, result.text.as_str()));
        let sent = match result {
            Some(result) if !self.results => {
                format!(",\"result\":[{}]", result_parts(result, target).join(","))
            }
            _ => String::new(),
        };
        format!(
            "{{\"id\":\"{}{id}\",\"name\":{name},\"displayName\":{name},\"args\":{},\"description\":{}{sent},\
             \"status\":\"{}\",\"timestamp\":\"{}\",\"resultDisplay\":{}}}",
            // Another id: the tool would send what it shows a second time.
            if self.results { "ui-" } else { "" },
            call.input,
            quoted(&call.input.chars().take(SHOWN).collect::<String>()),
            if failed { "error" } else { "success" },
            time::format(answer.time),
            quoted(text),
            name = quoted(&call.name),
        )
    }

    /// What came of calls, as a message of its own.
    pub(super) fn results(self, results: &[Answer], target: &Target) -> String {
        let parts: Vec<String> = results.iter().flat_map(|result| result_parts(result, target)).collect();
        format!(
            "\"type\":\"user\",\"content\":[{}],\"displayContent\":[{}]",
            parts.join(","),
            parts::text(" ")
        )
    }
}

/// An answer of the model with what came of its calls.
pub(super) struct Spoken<'a> {
    pub(super) said: &'a [Piece],
    pub(super) calls: &'a [Call],
    pub(super) model: Option<&'a str>,
    pub(super) results: &'a [Answer],
    /// When, in milliseconds since 1970.
    pub(super) time: i64,
}

fn result_parts(result: &Answer, target: &Target) -> Vec<String> {
    let id = ids::call(target.seed, result.number);
    let images = result.images.iter().map(|(media, data)| parts::media(media, data));
    std::iter::once(parts::response(&id, result, &[])).chain(images).collect()
}

fn part(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Text(text) => Some(parts::text(text)),
        Piece::Image(media, data) | Piece::File(media, _, data) => Some(parts::media(media, data)),
        Piece::Thinking(..) => None,
    }
}

/// A thought as it is shown: what stands between asterisks heads it.
fn thought(piece: &Piece, at: i64) -> Option<String> {
    let Piece::Thinking(text, ..) = piece else { return None };
    let headed = text.strip_prefix("**").and_then(|rest| rest.split_once("** "));
    let (subject, description) =
        headed.filter(|(subject, _)| !subject.is_empty()).unwrap_or(("", text.as_str()));
    (!text.trim().is_empty()).then(|| {
        format!(
            "{{\"subject\":{},\"description\":{},\"timestamp\":\"{}\"}}",
            quoted(subject),
            quoted(description),
            time::format(at)
        )
    })
}
