//! Tests of task folders, as Roo Code's adapter reads them.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{HISTORY, SHOWN, UI};
use crate::object::message::{Action, Block, Part, Role, Status};
use crate::tool::testing::{messages, opened, result, says, text};
use crate::tool::{Discovery, Found, Places, Step, Tool, by_name};

const TASK: &str = "01a20237-0d36-74d7-9f8d-bda6abeab6f4";

fn roo() -> &'static dyn Tool {
    by_name("roo").unwrap()
}

/// A home with a task that has these files.
struct Home(tempfile::TempDir);

impl Home {
    fn new(files: &[(&str, &[u8])]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        let folder =
            home.0.path().join(".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks").join(TASK);
        for (name, bytes) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        home
    }

    fn discover(&self) -> Discovery {
        roo().discover(&Places { home: self.0.path().to_owned(), ..Places::default() })
    }

    fn found(&self) -> Found {
        self.discover().found.into_iter().find(|found| found.part.is_empty()).unwrap()
    }
}

fn read(rows: &Value) -> Vec<Step> {
    let bytes = serde_json::to_vec_pretty(rows).unwrap();
    let (steps, joined, _) = opened(roo(), &Home::new(&[(HISTORY, &bytes)]).found());
    assert_eq!(joined, bytes);
    steps
}

fn blocks(step: &Step) -> Vec<Block> {
    step.message.as_ref().map(|draft| draft.message.blocks.clone()).unwrap_or_default()
}

const DETAILS: &str = "<environment_details>\n# Current Mode\n<slug>code</slug>\n<model>model-y</model>\n\n# Current Workspace Directory (/w/p) Files\na.rs\n</environment_details>";

#[test]
fn messages_mean_what_they_say() {
    let steps = read(&json!([
        {"role": "user", "ts": 10, "content": [
            {"type": "text", "text": "<user_message>\nfix  it\n</user_message>"},
            {"type": "text", "text": DETAILS},
        ]},
        {"role": "assistant", "ts": 20, "content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a.rs"}},
            {"type": "tool_use", "id": "t2", "name": "execute_command", "input": {"command": "ls"}},
        ]},
        {"role": "user", "ts": 30, "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "fn"},
            {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "no"}], "is_error": true},
            {"type": "text", "text": "<environment_details>\n</environment_details>"},
        ]},
        {"role": "assistant", "ts": 40, "content": [
            {"type": "tool_use", "id": "t3", "name": "attempt_completion", "input": {"result": "Done."}},
        ]},
        {"role": "user", "ts": 50, "content": [
            {"type": "tool_result", "tool_use_id": "t3", "content": "<user_message>\nand now that\n</user_message>"},
        ]},
        {"role": "holo", "content": "?"},
        7,
    ]));
    assert_eq!(steps[0].prompt.as_deref(), Some("fix it"));
    assert_eq!(steps[0].facts.cwd.as_deref(), Some("/w/p"));
    assert_eq!(blocks(&steps[0]), [Block::Text(text("fix  it")), Block::Notice(text(DETAILS))]);
    assert_eq!((steps[1].time, steps[1].model.as_deref()), (Some(20), Some("model-y")));
    assert_eq!(steps[1].files, ["ra.rs"]);
    let draft = |n: usize| steps[n].message.clone().unwrap();
    assert_eq!(draft(1).calls, draft(2).results);
    assert!(
        matches!(&blocks(&steps[1])[2], Block::Call { name, action: Action::Shell, .. } if name == "execute_command")
    );
    assert_eq!(blocks(&steps[2])[..2], [result(Status::Ok, "fn"), result(Status::Error, "no")]);
    assert_eq!((draft(2).message.role, steps[2].prompt.clone()), (Role::User, None));
    // What a person answers to what is handed in begins a turn.
    assert_eq!(steps[4].prompt.as_deref(), Some("and now that"));
    assert!(steps[5].unknown && steps[6].unknown && !steps[4].unknown);
}

#[test]
fn calls_in_text_are_calls_and_their_results_results() {
    let user = |blocks: &[&str]| {
        let blocks: Vec<Value> = blocks.iter().map(|text| json!({"type": "text", "text": text})).collect();
        json!({"role": "user", "content": blocks})
    };
    let model = |text: &str| json!({"role": "assistant", "content": [{"type": "text", "text": text}]});
    let steps = read(&json!([
        user(&["<task>\nlook\n</task>", DETAILS]),
        model("I look.\n\n<read_file>\n<path>a.rs</path>\n</read_file>"),
        user(&["[read_file for 'a.rs'] Result:", "1 | fn", "<environment_details>\n</environment_details>"]),
        model("<write_to_file>\n<path>b.rs</path>\n<content>\nx\n</content>\n</write_to_file>\n"),
        user(&[
            "[write_to_file for 'b.rs'] Result:\nThe tool execution failed with the following error:\n<error>\nno\n</error>"
        ]),
        model("<read_file>\n<path>c.rs</path>\n</read_file> they said"),
        user(&["[read_file for 'c.rs'] Result:\nlate"]),
        model("<attempt_completion>\n<result>\nDone.\n</result>\n</attempt_completion>"),
        user(&[
            "[attempt_completion] Result:",
            "The user has provided feedback on the results. Consider their input to continue the task, and then attempt completion again.\n<feedback>\nmore\n</feedback>"
        ]),
    ]));
    let draft = |n: usize| steps[n].message.clone().unwrap();
    assert_eq!(blocks(&steps[1])[0], Block::Text(text("I look.")));
    assert!(
        matches!(&blocks(&steps[1])[1], Block::Call { name, action: Action::Read, .. } if name == "read_file")
    );
    assert_eq!(steps[1].files, ["ra.rs"]);
    assert_eq!(draft(1).calls, draft(2).results);
    assert_eq!(blocks(&steps[2])[0], result(Status::Ok, "1 | fn"));
    assert!(matches!(blocks(&steps[2])[1], Block::Notice(_)));
    assert_eq!((steps[3].files.clone(), draft(3).calls), (vec!["wb.rs".to_owned()], draft(4).results));
    assert!(matches!(&blocks(&steps[4])[0], Block::Result { status: Status::Error, .. }));
    // Not exact: text, and what came of it a notice.
    assert!(matches!(blocks(&steps[5])[..], [Block::Text(_)]));
    assert!(matches!(blocks(&steps[6])[..], [Block::Notice(_)]));
    assert_eq!(blocks(&steps[7]), [Block::Text(text("Done."))]);
    assert_eq!(steps[8].prompt.as_deref(), Some("more"));
}

#[test]
fn summaries_marks_and_thoughts_are_no_prompts() {
    let steps = read(&json!([
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "hi"}], "reasoning_content": "hm"},
        {"role": "assistant", "type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}], "encrypted_content": "e"},
        {"role": "user", "isSummary": true, "condenseId": "c", "content": [{"type": "text", "text": "all so far"}]},
        {"role": "user", "isTruncationMarker": true, "truncationId": "t", "content": "[cut]"},
        {"role": "user", "content": [{"type": "text", "text": "[ERROR] You did not use a tool"}]},
        {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}}]},
    ]));
    assert_eq!(messages(&steps[..1]), [says(Role::User, "hello")]);
    assert!(matches!(&blocks(&steps[1])[..], [Block::Thinking { signature: None, .. }, Block::Text(_)]));
    assert!(matches!(&blocks(&steps[2])[..], [Block::Thinking { signature: Some(_), .. }]));
    assert_eq!(blocks(&steps[3]), [Block::Summary(text("all so far"))]);
    assert_eq!(blocks(&steps[4]), [Block::Notice(text("[cut]"))]);
    for step in &steps[3..6] {
        assert_eq!((step.message.as_ref().unwrap().message.role, &step.prompt), (Role::System, &None));
    }
    assert_eq!(blocks(&steps[6]), [Block::Image("image/png".to_owned(), text("aWNvbg=="))]);
    assert_eq!(steps[6].prompt.as_deref(), Some(""));
}

#[test]
fn results_of_tools_keep_their_pictures() {
    let steps = read(&json!([
        {"role": "user", "content": "x"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "text", "text": "seen"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}},
            {"type": "holo", "x": 1},
        ]}]},
    ]));
    let Block::Result { parts, .. } = &blocks(&steps[1])[0] else { panic!("{steps:?}") };
    assert_eq!(parts[0], Part::Text(text("seen")));
    assert_eq!(parts[1], Part::Image("image/png".to_owned(), text("aWNvbg==")));
    assert!(matches!(parts[2], Part::Other(_)));
}

#[test]
fn a_task_is_found_with_what_lies_beside_it() {
    let home = Home::new(&[
        (HISTORY, br#"[{"role":"user","content":"hi","ts":1}]"#),
        (SHOWN[0], br#"[{"ts":1,"type":"say","say":"text"},{"ts":2,"type":"say","say":"api_req_started","text":"{}"},{"ts":3,"type":"ask","ask":"tool"}]"#),
        ("history_item.json", br#"{"id":"x","workspace":"/w","parentTaskId":"p"}"#),
        ("task_metadata.json", br#"{"environment_history":[{"cline_version":"3.1"},{"cline_version":"3.2"}]}"#),
        ("command-output/cmd-1.txt", b"long"),
        ("checkpoints/.git/HEAD", b"ref"),
        (".history_item.json.new_1.tmp", b"half"),
        ("x.lock", b""),
    ]);
    let Discovery { found, trouble } = home.discover();
    assert!(trouble.is_empty(), "{trouble:?}");
    let [task, shown] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((task.native.as_str(), task.part.as_str()), (TASK, ""));
    assert_eq!((shown.native.as_str(), shown.part.as_str()), (TASK, UI));
    let names: Vec<_> = task.side.iter().map(|side| side.place.rsplit_once(TASK).unwrap().1).collect();
    assert_eq!(names, ["/command-output/cmd-1.txt", "/history_item.json", "/task_metadata.json"]);
    assert!(task.place.starts_with(".config/Code/User/globalStorage/"), "{}", task.place);

    let (_, _, frame) = opened(roo(), task);
    assert_eq!(frame.facts.cwd.as_deref(), Some("/w"));
    assert_eq!((frame.facts.parent.as_deref(), frame.facts.version.as_deref()), (Some("p"), Some("3.2")));
    // The last request and what follows it may still change.
    let (steps, bytes, frame) = opened(roo(), shown);
    assert_eq!((steps.len(), steps[0].clone()), (1, Step::default()));
    assert!(frame.trail.windows(15).any(|w| w == b"api_req_started"));
    assert_eq!(bytes, std::fs::read(&shown.path).unwrap());
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_into_is_told_and_the_rest_is_found() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new(&[(HISTORY, b"[]")]);
    let tasks = home.found().path.ancestors().nth(2).unwrap().to_owned();
    let other = tasks.join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o000)).unwrap();
    let discovery = home.discover();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(discovery.found.len(), 1);
    // A user who may look everywhere has no trouble.
    assert!(discovery.trouble.is_empty() || discovery.trouble[0].path == other);
}

#[test]
fn tasks_of_a_moved_storage_and_of_other_editors_are_found() {
    let home = tempfile::tempdir().unwrap();
    let write = |place: &str, bytes: &[u8]| {
        let path = home.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let moved = home.path().join("moved");
    let settings = json!({"roo-cline.customStoragePath": moved}).to_string();
    write(".config/Code/User/settings.json", settings.as_bytes());
    write("moved/tasks/a/api_conversation_history.json", b"[]");
    let storage = "globalStorage/rooveterinaryinc.roo-cline/tasks";
    for (n, user) in [
        ".config/Code - Insiders/User",
        ".config/VSCodium/User",
        ".config/Cursor/User",
        ".config/Windsurf/User",
        ".vscode-server/data/User",
    ]
    .iter()
    .enumerate()
    {
        write(&format!("{user}/{storage}/{n}/api_conversation_history.json"), b"[]");
    }
    write(".vscode-mock/global-storage/tasks/b/api_conversation_history.json", b"[]");
    let found = roo().discover(&Places { home: home.path().to_owned(), ..Places::default() }).found;
    let mut natives: Vec<_> = found.iter().map(|found| found.native.as_str()).collect();
    natives.sort_unstable();
    assert_eq!(natives, ["0", "1", "2", "3", "4", "a", "b"]);
}

/// Any bytes in the place of a task.
fn survives(dir: &Path, name: &str, bytes: &[u8]) {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    let found = Found { path, ..crate::tool::testing::found(crate::tool::Framing::Document) };
    let (_, joined, _) = opened(roo(), &found);
    assert_eq!(joined, bytes);
}

proptest! {
    #[test]
    fn nothing_panics(text in "(\\[|\\{|\\}|\\]|\"role\":|\"user\"|\"assistant\"|\"content\":|\"type\":|\"text\"|\"tool_result\"|\"tool_use\"|\"isSummary\":true|,|:|1|\"<task>\\\\n\"|null){0,30}") {
        let dir = tempfile::tempdir().unwrap();
        survives(dir.path(), HISTORY, text.as_bytes());
        survives(dir.path(), SHOWN[0], text.as_bytes());
    }
}
