//! How JSON writers write strings, so that a string can be written again.
//!
//! A string can be taken out of a record only if we know how its writer
//! escapes. [`Style`] names the ways in use; [`decode_styled`] finds the style of a
//! string or says that none fits, and [`Style::write`] writes it back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::codec::{Decode, Encode};

/// The way in which a text stands in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Style {
    /// The bytes themselves, unquoted.
    Raw,
    /// JSON as JavaScript and serde write it: only what must be escaped is,
    /// with short forms where there are any and else `\u00xx`, small letters.
    Plain,
    /// Like `Plain`, and all that isn't printable ASCII as `\uxxxx`: Python.
    Ascii,
    /// Like `Plain`, and `/` as `\/`: PHP.
    Slash,
    /// Like `Plain`, and `<`, `>`, `&`, U+2028, U+2029 as `\uxxxx`: Go.
    Html,
    /// The text is base64 of the bytes, with `+/` and padding.
    Base64,
    /// The text is base64 of the bytes, with `-_` and padding.
    Base64Url,
}

const STYLES: [Style; 4] = [Style::Plain, Style::Ascii, Style::Slash, Style::Html];

/// Decodes what stands between the quotes of a JSON string. An escape that
/// isn't one is kept as it is; lone surrogates become WTF-8.
pub fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b'\\', raw) {
        None => Cow::Borrowed(raw),
        Some(first) => {
            let mut out = Vec::with_capacity(raw.len());
            decode_from(raw, first, &mut out);
            Cow::Owned(out)
        }
    }
}

fn decode_from(raw: &[u8], first: usize, out: &mut Vec<u8>) {
    let (mut done, mut next) = (0, Some(first));
    while let Some(at) = next {
        out.extend_from_slice(raw.get(done..at).unwrap_or_default());
        done = at + escape(raw.get(at..).unwrap_or_default(), out);
        next = raw.get(done..).and_then(|rest| memchr::memchr(b'\\', rest)).map(|n| n + done);
    }
    out.extend_from_slice(raw.get(done..).unwrap_or_default());
}

/// Decodes the escape at the start of `rest`; returns its length.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match rest.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'"') => b'"',
        Some(b'\\') => b'\\',
        Some(b'r') => b'\r',
        Some(b'/') => b'/',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => return unicode(rest, out),
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(byte);
    2
}

fn unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(first) = unit(rest) else {
        out.push(b'\\');
        return 1;
    };
    let second = rest.get(6..).and_then(unit);
    if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (first, second) {
        wtf8(0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00), out);
        return 12;
    }
    wtf8(first, out);
    6
}

/// The value of `\uxxxx` at the start of `rest`.
fn unit(rest: &[u8]) -> Option<u32> {
    let [b'\\', b'u', a, b, c, d, ..] = *rest else { return None };
    [a, b, c, d].iter().try_fold(0, |n, byte| Some(n << 4 | char::from(*byte).to_digit(16)?))
}

/// Appends a code point, a surrogate included, in the generalised UTF-8.
#[expect(clippy::cast_possible_truncation, reason = "each byte is masked to its bits")]
fn wtf8(code: u32, out: &mut Vec<u8>) {
    let tail = |shift: u32| (0x80 | (code >> shift & 0x3F)) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend([0xC0 | (code >> 6) as u8, tail(0)]),
        0x800..0x10000 => out.extend([0xE0 | (code >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend([0xF0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

/// Decodes a string and finds the style that writes it back exactly, or
/// returns `None` where there is none.
pub fn decode_styled(raw: &[u8]) -> Option<(Cow<'_, [u8]>, Style)> {
    if let Some((bytes, style)) = decode_base64(raw) {
        return Some((Cow::Owned(bytes), style));
    }
    if let Some(bytes) = decode_plain(raw) {
        return Some((bytes, Style::Plain));
    }
    let bytes = decode(raw);
    let style = STYLES.into_iter().find(|style| style.writes(&bytes, raw))?;
    Some((bytes, style))
}

/// Decodes a string if the plain style would write it so: in one pass, since
/// nearly all strings are. Between escapes nothing may stand that would be
/// escaped, and every escape must be the one that would be written.
fn decode_plain(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut out = Vec::new();
    let mut rest = raw;
    loop {
        let run = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        let (plain, special) = rest.split_at(run);
        // Folded without a branch, so that it is done many bytes at a time.
        let clean = plain.iter().fold(true, |clean, b| clean & (*b >= 0x20) & (*b != b'"'));
        if !clean {
            return None;
        }
        if special.is_empty() {
            if out.is_empty() && run == raw.len() {
                return Some(Cow::Borrowed(raw));
            }
            out.extend_from_slice(plain);
            return Some(Cow::Owned(out));
        }
        if out.capacity() == 0 {
            out.reserve(raw.len());
        }
        out.extend_from_slice(plain);
        let (byte, len) = plain_escape(special)?;
        out.push(byte);
        rest = special.get(len..).unwrap_or_default();
    }
}

/// The byte that the escape at the start of `rest` stands for, if the plain
/// style writes that byte so, and the length of the escape.
fn plain_escape(rest: &[u8]) -> Option<(u8, usize)> {
    let short = match rest.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'"' => b'"',
        b'\\' => b'\\',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            let byte = u8::try_from(unit(rest)?).ok()?;
            let capital = rest.get(2..6)?.iter().any(u8::is_ascii_uppercase);
            return (PLAIN[usize::from(byte)] == HEX && !capital).then_some((byte, 6));
        }
        _ => return None,
    };
    Some((short, 2))
}

/// Decodes a text that is base64 throughout and would be encoded the same.
pub fn decode_base64(raw: &[u8]) -> Option<(Vec<u8>, Style)> {
    let plausible = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    if !raw.len().is_multiple_of(4) || !raw.iter().take(80).all(plausible) {
        return None;
    }
    // The decoders are strict: padding is required and trailing bits are zero.
    if let Ok(bytes) = STANDARD.decode(raw) {
        return Some((bytes, Style::Base64));
    }
    URL_SAFE.decode(raw).ok().map(|bytes| (bytes, Style::Base64Url))
}

impl Style {
    /// Writes `bytes` in this style, without quotes.
    pub fn write(self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Style::Raw => out.extend_from_slice(bytes),
            Style::Base64 => base64_into(&STANDARD, bytes, out),
            Style::Base64Url => base64_into(&URL_SAFE, bytes, out),
            Style::Plain | Style::Ascii | Style::Slash | Style::Html => self.json(bytes, out),
        }
    }

    /// Tells whether a text in this style stands between quotes.
    pub fn is_quoted(self) -> bool {
        self != Style::Raw
    }

    fn table(self) -> &'static [u8; 256] {
        match self {
            Style::Ascii => &ASCII,
            Style::Slash => &SLASH,
            Style::Html => &HTML,
            _ => &PLAIN,
        }
    }

    fn json(self, bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len() + bytes.len() / 16);
        let table = self.table();
        let mut rest = bytes;
        loop {
            let run = run_length(rest, table);
            let (plain, special) = rest.split_at(run);
            out.extend_from_slice(plain);
            let Some(&byte) = special.first() else { return };
            let taken = self.special(table, byte, special, out);
            rest = special.get(taken..).unwrap_or_default();
        }
    }

    /// Writes the special byte or character at the start of `rest`.
    fn special(self, table: &[u8; 256], byte: u8, rest: &[u8], out: &mut Vec<u8>) -> usize {
        match table[usize::from(byte)] {
            WIDE => {
                let (code, len) = character(rest);
                match code {
                    Some(code) if self == Style::Ascii || matches!(code, 0x2028 | 0x2029) => utf16(code, out),
                    _ => out.extend_from_slice(rest.get(..len).unwrap_or_default()),
                }
                return len;
            }
            HEX => utf16(u32::from(byte), out),
            short => out.extend([b'\\', short]),
        }
        1
    }

    /// Tells whether writing `bytes` would give exactly `raw`.
    fn writes(self, bytes: &[u8], raw: &[u8]) -> bool {
        let mut piece = Vec::new();
        let (mut rest, mut left) = (bytes, raw);
        let table = self.table();
        loop {
            let run = run_length(rest, table);
            let (plain, special) = rest.split_at(run);
            match left.strip_prefix(plain) {
                Some(after) => left = after,
                None => return false,
            }
            let Some(&byte) = special.first() else { return left.is_empty() };
            piece.clear();
            let taken = self.special(table, byte, special, &mut piece);
            match left.strip_prefix(piece.as_slice()) {
                Some(after) => left = after,
                None => return false,
            }
            rest = special.get(taken..).unwrap_or_default();
        }
    }
}

fn base64_into(engine: &impl base64::Engine, bytes: &[u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + bytes.len().div_ceil(3) * 4, 0);
    if let Some(room) = out.get_mut(at..)
        && engine.encode_slice(bytes, room).is_err()
    {
        out.truncate(at);
    }
}

/// How many bytes at the start of `bytes` are written as they are.
fn run_length(bytes: &[u8], table: &[u8; 256]) -> usize {
    let mut done = 0;
    if std::ptr::eq(table, &raw const PLAIN) {
        // Looked at without a branch, so that the machine does many at a time.
        let plain = |chunk: &[u8]| {
            chunk.iter().fold(true, |plain, b| plain & (*b >= 0x20) & (*b != b'"') & (*b != b'\\'))
        };
        done = CHUNK * bytes.chunks_exact(CHUNK).take_while(|chunk| plain(chunk)).count();
    }
    let rest = bytes.get(done..).unwrap_or_default();
    done + rest.iter().position(|b| table[usize::from(*b)] != 0).unwrap_or(rest.len())
}

/// How many bytes are looked at together.
const CHUNK: usize = 16;

/// The character at the start of `rest` and its length; `None` for a byte
/// that is no character, which is written as it is. WTF-8 surrogates count.
fn character(rest: &[u8]) -> (Option<u32>, usize) {
    let lead = rest.first().copied().unwrap_or(0);
    let (len, mut code) = match lead {
        0xC2..=0xDF => (2, u32::from(lead & 0x1F)),
        0xE0..=0xEF => (3, u32::from(lead & 0x0F)),
        0xF0..=0xF4 => (4, u32::from(lead & 0x07)),
        _ => return (None, 1),
    };
    for byte in rest.get(1..len).unwrap_or_default() {
        if byte & 0xC0 != 0x80 {
            return (None, 1);
        }
        code = code << 6 | u32::from(byte & 0x3F);
    }
    if rest.len() < len { (None, 1) } else { (Some(code), len) }
}

fn utf16(code: u32, out: &mut Vec<u8>) {
    let mut unit = |unit: u32| {
        out.extend(b"\\u");
        out.extend([12, 8, 4, 0].map(|shift| b"0123456789abcdef"[(unit >> shift & 15) as usize]));
    };
    match code.checked_sub(0x10000) {
        Some(rest) => {
            unit(0xD800 + (rest >> 10));
            unit(0xDC00 + (rest & 0x3FF));
        }
        None => unit(code),
    }
}

/// Marks a byte that is written as `\u00xx`.
const HEX: u8 = 1;
/// Marks the lead of a character that may need escaping as a whole.
const WIDE: u8 = 2;

const fn plain() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = HEX;
        i += 1;
    }
    table[8] = b'b';
    table[9] = b't';
    table[10] = b'n';
    table[12] = b'f';
    table[13] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
}

const fn ascii() -> [u8; 256] {
    let mut table = plain();
    table[0x7F] = HEX;
    let mut i = 0x80;
    while i < 256 {
        table[i] = WIDE;
        i += 1;
    }
    table
}

const fn slash() -> [u8; 256] {
    let mut table = plain();
    table[b'/' as usize] = b'/';
    table
}

const fn html() -> [u8; 256] {
    let mut table = plain();
    table[b'<' as usize] = HEX;
    table[b'>' as usize] = HEX;
    table[b'&' as usize] = HEX;
    table[0xE2] = WIDE;
    table
}

static PLAIN: [u8; 256] = plain();
static ASCII: [u8; 256] = ascii();
static SLASH: [u8; 256] = slash();
static HTML: [u8; 256] = html();

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_each_writer() {
        let cases: [(&str, Style); 6] = [
            (r#"a\n\"\\ é \u001b\b\f ok 😀 / < "#, Style::Plain),
            (r"caf\u00e9 \ud83d\ude00\n", Style::Ascii),
            (r"http:\/\/x\n", Style::Slash),
            (r"\u003cb\u003e \u0026 é\n", Style::Html),
            ("QUJDREVGR0hJSktM", Style::Base64),
            ("-_-_", Style::Base64Url),
        ];
        for (raw, style) in cases {
            let (bytes, found) = decode_styled(raw.as_bytes()).unwrap();
            assert_eq!(found, style, "{raw}");
            let mut out = Vec::new();
            found.write(&bytes, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), raw);
        }
        for odd in [r"\u00E9 \u00e9", r"\/ /", r"\x", r"\u12", r"\u0041", "raw\ttab", r"\ud83d é"] {
            assert!(decode_styled(odd.as_bytes()).is_none(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_two_find(raw in "([ -~é]|\\\\(n|t|\"|\\\\|r|b|f|/|u00[01][0-9a-fA-F]|u0041)){0,40}") {
            let raw = raw.as_bytes();
            let bytes = decode(raw);
            let plain = Style::Plain.writes(&bytes, raw).then(|| bytes.clone());
            prop_assert_eq!(decode_plain(raw), plain);
        }

        #[test]
        fn what_is_accepted_is_written_back(raw in proptest::collection::vec(prop_oneof![
            3 => any::<u8>().prop_map(|b| vec![b]),
            1 => "\\\\(n|t|r|b|f|/|\"|\\\\|u[0-9a-fA-F]{4}|x)".prop_map(String::into_bytes),
            1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        ], 0..60)) {
            let raw = raw.concat();
            if let Some((bytes, style)) = decode_styled(&raw) {
                let mut out = Vec::new();
                style.write(&bytes, &mut out);
                prop_assert_eq!(out, raw);
            }
        }

        #[test]
        fn any_bytes_survive_the_plain_style(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            Style::Plain.write(&bytes, &mut out);
            prop_assert_eq!(decode(&out).into_owned(), bytes);
        }
    }
}
