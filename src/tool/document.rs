//! JSON documents that a tool rewrites whole, cut at the elements of an array.
//!
//! An element with what separates it from the one before is a record; the
//! bytes around the array are the frame. A document that ends too soon is cut
//! as far as it goes: what is left is the trail.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use super::{Frame, Pieces, StepFacts};
use crate::object::id::Checksum;
use crate::object::json::Tape;

/// How many elements may be left to the trail by a rule.
const HELD: usize = 64;
/// How much is read at once of what is only passed, and to find the array.
const STEP: usize = 128 << 10;

/// A document. What is known of it is passed without being cut or kept; the
/// rest is read and cut when it is looked into.
#[derive(Debug, Default)]
pub struct Document {
    /// What comes before the first element.
    head: Vec<u8>,
    /// The members of the outermost object in it.
    members: Vec<Member>,
    /// Whether there is an array, and whether it is the document itself.
    array: bool,
    bare: bool,
    /// What follows the head and isn't passed: bytes that were read, and the
    /// file that has more.
    early: RefCell<Vec<u8>>,
    file: Option<File>,
    rest: OnceCell<io::Result<Rest>>,
    at: usize,
    rule: Option<fn(&[u8]) -> Hold>,
    facts: StepFacts,
}

type Member = (Vec<u8>, Range<usize>);

/// What follows what was passed, cut.
#[derive(Debug, Default)]
struct Rest {
    bytes: Vec<u8>,
    /// One past each element.
    ends: Vec<usize>,
    /// The members of the outermost object after the array.
    members: Vec<Member>,
}

/// What becomes of an element near the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is final, and so are those before it.
    Final,
    /// It isn't final; those before it are.
    Last,
    /// It isn't final, and the one before it may not be either.
    More,
}

impl Document {
    /// Reads a file. Its records are the elements of the outermost array, or,
    /// with a `key`, of the first array of that name in the outermost object.
    pub fn read(path: &Path, key: Option<&str>) -> io::Result<Document> {
        let mut file = File::open(path)?;
        let mut bytes = Vec::with_capacity(STEP);
        file.by_ref().take(STEP as u64).read_to_end(&mut bytes)?;
        if head(&bytes, key, &mut Vec::new()).is_none() {
            file.read_to_end(&mut bytes)?;
        }
        Ok(Document { file: Some(file), ..Document::of(bytes, key) })
    }

    /// The same of bytes.
    pub fn of(bytes: Vec<u8>, key: Option<&str>) -> Document {
        let mut members = Vec::new();
        let start = head(&bytes, key, &mut members);
        Document::cut(bytes, key.is_none(), (start, members))
    }

    /// The same of the array that has the first of these names that there is.
    pub fn of_first(bytes: Vec<u8>, keys: &[&str]) -> Document {
        let found = keys.iter().find_map(|key| {
            let mut members = Vec::new();
            head(&bytes, Some(key), &mut members).map(|start| (Some(start), members))
        });
        Document::cut(bytes, false, found.unwrap_or_default())
    }

    fn cut(mut bytes: Vec<u8>, bare: bool, (start, members): (Option<usize>, Vec<Member>)) -> Document {
        let early = bytes.split_off(start.unwrap_or(bytes.len()));
        Document {
            head: bytes,
            members,
            array: start.is_some(),
            bare,
            early: RefCell::new(early),
            ..Document::default()
        }
    }

    /// What is cut, read and cut at the first call.
    fn rest(&self) -> io::Result<&Rest> {
        let rest = self.rest.get_or_init(|| {
            let mut rest = Rest { bytes: self.early.take(), ..Rest::default() };
            if let Some(mut file) = self.file.as_ref() {
                file.read_to_end(&mut rest.bytes)?;
            }
            if self.array {
                rest.cut(self.bare);
                rest.hold(self.rule);
            }
            Ok(rest)
        });
        rest.as_ref().map_err(|e| io::Error::new(e.kind(), e.to_string()))
    }

    /// The bytes of a member of the outermost object, as JSON.
    pub fn member(&self, key: &str) -> Option<&[u8]> {
        self.before(key).or_else(|| {
            let rest = self.rest().ok()?;
            rest.bytes.get(find(&rest.members, key)?)
        })
    }

    /// The same of a member that stands before the array; the rest isn't read.
    pub fn before(&self, key: &str) -> Option<&[u8]> {
        self.head.get(find(&self.members, key)?)
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
        self.rest().ok()?.last()
    }

    /// Leaves the last element to the trail: it isn't final yet.
    pub fn hold_last(&mut self) {
        // What can't be read is told when the records are asked for.
        drop(self.rest().map(drop));
        if let Some(Ok(rest)) = self.rest.get_mut() {
            rest.ends.pop();
        }
    }

    /// Leaves the last elements to the trail that a rule says aren't final:
    /// what [`Document::hold_last`] does, without cutting the whole document.
    pub fn hold(&mut self, rule: fn(&[u8]) -> Hold) {
        self.rule = Some(rule);
    }

    /// Says what is known of the session from outside the records.
    pub fn tell(&mut self, facts: StepFacts) {
        self.facts = facts;
    }

    /// Goes past `len` bytes that aren't cut yet, into `sum`; false if there
    /// are not so many.
    fn skip(&mut self, len: u64, sum: &mut Checksum) -> io::Result<bool> {
        let early = self.early.get_mut();
        let known = early.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        sum.update(early.get(..known).unwrap_or_default());
        early.drain(..known);
        let (mut left, mut buffer) = (len - known as u64, Vec::with_capacity(STEP));
        // Pieces that begin at whole steps are summed up faster.
        let mut step = STEP - known % STEP;
        while left > 0 {
            let Some(file) = &mut self.file else { return Ok(false) };
            buffer.clear();
            let n = file.take(left.min(step as u64)).read_to_end(&mut buffer)?;
            step = STEP;
            if n == 0 {
                return Ok(false);
            }
            sum.update(&buffer);
            left -= n as u64;
        }
        Ok(true)
    }
}

fn find(members: &[Member], key: &str) -> Option<Range<usize>> {
    members.iter().rfind(|(name, _)| name == key.as_bytes()).map(|(_, span)| span.clone())
}

/// Where the elements begin; `None` if there is no array.
fn head(bytes: &[u8], key: Option<&str>, members: &mut Vec<Member>) -> Option<usize> {
    let mut cut = Cut { bytes, at: 0, tape: Tape::default() };
    match key {
        Some(key) => {
            cut.take(b'{')?;
            cut.members(Some(key.as_bytes()), members)
        }
        None => cut.take(b'[').map(|()| cut.at),
    }
}

impl Rest {
    fn cut(&mut self, bare: bool) {
        let mut cut = Cut { bytes: &self.bytes, at: 0, tape: Tape::default() };
        // What can't be read any further ends the cutting, not the reading.
        if cut.elements(&mut self.ends).is_some() && !bare {
            let _ = cut.members(None, &mut self.members);
        }
    }

    fn hold(&mut self, rule: Option<fn(&[u8]) -> Hold>) {
        for _ in 0..HELD {
            let Some((rule, last)) = rule.zip(self.last()) else { return };
            let hold = rule(last);
            if hold != Hold::Final {
                self.ends.pop();
            }
            if hold != Hold::More {
                return;
            }
        }
    }

    fn last(&self) -> Option<&[u8]> {
        let end = *self.ends.last()?;
        let before = self.ends.len().checked_sub(2).and_then(|n| self.ends.get(n)).copied();
        self.bytes.get(before.unwrap_or(0)..end).map(|bytes| bytes.trim_ascii_start())
    }
}

impl Pieces for Document {
    fn next(&mut self) -> io::Result<Option<Cow<'_, [u8]>>> {
        let at = self.at;
        self.at += 1;
        let rest = self.rest()?;
        let begin = at.checked_sub(1).and_then(|n| rest.ends.get(n)).copied().unwrap_or(0);
        let Some(end) = rest.ends.get(at).copied() else { return Ok(None) };
        Ok(rest.bytes.get(begin..end).map(Cow::Borrowed))
    }

    /// What is passed is neither cut nor kept.
    fn pass(&mut self, len: u64, sum: u64) -> io::Result<Option<Checksum>> {
        let mut known = Checksum::default();
        let whole = match self.rest.get() {
            None => self.skip(len, &mut known)?,
            // It was cut already: the place must be among the ends.
            Some(_) => {
                let rest = self.rest()?;
                let end = usize::try_from(len).unwrap_or(usize::MAX);
                known.update(rest.bytes.get(..end).unwrap_or_default());
                let at = rest.ends.binary_search(&end);
                self.at = at.map_or(0, |at| at + 1);
                at.is_ok()
            }
        };
        Ok((whole && known.finish() == sum).then_some(known))
    }

    fn frame(&mut self) -> io::Result<Frame> {
        let rest = self.rest()?;
        let end = rest.ends.last().copied().unwrap_or(0);
        let trail = rest.bytes.get(end..).unwrap_or_default().to_vec();
        Ok(Frame { lead: self.head.clone(), trail, facts: self.facts.clone() })
    }
}

struct Cut<'a> {
    bytes: &'a [u8],
    at: usize,
    tape: Tape,
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

    /// Reads members up to the array of that name, if one is asked for; where
    /// it begins, or where the object ends.
    fn members(&mut self, array: Option<&[u8]>, members: &mut Vec<Member>) -> Option<usize> {
        loop {
            match self.peek()? {
                b'}' => return array.is_none().then_some(self.at),
                b',' => self.at += 1,
                _ => {}
            }
            if self.peek()? == b'}' {
                continue;
            }
            let key = self.value()?;
            let key = self.bytes.get(key.start + 1..key.end.checked_sub(1)?)?.to_vec();
            self.take(b':')?;
            if array == Some(key.as_slice()) && self.peek()? == b'[' {
                self.at += 1;
                return Some(self.at);
            }
            let span = self.value()?;
            members.push((key, span));
        }
    }

    /// Reads elements up to the end of their array.
    fn elements(&mut self, ends: &mut Vec<usize>) -> Option<()> {
        loop {
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                _ => {
                    let span = self.value()?;
                    ends.push(span.end);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::id::checksum;

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

    #[test]
    fn what_is_known_is_passed_and_the_rest_is_cut() {
        let text = "{\"a\":1,\"messages\":[{\"a\":1}, {\"b\":[2]},\n3 ],\"v\":\"w\"}";
        let whole = || Document::of(text.into(), Some("messages"));
        let mut known = Vec::new();
        let (records, _) = joined(whole());
        for record in &records {
            for cut_before in [false, true] {
                let mut document = whole();
                if cut_before {
                    assert_eq!(document.last().unwrap(), b",\n3");
                }
                let passed = document.pass(known.len() as u64, checksum(&known)).unwrap();
                let passed = passed.map(|sum| sum.finish());
                // Nothing at all is passed without being looked for.
                assert_eq!(passed, (!cut_before || !known.is_empty()).then(|| checksum(&known)));
                if passed.is_some() {
                    assert_eq!(document.next().unwrap().unwrap(), record.as_bytes());
                    assert_eq!(document.string("v").unwrap(), "w");
                    let frame = document.frame().unwrap();
                    assert_eq!(frame.trail, b" ],\"v\":\"w\"}");
                }
            }
            known.extend_from_slice(record.as_bytes());
        }
        let (len, sum) = (known.len() as u64, checksum(&known));
        assert!(whole().pass(len, sum ^ 1).unwrap().is_none());
        assert!(whole().pass(len + 1000, sum).unwrap().is_none());
        assert!(Document::of(b"{}".to_vec(), Some("messages")).pass(len, sum).unwrap().is_none());
    }

    #[test]
    fn a_rule_holds_what_is_not_final_however_the_document_is_read() {
        let rule = |element: &[u8]| match element.trim_ascii_end().last() {
            Some(b'1') => Hold::Last,
            Some(b'9') => Hold::Final,
            _ => Hold::More,
        };
        for (text, left) in [("[9,1,2,3]", 1), ("[1,9]", 2), ("[2,3]", 0), ("[9,1]", 1), ("[]", 0)] {
            let mut document = Document::of(text.into(), None);
            document.hold(rule);
            let (records, all) = joined(document);
            assert_eq!((records.len(), all), (left, text.as_bytes().to_vec()), "{text}");
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
