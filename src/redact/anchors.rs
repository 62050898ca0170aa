//! Anchors: the short strings at which a rule is asked.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::assign::{WORDS, Word};
use super::auth::Scheme;
use super::token::{TOKENS, Token};
use super::user::RuleError;
use super::{encoded, pairs};

/// What to do where a string was found.
pub(super) enum Anchor {
    /// A token begins here.
    Token(&'static Token),
    /// The first part of a JSON web token.
    Jwt,
    /// A URL's `://`.
    Url,
    /// How an authorization begins.
    Scheme(Scheme),
    /// A word after which a secret is assigned.
    Word(Word),
    /// The head of a private key.
    Key,
    /// The first bytes of a private key whose head is elsewhere.
    Body,
    /// Base64 of something that a rule would be asked at: the exact letters,
    /// and how many bytes of its group of three come before.
    Encoded(String, usize),
    /// Digits of something that a rule would be asked at.
    Digits,
}

/// What stands in base64 besides tokens and is worth a look.
const ENCODED: &[&str] = &[
    "-----BEGIN",
    "eyJhbGci",
    "password",
    "PASSWORD",
    "Password",
    "secret",
    "SECRET",
    "_token",
    "_TOKEN",
    "api_key",
    "API_KEY",
    "https://",
    "postgres://",
    "postgresql://",
    "mysql://",
    "mongodb://",
    "mongodb+srv://",
    "redis://",
    "amqp://",
];

/// The automaton, and what each of its strings is for.
pub(super) fn build() -> Result<(AhoCorasick, Vec<Anchor>), RuleError> {
    let (mut strings, mut anchors): (Vec<String>, Vec<Anchor>) = (Vec::new(), Vec::new());
    let mut add = |string: &str, anchor: Anchor| {
        strings.push(string.to_owned());
        anchors.push(anchor);
    };
    for token in TOKENS {
        add(token.prefix, Anchor::Token(token));
    }
    for (string, word) in WORDS {
        add(string, Anchor::Word(*word));
    }
    add("eyJ", Anchor::Jwt);
    add("://", Anchor::Url);
    add("bearer ", Anchor::Scheme(Scheme::Bearer));
    add("basic ", Anchor::Scheme(Scheme::Basic));
    add("PRIVATE KEY", Anchor::Key);
    add("b3BlbnNzaC1rZXktdjE", Anchor::Body);
    let strings_of = |len: usize| {
        let prefixes = TOKENS.iter().map(|token| token.prefix).filter(move |prefix| prefix.len() >= len);
        prefixes.chain(ENCODED.iter().copied())
    };
    for string in strings_of(4) {
        let wide = String::from_utf8_lossy(&pairs::widened(string.as_bytes(), 0)).into_owned();
        for (exact, phase) in encoded::forms(string).into_iter().chain(encoded::forms(&wide)) {
            add(&exact.clone(), Anchor::Encoded(exact, phase));
        }
    }
    for string in strings_of(3) {
        add(&pairs::digits(string), Anchor::Digits);
    }
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .build(&strings)?;
    Ok((automaton, anchors))
}
