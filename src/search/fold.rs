//! Words: how a text is cut into them, and what makes two of them the same.
//!
//! A word is a run of letters and digits; `_` and all other punctuation stands
//! between words. A character of a script that has no spaces is a word by
//! itself. Words are folded: compatibility forms are taken apart, marks
//! dropped, capitals made small. That goes character by character, so composed
//! and decomposed texts are the same.

use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

/// What a folded character is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Goes on a word.
    Word,
    /// A word by itself.
    Single,
    /// Goes on a syllable that was begun by a single one (Hangul).
    Tail,
    /// Stands between words.
    Between,
}

/// Finds the words of a text, one after another.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
    /// The word found last, folded.
    pub(super) word: Vec<u8>,
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Characters of one source character that wait, with where it stands.
    waiting: Vec<(char, Class)>,
    source: Range<usize>,
    /// Whether the word so far is one that only a tail goes on.
    single: bool,
}

/// For each ASCII byte its small letter, or 0 if it stands between words; 1
/// for bytes of other characters.
const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [1; 256];
    let mut byte = 0;
    while byte < 128u8 {
        let small = byte.to_ascii_lowercase();
        table[byte as usize] = if small.is_ascii_alphanumeric() { small } else { 0 };
        byte += 1;
    }
    table
}

fn small(byte: u8) -> u8 {
    TABLE.get(usize::from(byte)).copied().unwrap_or(0)
}

impl<'t> Words<'t> {
    /// Begins at the beginning of a text.
    pub(super) fn new(text: &'t str) -> Words<'t> {
        Words { text, at: 0, word: Vec::new(), range: 0..0, waiting: Vec::new(), source: 0..0, single: false }
    }

    /// Goes to the next word; `false` at the end.
    pub(super) fn next(&mut self) -> bool {
        self.word.clear();
        let bytes = self.text.as_bytes();
        if self.waiting.is_empty() {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let skipped = rest.iter().position(|byte| small(*byte) != 0);
            let Some(skipped) = skipped else {
                self.at = bytes.len();
                return false;
            };
            self.at += skipped;
            let rest = rest.get(skipped..).unwrap_or_default();
            self.word.extend(rest.iter().map(|byte| small(*byte)).take_while(|small| *small > 1));
            let end = self.at + self.word.len();
            if bytes.get(end).is_none_or(u8::is_ascii) && !self.word.is_empty() {
                (self.range, self.at) = (self.at..end, end);
                return true;
            }
            self.word.clear();
        }
        self.next_folded()
    }

    /// The same where there are other characters than ASCII.
    fn next_folded(&mut self) -> bool {
        self.single = false;
        loop {
            while !self.waiting.is_empty() {
                let (c, class) = self.waiting.remove(0);
                if !self.take(c, class) {
                    return true;
                }
            }
            let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
                return !self.word.is_empty();
            };
            self.source = self.at..self.at + c.len_utf8();
            self.at = self.source.end;
            let waiting = &mut self.waiting;
            fold(c, &mut |c, class| waiting.push((c, class)));
            if self.waiting.is_empty() && !self.word.is_empty() {
                self.range.end = self.at;
            }
        }
    }

    /// Takes a character in. If it is not of the word, it is put back, unless
    /// it stands between words, and `false` returned.
    fn take(&mut self, c: char, class: Class) -> bool {
        let goes_on = !self.word.is_empty()
            && match class {
                Class::Word => !self.single,
                Class::Tail => self.single,
                Class::Single | Class::Between => false,
            };
        if !goes_on {
            if !self.word.is_empty() {
                if class != Class::Between {
                    self.waiting.insert(0, (c, class));
                }
                return false;
            }
            if class == Class::Between {
                return true;
            }
            self.range.start = self.source.start;
            self.single = class != Class::Word;
        }
        self.word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.range.end = self.source.end;
        true
    }
}

/// Folds one character into those it is found by.
fn fold(c: char, f: &mut dyn FnMut(char, Class)) {
    if c.is_ascii() {
        let c = c.to_ascii_lowercase();
        return f(c, if c.is_ascii_alphanumeric() { Class::Word } else { Class::Between });
    }
    decompose_compatible(c, |c| {
        for c in c.to_lowercase().filter(|c| !is_dropped(*c)) {
            let c = if c == 'ς' { 'σ' } else { c };
            f(c, class(c));
        }
    });
}

/// What lies between words, folded: its punctuation, without white space.
pub(super) fn punctuation(text: &str) -> String {
    let mut folded = String::new();
    text.chars().for_each(|c| {
        fold(c, &mut |c, class| {
            if class == Class::Between && !c.is_whitespace() {
                folded.push(c);
            }
        });
    });
    folded
}

/// Marks, and what is not seen.
fn is_dropped(c: char) -> bool {
    canonical_combining_class(c) != 0
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn class(c: char) -> Class {
    match c {
        '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' => Class::Tail,
        c if !c.is_alphanumeric() => Class::Between,
        // Thai to Tibetan, Myanmar, Hangul, Khmer and its neighbours, Japanese, Chinese.
        '\u{e00}'..='\u{fff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{115f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{1950}'..='\u{1aaf}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{aa00}'..='\u{aadf}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => Class::Single,
        _ => Class::Word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, &str)> {
        let (mut words, mut found) = (Words::new(text), Vec::new());
        while words.next() {
            found.push((String::from_utf8(words.word.clone()).unwrap(), &text[words.range.clone()]));
        }
        found
    }

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let found = words("fn foo_Bar::baz2(--Flag) {}");
        let expected = [("fn", "fn"), ("foo", "foo"), ("bar", "Bar"), ("baz2", "baz2"), ("flag", "Flag")];
        assert_eq!(found, expected.map(|(word, at)| (word.to_owned(), at)));
        assert!(words("").is_empty() && words(" _-/ … ").is_empty());
    }

    #[test]
    fn forms_of_the_same_word_are_the_same() {
        for (a, b) in [
            ("Café", "cafe\u{301}"),
            ("ÅNGSTRÖM", "a\u{30a}ngstro\u{308}m"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("İstanbul", "istanbul"),
            ("ﬁle", "FILE"),
            ("ｆｕｌｌ", "full"),
            ("서버", "\u{1109}\u{1165}\u{1107}\u{1165}"),
            ("が", "か\u{3099}"),
            ("co\u{ad}operate", "cooperate"),
        ] {
            assert_eq!(folded(a), folded(b), "{a}");
        }
        assert_eq!(words("naïve x")[0], ("naive".to_owned(), "naïve"));
        assert_eq!(words("xe\u{301}, y")[0].1, "xe\u{301}");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters() {
        assert_eq!(folded("日本語test"), ["日", "本", "語", "test"]);
        assert_eq!(words("x서버를")[1..].iter().map(|w| w.1).collect::<Vec<_>>(), ["서", "버", "를"]);
        assert_eq!(folded("сервер упал"), ["сервер", "упал"]);
    }

    #[test]
    fn punctuation_is_what_is_left() {
        assert_eq!((punctuation(" :: "), punctuation("-> ＊")), ("::".into(), "->*".into()));
    }
}
