//! Rounds: what the extension and its model said to each other.

use super::names;
use super::request::Answer;
use crate::object::commit::Usage;
use crate::object::json::{Tape, Type, Value};
use crate::object::message::{Block, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::{Counted, Draft, Key, Step};

/// How what a tool answers begins when it failed.
const FAILED: &[u8] = b"ERROR while calling tool:";
/// How deep what a tool answers is looked into.
const DEPTH: u32 = 64;
/// What a node of it is: one that holds others, and a text.
const PIECE: i64 = 1;
const TEXT: i64 = 2;
/// What a piece is that holds a picture.
const PICTURE: i64 = 3;

/// What the rounds of a result say.
pub(super) fn said(result: Value<'_>, answer: &Answer<'_>, texts: &mut Texts) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(metadata) = result.get("metadata") else { return steps };
    let results = metadata.get("toolCallResults");
    let rounds: Vec<Value<'_>> = metadata.get("toolCallRounds").into_iter().flat_map(|r| r.items()).collect();
    let summaries = summaries(metadata);
    // Those of what was said before this turn.
    let earlier = summaries.iter().filter(|(of, _)| !rounds.iter().any(|round| is_called(*round, *of)));
    steps.extend(earlier.map(|(_, text)| summed_up(*text, texts)));
    for round in &rounds {
        let mut step = Step { model: answer.model.clone(), time: time_of(*round), ..Step::default() };
        let mut draft = Draft::of(Role::Assistant, Vec::new());
        draft.message.blocks.extend(round.get("thinking").and_then(|thought| thinking(thought, texts)));
        let text = round.get("response").filter(|text| text.kind() == Type::String && !text.raw().is_empty());
        draft.message.blocks.extend(text.map(|text| Block::Text(texts.of(text))));
        let mut came = Draft::of(Role::User, Vec::new());
        for call in round.get("toolCalls").into_iter().flat_map(|calls| calls.items()) {
            one_call(call, texts, &mut draft, &mut step.files);
            outcome(call, results, texts, &mut came);
        }
        if !draft.message.blocks.is_empty() {
            step.message = Some(draft);
            steps.push(step);
        }
        if !came.message.blocks.is_empty() {
            steps.push(Step { message: Some(came), ..Step::default() });
        }
        let own =
            summaries.iter().filter(|(of, _)| is_called(*round, *of)).map(|(_, text)| *text).next_back();
        let own = own.or_else(|| round.get("summary").filter(|text| is_full(*text)));
        steps.extend(own.map(|text| summed_up(text, texts)));
    }
    if let Some(last) = steps.iter_mut().rfind(|step| is_answer(step)) {
        last.time = answer.done.or(last.time);
        // Each is counted once, whatever round it is of.
        let id = rounds.last().and_then(|round| round.get("id")).map(|id| id.raw()).unwrap_or_default();
        let api = Key::of(&[id, &answer.asked.unwrap_or_default().to_le_bytes()].concat());
        last.usage = usage(result).map(|usage| Counted { api, usage });
    }
    steps
}

fn is_answer(step: &Step) -> bool {
    step.message.as_ref().is_some_and(|draft| draft.message.role == Role::Assistant)
}

fn time_of(round: Value<'_>) -> Option<i64> {
    round.get("timestamp").and_then(|time| time.int()).filter(|time| *time > 0)
}

/// The summaries that a turn made, each with the round up to which it tells:
/// one, before there could be several.
fn summaries(metadata: Value<'_>) -> Vec<(Value<'_>, Value<'_>)> {
    let many = metadata.get("summaries").filter(|list| list.items().next().is_some());
    let one = metadata.get("summary").filter(|_| many.is_none());
    let each = many.into_iter().flat_map(|list| list.items()).chain(one);
    each.filter_map(|one| Some((one.get("toolCallRoundId")?, one.get("text").filter(|text| is_full(*text))?)))
        .collect()
}

fn is_full(text: Value<'_>) -> bool {
    text.kind() == Type::String && !text.raw().is_empty()
}

fn is_called(round: Value<'_>, id: Value<'_>) -> bool {
    round.get("id").is_some_and(|own| own.kind() == Type::String && own.raw() == id.raw())
}

fn summed_up(text: Value<'_>, texts: &mut Texts) -> Step {
    let draft = Draft::of(Role::User, vec![Block::Summary(texts.of(text))]);
    Step { message: Some(draft), ..Step::default() }
}

/// A thought, and the encrypted form that proves it.
fn thinking(thought: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let full = |key: &str| thought.get(key).filter(|v| v.kind() == Type::String && !v.raw().is_empty());
    let signature = full("encrypted").map(|proof| texts.of(proof));
    let text = match thought.get("text") {
        Some(text) if text.kind() == Type::Array => texts.make(&joined(text)),
        _ => match full("text") {
            Some(text) => texts.of(text),
            None => texts.make(b""),
        },
    };
    (!text.is_empty() || signature.is_some()).then_some(Block::Thinking { text, signature })
}

/// The strings of a list, one after another.
pub(super) fn joined(list: Value<'_>) -> Vec<u8> {
    list.items().filter_map(|text| text.bytes()).flat_map(|text| text.into_owned()).collect()
}

fn one_call(call: Value<'_>, texts: &mut Texts, draft: &mut Draft, files: &mut Vec<String>) {
    let name = call.string("name").unwrap_or_default();
    let arguments = call.get("arguments").and_then(|text| text.bytes()).unwrap_or_default();
    let mut tape = Tape::default();
    if tape.read(&arguments).is_some() {
        names::files(&name, tape.root(&arguments), files);
    }
    // A tool without parameters is given nothing.
    let input = texts.input(if arguments.is_empty() { b"{}" } else { &arguments });
    draft.calls.push(key(call));
    draft.message.blocks.push(Block::Call { action: names::action(&name), name, input });
}

fn key(call: Value<'_>) -> Key {
    Key::of(call.get("id").map(|id| id.raw()).unwrap_or_default())
}

/// What came of a call, as far as it is taken apart.
#[derive(Default)]
struct Outcome {
    parts: Vec<Part>,
    failed: bool,
}

/// Adds what came of a call, if that is known.
fn outcome(call: Value<'_>, results: Option<Value<'_>>, texts: &mut Texts, came: &mut Draft) {
    let id = call.get("id").map(|id| id.raw()).unwrap_or_default();
    let found = results.and_then(|all| all.members().filter(|(key, _)| *key == id).last());
    let Some((_, result)) = found.filter(|(_, result)| !result.is_null()) else { return };
    let mut outcome = Outcome::default();
    if result.kind() == Type::String {
        outcome.text(result, texts);
    }
    for content in result.get("content").into_iter().flat_map(|content| content.items()) {
        outcome.content(content, texts);
    }
    let status = if outcome.failed { Status::Error } else { Status::Ok };
    came.results.push(key(call));
    came.message.blocks.push(Block::Result { call: None, status, parts: outcome.parts });
}

impl Outcome {
    fn text(&mut self, text: Value<'_>, texts: &mut Texts) {
        self.failed |= self.parts.is_empty() && text.raw().starts_with(FAILED);
        self.parts.push(Part::Text(texts.of(text)));
    }

    /// One piece of what a tool answered.
    fn content(&mut self, content: Value<'_>, texts: &mut Texts) {
        let value = content.get("value");
        if let Some(text) = value.filter(|value| value.kind() == Type::String) {
            return self.text(text, texts);
        }
        if let Some(node) = value.and_then(|value| value.get("node")) {
            let mut tree = Tree::default();
            tree.node(node, DEPTH);
            self.failed |= self.parts.is_empty() && tree.text.starts_with(FAILED);
            if !tree.text.is_empty() {
                self.parts.push(Part::Text(texts.make(&tree.text)));
            }
            return self.parts.extend(tree.pictures.into_iter().map(|(media, source)| {
                let (media, data) = texts.data_url(source).unwrap_or_else(|| (media, texts.of(source)));
                Part::Image(media, data)
            }));
        }
        let data = content.get("data").filter(|data| data.kind() == Type::String);
        let media = content.string("mimeType").filter(|media| media.starts_with("image/"));
        self.parts.push(match (media, data) {
            (Some(media), Some(data)) => Part::Image(media, texts.of(data)),
            _ => Part::Other(texts.json(content)),
        });
    }
}

/// What a tool answered as a tree (`@vscode/prompt-tsx`), put together as the
/// extension does for its model.
#[derive(Default)]
struct Tree<'t> {
    text: Vec<u8>,
    pictures: Vec<(String, Value<'t>)>,
}

impl<'t> Tree<'t> {
    fn node(&mut self, node: Value<'t>, depth: u32) {
        let number = |key: &str| node.get(key).and_then(|value| value.int());
        match number("type") {
            Some(TEXT) => {
                let breaks =
                    node.get("lineBreakBefore").is_some_and(|it| it.is_true() || it.int() == Some(1));
                if breaks && !self.text.is_empty() && !self.text.ends_with(b"\n") {
                    self.text.push(b'\n');
                }
                self.text.extend(node.get("text").and_then(|text| text.bytes()).unwrap_or_default().iter());
            }
            Some(PIECE) if depth > 0 => {
                if number("ctor") == Some(PICTURE) {
                    let props = node.get("props");
                    let media = props.and_then(|props| props.string("mimeType"));
                    let source =
                        props.and_then(|props| props.get("src")).filter(|src| src.kind() == Type::String);
                    self.pictures.extend(source.map(|src| (media.unwrap_or_default(), src)));
                }
                for child in node.get("children").into_iter().flat_map(|children| children.items()) {
                    self.node(child, depth - 1);
                }
            }
            _ => {}
        }
    }
}

/// The tokens of the last call of the model in a turn: no more is kept.
fn usage(result: Value<'_>) -> Option<Usage> {
    let count = |path: &[&str]| u64::try_from(result.path(path)?.int()?).ok();
    let input = count(&["usage", "promptTokens"]).or_else(|| count(&["metadata", "promptTokens"]));
    let output = count(&["usage", "completionTokens"]).or_else(|| count(&["metadata", "outputTokens"]));
    let usage = Usage { input: input?, output: output.unwrap_or_default(), ..Usage::default() };
    (!usage.is_zero()).then_some(usage)
}
