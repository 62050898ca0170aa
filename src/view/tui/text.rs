//! Text in columns: cut and wrapped by the room that a terminal gives it.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthChar;

/// A tab leads to the next multiple of so many columns.
const TAB: usize = 4;

/// How many columns a character takes.
fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A text in at most `room` columns, with `…` where it was cut.
pub(super) fn cut(text: &str, room: usize) -> String {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns(c);
        if used > room {
            let kept = text.get(..at).unwrap_or_default();
            let kept = kept.get(..within(kept, room.saturating_sub(1))).unwrap_or_default();
            return if room == 0 { String::new() } else { format!("{}…", kept.trim_end()) };
        }
    }
    text.to_owned()
}

/// A text in `room` columns: cut, or filled up with spaces.
pub(super) fn fit(text: &str, room: usize) -> String {
    let mut fitted = cut(text, room);
    fitted.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&fitted))));
    fitted
}

/// The length in bytes of the beginning of a text that takes `room` columns.
fn within(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns(c);
        if used > room {
            return at;
        }
    }
    text.len()
}

/// A line with its tabs made spaces.
pub(super) fn expand(line: &str) -> String {
    if !line.contains('\t') {
        return line.to_owned();
    }
    let (mut expanded, mut used) = (String::with_capacity(line.len() + TAB), 0);
    for c in line.chars() {
        let wide = if c == '\t' { TAB - used % TAB } else { columns(c) };
        match c {
            '\t' => expanded.extend(std::iter::repeat_n(' ', wide)),
            c => expanded.push(c),
        }
        used += wide;
    }
    expanded
}

/// Where a line is broken so that no part takes more than `room` columns: after
/// a space if there is one in the second half, else anywhere.
pub(super) fn breaks(line: &str, room: usize) -> Vec<Range<usize>> {
    let (mut parts, mut from) = (Vec::new(), 0);
    loop {
        let rest = line.get(from..).unwrap_or_default();
        let whole = within(rest, room.max(1));
        if whole >= rest.len() {
            parts.push(from..line.len());
            return parts;
        }
        // A character wider than the room gets a line of its own.
        let least = rest.chars().next().map_or(1, char::len_utf8);
        let fits = rest.get(..whole).unwrap_or_default();
        let space = fits.rfind(' ').map(|at| at + 1).filter(|at| *at > whole / 2);
        let end = from + space.unwrap_or(whole).max(least);
        parts.push(from..end);
        from = end;
    }
}

/// Spans of one line, broken into lines of at most `room` columns.
pub(super) fn wrap(spans: &[(Style, String)], room: usize) -> Vec<Line<'static>> {
    let whole: String = spans.iter().map(|(_, text)| text.as_str()).collect();
    let part = |range: Range<usize>| {
        let mut at = 0;
        let mut line = Vec::new();
        for (style, text) in spans {
            let (begin, end) = (range.start.max(at), range.end.min(at + text.len()));
            if begin < end {
                let piece = text.get(begin - at..end - at).unwrap_or_default();
                line.push(Span::styled(piece.to_owned(), *style));
            }
            at += text.len();
        }
        Line::from(line)
    };
    breaks(&whole, room).into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_count_twice_and_marks_not_at_all() {
        assert_eq!((width("日本"), width("e\u{301}")), (4, 1));
        assert_eq!((cut("日本語", 5), cut("日本語", 6)), ("日本…".into(), "日本語".into()));
        assert_eq!((cut("abc", 2), cut("abc", 0), fit("日本語", 4)), ("a…".into(), "".into(), "日… ".into()));
        assert_eq!(expand("a\tb\t\tc日\td"), "a   b       c日 d");
    }

    #[test]
    fn lines_break_after_spaces_and_keep_their_styles() {
        let parts = |line: &str, room| -> Vec<String> {
            breaks(line, room).into_iter().map(|range| line[range].to_owned()).collect()
        };
        assert_eq!(parts("one two three", 8), ["one two ", "three"]);
        assert_eq!(parts("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(parts("日本", 1), ["日", "本"]);
        assert_eq!(parts("", 3), [""]);
        let bold = Style::new().bold();
        let lines = wrap(&[(Style::new(), "ab".into()), (bold, "cd".into())], 3);
        assert_eq!(lines[0].spans.len(), 2);
        assert_eq!((lines[1].spans[0].style, lines[1].spans[0].content.as_ref()), (bold, "d"));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(line in "\\PC{0,40}", room in 2usize..20) {
            let parts = breaks(&line, room);
            let joined: String = parts.iter().map(|range| &line[range.clone()]).collect();
            prop_assert_eq!(&joined, &line);
            for range in parts {
                prop_assert!(width(&line[range]) <= room);
            }
            prop_assert!(width(&cut(&line, room)) <= room);
            prop_assert_eq!(width(&fit(&line, room)), room);
        }
    }
}
