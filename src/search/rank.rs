//! Ranking: which documents may have what is looked for, the best first.
//!
//! The weight of a document is BM25 of its words, more for what was said than
//! for what tools gave, and more for what is new.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::build::{WORD_MAX, clipped, path_words};
use super::error::Result;
use super::index::Index;
use super::query::{Order, Query, Term};
use super::segment::Segment;
use super::text::Kinds;
use crate::object::Id;
use crate::object::id::{IdMap, IdSet};

/// How soon more of the same word counts less.
const K1: f32 = 1.2;
/// How much length counts.
const B: f32 = 0.75;
/// After so long, in milliseconds, half of what newness gives is gone.
const HALF: f32 = 30.0 * 86_400_000.0;

/// A document that may have what is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The commit.
    pub commit: Id,
    /// The commit that its conversation began with.
    pub root: Id,
    /// Fingerprint of what it says: copies have the same.
    pub print: u64,
    /// Its weight.
    pub score: f32,
}

/// That a document has a phrase, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Posting {
    doc: u32,
    count: u32,
}

#[derive(Clone, Copy, PartialEq)]
struct Place {
    weight: f64,
    score: f32,
    segment: u32,
    doc: u32,
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        let key = |p: &Place| (p.segment, p.doc);
        self.weight.total_cmp(&other.weight).then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Candidates, the best first.
pub struct Ranked {
    index: Index,
    places: BinaryHeap<Place>,
}

impl Iterator for Ranked {
    type Item = Result<Candidate>;

    fn next(&mut self) -> Option<Result<Candidate>> {
        let place = self.places.pop()?;
        let segment = self.index.segments.get(place.segment as usize)?;
        Some(candidate(segment, &place))
    }
}

impl Ranked {
    /// How many are left.
    pub fn left(&self) -> usize {
        self.places.len()
    }
}

fn candidate(segment: &Segment, place: &Place) -> Result<Candidate> {
    let doc = place.doc as usize;
    let root = segment.root()?.get(doc).and_then(|root| segment.roots().get(*root as usize));
    Ok(Candidate {
        commit: segment.ids()?.get(doc).copied().unwrap_or_default(),
        root: root.copied().unwrap_or_default(),
        print: segment.print()?.get(doc).copied().unwrap_or_default(),
        score: place.score,
    })
}

impl Index {
    /// The documents that may have what is looked for; what says so in the end
    /// is [`Query::find`]. With `roots`, only those of these conversations.
    /// All that is needed of the index is read here.
    pub fn rank(self, query: &Query, roots: Option<&IdSet>, order: Order, now: i64) -> Result<Ranked> {
        let terms = wanted(query);
        let mut lists = Vec::with_capacity(self.segments.len());
        let mut holders = vec![0u64; terms.len()];
        for segment in &self.segments {
            let found: Result<Vec<_>> = terms.iter().map(|term| postings(segment, term)).collect();
            let found = found?;
            holders.iter_mut().zip(&found).for_each(|(sum, list)| *sum += list.len() as u64);
            lists.push(found);
        }
        let docs: u64 = self.segments.iter().map(|segment| u64::from(segment.docs())).sum();
        let weights: Vec<f32> = holders.iter().map(|n| rarity(docs, *n)).collect();
        let mean = self.mean_words()?;
        let mut places = Vec::new();
        for ((n, segment), lists) in (0u32..).zip(&self.segments).zip(lists) {
            if lists.iter().any(Vec::is_empty) {
                continue;
            }
            let judge = Judge::new(segment, query, roots, now)?;
            common(&lists, segment.docs(), &mut |doc, counts| {
                if !judge.admits(doc as usize) {
                    return;
                }
                let score = judge.score(doc as usize, counts, &weights, mean);
                let time = judge.time(doc as usize) as f64;
                let weight = match order {
                    Order::Best => f64::from(score),
                    Order::Newest => time,
                    Order::Oldest => -time,
                };
                places.push(Place { weight, score, segment: n, doc });
            });
        }
        for segment in places.iter().map(|place| place.segment).collect::<std::collections::BTreeSet<_>>() {
            if let Some(segment) = self.segments.get(segment as usize) {
                segment.ids()?;
                segment.print()?;
            }
        }
        Ok(Ranked { index: self, places: places.into() })
    }

    fn mean_words(&self) -> Result<f32> {
        let (mut sum, mut docs) = (0u64, 0u64);
        for segment in &self.segments {
            sum += segment.words()?.iter().map(|n| u64::from(*n)).sum::<u64>();
            docs += u64::from(segment.docs());
        }
        Ok((sum as f32 / docs.max(1) as f32).max(1.0))
    }

    /// The beginnings of the conversations that these commits are in.
    pub fn roots_of(&self, commits: &IdSet) -> Result<IdMap<Id>> {
        let mut roots = IdMap::default();
        for segment in &self.segments {
            for (id, root) in segment.ids()?.iter().zip(segment.root()?) {
                if commits.contains(id) {
                    roots.insert(*id, segment.roots().get(*root as usize).copied().unwrap_or_default());
                }
            }
        }
        Ok(roots)
    }
}

/// Words that must stand one after another, each as a whole or as a beginning.
type Phrase = Vec<(Vec<u8>, bool)>;

/// What a document must have.
fn wanted(query: &Query) -> Vec<Phrase> {
    let phrase = |term: &Term| -> Phrase {
        let last = term.words.len().saturating_sub(1);
        let word = |(n, (_, word)): (usize, &(_, Vec<u8>))| {
            (clipped(word).to_vec(), term.prefix && n == last && word.len() <= WORD_MAX)
        };
        term.words.iter().enumerate().map(word).collect()
    };
    let mut wanted: Vec<Phrase> = query.terms.iter().map(phrase).collect();
    if let [path] = query.files.as_slice() {
        // The first word may be the end of one, the last a beginning.
        let words = path_words(path);
        let inner = words.get(1..words.len().saturating_sub(1)).unwrap_or_default();
        wanted.push(inner.iter().map(|word| (word.clone(), false)).collect());
    }
    wanted.retain(|phrase| !phrase.is_empty());
    wanted
}

/// The documents of a segment that have a phrase, and how often each.
fn postings(segment: &Segment, phrase: &Phrase) -> Result<Vec<Posting>> {
    let mut places: Option<Vec<u32>> = None;
    for (n, (word, prefix)) in (0u32..).zip(phrase) {
        let found = segment.find(word, *prefix)?;
        places = Some(match places {
            None => found,
            Some(places) => followed(places, &found, n),
        });
        if places.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
    }
    let (starts, mut postings) = (segment.start()?, Vec::<Posting>::new());
    let (mut doc, mut end) = (0u32, 0u32);
    for place in places.unwrap_or_default() {
        if place < end
            && let Some(last) = postings.last_mut()
        {
            last.count += 1;
            continue;
        }
        let rest = starts.get(doc as usize..).unwrap_or_default();
        let behind = ahead(rest, |start| *start <= place);
        doc += u32::try_from(behind).unwrap_or(0);
        end = starts.get(doc as usize).copied().unwrap_or(u32::MAX);
        postings.push(Posting { doc: doc.saturating_sub(1), count: 1 });
    }
    Ok(postings)
}

/// The places that have one of `found` so many positions after them.
fn followed(mut places: Vec<u32>, found: &[u32], after: u32) -> Vec<u32> {
    let mut rest = found;
    places.retain(|place| {
        let wanted = place.saturating_add(after);
        let behind = ahead(rest, |position| *position < wanted);
        rest = rest.get(behind..).unwrap_or_default();
        rest.first() == Some(&wanted)
    });
    places
}

/// How much a word tells that so many of the documents have.
fn rarity(docs: u64, holders: u64) -> f32 {
    let (docs, holders) = (docs as f32, holders as f32);
    (1.0 + (docs - holders + 0.5).max(0.0) / (holders + 0.5)).ln()
}

/// Calls `f` with the documents that are in all lists, in order, and how often
/// they have each word; with all documents if there are no lists.
fn common(lists: &[Vec<Posting>], docs: u32, f: &mut dyn FnMut(u32, &[u32])) {
    let mut counts = vec![0; lists.len()];
    let Some(shortest) = lists.iter().min_by_key(|list| list.len()) else {
        return (0..docs).for_each(|doc| f(doc, &counts));
    };
    let mut rest: Vec<&[Posting]> = lists.iter().map(Vec::as_slice).collect();
    for Posting { doc, .. } in shortest {
        let everywhere = rest.iter_mut().zip(&mut counts).all(|(list, count)| {
            let behind = ahead(list, |posting| posting.doc < *doc);
            *list = list.get(behind..).unwrap_or_default();
            match list.first() {
                Some(posting) if posting.doc == *doc => {
                    *count = posting.count;
                    true
                }
                _ => false,
            }
        });
        if everywhere {
            f(*doc, &counts);
        }
    }
}

/// How many at the beginning of a list are as `before` says, as those are that
/// come before some place; it is likely to be near.
fn ahead<T>(list: &[T], before: impl Fn(&T) -> bool) -> usize {
    let mut step = 1;
    while list.get(step - 1).is_some_and(&before) {
        step *= 2;
    }
    let start = step / 2;
    let near = list.get(start..step.min(list.len())).unwrap_or_default();
    start + near.partition_point(before)
}

/// What is known of the documents of a segment, to filter and weigh them.
struct Judge<'s> {
    query: &'s Query,
    now: i64,
    words: &'s [u32],
    time: &'s [i64],
    role: &'s [u8],
    kinds: &'s [u16],
    tool: (&'s [u16], Option<Vec<bool>>),
    model: (&'s [u16], Option<Vec<bool>>),
    root: (&'s [u32], Option<Vec<bool>>),
}

impl<'s> Judge<'s> {
    fn new(segment: &'s Segment, query: &'s Query, roots: Option<&IdSet>, now: i64) -> Result<Judge<'s>> {
        let named = |parts: &[String]| {
            let parts: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
            let fits = |name: &String| parts.iter().any(|part| name.to_lowercase().contains(part));
            (!parts.is_empty()).then(|| segment.names().iter().map(fits).collect())
        };
        let among = |set: &IdSet| segment.roots().iter().map(|root| set.contains(root)).collect();
        Ok(Judge {
            query,
            now,
            words: segment.words()?,
            time: segment.time()?,
            role: segment.role()?,
            kinds: segment.kinds()?,
            tool: (segment.tool()?, named(&query.tools)),
            model: (segment.model()?, named(&query.models)),
            root: (segment.root()?, roots.map(among)),
        })
    }

    fn time(&self, doc: usize) -> i64 {
        self.time.get(doc).copied().unwrap_or(i64::MIN)
    }

    fn admits(&self, doc: usize) -> bool {
        fn among<T: Copy + Into<u64>>((column, set): &(&[T], Option<Vec<bool>>), doc: usize) -> bool {
            let Some(set) = set else { return true };
            let place = column.get(doc).map_or(u64::MAX, |n| (*n).into());
            // A name that found no place is told by the commit itself.
            usize::try_from(place).ok().and_then(|n| set.get(n)).copied().unwrap_or(true)
        }
        let (query, time) = (self.query, self.time(doc));
        let kinds = Kinds(self.kinds.get(doc).copied().unwrap_or(0));
        // What says nothing is kept to be known, not to be found.
        kinds.0 != 0
            && query.after.is_none_or(|after| time >= after)
            && query.before.is_none_or(|before| time < before && time > i64::MIN)
            && query.kinds.is_none_or(|wanted| kinds.meets(wanted))
            && (query.roles.is_empty() || self.role.get(doc).is_some_and(|role| query.roles.contains(role)))
            && among(&self.tool, doc)
            && among(&self.model, doc)
            && among(&self.root, doc)
    }

    fn score(&self, doc: usize, counts: &[u32], weights: &[f32], mean: f32) -> f32 {
        let len = self.words.get(doc).copied().unwrap_or(0) as f32;
        let norm = K1 * (1.0 - B + B * len / mean);
        let words = counts.iter().zip(weights).map(|(count, weight)| {
            let count = *count as f32;
            weight * count * (K1 + 1.0) / (count + norm)
        });
        let kinds = Kinds(self.kinds.get(doc).copied().unwrap_or(0));
        let said = match (self.role.get(doc), kinds.meets(Kinds::TEXT)) {
            (Some(0), true) => 1.5,
            (_, true) => 1.2,
            _ => 1.0,
        };
        let age = self.now.saturating_sub(self.time(doc)).max(0) as f32;
        let fresh = 1.0 + 0.5 * (-age / HALF).exp2();
        (words.sum::<f32>() + 0.01) * said * fresh
    }
}
