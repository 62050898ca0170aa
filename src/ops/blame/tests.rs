use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::object::message::Json;
use crate::object::{Action, Block, Input, Message, Role, Status};
use crate::ops::Quiet;
use crate::ops::sample::{Sample, gives};
use crate::tool::change::Replace;

/// A store with sessions that go on side by side.
struct World {
    sample: Sample,
    tips: Vec<Option<Id>>,
}

impl World {
    fn new(sessions: usize) -> World {
        World { sample: Sample::new(), tips: vec![None; sessions] }
    }

    fn file(&self) -> PathBuf {
        self.sample.env.cwd.join("f.txt")
    }

    /// A call of a session; returns its commit.
    fn call(&mut self, session: usize, input: serde_json::Value, action: Action, status: Status) -> Id {
        // One session writes whole paths, another those from where it works.
        let path = if session == 0 { self.file().to_string_lossy().into_owned() } else { "./f.txt".into() };
        let mut input = input;
        input["file_path"] = json!(path);
        let literal = serde_json::to_vec(&input).unwrap();
        let block = Block::Call {
            name: "Edit".into(),
            action,
            input: Input::Json(Json { literal, holes: Vec::new() }),
        };
        let message = Message { role: Role::Assistant, blocks: vec![block] };
        let tip = match self.tips[session] {
            Some(tip) => tip,
            None => self.sample.turns(None, &[&format!("prompt {session}")]),
        };
        let call = self.sample.commit(Some(tip), None, Some(message), &[&format!("e{path}")]);
        self.tips[session] = Some(self.sample.commit(Some(call), None, Some(gives("done", status)), &[]));
        call
    }

    fn write(&mut self, session: usize, text: &str) -> Id {
        self.call(session, json!({"content": text}), Action::Write, Status::Ok)
    }

    fn edit(&mut self, session: usize, old: &str, new: &str) -> Id {
        self.call(session, json!({"old_string": old, "new_string": new}), Action::Edit, Status::Ok)
    }

    /// The commit of each line, when the file has come to be this.
    fn blame(&mut self, text: &str) -> (Vec<Option<Id>>, BlameOutcome) {
        std::fs::write(self.file(), text).unwrap();
        let cwd = self.sample.env.cwd.clone();
        for (n, tip) in self.tips.clone().into_iter().enumerate() {
            if let Some(tip) = tip {
                self.sample.session(&format!("s{n}"), cwd.clone(), tip);
            }
        }
        let options = BlameOptions { path: "f.txt".into(), ..BlameOptions::default() };
        let found = blame(&self.sample.env, &self.sample.store, &options, &Quiet).unwrap();
        let commit = |line: &Line| line.origin.map(|n| found.origins[n].commit);
        (found.lines.iter().map(commit).collect(), found)
    }
}

/// What happens to a file.
#[derive(Clone, Debug)]
enum Op {
    /// Lines are put in by hand.
    Hand { at: usize, removed: usize, added: usize },
    /// A session replaces lines, and repeats some around them.
    Edit { session: usize, at: usize, removed: usize, added: usize, around: usize, fails: bool },
    /// A session writes the whole, with some lines replaced.
    Write { session: usize, at: usize, removed: usize, added: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let place = || (0..40_usize, 0..4_usize, 0..4_usize);
    prop_oneof![
        3 => place().prop_map(|(at, removed, added)| Op::Hand { at, removed, added }),
        6 => (0..3_usize, place(), 0..3_usize, 0..8).prop_map(|(session, (at, removed, added), around, fails)| {
            Op::Edit { session, at, removed, added, around, fails: fails == 0 }
        }),
        1 => (0..3_usize, place()).prop_map(|(session, (at, removed, added))| Op::Write { session, at, removed, added }),
    ]
}

/// A file as it is in truth: its lines, and whose each is.
#[derive(Default)]
struct Truth {
    lines: Vec<(String, Option<Id>)>,
    next: usize,
}

impl Truth {
    fn text(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }

    fn fresh(&mut self, count: usize) -> Vec<(String, Option<Id>)> {
        let first = self.next;
        self.next += count;
        (first..self.next).map(|n| (format!("line {n:06}"), None)).collect()
    }

    fn put(&mut self, at: usize, removed: usize, lines: Vec<(String, Option<Id>)>) -> std::ops::Range<usize> {
        let at = at.min(self.lines.len());
        let end = (at + removed).min(self.lines.len());
        let new = at..at + lines.len();
        self.lines.splice(at..end, lines);
        new
    }

    fn happen(&mut self, world: &mut World, op: &Op) {
        match *op {
            Op::Hand { at, removed, added } => {
                let lines = self.fresh(added);
                self.put(at, removed, lines);
            }
            Op::Edit { session, at, removed, added, around, fails } => {
                let at = at.min(self.lines.len());
                let (start, end) = (at.saturating_sub(around), (at + removed).min(self.lines.len()));
                let stop = (end + around).min(self.lines.len());
                let words = |lines: &[(String, Option<Id>)]| -> String {
                    lines.iter().map(|(line, _)| format!("{line}\n")).collect()
                };
                let lines = self.fresh(added);
                let old = words(&self.lines[start..stop]);
                let new =
                    [words(&self.lines[start..at]), words(&lines), words(&self.lines[end..stop])].concat();
                if old.is_empty() {
                    return;
                }
                if fails {
                    let input = json!({"old_string": old, "new_string": new});
                    world.call(session, input, Action::Edit, Status::Error);
                    return;
                }
                let commit = world.edit(session, &old, &new);
                let new = self.put(at, removed, lines);
                self.lines[new].iter_mut().for_each(|line| line.1 = Some(commit));
            }
            Op::Write { session, at, removed, added } => {
                let lines = self.fresh(added);
                self.put(at, removed, lines);
                let commit = world.write(session, &self.text());
                // What nobody saw come in between can't be told from what was written.
                self.lines.iter_mut().for_each(|line| line.1 = line.1.or(Some(commit)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_whose_it_is(begins in 0..30_usize, ops in prop::collection::vec(op(), 0..24)) {
        let (mut world, mut truth) = (World::new(3), Truth::default());
        let lines = truth.fresh(begins);
        truth.put(0, 0, lines);
        ops.iter().for_each(|op| truth.happen(&mut world, op));
        let (found, _) = world.blame(&truth.text());
        let wanted: Vec<Option<Id>> = truth.lines.iter().map(|line| line.1).collect();
        prop_assert_eq!(found, wanted);
    }

    /// Texts of lines that are alike: what is the same stays whose it was.
    #[test]
    fn every_version_has_its_lines(versions in prop::collection::vec("([ab]?\n){0,9}[ab]?", 1..6)) {
        let mut track = Track::default();
        for (n, text) in versions.iter().enumerate() {
            let before = track.clone();
            track.write(text, n);
            prop_assert_eq!(track.text(), text);
            prop_assert_eq!(track.lines().len(), text.split_inclusive('\n').count());
            let kept = track.lines().iter().filter(|by| **by != By::cause(n)).count();
            let (old, new): (Vec<&str>, Vec<&str>) = (before.text().lines().collect(), text.lines().collect());
            let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
            prop_assert!(kept >= same, "{:?} to {:?}", before.text(), text);
        }
    }
}

#[test]
fn what_was_there_and_what_is_done_by_hand_is_nobodys() {
    let mut world = World::new(2);
    let written = world.write(0, "one\ntwo\nthree\n");
    let edited = world.edit(1, "two", "two and a half");
    let text = "by hand\r\none\r\ntwo and a half\r\nthree";
    let (commits, found) = world.blame(text);
    assert_eq!(commits, [None, Some(written), Some(edited), Some(written)]);
    assert_eq!((found.path.as_str(), found.changes, found.missed), ("f.txt", 2, 0));
    let origin = &found.origins[1];
    assert_eq!((origin.turn, origin.prompt.as_deref()), (1, Some("prompt 1")));
    assert_eq!((origin.how, origin.model.as_deref()), (How::Told, Some("model-1")));
    assert_eq!(found.lines[0].text, "by hand");
}

/// The file was there before any session, and no session ever told the whole.
#[test]
fn edits_of_a_file_that_nobody_told_are_found_again() {
    let mut world = World::new(1);
    let first = world.edit(0, "fn a() {\n", "fn a() {\n    first();\n");
    let second = world.edit(0, "    first();\n", "    first(1);\n    second();\n");
    // Its text isn't there any more, but a line of it is.
    let third = world.edit(0, "fn b() {}\n", "fn b() {\n    third();\n    fourth();\n}\n");
    world.edit(0, "nothing", "that is there");
    let text = "fn a() {\n    first(1);\n    second();\n}\nfn b() {\n    third();\n    more();\n}\n";
    let (commits, found) = world.blame(text);
    assert_eq!(commits, [None, Some(second), Some(second), None, None, Some(third), None, None]);
    assert!(!commits.contains(&Some(first)));
    let how = |n: usize| found.lines[n].origin.map(|n| found.origins[n].how);
    assert_eq!((how(1), how(5)), (Some(How::Told), Some(How::Text)));
    assert_eq!((found.changes, found.missed), (4, 1));
}

#[test]
fn a_long_file_with_many_edits_is_gone_through() {
    let mut world = World::new(2);
    let mut lines: Vec<(String, Id)> = Vec::new();
    let text: String = (0..100_000).map(|n| format!("the line with the number {n:06}\n")).collect();
    let written = world.write(0, &text);
    lines.extend(text.lines().map(|line| (line.to_owned(), written)));
    for n in 0..1000 {
        let at = n * 7919 % 100_000;
        let new = format!("changed by edit {n:04}");
        let commit = world.edit(n % 2, &lines[at].0, &new);
        lines[at] = (new, commit);
    }
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let t = std::time::Instant::now();
    let (commits, _) = world.blame(&text);
    eprintln!("TIME {:?}", t.elapsed());
    assert!(commits.iter().zip(&lines).all(|(found, (_, wanted))| *found == Some(*wanted)));
}

#[test]
fn what_is_no_text_has_no_lines() {
    let mut world = World::new(1);
    world.write(0, "x");
    let options = BlameOptions { path: "f.txt".into(), ..BlameOptions::default() };
    let (env, store) = (&world.sample.env, &world.sample.store);
    let run = || blame(env, store, &options, &Quiet);
    assert!(matches!(run(), Err(BlameError::Io { .. })));
    for bytes in [&b"a\0b"[..], b"\xff\xfe"] {
        std::fs::write(world.file(), bytes).unwrap();
        assert!(matches!(run(), Err(BlameError::Binary(_))));
    }
    std::fs::write(world.file(), "").unwrap();
    assert!(run().unwrap().lines.is_empty());
    std::fs::write(world.file(), "a\nb").unwrap();
    let some = |lines| blame(env, store, &BlameOptions { lines: Some(lines), ..options.clone() }, &Quiet);
    assert_eq!(some((2, 9)).unwrap().lines.len(), 1);
    for lines in [(0, 1), (3, 4), (2, 1)] {
        assert!(matches!(some(lines), Err(BlameError::NoLines(2))));
    }
}

#[test]
fn a_text_that_is_in_two_places_is_not_undone() {
    let replace =
        |old: &str, new: &str| Replace { old: old.into(), new: new.into(), all: false, lines: false };
    let mut track = Track::default();
    track.edit(&[replace("old", "new text")], 0);
    track.see("new text\nnew text\n", By::NOBODY);
    assert_eq!((track.lines(), track.missed()), (&[By::NOBODY; 2][..], &[0][..]));
    // Too little to go by.
    track.edit(&[replace("gone", "a")], 1);
    track.see("b\na\n", By::NOBODY);
    assert_eq!((track.lines(), track.missed()), (&[By::NOBODY; 2][..], &[0, 1][..]));
}

#[test]
fn files_of_other_projects_are_others() {
    let mut sample = Sample::new();
    let tip = sample.turns(None, &["x"]);
    let cwd = sample.env.cwd.clone();
    let here = sample.session("here", cwd.join("sub"), tip);
    std::fs::create_dir_all(cwd.join("sub")).unwrap();
    std::fs::create_dir_all(cwd.join(".git")).unwrap();
    let far = sample.session("far", "/nowhere/else/project".into(), tip);
    let windows = sample.session("windows", "C:\\work\\project".into(), tip);
    let other = sample.session("other", "/nowhere/else/another".into(), tip);
    let target = Target::new(&sample.env, &sample.store, Path::new("sub/../sub/a.rs"), &[]);
    assert_eq!(target.shown(), "sub/a.rs");
    let whole = cwd.join("sub/a.rs").to_string_lossy().into_owned();
    for (session, path, is) in [
        (here, "a.rs", true),
        (here, "../sub/./a.rs", true),
        (here, whole.as_str(), true),
        (here, "sub/a.rs", false),
        (here, "ba.rs", false),
        (here, "/a.rs", false),
        (here, "../../../../../../../../a.rs", false),
        (far, "sub/a.rs", true),
        (far, "/nowhere/else/project/sub/a.rs", true),
        (far, "/nowhere/else/project2/sub/a.rs", false),
        (far, "/nowhere/else/sub/a.rs", false),
        (windows, "C:\\work\\project\\sub\\a.rs", true),
        (windows, "D:\\work\\project\\sub\\a.rs", false),
        (other, "sub/a.rs", false),
        (other, whole.as_str(), true),
    ] {
        assert_eq!(target.is(Some(&session), path), is, "{path}");
    }
    let also = ["/nowhere/else/another".to_owned()];
    let target = Target::new(&sample.env, &sample.store, Path::new("sub/a.rs"), &also);
    assert!(target.is(Some(&other), "sub/a.rs"));
}
