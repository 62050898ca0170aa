//! Text of strangers as HTML: what it says and nothing else.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::view::clean::is_harmful;

/// Writes text so that it stands for itself in an element or in an attribute
/// between quotes. Control characters and what reorders text become signs
/// that can be seen.
pub fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => push_visible(out, c),
        }
    }
}

/// The same as a value.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

/// Text with signs for what can't be seen, and markup left as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_harmful(c) && !matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut out, c));
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' | '\t' => out.push(c),
        // Line ends of two characters.
        '\r' => {}
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        c if is_harmful(c) => {
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        }
        c => out.push(c),
    }
}

/// What a program wrote for a terminal, without what moves about on it and sets
/// colours.
pub fn without_terminal_codes(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match code_len(after) {
            Some(len) => after.get(len..).unwrap_or_default(),
            None => {
                out.push('\u{1b}');
                after
            }
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The longest title or link that a terminal is sent, in bytes.
const CODE_MAX: usize = 4096;

/// How long the code is that begins after an escape; `None` if it is not one.
fn code_len(after: &str) -> Option<usize> {
    let bytes = after.as_bytes();
    match bytes.first()? {
        // Parameters, then a letter.
        b'[' => {
            let end = bytes.iter().skip(1).position(|b| !matches!(b, 0x20..=0x3f))? + 1;
            matches!(bytes.get(end), Some(0x40..=0x7e)).then_some(end + 1)
        }
        // A title or a link, up to a bell or `ESC \`.
        b']' => {
            let end = bytes.iter().take(CODE_MAX).position(|b| matches!(b, 7 | 0x1b))?;
            match bytes.get(end) {
                Some(7) => Some(end + 1),
                _ => (bytes.get(end + 1) == Some(&b'\\')).then_some(end + 2),
            }
        }
        b'(' | b')' => (bytes.len() > 1 && after.is_char_boundary(2)).then_some(2),
        b'=' | b'>' | b'7' | b'8' | b'M' | b'c' => Some(1),
        _ => None,
    }
}

/// The beginning of a text of at most `most` bytes, and how many bytes it
/// leaves out.
pub fn cut(text: &str, most: usize) -> (&str, usize) {
    if text.len() <= most {
        return (text, 0);
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let kept = text.get(..end).unwrap_or_default();
    (kept, text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_stands_for_itself() {
        assert_eq!(escaped("<a href='x'>&\"\r\n"), "&lt;a href=&#39;x&#39;&gt;&#38;&quot;\n");
        assert_eq!(escaped("\u{1b}[2J\u{0}\u{7f}\u{9b}\u{202e}"), "␛[2J␀␡⟨U+009B⟩⟨U+202E⟩");
        assert_eq!(visible("<b>\u{202e}"), "<b>⟨U+202E⟩");
    }

    #[test]
    fn terminal_codes_go_and_nothing_else() {
        let colored = "\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}a\u{1b}]8;;x\u{1b}\\b\u{1b}(Bc";
        assert_eq!(without_terminal_codes(colored), "red abc");
        // What is no code stays, and will be seen.
        for odd in ["\u{1b}", "\u{1b}[", "\u{1b}[1é", "\u{1b}]open", "\u{1b}(", "\u{1b}é"] {
            assert_eq!(without_terminal_codes(odd), odd);
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((cut("abc", 3), cut("aé", 2), cut("é", 1)), (("abc", 0), ("a", 2), ("", 2)));
    }

    proptest! {
        #[test]
        fn no_markup_and_nothing_unseen_comes_through(text in "(?s).{0,64}") {
            let out = escaped(&without_terminal_codes(&text));
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            prop_assert!(!out.chars().any(|c| is_harmful(c) && c != '\n' && c != '\t'));
        }
    }
}
