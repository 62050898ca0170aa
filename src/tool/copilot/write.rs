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
use crate::tool::flow::{self, Answer, Call, Content, Out, Outcome, Piece, Spoken};
use crate::tool::ids::Ids;
use crate::tool::jsonl::{Lines, Object};
use crate::tool::{Conversation, Losses, Plan, Planned, Sink, Target, ToolError, time};

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
    let path = find::folder(&target.places, &target.native).join(find::EVENTS);
    let out = sink.create(&path, 0o600)?;
    let mut losses = Losses::default();
    let mut writer = Writer {
        lines: Lines::new(out, path.clone(), target.started.saturating_sub(2)),
        ids: Ids(target.seed),
        events: 0,
        unproved: 0,
        moved: 0,
        seen: Vec::new(),
    };
    writer.head(target)?;
    let messages = flow::run(conversation, &mut losses, &mut writer)?;
    writer.show()?;
    if writer.events == 1 {
        return Err(ToolError::Empty);
    }
    for _ in 0..writer.unproved {
        losses.add("thinking is shown but not sent to the model");
    }
    for _ in 0..writer.moved {
        losses.add("pictures that calls gave follow in a message after the results");
    }
    writer.lines.finish()?;
    Ok(Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses: losses.list(),
        messages,
        imports: Vec::new(),
    })
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
    let (created, updated) = (time::iso(target.started), time::iso(target.now));
    yaml.push_str(&format!("summary_count: 0\ncreated_at: {created}\nupdated_at: {updated}\n"));
    vec![(path, yaml.into_bytes())]
}

struct Writer<'a> {
    lines: Lines<'a>,
    ids: Ids,
    events: u64,
    /// Thoughts, which are only sent with the provider's proof.
    unproved: u64,
    /// Pictures that calls gave.
    moved: u64,
    /// Those that were not shown yet: media types and base64.
    seen: Vec<(String, String)>,
}

impl Writer<'_> {
    fn event(
        &mut self,
        time: Option<i64>,
        kind: &str,
        data: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        let id = self.ids.uuid("event", self.events);
        let parent = self.events.checked_sub(1).map(|before| self.ids.uuid("event", before));
        self.events += 1;
        let stamp = time::iso(self.lines.stamp(time));
        self.lines.line(|event| {
            event.text("type", kind).object("data", data).text("id", &id).text("timestamp", &stamp);
            match parent {
                Some(parent) => event.text("parentId", &parent),
                None => event.json("parentId", "null"),
            };
        })
    }

    fn head(&mut self, target: &Target) -> Result<(), ToolError> {
        let started = time::iso(target.started);
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

    fn say_to(
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
        if seen.is_empty() {
            return Ok(());
        }
        self.moved += seen.len() as u64;
        self.say_to(None, SEEN, &seen)
    }

    fn call_id(&self, number: u64) -> String {
        format!("call_{}", self.ids.hex("call", number))
    }

    /// One text of an answer, what was thought before it, and its calls.
    fn say(
        &mut self,
        answer: &Answer,
        text: &str,
        thoughts: &[String],
        calls: &[Call],
    ) -> Result<(), ToolError> {
        let message = self.ids.uuid("message", self.events);
        let ids: Vec<String> = calls.iter().map(|call| self.call_id(call.number)).collect();
        self.event(answer.time, "assistant.message", |data| {
            data.text("messageId", &message);
            if let Some(model) = &answer.model {
                data.text("model", model);
            }
            data.text("content", text).objects(
                "toolRequests",
                calls.iter().zip(&ids),
                |object, (call, id)| {
                    object
                        .text("toolCallId", id)
                        .text("name", &call.name)
                        .json("arguments", &call.input)
                        .text("type", "function");
                },
            );
            if !thoughts.is_empty() {
                data.text("reasoningText", &thoughts.join("\n\n"));
            }
        })?;
        for (call, id) in calls.iter().zip(&ids) {
            self.event(None, "tool.execution_start", |data| {
                data.text("toolCallId", id).text("toolName", &call.name).json("arguments", &call.input);
            })?;
        }
        Ok(())
    }
}

impl Out for Writer<'_> {
    fn user(&mut self, spoken: Spoken) -> Result<(), ToolError> {
        self.show()?;
        let (text, pictures) = apart(spoken.content);
        self.say_to(spoken.time, &text, &pictures)
    }

    fn answer(&mut self, mut answer: Answer) -> Result<(), ToolError> {
        self.show()?;
        let (pieces, calls) = (std::mem::take(&mut answer.said), std::mem::take(&mut answer.calls));
        let (mut thoughts, mut last) = (Vec::new(), String::new());
        for piece in pieces {
            if !last.is_empty() {
                self.say(&answer, &std::mem::take(&mut last), &std::mem::take(&mut thoughts), &[])?;
            }
            match piece {
                Piece::Thought(text) => {
                    self.unproved += 1;
                    thoughts.push(text);
                }
                Piece::Text(text) => last = text,
            }
        }
        self.say(&answer, &last, &thoughts, &calls)
    }

    fn outcome(&mut self, outcome: Outcome) -> Result<(), ToolError> {
        let id = self.call_id(outcome.call);
        let (text, mut pictures) = apart(outcome.content);
        self.seen.append(&mut pictures);
        self.event(outcome.time, "tool.execution_complete", |data| {
            data.text("toolCallId", &id);
            if outcome.failed {
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

/// The texts as one, and the pictures.
fn apart(content: Vec<Content>) -> (String, Vec<(String, String)>) {
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    for piece in content {
        match piece {
            Content::Text(text) => texts.push(text),
            Content::Image(media, bytes) => pictures.push((media, bytes)),
        }
    }
    (texts.join("\n\n"), pictures)
}
