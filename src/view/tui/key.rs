//! Keys: what is pressed, as far as it matters here, and what each does.

use super::place::Go;

/// What the user did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Pressed a key.
    Key(Key),
    /// Pasted a text. It is only typed where something is typed: none of it is a key.
    Paste(String),
    /// Clicked at a column and a row, from 0.
    Click(u16, u16),
    /// Turned the wheel so many notches down, or up if less than 0.
    Wheel(isize),
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those on the keys")]
pub enum Key {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    Tab,
    Backspace,
    /// What is typed.
    Char(char),
    /// A letter with Control.
    Ctrl(char),
}

impl Key {
    /// Where it leads in a list.
    pub(super) fn way(self) -> Option<Go> {
        Some(match self {
            Key::Up | Key::Char('k') | Key::Ctrl('p') => Go::By(-1),
            Key::Down | Key::Char('j') | Key::Ctrl('n') => Go::By(1),
            Key::PageUp | Key::Ctrl('b') => Go::Half(-2),
            Key::PageDown | Key::Ctrl('f') => Go::Half(2),
            Key::Ctrl('u') => Go::Half(-1),
            Key::Ctrl('d') => Go::Half(1),
            Key::Home => Go::First,
            Key::End | Key::Char('G') => Go::Last,
            _ => return None,
        })
    }
}

/// The keys and what they do, as the help and the last line show them: the
/// key, a word, and a sentence.
pub(super) const KEYS: &[(&str, &str, &str)] = &[
    ("/", "filter", "show only sessions with these words: title, name, tool, project, branch, id"),
    ("r", "resume", "carry on in a tool from here"),
    ("f", "fork", "make a branch here"),
    ("c", "files", "put the project's files back as they were here"),
    ("d", "diff", "compare the marked revision with this one"),
    ("g", "graph", "all branches of the session, or only the one"),
    ("y", "copy", "copy the revision, or the message that is read"),
    ("m", "mark", "mark this revision, to compare it with another"),
    ("Enter", "open", "open a session; go from a turn to its text; unfold a call or thought"),
    ("Tab", "switch", "switch between the list and what is shown of it"),
    ("Esc", "back", "go back; take the filter away"),
    ("?", "help", "show this"),
    ("q", "quit", "end"),
];

/// Keys that the last line has no room for.
pub(super) const MORE_KEYS: &[(&str, &str)] = &[
    ("s", "show the sessions too in which the words of the filter were said"),
    ("a", "only the sessions of this project, or all"),
    ("o", "unfold everything, or fold it"),
    ("n, p", "the next or the previous message"),
    ("R", "capture what is new, and look again"),
    ("arrows, j, k", "up and down"),
    ("PgUp, PgDn, Ctrl-u, Ctrl-d", "by a window, by half of one"),
    ("Home, End, G", "to the first, to the last"),
];
