//! Snippets: what stands around the places that were found.

use std::ops::Range;

use crate::search::Found;
use crate::search::text::Piece;

/// The most snippets of a message.
const MOST: usize = 3;
/// How many characters are shown before the first place, …
const BEFORE: usize = 48;
/// … and how many in all, about.
const WIDTH: usize = 180;
/// What is shown of a text in which no place is told.
const BEGINNING: Range<usize> = 0..0;

/// What stands around a place that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// What the text is: `text`, `command`, `error`, …
    pub kind: &'static str,
    /// The text, in parts, each with whether it is what was looked for.
    pub parts: Vec<(String, bool)>,
    /// Whether the text goes on before it.
    pub cut_before: bool,
    /// Whether the text goes on after it.
    pub cut_after: bool,
}

/// The snippets of a message: one of each text first, then more.
pub(super) fn all(pieces: &[Piece], found: &[Found]) -> Vec<Snippet> {
    let mut windows: Vec<(usize, &Piece, Range<usize>, &Found)> = Vec::new();
    for found in found {
        let Some(piece) = pieces.get(found.piece) else { continue };
        let (mut shown, mut rank) = (0, 0);
        let beginning = std::slice::from_ref(&BEGINNING);
        for place in if found.places.is_empty() { beginning } else { &found.places } {
            if rank > 0 && place.end <= shown {
                continue;
            }
            let window = around(&piece.text, place);
            shown = window.end;
            windows.push((rank, piece, window, found));
            rank += 1;
            if rank >= MOST {
                break;
            }
        }
    }
    windows.sort_by_key(|(rank, ..)| *rank);
    windows.truncate(MOST);
    windows.into_iter().map(|(_, piece, window, found)| snippet(piece, window, found)).collect()
}

/// The part of a text that is shown around a place.
fn around(text: &str, place: &Range<usize>) -> Range<usize> {
    let before = text.get(..place.start).unwrap_or_default();
    let start = before.char_indices().rev().take(BEFORE).last().map_or(place.start, |(at, _)| at);
    // Not from the middle of a word.
    let lead = text.get(start..place.start).unwrap_or_default();
    let word = if start == 0 { Some(0) } else { lead.find(char::is_whitespace).map(|at| at + 1) };
    let start = start + word.filter(|at| lead.is_char_boundary(*at)).unwrap_or(0);
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(WIDTH).map_or(text.len(), |(at, _)| start + at);
    start..end.max(place.end)
}

fn snippet(piece: &Piece, window: Range<usize>, found: &Found) -> Snippet {
    let text = &piece.text;
    let (mut parts, mut at) = (Vec::new(), window.start);
    let mut add = |range: Range<usize>, hit: bool| {
        let part = text.get(range).unwrap_or_default();
        if !part.is_empty() {
            parts.push((part.to_owned(), hit));
        }
    };
    for place in found.places.iter().filter(|place| place.end <= window.end) {
        let start = place.start.max(at);
        if start < place.end {
            add(at..start, false);
            add(start..place.end, true);
            at = place.end;
        }
    }
    add(at..window.end, false);
    Snippet {
        kind: piece.kinds.name(),
        parts,
        cut_before: !text.get(..window.start).unwrap_or_default().trim().is_empty(),
        cut_after: !text.get(window.end..).unwrap_or_default().trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::text::Kinds;

    #[test]
    fn snippets_hold_what_was_found_with_what_is_around() {
        let text = format!("{} the needle is é here {} needle", "ä ".repeat(500), "x ".repeat(500));
        let at: Vec<usize> = text.match_indices("needle").map(|(at, _)| at).collect();
        let piece = Piece { kinds: Kinds::CALL.and(Kinds::COMMAND), text };
        let found = Found { piece: 0, places: at.iter().map(|at| *at..at + 6).collect() };
        let snippets = all(&[piece], &[found]);
        assert_eq!((snippets.len(), snippets[0].kind), (2, "command"));
        assert_eq!(snippets[0].parts[1], ("needle".to_owned(), true));
        assert!(snippets[0].parts[2].0.starts_with(" is é here"));
        assert!(snippets[0].cut_before && snippets[0].cut_after && !snippets[1].cut_after);
        let all_of_it: usize = snippets[0].parts.iter().map(|(part, _)| part.chars().count()).sum();
        assert!(all_of_it <= WIDTH);
    }
}
