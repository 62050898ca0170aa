//! Drives the real binary: what a tool is given that another had, and the hooks
//! that tools call when a turn ends.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod sandbox;

use std::fs;

use sandbox::Throwaway;
use serde_json::{Value, json};

/// The sample that `sfs demo` plays.
const SESSION: &str = include_str!("../src/cli/demo/session.jsonl");
const NATIVE: &str = "7c1e5a30-4b7d-4d0e-9a52-3f6b8e21c904";
const SECRET: &str = "s3cr3t-value-of-nobody-else";

struct Sandbox(Throwaway);

impl std::ops::Deref for Sandbox {
    type Target = Throwaway;

    fn deref(&self) -> &Throwaway {
        &self.0
    }
}

impl Sandbox {
    /// With a session of Claude Code in the project, captured.
    fn new() -> Sandbox {
        let sandbox = Sandbox(Throwaway::new(&["home/.claude/projects/-p"]));
        let project = sandbox.path("project").to_string_lossy().into_owned();
        let place = format!("home/.claude/projects/-p/{NATIVE}.jsonl");
        sandbox.put(&place, &SESSION.replace("{project}", &project));
        sandbox.ok(&["capture"]);
        sandbox
    }

    fn put(&self, place: &str, text: &str) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, place: &str) -> String {
        fs::read_to_string(self.path(place)).unwrap()
    }

    /// What a command that must succeed says beside its outcome.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        said
    }
}

/// Servers of a project of Claude Code: two plain ones, and what must not go along.
fn servers() -> String {
    let servers = json!({"mcpServers": {
        "docs": {"type": "stdio", "command": "docs-server", "args": ["--root", "a \"b\""], "env": {"DOCS_KEY": SECRET}},
        "plain": {"command": "plain-server"},
        "keyed": {"command": "keyed", "args": ["--api-key", SECRET]},
        "far": {"type": "http", "url": format!("https://u:{SECRET}@h/mcp"), "headers": {"Authorization": SECRET}},
    }});
    format!("{servers:#}\n")
}

#[test]
fn a_tool_is_given_what_another_had_in_the_project() {
    let sandbox = Sandbox::new();
    sandbox.put("project/CLAUDE.md", "Brew it for 4 minutes.\n");
    sandbox.put("project/.mcp.json", &servers());
    let config = "# mine\nmodel = \"m\"\n";
    sandbox.put("project/.codex/config.toml", config);
    let resume = ["resume", "@", "--in", "codex", "--with-config"];
    // It is shown, and nobody who could agree is there.
    for (args, code) in [(&["--dry-run"][..], 0), (&[], 2)] {
        let output = sandbox.run(&[&resume, args].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        for what in
            ["AGENTS.md, a copy of CLAUDE.md", "[mcp_servers.docs]", "DOCS_KEY", "server keyed", "server far"]
        {
            assert!(said.contains(what), "{what}: {said}");
        }
        assert!(!said.contains(SECRET), "{said}");
        assert_eq!(sandbox.read("project/.codex/config.toml"), config);
        assert!(!sandbox.path("project/AGENTS.md").exists() && !sandbox.path("home/.codex").exists());
    }
    let told = sandbox.json(&[&resume[..], &["--yes", "--json"]].concat());
    assert_eq!(told["config"]["given"].as_array().unwrap().len(), 3, "{told:#}");
    assert_eq!(told["config"]["left"].as_array().unwrap().len(), 2, "{told:#}");
    assert_eq!(sandbox.read("project/AGENTS.md"), "Brew it for 4 minutes.\n");
    let now = sandbox.read("project/.codex/config.toml");
    assert!(now.starts_with(config) && !now.contains(SECRET) && !now.contains("DOCS_KEY"), "{now}");
    let now: toml::Table = now.parse().unwrap();
    let docs = toml::toml! { command = "docs-server"
    args = ["--root", "a \"b\""] };
    assert_eq!(now["mcp_servers"]["docs"], toml::Value::Table(docs));
    assert_eq!(now["mcp_servers"]["plain"]["command"].as_str(), Some("plain-server"));
    assert_eq!(now["mcp_servers"].as_table().unwrap().len(), 2);
    // A second time there is nothing left to agree to.
    let again = sandbox.json(&[&resume[..], &["--json"]].concat());
    assert_eq!(again["config"]["given"], json!([]), "{again:#}");
}

#[cfg(unix)]
#[test]
fn a_project_cannot_point_at_what_is_not_its_own() {
    let sandbox = Sandbox::new();
    sandbox.put("project/.mcp.json", &servers());
    fs::create_dir_all(sandbox.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path("project/.codex")).unwrap();
    let said = sandbox.says(&["resume", "@", "--in", "codex", "--with-config", "--yes"]);
    assert!(said.contains("leads out of the project"), "{said}");
    assert_eq!(fs::read_dir(sandbox.path("elsewhere")).unwrap().count(), 0);
    // Nor is a pipe waited for.
    fs::create_dir_all(sandbox.path("project/.gemini")).unwrap();
    let pipe = sandbox.path("project/.gemini/settings.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = sandbox.says(&["resume", "@", "--in", "gemini", "--with-config", "--yes"]);
    assert!(said.contains("cannot change"), "{said}");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let sandbox = Sandbox::new();
    sandbox.put("project/CLAUDE.md", "Brew it for 4 minutes.\n");
    sandbox.put("project/.mcp.json", &servers());
    sandbox.put("project/GEMINI.md", "mine\n");
    let settings = "{\"mcpServers\": {\"docs\": {\"command\": \"another\"}}}\n";
    sandbox.put("project/.gemini/settings.json", settings);
    let said = sandbox.says(&["resume", "@", "--in", "gemini", "--with-config", "--yes"]);
    assert!(
        said.contains("there is a GEMINI.md already") && said.contains("another server called docs"),
        "{said}"
    );
    assert_eq!(sandbox.read("project/GEMINI.md"), "mine\n");
    let now: Value = serde_json::from_str(&sandbox.read("project/.gemini/settings.json")).unwrap();
    let wanted = json!({"docs": {"command": "another"}, "plain": {"command": "plain-server", "args": []}});
    assert_eq!(now, json!({"mcpServers": wanted}));
    // What can't be understood is left alone.
    let broken = "{ // mine\n}";
    sandbox.put("project/.gemini/settings.json", broken);
    let said = sandbox.says(&["resume", "@", "--in", "gemini", "--with-config", "--yes"]);
    assert!(said.contains("can't be changed safely"), "{said}");
    assert_eq!(sandbox.read("project/.gemini/settings.json"), broken);
}

#[test]
fn instructions_that_are_gone_come_from_the_snapshot() {
    let sandbox = Sandbox::new();
    sandbox.put("project/CLAUDE.md", "Brew it for 4 minutes.\n");
    sandbox.ok(&["snapshot"]);
    fs::remove_file(sandbox.path("project/CLAUDE.md")).unwrap();
    let said = sandbox.says(&["resume", "@", "--in", "codex", "--with-config", "--yes"]);
    assert!(said.contains("a copy of snapshot "), "{said}");
    assert_eq!(sandbox.read("project/AGENTS.md"), "Brew it for 4 minutes.\n");
}

/// What the user has for all projects does not get into one.
#[test]
fn a_user_s_servers_stay_the_user_s() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["resume", "@", "--in", "codex"]);
    let file = fs::read_dir(sandbox.path("home/.codex/sessions")).unwrap().next().unwrap().unwrap();
    assert!(file.path().is_dir());
    let carried = find(&sandbox.path("home/.codex/sessions"));
    let turn = json!({"timestamp": "2027-01-01T00:00:00Z", "type": "response_item", "payload":
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and milk?"}]}});
    fs::write(&carried, format!("{}{turn}\n", fs::read_to_string(&carried).unwrap())).unwrap();
    sandbox.put("home/.codex/config.toml", "[mcp_servers.plain]\ncommand = \"plain-server\"\n");
    sandbox.ok(&["capture"]);
    let said = sandbox.says(&["resume", "@", "--in", "gemini", "--with-config", "--yes"]);
    assert!(said.contains(".gemini/settings.json"), "{said}");
    assert!(!sandbox.path("project/.gemini").exists());
    let now: Value = serde_json::from_str(&sandbox.read("home/.gemini/settings.json")).unwrap();
    assert_eq!(now["mcpServers"]["plain"]["command"], "plain-server");
}

const CLAUDE: &str = "home/.claude/settings.json";
const GEMINI: &str = "home/.gemini/settings.json";

/// The commands that a file has for an event.
fn hooks(settings: &str, event: &str) -> Vec<String> {
    let settings: Value = serde_json::from_str(settings).unwrap();
    let groups = settings["hooks"][event].as_array().unwrap().iter();
    groups
        .flat_map(|one| one["hooks"].as_array().unwrap())
        .map(|one| one["command"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn hooks_go_in_and_out_again() {
    let sandbox = Sandbox::new();
    for (tool, place, event) in [
        ("claude-code", CLAUDE, "Stop"),
        ("gemini", GEMINI, "AfterAgent"),
        ("codex", "home/.codex/hooks.json", "Stop"),
    ] {
        for text in [
            "{}".to_owned(),
            "{\n\t\"model\": \"m\",\n\t\"hooks\": { }\n}\n".to_owned(),
            format!("{{\"hooks\": {{\"{event}\": []}}, \"n\": 1.0}}"),
            format!(
                "{{\n  \"hooks\": {{\n    \"Other\": [],\n    \"{event}\": [\n      {{\"hooks\": []}}\n    ]\n  }}\n}}\n"
            ),
        ] {
            sandbox.put(place, &text);
            let shown = sandbox.ok(&["hooks", "install", "--for", tool, "--dry-run"]);
            assert!(shown.contains(place) && shown.contains("+ "), "{shown}");
            assert_eq!(sandbox.read(place), text);
            assert!(sandbox.fails(2, &["hooks", "install", "--for", tool]).contains("--yes"));
            sandbox.ok(&["hooks", "install", "--for", tool, "--yes"]);
            let added = sandbox.read(place);
            assert_eq!(hooks(&added, event).len(), 1, "{added}");
            sandbox.ok(&["hooks", "install", "--for", tool, "--yes"]);
            assert_eq!(sandbox.read(place), added);
            sandbox.ok(&["hooks", "uninstall", "--for", tool, "--yes"]);
            assert_eq!(sandbox.read(place), text);
        }
        // What changed since stays.
        let others = format!(
            "{{\"hooks\": {{\"{event}\": [{{\"hooks\": [{{\"type\": \"command\", \"command\": \"theirs\"}}]}}]}}}}"
        );
        sandbox.put(place, &others);
        sandbox.ok(&["hooks", "install", "--for", tool, "--yes"]);
        sandbox.put(place, &sandbox.read(place).replace("theirs", "another's"));
        sandbox.ok(&["hooks", "uninstall", "--for", tool, "--yes"]);
        assert_eq!(sandbox.read(place), others.replace("theirs", "another's"));
        fs::remove_file(sandbox.path(place)).unwrap();
        sandbox.ok(&["hooks", "install", "--for", tool, "--yes"]);
        sandbox.ok(&["hooks", "uninstall", "--for", tool, "--yes"]);
        assert!(!sandbox.path(place).exists());
    }
    // Droid does not look into its settings for hooks when it has a file of them.
    sandbox.put("home/.factory/hooks.json", "{}");
    assert!(sandbox.fails(1, &["hooks", "install", "--for", "droid", "--yes"]).contains("sfs daemon start"));
    sandbox.put(CLAUDE, "{ // mine\n}");
    assert!(sandbox.fails(1, &["hooks", "install", "--for", "claude-code", "--yes"]).contains("turn-ended"));
    assert_eq!(sandbox.read(CLAUDE), "{ // mine\n}");
    assert!(sandbox.fails(1, &["hooks", "install", "--for", "aider", "--yes"]).contains("sfs daemon start"));
}

/// What is installed is run as a tool runs it: by a shell, with an event on its input.
#[cfg(unix)]
#[test]
fn a_hook_captures_and_never_holds_the_tool_up() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["hooks", "install", "--for", "claude-code", "--yes"]);
    let hook = hooks(&sandbox.read(CLAUDE), "Stop").remove(0);
    let place = format!("home/.claude/projects/-p/{NATIVE}.jsonl");
    let row =
        sandbox.read(&place).lines().rfind(|line| line.contains("\"type\":\"user\"")).unwrap().to_owned();
    let mut row: Value = serde_json::from_str(&row).unwrap();
    row["uuid"] = json!("11112222-0000-4000-8000-000000000000");
    row["message"]["content"] = json!("does it whistle now?");
    sandbox.put(&place, &format!("{}{row}\n", sandbox.read(&place)));
    let event = json!({"hook_event_name": "Stop", "last_assistant_message": "x".repeat(1 << 20)});
    sandbox.put("event", &event.to_string());
    let run = || {
        let mut command = sandbox.program("sh", &["-c", &hook]);
        // Tools hand on only some of their variables.
        command.env_remove("SFS_DIR").stdin(fs::File::open(sandbox.path("event")).unwrap()).output().unwrap()
    };
    let output = run();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let found = sandbox.ok(&["--no-capture", "search", "whistle"]);
    assert!(found.contains("whistle"), "{found}");
    sandbox.put("home/.config/sfs/config.toml", "[broken");
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty());
}

/// The one file below a folder.
fn find(folder: &std::path::Path) -> std::path::PathBuf {
    let below = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if below.is_dir() { find(&below) } else { below }
}
