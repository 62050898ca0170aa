//! What a mocked model answers: rules that are used up one after the other.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// A piece of a model's answer, in words that both APIs share.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Something said.
    Text(String),
    /// Something thought: signed (Messages API) or encrypted (Responses API).
    Thinking(String),
    /// A call of a tool that takes JSON.
    Call(String, Value),
    /// A call of a tool that takes free text (Responses API only).
    Custom(String, String),
}

/// Says `text`.
pub(crate) fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

/// Thinks `text`.
pub(crate) fn thinking(text: impl Into<String>) -> Part {
    Part::Thinking(text.into())
}

/// Calls the tool `name` with a JSON object.
pub(crate) fn call(name: &str, input: Value) -> Part {
    Part::Call(name.to_owned(), input)
}

/// Calls the tool `name` with free text.
pub(crate) fn custom(name: &str, input: impl Into<String>) -> Part {
    Part::Custom(name.to_owned(), input.into())
}

/// One rule: used for the first request that it fits, then never again.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    when: String,
    parts: Vec<Part>,
    used: bool,
}

/// A rule for requests whose new part (what came after the model last spoke)
/// contains `when`.
pub(crate) fn on<const N: usize>(when: &str, parts: [Part; N]) -> Rule {
    Rule { when: when.to_owned(), parts: parts.into(), used: false }
}

/// The rules of one server.
#[derive(Debug, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
}

impl Script {
    /// A script of `rules`, tried in order.
    pub(crate) fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect() }
    }

    /// The answer to a request whose new part is `news`; `None` if no rule fits.
    pub(crate) fn answer(&mut self, news: &str) -> Option<Vec<Part>> {
        let rule = self.rules.iter_mut().find(|rule| !rule.used && news.contains(&rule.when))?;
        rule.used = true;
        Some(rule.parts.clone())
    }

    /// The rules that no request has used.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.rules.iter().filter(|rule| !rule.used).map(|rule| rule.when.clone()).collect()
    }
}

/// A number that no other part of this process gets: ids of calls and messages
/// must stay unique when a session goes on against another server.
pub(crate) fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
