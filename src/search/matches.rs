//! Whether a text has what is looked for, and where.

use std::ops::Range;

use super::fold::{Words, punctuation};
use super::query::{Gap, Query, Term};
use super::text::Piece;

/// The most places that are told of one text.
const PLACES: usize = 64;

/// A text of a message in which something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which text of the message.
    pub piece: usize,
    /// Where in it, in bytes, in order.
    pub places: Vec<Range<usize>>,
}

/// A text cut into its words.
struct Cut<'t> {
    text: &'t str,
    folded: Vec<u8>,
    /// Each word's place in `folded`, and in the text.
    words: Vec<(Range<usize>, Range<usize>)>,
}

impl<'t> Cut<'t> {
    fn new(text: &'t str) -> Cut<'t> {
        let (mut words, mut cut) = (Words::new(text), Cut { text, folded: Vec::new(), words: Vec::new() });
        while words.next() {
            let start = cut.folded.len();
            cut.folded.extend_from_slice(&words.word);
            cut.words.push((start..cut.folded.len(), words.range.clone()));
        }
        cut
    }

    fn word(&self, n: usize) -> Option<&[u8]> {
        self.words.get(n).and_then(|(folded, _)| self.folded.get(folded.clone()))
    }

    /// The punctuation before word `n`; after the last, what ends the text.
    fn before(&self, n: usize) -> String {
        let start = n.checked_sub(1).and_then(|n| self.words.get(n)).map_or(0, |(_, range)| range.end);
        let end = self.words.get(n).map_or(self.text.len(), |(_, range)| range.start);
        punctuation(self.text.get(start..end).unwrap_or_default())
    }

    /// Where a term stands that begins with word `n`.
    fn at(&self, n: usize, term: &Term) -> Option<Range<usize>> {
        let count = term.words.len();
        for (k, (gap, wanted)) in term.words.iter().enumerate() {
            let word = self.word(n + k)?;
            let fits = if term.prefix && k + 1 == count { word.starts_with(wanted) } else { word == wanted };
            let joined = || match gap {
                Gap::Any => true,
                Gap::Exactly(marks) if k == 0 => marks.is_empty() || self.before(n).ends_with(marks.as_str()),
                Gap::Exactly(marks) => self.before(n + k) == *marks,
            };
            if !fits || !joined() {
                return None;
            }
        }
        if !term.trail.is_empty() && !self.before(n + count).starts_with(&term.trail) {
            return None;
        }
        let (first, last) = (self.words.get(n)?, self.words.get(n + count - 1)?);
        Some(first.1.start..last.1.end)
    }

    fn find(&self, term: &Term, most: usize) -> Vec<Range<usize>> {
        if term.words.is_empty() {
            let found = self.text.match_indices(&term.literal).take(most);
            return found.map(|(at, found)| at..at + found.len()).collect();
        }
        (0..self.words.len()).filter_map(|n| self.at(n, term)).take(most).collect()
    }
}

impl Query {
    /// Where the texts of a message have what is looked for; `None` if they don't.
    pub fn find(&self, pieces: &[Piece]) -> Option<Vec<Found>> {
        let mut met = vec![false; self.terms.len()];
        let mut found = Vec::new();
        for (n, piece) in pieces.iter().enumerate() {
            let wanted = self.kinds.is_none_or(|kinds| piece.kinds.meets(kinds));
            if !wanted && self.excluded.is_empty() {
                continue;
            }
            let cut = Cut::new(&piece.text);
            if self.excluded.iter().any(|term| !cut.find(term, 1).is_empty()) {
                return None;
            }
            if !wanted {
                continue;
            }
            let mut places = Vec::new();
            for (term, met) in self.terms.iter().zip(&mut met) {
                let here = cut.find(term, PLACES);
                *met |= !here.is_empty();
                places.extend(here);
            }
            places.sort_unstable_by_key(|range| (range.start, range.end));
            places.truncate(PLACES);
            if !places.is_empty() || self.terms.is_empty() {
                found.push(Found { piece: n, places });
            }
        }
        (met.iter().all(|met| *met) && !found.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::text::Kinds;

    fn finds(query: &str, text: &str) -> bool {
        let query = Query::parse(query, &|_| None).unwrap();
        query.find(&[Piece { kinds: Kinds::TEXT, text: text.to_owned() }]).is_some()
    }

    #[test]
    fn what_stands_there_is_found_and_nothing_else() {
        let text = "Run `cargo test --lib foo_bar::baz(1)` in src/ops/mod.rs,\n  then wait.";
        for there in [
            "cargo",
            "CARGO wait",
            "\"cargo test\"",
            "\"mod.rs then wait\"",
            "--lib",
            "foo_bar::baz",
            "foo_bar::baz(1)",
            "baz(",
            "src/ops/mod.rs",
            "/ops/",
            "car* wai*",
            "src/op*",
            "foo_*",
            "::",
            "-missing cargo",
            "\"rs, then\"",
        ] {
            assert!(finds(there, text), "{there}");
        }
        for not in [
            "carg",
            "\"test cargo\"",
            "\"cargo lib\"",
            "---lib",
            "foo.bar",
            "foo_bar:baz",
            "baz[",
            "src/op",
            "waiting*",
            "=>",
            "-cargo wait",
            "\"rs then wait now\"",
        ] {
            assert!(!finds(not, text), "{not}");
        }
        assert!(finds("日本", "これは日本語です") && !finds("本日", "これは日本語です"));
        assert!(finds("서버", "서버를 다시") && finds("ünïcode", "UNICODE"));
    }

    #[test]
    fn all_terms_must_be_in_texts_of_the_kind() {
        let piece = |kinds, text: &str| Piece { kinds, text: text.to_owned() };
        let pieces = [piece(Kinds::TEXT, "one two"), piece(Kinds::OUTPUT.and(Kinds::ERROR), "x three two")];
        let find = |query: &str| Query::parse(query, &|_| None).unwrap().find(&pieces);
        let both = find("one three").unwrap();
        assert_eq!((both[0].piece, both[1].piece), (0, 1));
        assert!(matches!(both[1].places.as_slice(), [place] if *place == (2..7)));
        assert!(find("one kind:error").is_none() && find("two kind:error").unwrap().len() == 1);
        assert!(find("two -one kind:error").is_none());
        assert_eq!(find("kind:error").unwrap(), [Found { piece: 1, places: vec![] }]);
    }
}
