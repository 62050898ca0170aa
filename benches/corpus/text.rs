//! Source code, tool output and prose that look and compress like real ones.

use super::rng::Rng;
use super::words;

/// How many identifiers, types and words a project knows.
const NAMES: usize = 5000;

/// In a thousand, how many lines of code repeat one from shortly before.
const REPEATS: usize = 60;

/// What a text is made of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Source code in the project's language.
    Code,
    /// What commands print.
    Output,
    /// What people and models write.
    Prose,
}

/// One piece of a template.
enum Piece {
    /// Text as it is.
    Literal(&'static str),
    /// A place to fill, named by its letter.
    Slot(u8),
}

/// A line to be filled in.
type Template = Vec<Piece>;

/// The words and line templates of one project.
pub(super) struct Voice {
    idents: Vec<String>,
    types: Vec<String>,
    calls: Vec<String>,
    words: Vec<String>,
    paths: Vec<String>,
    code: Vec<Template>,
    output: Vec<Template>,
    prose: Vec<Template>,
}

impl Voice {
    /// The voice of a new project.
    pub(super) fn new(rng: &mut Rng) -> Self {
        let languages = [(words::RUST, "rs"), (words::TYPESCRIPT, "ts"), (words::PYTHON, "py")];
        let (code, extension) = *rng.pick(&languages);
        let camel = extension == "ts";
        let mut words: Vec<String> = (0..NAMES).map(|_| word(rng)).collect();
        words.sort_unstable();
        words.dedup();
        shuffle(rng, &mut words);
        let paths = (0..300).map(|_| format!("src/{}/{}.{extension}", stem(rng), snake(rng, 2))).collect();
        Self {
            idents: (0..NAMES).map(|_| ident(rng, camel)).collect(),
            types: (0..NAMES / 4).map(|_| pascal(rng)).collect(),
            calls: (0..NAMES / 2).map(|_| ident(rng, camel)).collect(),
            words,
            paths,
            code: templates(code),
            output: templates(words::OUTPUT),
            prose: templates(words::PROSE),
        }
    }

    /// Text of about `len` bytes.
    pub(super) fn text(&self, rng: &mut Rng, kind: Kind, len: usize) -> String {
        let mut out = String::with_capacity(len + 128);
        let mut depth = 0;
        loop {
            self.line(rng, kind, &mut depth, &mut out);
            if out.len() >= len {
                return out;
            }
            out.push('\n');
        }
    }

    /// A path relative to the project's root.
    pub(super) fn path(&self, rng: &mut Rng) -> &str {
        &self.paths[rng.zipf(self.paths.len())]
    }

    /// An identifier, as one searches for.
    pub(super) fn ident(&self, rng: &mut Rng) -> &str {
        common(rng, &self.idents)
    }

    /// A sentence of a few words.
    pub(super) fn sentence(&self, rng: &mut Rng, words: usize) -> String {
        let mut out = String::with_capacity(words * 8);
        self.words(rng, words, &mut out);
        out
    }

    /// Appends one line without its end.
    fn line(&self, rng: &mut Rng, kind: Kind, depth: &mut usize, out: &mut String) {
        if !matches!(kind, Kind::Prose) && rng.chance(REPEATS) && repeat(rng, out) {
            return;
        }
        let set = match kind {
            Kind::Code => &self.code,
            Kind::Output => &self.output,
            Kind::Prose => &self.prose,
        };
        let template = &set[rng.below(set.len())];
        if matches!(kind, Kind::Code) && !template.is_empty() {
            *depth = (*depth + rng.below(3)).saturating_sub(1).min(5);
            out.push_str(&"                    "[..*depth * 4]);
        }
        for piece in template {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Slot(letter) => self.fill(rng, *letter, out),
            }
        }
    }

    /// Fills one slot.
    fn fill(&self, rng: &mut Rng, letter: u8, out: &mut String) {
        match letter {
            b'i' => out.push_str(self.ident(rng)),
            b'I' => out.push_str(&self.ident(rng).to_ascii_uppercase()),
            b't' => out.push_str(common(rng, &self.types)),
            b'f' => out.push_str(common(rng, &self.calls)),
            b'w' => out.push_str(common(rng, &self.words)),
            b'p' => out.push_str(self.path(rng)),
            b'n' => number(rng, 1000, out),
            b'N' => number(rng, 1_000_000, out),
            b'h' => out.push_str(&super::json::hex_id(rng, 8)),
            _ => {
                let words = rng.between(4, 12);
                self.words(rng, words, out);
            }
        }
    }

    /// Appends some words with blanks between them.
    fn words(&self, rng: &mut Rng, count: usize, out: &mut String) {
        for i in 0..count {
            if i > 0 {
                out.push(' ');
            }
            if rng.chance(450) {
                out.push_str(words::SMALL[rng.zipf(words::SMALL.len())]);
            } else {
                out.push_str(common(rng, &self.words));
            }
        }
    }
}

/// One of `names`: mostly a common one, else any.
fn common<'a>(rng: &mut Rng, names: &'a [String]) -> &'a str {
    let at = if rng.chance(600) { rng.zipf(names.len()) } else { rng.below(names.len()) };
    &names[at]
}

/// Appends a copy of a whole line from the last kilobytes of `out`; false when there is none.
fn repeat(rng: &mut Rng, out: &mut String) -> bool {
    let back = out.len().saturating_sub(rng.zipf(8192));
    let bytes = out.as_bytes();
    let Some(end) = bytes[..back].iter().rposition(|&b| b == b'\n') else { return false };
    let start = bytes[..end].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    out.extend_from_within(start..end);
    true
}

/// Cuts template lines at their slots.
fn templates(lines: &[&'static str]) -> Vec<Template> {
    lines.iter().map(|line| template(line)).collect()
}

fn template(line: &'static str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        let letter = rest.as_bytes().get(at + 1).copied().unwrap_or(b' ');
        let slot = b"iItfwpnNhs".contains(&letter);
        let literal = if slot { at } else { at + 1 };
        if literal > 0 {
            pieces.push(Piece::Literal(&rest[..literal]));
        }
        if slot {
            pieces.push(Piece::Slot(letter));
        }
        rest = &rest[at + 1 + usize::from(slot)..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

fn stem(rng: &mut Rng) -> &'static str {
    words::STEMS[rng.zipf(words::STEMS.len())]
}

fn word(rng: &mut Rng) -> String {
    let stem = words::STEMS[rng.below(words::STEMS.len())];
    format!("{stem}{}", words::ENDINGS[rng.zipf(words::ENDINGS.len())])
}

fn snake(rng: &mut Rng, parts: usize) -> String {
    (0..parts).map(|_| stem(rng)).collect::<Vec<_>>().join("_")
}

fn ident(rng: &mut Rng, camel: bool) -> String {
    let parts = 1 + rng.below(3);
    if !camel {
        return snake(rng, parts);
    }
    let first = stem(rng).to_owned();
    (1..parts).fold(first, |name, _| name + &capital(stem(rng)))
}

fn pascal(rng: &mut Rng) -> String {
    let parts = 1 + rng.below(2);
    (0..parts).map(|_| capital(stem(rng))).collect()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

fn number(rng: &mut Rng, below: usize, out: &mut String) {
    let mut json = super::json::Json(std::mem::take(out));
    json.num(rng.zipf(below) as u64);
    *out = json.0;
}

fn shuffle(rng: &mut Rng, items: &mut [String]) {
    for i in (1..items.len()).rev() {
        items.swap(i, rng.below(i + 1));
    }
}
