//! Secrets: from bytes to the spans in them that should not leave.
//!
//! One automaton looks for what secrets begin with, or what stands before
//! them, in plain text and in base64; only where it finds something is a rule
//! asked. Escapes (JSON in JSON in JSON) are undone first. Neither store nor
//! disk is known here: [`Scanner::scan`] says where, [`redact`] takes it out.

mod anchors;
mod assign;
mod auth;
mod encoded;
mod escapes;
mod judge;
mod key;
mod pairs;
mod token;
mod user;

use std::ops::Range;

use aho_corasick::AhoCorasick;

use anchors::Anchor;
use escapes::Unescaped;
use pairs::Pairs;
pub use user::{RuleError, UserRule, UserRules};

/// Grows whenever a rule finds more or less than before.
const VERSION: u32 = 2;

/// How often what is left is looked through again.
const ROUNDS: usize = 4;

/// A secret of at least so many bytes is known where it stands alone.
const ALONE: usize = 6;

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The number of the rule that found it; [`Scanner::rule`] names it.
    pub rule: usize,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// The secret itself, with escapes and base64 undone: the same secret is
    /// the same bytes however it is written.
    pub secret: Vec<u8>,
}

/// Finds secrets by the built-in rules and by the user's.
pub struct Scanner {
    automaton: AhoCorasick,
    anchors: Vec<Anchor>,
    rules: Vec<String>,
    user: user::Compiled,
    version: String,
}

impl Scanner {
    /// A scanner with the built-in rules and these of the user's.
    pub fn new(user: &UserRules) -> Result<Scanner, RuleError> {
        let mut rules: Vec<String> = token::names().map(str::to_owned).collect();
        let user = user::Compiled::new(user, &mut rules)?;
        let (automaton, anchors) = anchors::build()?;
        let version = format!("{VERSION} {}", user.version());
        Ok(Scanner { automaton, anchors, rules, user, version })
    }

    /// The name of a rule.
    pub fn rule(&self, number: usize) -> &str {
        self.rules.get(number).map_or("", String::as_str)
    }

    /// What the findings depend on besides the bytes: scanners of one version
    /// find the same.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The secrets in some bytes, in order; no two overlap.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Hit> {
        settle(self.look(bytes, true))
    }

    /// Looks through a text, its escapes undone.
    fn look(&self, bytes: &[u8], deep: bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        match Unescaped::of(bytes) {
            None => self.plain(bytes, deep, &mut hits),
            Some(text) => {
                self.plain(&text.bytes, deep, &mut hits);
                for hit in &mut hits {
                    hit.span = text.origin(hit.span.clone());
                }
            }
        }
        hits
    }

    /// Looks through a text without escapes; in base64 and digits if `deep`.
    fn plain(&self, text: &[u8], deep: bool, hits: &mut Vec<Hit>) {
        let (mut window, mut digits) = (encoded::Window::default(), pairs::Window::default());
        for run in pairs::wide(text) {
            self.inside(&run, deep, hits);
        }
        for found in self.automaton.find_overlapping_iter(text) {
            let Some(anchor) = self.anchors.get(found.pattern().as_usize()) else { continue };
            let at = found.start()..found.end();
            match anchor {
                Anchor::Token(token) => hits.extend(token::token(token, text, at.start)),
                Anchor::Jwt => hits.extend(auth::jwt(text, at.start)),
                Anchor::Url => hits.extend(auth::url(text, at)),
                Anchor::Scheme(scheme) => hits.extend(auth::header(*scheme, text, at)),
                Anchor::Word(word) => hits.extend(assign::assignment(*word, text, at)),
                Anchor::Key => hits.extend(key::block(text, at)),
                Anchor::Body => hits.extend(key::body(text, at.start)),
                Anchor::Encoded(exact, phase) if deep => {
                    let is_exact = text.get(at.clone()) == Some(exact.as_bytes());
                    if let Some(run) = is_exact.then(|| window.decode(text, at.start, *phase)).flatten() {
                        let inner = self.look(&run.bytes, false).into_iter();
                        hits.extend(inner.map(|hit| Hit { span: run.origin(&hit.span), ..hit }));
                    }
                }
                Anchor::Digits if deep => {
                    if let Some(run) = digits.decode(text, at.start) {
                        self.inside(&run, false, hits);
                    }
                }
                Anchor::Encoded(..) | Anchor::Digits => {}
            }
        }
        self.user.find(text, hits);
        hits.retain(|hit| !self.user.ignores(hit.rule, &hit.secret));
    }

    /// Looks through a text that takes two bytes a letter.
    fn inside(&self, run: &Pairs, deep: bool, hits: &mut Vec<Hit>) {
        let inner = self.look(&run.bytes, deep).into_iter();
        hits.extend(inner.map(|hit| Hit { span: run.origin(&hit.span), ..hit }));
    }
}

/// Puts hits in order and leaves no two that overlap: what a rule knows by its
/// own form goes before what is only guessed from what stands before it.
fn settle(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.retain(|hit| !hit.span.is_empty());
    hits.sort_by_key(|hit| (token::is_guess(hit.rule), hit.span.start, usize::MAX - hit.span.end, hit.rule));
    let mut settled: Vec<Hit> = Vec::new();
    for hit in hits {
        let touches = |other: &Hit| other.span.start < hit.span.end && hit.span.start < other.span.end;
        match settled.iter_mut().find(|other| touches(other)) {
            None => settled.push(hit),
            // Two of one rank that overlap in part are one.
            Some(other) if token::is_guess(other.rule) == token::is_guess(hit.rule) => {
                other.span.end = other.span.end.max(hit.span.end);
                other.span.start = other.span.start.min(hit.span.start);
            }
            Some(_) => {}
        }
    }
    settled.sort_by_key(|hit| hit.span.start);
    settled
}

impl Scanner {
    /// The places of one secret: where the rules find it, and where it stands
    /// alone.
    pub fn places_of(&self, bytes: &[u8], known: &Hit) -> Vec<Hit> {
        let mut hits: Vec<Hit> =
            self.look(bytes, true).into_iter().filter(|hit| hit.secret == known.secret).collect();
        if known.secret.len() >= ALONE {
            let text = Unescaped::of(bytes);
            let plain = text.as_ref().map_or(bytes, |text| &text.bytes);
            for at in memchr::memmem::find_iter(plain, &known.secret) {
                let span = at..at + known.secret.len();
                let span = text.as_ref().map_or(span.clone(), |text| text.origin(span));
                hits.push(Hit { span, ..known.clone() });
            }
        }
        settle(hits)
    }
}

/// The bytes with what `instead` says in the place of each secret; `None` if it
/// says nothing. Where taking one out brings another to light (two that
/// touched), that is asked for too.
pub fn redact(
    find: &dyn Fn(&[u8]) -> Vec<Hit>,
    bytes: &[u8],
    instead: &mut dyn FnMut(&Hit) -> Option<String>,
) -> Option<Vec<u8>> {
    let mut changed = replace(bytes, &find(bytes), instead)?;
    for _ in 1..ROUNDS {
        match replace(&changed, &find(&changed), instead) {
            Some(again) => changed = again,
            None => break,
        }
    }
    Some(changed)
}

/// The same, once. Bytes that are no text keep their length, since they are a
/// picture or the like.
fn replace(bytes: &[u8], hits: &[Hit], instead: &mut dyn FnMut(&Hit) -> Option<String>) -> Option<Vec<u8>> {
    let (mut out, mut done, mut changed) = (Vec::new(), 0, false);
    for hit in hits {
        let Some(words) = instead(hit) else { continue };
        if !changed {
            out.reserve(bytes.len());
        }
        let secret = bytes.get(hit.span.clone()).unwrap_or_default();
        let fixed = memchr::memchr(0, bytes).is_some() && std::str::from_utf8(bytes).is_err();
        let mut words = words.into_bytes();
        if let Some(letter) = pairs::is_wide(secret) {
            words = pairs::widened(&words, letter);
        }
        if fixed {
            words.resize(hit.span.len(), b'*');
        }
        out.extend_from_slice(bytes.get(done..hit.span.start).unwrap_or_default());
        out.extend(words);
        (done, changed) = (hit.span.end, true);
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    changed.then_some(out)
}

#[cfg(test)]
mod tests;
