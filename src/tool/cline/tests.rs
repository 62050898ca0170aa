//! Tests of the adapter.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::message::{Action, Block, Message, Part, Role, Status};
use crate::tool::testing::{
    Memory, Talk, call, messages, opened, result, said, says, talk, target, text, written,
};
use crate::tool::{Discovery, Link, Losses, Planned, Step};

const ID: &str = "1795330403763_xea69";

/// A home with these files below `.cline/data`.
struct Home(tempfile::TempDir);

impl Home {
    fn new(files: &[(&str, &[u8])]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = home.0.path().join(".cline/data").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        home
    }

    fn discover(&self) -> Discovery {
        Cline.discover(&Places { home: self.0.path().to_owned(), ..Places::default() })
    }
}

fn session(rows: &Value) -> Vec<u8> {
    let document = json!({"version": 1, "updated_at": "x", "agent": "lead", "sessionId": ID,
        "origin": {"version": "3.0.1"}, "messages": rows, "system_prompt": "You are"});
    serde_json::to_vec_pretty(&document).unwrap()
}

fn read(rows: &Value) -> Vec<Step> {
    let bytes = session(rows);
    let home = Home::new(&[(&format!("sessions/{ID}/{ID}.messages.json"), &bytes)]);
    let (steps, joined, _) = opened(&Cline, &home.discover().found[0]);
    assert_eq!(joined, bytes);
    steps
}

fn blocks(step: &Step) -> Vec<Block> {
    step.message.as_ref().map(|draft| draft.message.blocks.clone()).unwrap_or_default()
}

#[test]
fn messages_mean_what_they_say() {
    let steps = read(&json!([
        {"id": "u1", "role": "user", "ts": 5, "content": [
            {"type": "text", "text": "<user_input mode=\"act\">do  it</user_input>"},
            {"type": "file", "path": "/w/a.rs", "content": "fn"},
            {"type": "image", "data": "aWNvbg==", "mediaType": "image/png"},
        ]},
        {"id": "a1", "role": "assistant", "ts": 6, "modelInfo": {"id": "m", "provider": "p"},
         "metrics": {"inputTokens": 100, "outputTokens": 7, "cacheReadTokens": 60, "cacheWriteTokens": 10, "cost": 0.1},
         "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "ok"},
            {"type": "tool_use", "id": "c1", "name": "read_files", "input": {"files": [{"path": "/w/a"}, {"path": "/w/b"}]}},
            {"type": "tool_use", "id": "c2", "name": "editor", "input": {"path": "/w/c", "new_text": "x"}},
        ]},
        {"id": "u2", "role": "user", "ts": 7, "content": [
            {"type": "tool_result", "tool_use_id": "c1", "name": "read_files", "content": [{"query": "/w/a", "result": "", "error": "none", "success": false}]}]},
        {"id": "u3", "role": "user", "ts": 8, "content": [
            {"type": "tool_result", "tool_use_id": "c2", "name": "editor", "content": "{\"query\":\"edit:/w/c\",\"result\":\"writ\\nten\",\"success\":true}"}]},
        {"id": "u4", "role": "user", "ts": 9, "metadata": {"kind": "recovery_notice", "displayRole": "system"},
         "content": [{"type": "text", "text": "interrupted"}]},
        {"id": "u5", "role": "user", "ts": 10, "metadata": {"kind": "compaction_summary"}, "content": [{"type": "text", "text": "so far"}]},
        {"id": "u6", "role": "user", "ts": 11, "content": "<user_input mode=\"plan\">not closed"},
        {"id": "x", "role": "holo", "content": []},
    ]));
    assert_eq!(steps[0].prompt.as_deref(), Some("do it"));
    assert_eq!(
        blocks(&steps[0]),
        [
            Block::Text(text("do  it")),
            Block::File("text/plain".into(), "/w/a.rs".into(), text("fn")),
            Block::Image("image/png".into(), text("aWNvbg==")),
        ]
    );
    assert_eq!((steps[0].time, steps[0].link.clone()), (Some(5), Link::Tip));
    assert_eq!(steps[1].model.as_deref(), Some("m"));
    let usage = steps[1].usage.unwrap().usage;
    assert_eq!((usage.input, usage.cache_write, usage.cache_read, usage.output), (30, 10, 60, 7));
    assert_eq!(steps[1].files, ["r/w/a", "r/w/b", "w/w/c"]);
    let draft = |n: usize| steps[n].message.clone().unwrap();
    assert_eq!(draft(1).calls, [draft(2).results, draft(3).results].concat());
    assert!(matches!(&blocks(&steps[1])[2], Block::Call { action: Action::Read, .. }));
    assert_eq!(blocks(&steps[2]), [result(Status::Error, "none")]);
    assert_eq!(blocks(&steps[3]), [result(Status::Ok, "writ\nten")]);
    assert_eq!(blocks(&steps[4]), [Block::Notice(text("interrupted"))]);
    assert_eq!(blocks(&steps[5]), [Block::Summary(text("so far"))]);
    assert_eq!(steps[6].prompt.as_deref(), Some("<user_input mode=\"plan\">not closed"));
    assert!(steps[2..6].iter().all(|step| step.prompt.is_none()));
    assert!(steps[7].unknown && !steps[6].unknown);
}

#[test]
fn a_session_is_found_with_its_parts_and_what_its_manifest_tells() {
    let rows = session(&json!([{"id": "u", "role": "user", "ts": 1, "content": "hi"}]));
    let manifest = json!({"cwd": "/w", "metadata": {"title": "T", "git": {"branch": "b"},
        "sessionHistoryOrigin": {"version": "3.0.65"}, "fork": {"forkedFromSessionId": "f"}}});
    let home = Home::new(&[
        (&format!("sessions/{ID}/{ID}.messages.json"), &rows),
        (&format!("sessions/{ID}/{ID}.json"), manifest.to_string().as_bytes()),
        (&format!("sessions/{ID}/{ID}.compaction.json"), &rows),
        (&format!("sessions/{ID}/agent-1.messages.json"), &rows),
        ("sessions/stray.json", b"{}"),
        ("tasks/1795330992424/api_conversation_history.json", b"[]"),
        ("settings/providers.json", b"secret"),
    ]);
    let Discovery { found, trouble } = home.discover();
    assert!(trouble.is_empty(), "{trouble:?}");
    let names: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.part.as_str())).collect();
    assert_eq!(names, [(ID, ""), (ID, "compaction"), (ID, "agent-1"), ("1795330992424", "")]);
    assert_eq!(found[0].side.len(), 1);
    assert_eq!(found[0].place, format!(".cline/data/sessions/{ID}/{ID}.messages.json"));
    assert!(
        found
            .iter()
            .all(|f| !f.place.contains("providers") && !f.side.iter().any(|s| s.place.contains("settings")))
    );

    let facts = |n: usize| opened(&Cline, &found[n]).2.facts;
    let main = facts(0);
    assert_eq!((main.cwd.as_deref(), main.git_branch.as_deref()), (Some("/w"), Some("b")));
    assert_eq!((main.tool_title.as_deref(), main.forked_from.as_deref()), (Some("T"), Some("f")));
    assert_eq!((main.version.as_deref(), main.parent), (Some("3.0.65"), None));
    assert_eq!((facts(2).parent.as_deref(), facts(2).tool_title), (Some(ID), None));
    // The compacted form is kept, and says nothing of its own.
    assert!(opened(&Cline, &found[1]).0.iter().all(|step| *step == Step::default()));
}

#[test]
fn variables_move_the_store() {
    let vars = |list: &[(&str, &str)]| {
        let vars: BTreeMap<String, String> = list.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        sessions(&Places { home: "/h".into(), vars, ..Places::default() })
    };
    assert_eq!(vars(&[]), Path::new("/h/.cline/data/sessions"));
    assert_eq!(vars(&[("CLINE_DIR", "/c")]), Path::new("/c/data/sessions"));
    assert_eq!(vars(&[("CLINE_DIR", "/c"), ("CLINE_DATA_DIR", "/d")]), Path::new("/d/sessions"));
    assert_eq!(vars(&[("CLINE_SESSION_DATA_DIR", "/s"), ("CLINE_DATA_DIR", "/d")]), Path::new("/s"));
}

/// Puts what was written on a disk, and reads it.
fn read_back(memory: &Memory, plan: &Plan) -> Vec<Step> {
    let home = tempfile::tempdir().unwrap();
    for (path, bytes) in &memory.0 {
        let path = home.path().join(path.strip_prefix("/h").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let found = Cline.discover(&Places { home: home.path().to_owned(), ..Places::default() }).found;
    let found = found.iter().find(|f| f.native == plan.native && f.part.is_empty()).unwrap();
    opened(&Cline, found).0
}

#[test]
fn what_is_written_is_read_the_same() {
    let (memory, plan) = written(&Cline, talk());
    let steps = read_back(&memory, &plan);
    assert_eq!(said(&messages(&steps)), said(&talk()));
    assert_eq!(steps.iter().filter(|step| step.prompt.is_some()).count(), 2);
    assert!(steps.windows(2).all(|pair| pair[0].time < pair[1].time));
    assert!(plan.files.iter().all(|file| matches!(file, Planned::Create(_))));
    assert_eq!((plan.losses, plan.messages), (Losses::default().list(), 7));
    let manifest: Value = serde_json::from_slice(&memory.0[plan.files[1].path()]).unwrap();
    assert_eq!(
        (manifest["session_id"].as_str(), manifest["status"].as_str()),
        (Some(plan.native.as_str()), Some("completed"))
    );
    assert_eq!((manifest["cwd"].as_str(), manifest["model"].as_str()), (Some("/w/my proj"), Some("model-x")));
    assert_eq!(manifest["messages_path"].as_str(), plan.path.to_str());
    // A result without a name fails the whole turn.
    let document: Value = serde_json::from_slice(&memory.0[&plan.path]).unwrap();
    let results: Vec<_> = document["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["content"][0])
        .filter(|b| b["type"] == "tool_result")
        .collect();
    assert_eq!(results.iter().map(|b| b["name"].as_str().unwrap()).collect::<Vec<_>>(), ["Read", "Bash"]);
}

/// Writes for the version that has tasks, with an index of these bytes.
fn classic(messages: Vec<Message>, index: Option<&[u8]>) -> (Memory, Plan, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".cline/data/state");
    std::fs::create_dir_all(&state).unwrap();
    if let Some(bytes) = index {
        std::fs::write(state.join("taskHistory.json"), bytes).unwrap();
    }
    let mut target = target();
    target.places.home = home.path().to_owned();
    target.version = Some("2.18.0".into());
    let mut memory = Memory::default();
    let plan = Cline.write(&mut Talk::of(messages), &target, &mut memory).unwrap();
    (memory, plan, home)
}

#[test]
fn for_the_older_tool_a_task_is_written_and_named_in_its_index() {
    let (memory, plan, home) = classic(talk(), None);
    for (path, bytes) in &memory.0 {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let found = Cline.discover(&Places { home: home.path().to_owned(), ..Places::default() }).found;
    let names: Vec<_> = found.iter().map(|f| (f.native.as_str(), f.part.as_str())).collect();
    assert_eq!(names, [("1800000000000", ""), ("1800000000000", "ui")]);
    assert_eq!(said(&messages(&opened(&Cline, &found[0]).0)), said(&talk()));
    assert_eq!(plan.files.len(), 4);

    let (_, plan, _home) = classic(talk(), Some(b"[{\"id\":\"1\"}]\n"));
    let Some(Planned::Rewrite { was, now, .. }) = plan.files.last() else { panic!("{plan:?}") };
    let now: Value = serde_json::from_slice(now).unwrap();
    assert_eq!((was.as_slice(), now.as_array().unwrap().len()), (b"[{\"id\":\"1\"}]\n".as_slice(), 2));
    assert_eq!(
        (now[1]["id"].as_str(), now[1]["cwdOnTaskInitialization"].as_str()),
        (Some("1800000000000"), Some("/w/my proj"))
    );
    let (_, plan, _home) = classic(talk(), Some(b"[ ]"));
    let Some(Planned::Rewrite { now, .. }) = plan.files.last() else { panic!("{plan:?}") };
    assert_eq!(serde_json::from_slice::<Value>(now).unwrap().as_array().unwrap().len(), 1);
    assert_eq!(Cline.resume_command("1800000000000"), ["cline", "--taskId", "1800000000000"]);
    assert_eq!(Cline.resume_command("01a2-7f"), ["cline", "--id", "01a2-7f"]);
}

#[test]
fn an_index_that_is_none_is_not_written_over() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".cline/data/state");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("taskHistory.json"), b"{\"odd\":1}").unwrap();
    let mut target = target();
    target.places.home = home.path().to_owned();
    target.version = Some("2.18.0".into());
    let outcome = Cline.write(&mut Talk::of(talk()), &target, &mut Memory::default());
    assert!(matches!(outcome, Err(ToolError::Write { .. })));
}

#[test]
fn what_an_api_refuses_is_put_right_and_told() {
    let odd = vec![
        Message {
            role: Role::Assistant,
            blocks: vec![
                Block::Thinking { text: text(""), signature: Some(text("sealed")) },
                call("a.b c", "[1]"),
                call("Bash", "{}"),
            ],
        },
        Message {
            role: Role::User,
            blocks: vec![Block::Result {
                call: Some(1),
                status: Status::Ok,
                parts: vec![Part::Image("image/bmp".into(), text("Qk0="))],
            }],
        },
        says(Role::User, "never mind"),
        Message {
            role: Role::System,
            blocks: vec![Block::Summary(text("all so far")), Block::Notice(text("note"))],
        },
        Message {
            role: Role::User,
            blocks: vec![
                result(Status::Ok, "whose?"),
                Block::File("application/pdf".into(), "a.pdf".into(), text("JVBE")),
            ],
        },
    ];
    for (memory, plan) in [written(&Cline, odd.clone()), {
        let (memory, plan, _home) = classic(odd.clone(), None);
        (memory, plan)
    }] {
        let document: Value = serde_json::from_slice(&memory.0[&plan.path]).unwrap();
        let rows = document.get("messages").unwrap_or(&document).as_array().unwrap().clone();
        assert_eq!(rows[0]["role"], "user");
        let all = serde_json::to_string(&rows).unwrap();
        for words in
            ["a_b_c", "[interrupted]", "never mind", "all so far", "whose?", "[document a.pdf]", "[picture]"]
        {
            assert!(all.contains(words), "{words}: {all}");
        }
        assert!(!all.contains("sealed") && !all.contains("note\""), "{all}");
        let calls = all.matches("\"tool_use\"").count();
        assert_eq!((calls, all.matches("\"tool_result\"").count()), (2, 2));
        let losses: Vec<_> = plan.losses.iter().map(|loss| loss.what.as_str()).collect();
        assert!(losses.len() >= 8, "{losses:?}");
    }
    assert!(matches!(
        Cline.write(&mut Talk::of(vec![]), &target(), &mut Memory::default()),
        Err(ToolError::Empty)
    ));
}

proptest! {
    #[test]
    fn nothing_panics(text in "(\\{|\\}|\\[|\\]|\"messages\":|\"role\":|\"user\"|\"assistant\"|\"content\":|\"type\":|\"text\"|\"tool_result\"|\"metadata\":|\"origin\":|,|1|null){0,30}") {
        let home = Home::new(&[
            (&format!("sessions/{ID}/{ID}.messages.json"), text.as_bytes()),
            (&format!("sessions/{ID}/{ID}.json"), text.as_bytes()),
        ]);
        let (_, joined, _) = opened(&Cline, &home.discover().found[0]);
        prop_assert_eq!(joined, text.as_bytes());
    }
}
