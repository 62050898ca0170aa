//! The real Amp against a stand-in for its server on the loopback interface:
//! builds that keep threads as files, and one that imports them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::guest::{self, Guest, NEXT, Written};
use crate::real::anthropic::Anthropic;
use crate::real::compare::Expected;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::hand::write_claude;
use crate::real::mock::{Api, Reply, Request, Server};
use crate::real::package::{Package, package};
use crate::real::resume::only_session;
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::{Rule, Script, call, on, text, thinking};
use crate::real::tools::{Run, clean, run_guarded};

/// What Amp talks to: a model behind its server, and the server's own calls.
struct AmpServer(Anthropic);

impl Api for AmpServer {
    fn answer(&mut self, request: &Request) -> Reply {
        // A title is asked for beside the conversation.
        if request.body["tool_choice"]["name"] == "set_title" {
            return Anthropic::new(Script::new([on("", [call("set_title", json!({"title": "A title"}))])]))
                .answer(&Request { path: "/v1/messages".to_owned(), ..request.clone() });
        }
        if request.path.ends_with("/v1/messages") {
            let request = Request { path: "/v1/messages".to_owned(), ..request.clone() };
            return self.0.answer(&request);
        }
        let user = json!({"id": "user_1", "email": "a@b.invalid", "username": "a", "firstName": "A",
            "createdAt": "2026-01-01T00:00:00.000Z", "features": [], "teams": [], "admin": false});
        Reply::Json(
            200,
            match (request.method.as_str(), request.path.as_str()) {
                (_, "/api/internal") => json!({"ok": true, "result": match request.body["method"].as_str() {
                    Some("getUserInfo") => user,
                    Some("getUserFreeTierStatus") => json!({"canUseAmpFree": true, "isDailyGrantEnabled": false}),
                    _ => json!({}),
                }}),
                ("GET", "/api/thread-imports") => json!({"imported": {}}),
                ("POST", "/api/thread-imports") => json!({"threadID": THREAD, "alreadyImported": false}),
                ("POST", "/api/threads/sync") => json!({"threadActions": []}),
                (_, "/api/user") => user,
                _ => json!({"ok": true}),
            },
        )
    }

    fn violations(&self) -> Vec<String> {
        self.0.violations()
    }

    fn unused(&self) -> Vec<String> {
        self.0.unused()
    }
}

/// The thread that the stand-in says it made.
const THREAD: &str = "T-01a20000-0000-7000-8000-000000000001";

struct Amp(Package);

impl Amp {
    fn envs(command: &mut Command, server: &Server) {
        command.env("AMP_URL", server.url()).env("AMP_API_KEY", "sgamp_user_not_a_key");
        command.env("AMP_SKIP_UPDATE_CHECK", "1").env("NO_PROXY", "*").env("DO_NOT_TRACK", "1");
    }

    /// Runs `sfs` where `amp` is on the path.
    fn sfs(&self, sandbox: &Sandbox, server: &Server, args: &[&str]) -> Run {
        let program = Path::new(env!("CARGO_BIN_EXE_sfs"));
        let mut command = clean(program, &self.0.path, &sandbox.home, &sandbox.project);
        Self::envs(&mut command, server);
        command.env("SFS_DIR", sandbox.folder("store")).env("SFS_CAPTURE", "off").args(args);
        run_guarded(command, &sandbox.folder("amp-runs").join("sfs"))
    }

    fn resume(&self, sandbox: &Sandbox, server: &Server, rev: &str) -> Written {
        let printed = self.sfs(sandbox, server, &["resume", rev, "--in", "amp", "--json"]).json();
        let word = |key: &str| printed[key].as_str().expect("a word").to_owned();
        Written { id: word("native_id"), path: word("path").into() }
    }

    /// Goes on with what was written; what it asks its model.
    fn go_on(&self, sandbox: &Sandbox, id: &str, rules: Vec<Rule>, prompt: &str) -> Conversation {
        let server = self.server(rules);
        guest::run(self, sandbox, &server, Some(id), prompt);
        server.assert_played();
        guest::asked(self, &server, prompt)
    }
}

impl Guest for Amp {
    fn name(&self) -> &'static str {
        "amp"
    }

    fn server(&self, rules: Vec<Rule>) -> Server {
        Server::start(AmpServer(Anthropic::new(Script::new(rules))))
    }

    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command {
        let mut command = clean(&self.0.bin.join("amp"), &self.0.path, &sandbox.home, &sandbox.project);
        Self::envs(&mut command, server);
        command.args(["--dangerously-allow-all", "--no-ide"]);
        if let Some(id) = resume {
            command.args(["threads", "continue", id]);
        }
        command.args(["-x", prompt]);
        command
    }

    /// What it puts before each prompt, and around pictures.
    fn own<'t>(&self, text: &'t str) -> &'t str {
        let around = ["# User State", "<attached_image", "</attached_image"];
        if around.iter().any(|begin| text.starts_with(begin)) { "" } else { text }
    }

    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf> {
        files(&sandbox.home.join(".local/share/amp/threads"))
    }
}

/// Builds that keep threads as files, the oldest and the newest that were tried.
fn each(test: fn(&Amp, &Sandbox)) {
    for version in ["0.0.1767830505-ga62310", "0.0.1774569934-g39e3ec"] {
        let (Some(package), Some(sandbox)) = (package("@sourcegraph/amp", version), Sandbox::new()) else {
            continue;
        };
        eprintln!("Amp {version}");
        test(&Amp(package), &sandbox);
    }
}

#[test]
fn a_session_of_claude_code_goes_on_in_amp_whole_and_comes_back() {
    each(|amp, sandbox| {
        let conversation = guest::foreign(sandbox);
        write_claude(sandbox, &conversation);
        sandbox.sfs(&["capture"]).ok();
        let before = only_session(sandbox);
        let expected = Expected::carried(&conversation.and(Role::User, NEXT));
        let server = amp.server(Vec::new());
        let written = amp.resume(sandbox, &server, "@");
        expected.assert(&amp.go_on(sandbox, &written.id, vec![on("SFS-NEXT", [text("I went on.")])], NEXT));
        assert!(server.requests().is_empty(), "nothing leaves the machine before amp itself runs");

        sandbox.sfs(&["capture"]).ok();
        let after = only_session(sandbox);
        assert_eq!(after["id"], before["id"], "the same session goes on");
        let log = sandbox.sfs(&["log", "@", "--json"]).json();
        let words: Vec<&str> =
            log.as_array().expect("turns").iter().filter_map(|t| t["title"].as_str()).collect();
        assert_eq!(words.len(), 3, "{log:#}");
        assert!(words.first().is_some_and(|word| word.starts_with("SFS-NEXT")), "{words:?}");
        let again = sandbox.sfs(&["capture", "--json"]).json();
        assert_eq!(again["commits"], 0, "{again}");

        // The comparison says no when something is missing or changed.
        let main = format!("{}/main", before["id"].as_str().expect("an id"));
        let damaged = amp.resume(sandbox, &server, &main);
        crate::own::change(&damaged.path, "Done ■", "D0ne ■");
        expected.compare(&amp.go_on(sandbox, &damaged.id, Vec::new(), NEXT)).expect_err("it must be noticed");
    });
}

/// Two turns with calls at once, one that fails, a thought, and files that change.
fn own_session(amp: &Amp, sandbox: &Sandbox) -> Conversation {
    let path = |name: &str| sandbox.project.join(name).to_string_lossy().into_owned();
    let server = amp.server(vec![
        on(
            "SFS-ONE",
            [
                thinking("First I look ✓."),
                text("Looking…"),
                call("Bash", json!({"cmd": "printf 'один\\n'"})),
                call("Read", json!({"path": path("README.md")})),
            ],
        ),
        on("tool_result", [call("create_file", json!({"path": path("new.txt"), "content": "wörld\n"}))]),
        on("tool_result", [text("Made.")]),
        on("SFS-TWO", [call("Read", json!({"path": path("missing.txt")}))]),
        on("tool_result", [text("It is not there.")]),
    ]);
    guest::run(amp, sandbox, &server, None, "SFS-ONE make it");
    // What is there in the middle is captured: what follows must only add to it.
    sandbox.sfs(&["capture"]).ok();
    let threads = amp.transcripts(sandbox);
    let [thread] = threads.as_slice() else { panic!("{threads:?}") };
    let id = thread.file_stem().expect("a name").to_string_lossy().into_owned();
    guest::run(amp, sandbox, &server, Some(&id), "SFS-TWO read it");
    server.assert_played();
    guest::asked(amp, &server, "SFS-TWO read it")
}

#[test]
fn amp_s_own_threads_are_captured_in_steps_restored_and_resumed() {
    each(|amp, sandbox| {
        let asked = own_session(amp, sandbox);
        let native = amp.transcripts(sandbox);
        let bytes: Vec<Vec<u8>> = native.iter().map(|path| fs::read(path).expect("a thread")).collect();
        let report = sandbox.sfs(&["capture", "--json"]).json();
        assert!(report["rewritten"] == 0, "the thread only grew: {report}");
        let session = only_session(sandbox);
        assert_eq!((&session["tool"], &session["turns"]), (&json!("amp"), &json!(2)), "{session:#}");
        assert_eq!(session["branches"].as_array().map(Vec::len), Some(1), "{session:#}");

        let to = sandbox.folder("restored");
        sandbox.sfs(&["restore", "@", "--to", &to.to_string_lossy()]).ok();
        let restored: Vec<Vec<u8>> = files(&to).iter().map(|file| fs::read(file).expect("a file")).collect();
        assert!(bytes.iter().all(|thread| restored.contains(thread)), "not restored byte for byte");
        let changed = restored.iter().filter(|file| String::from_utf8_lossy(file).contains("isNewFile"));
        assert_eq!(changed.count(), 1, "what was made is there as well");

        let server = amp.server(Vec::new());
        let earlier = amp.resume(sandbox, &server, "@~1");
        let before = bare(asked.before("SFS-TWO read it").and(Role::User, NEXT));
        Expected::carried(&before).assert(&amp.go_on(sandbox, &earlier.id, Vec::new(), NEXT));
        for (path, bytes) in native.iter().zip(&bytes) {
            assert_eq!(&fs::read(path).expect("a thread"), bytes, "{} was touched", path.display());
        }
    });
}

/// The same with results as they are without the names that Amp writes around
/// the members of its own.
fn bare(mut conversation: Conversation) -> Conversation {
    let inside = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    for item in &mut conversation.items {
        if let Item::Result { texts, .. } = item {
            for text in texts {
                *text = inside(text, "output").or_else(|| inside(text, "content")).unwrap_or(text.clone());
            }
        }
    }
    conversation
}

#[test]
fn builds_without_local_threads_import_it_after_consent() {
    let package = package("@ampcode/cli", "0.0.1790142911-g7618fb");
    let (Some(package), Some(sandbox)) = (package, Sandbox::new()) else { return };
    let amp = Amp(package);
    let conversation = guest::foreign(&sandbox);
    write_claude(&sandbox, &conversation);
    sandbox.sfs(&["capture"]).ok();
    let server = amp.server(Vec::new());
    let refused = amp.sfs(&sandbox, &server, &["resume", "@", "--in", "amp"]);
    assert!(!refused.succeeded() && refused.stderr.contains(&server.url()), "{refused:?}");
    assert!(server.requests().is_empty(), "nothing leaves the machine without consent");

    let printed = amp.sfs(&sandbox, &server, &["resume", "@", "--in", "amp", "--yes", "--json"]).json();
    assert_eq!(
        printed["command"],
        json!(["amp", "-x", format!("Continue the work in @{THREAD}")]),
        "{printed}"
    );
    let posted: Vec<Request> = server
        .requests()
        .into_iter()
        .filter(|r| r.method == "POST" && r.path == "/api/thread-imports")
        .collect();
    let [posted] = posted.as_slice() else { panic!("{} imports", posted.len()) };
    holds(&conversation, &posted.body)
        .unwrap_or_else(|missing| panic!("{missing} is missing: {:#}", posted.body));
    let other = conversation.and(Role::User, NEXT);
    holds(&other, &posted.body).expect_err("what isn't there must be noticed");
}

/// Whether an import holds every text, call and result; else what is missing.
/// Names of tools and of their inputs are translated by the importer.
fn holds(conversation: &Conversation, body: &Value) -> Result<(), String> {
    let said = body["messages"].to_string();
    let quoted = |text: &str| Value::from(text).to_string().trim_matches('"').to_owned();
    let mut calls = 0;
    for item in &conversation.items {
        let words = match item {
            Item::Text { text, .. } => vec![quoted(text)],
            Item::Result { texts, .. } => texts.iter().map(|text| quoted(text)).collect(),
            Item::Image { data, .. } => vec![data.clone()],
            Item::Call { .. } => {
                calls += 1;
                Vec::new()
            }
            _ => Vec::new(),
        };
        if let Some(missing) = words.into_iter().find(|words| !said.contains(words)) {
            return Err(missing);
        }
    }
    let found = said.matches("\"type\":\"tool_use\"").count();
    if found == calls { Ok(()) } else { Err(format!("{calls} calls, but {found}")) }
}
