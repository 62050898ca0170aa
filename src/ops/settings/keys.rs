//! What can be set, what each may be, and what it is if it isn't.

use std::path::Path;

use super::SettingsError;
use crate::ops::list::moment;
use crate::tool;

/// Something that can be set.
#[derive(Debug)]
pub struct Key {
    /// Its name, as it is typed: with a dot, it stands in a table of the file.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is if it isn't set; empty if it is nothing then.
    pub default: &'static str,
    /// The environment variable that goes before the file.
    pub variable: Option<&'static str>,
    /// What it is for, in one line.
    pub about: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Number(u32, u32),
    /// A path: whole, or below `~/`.
    Path,
    /// Any words.
    Words,
    /// A tool.
    Tool,
    /// A length of time: 10m, 12h, 7d.
    Age,
    /// A part of a conversation: all, compacted, or a number of turns.
    Part,
}

impl Kind {
    /// What it may be, in words.
    pub fn describe(&self) -> String {
        match self {
            Kind::Switch => "true or false".to_owned(),
            Kind::Choice(words) => words.join(", "),
            Kind::Number(least, most) => format!("a number from {least} to {most}"),
            Kind::Path => "a path that begins with / or ~/".to_owned(),
            Kind::Words => "words".to_owned(),
            Kind::Tool => "a tool that `sfs help tools` lists".to_owned(),
            Kind::Age => "a length of time: 10m, 12h, 7d".to_owned(),
            Kind::Part => "all, compacted, or a number of turns".to_owned(),
        }
    }

    /// Tells whether it may be this.
    pub fn allows(&self, value: &str) -> bool {
        let number = || value.parse::<u32>().ok().filter(|_| !value.starts_with('+'));
        match self {
            Kind::Switch => matches!(value, "true" | "false"),
            Kind::Choice(words) => words.contains(&value),
            Kind::Number(least, most) => number().is_some_and(|n| (*least..=*most).contains(&n)),
            Kind::Path => value.starts_with("~/") || Path::new(value).is_absolute(),
            Kind::Words => !value.trim().is_empty() && !value.contains(char::is_control),
            Kind::Tool => tool::by_name(value).is_some(),
            Kind::Age => {
                let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
                unit.chars().all(char::is_alphabetic) && moment(0, value).is_some()
            }
            Kind::Part => matches!(value, "all" | "compacted") || number().is_some_and(|n| n > 0),
        }
    }
}

/// All that can be set.
pub const KEYS: &[Key] = &[
    key("capture.auto", Kind::Switch, "true", "Whether commands that read capture what is new first")
        .or_variable("SFS_CAPTURE"),
    key(
        "capture.snapshots",
        Kind::Switch,
        "true",
        "Whether `capture` takes snapshots of projects whose sessions are being written",
    ),
    key("color", Kind::Choice(&["auto", "always", "never"]), "auto", "When to use colour")
        .or_variable("NO_COLOR"),
    key("gc.grace", Kind::Age, "1h", "How long `gc` keeps files that no longer count"),
    key("gc.level", Kind::Number(1, 22), "12", "How hard `gc` compresses, as of zstd"),
    key(
        "gc.retain",
        Kind::Age,
        "",
        "After how long `gc` deletes sessions without a name, a tag or a branch of yours; never if not set",
    ),
    key("pager", Kind::Words, "", "The pager, `cat` for none; $PAGER or `less -FRX` if not set")
        .or_variable("SFS_PAGER"),
    key(
        "push.redact",
        Kind::Switch,
        "false",
        "Whether `push`, `share` and `bundle create` send a copy in which secrets are blacked out",
    ),
    key("remote", Kind::Words, "", "The remote if none is named; `origin` or the only one if not set"),
    key("resume.budget", Kind::Number(1, u32::MAX), "12000", "How long a briefing may be, in tokens"),
    key("resume.history", Kind::Part, "all", "How much of the conversation `resume` writes"),
    key("resume.in", Kind::Tool, "", "The tool to resume in; the one a session was in if not set"),
    key("search.max-count", Kind::Number(0, u32::MAX), "20", "How many hits `search` shows; 0 for all"),
    key("search.sort", Kind::Choice(&["best", "newest", "oldest"]), "best", "In which order hits come"),
    key("serve.port", Kind::Number(0, 65_535), "0", "The port of `serve`; 0 takes any that is free"),
    key(
        "stats.by",
        Kind::Choice(&["day", "week", "month", "project", "tool", "model", "session"]),
        "day",
        "What the rows of `stats` are",
    ),
    key("store", Kind::Path, "", "The store; in the user's data folder if not set").or_variable("SFS_DIR"),
    key("ui.mouse", Kind::Switch, "false", "Whether `ui` takes clicks and the wheel"),
];

const fn key(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, variable: None, about }
}

impl Key {
    const fn or_variable(self, name: &'static str) -> Key {
        Key { variable: Some(name), ..self }
    }

    /// The key of a name.
    pub fn find(name: &str) -> Result<&'static Key, SettingsError> {
        let found = KEYS.iter().find(|key| key.name == name);
        found.ok_or_else(|| SettingsError::Unknown { name: name.to_owned(), near: near(name) })
    }

    /// What an environment variable makes of it; `None` if it says nothing.
    pub(super) fn of_variable(&self, value: &str) -> Option<String> {
        let off = matches!(value, "off" | "no" | "0");
        match self.name {
            _ if value.is_empty() => None,
            "capture.auto" => Some((!off).to_string()),
            "color" => Some("never".to_owned()),
            _ => Some(value.to_owned()),
        }
    }
}

/// The key that was perhaps meant: one that ends or begins alike.
fn near(name: &str) -> Option<&'static str> {
    let bare = |name: &str| name.to_lowercase().replace(['_', '-', '.'], "");
    let wanted = bare(name);
    let close = |key: &&Key| {
        let own = bare(key.name);
        let last = key.name.rsplit('.').next().map(bare).unwrap_or_default();
        own == wanted || last == wanted || !wanted.is_empty() && own.contains(&wanted)
    };
    KEYS.iter().find(close).map(|key| key.name)
}
