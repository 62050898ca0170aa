//! Rules that the user adds, takes away, or makes exceptions from.

use regex::bytes::{Regex, RegexBuilder, RegexSet};

use super::Hit;

/// How large a compiled pattern may be, in bytes.
const SIZE_MAX: usize = 4 << 20;

/// What the user wants besides the built-in rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRules {
    /// More rules.
    pub rules: Vec<UserRule>,
    /// Patterns of secrets that are none.
    pub allow: Vec<String>,
    /// Names of rules that are off.
    pub off: Vec<String>,
}

/// A rule of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRule {
    /// What it is called.
    pub name: String,
    /// A regular expression; its first group, if it has one, is the secret.
    pub pattern: String,
}

/// Why rules can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A pattern that isn't one.
    #[error("the pattern of {name:?} can't be used: {source}")]
    Pattern {
        /// The rule.
        name: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// A pattern that finds nothing at all everywhere.
    #[error("the pattern of {0:?} matches nothing, which is everywhere")]
    Empty(String),
    /// A name that a rule can't have.
    #[error("a rule can't be called {0:?}: use small letters, digits and dashes")]
    Name(String),
    /// A name that two rules have.
    #[error("there is a rule called {0:?} already")]
    Taken(String),
    /// The name of no rule.
    #[error("there is no rule called {0:?}")]
    Unknown(String),
    /// The built-in rules can't be built.
    #[error("the rules can't be built: {0}")]
    Automaton(#[from] aho_corasick::BuildError),
}

/// The user's rules, ready.
pub(super) struct Compiled {
    rules: Vec<(usize, Regex)>,
    allow: Option<RegexSet>,
    off: Vec<usize>,
    version: String,
}

impl Compiled {
    /// Makes them ready; their names come after the built-in ones in `names`.
    pub(super) fn new(user: &UserRules, names: &mut Vec<String>) -> Result<Compiled, RuleError> {
        let mut rules = Vec::new();
        for rule in &user.rules {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !(1..=40).contains(&rule.name.len()) || !rule.name.chars().all(plain) {
                return Err(RuleError::Name(rule.name.clone()));
            }
            if names.contains(&rule.name) {
                return Err(RuleError::Taken(rule.name.clone()));
            }
            let pattern = RegexBuilder::new(&rule.pattern).size_limit(SIZE_MAX).build();
            let pattern = pattern.map_err(|e| bad(&rule.name, e))?;
            if pattern.is_match(b"") {
                return Err(RuleError::Empty(rule.name.clone()));
            }
            rules.push((names.len(), pattern));
            names.push(rule.name.clone());
        }
        let allow = RegexSet::new(&user.allow).map_err(|e| bad("allow", e))?;
        let off = user.off.iter().map(|name| {
            names.iter().position(|known| known == name).ok_or_else(|| RuleError::Unknown(name.clone()))
        });
        let off = off.collect::<Result<_, _>>()?;
        let version = format!("{user:?}");
        Ok(Compiled { rules, allow: Some(allow).filter(|set| !set.is_empty()), off, version })
    }

    /// What the findings depend on.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Adds what the user's rules find.
    pub(super) fn find(&self, text: &[u8], hits: &mut Vec<Hit>) {
        for (rule, pattern) in &self.rules {
            for found in pattern.captures_iter(text) {
                let Some(part) = found.get(1).or_else(|| found.get(0)) else { continue };
                hits.push(Hit { rule: *rule, span: part.range(), secret: part.as_bytes().to_vec() });
            }
        }
    }

    /// Tells whether the user doesn't want to hear of it.
    pub(super) fn ignores(&self, rule: usize, secret: &[u8]) -> bool {
        self.off.contains(&rule) || self.allow.as_ref().is_some_and(|allow| allow.is_match(secret))
    }
}

fn bad(name: &str, error: regex::Error) -> RuleError {
    RuleError::Pattern { name: name.to_owned(), source: Box::new(error) }
}
