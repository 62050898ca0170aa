//! What is imported, how it is known again, and what becomes of it later.

use std::fs;

use serde_json::Value;

use crate::sandbox::Throwaway;
use crate::{put, put_homes};

const FORMS: [&str; 4] = ["sessionfs", "agent-trace", "specstory", "jsonl"];

/// A home with sessions in a form, in a folder `in`.
fn with(form: &str) -> Throwaway {
    let home = Throwaway::new(&["home", "in"]);
    put_homes(form, &home.path("in"));
    home
}

fn ids(home: &Throwaway) -> Vec<String> {
    let list = home.json(&["list", "--all", "--json"]);
    let mut ids: Vec<String> =
        list.as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn commits(home: &Throwaway) -> Vec<String> {
    let each = |id: String| home.json(&["show", &id, "--json"])["commit"].as_str().unwrap().to_owned();
    ids(home).into_iter().map(each).collect()
}

#[test]
fn what_is_imported_is_kept_byte_for_byte_and_known_again() {
    for form in FORMS {
        let home = with(form);
        let first = home.json(&["import", "../in", "--json"]);
        let sources = first["sources"].as_array().unwrap();
        assert!(
            !sources.is_empty() && sources.iter().all(|s| s["form"] == form && s["state"] == "new"),
            "{first}"
        );
        assert!(first["messages"].as_u64().unwrap() > 0 && first["trouble"] == 0, "{first}");
        let known = ids(&home);
        assert_eq!(known.len(), sources.len(), "{form}");

        let again = home.json(&["import", "../in", "--json"]);
        assert!(again["sources"].as_array().unwrap().iter().all(|s| s["state"] == "known"), "{again}");
        assert_eq!((&again["records"], &again["commits"]), (&0.into(), &0.into()), "{form}");
        assert_eq!(ids(&home), known, "{form}");
        let one = home.json(&["import", "../in", "--dry-run", "--json", "--format", form]);
        assert_eq!(one["sources"].as_array().unwrap().len(), sources.len(), "{form}");

        home.ok(&["restore", "--all", "--to", "out"]);
        let below = home.path(&format!("project/out/{form}"));
        for entry in walkdir::WalkDir::new(home.path("in")) {
            let path = entry.unwrap().into_path();
            if path.is_file() {
                let there = below.join(path.strip_prefix("/").unwrap());
                assert!(fs::read(&path).unwrap() == fs::read(&there).unwrap(), "{form}: {}", path.display());
            }
        }
        home.ok(&["fsck"]);
    }
}

#[test]
fn the_same_files_are_the_same_sessions_on_each_machine() {
    for form in FORMS {
        let (here, there) = (with(form), with(form));
        for home in [&here, &there] {
            home.ok(&["import", "../in"]);
        }
        assert_eq!(commits(&here), commits(&there), "{form}");
        // A project's own histories are known as a capture knows them.
        if form != "specstory" {
            assert_eq!(ids(&here), ids(&there), "{form}");
        }
    }
}

#[test]
fn a_file_that_has_grown_is_read_on_and_one_that_was_rewritten_keeps_what_it_was() {
    let home = Throwaway::new(&["home", "in"]);
    let row = |role: &str, words: &str| format!("{{\"role\":\"{role}\",\"content\":\"{words}\"}}\n");
    let first = [row("user", "one"), row("assistant", "two")].concat();
    put(&home.path("in"), "talk.jsonl", &first);
    home.ok(&["import", "../in/talk.jsonl"]);
    let [id] = ids(&home).try_into().unwrap();
    let tip = commits(&home);

    put(&home.path("in"), "talk.jsonl", first.clone() + &row("user", "three"));
    let grown = home.json(&["import", "../in/talk.jsonl", "--json"]);
    assert_eq!((&grown["records"], &grown["sources"][0]["state"]), (&1.into(), &"changed".into()));
    assert_eq!(ids(&home), std::slice::from_ref(&id));
    let line = home.json(&["show", &id, "--all", "--json"]);
    assert_eq!(line["messages"].as_array().unwrap().len(), 3);
    assert!(line["messages"].to_string().contains(&tip[0]), "goes on from there");

    put(&home.path("in"), "talk.jsonl", first.replace("two", "another"));
    home.ok(&["import", "../in/talk.jsonl"]);
    let kept = home.json(&["show", &format!("{id}/kept-1"), "--all", "--json"]);
    assert_eq!(kept["messages"].as_array().unwrap().len(), 3);
    let now = home.json(&["show", &format!("{id}/main"), "--all", "--json"]);
    assert!(now["messages"].to_string().contains("another"));
}

#[test]
fn nobody_misses_what_was_imported() {
    for form in FORMS {
        let home = with(form);
        // Histories are looked for in projects: these lie elsewhere.
        if form == "specstory" {
            let history = home.path("in/.specstory/history/2026-01-02_03-04-05Z-gruesse.md");
            fs::rename(history, home.path("in/gruesse.md")).unwrap();
        }
        home.ok(&["import", "../in"]);
        fs::remove_dir_all(home.path("in")).unwrap();
        for command in [&["list", "--all"][..], &["capture"], &["status"], &["doctor"]] {
            let output = home.run(command);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && !said.contains("warning"), "{form}: {command:?}: {said}");
        }
        let list = home.json(&["list", "--all", "--json"]);
        assert!(list.as_array().unwrap().iter().all(|session| session["gone"] == false), "{form}: {list}");
    }
}

#[test]
fn what_was_imported_is_a_session_like_any_other() {
    let home = with("sessionfs");
    home.ok(&["import", "../in"]);
    let [id] = ids(&home).try_into().unwrap();
    let list = &home.json(&["list", "--all", "--json"])[0];
    assert_eq!((&list["title"], &list["project"]), (&"Mend a.rs".into(), &"/w".into()), "{list}");
    let shown = home.json(&["show", &format!("{id}/main"), "--all", "--json"]);
    let pieces: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|message| message["blocks"].as_array().unwrap())
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    let want = [
        "summary", "text", "thinking", "text", "call", "call", "result", "result", "notice", "text", "other",
    ];
    assert_eq!(pieces, want, "{shown}");
    // Tokens that two lines repeat are counted once.
    let stats = home.json(&["stats", "--json"]);
    assert!(stats.to_string().contains("\"output\":5"), "{stats}");
    assert!(home.ok(&["search", "größer"]).contains(&id[..12]));
    assert!(home.ok(&["log", &id]).contains("Mend a.rs, größer"));
    home.ok(&["fork", &format!("{id}~0"), "--name", "other"]);
    let resumed = home.json(&["resume", &id, "--in", "codex", "--project", ".", "--json"]);
    assert_eq!(resumed["messages"], 6, "{resumed}");
    // A form is no tool to go on in, nor one whose sessions are captured.
    assert!(home.fails(2, &["resume", &id]).contains("--in"));
    assert!(home.fails(2, &["resume", &id, "--in", "jsonl"]).contains("sfs export --as jsonl"));
    assert!(home.fails(2, &["capture", "sessionfs"]).contains("no tool is called"));
    // Its subagent's run is a branch of its own.
    let run = home.json(&["show", &format!("{id}/side-1"), "--all", "--json"]);
    assert_eq!(run["messages"].as_array().unwrap().len(), 2, "{run}");
}

#[test]
fn a_line_is_a_session_and_none_is_taken_for_the_copy_of_another() {
    let home = Throwaway::new(&["home", "in"]);
    let line = |answer: &str| {
        format!(
            "{{\"messages\":[{{\"role\":\"system\",\"content\":\"be brief\"}},{{\"role\":\"user\",\"content\":\"hi\"}},{{\"role\":\"assistant\",\"content\":\"{answer}\"}}]}}\n"
        )
    };
    put(&home.path("in"), "set.jsonl", [line("a"), "\n".to_owned(), line("b"), line("a")].concat());
    home.ok(&["import", "../in", "--project", "."]);
    let list = home.json(&["list", "--json"]);
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 3, "{list:?}");
    assert!(list.iter().all(|s| s["branches"].as_array().unwrap().len() == 1), "{list:?}");
    let here = home.path("project");
    assert!(list.iter().all(|s| s["project"].as_str() == here.to_str()), "{list:?}");

    // A line that is taken away is gone; the store keeps it, and restores the file as it is.
    put(&home.path("in"), "set.jsonl", line("a"));
    home.ok(&["import", "../in"]);
    assert_eq!(ids(&home).len(), 3);
    home.ok(&["restore", "--all", "--to", "out"]);
    let place = home.path("in/set.jsonl");
    let restored = home.path("project/out/jsonl").join(place.strip_prefix("/").unwrap());
    assert_eq!(fs::read_to_string(restored).unwrap(), line("a"));
}

#[test]
fn a_trace_is_told_as_notices_in_which_nobody_speaks() {
    let home = with("agent-trace");
    home.ok(&["import", "../in"]);
    let id = ids(&home).into_iter().find(|id| home.ok(&["show", id, "--all"]).contains("parser")).unwrap();
    let told = home.ok(&["show", &id, "--all", "--full"]);
    let want = "src/parser.ts 42-67,70 (human): ai anthropic/claude-x, https://x.example/c/12345, https://x.example/s/67890";
    assert!(told.contains(want) && told.contains("src/größer.ts 1-2: unknown"), "{told}");
    assert!(home.fails(1, &["resume", &id, "--in", "codex", "--project", "."]).contains("nothing to resume"));
}

#[test]
fn what_was_deleted_stays_deleted() {
    let home = with("sessionfs");
    home.ok(&["import", "../in"]);
    let [id] = ids(&home).try_into().unwrap();
    home.ok(&["delete", &id]);
    let again = home.json(&["import", "../in", "--json"]);
    assert_eq!(again["sources"][0]["state"], "deleted", "{again}");
    assert!(ids(&home).is_empty());
    let said = home.run(&["import", "../in"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("delete --undo"));
}

#[test]
fn a_form_is_known_by_itself_or_all_are_named() {
    let home = Throwaway::new(&["home", "in"]);
    put(&home.path("in"), "notes.md", "# Notes\n");
    put(&home.path("in"), "package.json", "{\"version\":\"1.0.0\",\"files\":[]}");
    put(
        &home.path("in"),
        "rows.jsonl",
        "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"hi\"}}\n",
    );
    let said = home.fails(1, &["import", "../in"]);
    assert!(FORMS.iter().all(|form| said.contains(form)), "{said}");
    assert!(home.fails(1, &["import", "../in/notes.md", "--format", "jsonl"]).contains("\"jsonl\""));
    assert!(home.fails(2, &["import", "../in", "--format", "x"]).contains("specstory"));
    assert!(home.fails(1, &["import", "../nowhere"]).contains("nowhere"));
    for form in FORMS {
        put_homes(form, &home.path("in").join(form));
    }
    let found = home.json(&["import", "../in", "--json"]);
    let forms: std::collections::BTreeSet<&str> =
        found["sources"].as_array().unwrap().iter().filter_map(|s: &Value| s["form"].as_str()).collect();
    assert_eq!(forms.len(), FORMS.len(), "{found}");
    assert_eq!(found["passed_over"].as_u64(), Some(3), "{found}");
}
