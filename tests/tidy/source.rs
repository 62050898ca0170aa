//! Rust source as the rules see it: without words, with its tests told apart.
//!
//! This is no parser. It knows comments, strings and braces, which is enough
//! to find what a file imports, and it keeps every line where it stands.

/// One file under `src`.
pub(crate) struct Source {
    /// Its path, from the root of the project, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// The same without comments, and with strings and characters emptied.
    pub(crate) code: String,
    /// `code` without what is compiled for tests alone.
    pub(crate) shipped: String,
}

impl Source {
    /// A file, read.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let code = without_words(text);
        let shipped = if is_test_file(path) { String::new() } else { without_tests(&code) };
        Source { path: path.to_owned(), text: text.to_owned(), code, shipped }
    }

    /// The modules that lead to this file: `["store", "pack", "read"]`.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut modules: Vec<&str> = inside.split('/').collect();
        if matches!(modules.last(), Some(&("mod" | "lib" | "main"))) {
            modules.pop();
        }
        modules
    }

    /// The files that this one declares as modules for tests alone, as path beginnings.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        let declared = self.code.split("#[cfg(test)]").skip(1).filter_map(|after| {
            let item = after.trim_start().split([';', '{']).next()?;
            let ends = after.trim_start().get(item.len()..)?.starts_with(';');
            let name = item.rsplit_once("mod ")?.1.trim();
            ends.then(|| format!("{folder}/{name}"))
        });
        declared.collect()
    }
}

/// Whether a path names a file of tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The number of the line in which a byte stands.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

/// Every place where `word` stands as a word of its own.
pub(crate) fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The paths that begin with `root` (`crate`, or some `super`s) and a `::`,
/// groups taken apart, each with the place where it stands.
pub(crate) fn paths(code: &str, root: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in words(code, root) {
        let rest = code.get(at + root.len()..).unwrap_or_default();
        if let Some(rest) = rest.trim_start().strip_prefix("::") {
            let mut leaves = Vec::new();
            leaves_of(rest, &mut Vec::new(), &mut leaves);
            found.extend(leaves.into_iter().map(|leaf| (at, leaf)));
        }
    }
    found
}

/// Reads what follows a `::`; returns what is left after it.
fn leaves_of<'t>(text: &'t str, above: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) -> &'t str {
    let mut rest = text.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        rest = group.trim_start();
        while !rest.is_empty() && !rest.starts_with('}') {
            let before = rest.len();
            rest = leaves_of(rest, &mut above.clone(), leaves).trim_start();
            rest = rest.trim_start_matches(',').trim_start();
            if rest.len() == before {
                return rest;
            }
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let len = if rest.starts_with('*') { 1 } else { rest.find(|c| !is_part(c)).unwrap_or(rest.len()) };
    let (name, mut rest) = rest.split_at(len);
    above.push(name.to_owned());
    match rest.trim_start().strip_prefix("::") {
        Some(below) => leaves_of(below, above, leaves),
        None => {
            leaves.push(above.clone());
            if let Some(renamed) = rest.trim_start().strip_prefix("as ") {
                let len = renamed.find([',', '}', ';']).unwrap_or(renamed.len());
                rest = renamed.get(len..).unwrap_or_default();
            }
            rest
        }
    }
}

/// Blanks comments and the insides of strings and characters.
pub(crate) fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let len = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !after_word => prefixed(rest),
            '\'' => character(rest),
            _ => 0,
        };
        let (skipped, next) = rest.split_at(if len == 0 { first.len_utf8() } else { len });
        if len == 0 {
            out.push_str(skipped);
        } else {
            out.extend(skipped.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = next;
    }
    out
}

fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match rest {
            _ if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            _ if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a string at the start of `text`, quotes included.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a raw or byte string at the start of `text`; 0 if there is none.
fn prefixed(text: &str) -> usize {
    let prefix = text.find(|c| !matches!(c, 'r' | 'b' | 'c')).unwrap_or(text.len());
    let (letters, rest) = text.split_at(prefix);
    if letters.len() > 2 {
        return 0;
    }
    if !letters.contains('r') {
        return match rest.chars().next() {
            Some('"') => prefix + string(rest),
            Some('\'') if letters == "b" => prefix + character(rest),
            _ => 0,
        };
    }
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let Some(inside) = rest.get(hashes..).and_then(|rest| rest.strip_prefix('"')) else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let len = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    prefix + hashes + 1 + len
}

/// Length of a character at the start of `text`; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            text.get(3..).and_then(|rest| rest.find('\'')).map_or(0, |at| at + 4)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// Blanks the items under `#[cfg(test)]`.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, item) = rest.split_at(at);
        out.push_str(before);
        let (item, after) = item.split_at(item_len(item));
        out.extend(item.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    out + rest
}

/// Length of an item: up to its `;`, or the `}` of its first `{`.
fn item_len(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && c == '}' {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}
