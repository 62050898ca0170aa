//! Drives the real binary: what `sfs stats` counts is what an independent
//! count of the tools' own files comes to.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the failure")]

mod sandbox;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use sandbox::Throwaway;
use serde_json::{Value, json};

/// Tokens: input, written to a cache, read from it, output.
type Tokens = [u64; 4];

struct Sandbox(Throwaway);

impl std::ops::Deref for Sandbox {
    type Target = Throwaway;

    fn deref(&self) -> &Throwaway {
        &self.0
    }
}

impl Sandbox {
    fn new() -> Sandbox {
        Sandbox(Throwaway::new(&["home/.claude/projects/-p"]))
    }

    fn projects(&self) -> PathBuf {
        self.path("home/.claude/projects/-p")
    }

    fn write(&self, name: &str, rows: &[Value]) {
        let path = self.projects().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    }

    fn stats(&self, args: &[&str]) -> Value {
        self.json(&[&["stats", "--json"], args].concat())
    }
}

fn tokens(sums: &Value) -> Tokens {
    ["input", "cache_write", "cache_read", "output"].map(|kind| sums["usage"][kind].as_u64().unwrap())
}

/// The largest count of each kind that any row tells for each API message.
fn count_apart(dir: &Path) -> Tokens {
    let mut calls: HashMap<String, Tokens> = HashMap::new();
    for entry in walkdir::WalkDir::new(dir).into_iter().flatten() {
        let Ok(bytes) = fs::read(entry.path()) else { continue };
        for (n, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let Ok(row) = serde_json::from_slice::<Value>(line) else { continue };
            let (message, usage) = (&row["message"], &row["message"]["usage"]);
            if row["type"] != "assistant" || !usage.is_object() || message["model"] == "<synthetic>" {
                continue;
            }
            let own = || format!("{} {n}", entry.path().display());
            let id = message["id"].as_str().map_or_else(own, str::to_owned);
            let keys =
                ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];
            let known = calls.entry(id).or_default();
            for (known, key) in known.iter_mut().zip(keys) {
                *known = (*known).max(usage[key].as_u64().unwrap_or(0));
            }
        }
    }
    calls.values().fold([0; 4], |mut sum, call| {
        sum.iter_mut().zip(call).for_each(|(sum, count)| *sum += count);
        sum
    })
}

/// The rows of a session: each turn a prompt, and an answer of two rows that
/// are one API message, the second with the whole count.
fn rows(native: &str, turns: std::ops::Range<u64>, side: bool) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut parent = if turns.start == 0 { Value::Null } else { json!(format!("b{}", turns.start - 1)) };
    let tag = if side { native } else { "" };
    for n in turns {
        let mut row = |key: String, kind: &str, second: u64, message: Value| {
            rows.push(json!({
                "parentUuid": parent, "isSidechain": side, "type": kind, "sessionId": native, "uuid": key,
                "cwd": "/w", "version": "2.0.0", "message": message,
                "timestamp": format!("2026-01-{:02}T10:{second:02}:00.{:03}Z", n + 1, tag.len()),
            }));
            parent = json!(key);
        };
        row(format!("{tag}p{n}"), "user", 0, json!({"role": "user", "content": format!("prompt {n} {tag}")}));
        for (part, output) in [("a", 1), ("b", 70 + n)] {
            let call = json!([{"type": "tool_use", "id": format!("{tag}t{n}{part}"), "name": "Bash", "input": {"command": format!("git log; make {part}")}}]);
            let usage = json!({
                "input_tokens": 10 + n, "output_tokens": output, "cache_read_input_tokens": 1000 * n,
                "cache_creation_input_tokens": 100,
            });
            let message = json!({"role": "assistant", "id": format!("{tag}msg{n}"), "model": "model-1-20250101", "content": call, "usage": usage});
            row(format!("{tag}{part}{n}"), "assistant", 1 + u64::from(part == "b"), message);
        }
    }
    rows
}

#[test]
fn totals_are_those_of_an_independent_count() {
    let sandbox = Sandbox::new();
    let (first, second) = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222");
    let third = "33333333-3333-4333-8333-333333333333";
    sandbox.write(&format!("{first}.jsonl"), &rows(first, 0..5, false));
    sandbox.ok(&["capture"]);
    // A fork that copies three turns under an id of its own and goes on
    // otherwise, one whose tool gave the copied answers another time, a
    // subagent, and turns that the first has gained since.
    let fork = |native: &str, copied: u64, own: std::ops::Range<u64>| {
        let mut fork = rows(native, 0..copied, false);
        let first = fork.len();
        fork.extend(rows(native, own, false));
        fork[first]["parentUuid"] = json!(format!("b{}", copied - 1));
        fork
    };
    sandbox.write(&format!("{second}.jsonl"), &fork(second, 3, 20..22));
    let mut retimed = fork(third, 4, 22..24);
    for row in retimed.iter_mut().take(12).filter(|row| row["type"] == "assistant") {
        row["timestamp"] = json!("2026-01-30T00:00:00.000Z");
    }
    sandbox.write(&format!("{third}.jsonl"), &retimed);
    sandbox.write(&format!("{first}/subagents/agent-a1.jsonl"), &rows(first, 0..2, true));
    sandbox.write(&format!("{first}.jsonl"), &rows(first, 0..7, false));
    sandbox.ok(&["capture"]);
    sandbox.ok(&["fork", &format!("{first}~2"), "--name", "mine"]);
    let apart = count_apart(&sandbox.projects());
    assert!(apart.iter().all(|count| *count > 0));
    for by in ["day", "week", "month", "project", "tool", "model", "session"] {
        let stats = sandbox.stats(&["--by", by]);
        assert_eq!(tokens(&stats["total"]), apart, "{by}");
        let sum = stats["rows"].as_array().unwrap().iter().fold([0; 4], |mut sum: Tokens, row| {
            sum.iter_mut().zip(tokens(row)).for_each(|(sum, count)| *sum += count);
            sum
        });
        assert_eq!(sum, apart, "{by}");
    }
    let stats = sandbox.stats(&["--commands"]);
    // 7 turns, 2 of each fork, 2 of the subagent, each with two calls.
    assert_eq!((&stats["total"]["turns"], &stats["total"]["calls"]), (&json!(13), &json!(26)));
    assert_eq!(stats["tools"], json!([{"name": "Bash", "times": 26}]));
    assert_eq!(stats["commands"][0], json!({"name": "git log", "times": 26}));
    let day = sandbox.stats(&["--since", "2026-01-03", "--until", "2026-01-04T00:00:00Z"]);
    assert_eq!(day["rows"].as_array().unwrap().len(), 1);
    assert_eq!((&day["rows"][0]["key"], &day["rows"][0]["turns"]), (&json!("2026-01-03"), &json!(1)));
    assert_eq!(day["rows"][0]["active_seconds"], json!(120));
}

#[test]
fn costs_are_known_or_said_not_to_be() {
    let sandbox = Sandbox::new();
    let native = "11111111-1111-4111-8111-111111111111";
    sandbox.write(&format!("{native}.jsonl"), &rows(native, 0..2, false));
    sandbox.ok(&["capture"]);
    let text = sandbox.ok(&["stats"]);
    assert!(text.contains("no price is known of model-1-20250101"), "{text}");
    assert!(text.lines().next().unwrap().starts_with("day") && text.contains('█'), "{text}");
    assert!(sandbox.ok(&["stats", "--ascii"]).contains("####"));
    let config = sandbox.path("home/.config/sfs");
    fs::create_dir_all(&config).unwrap();
    let prices = json!({"date": "2026-02-03", "models": {"model-1": {"input": 1, "cache_write": 2, "cache_read": 0.5, "output": 10}}});
    fs::write(config.join("prices.json"), prices.to_string()).unwrap();
    let stats = sandbox.stats(&[]);
    // 10 + 11 input, 2 × 100 written, 1000 read, 70 + 71 output.
    assert_eq!(stats["total"]["cost"], json!((21.0 + 400.0 + 500.0 + 1410.0) / 1e6));
    assert_eq!((&stats["unpriced"], &stats["prices"]["own_date"]), (&json!([]), &json!("2026-02-03")));
    let csv = sandbox.ok(&["stats", "--csv", "--by", "model"]);
    let line: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(line[..5], ["model-1-20250101", "", "1", "2", "6"]);
    fs::write(config.join("prices.json"), "{").unwrap();
    let output = sandbox.run(&["stats"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("prices.json") && said.contains("hint:"), "{said}");
    sandbox.fails(2, &["stats", "--since", "yesterday"]);
}

#[test]
fn published_sessions_are_counted_as_an_independent_count_does() {
    let Some(corpus) = std::env::var_os("SFS_CORPUS").map(PathBuf::from) else {
        println!("SKIPPED: SFS_CORPUS names no corpus");
        return;
    };
    let sandbox = Sandbox::new();
    let walk = walkdir::WalkDir::new(corpus.join("claude-code")).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|e| e.file_type().is_file() && e.path().to_string_lossy().ends_with(".jsonl"));
    for (n, entry) in files.enumerate() {
        fs::write(sandbox.projects().join(format!("{n}.jsonl")), fs::read(entry.path()).unwrap()).unwrap();
    }
    sandbox.ok(&["capture"]);
    assert_eq!(tokens(&sandbox.stats(&[])["total"]), count_apart(&sandbox.projects()));
}
