//! What was in force, through the real binary: as each tool's transcript tells
//! it, the same whether it was captured as it grew or at once.

use serde_json::{Value, json};

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
