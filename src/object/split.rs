//! Splitting: from native bytes to a record and the texts taken out of it.
//!
//! A source of lines is cut into records so that the records joined are the
//! file: a record is what separates it from the one before (line ends, white
//! space, a byte order mark, the zeros of a torn write) and one JSON value, or
//! what stands up to the end of the line where there is none. What a record
//! is depends on its own bytes alone, so a file read in steps gives the same
//! records as one read at once.

use super::TEXT_MIN;
use super::codec;
use super::escape::{self, Style};
use super::id::{Id, Kind};
use super::json::{Tape, Type, Value};
use super::message::{Input, Json, Text};
use super::record::{Context, Fill, Record};

/// The longest skeleton that is kept as one; a longer record is kept whole.
const LITERAL_MAX: usize = 1 << 20;

/// The most a data URL says before its base64.
const DATA_URL_HEAD: usize = 128;

/// Cuts a source into records and splits them. Keeps its buffers from one
/// record to the next.
#[derive(Default)]
pub struct Splitter {
    tape: Tape,
    texts: Texts,
}

/// One record, as found at the start of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where its value begins.
    start: usize,
    /// One past its last byte.
    pub end: usize,
    json: bool,
}

/// A record split, with the context it needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The record, its `context` not yet named.
    pub record: Record,
    /// The values taken out by key.
    pub context: Context,
}

impl Splitter {
    /// Finds the record at the start of `buf`; `None` when it may not be whole yet.
    pub fn next(&mut self, buf: &[u8]) -> Option<Piece> {
        let start = separator(buf);
        let rest = buf.get(start..)?;
        let first = *rest.first()?;
        let line = memchr::memchr(b'\n', rest);
        let bounded = rest.get(..line.unwrap_or(rest.len()))?;
        if first == b'{'
            && let Some(len) = self.tape.read(bounded)
        {
            return Some(Piece { start, end: start + len, json: true });
        }
        Some(Piece { start, end: start + line?, json: false })
    }

    /// Takes `bytes` as one record whatever they are: a whole document, or an
    /// element of one with the comma before it.
    pub fn document(&mut self, bytes: &[u8]) -> Piece {
        let mut start = separator(bytes);
        while bytes.get(start) == Some(&b',') {
            start += 1 + separator(bytes.get(start + 1..).unwrap_or_default());
        }
        let value = bytes.get(start..).unwrap_or_default();
        let json = self
            .tape
            .read(value)
            .is_some_and(|len| separator(value.get(len..).unwrap_or_default()) == value.len() - len);
        Piece { start, end: bytes.len(), json }
    }

    /// Splits the record that `piece` found at the start of `buf`. `lift` are
    /// the keys of the outermost object whose values go into the context.
    pub fn split(&mut self, buf: &[u8], piece: Piece, lift: &[&str]) -> Parts {
        let raw = buf.get(..piece.end).unwrap_or_default();
        self.texts.clear();
        if !piece.json {
            return self.whole(raw);
        }
        let value = raw.get(piece.start..).unwrap_or_default();
        let mut parts = Parts::default();
        let mut cut = Cut { raw, base: piece.start, done: 0, record: &mut parts.record };
        let lifted = lift_values(self.tape.root(value), lift, &mut parts.context);
        for (index, node) in self.tape.nodes.iter().enumerate() {
            let span = node.start as usize..node.end as usize;
            if let Some((_, slot)) = lifted.iter().find(|(i, _)| *i == index) {
                cut.out(span, Fill::Context(*slot));
            } else if node.kind == Type::String
                && span.len() >= TEXT_MIN
                && let Some((skip, id, style)) =
                    self.texts.take(index, value.get(span.clone()).unwrap_or_default())
            {
                cut.out(span.start + skip..span.end, Fill::Text(id, style));
            }
        }
        cut.finish();
        if parts.record.literal.len() > LITERAL_MAX {
            return self.whole(raw);
        }
        parts
    }

    /// The value of the record split last, with its texts; `None` if it isn't JSON.
    pub fn row<'s>(&'s mut self, buf: &'s [u8], piece: Piece) -> Option<(Value<'s>, &'s mut Texts)> {
        let value = buf.get(piece.start..piece.end)?;
        piece.json.then(|| (self.tape.root(value), &mut self.texts))
    }

    /// The texts that the record split last, or its message, refers to.
    pub fn texts(&mut self) -> &mut Texts {
        &mut self.texts
    }

    /// Keeps a record as it is: in place when short, else as one blob but for
    /// the white space around it, so that a message of the same text shares it.
    fn whole(&mut self, raw: &[u8]) -> Parts {
        let mut parts = Parts::default();
        let text = raw.trim_ascii();
        if text.len() < TEXT_MIN {
            parts.record.literal = raw.to_vec();
            return parts;
        }
        let start = raw.len() - raw.trim_ascii_start().len();
        let id = self.texts.add(text.to_vec());
        parts.record.literal.extend_from_slice(raw.get(..start).unwrap_or_default());
        parts.record.holes.push((start as u64, Fill::Text(id, Style::Raw)));
        parts.record.literal.extend_from_slice(raw.get(start + text.len()..).unwrap_or_default());
        parts
    }
}

/// Copies a record into its skeleton, leaving out what is taken out.
struct Cut<'a> {
    raw: &'a [u8],
    base: usize,
    done: usize,
    record: &'a mut Record,
}

impl Cut<'_> {
    fn out(&mut self, span: std::ops::Range<usize>, fill: Fill) {
        let (start, end) = (span.start + self.base, span.end + self.base);
        self.record.literal.extend_from_slice(self.raw.get(self.done..start).unwrap_or_default());
        self.record.holes.push((self.record.literal.len() as u64, fill));
        self.done = end;
    }

    fn finish(&mut self) {
        self.record.literal.extend_from_slice(self.raw.get(self.done..).unwrap_or_default());
    }
}

/// Finds the values to lift: of each key the first member that is a string.
fn lift_values(root: Value<'_>, lift: &[&str], context: &mut Context) -> Vec<(usize, u8)> {
    let mut lifted = Vec::new();
    for (key, value) in root.members() {
        let Some(slot) = lift.iter().position(|name| name.as_bytes() == key) else { continue };
        let Ok(number) = u8::try_from(slot) else { continue };
        if value.kind() != Type::String || lifted.iter().any(|(_, n)| *n == number) {
            continue;
        }
        if context.values.len() <= slot {
            context.values.resize(slot + 1, None);
        }
        if let Some(place) = context.values.get_mut(slot) {
            *place = Some(value.raw().to_vec());
        }
        lifted.push((value.index(), number));
    }
    lifted
}

/// Length of what may separate records at the start of `bytes`.
fn separator(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [b' ' | b'\t' | b'\r' | b'\n' | 0, ..] => at += 1,
            [0xEF, 0xBB, 0xBF, ..] => at += 3,
            _ => return at,
        }
    }
}

/// The long texts of one record: those taken out of it, and those that only
/// its message needs.
#[derive(Default)]
pub struct Texts {
    taken: Vec<Taken>,
    added: Vec<(Id, Vec<u8>)>,
}

struct Taken {
    node: usize,
    /// How much of the string stays in the skeleton: the head of a data URL.
    skip: usize,
    text: Text,
}

impl Texts {
    fn clear(&mut self) {
        self.taken.clear();
        self.added.clear();
    }

    /// Hands over the texts, each with its id; some may be twice.
    pub fn drain(&mut self) -> impl Iterator<Item = (Id, Vec<u8>)> + '_ {
        self.added.drain(..)
    }

    fn add(&mut self, bytes: Vec<u8>) -> Id {
        let id = Id::of(Kind::Blob, &bytes);
        self.added.push((id, bytes));
        id
    }

    /// Takes a string out of the record if its writing can be repeated.
    fn take(&mut self, node: usize, raw: &[u8]) -> Option<(usize, Id, Style)> {
        let skip = data_url_head(raw).unwrap_or(0);
        let (bytes, style) = escape::decode_styled(raw.get(skip..)?)?;
        if skip > 0 && !matches!(style, Style::Base64) || bytes.len() < TEXT_MIN && text_of_style(style) {
            return None;
        }
        let len = bytes.len() as u64;
        let id = self.add(bytes.into_owned());
        let text = match style {
            Style::Base64 => Text::Base64(id, len),
            Style::Base64Url => Text::Base64Url(id, len),
            _ => Text::Blob(id, len),
        };
        self.taken.push(Taken { node, skip, text });
        Some((skip, id, style))
    }

    /// The text of a string; of another value, its JSON.
    pub fn of(&mut self, value: Value<'_>) -> Text {
        let taken = self.taken.iter().find(|t| t.node == value.index() && t.skip == 0);
        match (taken, value.bytes()) {
            (Some(taken), _) => taken.text.clone(),
            (None, Some(bytes)) => self.make(&bytes),
            (None, None) => self.make(value.raw()),
        }
    }

    /// A text from bytes that the adapter made.
    pub fn make(&mut self, bytes: &[u8]) -> Text {
        if bytes.len() < TEXT_MIN {
            return Text::Inline(bytes.to_vec());
        }
        let (bytes, style) = escape::decode_base64(bytes).unwrap_or_else(|| (bytes.to_vec(), Style::Plain));
        let len = bytes.len() as u64;
        let id = self.add(bytes);
        match style {
            Style::Base64 => Text::Base64(id, len),
            Style::Base64Url => Text::Base64Url(id, len),
            _ => Text::Blob(id, len),
        }
    }

    /// The media type and the base64 of a `data:` URL.
    pub fn data_url(&mut self, value: Value<'_>) -> Option<(String, Text)> {
        let raw = value.raw();
        let skip = data_url_head(raw)?;
        let head = std::str::from_utf8(raw.get(5..skip - 8)?).ok()?.to_owned();
        let taken = self.taken.iter().find(|t| t.node == value.index() && t.skip == skip);
        match taken {
            Some(taken) => Some((head, taken.text.clone())),
            None => Some((head, self.make(raw.get(skip..)?))),
        }
    }

    /// A value as canonical JSON, its long strings as texts.
    pub fn json(&mut self, value: Value<'_>) -> Json {
        let mut json = Json::default();
        self.json_into(value, &mut json);
        json
    }

    fn json_into(&mut self, value: Value<'_>, json: &mut Json) {
        match value.kind() {
            Type::Object => {
                json.literal.push(b'{');
                for (i, (key, member)) in value.members().enumerate() {
                    separate(i, json);
                    quote(&escape::decode(key), json);
                    json.literal.push(b':');
                    self.json_into(member, json);
                }
                json.literal.push(b'}');
            }
            Type::Array => {
                json.literal.push(b'[');
                for (i, item) in value.items().enumerate() {
                    separate(i, json);
                    self.json_into(item, json);
                }
                json.literal.push(b']');
            }
            Type::String => match self.of(value) {
                Text::Inline(bytes) => quote(&bytes, json),
                text => json.holes.push((json.literal.len() as u64, text)),
            },
            _ => json.literal.extend_from_slice(value.raw()),
        }
    }

    /// The input of a call from a text that should be JSON; if it isn't, the
    /// text itself.
    pub fn input(&mut self, text: &[u8]) -> Input {
        let mut tape = Tape::default();
        match tape.read(text) {
            Some(len) if separator(text.get(len..).unwrap_or_default()) == text.len() - len => {
                // Nodes of this tape must not be taken for nodes of the record.
                let outer = std::mem::take(&mut self.taken);
                let json = self.json(tape.root(text));
                self.taken = outer;
                Input::Json(json)
            }
            _ => Input::Text(self.make(text)),
        }
    }

    /// A context under its id, with the bytes that the id names.
    pub fn context(context: &Context) -> Result<(Id, Vec<u8>), codec::CodecError> {
        let bytes = codec::encode(context)?;
        Ok((Id::of(Kind::Context, &bytes), bytes))
    }
}

fn text_of_style(style: Style) -> bool {
    !matches!(style, Style::Base64 | Style::Base64Url)
}

fn separate(i: usize, json: &mut Json) {
    if i > 0 {
        json.literal.push(b',');
    }
}

fn quote(bytes: &[u8], json: &mut Json) {
    json.literal.push(b'"');
    Style::Plain.write(bytes, &mut json.literal);
    json.literal.push(b'"');
}

/// Length of `data:<type>;base64,` at the start of a string.
fn data_url_head(raw: &[u8]) -> Option<usize> {
    let head = raw.strip_prefix(b"data:")?;
    let head = head.get(..head.len().min(DATA_URL_HEAD))?;
    let at = memchr::memmem::find(head, b";base64,")?;
    Some(5 + at + 8)
}

#[cfg(test)]
mod tests;
