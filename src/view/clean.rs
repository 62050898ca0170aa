//! Session text made harmless: nothing in it commands a terminal.

/// Session text for one line: control characters and what reorders text
/// become a space, runs of space one.
pub fn clean(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut clean = clean_part(text, &mut true);
    clean.truncate(clean.trim_end().len());
    clean
}

/// A part of a line of session text; `space` says whether what is before it
/// ends with a space, or is nothing.
pub fn clean_part(text: &str, space: &mut bool) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let blank = c.is_whitespace() || is_harmful(c);
        match blank {
            true if *space => {}
            true => clean.push(' '),
            false => clean.push(c),
        }
        *space = blank;
    }
    clean
}

/// Whether a text is clean as it is: printable ASCII, with single spaces in it.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

/// Session text of many lines: line ends and tabs stay, other control
/// characters and what reorders text go.
pub fn clean_text(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_harmful(*c)).collect()
}

/// JSON in which such characters are written as escapes: the same value.
pub fn escape_harmful(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match is_harmful(c) && c != '\n' {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    escaped
}

/// Text for one line of at most `width` characters.
pub fn shorten(text: &str, width: usize) -> String {
    let clean = clean(text);
    match clean.char_indices().nth(width) {
        None => clean,
        Some(_) => {
            let kept: String = clean.chars().take(width.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// The end of a text, for one line of at most `width` characters: what tells
/// most of a path.
pub fn shorten_left(text: &str, width: usize) -> String {
    let clean = clean(text);
    let count = clean.chars().count();
    if count <= width {
        return clean;
    }
    let end: String = clean.chars().skip(count - width.saturating_sub(1)).collect();
    format!("…{end}")
}

/// Tells whether a character commands a terminal or reorders text.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(clean("\x1b[31mred\x07\r\n two\u{9b}31m\u{202e}"), "[31mred two 31m");
        for (raw, cleaned) in [
            ("a b", "a b"),
            (" a", "a"),
            ("a ", "a"),
            ("a  b", "a b"),
            ("", ""),
            (" ", ""),
            ("a\x7fb", "a b"),
        ] {
            assert_eq!(clean(raw), cleaned);
        }
        assert_eq!(clean_text("a\n\tb\x1b]0;x\x07\r\u{2066}"), "a\n\tb]0;x");
        let value = serde_json::json!({"a": "x\u{9b}31m\u{202e}\x7f\x1b"});
        let escaped = escape_harmful(&value.to_string());
        assert!(!escaped.chars().any(is_harmful), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!((shorten("a b  c", 5), shorten("abcdef", 5)), ("a b c".to_owned(), "abcd…".to_owned()));
        assert_eq!(
            (shorten_left("/a/bc", 5), shorten_left("/a/b/c", 5)),
            ("/a/bc".to_owned(), "…/b/c".to_owned())
        );
    }
}
