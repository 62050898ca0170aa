//! What goes out: where to, over nothing, and never with a secret in it.

use std::fs;

use serde_json::{Value, json};

use crate::put;
use crate::sandbox::Throwaway;

/// Letters drawn by chance, always the same: no token stands in this file.
fn token() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut seed: u64 = 7;
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(seed >> 33) as usize % letters.len()])
    };
    format!("ghp_{}", (0..36).map(next).collect::<String>())
}

/// A home with a session of these texts, by turns of the user and the model.
fn with(texts: &[&str]) -> Throwaway {
    let home = Throwaway::new(&["home", "in"]);
    let row = |(n, text): (usize, &&str)| {
        let role = if n % 2 == 0 { "user" } else { "assistant" };
        format!("{}\n", json!({"role": role, "content": text, "timestamp": 1_767_323_045 + n}))
    };
    let rows: String = texts.iter().enumerate().map(row).collect();
    put(&home.path("in"), "talk.jsonl", rows);
    home.ok(&["import", "../in", "--project", "."]);
    home
}

const CONVERSATIONS: [&str; 3] = ["sessionfs", "specstory", "jsonl"];

#[test]
fn a_secret_stops_it_is_taken_out_or_is_let_go() {
    let token = token();
    // Short and long, in the title, and in what was put in base64.
    let long = format!("{} {token}", "words ".repeat(200));
    for texts in [[format!("use {token} for it"), "yes".to_owned()], ["here".to_owned(), long]] {
        let home = with(&texts.each_ref().map(String::as_str));
        for form in CONVERSATIONS {
            for to in [&["-o", "out"][..], &["-o", "-"], &[]] {
                if form == "sessionfs" && to == ["-o", "-"] {
                    continue;
                }
                let output = home.run(&[&["export", "@", "--as", form], to].concat());
                assert_eq!(output.status.code(), Some(4), "{form} {to:?}");
                assert!(!String::from_utf8_lossy(&output.stdout).contains(&token), "{form}");
            }
            let left: Vec<_> = fs::read_dir(home.path("project")).unwrap().collect();
            assert!(left.is_empty(), "{form}: {left:?}");
            home.ok(&["export", "@", "--as", form, "--redact", "-o", "out/it.sfs"]);
            let mut files = 0;
            for entry in walkdir::WalkDir::new(home.path("project/out")) {
                let path = entry.unwrap().into_path();
                if path.is_file() {
                    files += 1;
                    let bytes = fs::read_to_string(&path).unwrap();
                    assert!(!bytes.contains(&token), "{form}: {}", path.display());
                }
            }
            assert!(files > 0);
            let all: String = walkdir::WalkDir::new(home.path("project/out"))
                .into_iter()
                .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
                .collect();
            assert!(all.contains("[redacted:"), "{form}: {all}");
            fs::remove_dir_all(home.path("project/out")).unwrap();
        }
        // The store keeps it, and what is let go leaves.
        home.fails(2, &["export", "@", "--as", "jsonl", "--allow-all"]);
        assert!(home.ok(&["export", "@", "--as", "jsonl", "--allow-all", "--yes"]).contains(&token));
        assert!(home.ok(&["export", "@", "--as", "jsonl"]).contains(&token), "it was let go for good");
    }
}

#[test]
fn it_goes_where_it_is_told_and_over_nothing() {
    let home = with(&["hi", "hello"]);
    let printed = home.ok(&["export", "@", "--as", "jsonl"]);
    let line: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(line["messages"][1], json!({"role": "assistant", "content": "hello"}));
    home.ok(&["export", "--as", "jsonl", "-o", "it.jsonl"]);
    let file = home.path("project/it.jsonl");
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&file, "mine").unwrap();
    let said = home.fails(1, &["export", "@", "--as", "jsonl", "-o", "it.jsonl"]);
    assert!(said.contains("exists") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    home.ok(&["export", "@", "--as", "jsonl", "-o", "it.jsonl", "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);

    // Within a folder, it is called after the session.
    fs::create_dir(home.path("project/folder")).unwrap();
    home.ok(&["name", "greeting", "@"]);
    for form in CONVERSATIONS {
        home.ok(&["export", "@", "--as", form, "-o", "folder"]);
    }
    let mut names: Vec<String> = fs::read_dir(home.path("project/folder"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let [line, page, own] = names.try_into().unwrap();
    assert_eq!([line, page], ["greeting.jsonl", "greeting.md"]);
    // Where a form's own program finds sessions by their ids, by that.
    let folder = home.path("project/folder").join(&own);
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(own, format!("{}.sfs", manifest["session_id"].as_str().unwrap()));
    // A folder is written over file by file.
    fs::write(folder.join("mine"), "mine").unwrap();
    home.fails(1, &["export", "@", "--as", "sessionfs", "-o", "folder"]);
    home.ok(&["export", "@", "--as", "sessionfs", "-o", "folder", "--force"]);
    assert_eq!(fs::read_to_string(folder.join("mine")).unwrap(), "mine");
    let told = home.json(&["export", "@", "--as", "specstory", "-o", "told.md", "--json"]);
    assert_eq!((&told["messages"], &told["losses"]), (&2.into(), &json!([])), "{told}");
    home.fails(2, &["export", "@", "--as", "jsonl", "--json"]);
    home.fails(2, &["export", "@", "--as", "nothing"]);
}

#[test]
fn what_a_form_cannot_hold_is_told_with_its_number() {
    let home = Throwaway::new(&["home", "in"]);
    let call = json!({"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [
        {"id": "1", "function": {"name": "bash", "arguments": "{\"command\":\"ls\"}"}}]});
    let rows = [
        json!({"role": "user", "content": "look"}),
        call,
        json!({"role": "tool", "tool_call_id": "1", "content": "none", "is_error": true}),
    ];
    put(&home.path("in"), "talk.jsonl", rows.map(|row| format!("{row}\n")).concat());
    home.ok(&["import", "../in", "--project", "."]);
    let output = home.run(&["export", "@", "--as", "jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a thought is left out (1 times)"), "{said}");
    assert!(said.contains("that a call failed can only be told by its words (1 times)"), "{said}");
}

#[test]
fn a_trace_tells_which_lines_the_session_wrote_and_no_others() {
    let home = Throwaway::new(&["home/.claude/projects/-p"]);
    let cwd = home.path("project");
    let file = cwd.join("a.rs");
    let row = |n: usize, role: &str, content: Value| {
        let parent = if n == 0 { Value::Null } else { json!(format!("u{}", n - 1)) };
        let row = json!({
            "parentUuid": parent, "isSidechain": false, "type": role, "sessionId": "s", "uuid": format!("u{n}"),
            "cwd": cwd, "version": "2.0.0", "timestamp": format!("2026-01-01T00:00:0{n}.000Z"),
            "message": {"role": role, "content": content, "model": "model-x"},
        });
        format!("{row}\n")
    };
    let rows = [
        row(0, "user", json!("write it")),
        row(
            1,
            "assistant",
            json!([{"type": "tool_use", "id": "t", "name": "Write",
            "input": {"file_path": file, "content": "one\ntwo\n"}}]),
        ),
        row(2, "user", json!([{"type": "tool_result", "tool_use_id": "t", "content": "written"}])),
        row(3, "assistant", json!([{"type": "text", "text": "Done."}])),
    ];
    put(&home.path("home/.claude/projects/-p"), "s.jsonl", rows.concat());
    fs::write(&file, "one\nby hand\ntwo\n").unwrap();
    home.ok(&["capture"]);
    let trace = home.json(&["export", "@", "--as", "agent-trace"]);
    let told = &trace["files"][0];
    assert_eq!(told["path"], "a.rs", "{trace}");
    let ranges = json!([{"start_line": 1, "end_line": 1}, {"start_line": 3, "end_line": 3}]);
    assert_eq!(told["conversations"].as_array().unwrap().len(), 1, "{trace}");
    assert_eq!(told["conversations"][0]["ranges"], ranges, "{trace}");
    assert_eq!(told["conversations"][0]["contributor"], json!({"type": "ai", "model_id": "model-x"}));
    // It is a trace, and comes in as one.
    home.ok(&["export", "@", "--as", "agent-trace", "-o", "trace.json"]);
    let found = home.json(&["import", "trace.json", "--json"]);
    assert_eq!(found["sources"][0]["form"], "agent-trace", "{found}");
    fs::remove_file(&file).unwrap();
    assert!(home.fails(1, &["export", "@/main", "--as", "agent-trace"]).contains("no line"));
}
