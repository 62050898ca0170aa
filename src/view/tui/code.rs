//! Code in colours: strings, comments, numbers and the words that most
//! languages share. It is for reading a transcript, so it knows no grammar: a
//! line is coloured by itself, but for comments that go on.

use super::look::Look;

/// Words that mean something in most of the languages that have them.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "abstract", "and", "as", "async", "await", "begin", "break", "case", "catch", "class", "const", "continue",
    "crate", "def", "default", "defer", "del", "do", "done", "elif", "else", "end", "enum", "esac", "except",
    "export", "extends", "extern", "False", "false", "fi", "final", "finally", "fn", "for", "from", "func",
    "function", "global", "go", "if", "impl", "implements", "import", "in", "interface", "is", "lambda", "let",
    "local", "loop", "match", "mod", "module", "move", "mut", "namespace", "new", "nil", "None", "nonlocal", "not",
    "null", "or", "package", "pass", "private", "protected", "pub", "public", "raise", "ref", "require", "return",
    "select", "self", "static", "struct", "super", "switch", "then", "this", "throw", "trait", "True", "true",
    "try", "type", "typeof", "union", "unsafe", "use", "using", "val", "var", "virtual", "void", "where", "while",
    "with", "yield",
];

/// How a language writes what can't be told from a word alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Comments `//` and `/* */`.
    Slashes,
    /// Comments `#`.
    Hash,
    /// Comments `--`.
    Dashes,
    /// Lines that begin with `+`, `-` or `@@`.
    Diff,
    /// No comments.
    Data,
}

/// Colours the lines of one piece of code, one after another.
#[derive(Clone, Debug)]
pub(super) struct Painter {
    family: Family,
    in_comment: bool,
}

impl Painter {
    /// For a language as it is named after the fence of a block, or by the end of a file's name.
    pub(super) fn new(language: &str) -> Painter {
        let family = match language.to_lowercase().as_str() {
            "diff" | "patch" => Family::Diff,
            "json" | "jsonl" | "csv" | "xml" | "html" | "" | "text" | "txt" | "console" | "markdown"
            | "md" => Family::Data,
            "sql" | "lua" | "haskell" | "hs" | "ada" | "elm" => Family::Dashes,
            "py" | "python" | "sh" | "bash" | "shell" | "zsh" | "fish" | "rb" | "ruby" | "yaml" | "yml"
            | "toml" | "make" | "makefile" | "dockerfile" | "perl" | "r" | "ini" | "conf" | "nix"
            | "elixir" | "ex" => Family::Hash,
            _ => Family::Slashes,
        };
        Painter { family, in_comment: false }
    }

    /// The next line, in pieces that joined are the line.
    pub(super) fn line<'l>(&mut self, line: &'l str) -> Vec<(Look, &'l str)> {
        if self.family == Family::Diff {
            let look = match line.bytes().next() {
                Some(b'+') => Look::Name,
                Some(b'-') => Look::Gone,
                Some(b'@') => Look::Call,
                _ => Look::Plain,
            };
            return vec![(look, line)];
        }
        let (mut pieces, mut rest): (Vec<(Look, &'l str)>, _) = (Vec::new(), line);
        while !rest.is_empty() {
            let (look, len) = self.next(
                rest,
                line.get(..line.len() - rest.len()).and_then(|before| before.chars().next_back()),
            );
            let (piece, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
            match pieces.last_mut() {
                // Plain pieces one after another are one.
                Some((Look::Plain, last)) if look == Look::Plain => {
                    let begin = line.len() - rest.len() - last.len();
                    *last = line.get(begin..line.len() - after.len()).unwrap_or(piece);
                }
                _ => pieces.push((look, piece)),
            }
            rest = after;
        }
        pieces
    }

    /// What the rest of a line begins with, and how long that is; `before` is
    /// the character before it.
    fn next(&mut self, rest: &str, before: Option<char>) -> (Look, usize) {
        if self.in_comment || self.family == Family::Slashes && rest.starts_with("/*") {
            let from = if self.in_comment { 0 } else { 2 };
            let end = rest.get(from..).and_then(|text| text.find("*/")).map(|at| from + at + 2);
            self.in_comment = end.is_none();
            return (Look::Faint, end.unwrap_or(rest.len()));
        }
        if self.comments(rest, before) {
            return (Look::Faint, rest.len());
        }
        let Some(first) = rest.chars().next() else { return (Look::Plain, 0) };
        let word = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        match first {
            '"' | '\'' | '`' => match string(rest, first) {
                Some(len) => (Look::Name, len),
                None => (Look::Plain, 1),
            },
            c if c.is_ascii_digit() => {
                (Look::Number, word(|c| c.is_alphanumeric() || matches!(c, '_' | '.')))
            }
            c if c.is_alphabetic() || c == '_' => {
                let len = word(|c| c.is_alphanumeric() || c == '_');
                let known = rest.get(..len).is_some_and(|word| KEYWORDS.contains(&word));
                let data = self.family == Family::Data
                    && !matches!(rest.get(..len), Some("true" | "false" | "null"));
                (if known && !data { Look::Keyword } else { Look::Plain }, len)
            }
            c => (Look::Plain, c.len_utf8()),
        }
    }

    fn comments(&self, rest: &str, before: Option<char>) -> bool {
        match self.family {
            Family::Slashes => rest.starts_with("//"),
            Family::Dashes => rest.starts_with("--"),
            // At the start of a word only.
            Family::Hash => rest.starts_with('#') && before.is_none_or(char::is_whitespace),
            Family::Diff | Family::Data => false,
        }
    }
}

/// The length of the string that begins a text; `None` if it doesn't end.
fn string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looks<'l>(language: &str, line: &'l str) -> Vec<(Look, &'l str)> {
        let pieces = Painter::new(language).line(line);
        pieces.into_iter().filter(|(look, _)| *look != Look::Plain).collect()
    }

    #[test]
    fn what_stands_out_is_found() {
        assert_eq!(
            looks("rust", "fn a<'a>() -> u8 { \"x\\\"y\" + 0x1f } // done"),
            [
                (Look::Keyword, "fn"),
                (Look::Name, "\"x\\\"y\""),
                (Look::Number, "0x1f"),
                (Look::Faint, "// done")
            ]
        );
        assert_eq!(looks("python", "if x: # why"), [(Look::Keyword, "if"), (Look::Faint, "# why")]);
        assert_eq!(looks("sh", "echo $# a#b"), []);
        assert_eq!(looks("json", "{\"a\": 1, \"for\": true}").len(), 4);
        assert_eq!(looks("diff", "-old"), [(Look::Gone, "-old")]);
        assert_eq!(looks("", "if it is a text"), []);
    }

    #[test]
    fn a_comment_goes_on_until_it_ends() {
        let mut painter = Painter::new("c");
        assert_eq!(painter.line("a /* b"), [(Look::Plain, "a "), (Look::Faint, "/* b")]);
        assert_eq!(painter.line("return"), [(Look::Faint, "return")]);
        assert_eq!(
            painter.line("*/ return"),
            [(Look::Faint, "*/"), (Look::Plain, " "), (Look::Keyword, "return")]
        );
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_line(line in "\\PC{0,60}", n in 0usize..5) {
            let language = ["rust", "py", "sql", "json", "diff"][n];
            let mut painter = Painter::new(language);
            let joined: String = painter.line(&line).into_iter().map(|(_, piece)| piece).collect();
            prop_assert_eq!(joined, line);
        }
    }
}
