//! JSON documents that a tool rewrites whole, cut at the elements of an array.
//!
//! An element with what separates it from the one before is a record; the
//! bytes around the array are the frame. A document that ends too soon is cut
//! as far as it goes: what is left is the trail.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use super::{Frame, Pieces, StepFacts};
use crate::object::json::Tape;

/// A document, cut.
#[derive(Debug, Default)]
pub struct Document {
    bytes: Vec<u8>,
    /// Where the array begins, just after its bracket.
    start: usize,
    /// One past each element.
    ends: Vec<usize>,
    /// The members of the outermost object, except for the array.
    members: Vec<(Vec<u8>, Range<usize>)>,
    at: usize,
    facts: StepFacts,
}

impl Document {
    /// Reads a file. Its records are the elements of the outermost array, or,
    /// with a `key`, of the first array of that name in the outermost object.
    pub fn read(path: &Path, key: Option<&str>) -> std::io::Result<Document> {
        Ok(Document::of(std::fs::read(path)?, key))
    }

    /// The same of bytes.
    pub fn of(bytes: Vec<u8>, key: Option<&str>) -> Document {
        let mut document = Document { start: bytes.len(), ..Document::default() };
        let mut cut = Cut { bytes: &bytes, at: 0, tape: Tape::default(), document: &mut document };
        // What can't be read any further ends the cutting, not the reading.
        let _ = match key {
            Some(key) => cut.object(key.as_bytes()),
            None => cut.array(),
        };
        document.bytes = bytes;
        document
    }

    /// The bytes of a member of the outermost object, as JSON.
    pub fn member(&self, key: &str) -> Option<&[u8]> {
        let (_, span) = self.members.iter().rfind(|(name, _)| name == key.as_bytes())?;
        self.bytes.get(span.clone())
    }

    /// A string member of the outermost object.
    pub fn string(&self, key: &str) -> Option<String> {
        let bytes = self.member(key)?;
        let mut tape = Tape::default();
        tape.read(bytes)?;
        Some(tape.root(bytes).str()?.into_owned())
    }

    /// The last element; `None` if there is none.
    pub fn last(&self) -> Option<&[u8]> {
        let end = *self.ends.last()?;
        let before = self.ends.len().checked_sub(2).and_then(|n| self.ends.get(n)).copied();
        self.bytes.get(before.unwrap_or(self.start)..end).map(|bytes| bytes.trim_ascii_start())
    }

    /// Leaves the last element to the trail: it isn't final yet.
    pub fn hold_last(&mut self) {
        self.ends.pop();
    }

    /// Says what is known of the session from outside the records.
    pub fn tell(&mut self, facts: StepFacts) {
        self.facts = facts;
    }
}

impl Pieces for Document {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        let begin = self.at.checked_sub(1).and_then(|n| self.ends.get(n)).copied().unwrap_or(self.start);
        let Some(end) = self.ends.get(self.at) else { return Ok(None) };
        self.at += 1;
        Ok(self.bytes.get(begin..*end).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        let end = self.ends.last().copied().unwrap_or(self.start);
        let cut = |range: Range<usize>| self.bytes.get(range).unwrap_or_default().to_vec();
        Ok(Frame { lead: cut(0..self.start), trail: cut(end..self.bytes.len()), facts: self.facts.clone() })
    }
}

struct Cut<'a> {
    bytes: &'a [u8],
    at: usize,
    tape: Tape,
    document: &'a mut Document,
}

impl Cut<'_> {
    /// Goes past white space; the byte that follows.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let skip = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF);
        self.at += rest.iter().take_while(|b| skip(b)).count();
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Goes past a value; its place.
    fn value(&mut self) -> Option<Range<usize>> {
        self.peek()?;
        let len = self.tape.read(self.bytes.get(self.at..)?)?;
        let span = self.at..self.at + len;
        self.at = span.end;
        Some(span)
    }

    fn object(&mut self, array: &[u8]) -> Option<()> {
        let mut found = false;
        self.take(b'{')?;
        loop {
            if self.peek()? == b'}' {
                return Some(());
            }
            let key = self.value()?;
            let key = self.bytes.get(key.start + 1..key.end.checked_sub(1)?)?.to_vec();
            self.take(b':')?;
            if !found && key == array && self.peek()? == b'[' {
                found = true;
                self.array()?;
            } else {
                let span = self.value()?;
                self.document.members.push((key, span));
            }
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
    }

    fn array(&mut self) -> Option<()> {
        self.take(b'[')?;
        self.document.start = self.at;
        loop {
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => {
                    let span = self.value()?;
                    self.document.ends.push(span.end);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The records, and all bytes joined again.
    fn joined(mut document: Document) -> (Vec<String>, Vec<u8>) {
        let mut records = Vec::new();
        while let Some(record) = document.next().unwrap() {
            records.push(record.into_owned());
        }
        let frame = document.frame().unwrap();
        let all = [frame.lead, records.concat(), frame.trail].concat();
        (records.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect(), all)
    }

    #[test]
    fn elements_are_records_and_the_rest_is_the_frame() {
        let text = "{\"id\": \"x\", \"messages\": [\n  {\"a\":1},\n  {\"a\":[2]}\n], \"v\": 3}\n";
        let document = Document::of(text.into(), Some("messages"));
        assert_eq!(document.string("id").unwrap(), "x");
        assert_eq!(document.member("v").unwrap(), b"3");
        assert_eq!(document.last().unwrap(), b",\n  {\"a\":[2]}");
        let (records, all) = joined(document);
        assert_eq!(records, ["\n  {\"a\":1}", ",\n  {\"a\":[2]}"]);
        assert_eq!(all, text.as_bytes());
        let (records, all) = joined(Document::of(b"\xEF\xBB\xBF[1,2]".to_vec(), None));
        assert_eq!((records.len(), all), (2, b"\xEF\xBB\xBF[1,2]".to_vec()));
    }

    #[test]
    fn what_is_not_final_stays_in_the_trail() {
        let mut document = Document::of(b"[1,2]".to_vec(), None);
        document.hold_last();
        assert_eq!(joined(document), (vec!["1".to_owned()], b"[1,2]".to_vec()));
    }

    #[test]
    fn a_document_that_ends_too_soon_keeps_its_beginning() {
        let text = br#"{"messages":[{"a":1},{"a":2},{"a":"#;
        for end in 0..=text.len() {
            let (records, all) = joined(Document::of(text[..end].to_vec(), Some("messages")));
            assert_eq!(all, &text[..end]);
            assert_eq!(records.len(), usize::from(end >= 20) + usize::from(end >= 28), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in ".{0,200}", key in any::<bool>()) {
            let bytes = format!("{{\"m\":[{bytes}").into_bytes();
            prop_assert_eq!(joined(Document::of(bytes.clone(), key.then_some("m"))).1, bytes);
        }
    }
}
