//! Nothing that stands in a text is missed: not by the words, not by the index.

use proptest::prelude::*;

use super::build::Builder;
use super::index::Index;
use super::segment::Segment;
use super::text::{Kinds, Piece};
use super::{Order, Query};
use crate::object::{Commit, Id, Kind};

/// An index of texts, in as many segments as there are lists, all of which
/// have been put together if `merged`.
fn index(lists: &[&[String]], merged: bool) -> Index {
    let segment = |texts: &&[String]| {
        let mut builder = Builder::new();
        for text in *texts {
            let id = Id::of(Kind::Commit, text.as_bytes());
            let piece = Piece { kinds: Kinds::TEXT, text: text.clone() };
            builder.add(id, id, &Commit::default(), 0, &[piece]);
        }
        Segment::in_memory(builder.finish().unwrap()).unwrap()
    };
    let segments: Vec<Segment> = lists.iter().map(segment).collect();
    if !merged {
        return Index { segments, unreadable: 0 };
    }
    let mut builder = Builder::new();
    segments.iter().for_each(|segment| builder.absorb(segment).unwrap());
    Index { segments: vec![Segment::in_memory(builder.finish().unwrap()).unwrap()], unreadable: 0 }
}

/// The texts that a search finds.
fn found(lists: &[&[String]], merged: bool, query: &str) -> Vec<String> {
    let query = Query::parse(query, &|_| None).unwrap();
    let ranked = index(lists, merged).rank(&query, None, Order::Best, 0).unwrap();
    let ids: Vec<Id> = ranked.map(|candidate| candidate.unwrap().commit).collect();
    let texts = lists.iter().flat_map(|texts| texts.iter());
    let is_found = |text: &&String| {
        let piece = Piece { kinds: Kinds::TEXT, text: (*text).clone() };
        ids.contains(&Id::of(Kind::Commit, text.as_bytes())) && query.find(&[piece]).is_some()
    };
    texts.filter(is_found).cloned().collect()
}

/// Texts as they come in sessions: words of many scripts, code, punctuation.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-c]{1,3}",
        2 => "[A-Z][a-z]{1,3}[0-9]{0,2}",
        1 => "[äößéñç]{1,3}",
        1 => "[а-вА-В]{1,3}",
        1 => "[日本語中文かなサーバー]{1,4}",
        1 => "(서버|한국어|서)",
        1 => Just("e\u{301}a\u{308}".to_owned()),
        1 => "[a-z]{30,40}",
    ];
    let gap = prop_oneof![5 => " ", 1 => "\n", 1 => "::", 1 => "_", 1 => "/", 1 => "\\.", 1 => " --", 1 => "\\(", 1 => ", "];
    prop::collection::vec((word, gap), 1..12)
        .prop_map(|parts| parts.into_iter().map(|(word, gap)| format!("{word}{gap}")).collect())
}

/// Whether a plain search, capitals or not, finds `part` in `text` between
/// other things than letters and digits.
fn grep(text: &str, part: &str) -> bool {
    let (text, part) = (text.to_lowercase(), part.to_lowercase());
    text.match_indices(&part).any(|(at, _)| {
        let inside = |c: char| c.is_alphanumeric() || ('\u{300}'..'\u{370}').contains(&c);
        let joins = |a: Option<char>, b: Option<char>| a.is_some_and(inside) && b.is_some_and(inside);
        let (before, after) = (text[..at].chars().next_back(), text[at + part.len()..].chars().next());
        !joins(before, part.chars().next()) && !joins(part.chars().next_back(), after)
    })
}

/// A byte that is not what was written is told, or was of no account.
#[test]
fn damage_is_never_taken_for_a_miss() {
    let texts: Vec<String> = (0..300).map(|n| format!("common word{} other{n}", n % 7)).collect();
    let mut builder = Builder::new();
    for text in &texts {
        let id = Id::of(Kind::Commit, text.as_bytes());
        let piece = Piece { kinds: Kinds::TEXT, text: text.clone() };
        builder.add(id, id, &Commit { tool: "t".into(), ..Commit::default() }, 0, &[piece]);
    }
    let whole = builder.finish().unwrap();
    let query = Query::parse("common word3 tool:t", &|_| None).unwrap();
    let found = |bytes: Vec<u8>| -> super::Result<Vec<Id>> {
        let segments = vec![Segment::in_memory(bytes)?];
        let ranked = Index { segments, unreadable: 0 }.rank(&query, None, Order::Best, 0)?;
        ranked.map(|candidate| candidate.map(|candidate| candidate.commit)).collect()
    };
    let expected = found(whole.clone()).unwrap();
    assert_eq!(expected.len(), 43);
    let mut refused = 0;
    for place in (0..whole.len()).step_by(13) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x41;
        match found(bytes) {
            Ok(ids) => assert_eq!(ids, expected, "{place}"),
            Err(e) => refused += usize::from(e.is_of_index()),
        }
    }
    assert!(refused * 13 > whole.len() / 2, "{refused} of {}", whole.len());
    for len in (0..whole.len()).step_by(97) {
        assert!(found(whole[..len].to_vec()).is_err(), "{len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_grep_finds_is_found(
        texts in prop::collection::vec(text(), 2..12),
        split in any::<prop::sample::Index>(),
        merged in any::<bool>(),
        (which, from, len) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..40usize),
    ) {
        let (first, second) = texts.split_at(split.index(texts.len()));
        let lists = [first, second];
        let check = |query: &str, part: &str| {
            let found = found(&lists, merged, query);
            let missed: Vec<&String> =
                texts.iter().filter(|text| grep(text, part) && !found.contains(text)).collect();
            prop_assert!(missed.is_empty(), "{query:?} misses {missed:?}");
            Ok(())
        };
        let chars: Vec<char> = which.get(&texts).chars().collect();
        let part: String = chars.iter().skip(from.index(chars.len())).take(len).collect();
        let part = part.trim();
        prop_assume!(!part.is_empty());
        check(&format!("\"{part}\""), part)?;
        let between = |c: char| !c.is_alphanumeric() && c < '\u{300}';
        for word in part.split(between).filter(|word| !word.is_empty()) {
            let beginning: String = word.chars().take(2).collect();
            check(word, word)?;
            check(&format!("{word}*"), word)?;
            check(&format!("{beginning}*"), word)?;
        }
    }

    #[test]
    fn any_text_is_found_by_itself(text in "\\PC{1,60}") {
        prop_assume!(!text.trim().is_empty());
        let quoted = format!("\"{}\"", text.trim().replace('\\', "\\\\").replace('"', "\\\""));
        let text = format!("x {text} y");
        prop_assert_eq!(found(&[std::slice::from_ref(&text)], false, &quoted), [text]);
    }

    #[test]
    fn any_query_is_read(query in "\\PC{0,40}") {
        if let Ok(query) = Query::parse(&query, &|_| None) {
            let texts = ["some text".to_owned()];
            let _ = index(&[&texts], false).rank(&query, None, Order::Newest, 0).unwrap().count();
        }
    }
}
