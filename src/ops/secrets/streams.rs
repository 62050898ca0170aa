//! Streams: texts that a tool writes in pieces, a record each, so that a
//! secret may stand in none of them and yet in all together.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::object::json::{Tape, Type, Value};
use crate::object::{Body, Record};
use crate::redact::Hit;

/// The longest text that is put together, in bytes.
const TEXT_MAX: usize = 1 << 20;
/// How deep strings are looked for.
const DEPTH: usize = 16;

/// A string in a record.
struct Piece {
    record: usize,
    /// Where in its literal.
    span: Range<usize>,
}

/// Looks at what stands in the records of a body under the same keys, put
/// together. `find` finds secrets in a text, `instead` says what shall stand in
/// the place of one that is in pieces. Returns whether anything was replaced.
pub(crate) fn of_body(
    body: &mut Body,
    find: &dyn Fn(&[u8]) -> Vec<Hit>,
    instead: &mut dyn FnMut(&Hit) -> Option<String>,
) -> bool {
    let mut edits: Vec<(usize, Range<usize>, String)> = Vec::new();
    for pieces in streams(&body.records).into_values().filter(|pieces| pieces.len() > 1) {
        let stream = Stream::new(&body.records, pieces);
        for hit in find(&stream.text) {
            let parts = stream.parts(&hit.span);
            if parts.len() < 2 || stream.is_whole_somewhere(&parts, find) {
                continue;
            }
            let Some(words) = instead(&hit) else { continue };
            let words = std::iter::once(words).chain(std::iter::repeat(String::new()));
            edits.extend(parts.into_iter().zip(words).map(|((record, span), words)| (record, span, words)));
        }
    }
    // From the last on, so that the places of the others hold.
    edits.sort_by_key(|(record, span, _)| (*record, span.start));
    for (record, span, words) in edits.iter().rev() {
        if let Some(record) = body.records.get_mut(*record) {
            replace(record, span, words);
        }
    }
    !edits.is_empty()
}

fn replace(record: &mut Record, span: &Range<usize>, words: &str) {
    if record.literal.get(span.clone()).is_none() {
        return;
    }
    record.literal.splice(span.clone(), words.bytes());
    for (at, _) in &mut record.holes {
        if *at >= span.end as u64 {
            *at = *at - span.len() as u64 + words.len() as u64;
        }
    }
}

/// The strings of records, by the keys that lead to them.
fn streams(records: &[Record]) -> BTreeMap<Vec<u8>, Vec<Piece>> {
    let mut streams = BTreeMap::new();
    if records.len() < 2 {
        return streams;
    }
    let mut tape = Tape::default();
    for (n, record) in records.iter().enumerate() {
        if tape.read(&record.literal).is_some() {
            let root = tape.root(&record.literal);
            strings(root, &mut Vec::new(), DEPTH, &mut |path, span| {
                let pieces: &mut Vec<Piece> = streams.entry(path.to_vec()).or_default();
                pieces.push(Piece { record: n, span });
            });
        }
    }
    streams
}

fn strings(value: Value<'_>, path: &mut Vec<u8>, depth: usize, f: &mut dyn FnMut(&[u8], Range<usize>)) {
    match value.kind() {
        Type::String if !value.raw().is_empty() => f(path, value.span()),
        Type::Object if depth > 0 => {
            for (key, member) in value.members() {
                let before = path.len();
                path.push(b'.');
                path.extend_from_slice(key);
                strings(member, path, depth - 1, f);
                path.truncate(before);
            }
        }
        Type::Array if depth > 0 => value.items().for_each(|item| strings(item, path, depth - 1, f)),
        _ => {}
    }
}

/// Pieces, put together.
struct Stream {
    text: Vec<u8>,
    pieces: Vec<Piece>,
    /// Where each begins in the text.
    starts: Vec<usize>,
}

impl Stream {
    fn new(records: &[Record], pieces: Vec<Piece>) -> Stream {
        let mut stream = Stream { text: Vec::new(), pieces: Vec::new(), starts: Vec::new() };
        for piece in pieces {
            let literal = records.get(piece.record).map(|record| record.literal.as_slice());
            let bytes = literal.and_then(|literal| literal.get(piece.span.clone())).unwrap_or_default();
            if stream.text.len() + bytes.len() > TEXT_MAX {
                break;
            }
            stream.starts.push(stream.text.len());
            stream.text.extend_from_slice(bytes);
            stream.pieces.push(piece);
        }
        stream
    }

    /// The parts of a span, each in its record.
    fn parts(&self, span: &Range<usize>) -> Vec<(usize, Range<usize>)> {
        let part = |(piece, start): (&Piece, &usize)| {
            let (from, to) = (span.start.max(*start), span.end.min(start + piece.span.len()));
            let at = |place: usize| piece.span.start + (place - start);
            (from < to).then(|| (piece.record, at(from)..at(to)))
        };
        self.pieces.iter().zip(&self.starts).filter_map(part).collect()
    }

    /// Tells whether one of the pieces holds a secret by itself: that it goes
    /// on in the next one is chance.
    fn is_whole_somewhere(&self, parts: &[(usize, Range<usize>)], find: &dyn Fn(&[u8]) -> Vec<Hit>) -> bool {
        let pieces = self.pieces.iter().zip(&self.starts);
        pieces.filter(|(piece, _)| parts.iter().any(|(record, _)| *record == piece.record)).any(
            |(piece, start)| {
                let text = self.text.get(*start..start + piece.span.len()).unwrap_or_default();
                let inside = |hit: &Hit| {
                    let (from, to) = (piece.span.start + hit.span.start, piece.span.start + hit.span.end);
                    parts
                        .iter()
                        .any(|(record, part)| *record == piece.record && part.start < to && from < part.end)
                };
                find(text).iter().any(inside)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Id;
    use crate::object::escape::Style;
    use crate::object::id::Kind;
    use crate::object::record::Fill;

    fn record(text: &str) -> Record {
        let literal = format!(r#"{{"d":{{"text":"{text}"}},"n":"x","long":""}}"#).into_bytes();
        let at = literal.len() as u64 - 2;
        let fill = Fill::Text(Id::of(Kind::Blob, b""), Style::Plain);
        Record { literal, holes: vec![(at, fill)], ..Record::default() }
    }

    /// Finds `<…>`.
    fn find(text: &[u8]) -> Vec<Hit> {
        let text = String::from_utf8_lossy(text).into_owned();
        let ends =
            text.match_indices('<').filter_map(|(from, _)| Some(from..from + text[from..].find('>')? + 1));
        ends.map(|span| Hit { rule: 0, secret: text[span.clone()].into(), span }).collect()
    }

    #[test]
    fn a_secret_in_pieces_is_taken_out_of_each() {
        let texts = ["a <b", "cd", "e> f <whole>", "g", "end <h", "i>"];
        let mut body = Body { records: texts.map(record).to_vec(), message: None };
        let mut seen = Vec::new();
        let changed = of_body(&mut body, &find, &mut |hit| {
            seen.push(String::from_utf8(hit.secret.clone()).unwrap());
            Some("[out of it]".into())
        });
        assert!(changed);
        assert_eq!(seen, ["<bcde>", "<hi>"]);
        let left = ["a [out of it]", "", " f <whole>", "g", "end [out of it]", ""];
        assert!(body.records == left.map(record).to_vec());
        assert!(!of_body(&mut body, &find, &mut |_| None));
    }
}
