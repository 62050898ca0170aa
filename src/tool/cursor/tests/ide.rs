//! Conversations of the IDE: old and new forms, other projects, answers that
//! are being written.

use std::path::Path;

use serde_json::{Value, json};

use super::store::{Store, assistant, root, user};
use super::*;
use crate::tool::rows::{Line, Writer};

/// A database of the IDE, made by hand.
struct Ide {
    home: tempfile::TempDir,
    rows: Vec<(String, String)>,
    blobs: Vec<(String, Vec<u8>)>,
    headers: Vec<(String, Value)>,
}

impl Ide {
    fn new() -> Ide {
        Ide { home: tempfile::tempdir().unwrap(), rows: vec![], blobs: vec![], headers: vec![] }
    }

    fn places(&self) -> Places {
        Places { home: self.home.path().to_owned(), ..Places::default() }
    }

    fn put(&mut self, key: &str, value: &Value) {
        self.rows.retain(|(known, _)| known != key);
        self.rows.push((key.to_owned(), value.to_string()));
    }

    fn graph(&mut self, store: &Store) {
        for (id, bytes) in &store.blobs {
            let key = format!("agentKv:blob:{id}");
            if !self.blobs.iter().any(|(known, _)| *known == key) {
                self.blobs.push((key, bytes.clone()));
            }
        }
    }

    fn save(&self) {
        let path = places::database(&self.places());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        let mut lines = vec![
            Line::Schema("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".into()),
            Line::Schema("CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".into()),
            Line::Schema("CREATE TABLE composerHeaders (composerId TEXT PRIMARY KEY, lastUpdatedAt INTEGER, value TEXT)".into()),
            row("ItemTable", "cursorAuth/accessToken", "SECRET TOKEN".into()),
        ];
        for (key, value) in &self.rows {
            lines.push(row("cursorDiskKV", key, value.as_str().into()));
        }
        for (key, value) in &self.blobs {
            lines.push(row("cursorDiskKV", key, rows_value(value)));
        }
        for (id, value) in &self.headers {
            let values = vec![
                ("composerId".into(), id.as_str().into()),
                ("lastUpdatedAt".into(), 7.into()),
                ("value".into(), value.to_string().as_str().into()),
            ];
            lines.push(Line::Row(crate::tool::rows::Row { table: "composerHeaders".into(), values }));
        }
        let lines: Vec<Vec<u8>> = lines.iter().map(Line::to_bytes).collect();
        let mut writer = Writer::in_memory().unwrap();
        assert!(writer.add(lines).unwrap().differing.is_empty());
        std::fs::write(path, writer.into_bytes().unwrap()).unwrap();
    }

    fn read(&self, id: &str) -> (Vec<Step>, Vec<Vec<u8>>, Frame) {
        self.save();
        let discovery = Cursor::Ide.discover(&self.places());
        assert!(discovery.trouble.is_empty(), "{:?}", discovery.trouble);
        let found = discovery.found.iter().find(|found| found.native == id).unwrap();
        read(&Cursor::Ide, found)
    }
}

fn rows_value(bytes: &[u8]) -> crate::tool::rows::Value {
    crate::tool::rows::Value::Blob(bytes.to_vec())
}

fn row(table: &str, key: &str, value: crate::tool::rows::Value) -> Line {
    let values = vec![("key".into(), key.into()), ("value".into(), value)];
    Line::Row(crate::tool::rows::Row { table: table.into(), values })
}

fn bubble(id: &str, kind: u8, text: &str) -> Value {
    json!({"_v": 3, "bubbleId": id, "type": kind, "text": text, "createdAt": format!("2026-01-01T00:00:0{}.000Z", id.len())})
}

fn tool(id: &str, status: &str, result: &str) -> Value {
    json!({"_v": 3, "bubbleId": id, "type": 2, "text": "", "toolFormerData": {"name": "read_file_v2",
        "toolCallId": format!("call-{id}"), "params": "{\"targetFile\":\"/p/a\"}", "status": status, "result": result}})
}

fn headers(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"bubbleId": id, "type": 1})).collect()
}

/// Puts bubbles in under a conversation.
fn show(ide: &mut Ide, composer: &str, bubbles: &[Value], more: &Value) {
    let mut ids = Vec::new();
    for bubble in bubbles {
        let id = bubble["bubbleId"].as_str().unwrap();
        ide.put(&format!("bubbleId:{composer}:{id}"), bubble);
        ids.push(id);
    }
    let mut data = json!({"composerId": composer, "name": "A chat", "createdAt": 10, "lastUpdatedAt": 20,
        "blobEncryptionKey": "c2VjcmV0", "fullConversationHeadersOnly": headers(&ids)});
    for (key, value) in more.as_object().unwrap() {
        data[key] = value.clone();
    }
    ide.put(&format!("composerData:{composer}"), &data);
}

fn state(root: &[u8]) -> String {
    let mut base64 = b"~".to_vec();
    crate::object::escape::Style::Base64.write(root, &mut base64);
    String::from_utf8(base64).unwrap()
}

#[test]
fn old_chats_have_only_bubbles() {
    let mut ide = Ide::new();
    let mut thought = bubble("bbb", 2, "");
    thought["thinking"] = json!({"text": "hm", "signature": "s"});
    let all = [
        bubble("a", 1, "read it"),
        bubble("bb", 2, "I read"),
        thought,
        tool("t", "completed", "{\"contents\":\"x\"}"),
        tool("f", "error", ""),
    ];
    show(&mut ide, "c1", &all, &json!({}));
    ide.put("bubbleId:c1:gone", &bubble("gone", 2, "not in the list"));
    ide.rows.push(("bubbleId:c1:null".into(), "null".into()));
    let (steps, _, frame) = ide.read("c1");
    assert_eq!(
        words(&messages(&steps)),
        [
            "text read it",
            "text I read",
            "thinking hm",
            "call read_file_v2",
            "result Ok 1",
            "call read_file_v2",
            "result Error 0"
        ]
    );
    assert_eq!(steps[0].prompt.as_deref(), Some("read it"));
    assert_eq!(steps[0].time, Some(1_767_225_601_000));
    assert!(steps.iter().any(|step| step.files == ["r/p/a"]));
    assert!(String::from_utf8_lossy(&frame.trail).contains("not in the list"));
    assert_eq!((frame.facts.created, frame.facts.updated), (Some(10), Some(20)));
}

#[test]
fn the_oldest_chats_stand_in_one_row() {
    let mut ide = Ide::new();
    let inline = json!([bubble("a", 1, "one"), bubble("bb", 2, "two"), tool("t", "completed", "r")]);
    ide.put("composerData:c1", &json!({"composerId": "c1", "conversation": inline, "createdAt": 1}));
    let (steps, records, _) = ide.read("c1");
    assert_eq!(records.len(), 1);
    assert_eq!(words(&messages(&steps)), ["text one", "text two", "call read_file_v2", "result Ok 1"]);
}

#[test]
fn rows_of_other_projects_and_secrets_stay_where_they_are() {
    let mut ide = Ide::new();
    let (mut mine, mut theirs) = (Store::default(), Store::default());
    let a = mine.message(&user("mine"));
    let b = theirs.message(&json!({"role": "tool", "content": [{"type": "tool-result", "toolCallId": "t", "result": "PRIVATE RESULT"}]}));
    ide.graph(&mine);
    ide.graph(&theirs);
    show(
        &mut ide,
        "c1",
        &[bubble("a", 1, "mine")],
        &json!({"conversationState": state(root(&[a], &[]).as_ref())}),
    );
    show(
        &mut ide,
        "c2",
        &[bubble("b", 1, "theirs")],
        &json!({"conversationState": state(root(&[b], &[]).as_ref())}),
    );
    let (steps, records, frame) = ide.read("c1");
    assert_eq!(words(&messages(&steps)), ["text mine"]);
    let all = [frame.lead, records.concat(), frame.trail].concat();
    let all = String::from_utf8_lossy(&all);
    for other in ["PRIVATE", "theirs", "SECRET TOKEN", "cursorAuth", "c2VjcmV0", "blobEncryptionKey"] {
        assert!(!all.contains(other), "{other}");
    }
    assert!(all.contains("composerData:c1"));
}

/// A conversation with graph and bubbles, after so many messages of it.
fn grown(ide: &mut Ide, count: usize) {
    let call = json!({"role": "assistant", "id": "1", "content": [{"type": "text", "text": "let me see"},
        {"type": "tool-call", "toolCallId": "call-t", "toolName": "Read", "args": {"path": "/p/a"}}]});
    let answer = json!({"role": "tool", "id": "call-t", "content": [{"type": "tool-result", "toolCallId": "call-t", "result": "the file"}]});
    let mut ask = bubble("a", 1, "what is in it?");
    ask["tokenCount"] = json!({"inputTokens": 9, "outputTokens": 0});
    let mut reply = bubble("ffffff", 2, "a file");
    reply["modelInfo"] = json!({"modelName": "composer-9"});
    let steps: [(Option<Value>, Vec<Value>); 7] = [
        (Some(json!({"role": "system", "content": "be good"})), vec![]),
        (Some(user("what is in it?")), vec![ask]),
        (Some(call), vec![bubble("ccc", 2, "let me see"), tool("t", "completed", "")]),
        (Some(answer), vec![]),
        (Some(assistant("a file")), vec![reply]),
        (Some(user("thanks")), vec![bubble("ggggggg", 1, "thanks")]),
        (Some(assistant("welcome")), vec![bubble("hhhhhhhh", 2, "welcome")]),
    ];
    let (mut store, mut prompts, mut bubbles) = (Store::default(), Vec::new(), Vec::new());
    for (message, shown) in steps.iter().take(count) {
        prompts.extend(message.as_ref().map(|message| store.message(message)));
        bubbles.extend(shown.iter().cloned());
    }
    let turn = store.turn("what is in it?", &["let me see"]);
    ide.graph(&store);
    ide.put("messageRequestContext:c1:a", &json!({"files": []}));
    ide.put("checkpointId:c1:x", &json!({"files": ["state"]}));
    show(ide, "c1", &bubbles, &json!({"conversationState": state(root(&prompts, &[turn]).as_ref())}));
    ide.headers = vec![(
        "c1".into(),
        json!({"name": "Named", "workspaceIdentifier": {"uri": {"fsPath": "/p"}},
        "subagentInfo": {"parentComposerId": "up"}, "trackedGitRepos": [{"branches": [{"branchName": "dev"}]}]}),
    )];
}

#[test]
fn a_graph_speaks_and_its_bubbles_tell_when() {
    let mut ide = Ide::new();
    grown(&mut ide, 7);
    let (steps, _, frame) = ide.read("c1");
    assert_eq!(
        words(&messages(&steps)),
        [
            "notice be good",
            "text what is in it?",
            "text let me see",
            "call Read",
            "result Ok 1",
            "text a file",
            "text thanks",
            "text welcome"
        ]
    );
    let spoken: Vec<&Step> = steps.iter().filter(|step| step.message.is_some()).collect();
    let second = |step: &Step| step.time.map(|time| (time / 1000) % 60);
    assert_eq!(
        spoken.iter().map(|step| second(step)).collect::<Vec<_>>(),
        [None, Some(1), Some(3), Some(3), Some(6), Some(7), Some(8)]
    );
    assert_eq!(spoken[4].model.as_deref(), Some("composer-9"));
    assert_eq!(spoken[1].usage.unwrap().usage.input, 9);
    assert_eq!(frame.facts.cwd.as_deref(), Some("/p"));
    assert_eq!(frame.facts.parent.as_deref(), Some("up"));
    assert_eq!(frame.facts.git_branch.as_deref(), Some("dev"));
    assert_eq!(frame.facts.tool_title.as_deref(), Some("Named"));
}

#[test]
fn what_is_captured_as_it_is_said_is_what_is_captured_at_the_end() {
    let mut before: Vec<Vec<u8>> = Vec::new();
    for count in 1..=7 {
        let mut ide = Ide::new();
        grown(&mut ide, count);
        let (_, records, _) = ide.read("c1");
        assert_eq!(records.get(..before.len()), Some(before.as_slice()), "{count}");
        assert!(records.len() > before.len());
        before = records;
    }
}

#[test]
fn bubbles_from_before_there_was_a_graph_speak_for_themselves() {
    let mut ide = Ide::new();
    let mut store = Store::default();
    let prompts = [
        store.message(&json!({"role": "system", "content": "be good"})),
        store.message(&user("new")),
        store.message(&assistant("newer")),
    ];
    ide.graph(&store);
    let all = [
        bubble("a", 1, "old"),
        bubble("bb", 2, "older"),
        bubble("ccc", 1, "new"),
        bubble("dddd", 2, "newer"),
    ];
    show(&mut ide, "c1", &all, &json!({"conversationState": state(root(&prompts, &[]).as_ref())}));
    let (steps, ..) = ide.read("c1");
    assert_eq!(
        words(&messages(&steps)),
        ["text old", "text older", "notice be good", "text new", "text newer"]
    );
}

#[test]
fn a_graph_with_holes_leaves_the_word_to_the_bubbles() {
    let mut ide = Ide::new();
    let all = [bubble("a", 1, "ask"), bubble("bb", 2, "answer")];
    show(&mut ide, "c1", &all, &json!({"conversationState": state(root(&[[7; 32]], &[]).as_ref())}));
    let (steps, ..) = ide.read("c1");
    assert_eq!(words(&messages(&steps)), ["text ask", "text answer"]);
}

#[test]
fn an_answer_that_is_being_written_waits() {
    let mut ide = Ide::new();
    let all = [bubble("a", 1, "ask"), tool("t", "loading", ""), bubble("bb", 2, "half of")];
    show(&mut ide, "c1", &all, &json!({"status": "generating"}));
    let (steps, records, frame) = ide.read("c1");
    assert_eq!(words(&messages(&steps)), ["text ask"]);
    assert_eq!(records.len(), 1);
    assert!(String::from_utf8_lossy(&frame.trail).contains("half of"));
    // What follows it makes it final, whatever it says of itself.
    let all = [&all[..], &[bubble("ccc", 1, "next")]].concat();
    show(&mut ide, "c1", &all, &json!({"status": "generating"}));
    let (steps, ..) = ide.read("c1");
    assert_eq!(words(&messages(&steps)), ["text ask", "call read_file_v2", "text half of", "text next"]);
}

#[test]
fn drafts_are_no_conversations_and_an_unchanged_one_looks_the_same() {
    let mut ide = Ide::new();
    show(&mut ide, "c1", &[bubble("a", 1, "ask")], &json!({}));
    ide.put("composerData:c2", &json!({"composerId": "c2", "fullConversationHeadersOnly": []}));
    ide.put("composerData:c3", &json!({"composerId": "c3"}));
    ide.headers = vec![("c3".into(), json!({"isDraft": true}))];
    ide.save();
    let once = Cursor::Ide.discover(&ide.places());
    assert_eq!(once.found.iter().map(|f| f.native.as_str()).collect::<Vec<_>>(), ["c1"]);
    assert_eq!(once.found[0].place, ".config/Cursor/User/globalStorage/state.vscdb");
    ide.put("composerData:other", &json!({"conversation": [bubble("x", 1, "y")]}));
    ide.save();
    let again = Cursor::Ide.discover(&ide.places());
    let stamp = |discovery: &Discovery| discovery.found.iter().find(|f| f.native == "c1").unwrap().stamp;
    assert_eq!(stamp(&once), stamp(&again));
    show(&mut ide, "c1", &[bubble("a", 1, "ask"), bubble("bb", 2, "answer")], &json!({}));
    ide.save();
    assert_ne!(stamp(&once), stamp(&Cursor::Ide.discover(&ide.places())));
}

#[test]
fn the_workspace_that_lists_a_chat_says_where_it_belongs() {
    let mut ide = Ide::new();
    show(&mut ide, "c1", &[bubble("a", 1, "ask")], &json!({}));
    let workspace = places::user(&ide.places()).join("workspaceStorage/abc");
    std::fs::create_dir_all(&workspace).unwrap();
    std::fs::write(workspace.join("workspace.json"), r#"{"folder":"file:///p/with%20space"}"#).unwrap();
    let lines = [
        Line::Schema("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)".into()),
        row("ItemTable", "composer.composerData", r#"{"allComposers":[{"composerId":"c1"}]}"#.into()),
    ];
    let mut writer = Writer::in_memory().unwrap();
    writer.add(lines.iter().map(Line::to_bytes)).unwrap();
    std::fs::write(workspace.join("state.vscdb"), writer.into_bytes().unwrap()).unwrap();
    let (.., frame) = ide.read("c1");
    assert_eq!(frame.facts.cwd.as_deref(), Some("/p/with space"));
}

#[test]
fn nothing_is_left_beside_the_database() {
    let mut ide = Ide::new();
    grown(&mut ide, 7);
    let _ = ide.read("c1");
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files(places::database(&ide.places()).parent().unwrap()), 1);
}
