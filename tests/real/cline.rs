//! The real Cline in both of its layouts: its own sessions, captured while it
//! writes them, and sessions of Claude Code that go on in it.
//!
//! 3.0.65 takes prompts for a session it is to go on with in its terminal, or
//! from an editor over the Agent Client Protocol: here the test is the editor.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::real::chat::{Item, Scripted, calls, items};
use crate::real::handed::{Handed, expected, missing};
use crate::real::mock::Server;
use crate::real::package::package;
use crate::real::sandbox::files;
use crate::real::tools::run_guarded;

const NEXT: &str = "SFS-NEXT go on ✓";
const AGAIN: &str = "SFS-AGAIN and on";

/// The version with task folders, and the one without.
const TASKS: &str = "2.18.0";
const SESSIONS: &str = "3.0.65";

/// How an answer ends a task in the older version.
const COMPLETION: &str = "<attempt_completion>\n<result>SFS-ANSWER ✓</result>\n</attempt_completion>";

/// How often a prompt is given to the older version.
const TRIES: usize = 8;

/// How long an answer of the tool is waited for; no test asserts a time.
const HANGING: Duration = Duration::from_secs(240);

struct Cline {
    handed: Handed,
    program: PathBuf,
    version: &'static str,
}

impl Cline {
    fn new(version: &'static str) -> Option<Cline> {
        let package = package("cline", version)?;
        let handed = Handed::new("cline", &package.path);
        Some(Cline { handed, program: package.bin.join("cline"), version })
    }

    fn command(&self) -> Command {
        let mut command = self.handed.command(&self.program);
        for switch in ["CLINE_TELEMETRY_DISABLED", "DO_NOT_TRACK", "CLINE_NO_AUTO_UPDATE"] {
            command.env(switch, "1");
        }
        command.env("OTEL_SDK_DISABLED", "true").env("POSTHOG_TELEMETRY_ENABLED", "false");
        command.env("NO_PROXY", "127.0.0.1");
        // Without it, a process of the tool's stays behind.
        command.env("CLINE_SESSION_BACKEND_MODE", "local");
        command
    }

    /// A model for it, which it is set to use.
    fn server(&self, said: impl IntoIterator<Item = Value>) -> Server {
        let server = match self.version {
            TASKS => Server::start(Scripted::new(said, COMPLETION)),
            _ => Server::start(Scripted::new(said, "SFS-ANSWER ✓")),
        };
        let provider = if self.version == TASKS { "openai" } else { "openai-compatible" };
        let url = format!("{}/v1", server.url());
        let mut command = self.command();
        command.args(["auth", "-p", provider, "-k", "not-a-key", "-m", "mock-model", "-b", &url]);
        self.handed.run(command).ok();
        server
    }

    fn resume(&self, rev: &str) -> String {
        let printed = self.handed.sfs(&["resume", rev, "--in", "cline", "--json", "--yes"]).json();
        printed["native_id"].as_str().expect("an id").to_owned()
    }

    /// Goes on with a session; what its model is asked first.
    #[track_caller]
    fn go_on(&self, id: &str, prompt: &str) -> Vec<Item> {
        let server = self.server([]);
        if self.version != TASKS {
            Editor::open(self.command()).go_on(id, &self.handed.project, prompt);
        }
        let asked = || {
            let requests = server.requests();
            requests.iter().map(|request| items(&request.body)).find(|items| asks(items, prompt))
        };
        for _ in 0..if self.version == TASKS { TRIES } else { 0 } {
            // The older version gives itself a tenth of a second to open the
            // task, and forgets the prompt on a machine that takes longer.
            let mut command = self.command();
            command.args(["-y", "--json", "-t", "30", "-T", id, prompt]);
            self.handed.run(command);
            if asked().is_some() {
                break;
            }
        }
        asked().unwrap_or_else(|| panic!("nobody asked {prompt:?}: {:#?}", server.requests()))
    }
}

fn asks(items: &[Item], prompt: &str) -> bool {
    items.iter().any(|item| matches!(item, Item::Said(role, text) if role == "user" && text.contains(prompt)))
}

/// An editor that the tool runs in.
struct Editor {
    child: std::process::Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
}

impl Editor {
    fn open(mut command: Command) -> Editor {
        command.arg("--acp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        for (name, value) in [
            ("CLINE_API_KEY", "not-a-key"),
            ("CLINE_PROVIDER", "openai-compatible"),
            ("CLINE_MODEL", "mock-model"),
        ] {
            command.env(name, value);
        }
        let mut child = command.spawn().expect("the tool");
        let (to, out) = (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            for message in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor { child, to, from, asked: 0 }
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let message = json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params});
        writeln!(self.to, "{message}").expect("the tool listens");
        loop {
            let answer = self.from.recv_timeout(HANGING).expect("an answer of the tool");
            if answer["id"] == self.asked && answer.get("method").is_none() {
                assert!(answer.get("error").is_none(), "{method}: {answer:#}");
                return answer["result"].clone();
            }
        }
    }

    #[track_caller]
    fn go_on(mut self, id: &str, cwd: &Path, prompt: &str) {
        let none = json!({"fs": {"readTextFile": false, "writeTextFile": false}});
        self.ask("initialize", &json!({"protocolVersion": 1, "clientCapabilities": none}));
        self.ask("session/load", &json!({"sessionId": id, "cwd": cwd, "mcpServers": []}));
        let text = json!([{"type": "text", "text": prompt}]);
        let end = self.ask("session/prompt", &json!({"sessionId": id, "prompt": text}));
        assert_eq!(end["stopReason"], "end_turn", "{end:#}");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[track_caller]
fn goes_on(version: &'static str) {
    let Some(cline) = Cline::new(version) else { return };
    drop(cline.server([]));
    let id = cline.resume("@");
    let request = cline.go_on(&id, NEXT);
    assert_eq!(missing(&expected(NEXT), &request), [], "{request:#?}");
    cline.handed.assert_goes_on(4, NEXT);
    if version == TASKS {
        // It ends before its answer is in its file, and puts the next prompt
        // into the message that had none.
        return;
    }
    // And once more: what the tool wrote itself hangs on what sfs wrote.
    let request = cline.go_on(&id, AGAIN);
    assert_eq!(missing(&expected(NEXT), &request), [], "{request:#?}");
    cline.handed.assert_goes_on(5, AGAIN);
}

#[test]
fn cline_goes_on_with_a_session_of_claude_code() {
    goes_on(SESSIONS);
}

#[test]
fn the_older_cline_goes_on_with_a_session_of_claude_code() {
    goes_on(TASKS);
}

/// What is compared tells an earlier revision from the whole.
#[test]
fn an_earlier_revision_in_cline_lacks_what_came_later() {
    for version in [SESSIONS, TASKS] {
        let Some(cline) = Cline::new(version) else { return };
        drop(cline.server([]));
        let id = cline.resume("@~1");
        let request = cline.go_on(&id, NEXT);
        let later = [
            Item::Said("user".into(), "/not a command, and ends with a space ".into()),
            Item::Said("assistant".into(), "Understood.".into()),
        ];
        assert_eq!(missing(&expected(NEXT), &request), later, "{request:#?}");
    }
}

/// The branches of a store, and their tips.
fn heads(store: &Path) -> Vec<(String, sfs::store::RefValue)> {
    let store = sfs::store::Store::open(store).expect("the store");
    store.refs_below("head/").map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// What the tool says and does in a session of its own, in its two languages.
fn script(version: &str, project: &Path) -> Vec<Value> {
    let says = |text: &str| json!({"role": "assistant", "content": text});
    if version == TASKS {
        return vec![
            says("I look.\n<read_file>\n<path>a.txt</path>\n</read_file>"),
            says("<read_file>\n<path>none.txt</path>\n</read_file>"),
        ];
    }
    let read = |name: &str| json!({"files": [{"path": project.join(name)}]});
    vec![
        calls("c1", "I look.", "read_files", &read("a.txt")),
        calls("c2", "", "read_files", &read("none.txt")),
    ]
}

/// A session of the tool's own, captured while it is written and once at its
/// end, is the same; it comes back byte for byte, and goes on.
#[test]
fn clines_own_sessions_are_captured_as_they_are_written_and_go_on() {
    for version in [SESSIONS, TASKS] {
        let Some(cline) = Cline::new(version) else { return };
        let handed = &cline.handed;
        fs::remove_dir_all(handed.home.join(".claude")).expect("the other session");
        fs::remove_dir_all(handed.store()).expect("its store");
        fs::write(handed.project.join("a.txt"), "SFS-CONTENT ✓\n").expect("a file");
        let server = cline.server(script(version, &handed.project));
        let mut command = cline.command();
        match version {
            TASKS => command.args(["-y", "--json", "SFS-OWN begin"]),
            _ => command.args(["--json", "-P", "openai-compatible", "SFS-OWN begin"]),
        };
        // Captured again and again while it works.
        std::thread::scope(|scope| {
            let outputs = handed.store().with_extension("run");
            let working = scope.spawn(move || run_guarded(command, &outputs).ok());
            while !working.is_finished() {
                handed.sfs(&["capture"]).ok();
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        server.assert_played();
        handed.sfs(&["capture"]).ok();
        let list = handed.sfs(&["list", "--all", "--json"]).json();
        assert_eq!((&list[0]["tool"], &list[0]["turns"]), (&json!("cline"), &json!(1)), "{list:#}");
        assert_eq!((&list[0]["unknown_records"], &list[0]["title"]), (&json!(0), &json!("SFS-OWN begin")));
        assert_eq!(list[0]["branches"], json!(["main"]), "nothing was rewritten: {list:#}");
        let live = heads(&handed.store());
        fs::rename(handed.store(), handed.store().with_extension("live")).expect("the store aside");
        handed.sfs(&["capture"]).ok();
        assert_eq!(heads(&handed.store()), live, "live and at once are the same");

        let to = handed.home.join("restored");
        handed.sfs(&["restore", "@", "--to", &to.to_string_lossy()]).ok();
        let restored: Vec<Vec<u8>> = files(&to).iter().map(|file| fs::read(file).expect("a file")).collect();
        let folder = if version == TASKS { "tasks" } else { "sessions" };
        let native = files(&handed.home.join(".cline/data").join(folder));
        assert!(native.len() >= 2, "{native:?}");
        for path in native {
            let bytes = fs::read(&path).expect("a file of the tool's");
            assert!(restored.contains(&bytes), "{} isn't restored byte for byte", path.display());
        }

        let id = cline.resume("@");
        let request = cline.go_on(&id, NEXT);
        let said = |role: &str, text: &str| Item::Said(role.to_owned(), text.to_owned());
        let (name, input) = if version == TASKS {
            ("read_file", json!({"path": "a.txt"}))
        } else {
            ("read_files", json!({"files": [{"path": handed.project.join("a.txt")}]}))
        };
        let mut whole = vec![
            said("user", "SFS-OWN begin"),
            said("assistant", "I look."),
            Item::Call(name.to_owned(), String::new(), input),
            Item::Result(String::new(), "SFS-CONTENT ✓".to_owned()),
            said("assistant", "SFS-ANSWER ✓"),
            said("user", NEXT),
        ];
        // What the older version says last isn't always in its file when it ends.
        if version == TASKS {
            whole.remove(4);
        }
        assert_eq!(missing(&whole, &request), [], "{request:#?}");
        handed.assert_goes_on(2, NEXT);
    }
}
