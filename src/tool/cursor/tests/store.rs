//! Stores: what is found, how they grow, what is compacted, what is secret.

use std::path::Path;

use serde_json::{Value, json};

use super::round::{call, found, result, said, text, write};
use super::*;
use crate::object::message::{Role, Status};
use crate::tool::Framing;
use crate::tool::cursor::wire::Message as Wire;
use crate::tool::digest::{hex, sha256, unhex};
use crate::tool::rows::{self, Head, Line, Row, Value as Cell};

/// A store made by hand.
#[derive(Default)]
pub(super) struct Store {
    pub(super) blobs: Vec<(String, Vec<u8>)>,
}

impl Store {
    pub(super) fn add(&mut self, bytes: &[u8]) -> [u8; 32] {
        let id = sha256(bytes);
        if !self.blobs.iter().any(|(known, _)| *known == hex(&id)) {
            self.blobs.push((hex(&id), bytes.to_vec()));
        }
        id
    }

    pub(super) fn message(&mut self, json: &Value) -> [u8; 32] {
        self.add(json.to_string().as_bytes())
    }

    pub(super) fn turn(&mut self, said: &str, answers: &[&str]) -> [u8; 32] {
        let mut turn = Wire::new().bytes(1, self.add(Wire::new().bytes(1, said).bytes(2, "id").as_ref()));
        for answer in answers {
            let step = Wire::new().bytes(1, Wire::new().bytes(1, answer));
            turn = turn.bytes(2, self.add(step.as_ref()));
        }
        self.add(Wire::new().bytes(1, turn).as_ref())
    }

    fn save(&self, path: &Path, root: &[u8; 32]) {
        let meta = json!({"agentId": "a", "latestRootBlobId": hex(root), "name": "New Agent",
            "blobEncryptionKey": "5ec2e7", "createdAt": 5, "subagentInfo": {"parentAgentId": "up"}});
        let mut all = Vec::new();
        for (id, data) in &self.blobs {
            let values =
                vec![("id".into(), Cell::from(id.as_str())), ("data".into(), Cell::Blob(data.clone()))];
            all.push(Row { table: "blobs".into(), values });
        }
        let value = Cell::from(hex(meta.to_string().as_bytes()).as_str());
        all.push(Row {
            table: "meta".into(),
            values: vec![("key".into(), "0".into()), ("value".into(), value)],
        });
        let tables = [
            "CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB)",
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)",
        ];
        let head = Head { page_size: 4096, user_version: 1, application_id: 0 };
        std::fs::write(path, rows::build(Some(head), &tables, &all).unwrap()).unwrap();
    }
}

pub(super) fn user(words: &str) -> Value {
    json!({"role": "user", "content": [{"type": "text", "text": format!("<user_query>\n{words}\n</user_query>")}]})
}

pub(super) fn assistant(words: &str) -> Value {
    json!({"role": "assistant", "id": "1", "content": [{"type": "text", "text": words}]})
}

pub(super) fn root(prompts: &[[u8; 32]], turns: &[[u8; 32]]) -> Wire {
    let root = prompts.iter().fold(Wire::new(), |root, id| root.bytes(1, id));
    turns.iter().fold(root, |root, id| root.bytes(8, id))
}

#[test]
fn what_is_captured_as_it_grows_is_what_is_captured_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut store = Store::default();
    let mut prompts = vec![store.message(&json!({"role": "system", "content": "be good"}))];
    let (mut turns, mut before): (Vec<[u8; 32]>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    for turn in 0..4 {
        prompts.push(store.message(&user(&format!("question {turn}"))));
        let mut answers: Vec<String> = Vec::new();
        for n in 0..3 {
            answers.push(format!("answer {n} of {turn}"));
            prompts.push(store.message(&assistant(answers.last().unwrap())));
            let words: Vec<&str> = answers.iter().map(String::as_str).collect();
            // The turn is another blob with every step.
            let last = store.turn(&format!("question {turn}"), &words);
            turns.truncate(turn);
            turns.push(last);
            let root = store.add(root(&prompts, &turns).as_ref());
            let _ = std::fs::remove_file(&path);
            store.save(&path, &root);
            let (_, records, frame) = read(&Cursor::Agent, &found(&path));
            assert_eq!(records.get(..before.len()), Some(before.as_slice()), "turn {turn}, step {n}");
            assert!(records.len() > before.len());
            before = records;
            assert_eq!(frame.facts.parent.as_deref(), Some("up"));
            assert_eq!(frame.facts.tool_title, None);
        }
    }
    let (steps, ..) = read(&Cursor::Agent, &found(&path));
    let prompts: Vec<_> = steps.iter().filter_map(|step| step.prompt.as_deref()).collect();
    assert_eq!(prompts, ["question 0", "question 1", "question 2", "question 3"]);
    assert_eq!(messages(&steps).len(), 17);
}

#[test]
fn only_what_the_root_reaches_is_taken_and_the_secret_is_cut_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut store = Store::default();
    store.message(&user("of an abandoned branch"));
    let said = store.message(&user("kept"));
    let root = store.add(root(&[said], &[]).as_ref());
    store.save(&path, &root);
    let (steps, records, frame) = read(&Cursor::Agent, &found(&path));
    assert_eq!(words(&messages(&steps)), ["text kept"]);
    let all = [frame.lead, records.concat(), frame.trail.clone()].concat();
    assert!(!String::from_utf8_lossy(&all).contains("abandoned"));
    let meta = frame.trail.split(|b| *b == b'\n').find_map(|line| match Line::parse(line) {
        Some(Line::Row(row)) if row.table == "meta" => row.get("value")?.bytes().map(<[u8]>::to_vec),
        _ => None,
    });
    let meta: Value = serde_json::from_slice(&unhex(&meta.unwrap()).unwrap()).unwrap();
    assert_eq!(meta["agentId"], "a");
    assert!(meta.get("blobEncryptionKey").is_none());
}

#[test]
fn what_was_compacted_away_is_still_told_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut store = Store::default();
    let system = store.message(&json!({"role": "system", "content": "be good"}));
    let said: Vec<_> = (0..6)
        .map(|n| store.message(&if n % 2 == 0 { user(&n.to_string()) } else { assistant(&n.to_string()) }))
        .collect();
    let first = store.add(root(&[&[system], said.as_slice()].concat(), &[]).as_ref());
    store.save(&path, &first);
    let (_, before, _) = read(&Cursor::Agent, &found(&path));
    // Four messages are summarised, two are kept beside the summary.
    let summary = store.message(&json!({"role": "user", "content": [{"type": "text", "text": "in short"}],
        "providerOptions": {"cursor": {"isSummary": true}}}));
    let archive = said.iter().take(4).fold(Wire::new(), |archive, id| archive.bytes(1, id));
    let archive = store.add(archive.bytes(2, "in short").number(3, 2).bytes(4, summary).as_ref());
    let more = store.message(&user("more"));
    let compacted = root(&[system, summary, said[4], said[5], more], &[]).bytes(13, archive);
    let second = store.add(compacted.as_ref());
    std::fs::remove_file(&path).unwrap();
    store.save(&path, &second);
    let (steps, after, _) = read(&Cursor::Agent, &found(&path));
    assert_eq!(after.get(..before.len()), Some(before.as_slice()));
    let told = words(&messages(&steps));
    assert_eq!(
        told[1..],
        ["text 0", "text 1", "text 2", "text 3", "text 4", "text 5", "summary in short", "text more"]
    );
}

#[test]
fn sessions_are_found_where_each_surface_keeps_them() {
    let home = tempfile::tempdir().unwrap();
    let conversation = || {
        vec![
            said(Role::User, vec![text("list")]),
            said(Role::Assistant, vec![call("Shell", &json!({"command": "ls"}))]),
            said(Role::User, vec![result(0, Status::Ok, "a b")]),
        ]
    };
    let cli = write(&Cursor::Agent, home.path(), conversation()).unwrap();
    let acp = write(&Cursor::Acp, home.path(), conversation()).unwrap();
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let sdk = home.path().join(".cursor/projects/p/sdk-agent-store/w/agents");
    let agent = sdk.join(format!("agent-{}", hex(&sha256(b"agent-1"))));
    std::fs::create_dir_all(&agent).unwrap();
    std::fs::copy(&cli.path, agent.join("store.db")).unwrap();
    let index = Row {
        table: "agents".into(),
        values: vec![("agent_id".into(), "agent-1".into()), ("workspace_ref".into(), "/elsewhere".into())],
    };
    let table = "CREATE TABLE agents (agent_id TEXT PRIMARY KEY, workspace_ref TEXT)";
    std::fs::write(sdk.with_file_name("index.db"), rows::build(None, &[table], &[index]).unwrap()).unwrap();
    let transcripts = home.path().join(".cursor/projects/p/agent-transcripts");
    let line = "{\"role\":\"user\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}}\n";
    for file in [
        "old.jsonl".to_owned(),
        "new/new.jsonl".into(),
        "new/subagents/sub.jsonl".into(),
        format!("{0}/{0}.jsonl", cli.native),
    ] {
        let path = transcripts.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, line).unwrap();
    }
    let found = Cursor::Agent.discover(&places);
    assert!(found.trouble.is_empty(), "{:?}", found.trouble);
    let names: Vec<_> =
        found.found.iter().map(|f| (f.native.as_str(), f.part.as_str(), f.framing, f.side.len())).collect();
    assert_eq!(
        names,
        [
            (cli.native.as_str(), "", Framing::Rows, 2),
            ("agent-1", "", Framing::Rows, 0),
            ("new", "", Framing::Lines, 0),
            ("new", "sub", Framing::Lines, 0),
            ("old", "", Framing::Lines, 0),
        ]
    );
    assert!(found.found[0].place.starts_with(".cursor/chats/"));
    let found = Cursor::Acp.discover(&places);
    assert_eq!((found.found.len(), &found.found[0].native), (1, &acp.native));
    assert_eq!(Cursor::Ide.discover(&places).found.len(), 0);
}

#[test]
fn a_store_that_is_none_is_trouble_for_itself_alone() {
    let home = tempfile::tempdir().unwrap();
    let places = Places { home: home.path().to_owned(), ..Places::default() };
    let bad = home.path().join(".cursor/chats/x/bad/store.db");
    std::fs::create_dir_all(bad.parent().unwrap()).unwrap();
    std::fs::write(&bad, "no database").unwrap();
    let found = Cursor::Agent.discover(&places).found;
    assert_eq!(found.len(), 1);
    assert!(Cursor::Agent.open(&found[0]).is_err());
}
