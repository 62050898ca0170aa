//! Reading: what each block of a chat means.

use super::lines::{Kind, is_plain, kind, lines, millis, started};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Counted, Draft, Key, Reader, Step};

/// How thoughts are marked (0.86).
pub(super) const THOUGHT: &str = "<thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b>";
pub(super) const THOUGHT_END: &str = "</thinking-content-7bbeb8e1441453ad999a0bbba8a46d4b>";
/// Commands that hand the words after them to the model.
const ASKING: &[&str] = &["/ask ", "/architect ", "/code ", "/context ", "/help "];
/// The longest name of a model that is remembered.
const MODEL_MAX: usize = 200;

/// Reads the blocks of a chat.
pub(super) struct BlockReader {
    /// Whether it is a log beside the chats, which says nothing.
    log: bool,
    /// Whether the spaces at the ends of lines were lost, once it is known.
    plain: Option<bool>,
    /// How many counts of tokens there were.
    counts: u32,
    model: String,
}

impl BlockReader {
    pub(super) fn new(log: bool, state: &[u8]) -> BlockReader {
        let (plain, rest) = state.split_first().unwrap_or((&0, &[]));
        let plain = (*plain > 0).then_some(*plain == 2);
        let (counts, model) = rest
            .split_first_chunk::<4>()
            .map_or((0, &[][..]), |(counts, model)| (u32::from_le_bytes(*counts), model));
        BlockReader { log, plain, counts, model: String::from_utf8_lossy(model).into_owned() }
    }

    fn block(&mut self, block: &[u8], texts: &mut Texts) -> Step {
        let first =
            lines(block).filter_map(|span| block.get(span)).find(|line| !line.trim_ascii().is_empty());
        if self.plain.is_none() {
            self.plain = first.and_then(is_plain);
        }
        match first.map(|line| (kind(line, self.plain == Some(true)), line)) {
            None => Step::default(),
            // A message with a time, since chats begin alike: without it one would
            // be taken for a copy of another.
            Some((Kind::Head, line)) => {
                let words = texts.make(line.strip_prefix(b"# ").unwrap_or(line).trim_ascii());
                Step {
                    time: started(line).and_then(millis),
                    ..says(Role::System, vec![Block::Notice(words)])
                }
            }
            Some((Kind::User, _)) => user(&String::from_utf8_lossy(block), texts),
            Some((Kind::Tool | Kind::ToolBegins, _)) => self.tool(&String::from_utf8_lossy(block), texts),
            Some(_) => self.answer(block.trim_ascii(), texts),
        }
    }

    fn answer(&self, text: &[u8], texts: &mut Texts) -> Step {
        let mut blocks = Vec::new();
        let thought = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.strip_prefix(THOUGHT)?.split_once(THOUGHT_END));
        let said = match thought {
            Some((thought, said)) => {
                let text = texts.make(thought.trim().as_bytes());
                blocks.push(Block::Thinking { text, signature: None });
                said.trim().as_bytes()
            }
            None => text,
        };
        if !said.is_empty() {
            blocks.push(Block::Text(texts.make(said)));
        }
        let model = Some(self.model.clone()).filter(|model| !model.is_empty());
        Step { model, ..says(Role::Assistant, blocks) }
    }

    /// What aider says: a notice, and what it tells of the chat.
    fn tool(&mut self, block: &str, texts: &mut Texts) -> Step {
        let text = block.trim().strip_prefix('>').unwrap_or(block).trim();
        if text.is_empty() {
            return Step::default();
        }
        let mut step = says(Role::System, vec![Block::Notice(texts.make(text.as_bytes()))]);
        if let Some(version) = text.strip_prefix("Aider v") {
            step.facts.version = version.split_whitespace().next().map(str::to_owned);
        }
        let model = text.strip_prefix("Model: ").or_else(|| text.strip_prefix("Main model: "));
        if let Some((model, _)) = model.and_then(|rest| rest.split_once(" with ")) {
            self.model = model.chars().take(MODEL_MAX / 4).collect();
        }
        let touched = [("Applied edit to ", 'e'), ("Creating empty file ", 'w')];
        let named = touched.iter().find_map(|(words, letter)| Some((text.strip_prefix(words)?, letter)));
        step.files.extend(named.map(|(file, letter)| format!("{letter}{file}")));
        let added = text.strip_prefix("Added ").and_then(|rest| rest.strip_suffix(" to the chat"));
        step.files.extend(added.map(|file| format!("r{}", file.trim_end_matches(['.', ' ']))));
        if let Some(usage) = tokens(text) {
            self.counts = self.counts.wrapping_add(1);
            step.usage = Some(Counted { api: Key::of(&self.counts.to_le_bytes()), usage });
        }
        step
    }
}

impl Reader for BlockReader {
    /// An answer that happens to be JSON.
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        match row {
            Some(_) if self.log => Step::default(),
            Some((value, texts)) if value.kind() == Type::String => {
                self.answer(&[b"\"", value.raw(), b"\""].concat(), texts)
            }
            Some((value, texts)) => self.answer(value.raw(), texts),
            None => Step { unknown: true, ..Step::default() },
        }
    }

    fn read_text(&mut self, record: &[u8], texts: &mut Texts) -> Option<Step> {
        Some(if self.log { Step::default() } else { self.block(record, texts) })
    }

    fn state(&self) -> Vec<u8> {
        let plain = self.plain.map_or(0, |plain| 1 + u8::from(plain));
        [[plain].as_slice(), &self.counts.to_le_bytes(), self.model.as_bytes()].concat()
    }
}

fn says(role: Role, blocks: Vec<Block>) -> Step {
    Step { message: Some(Draft::of(role, blocks)), ..Step::default() }
}

/// What the user typed: a prompt, or a command to aider.
fn user(block: &str, texts: &mut Texts) -> Step {
    let lines = block.lines().filter_map(|line| line.strip_prefix("####"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    if text.is_empty() || text == "<blank>" {
        return Step::default();
    }
    // Questions of aider's that it answered itself are written as if typed.
    let answered = text.contains("(Y)es/(N)o");
    let asks = !text.starts_with(['/', '!']) || ASKING.iter().any(|command| text.starts_with(command));
    if answered || !asks {
        return says(Role::System, vec![Block::Notice(texts.make(text.as_bytes()))]);
    }
    let step = says(Role::User, vec![Block::Text(texts.make(text.as_bytes()))]);
    Step { prompt: Some(first_words(text)), ..step }
}

/// `Tokens: 15k sent, 1.2k cache hit, 993 received. …`: rounded by aider.
fn tokens(text: &str) -> Option<Usage> {
    let counts = text.strip_prefix("Tokens: ")?.split(". ").next()?;
    let (mut usage, mut sent) = (Usage::default(), 0);
    for count in counts.trim_end_matches('.').split(", ") {
        let (number, what) = count.split_once(' ')?;
        let number = rounded(number)?;
        match what {
            "sent" => sent = number,
            "cache write" => usage.cache_write = number,
            "cache hit" => usage.cache_read = number,
            "received" => usage.output = number,
            _ => {}
        }
    }
    usage.input = sent.saturating_sub(usage.cache_write).saturating_sub(usage.cache_read);
    Some(usage)
}

/// `993`, `1.2k` or `15k`.
fn rounded(text: &str) -> Option<u64> {
    let Some(thousands) = text.strip_suffix('k') else { return text.replace(',', "").parse().ok() };
    let (whole, tenth) = thousands.split_once('.').unwrap_or((thousands, "0"));
    let (whole, tenth): (u64, u64) = (whole.parse().ok()?, tenth.parse().ok()?);
    Some(whole.checked_mul(1000)?.saturating_add(tenth.min(9) * 100))
}
