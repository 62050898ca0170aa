//! Reading: what each block of a history says.

use super::cut::{lines, text};
use super::find;
use super::head::{Head, head};
use crate::object::codec::{self, Decode, Encode};
use crate::object::json::Value;
use crate::object::message::{Action, Block, Input, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Draft, Found, Key, Link, Reader, Step};

/// What a thought stands between.
const THOUGHT: (&str, &str) = ("<think><details><summary>Thought Process</summary>", "</details></think>");
/// What a call begins with, and what it ends with, perhaps on two lines.
const CALL: &str = "<tool-use ";
const CALL_END: (&str, &str) = ("</details>", "</tool-use>");
/// What a result of a call that failed says.
const FAILED: &str = "**Error:**";
/// The longest name of a model that is remembered.
const MODEL_MAX: usize = 200;

/// What must be known to go on.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct State {
    /// How many messages there were.
    count: u64,
    /// The last message of the side conversation that is going on.
    side: Option<u64>,
    /// Who spoke last, for the parts of an answer: in a side conversation?
    aside: bool,
    model: String,
}

/// Reads the blocks of one history.
pub(super) struct BlockReader {
    began: Option<i64>,
    state: State,
}

impl BlockReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> BlockReader {
        BlockReader { began: find::began(&found.place), state: codec::decode(state).unwrap_or_default() }
    }

    fn block(&mut self, block: &[u8], texts: &mut Texts) -> Step {
        let block = text(block);
        let line = lines(block).next().unwrap_or_default();
        let told = block.get(line.clone()).and_then(head);
        let said = if told.is_some() { block.get(line.end..).unwrap_or_default() } else { block };
        let said = String::from_utf8_lossy(text(said)).into_owned();
        // A part of an answer goes on where the answer began.
        let told = told.unwrap_or_else(|| Head { side: self.state.aside, ..Head::default() });
        let mut steps = self.steps(&told, &said, texts);
        let mut first = if steps.is_empty() { Step::default() } else { steps.remove(0) };
        first.then = steps;
        first
    }

    fn steps(&mut self, told: &Head, said: &str, texts: &mut Texts) -> Vec<Step> {
        if let Some(model) = told.model.clone().filter(|model| model.len() <= MODEL_MAX) {
            self.state.model = model;
        }
        self.state.aside = told.side;
        let mut steps = match told.user {
            true => vec![prompt(said, texts)],
            false => answer(said, texts),
        };
        steps.retain(|step| step.message.is_some());
        for step in &mut steps {
            self.hang(told, step);
        }
        steps
    }

    /// Says when, by whom and where.
    fn hang(&mut self, told: &Head, step: &mut Step) {
        // Without a time one beginning would be taken for a copy of another.
        step.time = told.time.or(self.began.filter(|_| self.state.count == 0));
        self.state.count += 1;
        let own = Key::of(&self.state.count.to_le_bytes());
        step.key = Some(own);
        let speaks = step.message.as_ref().is_some_and(|draft| draft.message.role == Role::Assistant);
        step.model = Some(self.state.model.clone()).filter(|model| speaks && !model.is_empty());
        if told.side {
            step.side = true;
            // A prompt begins another one.
            let before = self.state.side.filter(|_| step.prompt.is_none());
            step.link = before.map_or(Link::Tip, |before| Link::Key(Key(before)));
            self.state.side = Some(own.0);
        }
    }
}

impl Reader for BlockReader {
    /// A part of an answer that happens to be JSON.
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some((value, texts)) => self.block(value.raw(), texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn read_text(&mut self, record: &[u8], texts: &mut Texts) -> Option<Step> {
        Some(self.block(record, texts))
    }

    fn state(&self) -> Vec<u8> {
        codec::encode(&self.state).unwrap_or_default()
    }
}

fn prompt(said: &str, texts: &mut Texts) -> Step {
    let blocks = if said.is_empty() { Vec::new() } else { vec![Block::Text(texts.make(said.as_bytes()))] };
    Step { prompt: Some(first_words(said)), ..says(Role::User, blocks) }
}

/// An answer: what was thought and said, up to a call; what came of it; and so on.
fn answer(said: &str, texts: &mut Texts) -> Vec<Step> {
    let (mut steps, mut blocks) = (Vec::new(), Vec::new());
    let mut pieces = Pieces { rest: said, thoughts: true, calls: true };
    while let Some((before, piece)) = pieces.next() {
        words(before, texts, &mut blocks);
        match piece {
            Piece::Thought(thought) => {
                blocks.push(Block::Thinking { text: texts.make(thought.trim().as_bytes()), signature: None });
            }
            Piece::Call(call) => {
                // Calls aren't named: the next result is of the last one.
                let id = Key::of(&(steps.len() as u64).to_le_bytes());
                let (block, result) = call.read(texts);
                blocks.push(block);
                let mut step = says(Role::Assistant, std::mem::take(&mut blocks));
                step.files.extend(call.file());
                link(&mut step, |draft| draft.calls.push(id));
                let mut outcome = says(Role::User, vec![result]);
                link(&mut outcome, |draft| draft.results.push(id));
                steps.extend([step, outcome]);
            }
        }
    }
    words(pieces.rest, texts, &mut blocks);
    steps.push(says(Role::Assistant, blocks));
    steps
}

fn link(step: &mut Step, with: impl FnOnce(&mut Draft)) {
    if let Some(draft) = &mut step.message {
        with(draft);
    }
}

fn words(text: &str, texts: &mut Texts, blocks: &mut Vec<Block>) {
    let text = text.trim();
    if !text.is_empty() {
        blocks.push(Block::Text(texts.make(text.as_bytes())));
    }
}

fn says(role: Role, blocks: Vec<Block>) -> Step {
    let draft = Draft::of(role, blocks);
    Step { message: Some(draft).filter(|draft| !draft.message.blocks.is_empty()), ..Step::default() }
}

/// What stands between words.
enum Piece<'t> {
    Thought(&'t str),
    Call(Call<'t>),
}

/// Goes through an answer, once.
struct Pieces<'t> {
    rest: &'t str,
    /// Whether thoughts and calls are still looked for: not after one without
    /// an end, since then none that follows has one.
    thoughts: bool,
    calls: bool,
}

impl<'t> Pieces<'t> {
    /// The next thought or call, and the words before it.
    fn next(&mut self) -> Option<(&'t str, Piece<'t>)> {
        let text = self.rest;
        for (at, _) in text.match_indices('<') {
            let (before, rest) = text.split_at(at);
            let found = if self.thoughts && rest.starts_with(THOUGHT.0) {
                let thought = thought(rest);
                self.thoughts = thought.is_some();
                thought
            } else if self.calls && rest.starts_with(CALL) {
                let call = call(rest);
                self.calls = call.is_some();
                call
            } else {
                None
            };
            if let Some((piece, after)) = found {
                self.rest = after;
                return Some((before, piece));
            }
        }
        None
    }
}

/// The thought that a text begins with, and what follows it.
fn thought(text: &str) -> Option<(Piece<'_>, &str)> {
    let (thought, after) = text.strip_prefix(THOUGHT.0)?.split_once(THOUGHT.1)?;
    Some((Piece::Thought(thought), after))
}

/// The call that a text begins with, and what follows it.
fn call(text: &str) -> Option<(Piece<'_>, &str)> {
    let inside = text.strip_prefix(CALL)?;
    let mut ends = inside.match_indices(CALL_END.0);
    let (end, after) = ends.find_map(|(at, mark)| {
        let after = inside.get(at + mark.len()..)?;
        Some((at, after.strip_prefix('\n').unwrap_or(after).strip_prefix(CALL_END.1)?))
    })?;
    let (opened, body) = inside.get(..end)?.split_once('>')?;
    Some((Piece::Call(Call { opened, body }), after))
}

/// A call as it is shown: what is known of it, and all that is told inside.
struct Call<'t> {
    opened: &'t str,
    body: &'t str,
}

impl<'t> Call<'t> {
    fn attribute(&self, name: &str) -> &'t str {
        let after = self.opened.split_once(name).and_then(|(_, rest)| rest.strip_prefix("=\""));
        after.and_then(|rest| rest.split_once('"')).map_or("", |(value, _)| value)
    }

    /// The line that sums it up, and what is told below it.
    fn parts(&self) -> (&'t str, &'t str) {
        let parts = self.body.split_once("<summary>").and_then(|(_, rest)| rest.split_once("</summary>"));
        parts.map_or(("", self.body), |(line, told)| (line.trim(), told.trim()))
    }

    fn action(&self) -> Action {
        match self.attribute("data-tool-type") {
            "shell" => Action::Shell,
            "read" => Action::Read,
            "write" => Action::Edit,
            "search" => Action::Search,
            "task" => Action::Plan,
            _ => Action::Other,
        }
    }

    /// The file that the line names: `… Read file: /w/a`.
    fn file(&self) -> Option<String> {
        let (line, _) = self.parts();
        let named = line.split_once("Read file: ").map(|(_, path)| ('r', path));
        let named = named.or_else(|| line.split_once("Edit file: ").map(|(_, path)| ('e', path)));
        named.map(|(letter, path)| format!("{letter}{}", path.trim_matches(['`', ' '])))
    }

    /// The call, with the line as its input, and what is told as its result.
    fn read(&self, texts: &mut Texts) -> (Block, Block) {
        let (line, told) = self.parts();
        let name = self.attribute("data-tool-name").to_owned();
        let input = Input::Text(texts.make(line.as_bytes()));
        let call = Block::Call { name, action: self.action(), input };
        let status = if told.contains(FAILED) { Status::Error } else { Status::Ok };
        let parts =
            Some(told).filter(|told| !told.is_empty()).map(|told| Part::Text(texts.make(told.as_bytes())));
        (call, Block::Result { call: None, status, parts: parts.into_iter().collect() })
    }
}
