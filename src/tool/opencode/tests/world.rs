//! A home with a session in it, in the database or in files.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::*;
use crate::tool::rows;
use crate::tool::testing::opened;
use crate::tool::{Frame, Step};

pub(super) const ID: &str = "ses_1";

const SCHEMA: &[&str] = &[
    "CREATE TABLE project (id text PRIMARY KEY, worktree text NOT NULL)",
    "CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, \
     version text, revert text, time_created integer, time_updated integer)",
    "CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text)",
    "CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, \
     time_updated integer, data text)",
    "CREATE TABLE todo (session_id text, position integer, content text, PRIMARY KEY(session_id, position))",
    "CREATE TABLE account (id text PRIMARY KEY, access_token text)",
    "CREATE TABLE session_share (session_id text PRIMARY KEY, secret text)",
    "CREATE TABLE migration (id text PRIMARY KEY, time_completed integer)",
];

/// A message with its parts, as the tool exports them.
pub(super) type Message = (Value, Vec<Value>);

/// What a session consists of.
#[derive(Clone, Default)]
pub(super) struct Session {
    pub(super) messages: Vec<Message>,
    pub(super) revert: Option<Value>,
    pub(super) parent: Option<&'static str>,
}

/// A message of the user's, with a text.
pub(super) fn user(n: i64, words: &str) -> Message {
    let info = json!({"role": "user", "time": {"created": n * 1000}, "agent": "build",
        "model": {"providerID": "p", "modelID": "m"}});
    (info, vec![json!({"type": "text", "text": words})])
}

/// An answer, finished or not.
pub(super) fn answer(n: i64, finished: bool, parts: Vec<Value>) -> Message {
    let mut info = json!({"role": "assistant", "time": {"created": n * 1000}, "parentID": "x", "modelID": "model-x",
        "providerID": "p", "mode": "build", "agent": "build", "cost": 0,
        "tokens": {"total": 21, "input": 10, "output": 4, "reasoning": 1, "cache": {"read": 4, "write": 2}}});
    if finished {
        info["time"]["completed"] = json!(n * 1000 + 900);
    }
    (info, parts)
}

pub(super) fn tool(name: &str, input: Value, state: Value) -> Value {
    let mut all = json!({"input": input, "time": {"start": 1, "end": 2}});
    all.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    json!({"type": "tool", "callID": "call", "tool": name, "state": all})
}

/// A folder that is a home.
pub(super) struct World(pub(super) tempfile::TempDir);

impl World {
    pub(super) fn new() -> World {
        World(tempfile::tempdir().unwrap())
    }

    pub(super) fn places(&self) -> Places {
        Places { home: self.0.path().to_owned(), ..Places::default() }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.path().join(".local/share/opencode")
    }

    /// Puts the sessions into a database of that name, made anew.
    pub(super) fn database(&self, name: &str, sessions: &[(&str, &Session)]) {
        std::fs::create_dir_all(self.data()).unwrap();
        let path = self.data().join(name);
        drop(std::fs::remove_file(&path));
        let mut lines: Vec<Value> = SCHEMA.iter().map(|sql| json!({ "schema": sql })).collect();
        let row = |table: &str, row: Value| json!({"table": table, "row": row});
        lines.push(row("migration", json!({"id": "first", "time_completed": 1})));
        lines.push(row("project", json!({"id": "pro", "worktree": "/w"})));
        lines.push(row("account", json!({"id": "a", "access_token": "SECRET"})));
        for (id, session) in sessions {
            lines.extend(rows_of(id, session));
        }
        let lines = lines.iter().map(Value::to_string);
        let added = rows::write(&path, lines).unwrap();
        assert_eq!(added.differing, []);
    }

    /// Puts a session into files.
    pub(super) fn files(&self, id: &str, session: &Session) {
        let put = |place: String, value: &Value| {
            let path = self.data().join("storage").join(place);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, serde_json::to_vec_pretty(value).unwrap()).unwrap();
        };
        let info = json!({"id": id, "projectID": "pro", "directory": "/w/p", "title": "A title", "version": "1.1.65",
            "parentID": session.parent, "time": {"created": 1, "updated": 2}});
        put(format!("session/pro/{id}.json"), &info);
        put("project/pro.json".to_owned(), &json!({"id": "pro", "worktree": "/w"}));
        for (n, (info, parts)) in session.messages.iter().enumerate() {
            let message = format!("msg_{n:02}");
            let ids = json!({"id": message, "sessionID": id});
            put(format!("message/{id}/{message}.json"), &merged(&ids, info));
            for (m, part) in parts.iter().enumerate() {
                let ids = json!({"id": format!("prt_{n:02}{m:02}"), "sessionID": id, "messageID": message});
                put(format!("part/{message}/prt_{n:02}{m:02}.json"), &merged(&ids, part));
            }
        }
    }

    /// The one source there is, read: its steps, its records and its frame.
    pub(super) fn read(&self) -> (Vec<Step>, Vec<Vec<u8>>, Frame) {
        let discovery = OpenCode.discover(&self.places());
        assert!(discovery.trouble.is_empty());
        let [found] = discovery.found.as_slice() else { panic!("{:#?}", discovery.found) };
        let (steps, _, frame) = opened(&OpenCode, found);
        let (mut records, mut pieces) = (Vec::new(), OpenCode.open(found).unwrap());
        while let Some(record) = pieces.next().unwrap() {
            records.push(record.into_owned());
        }
        (steps, records, frame)
    }
}

fn rows_of(id: &str, session: &Session) -> Vec<Value> {
    let row = |table: &str, row: Value| json!({"table": table, "row": row});
    let updated = i64::try_from(session.messages.len()).unwrap() * 1000;
    let mut rows = vec![
        row(
            "session",
            json!({"id": id, "project_id": "pro", "parent_id": session.parent, "directory": "/w/p", "title": "A title",
                "version": "1.18.33", "revert": session.revert, "time_created": 1, "time_updated": updated}),
        ),
        row("session_share", json!({"session_id": id, "secret": "SECRET"})),
        row("todo", json!({"session_id": id, "position": 0, "content": "something"})),
    ];
    for (n, (info, parts)) in session.messages.iter().enumerate() {
        let (message, time) = (format!("{id}_msg_{n:02}"), info["time"]["created"].clone());
        rows.push(row(
            "message",
            json!({"id": message, "session_id": id, "time_created": time, "time_updated": time, "data": info}),
        ));
        for (m, part) in parts.iter().enumerate() {
            let part_id = format!("{id}_prt_{n:02}{m:02}");
            rows.push(row(
                "part",
                json!({"id": part_id, "message_id": message, "session_id": id, "time_created": 3, "time_updated": 4,
                    "data": part}),
            ));
        }
    }
    rows
}

fn merged(a: &Value, b: &Value) -> Value {
    let mut all = a.as_object().unwrap().clone();
    all.extend(b.as_object().unwrap().clone());
    Value::Object(all)
}
