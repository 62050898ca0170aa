//! Objects made from a seed, for tests: each kind, each variant, odd values.

use super::commit::Counts;
use super::escape::Style;
use super::message::Json;
use super::record::Fill;
use super::tree::LINK;
use super::*;

/// Numbers from a seed (xorshift).
#[derive(Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A number of any magnitude.
    pub(crate) fn number(&mut self) -> u64 {
        *self.pick(&[
            0,
            1,
            250,
            251,
            65_535,
            65_536,
            u64::from(u32::MAX),
            1 << 32,
            u64::MAX,
            self.clone().next(),
        ])
    }

    pub(crate) fn maybe<T>(&mut self, f: impl FnOnce(&mut Rng) -> T) -> Option<T> {
        if self.flip() { Some(f(self)) } else { None }
    }

    pub(crate) fn many<T>(&mut self, most: usize, mut f: impl FnMut(&mut Rng) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| f(self)).collect()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 24) as u8).collect()
    }

    pub(crate) fn words(&mut self, len: usize) -> String {
        const WORDS: [&str; 8] = ["the ", "store ", "keeps ", "é", "a ", "session\n", "of ", "{\"x\":1} "];
        let mut text = String::new();
        while text.len() < len {
            text.push_str(WORDS[self.below(WORDS.len())]);
        }
        text
    }

    pub(crate) fn word(&mut self) -> String {
        let len = self.below(12);
        self.words(len)
    }
}

/// Where objects take the ids from that they name.
pub(crate) type Names<'n> = &'n mut dyn FnMut(&mut Rng) -> Id;

/// Ids of nothing.
pub(crate) fn any_id(rng: &mut Rng) -> Id {
    Id::of(Kind::Blob, &rng.next().to_le_bytes())
}

pub(crate) fn text(rng: &mut Rng, names: Names<'_>) -> Text {
    match rng.below(5) {
        0 => Text::Blob(names(rng), rng.number()),
        1 => Text::Base64(names(rng), rng.number()),
        2 => Text::Base64Url(names(rng), rng.number()),
        _ => Text::Inline(rng.word().into_bytes()),
    }
}

pub(crate) fn json(rng: &mut Rng, names: Names<'_>) -> Json {
    Json { literal: rng.word().into_bytes(), holes: rng.many(2, |rng| (rng.number(), text(rng, names))) }
}

fn part(rng: &mut Rng, names: Names<'_>) -> Part {
    match rng.below(3) {
        0 => Part::Text(text(rng, names)),
        1 => Part::Image(rng.word(), text(rng, names)),
        _ => Part::Other(json(rng, names)),
    }
}

fn block(rng: &mut Rng, names: Names<'_>) -> Block {
    use Action::{Edit, Fetch, Other, Plan, Read, Search, Shell, Task, Write};
    const ACTIONS: [Action; 9] = [Other, Shell, Read, Write, Edit, Search, Fetch, Task, Plan];
    match rng.below(9) {
        0 => Block::Text(text(rng, names)),
        1 => Block::Thinking { text: text(rng, names), signature: rng.maybe(|rng| text(rng, names)) },
        2 => Block::Call {
            name: rng.word(),
            action: *rng.pick(&ACTIONS),
            input: if rng.flip() { Input::Json(json(rng, names)) } else { Input::Text(text(rng, names)) },
        },
        3 => Block::Result {
            call: rng.maybe(|rng| rng.number() as u32),
            status: if rng.flip() { Status::Ok } else { Status::Error },
            parts: rng.many(2, |rng| part(rng, names)),
        },
        4 => Block::Image(rng.word(), text(rng, names)),
        5 => Block::File(rng.word(), rng.word(), text(rng, names)),
        6 => Block::Summary(text(rng, names)),
        7 => Block::Notice(text(rng, names)),
        _ => Block::Other(json(rng, names)),
    }
}

pub(crate) fn message(rng: &mut Rng, names: Names<'_>) -> Message {
    let role = *rng.pick(&[Role::User, Role::Assistant, Role::System]);
    Message { role, blocks: rng.many(4, |rng| block(rng, names)) }
}

fn record(rng: &mut Rng, names: Names<'_>) -> Record {
    use Style::{Ascii, Base64, Base64Url, Html, Plain, Raw, Slash};
    const STYLES: [Style; 7] = [Raw, Plain, Ascii, Slash, Html, Base64, Base64Url];
    let fill = |rng: &mut Rng, names: Names<'_>| match rng.below(3) {
        0 => Fill::Context(rng.next() as u8),
        _ => Fill::Text(names(rng), *rng.pick(&STYLES)),
    };
    Record {
        context: rng.maybe(&mut *names),
        copy: rng.maybe(|rng| (rng.number() as u32, rng.number() as u32)),
        literal: rng.word().into_bytes(),
        holes: rng.many(3, |rng| (rng.number(), fill(rng, names))),
    }
}

pub(crate) fn body(rng: &mut Rng, names: Names<'_>) -> Body {
    Body {
        records: rng.many(4, |rng| record(rng, names)),
        message: if rng.flip() { Some(message(rng, names)) } else { None },
    }
}

pub(crate) fn context(rng: &mut Rng) -> Context {
    Context { values: rng.many(4, |rng| rng.maybe(|rng| rng.word().into_bytes())) }
}

/// A commit without its body's id.
pub(crate) fn commit(rng: &mut Rng, commits: Names<'_>, contents: Names<'_>) -> Commit {
    Commit {
        parents: rng.many(2, &mut *commits),
        after: rng.maybe(&mut *commits),
        turn: rng.maybe(&mut *commits),
        copies: rng.many(2, |rng| commits(rng)),
        body: Id::ZERO,
        workspace: rng.maybe(&mut *contents),
        config: rng.maybe(&mut *contents),
        time: rng.maybe(|rng| rng.number().cast_signed()),
        tool: rng.pick(&["one", "two", ""]).to_string(),
        model: rng.maybe(|rng| rng.pick(&["small", "large"]).to_string()),
        title: rng.maybe(Rng::word),
        usage: Usage {
            input: rng.number(),
            cache_write: rng.number(),
            cache_read: rng.number(),
            output: rng.number(),
        },
        files: rng.many(2, |rng| format!("r{}", rng.word())),
        counts: Counts {
            commits: rng.number(),
            messages: rng.number(),
            turns: rng.number(),
            calls: rng.number(),
            files: rng.number(),
            usage: Usage { input: rng.number(), ..Usage::default() },
        },
    }
}

pub(crate) fn tree(rng: &mut Rng, names: Names<'_>) -> Tree {
    let mut entries = rng.many(4, |rng| Entry {
        path: format!("d{}/f{}", rng.below(9), rng.next()),
        mode: *rng.pick(&[0o644, 0o755, LINK]),
        blob: names(rng),
        len: rng.number(),
    });
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
    Tree { entries }
}

pub(crate) fn snapshot(rng: &mut Rng, commits: Names<'_>, contents: Names<'_>) -> Snapshot {
    use snapshot::{Git, LeftOut, Reason, Why};
    const WHY: [Why; 8] = [
        Why::Unreadable,
        Why::Secret,
        Why::Large,
        Why::Many,
        Why::Name,
        Why::Special,
        Why::Output,
        Why::Ignored,
    ];
    Snapshot {
        commit: commits(rng),
        before: None,
        time: rng.number().cast_signed(),
        reason: *rng.pick(&[Reason::Turn, Reason::Asked, Reason::Replaced]),
        root: rng.word(),
        tree: contents(rng),
        git: rng.maybe(|rng| Git {
            head: rng.maybe(Rng::word),
            branch: rng.maybe(Rng::word),
            upstream: rng.maybe(Rng::word),
            dirty: rng.maybe(Rng::flip),
        }),
        left_out: rng.many(3, |rng| LeftOut { path: rng.word(), why: *rng.pick(&WHY), len: rng.number() }),
        more: rng.number(),
        complete: rng.flip(),
        config: rng.maybe(&mut *contents),
        instructions: rng.maybe(&mut *contents),
    }
}

pub(crate) fn config(rng: &mut Rng) -> Config {
    Config { entries: rng.many(3, |rng| (rng.word(), rng.word())) }
}

pub(crate) fn tag(rng: &mut Rng, commits: Names<'_>) -> Tag {
    Tag {
        commit: commits(rng),
        name: rng.word(),
        words: rng.word(),
        by: rng.word(),
        time: rng.number().cast_signed(),
    }
}
