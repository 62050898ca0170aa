//! What a record means: the answer of a [`super::Reader`].

use crate::object::commit::Usage;
use crate::object::message::{Action, Block, Message, Role};
use crate::tool::setting::Settings;

/// A native id (of a row, a call, an API message) as a number: the first
/// eight bytes of its BLAKE3. Only compared within one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u64);

impl Key {
    /// The key of a native id.
    pub fn of(native: &[u8]) -> Key {
        Key(crate::object::id::checksum(native))
    }
}

/// Where a record hangs in the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Link {
    /// After what came before it.
    #[default]
    Tip,
    /// At a beginning of its own.
    Root,
    /// After the record of this key. If no record has it, after the tip: a
    /// broken chain is healed, not cut.
    Key(Key),
    /// Before the last `n` turns: they are rolled back, and what follows goes
    /// on from there.
    TurnsBack(u32),
    /// After the record of this key in the source of another session or part
    /// of the same tool: a fork by pointer.
    Other {
        /// The tool's id of that session.
        native: String,
        /// Which part of it; empty for the session itself.
        part: String,
        /// The record.
        key: Key,
    },
}

/// A message, with the native ids that link its calls and results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The message. The `call` of its results is filled in from `results`.
    pub message: Message,
    /// The native id of each call in it, in order.
    pub calls: Vec<Key>,
    /// The native id of the call that each result in it answers, in order.
    pub results: Vec<Key>,
}

impl Draft {
    /// A message without calls and results.
    pub(super) fn of(role: Role, blocks: Vec<Block>) -> Draft {
        Draft { message: Message { role, blocks }, calls: Vec::new(), results: Vec::new() }
    }
}

/// Tokens counted for an API message. Records that repeat the key count the
/// same tokens again: what is counted is how far they go beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The API message.
    pub api: Key,
    /// Its tokens so far.
    pub usage: Usage,
}

/// What is learnt about the session as a whole; later facts replace earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepFacts {
    /// A title that the user gave.
    pub user_title: Option<String>,
    /// A title that the tool made.
    pub tool_title: Option<String>,
    /// The working directory.
    pub cwd: Option<String>,
    /// The git branch.
    pub git_branch: Option<String>,
    /// The version of the tool.
    pub version: Option<String>,
    /// The native id of the session it was forked from.
    pub forked_from: Option<String>,
    /// For a subagent: the native id of the session that started it.
    pub parent: Option<String>,
    /// When it began, in milliseconds since 1970, where its records don't tell.
    pub created: Option<i64>,
    /// When it last changed.
    pub updated: Option<i64>,
}

/// What one record means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The native id of the record, if others can hang on it.
    pub key: Option<Key>,
    /// Where it hangs.
    pub link: Link,
    /// Whether it belongs to a side conversation held in the same source (a
    /// subagent's), which never becomes the source's main line.
    pub side: bool,
    /// What it says, if it says anything.
    pub message: Option<Draft>,
    /// For a prompt, which begins a turn: its first words, one line of at
    /// most 80 characters; empty if it has no words (a picture alone).
    pub prompt: Option<String>,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The model that spoke.
    pub model: Option<String>,
    /// Tokens counted.
    pub usage: Option<Counted>,
    /// Files read, written or edited by the calls in it: a letter (`r`, `w`
    /// or `e`) and the path as the tool wrote it.
    pub files: Vec<String>,
    /// Whether the record is of a kind that the adapter doesn't know.
    pub unknown: bool,
    /// What it tells of the session.
    pub facts: StepFacts,
    /// The settings that it tells: in force from here on, or for a side
    /// conversation for this message and what comes after it.
    pub settings: Settings,
    /// What else the same record means, in order: further messages (a call and
    /// its result in one row, a list of messages), each with its own link.
    pub then: Vec<Step>,
}

/// Longer paths are none.
const PATH_MAX: usize = 4096;

/// What [`Step::files`] has of a call that names a file; nothing unless it
/// reads, writes or edits it.
pub(super) fn file(action: Action, path: &str) -> Option<String> {
    let letter = match action {
        Action::Read => 'r',
        Action::Write => 'w',
        Action::Edit => 'e',
        _ => return None,
    };
    (1..=PATH_MAX).contains(&path.len()).then(|| format!("{letter}{path}"))
}

/// What the tool called `name` does, of those that are known.
pub(super) fn action(known: &[(&str, Action)], name: &str) -> Action {
    known.iter().find(|(known, _)| *known == name).map_or(Action::Other, |(_, action)| *action)
}

/// The first words of a prompt, on one line: at most 80 characters, without
/// control characters.
pub(super) fn first_words(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        if line.chars().count() + word.chars().count() + 1 > 79 {
            if line.is_empty() {
                line.extend(word.chars().take(79));
            }
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line
}

/// What is not said to the user: texts become a summary, or words about how to go
/// on.
pub(super) fn demote(blocks: &mut [Block], summary: bool) {
    for block in blocks {
        if let Block::Text(text) = block {
            let text = text.clone();
            *block = if summary { Block::Summary(text) } else { Block::Notice(text) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_of_what_touches_it_and_only_where_it_can_be_one() {
        let of = |action| file(action, "/a/ü.rs");
        let told = [Action::Read, Action::Write, Action::Edit].map(|action| of(action).unwrap());
        assert_eq!(told, ["r/a/ü.rs", "w/a/ü.rs", "e/a/ü.rs"]);
        assert_eq!((of(Action::Shell), of(Action::Search), of(Action::Other)), (None, None, None));
        assert_eq!(file(Action::Read, ""), None);
        assert_eq!(file(Action::Read, &"x".repeat(PATH_MAX)).map(|told| told.len()), Some(PATH_MAX + 1));
        assert_eq!(file(Action::Read, &"x".repeat(PATH_MAX + 1)), None);
    }
}
