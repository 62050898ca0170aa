//! Whole pages, as they are written.

use proptest::prelude::*;

use super::{Pages, Writer, part_name};
use crate::object::{Action, Block, Message, Part, Role, Status};
use crate::ops::export::{Export, export};
use crate::ops::sample::{Sample, calls, gives, says, text};
use crate::ops::show::{Picture, Piece, Shown};
use crate::ops::stats::Prices;
use crate::ops::{revision, show};

fn prices() -> Prices {
    Prices::read("/no/such/file".as_ref()).unwrap()
}

/// A conversation with a call that started a run, and a picture.
fn small() -> (Sample, Export) {
    let mut sample = Sample::new();
    let run = sample.turns(None, &["Find the timer <b>"]);
    let mut tip = sample.commit(None, Some("go <on>"), Some(says(Role::User, "go\n  <on>\u{202e}")), &[]);
    let block = Block::Thinking { text: text("*hm*"), signature: None };
    let thinks = Message { role: Role::Assistant, blocks: vec![block, Block::Text(text("I **look** <i>"))] };
    tip = sample.commit(Some(tip), None, Some(thinks), &[]);
    tip = sample.commit(Some(tip), None, Some(calls("ls 'Find the timer <b>'")), &["r/src/<a>.rs"]);
    tip = sample.commit(Some(tip), None, Some(gives("\u{1b}[1mone\u{1b}[0m\n<two>", Status::Error)), &[]);
    let parts = vec![Part::Image("image/png".into(), text("aGk=")), Part::Image("x\"y".into(), text("aGk="))];
    let result = Block::Result { call: Some(9), status: Status::Ok, parts };
    let pictures = Message { role: Role::User, blocks: vec![result] };
    tip = sample.commit(Some(tip), None, Some(pictures), &[]);
    sample.session("first", "/p/<q>".into(), tip);
    sample.part("first", "a1", Some("first"), run);
    let at = revision::resolve(&sample.store, &sample.env, "first").unwrap();
    let export = export(&sample.store, at, &prices()).unwrap();
    (sample, export)
}

/// All pages: their names and what stands in them, without style and script.
fn pages(sample: &Sample, export: &Export, mut pages: Pages<'_>) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (n, line) in std::iter::once(&export.line).chain(&export.runs).enumerate() {
        if n > 0 {
            pages.run(n - 1);
        }
        for (id, _) in &line.commits {
            let shown = show::with_pictures(&sample.store, *id, 1 << 20).unwrap();
            files.extend(shown.and_then(|shown| pages.message(&shown)));
        }
    }
    files.extend(pages.finish());
    let named = |file: super::File| (file.part.map(part_name).unwrap_or_default(), middle(&file.html));
    files.into_iter().map(named).collect()
}

fn middle(html: &str) -> String {
    let after = html.split_once("<main>\n").unwrap().1;
    after.split_once("</main>").unwrap().0.to_owned()
}

#[test]
fn a_small_page() {
    let (sample, export) = small();
    let files = pages(&sample, &export, Pages::new(&export, "page.html"));
    let [(name, html)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(name, "");
    insta::assert_snapshot!("small", html);
    // A single page is the same, whether it is written at once or bit by bit.
    let bits = pages(&sample, &export, Pages::single(&export));
    assert_eq!(&bits[0].1, html);
}

#[test]
fn long_conversations_are_parted_and_their_links_lead_across() {
    let mut sample = Sample::new();
    let words = "word ".repeat(12_000);
    let mut tip = sample.commit(None, Some("first"), Some(calls("ls")), &[]);
    for _ in 0..75 {
        tip = sample.commit(Some(tip), None, Some(says(Role::Assistant, &words)), &[]);
    }
    tip = sample.commit(Some(tip), None, Some(gives("late", Status::Ok)), &[]);
    tip = sample.commit(Some(tip), Some("last"), Some(says(Role::User, "last")), &[]);
    let run = sample.turns(None, &["a run of its own"]);
    sample.session("first", "/p".into(), tip);
    sample.part("first", "a1", Some("first"), run);
    let of = |rev: &str| {
        let at = revision::resolve(&sample.store, &sample.env, rev).unwrap();
        export(&sample.store, at, &prices()).unwrap()
    };
    let mut export = of("first/main");
    // By its time it began after the end of the conversation.
    export.runs.push(of("first/a1").line);
    let files = pages(&sample, &export, Pages::new(&export, "page.html"));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1.html", "2.html", ""]);
    let (first, second, index) = (&files[0].1, &files[1].1, &files[2].1);
    assert!(
        index.contains("href=\"page-parts/1.html#m1\"") && index.contains("href=\"page-parts/2.html#m78\"")
    );
    assert!(index.contains("href=\"page-parts/2.html#r1\"") && second.contains("<h2 id=r1 "));
    assert!(second.contains("<a href=\"1.html#m1\">the call</a>"));
    assert!(first.contains("href=\"2.html\" rel=next") && !first.contains("rel=prev"));
    assert!(
        second.contains("href=\"1.html\" rel=prev") && second.contains("href=\"../page.html\" rel=index")
    );
    assert!(!second.contains("rel=next"));
}

/// Elements that a message may become.
const ELEMENTS: &[&str] = &[
    "a",
    "article",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "summary",
    "table",
    "td",
    "th",
    "thead",
    "time",
    "tr",
    "ul",
];

/// What is open at the end; panics at what isn't known or doesn't fit.
fn open_elements(html: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap();
        let name = tag.split(' ').next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            None => {
                assert!(ELEMENTS.contains(&name), "<{name}> in {html}");
                assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
                for attribute in tag.split(' ').skip(1) {
                    assert!(!attribute.to_lowercase().starts_with("on"), "{tag}");
                }
                open.extend(Some(name).filter(|name| !["br", "hr", "img"].contains(name)));
            }
        }
    }
    open
}

proptest! {
    /// Whatever strangers say in whatever place: only known elements, all of
    /// them closed.
    #[test]
    fn no_markup_comes_from_a_session(
        words in proptest::collection::vec(
            "([<>&\"'`*_~#|()\\[\\]!:\n\t ={}\u{1b}\u{202e}a1-]|</?script>|javascript:|```|\"on=|data:|→|\n@@|\\*\\*\\*|diff --git ){0,24}", 8),
        action in prop_oneof![Just(Action::Shell), Just(Action::Edit), Just(Action::Read), Just(Action::Task)],
        failed: bool,
    ) {
        let [text, name, key, value, old, media, result, file] = words.as_slice() else { unreachable!() };
        let input = serde_json::json!({key: value, "command": value, "old_string": old, "new_string": text, "prompt": text, "path": file});
        let picture = Picture { media: media.clone(), len: 1, data: Some(value.clone()) };
        let call = |input: String, is_json| Piece::Call { name: name.clone(), action, input, is_json };
        let parts = vec![Piece::Text(result.clone()), Piece::Image(picture.clone()), Piece::Other(key.clone())];
        let shown = Shown {
            id: crate::object::Id::ZERO, n: 1, turn: 1, begins_turn: false, role: Role::Assistant, time: Some(1),
            tool: name.clone(), model: Some(name.clone()), usage: Default::default(), files: Vec::new(),
            pieces: vec![
                Piece::Text(text.clone()), Piece::Thinking(value.clone()), call(input.to_string(), true),
                call(value.clone(), false), Piece::Result { call: Some(0), failed, parts },
                Piece::Image(picture), Piece::File(media.clone(), file.clone(), 1), Piece::Summary(old.clone()),
                Piece::Notice(result.clone()), Piece::Other(key.clone()),
            ],
        };
        let mut writer = Writer::default();
        writer.message(&shown);
        let html = writer.take();
        prop_assert_eq!(open_elements(&html), Vec::<&str>::new());
    }
}
