//! Code with its words told apart.
//!
//! Grammars are regular expressions, and code in a session may be made to keep
//! them busy: lines, blocks and pages that are too long stay plain.

use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::text::escape;

/// The longest block that is told apart, in bytes.
const BLOCK_MAX: usize = 32 << 10;
/// The longest line of one.
const LINE_MAX: usize = 400;
/// How much is told apart on a page.
const PAGE_MAX: usize = 256 << 10;

/// What is told apart, by the class that the style sheet knows.
const CLASSES: &[(&str, &str)] = &[
    ("comment", "c"),
    ("string", "s"),
    ("constant.character.escape", "n"),
    ("constant", "n"),
    ("entity.name.function", "f"),
    ("support.function", "f"),
    ("variable.function", "f"),
    ("entity.name.tag", "k"),
    ("entity.name", "t"),
    ("entity.other.attribute-name", "t"),
    ("support.type", "t"),
    ("support.class", "t"),
    ("storage", "k"),
    ("keyword.operator", ""),
    ("keyword", "k"),
    ("markup.inserted", "i"),
    ("markup.deleted", "d"),
];

/// Tells words apart, as much as a page may ask for.
#[derive(Debug)]
pub(super) struct Highlighter {
    left: usize,
}

impl Default for Highlighter {
    fn default() -> Highlighter {
        Highlighter { left: PAGE_MAX }
    }
}

impl Highlighter {
    /// Writes code of a language, which is a name or the ending of a file's.
    pub(super) fn write(&mut self, out: &mut String, code: &str, language: &str) {
        let syntax = syntax(language).filter(|_| code.len() <= BLOCK_MAX.min(self.left));
        let Some(syntax) = syntax else { return escape(out, code) };
        self.left -= code.len();
        let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
        let mut lines = code.split_inclusive('\n');
        for line in lines.by_ref() {
            let ops = match line.len() <= LINE_MAX {
                true => state.parse_line(line, set()).ok(),
                false => None,
            };
            let Some(ops) = ops else {
                // What follows may mean something else than it seems.
                escape(out, line);
                break;
            };
            let mut done = 0;
            for (at, op) in ops {
                span(out, line.get(done..at).unwrap_or_default(), &stack);
                done = at.max(done);
                if stack.apply(&op).is_err() {
                    break;
                }
            }
            span(out, line.get(done..).unwrap_or_default(), &stack);
        }
        lines.for_each(|line| escape(out, line));
    }
}

/// Tells whether there is a grammar for a language.
pub(super) fn knows(language: &str) -> bool {
    syntax(language).is_some()
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let plain = |syntax: &&SyntaxReference| syntax.name != "Plain Text";
    (!language.is_empty()).then(|| set().find_syntax_by_token(language)).flatten().filter(plain)
}

fn set() -> &'static SyntaxSet {
    static SET: OnceLock<SyntaxSet> = OnceLock::new();
    SET.get_or_init(two_face::syntax::extra_newlines)
}

fn span(out: &mut String, text: &str, stack: &ScopeStack) {
    if text.is_empty() {
        return;
    }
    match class(stack) {
        "" => escape(out, text),
        class => {
            out.push_str("<i class=");
            out.push_str(class);
            out.push('>');
            escape(out, text);
            out.push_str("</i>");
        }
    }
}

/// The class of what the innermost scopes say.
fn class(stack: &ScopeStack) -> &'static str {
    static SCOPES: OnceLock<Vec<(Scope, &str)>> = OnceLock::new();
    let scopes = SCOPES.get_or_init(|| {
        CLASSES.iter().filter_map(|(name, class)| Some((Scope::new(name).ok()?, *class))).collect()
    });
    let of = |scope: &Scope| scopes.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, c)| *c);
    stack.as_slice().iter().rev().find_map(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn highlighted(code: &str, language: &str) -> String {
        let mut out = String::new();
        Highlighter::default().write(&mut out, code, language);
        out
    }

    #[test]
    fn words_are_told_apart() {
        let rust = highlighted("fn f() { \"<b>\" } // é\n", "rs");
        assert!(rust.contains("<i class=k>fn</i> <i class=f>f</i>"), "{rust}");
        assert!(rust.contains("&lt;b&gt;") && rust.contains("<i class=c>//"), "{rust}");
        for language in ["ts", "toml", "python", "bash", "json", "dockerfile"] {
            assert!(knows(language), "{language}");
        }
        assert!(!knows("") && !knows("no such language") && !knows("txt"));
    }

    /// Takes the markup off again.
    fn plain(html: &str) -> String {
        let mut out = String::new();
        for part in html.split('<') {
            out.push_str(part.split_once('>').filter(|_| html != part).map_or(part, |(_, text)| text));
        }
        out
    }

    #[test]
    fn what_is_too_long_stays_plain_and_nothing_is_lost() {
        let long = format!("fn f() {{}}\n{}\nfn g() {{}}\n", "x".repeat(LINE_MAX + 1));
        let out = highlighted(&long, "rs");
        assert_eq!(plain(&out), long);
        assert!(out.contains("<i class=k>fn</i> <i class=f>f") && out.ends_with("fn g() {}\n"));
        let block = "fn f() {}\n".repeat(BLOCK_MAX / 10 + 1);
        assert_eq!(highlighted(&block, "rs"), block);
        let mut page = Highlighter::default();
        let (line, mut out) = ("let a = 1;\n".repeat(1000), String::new());
        (0..PAGE_MAX / line.len() + 1).for_each(|_| page.write(&mut out, &line, "rs"));
        assert!(out.ends_with(&line));
    }
}
