//! A flat view of a JSON value that keeps every byte.
//!
//! Parsing to a tree and printing it again is not lossless, and slow. A
//! [`Tape`] is a list of the value's parts with their places in the bytes;
//! nothing is copied, numbers and strings stay as they are written. The
//! grammar is JSON's, but a string may hold any bytes, since tools cut strings
//! in the middle of a character.

use std::borrow::Cow;

use super::escape;

/// The deepest nesting that is read; deeper values count as not JSON.
pub const MAX_DEPTH: usize = 512;

/// What a part of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// Digits, as written.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Type,
    /// First byte; for a string the one after the quote.
    pub(super) start: u32,
    /// One past the last byte; for a string the closing quote.
    pub(super) end: u32,
    /// The index of the node after this one and all inside it.
    next: u32,
}

/// The parts of one value, in order.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub(super) nodes: Vec<Node>,
}

impl Tape {
    /// Reads one value at the start of `src`, after white space. Returns how
    /// many bytes it took, or `None` if no whole value stands there.
    pub fn read(&mut self, src: &[u8]) -> Option<usize> {
        self.nodes.clear();
        let src = src.get(..src.len().min(u32::MAX as usize))?;
        Scanner { src, at: 0, nodes: &mut self.nodes }.value()
    }

    /// The value, over the bytes it was read from.
    pub fn root<'t>(&'t self, src: &'t [u8]) -> Value<'t> {
        Value { tape: self, src, index: 0 }
    }
}

struct Scanner<'s, 't> {
    src: &'s [u8],
    at: usize,
    nodes: &'t mut Vec<Node>,
}

impl Scanner<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.src.get(self.at).copied()
    }

    fn space(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "src is at most u32::MAX long")]
    fn push(&mut self, kind: Type, start: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: self.at as u32, next });
    }

    /// Reads a value with all that is inside it, without recursion.
    fn value(&mut self) -> Option<usize> {
        let mut open: Vec<usize> = Vec::new();
        loop {
            match self.space()? {
                brace @ (b'{' | b'[') => {
                    if open.len() == MAX_DEPTH {
                        return None;
                    }
                    open.push(self.nodes.len());
                    let kind = if brace == b'{' { Type::Object } else { Type::Array };
                    self.push(kind, self.at);
                    self.at += 1;
                    if self.space()? == brace + 2 {
                        self.close(open.pop()?)?;
                    } else if brace == b'{' {
                        self.key()?;
                        continue;
                    } else {
                        continue;
                    }
                }
                b'"' => self.string()?,
                _ => self.scalar()?,
            }
            if self.after(&mut open)? {
                return Some(self.at);
            }
        }
    }

    /// Goes past what follows a value: closings and a comma. True at the end.
    fn after(&mut self, open: &mut Vec<usize>) -> Option<bool> {
        while let Some(&top) = open.last() {
            let object = self.nodes.get(top)?.kind == Type::Object;
            match (self.space()?, object) {
                (b',', true) => {
                    self.at += 1;
                    self.key()?;
                    return Some(false);
                }
                (b',', false) => {
                    self.at += 1;
                    return Some(false);
                }
                (b'}', true) | (b']', false) => self.close(open.pop()?)?,
                _ => return None,
            }
        }
        Some(true)
    }

    #[expect(clippy::cast_possible_truncation, reason = "src is at most u32::MAX long")]
    fn close(&mut self, index: usize) -> Option<()> {
        self.at += 1;
        let next = self.nodes.len() as u32;
        let node = self.nodes.get_mut(index)?;
        (node.end, node.next) = (self.at as u32, next);
        Some(())
    }

    fn key(&mut self) -> Option<()> {
        if self.space()? != b'"' {
            return None;
        }
        self.string()?;
        if self.space()? != b':' {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        let start = self.at;
        loop {
            let step = memchr::memchr2(b'"', b'\\', self.src.get(self.at..)?)?;
            self.at += step;
            if self.peek()? == b'"' {
                self.push(Type::String, start);
                self.at += 1;
                return Some(());
            }
            self.at += 2;
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let (start, rest) = (self.at, self.src.get(self.at..)?);
        let (kind, len) = match rest {
            [b't', b'r', b'u', b'e', ..] => (Type::True, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (Type::False, 5),
            [b'n', b'u', b'l', b'l', ..] => (Type::Null, 4),
            [b'-' | b'0'..=b'9', ..] => {
                let digit = |b: &&u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                (Type::Number, rest.iter().take_while(digit).count())
            }
            _ => return None,
        };
        self.at += len;
        self.push(kind, start);
        Some(())
    }
}

/// A part of a value that was read into a [`Tape`].
#[derive(Clone, Copy)]
pub struct Value<'t> {
    tape: &'t Tape,
    src: &'t [u8],
    index: usize,
}

impl<'t> Value<'t> {
    fn node(&self) -> Option<&'t Node> {
        self.tape.nodes.get(self.index)
    }

    fn at(&self, index: usize) -> Value<'t> {
        Value { index, ..*self }
    }

    /// The place of this part in its tape.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What this part is; null where there is nothing.
    pub fn kind(&self) -> Type {
        self.node().map_or(Type::Null, |n| n.kind)
    }

    /// The bytes as written; of a string, what stands between the quotes.
    pub fn raw(&self) -> &'t [u8] {
        self.node().and_then(|n| self.src.get(n.start as usize..n.end as usize)).unwrap_or_default()
    }

    /// The place of [`Value::raw`] in the bytes that were read.
    pub fn span(&self) -> std::ops::Range<usize> {
        self.node().map_or(0..0, |n| n.start as usize..n.end as usize)
    }

    /// The members of an object; nothing for other kinds. Keys are as written.
    pub fn members(&self) -> impl Iterator<Item = (&'t [u8], Value<'t>)> + use<'t> {
        let (me, mut at, end) = self.inside(Type::Object);
        std::iter::from_fn(move || {
            let key = me.at(at).raw();
            let value = (at < end).then(|| me.at(at + 1))?;
            at = value.node()?.next as usize;
            Some((key, value))
        })
    }

    /// The elements of an array; nothing for other kinds.
    pub fn items(&self) -> impl Iterator<Item = Value<'t>> + use<'t> {
        let (me, mut at, end) = self.inside(Type::Array);
        std::iter::from_fn(move || {
            let value = (at < end).then(|| me.at(at))?;
            at = value.node()?.next as usize;
            Some(value)
        })
    }

    fn inside(&self, kind: Type) -> (Value<'t>, usize, usize) {
        match self.node() {
            Some(n) if n.kind == kind => (*self, self.index + 1, n.next as usize),
            _ => (*self, 0, 0),
        }
    }

    /// The last member called `key`, as JavaScript reads duplicates.
    pub fn get(&self, key: &str) -> Option<Value<'t>> {
        self.members().filter(|(k, _)| *k == key.as_bytes()).last().map(|(_, v)| v)
    }

    /// The member at the end of a path of keys.
    pub fn path(&self, keys: &[&str]) -> Option<Value<'t>> {
        keys.iter().try_fold(*self, |value, key| value.get(key))
    }

    /// Tells whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Type::Null
    }

    /// The decoded bytes of a string; `None` for other kinds. They are UTF-8,
    /// except that lone surrogates are kept as they would be in WTF-8 and
    /// invalid bytes as they are.
    pub fn bytes(&self) -> Option<Cow<'t, [u8]>> {
        (self.kind() == Type::String).then(|| escape::decode(self.raw()))
    }

    /// A string for reading: what isn't UTF-8 becomes U+FFFD.
    pub fn str(&self) -> Option<Cow<'t, str>> {
        Some(match self.bytes()? {
            Cow::Borrowed(b) => String::from_utf8_lossy(b),
            Cow::Owned(b) => Cow::Owned(String::from_utf8_lossy(&b).into_owned()),
        })
    }

    /// A string member, for reading.
    pub fn string(&self, key: &str) -> Option<String> {
        self.get(key)?.str().map(Cow::into_owned)
    }

    /// A number that is a whole one; else `None`.
    pub fn int(&self) -> Option<i64> {
        (self.kind() == Type::Number).then_some(())?;
        std::str::from_utf8(self.raw()).ok()?.parse().ok()
    }

    /// True only for `true`.
    pub fn is_true(&self) -> bool {
        self.kind() == Type::True
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Tape, usize)> {
        let mut tape = Tape::default();
        let len = tape.read(text.as_bytes())?;
        Some((tape, len))
    }

    #[test]
    fn finds_members_and_items() {
        let text = r#"{"a":[1,{"b":"x\ny"},[]],"a2":null,"n":-1.5e3,"t":true,"e":{}} tail"#;
        let (tape, len) = read(text).unwrap();
        assert_eq!(&text[len..], " tail");
        let root = tape.root(text.as_bytes());
        let items: Vec<_> = root.get("a").unwrap().items().collect();
        assert_eq!(items.len(), 3);
        assert_eq!(items[0].int(), Some(1));
        assert_eq!(items[1].string("b").unwrap(), "x\ny");
        assert_eq!(root.get("n").unwrap().raw(), b"-1.5e3");
        assert!(root.get("t").unwrap().is_true() && root.get("a2").unwrap().is_null());
        assert_eq!(root.members().count(), 5);
    }

    #[test]
    fn the_last_duplicate_wins() {
        let text = r#"{"a":1,"a":2}"#;
        let (tape, _) = read(text).unwrap();
        assert_eq!(tape.root(text.as_bytes()).get("a").unwrap().int(), Some(2));
    }

    #[test]
    fn refuses_what_is_not_whole() {
        for text in [
            "",
            "{",
            r#"{"a"#,
            r#"{"a":"#,
            "[1,",
            "[1 2]",
            "{1:2}",
            r#"{"a":1]"#,
            "tru",
            "nul",
            "[}",
            r#""\"#,
            "{,}",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        assert!(read(&"[".repeat(100_000)).is_none());
    }
}
