use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::object::Id;
use crate::object::id::Kind;
use crate::object::{Action, Role, Usage};
use crate::ops::graph::Node;
use crate::ops::log::Turn;
use crate::ops::session::{Branch, SessionInfo};
use crate::ops::show::{Piece, Shown};

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn id(n: usize) -> Id {
    Id::of(Kind::Session, &n.to_le_bytes())
}

fn session(n: usize, title: &str, project: &str) -> SessionInfo {
    let branch = |name: &str, tip| Branch { name: name.into(), tip, own: false, part: false };
    SessionInfo {
        id: id(n),
        tools: vec!["tool-a".into()],
        native_id: format!("native-{n}"),
        title: title.into(),
        project: Some(project.into()),
        branches: vec![branch("main", id(n + 1_000_000)), branch("rewind-1", id(n + 2_000_000))],
        turns: 3,
        messages: 12,
        created_at: Some(NOW - 30 * HOUR),
        updated_at: Some(NOW - n as i64 * HOUR),
        model: Some("model-1".into()),
        newest: "main".into(),
        ..SessionInfo::default()
    }
}

/// An app with so many sessions, the second of which is of this project.
fn app(sessions: usize) -> App {
    let choice = |name, title, holds| Choice { name, title, holds };
    let mut app = App::new(Setting {
        now: NOW,
        time: |ms| format!("T{}", ms / HOUR),
        color: true,
        tools: vec![
            choice("tool-b", "Tool B", true),
            choice("tool-c", "Tool C", false),
            choice("tool-a", "Tool A", true),
        ],
    });
    let titles =
        ["Tea timer rings\u{1b}[31m too early", "物語を書く \u{202e}fox", "e\u{301}te\u{301} and winter"];
    let all = (0..sessions).map(|n| {
        let title = titles.get(n).map_or_else(|| format!("session number {n}"), |title| (*title).to_owned());
        session(n, &title, if n == 1 { "/here" } else { "/home/u/elsewhere" })
    });
    app.answer(Answer::Sessions(all.collect(), vec![id(1)]));
    app
}

fn turn(n: usize, title: &str) -> Turn {
    Turn {
        tip: id(n),
        title: Some(title.into()),
        time: Some(NOW - n as i64 * HOUR),
        tool: "tool-a".into(),
        model: Some("model-1".into()),
        usage: Usage { input: 12_000, output: 340, ..Usage::default() },
        messages: 4,
        calls: 2,
        ..Turn::default()
    }
}

fn message(n: u64, role: Role, pieces: Vec<Piece>) -> Shown {
    Shown {
        id: id(900 + n as usize),
        n,
        turn: 1,
        begins_turn: n == 1,
        role,
        time: Some(NOW - HOUR),
        tool: "tool-a".into(),
        model: (role == Role::Assistant).then(|| "model-1".into()),
        usage: Usage::default(),
        files: Vec::new(),
        pieces,
    }
}

fn conversation() -> Vec<Shown> {
    let call = Piece::Call {
        name: "Bash".into(),
        action: Action::Shell,
        input: "{\"command\":\"ls\\u001b[2J -l\"}".into(),
        is_json: true,
    };
    let gave = Piece::Result {
        call: Some(0),
        failed: true,
        parts: vec![Piece::Text("no such file\nat all".into())],
    };
    let words = "## Found\n\tIt is one second off, since the timer counts from the press, not from the release:\n\
                 ```rust\nlet left = 59; // not 60\n```\n日本語もここに";
    vec![
        message(1, Role::User, vec![Piece::Text("Why does it ring\ttoo early?".into())]),
        message(2, Role::Assistant, vec![Piece::Thinking("Let me see.\nFirst".into()), call]),
        message(3, Role::User, vec![gave]),
        message(4, Role::Assistant, vec![Piece::Text(words.into())]),
    ]
}

/// Answers all that is asked, as a store would that has one conversation; the
/// asks, except those that were answered.
fn settle(app: &mut App, width: u16, height: u16) -> (String, Vec<Ask>) {
    let mut left = Vec::new();
    loop {
        let screen = draw(app, width, height);
        let asks = app.asks();
        if asks.is_empty() {
            return (screen, left);
        }
        for ask in asks {
            match ask {
                Ask::Preview { session, .. } => app.answer(Answer::Preview {
                    session,
                    turns: vec![turn(2, "And the lid?"), turn(3, "Why does it ring too early?")],
                    last: conversation().pop().map(Box::new),
                }),
                Ask::Turns { tip, before } => {
                    let turns = vec![turn(2, "And the lid?"), turn(3, "Why does it ring too early?")];
                    app.answer(Answer::Turns { tip, before, turns, more: false });
                }
                Ask::Graph { session } => {
                    let node = |turn, parent, branches: &[&str]| Node {
                        turn,
                        parent,
                        branches: branches.iter().map(|name| (*name).to_owned()).collect(),
                        merged: None,
                    };
                    let nodes = vec![
                        node(turn(2, "And the lid?"), Some(2), &["main"]),
                        node(turn(4, "Another way"), Some(2), &["rewind-1", "mine"]),
                        node(turn(5, "Why does it ring too early?"), None, &[]),
                    ];
                    app.answer(Answer::Graph { session, nodes });
                }
                Ask::Messages { tip, from } => {
                    app.answer(Answer::Messages { tip, from, to: 4, of: 4, messages: conversation() });
                }
                other => left.push(other),
            }
        }
    }
}

fn draw(app: &mut App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| app.draw(frame)).unwrap();
    terminal.backend().to_string()
}

fn press(app: &mut App, keys: &str) {
    keys.chars().for_each(|c| app.event(Event::Key(if c == '\n' { Key::Enter } else { Key::Char(c) })));
}

#[test]
fn sessions_of_this_project_stand_first_at_every_size() {
    for (width, height) in [(80, 24), (40, 10), (200, 60)] {
        let (screen, _) = settle(&mut app(60), width, height);
        assert_snapshot!(format!("sessions_{width}x{height}"), screen);
    }
}

#[test]
fn a_turn_is_read_with_its_calls_folded() {
    for (width, height) in [(80, 24), (40, 10), (200, 60)] {
        let mut app = app(3);
        settle(&mut app, width, height);
        press(&mut app, "\n");
        settle(&mut app, width, height);
        press(&mut app, "\n");
        assert_snapshot!(format!("story_{width}x{height}"), settle(&mut app, width, height).0);
    }
    let mut app = app(3);
    settle(&mut app, 80, 24);
    press(&mut app, "\n");
    settle(&mut app, 80, 24);
    press(&mut app, "\no");
    assert_snapshot!("unfolded", settle(&mut app, 80, 24).0);
}

#[test]
fn branches_are_drawn_and_only_turns_are_chosen() {
    let mut app = app(3);
    settle(&mut app, 80, 24);
    press(&mut app, "g");
    settle(&mut app, 80, 24);
    press(&mut app, "jj");
    assert_snapshot!("graph", settle(&mut app, 80, 24).0);
    press(&mut app, "f");
    press(&mut app, "x y\n");
    let (_, asks) = settle(&mut app, 80, 24);
    let [Ask::Fork { at, name }] = asks.as_slice() else { panic!("{asks:?}") };
    assert_eq!((at.commit, at.session, name.as_deref()), (id(5), id(1), Some("x y")));
}

#[test]
fn the_filter_finds_by_all_words_and_keys_are_typed() {
    let mut app = app(60);
    settle(&mut app, 80, 24);
    press(&mut app, "/NUMBER 4 elsewh");
    let (screen, asks) = settle(&mut app, 80, 24);
    // 4, 14, …, 54 and 40 to 49.
    assert!(screen.contains("15 sessions of 60") && asks.is_empty(), "{screen}");
    app.event(Event::Key(Key::Ctrl('u')));
    press(&mut app, &format!("{:.6}", id(7)));
    assert!(settle(&mut app, 80, 24).0.contains("1 session of 60"));
    app.event(Event::Key(Key::Ctrl('u')));
    press(&mut app, "elsewh");
    app.event(Event::Paste("quit\nnow".into()));
    let (screen, _) = settle(&mut app, 80, 24);
    assert!(screen.contains("No session has these words") && screen.contains("elsewhquit now"), "{screen}");
    app.event(Event::Key(Key::Esc));
    assert!(settle(&mut app, 80, 24).0.contains("60 sessions, 1 of this project"));
    // What is pasted elsewhere is no key.
    app.event(Event::Paste("q".into()));
    assert!(settle(&mut app, 80, 24).1.is_empty());
    press(&mut app, "q");
    assert_eq!(settle(&mut app, 80, 24).1, [Ask::Leave(Leave::Quit)]);
}

#[test]
fn what_was_said_is_looked_for_when_that_is_asked_for() {
    let mut app = app(60);
    press(&mut app, "/NUMBER 4 elsewh");
    press(&mut app, "\n");
    assert_eq!(settle(&mut app, 80, 24).1, []);
    press(&mut app, "s");
    let (screen, asks) = settle(&mut app, 80, 24);
    assert!(screen.contains("searching"), "{screen}");
    let [Ask::Search(text)] = asks.as_slice() else { panic!("{asks:?}") };
    app.answer(Answer::Said(text.clone(), vec![id(1), id(4)]));
    let (screen, _) = settle(&mut app, 80, 24);
    assert!(
        screen.contains("16 sessions of 60, 1 of this project") && !screen.contains("searching"),
        "{screen}"
    );
    // Another filter is another question; its answer may come too late.
    press(&mut app, "/x");
    app.answer(Answer::Said(text.clone(), vec![id(1)]));
    assert!(settle(&mut app, 80, 24).0.contains("No session has these words"));
    app.event(Event::Key(Key::Esc));
    press(&mut app, "s");
    let (screen, asks) = settle(&mut app, 80, 24);
    assert!(asks.is_empty() && screen.contains("type with `/` first"), "{screen}");
}

#[test]
fn the_tool_of_the_session_is_offered_first_to_carry_it_on() {
    let mut app = app(3);
    settle(&mut app, 80, 24);
    press(&mut app, "r");
    assert_snapshot!("tools", settle(&mut app, 80, 24).0);
    press(&mut app, "jp");
    let (_, asks) = settle(&mut app, 80, 24);
    let [Ask::Leave(Leave::Resume { at, tool, start })] = asks.as_slice() else { panic!("{asks:?}") };
    assert_eq!((at.commit, tool.as_str(), *start), (id(1_000_001), "tool-b", false));
}

#[test]
fn a_revision_is_marked_and_compared_and_a_message_is_one() {
    let mut app = app(3);
    settle(&mut app, 80, 24);
    press(&mut app, "d");
    assert!(settle(&mut app, 80, 24).0.contains("mark one revision with `m` first"));
    press(&mut app, "mj\n");
    settle(&mut app, 80, 24);
    press(&mut app, "\nnd");
    let (_, asks) = settle(&mut app, 80, 24);
    let [Ask::Diff { left, right }] = asks.as_slice() else { panic!("{asks:?}") };
    assert_eq!((left.commit, right.commit, right.session), (id(1_000_001), id(902), id(0)));
    press(&mut app, "y");
    assert_eq!(
        settle(&mut app, 80, 24).1,
        [Ask::Copy(
            "~ Let me see.\n  First\n> Bash {\n    \"command\": \"ls[2J -l\"\n  }"
                .replace("ls[2J", "ls\\u001b[2J")
        )]
    );
}

#[test]
fn of_ten_thousand_sessions_one_is_read_and_only_what_is_seen_is_made() {
    let mut app = app(10_000);
    let mut asked = 0;
    for keys in ["", "j", "/session number 77", "\n", "j"] {
        press(&mut app, keys);
        draw(&mut app, 80, 24);
        let asks = app.asks();
        asked += asks.len();
        assert!(asks.iter().all(|ask| matches!(ask, Ask::Preview { .. })), "{asks:?}");
    }
    assert!(asked <= 5, "{asked} reads");
    app.event(Event::Key(Key::End));
    assert!(draw(&mut app, 80, 24).contains("number 9977"));
}

#[test]
fn what_fails_is_said_and_not_asked_for_again() {
    let mut app = app(1);
    draw(&mut app, 80, 24);
    app.asks();
    press(&mut app, "\n");
    draw(&mut app, 80, 24);
    assert_eq!(app.asks().len(), 1);
    app.answer(Answer::Failed("damaged\u{1b}[2J".into()));
    assert!(draw(&mut app, 80, 24).contains("damaged[2J") || draw(&mut app, 80, 24).contains("damaged [2J"));
    assert!(app.asks().is_empty());
}

#[test]
fn no_size_and_no_key_is_too_much() {
    let keys = [
        Key::Up,
        Key::Down,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Tab,
        Key::Enter,
        Key::Left,
    ];
    for (width, height) in [(1, 1), (10, 4), (11, 5), (20, 14), (121, 4), (300, 100)] {
        let mut app = app(5);
        for n in 0..300usize {
            settle(&mut app, width, height);
            let letter = b"gjkomndyf/rch?anRp"[n % 18] as char;
            app.event(Event::Key(if n % 3 == 0 { Key::Char(letter) } else { keys[n * 7 % keys.len()] }));
            app.event(Event::Click((n * 13 % 300) as u16, (n * 5 % 100) as u16));
            app.event(Event::Wheel(n as isize % 5 - 2));
        }
    }
}
