//! Writes JSON text by appending, and the ids and times that rows carry.

use super::rng::Rng;

/// The characters of base64, in order.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The time of the first row of any corpus: 2026-01-05 09:00 UTC, in milliseconds.
pub(super) const EPOCH_MS: u64 = 1_767_603_600_000;

/// A growing piece of JSON text. Nothing checks that what is appended is valid.
#[derive(Default)]
pub(super) struct Json(pub(super) String);

impl Json {
    /// Appends text as it is.
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// Appends a number.
    pub(super) fn num(&mut self, n: u64) -> &mut Self {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = n;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.0.extend(digits[at..].iter().map(|&d| char::from(d)));
        self
    }

    /// Appends a string in quotes.
    pub(super) fn str(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        self.escaped(text);
        self.0.push('"');
        self
    }

    /// Appends the inside of a string, without quotes.
    pub(super) fn escaped(&mut self, text: &str) -> &mut Self {
        let mut start = 0;
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.push_str(&text[start..at]);
            self.escape(byte);
            start = at + 1;
        }
        self.0.push_str(&text[start..]);
        self
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.0.push_str("\\\""),
            b'\\' => self.0.push_str("\\\\"),
            b'\n' => self.0.push_str("\\n"),
            b'\t' => self.0.push_str("\\t"),
            b'\r' => self.0.push_str("\\r"),
            other => {
                self.0.push_str("\\u00");
                self.0.push(hex(other >> 4));
                self.0.push(hex(other));
            }
        }
    }

    /// Appends a list of strings.
    pub(super) fn strings<'a>(&mut self, items: impl Iterator<Item = &'a str>) -> &mut Self {
        self.0.push('[');
        for (i, item) in items.enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            self.str(item);
        }
        self.0.push(']');
        self
    }

    /// Appends random base64, `len` characters rounded up to a whole group of four.
    pub(super) fn base64(&mut self, rng: &mut Rng, len: usize) -> &mut Self {
        for _ in 0..len.div_ceil(4) {
            let bits = rng.bits();
            let group = [0, 6, 12, 18].map(|shift| char::from(BASE64[(bits >> shift) as usize & 63]));
            self.0.extend(group);
        }
        self
    }
}

/// A random UUID of version 4.
pub(super) fn uuid4(rng: &mut Rng) -> String {
    let high = (rng.bits() & 0xffff_ffff_ffff_0fff) | 0x4000;
    uuid(high, rng.bits())
}

/// A UUID of version 7 for a time.
pub(super) fn uuid7(rng: &mut Rng, ms: u64) -> String {
    let high = (ms << 16) | 0x7000 | (rng.bits() & 0xfff);
    uuid(high, rng.bits())
}

/// A UUID from its two halves, with the variant bits set.
fn uuid(high: u64, low: u64) -> String {
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let mut out = String::with_capacity(36);
    for place in 0..32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        let word = if place < 16 { high } else { low };
        out.push(hex((word >> (60 - place % 16 * 4)) as u8));
    }
    out
}

/// `len` random characters from a-z and 0-9 without those that look alike, as the APIs use in their ids.
pub(super) fn token(rng: &mut Rng, len: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    (0..len).map(|_| char::from(ALPHABET[(rng.bits() >> 8) as usize & 31])).collect()
}

/// `len` random hexadecimal digits.
pub(super) fn hex_id(rng: &mut Rng, len: usize) -> String {
    (0..len).map(|_| hex((rng.bits() >> 24) as u8)).collect()
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble & 15)])
}

/// A time as `2026-01-05T09:00:00.000Z`.
pub(super) fn iso(ms: u64) -> String {
    let (year, month, day) = date(ms);
    let mut out = String::with_capacity(24);
    let parts = [
        (year, 4, "-"),
        (month, 2, "-"),
        (day, 2, "T"),
        (ms / 3_600_000 % 24, 2, ":"),
        (ms / 60_000 % 60, 2, ":"),
        (ms / 1000 % 60, 2, "."),
        (ms % 1000, 3, "Z"),
    ];
    for (value, width, after) in parts {
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (value / 10u64.pow(place) % 10) as u8));
        }
        out.push_str(after);
    }
    out
}

/// Year, month and day of a time after 1970, by the civil calendar.
fn date(ms: u64) -> (u64, u64, u64) {
    let days = ms / 86_400_000 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}
