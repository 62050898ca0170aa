//! A conversation as messages for the model and turns for the user.

use super::super::names;
use super::super::wire::Message as Wire;
use super::calls::{self, Shown};
use super::foreign::Marked;
use super::graph::{Done, Graph};
use super::json::{list, object};
use crate::object::escape;
use crate::tool::digest::hex;
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Loss, Target, ToolError, ids};

/// The longest name of a tool that the model's API takes.
const NAME_MAX: usize = 64;

const THOUGHTS: &str = "thoughts are shown but not sent to the model";
const PICTURES: &str = "pictures are sent to the model but not shown";
const RENAMED: &str = "a name that the model's API refuses is changed";
const FILES: &str = "documents stay as names";
const OTHERS: &str = "a picture that a model made is left out";

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) graph: Done,
    /// What the user asked, in order.
    pub(super) asked: Vec<String>,
    pub(super) messages: u64,
    pub(super) losses: Vec<Loss>,
}

/// Writes a conversation.
pub(super) fn write(conversation: &mut dyn Conversation, target: &Target) -> Result<Written, ToolError> {
    let mut marked = Marked(conversation);
    let mut turns = Turns::new(&mut marked);
    let mut writer =
        Writer { target, graph: Graph::default(), asked: Vec::new(), open: Vec::new(), answers: 0 };
    writer.begin();
    while let Some(turn) = turns.next()? {
        let losses = &mut turns.losses;
        match turn {
            Turn::User { pieces, .. } => writer.user(pieces, &mut |what| losses.add(what)),
            Turn::Model { said, calls, .. } => writer.model(said, calls, &mut |what| losses.add(what)),
            Turn::Results { results, .. } => writer.results(&results, &mut |what| losses.add(what)),
        }
    }
    let (messages, losses) = (turns.messages, turns.losses.list());
    if messages == 0 {
        return Err(ToolError::Empty);
    }
    Ok(Written { graph: writer.graph.finish(target), asked: writer.asked, messages, losses })
}

/// Takes a loss.
type Lose<'l> = &'l mut dyn FnMut(&'static str);

struct Writer<'t> {
    target: &'t Target,
    graph: Graph,
    asked: Vec<String>,
    /// The calls that wait for their results, each with the name given to it.
    open: Vec<(Call, String)>,
    answers: u64,
}

impl Writer<'_> {
    /// What every conversation begins with. The tool's servers put their own
    /// instructions in the place of the first message.
    fn begin(&mut self) {
        let system = object(&[("role", r#""system""#), ("content", r#""You are a coding assistant.""#)]);
        self.graph.message(system);
        let cwd = self.target.cwd.to_string_lossy();
        let context = format!(
            "<user_info>\nWorkspace Path: {cwd}\n</user_info>\n\n<system_reminder>\nThe conversation so far \
             was held in another tool. Files may have changed since. Calls whose names begin with `{}` were \
             made with that tool's own tools, which are not available here.\n</system_reminder>",
            names::FOREIGN
        );
        self.graph.message(object(&[("role", r#""user""#), ("content", &quoted(&context))]));
    }

    fn user(&mut self, pieces: Vec<Piece>, lose: Lose<'_>) {
        let (mut parts, mut words) = (Vec::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    parts.push(text_part(&query(&text)));
                    words.push(text);
                }
                Piece::Image(media, data) => {
                    lose(PICTURES);
                    parts.push(picture(&media, &data));
                }
                Piece::File(media, name, _) => {
                    lose(FILES);
                    parts.push(text_part(&query(&format!("[document {name} {media}]"))));
                }
                Piece::Thinking(..) => {}
            }
        }
        self.graph.message(object(&[("role", r#""user""#), ("content", &list(&parts))]));
        let id = ids::uuid(self.target.seed, self.asked.len() as u64);
        self.graph.turn(&words.join("\n\n"), &id);
        self.asked.push(words.join("\n\n"));
    }

    fn model(&mut self, said: Vec<Piece>, calls: Vec<Call>, lose: Lose<'_>) {
        if !self.graph.in_turn() {
            // A turn must begin with something that was asked.
            self.graph.turn("", &ids::uuid(self.target.seed, u64::MAX));
        }
        let mut parts = Vec::new();
        for piece in said {
            match piece {
                Piece::Text(text) => {
                    parts.push(text_part(&text));
                    self.graph.step(Wire::new().bytes(1, Wire::new().bytes(1, text)));
                }
                Piece::Thinking(thought, ..) => {
                    lose(THOUGHTS);
                    if !thought.trim().is_empty() {
                        self.graph.step(Wire::new().bytes(3, Wire::new().bytes(1, thought)));
                    }
                }
                Piece::Image(..) | Piece::File(..) => lose(OTHERS),
            }
        }
        for call in calls {
            let name = sanitised(&call.name);
            if name != call.name {
                lose(RENAMED);
            }
            parts.push(object(&[
                ("type", r#""tool-call""#),
                ("toolCallId", &quoted(&ids::call(self.target.seed, call.number))),
                ("toolName", &quoted(&name)),
                ("args", &call.input),
            ]));
            self.open.push((call, name));
        }
        if parts.is_empty() {
            return;
        }
        self.answers += 1;
        let id = quoted(&self.answers.to_string());
        self.graph.message(object(&[("role", r#""assistant""#), ("id", &id), ("content", &list(&parts))]));
    }

    fn results(&mut self, results: &[Answer], lose: Lose<'_>) {
        let open = std::mem::take(&mut self.open);
        for answer in results {
            let Some((call, name)) = open.iter().find(|(call, _)| call.number == answer.number) else {
                continue;
            };
            let id = ids::call(self.target.seed, call.number);
            answer.images.iter().for_each(|_| lose(PICTURES));
            let cwd = self.target.cwd.to_string_lossy();
            self.graph.step(calls::step(&Shown {
                id: &id,
                name: call.name.strip_prefix(names::FOREIGN).unwrap_or(&call.name),
                input: &call.input,
                output: &answer.text,
                failed: answer.failed,
                cwd: &cwd,
            }));
            self.graph.message(result(&id, name, answer));
        }
    }
}

/// The message of a result.
fn result(id: &str, name: &str, answer: &Answer) -> String {
    let mut rich = Vec::new();
    if !answer.text.is_empty() {
        rich.push(text_part(&answer.text));
    }
    for (media, data) in &answer.images {
        let (data, media) = (quoted(data), quoted(media));
        rich.push(object(&[("type", r#""image""#), ("data", &data), ("mimeType", &media)]));
    }
    let (id, name, text, rich) = (quoted(id), quoted(name), quoted(&answer.text), list(&rich));
    let mut members = vec![
        ("type", r#""tool-result""#),
        ("toolCallId", id.as_str()),
        ("toolName", &name),
        ("result", &text),
        ("experimental_content", &rich),
    ];
    if answer.failed {
        members.push(("isError", "true"));
    }
    let content = list(&[object(&members)]);
    object(&[("role", r#""tool""#), ("id", &id), ("content", &content)])
}

/// A picture of the user's: its bytes, as the tool writes bytes.
fn picture(media: &str, data: &str) -> String {
    let image = match escape::decode_base64(data.as_bytes()) {
        Some((bytes, _)) => object(&[("__type", r#""Uint8Array""#), ("hex", &quoted(&hex(&bytes)))]),
        None => quoted(data),
    };
    object(&[("type", r#""image""#), ("image", &image), ("mimeType", &quoted(media))])
}

fn text_part(text: &str) -> String {
    object(&[("type", r#""text""#), ("text", &quoted(text))])
}

/// What a person says, wrapped as the tool wraps it.
fn query(text: &str) -> String {
    format!("<user_query>\n{text}\n</user_query>")
}

/// A name that the model's API takes.
fn sanitised(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    name.chars().map(letter).take(NAME_MAX).collect()
}
