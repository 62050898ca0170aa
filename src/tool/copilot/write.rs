//! A conversation as events that the tool resumes.
//!
//! The least that 1.0.40 to 1.0.102 take: a head, what was said, and for each
//! call that it began and ended. Every answer says something or calls
//! something: one that does neither is sent as null, which APIs refuse.
//!
//! Of a result only its text is sent again when a session is resumed (seen in
//! the code of 1.0.40, and in requests up to 1.0.102), so what it showed
//! follows in a message of the user.

use super::find;
use crate::tool::fit::{self, Fitting};
use crate::tool::jsonl::{Lines, Object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns};
use crate::tool::{Conversation, Losses, Plan, Sink, Target, ToolError, ids, time};

/// The version that is written for when none is known.
const VERSION: &str = "1.0.102";
/// What is said with the pictures that calls gave.
const SEEN: &str = "[pictures that the calls above gave]";

/// Writes a conversation as a new session.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::begin(conversation)?;
    let path = find::folder(&target.places, &target.native).join(find::EVENTS);
    let out = sink.create(&path, 0o600)?;
    let mut writer = Writer {
        lines: Lines::new(out, path.clone(), target.started.saturating_sub(2)),
        seed: target.seed,
        events: 0,
        seen: Vec::new(),
    };
    writer.head(target)?;
    while let Some(turn) = turns.next()? {
        writer.turn(turn, &mut turns.losses)?;
    }
    writer.show()?;
    if writer.events == 1 {
        return Err(ToolError::Empty);
    }
    writer.lines.finish()?;
    Ok(turns.plan(target, path))
}

/// What names the session and says where it works: the events don't.
pub(super) fn workspace(target: &Target) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let path = find::folder(&target.places, &target.native).join(find::WORKSPACE);
    let mut yaml = format!("id: {}\ncwd: {}\n", target.native, find::quoted(&target.cwd.to_string_lossy()));
    if let Some(branch) = &target.git_branch {
        yaml.push_str(&format!("branch: {}\n", find::quoted(branch)));
    }
    let title = target.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if !title.is_empty() {
        yaml.push_str(&format!("name: {}\nuser_named: true\n", find::quoted(&title)));
    }
    let (created, updated) = (time::format(target.started), time::format(target.now));
    yaml.push_str(&format!("summary_count: 0\ncreated_at: {created}\nupdated_at: {updated}\n"));
    vec![(path, yaml.into_bytes())]
}

struct Writer<'a> {
    lines: Lines<'a>,
    seed: u128,
    events: u64,
    /// Pictures that calls gave and that were not shown yet: media types and base64.
    seen: Vec<(String, String)>,
}

impl Writer<'_> {
    fn event(
        &mut self,
        time: Option<i64>,
        kind: &str,
        data: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        // Every event has two numbers: its own, and that of what it holds.
        let id = ids::uuid(self.seed, 2 * self.events);
        let parent = self.events.checked_sub(1).map(|before| ids::uuid(self.seed, 2 * before));
        self.events += 1;
        let stamp = time::format(self.lines.stamp(time));
        self.lines.line(|event| {
            event.text("type", kind).object("data", data).text("id", &id).text("timestamp", &stamp);
            match parent {
                Some(parent) => event.text("parentId", &parent),
                None => event.json("parentId", "null"),
            };
        })
    }

    fn head(&mut self, target: &Target) -> Result<(), ToolError> {
        let started = time::format(target.started);
        self.event(Some(target.started.saturating_sub(1)), "session.start", |data| {
            data.text("sessionId", &target.native)
                .json("version", "1")
                .text("producer", "copilot-agent")
                .text("copilotVersion", target.version.as_deref().unwrap_or(VERSION))
                .text("startTime", &started)
                .object("context", |context| {
                    context.text("cwd", &target.cwd.to_string_lossy());
                    if let Some(branch) = &target.git_branch {
                        context.text("branch", branch);
                    }
                });
        })
    }

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                self.show()?;
                let (text, pictures) =
                    apart(pieces.into_iter().filter_map(|piece| fit::piece(piece, losses)));
                self.hear(time, &text, &pictures)
            }
            Turn::Model { said, calls, model, time } => {
                self.show()?;
                self.model(Said { model, time }, said, &calls, losses)
            }
            Turn::Results { results, time } => {
                results.into_iter().try_for_each(|result| self.result(time, result, losses))
            }
        }
    }

    /// What the user says.
    fn hear(
        &mut self,
        time: Option<i64>,
        text: &str,
        pictures: &[(String, String)],
    ) -> Result<(), ToolError> {
        self.event(time, "user.message", |data| {
            data.text("content", text).objects("attachments", pictures, |item, (media, bytes)| {
                item.text("type", "blob").text("mimeType", media).text("data", bytes);
            });
        })
    }

    /// Shows the pictures that calls gave.
    fn show(&mut self) -> Result<(), ToolError> {
        let seen = std::mem::take(&mut self.seen);
        if seen.is_empty() { Ok(()) } else { self.hear(None, SEEN, &seen) }
    }

    /// What the model says: an event for each text, with what was thought
    /// before it; the last one makes the calls.
    fn model(
        &mut self,
        by: Said,
        said: Vec<Piece>,
        calls: &[Call],
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        if self.events == 1 {
            losses.add("the conversation begins with the model: a prompt is put before it");
            self.hear(by.time, fit::NO_BEGINNING, &[])?;
        }
        let (mut thoughts, mut last) = (Vec::new(), String::new());
        for piece in said {
            if !last.is_empty() {
                self.say(&by, &std::mem::take(&mut last), &std::mem::take(&mut thoughts), &[], losses)?;
            }
            match piece {
                Piece::Thinking(text, ..) => {
                    losses.add("thinking is shown but not sent to the model");
                    thoughts.extend(Some(text).filter(|text| !text.is_empty()));
                }
                piece => last = fit::said(piece, losses).unwrap_or_default(),
            }
        }
        if last.is_empty() && calls.is_empty() {
            return Ok(());
        }
        self.say(&by, &last, &thoughts, calls, losses)
    }

    fn say(
        &mut self,
        by: &Said,
        text: &str,
        thoughts: &[String],
        calls: &[Call],
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let message = ids::uuid(self.seed, 2 * self.events + 1);
        let calls: Vec<_> = calls
            .iter()
            .map(|call| (ids::call(self.seed, call.number), fit::name(&call.name, losses), &call.input))
            .collect();
        self.event(by.time, "assistant.message", |data| {
            data.text("messageId", &message);
            if let Some(model) = &by.model {
                data.text("model", model);
            }
            data.text("content", text).objects("toolRequests", &calls, |object, (id, name, input)| {
                object.text("toolCallId", id).text("name", name).json("arguments", input);
                object.text("type", "function");
            });
            if !thoughts.is_empty() {
                data.text("reasoningText", &thoughts.join("\n\n"));
            }
        })?;
        for (id, name, input) in &calls {
            self.event(None, "tool.execution_start", |data| {
                data.text("toolCallId", id).text("toolName", name).json("arguments", input);
            })?;
        }
        Ok(())
    }

    fn result(&mut self, time: Option<i64>, result: Answer, losses: &mut Losses) -> Result<(), ToolError> {
        let mut texts = Some(result.text).filter(|text| !text.is_empty()).into_iter().collect::<Vec<_>>();
        for (media, data) in result.images {
            match fit::image(&media, data, losses) {
                Fitting::Text(text) => texts.push(text),
                Fitting::Image(media, data) => {
                    losses.add("pictures that calls gave follow in a message after the results");
                    self.seen.push((media, data));
                }
            }
        }
        let (id, text) = (ids::call(self.seed, result.number), texts.join("\n\n"));
        self.event(time, "tool.execution_complete", |data| {
            data.text("toolCallId", &id);
            if result.failed {
                // The error alone is sent.
                data.json("success", "false").object("error", |error| {
                    error.text("message", &text).text("code", "failure");
                });
            } else {
                data.json("success", "true").object("result", |result| {
                    result.text("content", &text);
                });
            }
        })
    }
}

/// Which model said something, and when.
struct Said {
    model: Option<String>,
    time: Option<i64>,
}

/// The texts as one, and the pictures.
fn apart(said: impl Iterator<Item = Fitting>) -> (String, Vec<(String, String)>) {
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    for piece in said {
        match piece {
            Fitting::Text(text) => texts.push(text),
            Fitting::Image(media, bytes) => pictures.push((media, bytes)),
        }
    }
    (texts.join("\n\n"), pictures)
}
