//! A throwaway home with a session in it, and the server in that home.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::{Value, json};

/// The tool's id of the session.
pub(crate) const NATIVE: &str = "11112222-3333-4444-5555-666677778888";

/// It goes away at the end.
pub(crate) struct Sandbox(pub(crate) tempfile::TempDir);

impl Sandbox {
    /// A home in which a session says these things in turn, and a store.
    pub(crate) fn new(texts: &[&str]) -> Sandbox {
        let sandbox = Sandbox(tempfile::tempdir().unwrap());
        for folder in ["home/.claude/projects/-p", "project"] {
            fs::create_dir_all(sandbox.0.path().join(folder)).unwrap();
        }
        sandbox.ok(&["init"]);
        sandbox.say(texts);
        sandbox
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// Adds messages to the session, without a capture.
    pub(crate) fn say(&self, texts: &[&str]) {
        texts.iter().for_each(|text| self.add(json!([{"type": "text", "text": text}])));
    }

    /// Adds a message of these blocks.
    pub(crate) fn add(&self, content: Value) {
        let path = self.home().join(format!(".claude/projects/-p/{NATIVE}.jsonl"));
        let mut rows = fs::read_to_string(&path).unwrap_or_default();
        let n = rows.lines().count();
        let (kind, parent) = (if n.is_multiple_of(2) { "user" } else { "assistant" }, n.checked_sub(1));
        let row = json!({
            "parentUuid": parent.map(|n| format!("u{n}")), "isSidechain": false, "type": kind,
            "sessionId": NATIVE, "uuid": format!("u{n}"), "version": "2.0.0",
            "cwd": self.0.path().join("project"),
            "timestamp": format!("2026-01-01T00:{:02}:{:02}.000Z", n / 60, n % 60),
            "message": {"role": kind, "content": content},
        });
        rows.push_str(&format!("{row}\n"));
        fs::write(path, rows).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sfs"));
        command.env_clear().env("HOME", self.home()).env("SFS_DIR", self.0.path().join("store"));
        command.env("TZ", "UTC").current_dir(self.0.path().join("project")).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "sfs {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the server.
    pub(crate) fn serve(&self, args: &[&str]) -> Server {
        let mut command = self.command(&[&["mcp"], args].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Server { child, input, output: BufReader::new(output), asked: 0 }
    }
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).unwrap();
    }

    /// The next line that it says.
    pub(crate) fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// Asks and returns the answer, which is to this question.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params});
        self.send(format!("{request}\n").as_bytes());
        let answer = self.hear();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(self.asked)), "{answer}");
        answer
    }

    /// The text of a call that succeeds.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> String {
        let (text, failed) = self.try_call(tool, arguments);
        assert!(!failed, "{tool}: {text}");
        text
    }

    /// The text of a call, and whether it failed.
    #[track_caller]
    pub(crate) fn try_call(&mut self, tool: &str, arguments: Value) -> (String, bool) {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        (text.to_owned(), result["isError"].as_bool().unwrap())
    }

    /// Closes its input and waits until it has ended; what it said after all.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        drop(self.input);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}
