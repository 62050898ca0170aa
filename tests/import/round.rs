//! Out in a form and in again: what the form can hold is the same, and what
//! it can't was told.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use sfs::object::Action;
use sfs::ops::capture::{CaptureOptions, capture};
use sfs::ops::form::FormOutcome;
use sfs::ops::monitor::Quiet;
use sfs::ops::show::Piece;
use sfs::tool::Places;

use crate::machine::Machine;
use crate::pieces::{self, Item, Kind, missing};
use crate::{master, put};

const FORMS: [&str; 3] = ["sessionfs", "specstory", "jsonl"];

fn items(machine: &Machine) -> Vec<Item> {
    let session = machine.sessions().remove(0);
    let mut items: Vec<Item> = machine.said(&session).iter().flat_map(pieces::of).collect();
    // The texts of one result may become one, a line each.
    for item in items.iter_mut().filter(|item| matches!(item.kind, Kind::Result | Kind::Failure)) {
        item.words = item.words.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    items
}

/// What is lost that a form must hold, or that it lost without a word.
fn lost(form: &str, before: &[Item], after: &[Item], outcome: &FormOutcome) -> Vec<Item> {
    let told = |words: &str| outcome.losses.iter().any(|loss| loss.what.contains(words));
    let may = |item: &Item| match item.kind {
        // Models' APIs refuse texts that are only white space.
        Kind::Prompt | Kind::Answer if item.words.trim().is_empty() => form != "sessionfs",
        Kind::Prompt | Kind::Answer => told("backslash") || told("texts of one message"),
        Kind::Call => told("become words") || told("put into one"),
        Kind::Result => told("become words") || told("without its call") || told("texts of a result"),
        Kind::Failure => told("become words") || told("a call failed") || told("without its call"),
        Kind::Image => told("picture"),
        Kind::Thinking => told("thought") || item.words.is_empty() || told("backslash"),
    };
    missing(before, after).into_iter().filter(|item| !may(item)).collect()
}

/// Takes a machine's session out in each form and in elsewhere.
fn goes_round(machine: &Machine) {
    let session = machine.sessions().remove(0);
    let before = items(machine);
    for form in FORMS {
        let (path, outcome) = machine.export(&session, form, form);
        let there = Machine::new();
        there.import(&path);
        let lost = lost(form, &before, &items(&there), &outcome);
        assert!(lost.is_empty(), "{form}: {lost:#?}\ntold: {:#?}\n{}", outcome.losses, written(&path));
        // Where nothing is lost, messages are the same in every byte of them.
        if form == "sessionfs" && outcome.losses.is_empty() {
            same_messages(machine, &there);
        }
    }
}

/// Compares messages one by one. What a call does may be told apart otherwise:
/// by its name alone, where the tool's own reader knew more or less.
fn same_messages(here: &Machine, there: &Machine) {
    let said = |machine: &Machine| {
        let mut all = machine.said(&machine.sessions().remove(0));
        for piece in all.iter_mut().flat_map(|message| &mut message.pieces) {
            if let Piece::Call { action, .. } = piece {
                *action = Action::Other;
            }
        }
        all.into_iter().map(|message| (message.role, message.pieces)).collect::<Vec<_>>()
    };
    let (here, there) = (said(here), said(there));
    let other = here.iter().zip(&there).find(|(a, b)| a != b);
    assert!(other.is_none() && here.len() == there.len(), "another message: {other:#?}");
}

fn written(path: &Path) -> String {
    let file = if path.is_dir() { path.join("messages.jsonl") } else { path.to_owned() };
    fs::read_to_string(file).unwrap()
}

/// A machine that has captured what a coding tool wrote.
fn captured(home: &str, transcript: &[u8]) -> Machine {
    let machine = Machine::new();
    put(&machine.path(""), home, transcript);
    let mut env = machine.env();
    env.places = Places { home: machine.path("home"), ..Places::default() };
    let options = CaptureOptions { no_snapshots: true, ..CaptureOptions::default() };
    capture(&env, &mut machine.store(), &options, &Quiet).unwrap();
    machine
}

const PLACE: &str = "home/.claude/projects/-w/01a20212-a86f-4d30-8a34-f1999c4bbe7a.jsonl";

#[test]
fn a_conversation_with_all_there_is_goes_round_in_each_form() {
    let machine = captured(PLACE, master::transcript("/w".as_ref()).as_bytes());
    goes_round(&machine);
    // Under the same names, too: what reads them is one and the same.
    let session = machine.sessions().remove(0);
    let (path, _) = machine.export(&session, "sessionfs", "same");
    let there = Machine::new();
    there.import(&path);
    assert_eq!(machine.names(&session), there.names(&there.sessions().remove(0)));
    let (path, outcome) = machine.export(&session, "jsonl", "line");
    let line: Value = serde_json::from_str(&written(&path)).unwrap();
    // What the API insists on: each call is answered before anything else is said.
    let mut open: Vec<String> = Vec::new();
    for message in line["messages"].as_array().unwrap() {
        match message["role"].as_str().unwrap() {
            "tool" => open.retain(|id| *id != message["tool_call_id"]),
            _ => assert!(open.is_empty(), "{message}"),
        }
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        open.extend(calls.map(|call| call["id"].as_str().unwrap().to_owned()));
    }
    assert!(open.is_empty() && outcome.messages > 8, "{outcome:?}");
}

#[test]
fn real_sessions_go_round() {
    let Some(root) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS names no folder with sessions");
        return;
    };
    let mut count = 0;
    for folder in ["claude-code", "_synthetic/claude-code"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name().into_iter().flatten() {
            if entry.path().extension().is_none_or(|ending| ending != "jsonl") {
                continue;
            }
            let machine = captured(PLACE, &fs::read(entry.path()).unwrap());
            let says = |item: &Item| {
                matches!(item.kind, Kind::Prompt | Kind::Answer) && !item.words.trim().is_empty()
            };
            if machine.sessions().is_empty() || !items(&machine).iter().any(says) {
                continue;
            }
            println!("{}", entry.path().display());
            goes_round(&machine);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
    println!("{count} sessions went round");
}

#[test]
fn histories_of_others_are_imported() {
    let Some(root) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS names no folder with sessions");
        return;
    };
    let machine = Machine::new();
    let report = machine.import(&root.join("specstory-md"));
    assert!(report.sources.iter().all(|source| source.form == "specstory" && source.session.is_some()));
    println!("{} histories, {} messages", report.sources.len(), report.capture.messages);
    assert!(report.sources.len() > 3 && report.capture.messages > 50);
    assert_eq!(machine.import(&root.join("specstory-md")).capture.commits, 0);
}

/// Words that a form might take for its own.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,30}",
        Just("_**User**_\n\nnot a heading".to_owned()),
        Just("---\na rule\n---".to_owned()),
        Just("<tool-use data-tool-name=\"x\"><details>".to_owned()),
        Just("</details></think>".to_owned()),
        Just("```\ncode\n```` and \\ and \"quotes\"\u{2028}".to_owned()),
        Just("{\"role\":\"user\",\"content\":\"x\"}".to_owned()),
        Just("x".repeat(3000)),
    ]
}

/// A message, as `messages.jsonl` has it; the calls in it are answered next.
fn message() -> impl Strategy<Value = Vec<Value>> {
    let text = |words: String| json!({"type": "text", "text": words});
    let image = || json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}});
    let says = |role: &str, content: Vec<Value>| json!({"role": role, "content": content});
    let prompt = (words(), any::<bool>()).prop_map(move |(words, pictured)| {
        let picture = pictured.then(image);
        vec![says("user", std::iter::once(text(words)).chain(picture).collect())]
    });
    let calls = proptest::collection::vec((words(), words(), any::<bool>()), 0..3);
    let answer = (proptest::option::of(words()), words(), calls).prop_map(move |(thought, said, calls)| {
        let thought = thought.map(|words| json!({"type": "thinking", "text": words}));
        let mut content: Vec<Value> = thought.into_iter().chain([text(said)]).collect();
        let mut results = Vec::new();
        for (n, (input, result, failed)) in calls.into_iter().enumerate() {
            let id = format!("{n}");
            content.push(
                json!({"type": "tool_use", "tool_use_id": id, "name": "Bash", "input": {"command": input}}),
            );
            results.push(
                json!({"type": "tool_result", "tool_use_id": id, "content": result, "is_error": failed}),
            );
        }
        let answered = (!results.is_empty()).then(|| says("tool", results));
        std::iter::once(says("assistant", content)).chain(answered).collect()
    });
    let notice = words().prop_map(move |words| {
        let mut notice = says("user", vec![text(words)]);
        notice["is_meta"] = json!(true);
        vec![notice]
    });
    prop_oneof![4 => prompt, 4 => answer, 1 => notice]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_conversation_goes_round(messages in proptest::collection::vec(message(), 1..8)) {
        let rows: Vec<Value> = messages.into_iter().flatten().collect();
        let lines: String = rows
            .iter()
            .enumerate()
            .map(|(n, row)| {
                let mut row = row.clone();
                row["msg_id"] = json!(format!("m{n}"));
                row["timestamp"] = json!(format!("2026-01-02T03:{:02}:05.000Z", n % 60));
                format!("{row}\n")
            })
            .collect();
        prop_assume!(rows.iter().any(|row| row["is_meta"] != true));
        let machine = Machine::new();
        put(&machine.path(""), "it.sfs/messages.jsonl", lines);
        put(&machine.path(""), "it.sfs/manifest.json", "{\"session_id\":\"ses_1\"}");
        machine.import(&machine.path("it.sfs"));
        goes_round(&machine);
    }
}
