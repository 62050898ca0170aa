//! What was in force, through the real binary: as each tool's transcript tells
//! it, the same whether it was captured as it grew or at once.

use serde_json::{Value, json};
use sfs::store::Store;

use crate::sandbox::Sandbox;

/// So long that capture takes note of where it is after each.
fn long(words: &str) -> String {
    format!("{words} {}", "word ".repeat(4000))
}

/// What a revision tells: its settings, with tool and model.
fn config(sandbox: &Sandbox, rev: &str) -> Value {
    let found = sandbox.json(&["show", &sandbox.rev(rev), "--config"]);
    let mut settings = found["settings"].clone();
    settings["model"] = found["model"].clone();
    settings
}

fn commits(sandbox: &Sandbox) -> Value {
    sandbox.json(&["log", &sandbox.rev("@")])
}

/// Captures a file as it grows, line by line, and at once in another home: the
/// commits must be the same. Returns the home where it grew.
fn grown(place: &str, lines: &[Value]) -> Sandbox {
    let (steps, once) = (Sandbox::new(), Sandbox::new());
    let mut text = String::new();
    for line in lines {
        text += &format!("{line}\n");
        steps.put(place, &text);
        steps.ok(&["capture"]);
    }
    once.put(place, &text);
    once.ok(&["capture"]);
    assert_eq!(commits(&steps), commits(&once));
    assert_eq!(config(&steps, "@"), config(&once, "@"));
    steps
}

struct Claude {
    rows: Vec<Value>,
}

impl Claude {
    fn row(&mut self, parent: Option<&str>, id: &str, more: &Value) {
        let kind = if id.starts_with('a') { "assistant" } else { "user" };
        let mut message = json!({"role": kind, "content": long(id)});
        if kind == "assistant" {
            message = json!({"role": kind, "id": id, "model": "m-1", "content": [{"type": "text", "text": long(id)}]});
        }
        let n = self.rows.len();
        let mut row = json!({"parentUuid": parent, "isSidechain": false, "type": kind, "uuid": id,
            "sessionId": "s", "cwd": "/p", "gitBranch": "main", "version": "2.0.0",
            "timestamp": format!("2026-01-01T00:00:{n:02}.000Z"), "message": message});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.rows.push(row);
    }
}

const CLAUDE: &str = ".claude/projects/-p/11112222-3333-4444-5555-666677778888.jsonl";

#[test]
fn a_line_of_claude_code_tells_its_own_settings() {
    let mut claude = Claude { rows: Vec::new() };
    claude.row(None, "u1", &json!({"permissionMode": "default", "thinkingMetadata": {"level": "high"}}));
    claude.row(Some("u1"), "a1", &json!({}));
    claude.rows.push(json!({"type": "permission-mode", "permissionMode": "plan", "sessionId": "s"}));
    claude.row(Some("a1"), "u2", &json!({"version": "2.1.0", "gitBranch": "side"}));
    claude.row(Some("u2"), "a2", &json!({"version": "2.1.0", "gitBranch": "side"}));
    // A subagent's rows among them tell of themselves alone.
    claude.row(None, "us", &json!({"isSidechain": true, "permissionMode": "bypassPermissions", "cwd": "/s"}));
    claude.row(Some("us"), "as", &json!({"isSidechain": true, "cwd": "/s"}));
    claude.row(Some("a2"), "u3", &json!({"version": "2.1.0", "gitBranch": "side"}));
    let sandbox = grown(CLAUDE, &claude.rows);
    let first = json!({"permissions": "default", "effort": "high", "version": "2.0.0", "branch": "main",
        "cwd": "/p", "model": "m-1"});
    let last = json!({"permissions": "plan", "effort": "high", "version": "2.1.0", "branch": "side",
        "cwd": "/p", "model": "m-1"});
    assert_eq!((config(&sandbox, "@"), config(&sandbox, "@~2")), (last, first.clone()));

    let (left, right) = (sandbox.rev("@~2"), sandbox.rev("@"));
    let found = sandbox.json(&["diff", &left, &right, "--config"]);
    assert_eq!(
        found["changes"],
        json!({"branch": {"left": "main", "right": "side"}, "version": {"left": "2.0.0", "right": "2.1.0"},
            "permissions": {"left": "default", "right": "plan"}})
    );
    let text = sandbox.ok(&["diff", &left, &right, "--config"]);
    assert!(text.contains("- permissions default\n+ permissions plan\n"), "{text}");

    // Rewound, and gone on with as before.
    claude.row(Some("a1"), "u4", &json!({"permissionMode": "default"}));
    let sandbox = grown(CLAUDE, &claude.rows);
    assert_eq!(config(&sandbox, "@"), first);
    sandbox.ok(&["gc"]);
    sandbox.ok(&["fsck"]);
    assert_eq!(config(&sandbox, "@"), first);
}

#[test]
fn every_turn_of_codex_tells_its_settings() {
    let n = std::cell::Cell::new(0);
    let line = |kind: &str, payload: Value| {
        n.set(n.get() + 1);
        json!({"timestamp": format!("2026-01-02T03:04:{:02}.000Z", n.get()), "type": kind, "payload": payload})
    };
    let says = |role: &str, words: &str| {
        let kind = if role == "user" { "input_text" } else { "output_text" };
        line(
            "response_item",
            json!({"type": "message", "role": role, "content": [{"type": kind, "text": long(words)}]}),
        )
    };
    let id = "01a20216-dd99-7ac2-b180-91039d08e174";
    let lines = [
        line(
            "session_meta",
            json!({"id": id, "cwd": "/p", "cli_version": "0.98.0", "model_provider": "lab",
            "git": {"branch": "main"}}),
        ),
        line(
            "turn_context",
            json!({"cwd": "/p", "model": "m-1", "approval_policy": "on-request", "effort": "high",
            "sandbox_policy": {"mode": "workspace-write", "network_access": true}}),
        ),
        says("user", "one"),
        says("assistant", "first"),
        line(
            "turn_context",
            json!({"cwd": "/q", "model": "m-2", "approval_policy": {"granular": {}},
            "sandbox_policy": {"type": "danger-full-access"}, "collaboration_mode": {"mode": "plan"}}),
        ),
        says("user", "two"),
        says("assistant", "second"),
    ];
    let place = format!(".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{id}.jsonl");
    let sandbox = grown(&place, &lines);
    let first = json!({"model": "m-1", "permissions": "on-request", "sandbox": "workspace-write with network",
        "effort": "high", "provider": "lab", "version": "0.98.0", "branch": "main", "cwd": "/p"});
    let second = json!({"model": "m-2", "permissions": "granular", "sandbox": "danger-full-access",
        "mode": "plan", "provider": "lab", "version": "0.98.0", "branch": "main", "cwd": "/q"});
    assert_eq!((config(&sandbox, "@~1"), config(&sandbox, "@")), (first, second.clone()));
    // It travels with the commits.
    let (there, home) = (sandbox.0.path().join("there"), sandbox.home());
    sandbox.ok(&["remote", "add", "far", there.to_str().unwrap()]);
    sandbox.ok(&["push", "far"]);
    std::fs::remove_dir_all(sandbox.0.path().join("store")).unwrap();
    std::fs::remove_dir_all(home.join(".codex")).unwrap();
    sandbox.ok(&["clone", there.to_str().unwrap()]);
    assert_eq!(config(&sandbox, "@"), second);
}

#[test]
fn events_of_copilot_tell_what_changed() {
    let event = |n: usize, kind: &str, data: Value| {
        json!({"type": kind, "data": data, "id": format!("e{n}"), "parentId": null,
            "timestamp": format!("2026-11-22T06:34:{n:02}.000Z")})
    };
    let says =
        |n, words: &str| event(n, "assistant.message", json!({"messageId": words, "content": long(words)}));
    let asks = |n, words: &str| event(n, "user.message", json!({"content": words}));
    let mut of_agent = event(5, "session.model_change", json!({"newModel": "m-9", "reasoningEffort": "low"}));
    of_agent["agentId"] = json!("agent");
    let lines = [
        event(
            0,
            "session.start",
            json!({"sessionId": "s1", "version": 1, "copilotVersion": "1.0.102",
            "selectedModel": "m-1", "reasoningEffort": "high", "context": {"cwd": "/p", "branch": "dev"}}),
        ),
        asks(1, "one"),
        says(2, "first"),
        event(
            3,
            "session.permissions_changed",
            json!({"allowAllPermissions": true, "allowAllPermissionMode": "on"}),
        ),
        event(4, "session.mode_changed", json!({"previousMode": "interactive", "newMode": "plan"})),
        of_agent,
        asks(6, "two"),
        says(7, "second"),
        event(8, "session.model_change", json!({"newModel": "m-2", "reasoningEffort": null})),
        asks(9, "three"),
        says(10, "third"),
    ];
    let sandbox = grown(".copilot/session-state/s1/events.jsonl", &lines);
    let with = |model: &str, more: Value| {
        let mut all = json!({"model": model, "version": "1.0.102", "cwd": "/p", "branch": "dev"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let plan = json!({"permissions": "allow-all", "mode": "plan"});
    let mut high = plan.clone();
    high["effort"] = json!("high");
    assert_eq!(config(&sandbox, "@~2"), with("m-1", json!({"effort": "high"})));
    assert_eq!(config(&sandbox, "@~1"), with("m-1", high));
    assert_eq!(config(&sandbox, "@"), with("m-2", plan));
}

/// A session of one prompt that is being written, in the project of a sandbox.
fn session(sandbox: &Sandbox, tool: &str, prompts: usize) {
    let cwd = sandbox.0.path().canonicalize().unwrap().join("project");
    std::fs::create_dir_all(&cwd).unwrap();
    let id = "01a20216-dd99-7ac2-b180-91039d08e174";
    let (place, mut rows) = match tool {
        "claude" => (CLAUDE.to_owned(), Vec::new()),
        "codex" => {
            let head =
                json!({"type": "session_meta", "payload": {"id": id, "cwd": cwd, "cli_version": "0.98.0"}});
            (format!(".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{id}.jsonl"), vec![head])
        }
        _ => {
            let head = json!({"sessionId": id, "projectHash": "h", "kind": "main", "directories": [cwd]});
            (".gemini/tmp/p/chats/session-2026-01-02T03-04-01a20216.jsonl".to_owned(), vec![head])
        }
    };
    for n in 0..prompts {
        rows.push(match tool {
            "claude" => json!({"parentUuid": n.checked_sub(1).map(|n| format!("u{n}")), "type": "user", "uuid": format!("u{n}"),
                "cwd": cwd, "sessionId": "s", "message": {"role": "user", "content": format!("prompt {n}")}}),
            "codex" => json!({"type": "response_item", "payload": {"type": "message", "role": "user",
                "content": [{"type": "input_text", "text": format!("prompt {n}")}]}}),
            _ => json!({"id": format!("m{n}"), "type": "user", "content": [{"text": format!("prompt {n}")}]}),
        });
    }
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    sandbox.put(&place, &text);
    sandbox.ok(&["capture"]);
}

fn beside(sandbox: &Sandbox, rev: &str) -> Value {
    let mut found = sandbox.json(&["show", &sandbox.rev(rev), "--config"])["beside"].take();
    assert!(found["settings"].as_object_mut().unwrap().remove("os").is_some());
    found
}

/// Tells whether words stand in an object of the store.
fn stored(sandbox: &Sandbox, words: &str) -> bool {
    let store = Store::open(&sandbox.0.path().join("store")).unwrap();
    let contents = store.ids().unwrap().into_iter().filter_map(|id| store.content(&id).ok());
    let mut contents = contents.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
    contents.any(|text| text.contains(words))
}

#[test]
fn what_lies_beside_a_session_is_kept_without_secrets() {
    let sandbox = Sandbox::new();
    let project = sandbox.0.path().join("project");
    std::fs::create_dir_all(project.join(".claude/rules")).unwrap();
    std::fs::write(project.join("CLAUDE.md"), "rules one").unwrap();
    std::fs::write(project.join(".claude/rules/a.md"), "more rules").unwrap();
    std::fs::write(
        project.join(".mcp.json"),
        r#"{"mcpServers": {"docs": {"command": "npx", "args": ["docs",
        "--token", "planted-1"], "env": {"DOCS": "planted-2"}}, "far": {"type": "http",
        "url": "https://u:planted-3@h/mcp?k=planted-4", "headers": {"Authorization": "planted-5"}}}}"#,
    )
    .unwrap();
    sandbox.put(".claude/CLAUDE.md", "my own rules");
    sandbox.put(".claude/settings.json", r#"{"model": "opus", "permissions": {"defaultMode": "plan"},
        "outputStyle": "AKIAZ7VQ3RWXK2M4N6PD", "apiKeyHelper": "planted-6", "env": {"X_API_KEY": "planted-7"}}"#);
    sandbox.put(
        ".claude.json",
        r#"{"mcpServers": {"own": {"command": "planted-8"}}, "primaryApiKey": "planted-9"}"#,
    );
    session(&sandbox, "claude", 1);
    let found = beside(&sandbox, "@");
    assert_eq!(
        found["settings"],
        json!({"home/.claude/settings.json model": "opus",
            "home/.claude/settings.json permissions.defaultMode": "plan",
            "home/.claude/settings.json outputStyle": "[hidden]",
            "project/.mcp.json mcp docs": "npx docs --token [hidden] (env DOCS)",
            "project/.mcp.json mcp far": "https://h/mcp"})
    );
    let files: Vec<&String> = found["instructions"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["home/.claude/CLAUDE.md", "project/.claude/rules/a.md", "project/CLAUDE.md"]);
    for n in 6..=9 {
        assert!(!stored(&sandbox, &format!("planted-{n}")), "{n}");
    }
    assert!(stored(&sandbox, "permissions.defaultMode") && stored(&sandbox, "my own rules"));

    std::fs::write(project.join("CLAUDE.md"), "rules two").unwrap();
    sandbox.put(".claude/settings.json", r#"{"model": "haiku"}"#);
    session(&sandbox, "claude", 2);
    let (old, new) = (sandbox.rev("@~1"), sandbox.rev("@"));
    let found = sandbox.json(&["diff", &old, &new, "--config"]);
    let changed: Vec<&String> = found["changes"].as_object().unwrap().keys().collect();
    let settings = "home/.claude/settings.json";
    assert_eq!(
        changed,
        [
            &format!("{settings} model"),
            &format!("{settings} outputStyle"),
            &format!("{settings} permissions.defaultMode"),
            "project/CLAUDE.md"
        ]
    );
    assert_eq!(found["changes"][&format!("{settings} model")], json!({"left": "opus", "right": "haiku"}));
    sandbox.ok(&["gc"]);
    sandbox.ok(&["fsck"]);
    assert_eq!(beside(&sandbox, "@")["settings"][&format!("{settings} model")], "haiku");
}

#[test]
fn each_tool_has_its_own_files_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.put(".codex/AGENTS.md", "mine");
    sandbox.put(
        ".codex/config.toml",
        "model = \"m\"\napproval_policy = \"never\"\n[mcp_servers.docs]\n\
        command = \"docs\"\nbearer_token_env_var = \"N\"\n[mcp_servers.docs.env]\nK = \"planted\"\n\
        [model_providers.x]\nexperimental_bearer_token = \"planted\"\n",
    );
    session(&sandbox, "codex", 1);
    let found = beside(&sandbox, "@");
    let place = "home/.codex/config.toml";
    assert_eq!(
        found["settings"],
        json!({format!("{place} model"): "m", format!("{place} approval_policy"): "never",
            format!("{place} mcp docs"): "docs (env K)"})
    );
    assert!(found["instructions"]["home/.codex/AGENTS.md"].is_string() && !stored(&sandbox, "planted"));

    let sandbox = Sandbox::new();
    sandbox.put(".gemini/GEMINI.md", "mine");
    sandbox.put(".gemini/settings.json", r#"{"general": {"defaultApprovalMode": "auto_edit"}, "mcpServers":
        {"far": {"httpUrl": "https://h/mcp", "headers": {"X": "planted"}}}, "security": {"auth": {"key": "planted"}}}"#);
    session(&sandbox, "gemini", 1);
    let found = beside(&sandbox, "@");
    let place = "home/.gemini/settings.json";
    assert_eq!(
        found["settings"],
        json!({format!("{place} general.defaultApprovalMode"): "auto_edit", format!("{place} mcp far"): "https://h/mcp"})
    );
    assert!(found["instructions"]["home/.gemini/GEMINI.md"].is_string() && !stored(&sandbox, "planted"));
}

#[cfg(unix)]
#[test]
fn hostile_files_beside_a_session_are_told_and_no_more() {
    let sandbox = Sandbox::new();
    let project = sandbox.0.path().join("project");
    std::fs::create_dir_all(project.join(".claude")).unwrap();
    let secret = sandbox.put("secret.txt", "planted");
    // A link out of the project, a loop, what is no JSON, too deep, too long.
    std::os::unix::fs::symlink(&secret, project.join("CLAUDE.md")).unwrap();
    std::os::unix::fs::symlink("settings.json", project.join(".claude/settings.json")).unwrap();
    std::fs::write(project.join(".claude/settings.local.json"), "[".repeat(100_000)).unwrap();
    std::fs::write(project.join(".mcp.json"), "{\"mcpServers\": {\"a\": 1, \"b\": ").unwrap();
    sandbox.put(".claude/settings.json", &format!("{{\"model\": \"{}\"}}", "x".repeat(2 << 20)));
    session(&sandbox, "claude", 1);
    let found = beside(&sandbox, "@");
    let settings = found["settings"].as_object().unwrap();
    assert_eq!(settings.len(), 4, "{settings:?}");
    assert!(settings.values().all(|value| value == "could not be read"));
    assert_eq!((&found["instructions"], stored(&sandbox, "planted")), (&json!({}), false));
}
