//! Where sessions are found, and what is told of those that can't be read.

use std::fs;

use serde_json::json;

use super::super::*;
use super::world::{ID, Session, World, answer, user};
use crate::tool::Framing;
use crate::tool::testing::opened;

fn session(words: &str) -> Session {
    let says = answer(2, true, vec![json!({"type": "text", "text": words})]);
    Session { messages: vec![user(1, words), says], ..Session::default() }
}

fn found(world: &World, places: &Places) -> Vec<(String, String, String, Framing)> {
    let discovery = OpenCode.discover(places);
    assert!(discovery.trouble.is_empty(), "{:?}", discovery.trouble);
    assert!(discovery.found.iter().all(|found| found.path.starts_with(world.0.path())));
    discovery.found.into_iter().map(|f| (f.native, f.part, f.place, f.framing)).collect()
}

#[test]
fn sessions_of_every_channel_are_found_once() {
    let world = World::new();
    assert_eq!(found(&world, &world.places()), []);
    let child = Session { parent: Some("ses_1"), ..session("child") };
    let grandchild = Session { parent: Some("ses_2"), ..session("grandchild") };
    let all = [("ses_1", &session("one")), ("ses_2", &child), ("ses_3", &grandchild)];
    world.database("opencode.db", &all);
    world.database("opencode-dev.db", &[("ses_1", &session("one")), ("ses_4", &session("four"))]);
    world.database("other.db", &[("ses_5", &session("five"))]);
    world.files("ses_1", &session("one"));
    world.files("ses_6", &session("six"));
    let rows = |native: &str, part: &str, place: &str| {
        (native.to_owned(), part.to_owned(), place.to_owned(), Framing::Rows)
    };
    let place = "storage/session/pro/ses_6.json".to_owned();
    assert_eq!(
        found(&world, &world.places()),
        [
            rows("ses_1", "", "opencode.db"),
            rows("ses_4", "", "opencode-dev.db"),
            ("ses_6".to_owned(), String::new(), place, Framing::Folder),
            rows("ses_1", "ses_2", "opencode.db"),
            rows("ses_1", "ses_3", "opencode.db"),
        ]
    );
    for source in OpenCode.discover(&world.places()).found {
        let (steps, _, frame) = opened(&OpenCode, &source);
        assert!(steps.iter().any(|step| step.message.is_some()));
        assert_eq!(frame.facts.parent.is_some(), !source.part.is_empty());
    }
}

#[test]
fn the_environment_moves_them() {
    let world = World::new();
    world.database("opencode.db", &[(ID, &session("one"))]);
    let moved = world.0.path().join("moved");
    fs::create_dir_all(&moved).unwrap();
    fs::copy(world.data().join("opencode.db"), moved.join("my.db")).unwrap();
    let mut places = world.places();
    places.vars.insert("XDG_DATA_HOME".into(), world.0.path().join("none").display().to_string());
    assert_eq!(found(&world, &places), []);
    places.vars.insert("OPENCODE_DB".into(), moved.join("my.db").display().to_string());
    let [(native, _, place, _)] = &found(&world, &places)[..] else { panic!() };
    assert_eq!((native.as_str(), OpenCode.root(&places).join(place)), (ID, moved.join("my.db")));
    let mut places = world.places();
    places.vars.insert("OPENCODE_DB".into(), ":memory:".into());
    assert_eq!(found(&world, &places).len(), 1, "what lies there is still read");
}

#[test]
fn a_stamp_tells_what_changed() {
    let world = World::new();
    let stamps = |sessions: &[(&str, &Session)]| {
        world.database("opencode.db", sessions);
        let found = OpenCode.discover(&world.places()).found;
        found.into_iter().map(|found| found.stamp).collect::<Vec<_>>()
    };
    let (one, two) = (session("one"), session("two"));
    let before = stamps(&[("ses_1", &one), ("ses_2", &two)]);
    assert_eq!(before[0].len, 4000, "a thousand a row");
    let mut more = two.clone();
    more.messages.push(user(3, "more"));
    let after = stamps(&[("ses_1", &one), ("ses_2", &more)]);
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert!(after[1].mtime > before[1].mtime);
}

#[test]
fn databases_of_others_and_broken_ones_are_told_apart() {
    let world = World::new();
    fs::create_dir_all(world.data()).unwrap();
    let other = [r#"{"schema":"CREATE TABLE session (id text PRIMARY KEY, name text)"}"#];
    crate::tool::rows::write(&world.data().join("opencode.db"), other).unwrap();
    fs::write(world.data().join("opencode-x.db"), "not a database at all, but long enough").unwrap();
    fs::write(world.data().join("opencode-y.db"), "").unwrap();
    let discovery = OpenCode.discover(&world.places());
    assert!(discovery.found.is_empty());
    let paths: Vec<_> = discovery.trouble.iter().map(|trouble| trouble.path.clone()).collect();
    assert_eq!(paths, [world.data().join("opencode-x.db")]);
}

#[test]
fn files_that_are_no_json_are_kept() {
    let world = World::new();
    world.files(ID, &session("one"));
    let message = world.data().join("storage/message").join(ID).join("msg_01.json");
    fs::write(message, "{\"id\": \"msg_01\", \"role\": \"assis").unwrap();
    let (steps, records, frame) = world.read();
    let all = String::from_utf8([records.concat(), frame.trail].concat()).unwrap();
    assert!(all.contains("role\\\": \\\"assis") && all.contains("\"text\": \"one\""), "{all}");
    assert!(steps.is_empty(), "nothing is known to answer it");
}

#[test]
fn what_changed_is_kept_beside() {
    let world = World::new();
    world.database("opencode.db", &[(ID, &session("one")), ("../../x", &session("two"))]);
    let folder = world.data().join("storage/session_diff");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ses_1.json"), "[]").unwrap();
    fs::write(world.data().join("x.json"), "[]").unwrap();
    let found = OpenCode.discover(&world.places()).found;
    let side: Vec<_> = found.iter().flat_map(|f| &f.side).map(|file| file.place.as_str()).collect();
    assert_eq!((found.len(), side), (2, vec!["storage/session_diff/ses_1.json"]));
}
