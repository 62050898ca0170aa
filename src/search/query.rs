//! Queries: words, `"phrases"`, `prefixes*`, `paths/and::code()`, `-excluded`
//! ones, and filters such as `tool:…` and `after:…`.

use super::fold::{Words, punctuation};
use super::text::{Kinds, role_number};
use crate::object::Role;

/// Why a query makes no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// A filter that has no such value.
    #[error("{key}: can't be {value:?}; it can be {known}")]
    Value {
        /// The filter.
        key: &'static str,
        /// What was asked for.
        value: String,
        /// What can be asked for.
        known: String,
    },
    /// A filter without a value.
    #[error("{0}: needs a value")]
    NoValue(&'static str),
    /// A filter that can't be turned round.
    #[error("-{0}: only words can be excluded")]
    Excluded(&'static str),
}

/// In which order hits come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The best first.
    #[default]
    Best,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
}

/// What may stand between two words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Anything but a word.
    Any,
    /// This punctuation, with white space or without.
    Exactly(String),
}

/// Words one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Term {
    /// The words, folded, each with what stands before it (for the first, its end).
    pub(super) words: Vec<(Gap, Vec<u8>)>,
    /// The beginning of what follows the last one.
    pub(super) trail: String,
    /// Whether the last word is the beginning of one.
    pub(super) prefix: bool,
    /// Without words: the text as it is.
    pub(super) literal: String,
}

impl Term {
    pub(super) fn new(text: &str, prefix: bool) -> Term {
        let mut term = Term::default();
        let (mut words, mut end) = (Words::new(text), 0);
        while words.next() {
            let between = text.get(end..words.range.start).unwrap_or_default();
            let marks = punctuation(between);
            let any = marks.is_empty() && !between.is_empty() && !term.words.is_empty();
            let gap = if any { Gap::Any } else { Gap::Exactly(marks) };
            term.words.push((gap, words.word.clone()));
            end = words.range.end;
        }
        if term.words.is_empty() {
            term.literal = text.trim().to_owned();
            return term;
        }
        term.trail = punctuation(text.get(end..).unwrap_or_default());
        term.prefix = prefix && term.trail.is_empty();
        term
    }
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these must stand in a message.
    pub(super) terms: Vec<Term>,
    /// None of these may.
    pub(super) excluded: Vec<Term>,
    /// Parts of names of tools, one of which it must have.
    pub tools: Vec<String>,
    /// Parts of names of models.
    pub models: Vec<String>,
    /// Parts of paths of files touched by the message.
    pub files: Vec<String>,
    /// Parts of the directory that the session worked in.
    pub projects: Vec<String>,
    /// Beginnings of ids, or names, of sessions.
    pub sessions: Vec<String>,
    /// Who speaks.
    pub(super) roles: Vec<u8>,
    /// What the text is.
    pub(super) kinds: Option<Kinds>,
    /// Not before this, in milliseconds since 1970.
    pub after: Option<i64>,
    /// Before this.
    pub before: Option<i64>,
}

/// The filters, as they are written.
const KEYS: &[&str] =
    &["tool", "model", "file", "project", "session", "role", "kind", "after", "since", "before"];

impl Query {
    /// Reads a query. `moment` says which time a word means.
    pub fn parse(text: &str, moment: &dyn Fn(&str) -> Option<i64>) -> Result<Query, QueryError> {
        let mut query = Query::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let minus =
                rest.strip_prefix('-').filter(|rest| !rest.starts_with(['-', ' ']) && !rest.is_empty());
            let body = minus.unwrap_or(rest);
            let key = KEYS.iter().find(|key| is_key(body, key)).copied();
            let value = key.and_then(|key| body.get(key.len() + 1..)).unwrap_or(body);
            let (word, prefix, after) = cut(value);
            match key {
                Some(key) if minus.is_some() => return Err(QueryError::Excluded(key)),
                Some(key) => query.filter(key, word, moment)?,
                None => {
                    let term = Term::new(&word, prefix);
                    if !term.words.is_empty() || !term.literal.is_empty() {
                        let terms = if minus.is_some() { &mut query.excluded } else { &mut query.terms };
                        terms.push(term);
                    }
                }
            }
            rest = after.trim_start();
        }
        Ok(query)
    }

    /// Adds a filter, `tool` with a value say, as `tool:value` does.
    pub fn filter(
        &mut self,
        key: &'static str,
        value: String,
        moment: &dyn Fn(&str) -> Option<i64>,
    ) -> Result<(), QueryError> {
        if value.is_empty() {
            return Err(QueryError::NoValue(key));
        }
        let wrong = |known: String| QueryError::Value { key, value: value.clone(), known };
        let when = || {
            let known = "7d, 12h, 2026-01-31 or a time as RFC 3339 has it".to_owned();
            moment(&value).ok_or_else(|| wrong(known))
        };
        match key {
            "tool" => self.tools.push(value),
            "model" => self.models.push(value),
            "file" => self.files.push(value),
            "project" => self.projects.push(value),
            "session" => self.sessions.push(value),
            "role" => {
                let roles = [("user", Role::User), ("assistant", Role::Assistant), ("system", Role::System)];
                let known = roles.iter().find(|(name, _)| *name == value.to_lowercase());
                let (_, role) = known.ok_or_else(|| wrong("user, assistant or system".into()))?;
                self.roles.push(role_number(*role));
            }
            "kind" => {
                let known = Kinds::NAMES.iter().find(|(name, _)| *name == value.to_lowercase());
                let names = || Kinds::NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let (_, kind) = known.ok_or_else(|| wrong(names()))?;
                self.kinds = Some(self.kinds.map_or(*kind, |kinds| kinds.and(*kind)));
            }
            "before" => self.before = Some(when()?),
            _ => self.after = Some(when()?),
        }
        Ok(())
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        *self == Query { excluded: self.excluded.clone(), ..Query::default() }
    }
}

/// Whether a filter stands here. `tool::x` and `file://` are words.
fn is_key(text: &str, key: &str) -> bool {
    let value = text.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
    value.is_some_and(|value| !value.starts_with(':') && !value.starts_with("//"))
}

/// Cuts off what comes first: up to white space, or to the quote that closes
/// it. Also returns whether a `*` says that it goes on.
fn cut(text: &str) -> (String, bool, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return match word.strip_suffix('*').filter(|stem| !stem.is_empty()) {
            Some(stem) => (stem.to_owned(), true, rest),
            None => (word.to_owned(), false, rest),
        };
    };
    let (mut word, mut chars) = (String::new(), quoted.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.clone().next() {
                Some(c @ ('"' | '\\')) => {
                    word.push(c);
                    chars.next();
                }
                _ => word.push('\\'),
            },
            c => word.push(c),
        }
    }
    let rest = chars.as_str();
    match rest.strip_prefix('*') {
        Some(rest) => (word, true, rest),
        None => (word, false, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Query, QueryError> {
        Query::parse(text, &|text| text.parse().ok())
    }

    fn term(text: &str) -> Term {
        let mut query = parse(text).unwrap();
        assert_eq!(query.terms.len(), 1, "{text}");
        query.terms.remove(0)
    }

    #[test]
    fn words_phrases_prefixes_and_code_are_told_apart() {
        assert_eq!(parse("a \"b c\" -d").unwrap().terms.len(), 2);
        assert_eq!(parse("a \"b c\" -d").unwrap().excluded, [Term::new("d", false)]);
        let code = term("--foo_Bar::baz(");
        let gaps = ["--", "_", "::"].map(|marks| Gap::Exactly(marks.into()));
        assert_eq!(code.words.iter().map(|(gap, _)| gap.clone()).collect::<Vec<_>>(), gaps);
        assert_eq!(code.trail, "(");
        assert_eq!(term("\"b  c\"").words[1].0, Gap::Any);
        assert_eq!(term("日本").words[1].0, Gap::Exactly(String::new()));
        assert!(term("src/op*").prefix && term("\"a b\"*").prefix && !term("foo_*").prefix);
        assert_eq!(term("=>").literal, "=>");
        assert_eq!(term(r#""a\"b\\""#), Term::new("a\"b\\", false));
        assert_eq!(term("\"open end"), Term::new("open end", false));
        assert_eq!(term("*").literal, "*");
    }

    #[test]
    fn filters_are_read_or_refused() {
        let query = parse("tool:x role:USER kind:edit kind:error after:5 before:9 project:\"a b\"").unwrap();
        assert_eq!((query.tools, query.projects), (vec!["x".to_owned()], vec!["a b".to_owned()]));
        assert_eq!((query.after, query.before, query.roles), (Some(5), Some(9), vec![0]));
        assert_eq!(query.kinds, Some(Kinds::EDIT.and(Kinds::ERROR)));
        for wrong in ["kind:none", "role:x", "after:soon", "tool:", "-tool:x", "tool:\"\""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        for words in ["file://x", "tool::new", "other:x", "\"tool:x\""] {
            assert_eq!(parse(words).unwrap().terms.len(), 1, "{words}");
        }
        assert!(
            parse("").unwrap().is_empty() && parse(" - \"\" ").is_ok() && parse("-x").unwrap().is_empty()
        );
    }
}
