//! A throwaway home with one session in it, captured.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A picture of one point.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub(crate) struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// A session of these messages: who speaks, and what.
    fn new(messages: &[(&str, Value)]) -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        let folder = sandbox.path("home/.claude/projects/-p");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(sandbox.path("project")).unwrap();
        let cwd = sandbox.path("project").canonicalize().unwrap();
        let native = "11112222-3333-4444-5555-666677778888";
        let mut rows = String::new();
        for (n, (kind, content)) in messages.iter().enumerate() {
            let parent = if n == 0 { Value::Null } else { json!(format!("u{}", n - 1)) };
            let mut message = json!({"role": kind, "content": content});
            if *kind == "assistant" {
                message["id"] = json!(format!("msg{n}"));
                message["model"] = json!("model-1<b>");
                message["usage"] = json!({
                    "input_tokens": 100 + n, "output_tokens": 50, "cache_read_input_tokens": 1000 * (n % 20),
                    "cache_creation_input_tokens": 300,
                });
            }
            let row = json!({
                "parentUuid": parent, "isSidechain": false, "type": kind, "sessionId": native,
                "uuid": format!("u{n}"), "cwd": cwd, "version": "2.0.0",
                "timestamp": format!("2026-01-01T{:02}:{:02}:00.000Z", n / 60 % 24, n % 60), "message": message,
            });
            rows.push_str(&format!("{row}\n"));
        }
        fs::write(folder.join(format!("{native}.jsonl")), rows).unwrap();
        sandbox.ok(&["capture"]);
        sandbox
    }

    /// One that tries everything.
    pub(crate) fn hostile() -> Sandbox {
        let scripts = "</script><script>window.pwned=1</script><img src=x onerror='window.pwned=1'>\
            <svg onload=window.pwned=1><iframe srcdoc='<script>parent.pwned=1</script>'></iframe>\
            <style>*{display:none}</style><meta http-equiv=refresh content='0;url=https://x.invalid/'>\
            <base href=https://x.invalid/><link rel=stylesheet href=https://x.invalid/x.css>-->]]></pre></details>";
        let links = "[a](javascript:window.pwned=1) ![p](https://x.invalid/p.png) [b](data:text/html,<script>) \
            [c](https://x.invalid/\"onmouseover=\"window.pwned=1) <javascript:x>";
        let odd = "\u{202e}gpj.exe\u{2066} \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{0}\u{7f}\u{9b}2J";
        let long = "x".repeat(200_000);
        let input = json!({"command": scripts, "description": odd, scripts: links, "a": {"b": long}});
        let result = json!([{"type": "text", "text": format!("{scripts}{odd}{long}")}]);
        let svg = json!({"type": "base64", "media_type": "image/svg+xml", "data": "PHN2Zy8+"});
        let bad =
            json!({"type": "base64", "media_type": "image/png\" onerror=\"window.pwned=1", "data": PICTURE});
        let good = json!({"type": "base64", "media_type": "image/png", "data": PICTURE});
        let away = json!({"type": "url", "url": "https://x.invalid/p.png"});
        let image = |source: Value| json!({"type": "image", "source": source});
        Sandbox::new(&[
            ("user", json!(scripts)),
            ("assistant", json!([{"type": "thinking", "thinking": scripts, "signature": ""}])),
            (
                "assistant",
                json!([{"type": "text", "text": format!("{links}\n\n{scripts}\n\n```{scripts}\n{scripts}\n```\n\n{odd}{long}")}]),
            ),
            ("assistant", json!([{"type": "tool_use", "id": "t1", "name": scripts, "input": input}])),
            (
                "user",
                json!([{"type": "tool_result", "tool_use_id": "t1", "content": result, "is_error": true}]),
            ),
            (
                "user",
                json!([image(svg), image(bad), image(away), image(good), {"type": "text", "text": links}]),
            ),
            ("assistant", json!([{"type": "text", "text": format!("{}deep", "> ".repeat(3000))}])),
            ("assistant", json!([{"type": scripts, "text": scripts}])),
        ])
    }

    /// One as they are.
    pub(crate) fn ordinary() -> Sandbox {
        let call = |id: &str, name: &str, input: Value| json!([{"type": "tool_use", "id": id, "name": name, "input": input}]);
        let result =
            |id: &str, text: &str| json!([{"type": "tool_result", "tool_use_id": id, "content": text}]);
        let told = "It rings **too early**: `due` is compared with `<`.\n\n1. Fix the comparison\n2. Add a test\n\n\
            | minutes | rings |\n|---|---|\n| 3 | yes |\n| 4 | no |\n\n```rust\n/// Whether it is time.\npub fn is_due(now: u64, due: u64) -> bool {\n    now >= due // not >\n}\n```\n\nSee [the docs](https://example.org/timer).";
        let read = "     1→//! A timer.\n     2→\n     3→/* needle\n     4→   in a comment */\n     5→pub fn is_due(now: u64, due: u64) -> bool {\n     6→    now > due\n     7→}";
        let edit = json!({"file_path": "src/timer.rs", "old_string": "fn f() {\n    now > due\n}", "new_string": "fn f() {\n    now >= due\n}"});
        Sandbox::new(&[
            ("user", json!("The tea timer rings too early.\nPlease find out why:\n\n    cargo run -- 3")),
            (
                "assistant",
                json!([{"type": "thinking", "thinking": "Let me look at **the comparison** first.", "signature": ""}]),
            ),
            (
                "assistant",
                call(
                    "t1",
                    "Bash",
                    json!({"command": "git status && cargo test -- --nocapture | head -50", "description": "Run the tests"}),
                ),
            ),
            ("user", result("t1", "\u{1b}[32mtest ok\u{1b}[0m\nrunning 3 tests\n3 passed")),
            ("assistant", call("t2", "Read", json!({"file_path": "src/timer.rs"}))),
            ("user", result("t2", read)),
            ("assistant", call("t3", "Edit", edit)),
            (
                "user",
                json!([{"type": "tool_result", "tool_use_id": "t3", "content": "no such file", "is_error": true}]),
            ),
            ("assistant", json!([{"type": "text", "text": told}])),
            (
                "user",
                json!([{"type": "text", "text": "Looks good. It looks like this now:"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}]),
            ),
            ("assistant", json!([{"type": "text", "text": "Done."}])),
        ])
    }

    /// One of so many messages, of so many bytes each.
    pub(crate) fn long(messages: usize, bytes: usize) -> Sandbox {
        let text = |n: usize| json!([{"type": "text", "text": format!("{n} {}", "word ".repeat(bytes / 5))}]);
        let messages: Vec<_> =
            (0..messages).map(|n| (if n % 2 == 0 { "user" } else { "assistant" }, text(n))).collect();
        Sandbox::new(&messages)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The address of a file of the project.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("file://{}", self.path("project").canonicalize().unwrap().join(name).display())
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.path("store"));
        let output = command.env("TZ", "UTC").current_dir(self.path("project")).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "sfs {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A site of it.
    pub(crate) fn serve(&self) -> Site {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.path("store"));
        let mut child = command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Site { child, address: address.trim().to_owned() }
    }
}

/// A site that runs.
pub(crate) struct Site {
    child: Child,
    pub(crate) address: String,
}

impl Site {
    /// Sends a request as it stands, but for `{host}` and `{token}`.
    pub(crate) fn ask(&self, line: &str, headers: &[&str]) -> String {
        let (host, token) = self.address.strip_prefix("http://").unwrap().split_once("/?token=").unwrap();
        let request = [&[line], headers, &["Connection: close", "", ""]].concat().join("\r\n");
        let request = request.replace("{host}", host).replace("{token}", token);
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        String::from_utf8(told).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
